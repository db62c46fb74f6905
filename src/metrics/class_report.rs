//! `ClassReport`: which classes a classifier takes for which, and how well it does on each.

use serde::Serialize;

use crate::metrics::argmax;

/// The confusion matrix of a classifier over some samples, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassReport {
    classes: Vec<String>,
    /// How many samples of the class of a row were taken for the class of a column.
    confusion: Vec<Vec<u64>>,
}

impl ClassScores {
    pub(crate) fn row(&self, name: &str) -> [String; 5] {
        [
            name.to_string(),
            format!("{:.4}", self.precision),
            format!("{:.4}", self.recall),
            format!("{:.4}", self.f1),
            self.samples.to_string(),
        ]
    }
}

/// How well one class is recognized.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassScores {
    /// The class's name.
    pub class: String,
    /// Of what was taken for it, the share that is of it; 0 where nothing was.
    pub precision: f64,
    /// Of what is of it, the share that was taken for it; 0 where nothing is.
    pub recall: f64,
    /// `2 precision recall / (precision + recall)`, 0 where both are 0.
    pub f1: f64,
    /// How many samples are of it.
    pub samples: u64,
}

impl ClassReport {
    /// No sample yet.
    pub fn new(classes: &[String]) -> Self {
        ClassReport {
            classes: classes.to_vec(),
            confusion: vec![vec![0; classes.len()]; classes.len()],
        }
    }

    /// Adds samples: targets (class numbers, or one column a class) and predictions, row-major,
    /// `width` of them a sample. One column is the probability of class 1, which is predicted over
    /// 0.5, or, for logits, over 0. A number that is no class is left out.
    pub fn add(&mut self, target: &[f32], prediction: &[f32], width: usize, from_logits: bool) {
        let width = width.max(1);
        let samples = prediction.len() / width;
        let columns = target.len() / samples.max(1);
        let half = if from_logits { 0.0 } else { 0.5 };
        for (target, scores) in
            target.chunks_exact(columns.max(1)).zip(prediction.chunks_exact(width))
        {
            let actual = match target {
                [number] if *number >= 0.0 => *number as usize,
                [_] => continue,
                columns => argmax(columns),
            };
            let predicted = match scores {
                [score] => usize::from(*score > half),
                scores => argmax(scores),
            };
            self.add_one(actual, predicted);
        }
    }

    /// Adds a sample of the class `actual` that was taken for the class `predicted`.
    pub fn add_one(&mut self, actual: usize, predicted: usize) {
        let cell = self.confusion.get_mut(actual).and_then(|row| row.get_mut(predicted));
        if let Some(count) = cell {
            *count += 1;
        }
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How many samples of the class of a row were taken for the class of a column.
    pub fn confusion(&self) -> &[Vec<u64>] {
        &self.confusion
    }

    /// How many samples were added.
    pub fn samples(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    /// The share of samples that were taken for what they are; 0 where there is none.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes.len()).map(|class| self.confusion[class][class]).sum();
        share(right, self.samples())
    }

    /// How well each class is recognized.
    pub fn scores(&self) -> Vec<ClassScores> {
        let of = |class: usize| {
            let right = self.confusion[class][class];
            let taken: u64 = self.confusion.iter().map(|row| row[class]).sum();
            let samples: u64 = self.confusion[class].iter().sum();
            let (precision, recall) = (share(right, taken), share(right, samples));
            ClassScores {
                class: self.classes[class].clone(),
                precision,
                recall,
                f1: f1(precision, recall),
                samples,
            }
        };
        (0..self.classes.len()).map(of).collect()
    }

    /// The means over the classes of precision, recall and F1: each class alike, or, `weighted`, by
    /// how many samples it has.
    pub fn average(&self, weighted: bool) -> ClassScores {
        let scores = self.scores();
        let weight = |scores: &ClassScores| if weighted { scores.samples as f64 } else { 1.0 };
        let total: f64 = scores.iter().map(weight).sum();
        let mean = |value: fn(&ClassScores) -> f64| {
            let sum: f64 = scores.iter().map(|class| value(class) * weight(class)).sum();
            if total == 0.0 { 0.0 } else { sum / total }
        };
        ClassScores {
            class: if weighted { "weighted mean" } else { "mean" }.to_string(),
            precision: mean(|class| class.precision),
            recall: mean(|class| class.recall),
            f1: mean(|class| class.f1),
            samples: self.samples(),
        }
    }

    /// A table of the classes' scores and their means.
    pub fn to_table(&self) -> String {
        let mut rows = vec![["", "precision", "recall", "f1", "samples"].map(str::to_string)];
        let mut add = |scores: ClassScores| rows.push(scores.row(&scores.class));
        self.scores().into_iter().for_each(&mut add);
        add(self.average(false));
        add(self.average(true));
        table(&rows)
    }

    /// The confusion matrix as a table: a row for each true class, a column for each predicted one.
    pub fn confusion_table(&self) -> String {
        let corner = std::iter::once("true \\ predicted".to_string());
        let mut rows = vec![corner.chain(self.classes.iter().cloned()).collect::<Vec<_>>()];
        for (class, counts) in self.classes.iter().zip(&self.confusion) {
            let counts = counts.iter().map(u64::to_string);
            rows.push(std::iter::once(class.clone()).chain(counts).collect());
        }
        table(&rows)
    }
}

/// The scores, the means and the matrix in one object.
impl Serialize for ClassReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut object = serializer.serialize_struct("ClassReport", 5)?;
        object.serialize_field("classes", &self.scores())?;
        object.serialize_field("mean", &self.average(false))?;
        object.serialize_field("weighted_mean", &self.average(true))?;
        object.serialize_field("accuracy", &self.accuracy())?;
        object.serialize_field("confusion", &self.confusion)?;
        object.end()
    }
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

/// Rows under each other: the first column to the left, all others to the right.
pub(crate) fn table<R: AsRef<[String]>>(rows: &[R]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.as_ref().get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.as_ref().iter().enumerate() {
            let padding = " ".repeat(width(column).saturating_sub(cell.chars().count()));
            match column {
                0 => text.extend([cell, padding.as_str()]),
                _ => text.extend(["  ", padding.as_str(), cell]),
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> ClassReport {
        let mut report = ClassReport::new(&["approved".to_string(), "rejected".to_string()]);
        report.add(&[0.0, 0.0, 0.0, 1.0], &[0.9, 0.1, 0.4, 0.6, 0.7, 0.3, 0.2, 0.8], 2, false);
        report
    }

    #[test]
    fn scores_follow_from_the_matrix() {
        let report = report();
        assert_eq!(report.confusion(), [vec![2, 1], vec![0, 1]]);
        assert_eq!(report.accuracy(), 0.75);
        let scores = report.scores();
        assert_eq!((scores[0].precision, scores[1].recall), (1.0, 1.0));
        assert_eq!((scores[0].samples, scores[1].precision), (3, 0.5));
        assert!((report.average(true).recall - 0.75).abs() < 1e-12);
    }

    #[test]
    fn every_way_to_write_targets_and_predictions_is_read() {
        let mut others = [(); 3].map(|()| ClassReport::new(report().classes()));
        let columns = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        others[0].add(&columns, &[0.9, 0.1, 0.4, 0.6, 0.7, 0.3, 0.2, 0.8], 2, false);
        others[1].add(&[0.0, 0.0, 0.0, 1.0], &[0.1, 0.6, 0.3, 0.8], 1, false);
        others[2].add(&[0.0, 0.0, 0.0, 1.0], &[-2.0, 0.4, -0.8, 1.3], 1, true);
        for other in others {
            assert_eq!(other, report());
        }
    }

    #[test]
    fn a_class_that_is_nowhere_scores_zero() {
        let empty = ClassReport::new(&["a".to_string(), "b".to_string()]);
        assert_eq!(empty.accuracy(), 0.0);
        assert!(empty.scores().iter().all(|class| class.f1 == 0.0 && class.precision == 0.0));
    }

    #[test]
    fn tables_line_up() {
        let expected = [
            "               precision  recall      f1  samples\n",
            "approved          1.0000  0.6667  0.8000        3\n",
            "rejected          0.5000  1.0000  0.6667        1\n",
            "mean              0.7500  0.8333  0.7333        4\n",
            "weighted mean     0.8750  0.7500  0.7667        4\n",
        ]
        .concat();
        assert_eq!(report().to_table(), expected);
        let expected = "\
true \\ predicted  approved  rejected
approved                 2         1
rejected                 0         1
";
        assert_eq!(report().confusion_table(), expected);
    }
}
