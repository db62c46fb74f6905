//! Classes and labels: the confusion matrix, the scores of each, ROC, precision and recall,
//! calibration and thresholds.

use super::chart::{Axis, Chart, Marks, Series};
use super::evaluation::Evaluation;
use super::html::{Chapter, escape, figures, number, paragraph, table};
use crate::decisions::{Candidate, ClassThresholds, best, candidates};
use crate::metrics::class_report::ClassReport;
use crate::model::predictor::Predictions;
use crate::model::report::Report;
use crate::sections::{ErrorCost, ThresholdRule};

/// Larger matrices show the commonest errors instead.
const LARGEST_MATRIX: usize = 20;
/// Curves in one chart.
const MOST_CURVES: usize = 5;
/// Points of a curve: more can't be told apart.
const MOST_POINTS: usize = 400;
/// Bins of the calibration curve.
const BINS: usize = 10;

/// One class or label against the rest.
struct OneAgainstRest {
    name: String,
    positives: usize,
    candidates: Vec<Candidate>,
    rows: Vec<(f32, bool, f64)>,
}

/// The chapters of a model that predicts classes or labels; none for numbers.
pub(super) fn chapters(
    evaluation: &Evaluation,
    thresholds: &ClassThresholds,
    cost: Option<ErrorCost>,
) -> Vec<Chapter> {
    let report = Report::of_predictions(&evaluation.predictions, &evaluation.data().y, thresholds);
    let all = each(evaluation);
    if all.is_empty() {
        return Vec::new();
    }
    let mut chapters = Vec::new();
    match &report {
        Report::Classes(report) => {
            chapters.push(Chapter { title: "Confusion matrix", body: matrix(report) });
            chapters.push(Chapter { title: "Scores by class", body: by_class(report, &all) });
        }
        Report::Labels(labels) => {
            chapters.push(Chapter { title: "Scores by label", body: by_label(labels, &all) });
        }
    }
    let is_labels = matches!(report, Report::Labels(_));
    let shown: Vec<&OneAgainstRest> = match all.len() {
        2 if !is_labels => vec![&all[1]],
        _ => all.iter().take(MOST_CURVES).collect(),
    };
    let note = match all.len() {
        2 if !is_labels => format!("Of the class {}, by its probability.", all[1].name),
        n if n > MOST_CURVES => format!("Each against all others: the first {MOST_CURVES} of {n}."),
        _ => "Each against all others.".to_string(),
    };
    let body = paragraph(&note) + &figures(&[roc(&shown), precision_recall(&shown)]);
    chapters.push(Chapter { title: "ROC and precision-recall", body });
    chapters.push(Chapter { title: "Calibration", body: calibration(evaluation, &all, is_labels) });
    if is_labels || all.len() == 2 {
        let body = shown.iter().map(|one| threshold_table(one, is_labels, cost, thresholds, &all));
        chapters.push(Chapter { title: "Thresholds", body: body.collect() });
    }
    chapters
}

/// Each class or label against the rest, by its probability.
fn each(evaluation: &Evaluation) -> Vec<OneAgainstRest> {
    let y = &evaluation.data().y;
    let (names, probabilities, classes) = match &evaluation.predictions {
        Predictions::Classes { classes, probabilities } => {
            (classes, probabilities, Some(y.class_numbers().collect::<Vec<_>>()))
        }
        Predictions::Labels { labels, probabilities, .. } => (labels, probabilities, None),
        Predictions::Numbers { .. } => return Vec::new(),
    };
    let width = names.len();
    let one = |(column, name): (usize, &String)| {
        let truth = |row: usize| match &classes {
            Some(classes) => classes[row] == column,
            None => y.values[row * width + column] > 0.5,
        };
        let scores = probabilities.iter().skip(column).step_by(width).enumerate();
        let rows: Vec<(f32, bool, f64)> = scores.map(|(row, p)| (*p, truth(row), 1.0)).collect();
        OneAgainstRest {
            name: name.clone(),
            positives: rows.iter().filter(|row| row.1).count(),
            candidates: candidates(rows.clone()),
            rows,
        }
    };
    names.iter().enumerate().map(one).collect()
}

impl OneAgainstRest {
    /// The area under the ROC curve; None where one kind of row is missing.
    fn auc(&self) -> Option<f64> {
        let points: Vec<(f64, f64)> = self.roc();
        let area = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) * (pair[1].1 + pair[0].1) / 2.0;
        let has_both = self.positives > 0 && self.positives < self.rows.len();
        has_both.then(|| points.windows(2).map(area).sum())
    }

    fn roc(&self) -> Vec<(f64, f64)> {
        let point = |c: &Candidate| (c.outcomes.false_positive_rate(), c.outcomes.recall());
        self.candidates.iter().map(point).collect()
    }

    /// `Σ (recallₙ - recallₙ₋₁) precisionₙ`, as scikit-learn's `average_precision_score`.
    fn average_precision(&self) -> Option<f64> {
        let gain = |pair: &[Candidate]| {
            (pair[1].outcomes.recall() - pair[0].outcomes.recall()) * pair[1].outcomes.precision()
        };
        (self.positives > 0).then(|| self.candidates.windows(2).map(gain).sum())
    }
}

fn matrix(report: &ClassReport) -> String {
    let (classes, counts) = (report.classes(), report.confusion());
    let mut errors: Vec<(u64, String)> = Vec::new();
    for (actual, row) in counts.iter().enumerate() {
        for (predicted, count) in row.iter().enumerate().filter(|(p, n)| *p != actual && **n > 0) {
            errors.push((*count, format!("{} taken for {}", classes[actual], classes[predicted])));
        }
    }
    errors.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let right = (report.accuracy() * 100.0 * 100.0).round() / 100.0;
    let mut html = paragraph(&format!("{right} % of {} rows are right.", report.samples()));
    if classes.len() > LARGEST_MATRIX {
        let rows: Vec<Vec<String>> =
            errors.into_iter().take(20).map(|(n, what)| vec![what, n.to_string()]).collect();
        return html + &table(&["the commonest errors", "rows"], 1, &rows);
    }
    html += "<div class=\"scroll\"><table class=\"matrix\">\n<thead><tr><th>true \\ predicted</th>";
    html.extend(classes.iter().map(|class| format!("<th>{}</th>", escape(class))));
    html += "</tr></thead>\n<tbody>\n";
    for (class, row) in classes.iter().zip(counts) {
        let total = row.iter().sum::<u64>().max(1);
        html += &format!("<tr><th>{}</th>", escape(class));
        for count in row {
            let share = (100 * count / total).max(u64::from(*count > 0) * 4);
            let strong = if share > 55 { " strong" } else { "" };
            html += &format!("<td class=\"cell{strong}\" style=\"--v:{share}\">{count}</td>");
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}

fn by_class(report: &ClassReport, all: &[OneAgainstRest]) -> String {
    let areas = all.iter().map(|one| (one.auc(), one.average_precision()));
    let none = std::iter::repeat((None, None));
    let scores = report.scores().into_iter().chain([report.average(false), report.average(true)]);
    let row = |(scores, (auc, ap)): (
        crate::metrics::class_report::ClassScores,
        (Option<f64>, Option<f64>),
    )| {
        let numbers =
            [scores.precision, scores.recall, scores.f1].map(|value| format!("{value:.4}"));
        let areas = [auc, ap].map(|area| area.map(|area| format!("{area:.4}")).unwrap_or_default());
        let samples = scores.samples.to_string();
        [vec![scores.class], numbers.to_vec(), areas.to_vec(), vec![samples]].concat()
    };
    let rows: Vec<Vec<String>> = scores.zip(areas.chain(none)).map(row).collect();
    table(&SCORES, 1, &rows)
}

const SCORES: [&str; 7] =
    ["", "precision", "recall", "F1", "area under ROC", "average precision", "rows"];

fn by_label(labels: &[(String, ClassReport)], all: &[OneAgainstRest]) -> String {
    let row = |((name, report), one): (&(String, ClassReport), &OneAgainstRest)| {
        let scores = report.scores().pop();
        let scores = scores.map(|s| [s.precision, s.recall, s.f1]).unwrap_or_default();
        let areas = [one.auc(), one.average_precision()];
        let areas = areas.map(|area| area.map(|area| format!("{area:.4}")).unwrap_or_default());
        let scores = scores.map(|value| format!("{value:.4}"));
        [vec![name.clone()], scores.to_vec(), areas.to_vec(), vec![one.positives.to_string()]]
            .concat()
    };
    let rows: Vec<Vec<String>> = labels.iter().zip(all).map(row).collect();
    table(&SCORES, 1, &rows)
}

/// At most so many points, the first and the last among them.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.into_iter().enumerate().filter(|(i, _)| i % step == 0 || *i == last);
    kept.map(|(_, point)| point).collect()
}

fn roc(shown: &[&OneAgainstRest]) -> String {
    let mut series: Vec<Series> = shown
        .iter()
        .enumerate()
        .map(|(color, one)| Series {
            name: match one.auc() {
                Some(auc) => format!("{} {auc:.3}", super::chart::shortened(&one.name, 16)),
                None => one.name.clone(),
            },
            marks: Marks::Line,
            color,
            points: thinned(one.roc()),
        })
        .collect();
    series.push(diagonal());
    let (x, y) = (Axis::share("false positive rate"), Axis::share("true positive rate"));
    Chart { title: "ROC, with the area under it".to_string(), x, y, series }.svg()
}

fn diagonal() -> Series {
    let points = vec![(0.0, 0.0), (1.0, 1.0)];
    Series { name: String::new(), marks: Marks::Dashes, color: 5, points }
}

fn precision_recall(shown: &[&OneAgainstRest]) -> String {
    let series = shown.iter().enumerate().map(|(color, one)| {
        let point = |c: &Candidate| (c.outcomes.recall(), c.outcomes.precision());
        let points: Vec<(f64, f64)> = one.candidates.iter().skip(1).map(point).collect();
        let area = one.average_precision().map(|ap| format!(" {ap:.3}")).unwrap_or_default();
        let name = super::chart::shortened(&one.name, 16) + &area;
        Series { name, marks: Marks::Line, color, points: thinned(points) }
    });
    let (x, y) = (Axis::share("recall"), Axis::share("precision"));
    let title = "Precision-recall, with the average precision".to_string();
    Chart { title, x, y, series: series.collect() }.svg()
}

/// How often what is predicted with a probability comes true: of two classes the second's, of several
/// that of the most probable, of labels each one's.
fn calibration(evaluation: &Evaluation, all: &[OneAgainstRest], is_labels: bool) -> String {
    let pairs: Vec<(f64, bool)> = match (&evaluation.predictions, all.len()) {
        (_, 2) if !is_labels => all[1].rows.iter().map(|row| (f64::from(row.0), row.1)).collect(),
        (Predictions::Classes { classes, probabilities }, _) => {
            let truth = evaluation.data().y.class_numbers();
            let top = |(row, class): (&[f32], usize)| {
                let predicted = ClassThresholds::Usual.class(row);
                (f64::from(row[predicted]), predicted == class)
            };
            probabilities.chunks(classes.len()).zip(truth).map(top).collect()
        }
        _ => all.iter().flat_map(|one| &one.rows).map(|row| (f64::from(row.0), row.1)).collect(),
    };
    let mut bins = [(0.0, 0.0, 0.0); BINS];
    for (p, is) in &pairs {
        let bin = &mut bins[((p * BINS as f64).ceil().max(1.0) as usize - 1).min(BINS - 1)];
        *bin = (bin.0 + 1.0, bin.1 + p, bin.2 + f64::from(u8::from(*is)));
    }
    let filled: Vec<_> = bins.into_iter().filter(|bin| bin.0 > 0.0).collect();
    let error: f64 = filled.iter().map(|bin| (bin.1 - bin.2).abs()).sum();
    let points: Vec<(f64, f64)> = filled.iter().map(|bin| (bin.1 / bin.0, bin.2 / bin.0)).collect();
    let line = |marks, points| Series { name: String::new(), marks, color: 0, points };
    let of_rows = (0..BINS).map(|i| ((i as f64 + 0.5) / BINS as f64, bins[i].0)).collect();
    let chart = Chart {
        title: "Predicted probability and what came true".to_string(),
        x: Axis::share("predicted probability"),
        y: Axis::share("share that came true"),
        series: vec![diagonal(), line(Marks::Line, points.clone()), line(Marks::Dots, points)],
    };
    let counts = Chart {
        title: "How often each probability is predicted".to_string(),
        x: Axis::share("predicted probability"),
        y: Axis { low: Some(0.0), ..Axis::free("rows") },
        series: vec![line(Marks::Bars, of_rows)],
    };
    let error = number(error / pairs.len().max(1) as f64);
    let what = match (is_labels, all.len()) {
        (true, _) => "of each label".to_string(),
        (false, 2) => format!("of the class {}", all[1].name),
        _ => "of the most probable class".to_string(),
    };
    paragraph(&format!(
        "The probability {what}, in {BINS} bins: the expected calibration error is {error}. On the \
         dashed line, what is predicted with 70 % comes true in 70 % of the rows."
    )) + &figures(&[chart.svg(), counts.svg()])
}

/// What some thresholds come to, and the best by each rule.
fn threshold_table(
    one: &OneAgainstRest,
    is_label: bool,
    cost: Option<ErrorCost>,
    thresholds: &ClassThresholds,
    all: &[OneAgainstRest],
) -> String {
    let stored = match thresholds {
        ClassThresholds::OfTwo { class: 1, from } => Some(*from),
        ClassThresholds::Each(each) => {
            all.iter().position(|other| other.name == one.name).and_then(|at| each.get(at)).copied()
        }
        _ => None,
    };
    let mut names = vec!["", "threshold", "precision", "recall", "F1"];
    names.extend(["false positives", "false negatives"]);
    if cost.is_some() {
        names.push("cost");
    }
    let row = |what: &str, threshold: f32, found: &Candidate| {
        let outcomes = found.outcomes;
        let scores = [outcomes.precision(), outcomes.recall(), outcomes.f1()];
        let mut cells = vec![what.to_string(), format!("{threshold:.4}")];
        cells.extend(scores.map(|value| format!("{value:.4}")));
        cells.extend([outcomes.false_positives, outcomes.false_negatives].map(number));
        cells.extend(cost.map(|cost| number(-outcomes.worth(ThresholdRule::Cost(cost)))));
        cells
    };
    let at = |threshold: f32| one.candidates.iter().rfind(|c| c.threshold >= threshold);
    let mut rows = Vec::new();
    if let Some((stored, found)) = stored.and_then(|stored| Some((stored, at(stored)?))) {
        rows.push(row("stored in the model", stored, found));
    }
    let rules =
        [Some(ThresholdRule::F1), Some(ThresholdRule::Youden), cost.map(ThresholdRule::Cost)];
    for rule in rules.into_iter().flatten() {
        let what = match rule {
            ThresholdRule::Cost(cost) => format!("best by cost (fp {}, fn {})", cost.fp, cost.fn_),
            ThresholdRule::Youden => "best by Youden's J".to_string(),
            _ => "best by F1".to_string(),
        };
        rows.extend(best(&one.candidates, rule).map(|found| row(&what, found.threshold, &found)));
    }
    for step in 1..10 {
        let threshold = step as f32 / 10.0;
        rows.extend(at(threshold).map(|found| row("", threshold, found)));
    }
    let name = if is_label {
        format!("<h3>{}</h3>\n", escape(&one.name))
    } else {
        paragraph(&format!("{} is predicted from the threshold on.", one.name))
    };
    name + &table(&names, 1, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 120 scores with ties: what `roc_auc_score` and `average_precision_score` of scikit-learn
    /// 1.9.1 give for them.
    #[test]
    fn areas_are_those_of_scikit_learn() {
        let mut state = 7u64;
        let rows: Vec<(f32, bool, f64)> = (0..120)
            .map(|_| {
                state = (state * 1_103_515_245 + 12_345) % (1 << 31);
                let score = ((state >> 16) % 20) as f32 / 20.0;
                let is_positive = ((state >> 9) % 20) as f64 / 20.0 < 0.2 + 0.5 * f64::from(score);
                (score, is_positive, 1.0)
            })
            .collect();
        let positives = rows.iter().filter(|row| row.1).count();
        assert_eq!(positives, 56);
        let one = OneAgainstRest {
            name: "yes".into(),
            positives,
            candidates: candidates(rows.clone()),
            rows,
        };
        assert!((one.auc().unwrap() - 0.600_725_446_428_571_4).abs() < 1e-12);
        assert!((one.average_precision().unwrap() - 0.532_251_543_204_774_9).abs() < 1e-12);
    }
}
