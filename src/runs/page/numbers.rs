//! Numbers: predicted against true, and the residuals.

use super::chart::{Axis, Chart, Marks, Series};
use super::evaluation::Evaluation;
use super::html::{Chapter, figures, number, paragraph, table};
use crate::decisions::StoredInterval;
use crate::model::predictor::Predictions;

/// Targets that have charts of their own.
const MOST_CHARTS: usize = 4;
/// Dots in a chart.
const MOST_DOTS: usize = 1000;
/// Bars of the histogram.
const BARS: usize = 25;

/// The chapter of a model that predicts numbers; none for others. `targets` are in their own unit.
pub(super) fn chapters(
    evaluation: &Evaluation,
    names: &[String],
    targets: &[f64],
    intervals: Option<&StoredInterval>,
) -> Vec<Chapter> {
    let Predictions::Numbers { width, values } = &evaluation.predictions else { return Vec::new() };
    if targets.len() != values.len() || values.is_empty() {
        return Vec::new(); // a target of another shape, such as that of an embedding
    }
    let column = |column: usize| -> Vec<(f64, f64)> {
        let pairs = targets.iter().zip(values).skip(column).step_by(*width);
        pairs.map(|(y, p)| (*y, f64::from(*p))).collect()
    };
    let columns: Vec<Vec<(f64, f64)>> = (0..*width).map(column).collect();
    let rows: Vec<Vec<String>> =
        names.iter().zip(&columns).map(|(name, pairs)| scores(name, pairs)).collect();
    let head =
        ["target", "mean absolute error", "root mean squared error", "R²", "mean residual", "rows"];
    let mut body = table(&head, 1, &rows);
    if let Some(intervals) = intervals {
        let (coverage, width) = intervals.coverage(values, targets);
        body += &paragraph(&format!(
            "The intervals are to hold {} of the values; here they hold {}. Their mean width is {}.",
            intervals.level,
            number(coverage),
            number(width)
        ));
    }
    for (name, pairs) in names.iter().zip(&columns).take(MOST_CHARTS) {
        body += &figures(&[against(name, pairs), histogram(name, pairs)]);
    }
    if names.len() > MOST_CHARTS {
        body +=
            &paragraph(&format!("Charts of the first {MOST_CHARTS} of {} targets.", names.len()));
    }
    vec![Chapter { title: "Residuals", body }]
}

fn scores(name: &str, pairs: &[(f64, f64)]) -> Vec<String> {
    let n = pairs.len() as f64;
    let mean =
        |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(y, p)| of(*y, *p)).sum::<f64>() / n;
    let squared = mean(&|y, p| (y - p).powi(2));
    let center = mean(&|y, _| y);
    let variance = mean(&|y, _| (y - center).powi(2));
    let numbers = [
        mean(&|y, p| (y - p).abs()),
        squared.sqrt(),
        1.0 - squared / variance,
        mean(&|y, p| y - p),
    ];
    let cells = numbers.map(number).to_vec();
    [vec![name.to_string()], cells, vec![pairs.len().to_string()]].concat()
}

fn against(name: &str, pairs: &[(f64, f64)]) -> String {
    let step = pairs.len().div_ceil(MOST_DOTS).max(1);
    let points: Vec<(f64, f64)> = pairs.iter().step_by(step).copied().collect();
    let all = points.iter().flat_map(|(y, p)| [*y, *p]).filter(|value| value.is_finite());
    let low = all.clone().fold(f64::INFINITY, f64::min);
    let high = all.fold(f64::NEG_INFINITY, f64::max);
    let series = |marks, color, points| Series { name: String::new(), marks, color, points };
    let (x, y) = (Axis::free("true"), Axis::free("predicted"));
    let diagonal = series(Marks::Dashes, 5, vec![(low, low), (high, high)]);
    let title = format!("{name}: predicted against true");
    Chart { title, x, y, series: vec![diagonal, series(Marks::Dots, 0, points)] }.svg()
}

fn histogram(name: &str, pairs: &[(f64, f64)]) -> String {
    let residuals = pairs.iter().map(|(y, p)| y - p).filter(|residual| residual.is_finite());
    let residuals: Vec<f64> = residuals.collect();
    let low = residuals.iter().copied().fold(f64::INFINITY, f64::min);
    let high = residuals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let step = ((high - low) / BARS as f64).max(f64::MIN_POSITIVE);
    let mut counts = [0.0; BARS];
    for residual in residuals {
        counts[(((residual - low) / step) as usize).min(BARS - 1)] += 1.0;
    }
    let bar = |(i, count): (usize, &f64)| (low + (i as f64 + 0.5) * step, *count);
    let points = counts.iter().enumerate().map(bar).collect();
    let series = vec![Series { name: String::new(), marks: Marks::Bars, color: 0, points }];
    let x = Axis { low: Some(low), high: Some(high), ..Axis::free("true minus predicted") };
    let y = Axis { low: Some(0.0), ..Axis::free("rows") };
    Chart { title: format!("{name}: residuals"), x, y, series }.svg()
}
