//! The rows that the model does worst on, with their place in the file.

use super::evaluation::Evaluation;
use super::html::{Chapter, number, paragraph, table};
use crate::data::PlacedRow;
use crate::decisions::ClassThresholds;
use crate::error::Result;
use crate::model::predictor::Predictions;

/// Rows that are shown.
const SHOWN: usize = 12;
/// Columns of a row that are shown.
const COLUMNS: usize = 8;

/// A row, what it is, and what was made of it.
struct WorstRow {
    index: usize,
    badness: f64,
    actual: String,
    predicted: String,
    says: String,
}

/// The chapter; `columns` are those that name a row and those of the features, `targets` the true numbers in their own unit.
pub(super) fn chapter(
    evaluation: &Evaluation,
    columns: &[&str],
    targets: &[f64],
    thresholds: &ClassThresholds,
) -> Result<Option<Chapter>> {
    let (mut rows, says, what) = judged(evaluation, targets, thresholds);
    rows.retain(|row| !row.badness.is_nan());
    rows.sort_by(|a, b| b.badness.total_cmp(&a.badness).then(a.index.cmp(&b.index)));
    rows.truncate(SHOWN);
    if rows.is_empty() {
        return Ok(None);
    }
    let indices: Vec<usize> = rows.iter().map(|row| row.index).collect();
    let found = evaluation.rows.in_the_table(&indices)?;
    let shown: Vec<&str> = columns.iter().copied().take(COLUMNS).collect();
    let mut names = vec!["line", "true", "predicted", says];
    names.extend(&shown);
    let cells = |(row, PlacedRow { line, cells }): (&WorstRow, &PlacedRow)| {
        let mut all =
            vec![line.to_string(), row.actual.clone(), row.predicted.clone(), row.says.clone()];
        all.extend(shown.iter().map(|name| {
            let cell = cells.iter().find(|(column, _)| column == name);
            cell.map_or_else(String::new, |(_, cell)| super::chart::shortened(cell.trim(), 32))
        }));
        all
    };
    let cells: Vec<Vec<String>> = rows.iter().zip(&found).map(cells).collect();
    let mut body = paragraph(&format!("{what}, by their lines in {}.", evaluation.table()));
    body += &table(&names, 3, &cells);
    if columns.len() > COLUMNS {
        body += &paragraph(&format!("The first {COLUMNS} of {} columns are shown.", columns.len()));
    }
    Ok(Some(Chapter { title: "Worst rows", body }))
}

/// Every row with how bad it is, the name of the last column, and words for the whole.
fn judged(
    evaluation: &Evaluation,
    targets: &[f64],
    thresholds: &ClassThresholds,
) -> (Vec<WorstRow>, &'static str, &'static str) {
    let y = &evaluation.data().y;
    match &evaluation.predictions {
        Predictions::Classes { classes, probabilities } => {
            let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
            let row = |((index, p), class): ((usize, &[f32]), usize)| {
                let of_class = f64::from(p.get(class).copied().unwrap_or(f32::NAN));
                WorstRow {
                    index,
                    badness: -of_class,
                    actual: name(class),
                    predicted: name(thresholds.class(p)),
                    says: number(of_class),
                }
            };
            let rows =
                probabilities.chunks(classes.len()).enumerate().zip(y.class_numbers()).map(row);
            (
                rows.collect(),
                "probability of the true class",
                "Those whose true class has the lowest probability",
            )
        }
        Predictions::Labels { labels, probabilities, .. } => {
            let words = |marks: Vec<bool>| -> String {
                let marked = labels.iter().zip(marks).filter(|(_, is)| *is);
                marked.map(|(label, _)| label.as_str()).collect::<Vec<_>>().join(", ")
            };
            let width = labels.len();
            let rows = probabilities.chunks(width).zip(y.values.chunks(width)).enumerate();
            let row = |(index, (p, y)): (usize, (&[f32], &[f32]))| {
                let apart = |(p, y): (&f32, &f32)| f64::from((p - y).abs());
                let badness: f64 = p.iter().zip(y).map(apart).sum();
                WorstRow {
                    index,
                    badness,
                    actual: words(y.iter().map(|y| *y > 0.5).collect()),
                    predicted: words(
                        p.iter().enumerate().map(|(i, p)| thresholds.is_marked(i, *p)).collect(),
                    ),
                    says: number(badness),
                }
            };
            (
                rows.map(row).collect(),
                "distance",
                "Those whose labels are farthest from their probabilities",
            )
        }
        Predictions::Numbers { width, values } if values.len() == targets.len() => {
            let list = |values: &[f64]| {
                let few: Vec<String> = values.iter().take(4).map(|value| number(*value)).collect();
                few.join(", ") + if values.len() > 4 { ", …" } else { "" }
            };
            let rows = values.chunks(*width).zip(targets.chunks(*width)).enumerate();
            let row = |(index, (p, y)): (usize, (&[f32], &[f64]))| {
                let p: Vec<f64> = p.iter().map(|p| f64::from(*p)).collect();
                let badness: f64 = p.iter().zip(y).map(|(p, y)| (p - y).abs()).sum::<f64>();
                WorstRow {
                    index,
                    badness,
                    actual: list(y),
                    predicted: list(&p),
                    says: number(badness),
                }
            };
            (rows.map(row).collect(), "error", "Those with the largest errors")
        }
        Predictions::Numbers { .. } => (Vec::new(), "", ""),
    }
}
