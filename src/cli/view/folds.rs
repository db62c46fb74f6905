//! The table of a cross-validation: a row for each fold, then the means and the deviations.

use lanthorn::callbacks::Logs;
use lanthorn::training::FoldScores;

use super::keras_number;

/// The most columns of text: a narrow terminal, or half of one.
const WIDTH: usize = 60;

/// The table; where not all metrics fit beside each other, in several parts, one below the other.
pub(super) fn table(folds: &[FoldScores], mean: &Logs, std: &Logs) -> String {
    let is_of_validation = |key: &&str| key.starts_with("val_");
    let keys: Vec<&str> = mean.iter().map(|(key, _)| key).filter(is_of_validation).collect();
    let mut names: Vec<String> = folds.iter().map(|fold| fold.fold.to_string()).collect();
    names.extend(["mean", "std"].map(str::to_string));
    let rows = folds.iter().map(|fold| fold.validation_samples.to_string());
    let rows: Vec<String> = rows.chain(["", ""].map(str::to_string)).collect();
    let mut parts: Vec<Vec<Column>> = vec![vec![Column::new("fold", names.clone())]];
    parts[0].push(Column::new("rows", rows));
    for key in keys {
        let all = folds.iter().map(|fold| &fold.logs).chain([mean, std]);
        let cells = all.map(|logs| logs.get(key).map_or_else(String::new, keras_number));
        let column = Column::new(key, cells.collect());
        let used: usize = parts.last().into_iter().flatten().map(|column| column.width + 2).sum();
        match parts.last_mut() {
            Some(part) if used + column.width <= WIDTH || part.len() < 2 => part.push(column),
            _ => parts.push(vec![Column::new("fold", names.clone()), column]),
        }
    }
    let parts: Vec<String> = parts.iter().map(|columns| text(columns)).collect();
    parts.join("\n")
}

/// A name above cells.
struct Column {
    cells: Vec<String>,
    width: usize,
}

impl Column {
    fn new(name: &str, mut cells: Vec<String>) -> Column {
        cells.insert(0, name.to_string());
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        Column { cells, width }
    }
}

fn text(columns: &[Column]) -> String {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let line = |row: usize| {
        let cells = columns.iter().map(|column| {
            let cell = column.cells.get(row).map_or("", String::as_str);
            format!("{cell:>width$}", width = column.width)
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    (0..rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_metrics_stand_in_parts_of_sixty_columns() {
        let logs = |value: f64| -> Logs {
            [
                "accuracy",
                "loss",
                "val_accuracy",
                "val_auc",
                "val_f1_score",
                "val_loss",
                "val_recall",
            ]
            .into_iter()
            .map(|key| (key, value))
            .collect()
        };
        let fold = |fold| FoldScores {
            fold,
            samples: 80,
            validation_samples: 20,
            epochs: 3,
            logs: logs(0.5),
        };
        let text = table(&[fold(1), fold(2)], &logs(0.5), &logs(0.0));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        let first = "\
fold  rows  val_accuracy  val_auc  val_f1_score  val_loss
   1    20        0.5000   0.5000        0.5000    0.5000
   2    20        0.5000   0.5000        0.5000    0.5000
mean              0.5000   0.5000        0.5000    0.5000
 std              0.0000   0.0000        0.0000    0.0000

fold  val_recall
";
        assert!(text.starts_with(first), "{text}");
        assert!(!text.contains("  accuracy"));
    }
}
