//! The curves of a training: the loss and each metric, epoch by epoch.

use super::chart::{Axis, CHART_STYLE, Chart, HEIGHT, Marks, Series, WIDTH};
use crate::history::History;

/// A chart for the loss and for each metric, with its validation where there is one. `best` is the
/// epoch (from 1) whose weights the model has, where they are not the last one's.
pub(super) fn curves(history: &History, best: Option<usize>) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for (key, _) in history.epochs.iter().flat_map(|epoch| epoch.logs.iter()) {
        let name = key.strip_prefix("val_").unwrap_or(key);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| *name != "loss"); // stable: the others in their order
    names.iter().map(|name| chart(history, name, best).svg()).collect()
}

fn chart(history: &History, name: &str, best: Option<usize>) -> Chart {
    let of = |key: &str, words: &str, color| {
        let points = history.epochs.iter();
        let points: Vec<(f64, f64)> =
            points.filter_map(|epoch| Some((epoch.epoch as f64, epoch.logs.get(key)?))).collect();
        Series { name: words.to_string(), marks: Marks::Line, color, points }
    };
    let mut series = vec![of(name, "training", 0), of(&format!("val_{name}"), "validation", 1)];
    series.retain(|series| !series.points.is_empty());
    if let Some(best) = best {
        let values = series.iter().flat_map(|series| &series.points).map(|point| point.1);
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let points = vec![(best as f64, low), (best as f64, high)];
        let name = format!("best epoch, {best}");
        series.push(Series { name, marks: Marks::Dashes, color: 2, points });
    }
    let x = Axis { is_whole: true, ..Axis::free("epoch") };
    Chart { title: name.to_string(), x, y: Axis::free(""), series }
}

/// The charts in one SVG file, two beside each other.
pub(super) fn file(charts: &[String]) -> String {
    let columns = charts.len().clamp(1, 2);
    let rows = charts.len().div_ceil(columns).max(1);
    let (width, height) = (WIDTH * columns as f64, HEIGHT * rows as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n<style>\n{CHART_STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" style=\"fill: var(--paper)\"/>\n"
    );
    for (place, chart) in charts.iter().enumerate() {
        let (x, y) = ((place % columns) as f64 * WIDTH, (place / columns) as f64 * HEIGHT);
        let at = format!("<svg x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" ");
        svg += &chart.replacen("<svg ", &at, 1);
    }
    svg + "</svg>\n"
}
