//! `ClassThresholds`: how classes and labels are chosen by their probabilities.

use super::stored::Decisions;
use crate::sections::ThresholdRule;

/// From this probability on a label is predicted that has no threshold: from above 0.5 on.
pub(crate) const LABEL_THRESHOLD: f32 = 0.5f32.next_up();

/// From which probabilities on classes or labels are predicted.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ClassThresholds {
    /// The most probable class; labels from above 0.5 on.
    #[default]
    Usual,
    /// One of two classes from this probability on, else the other.
    OfTwo {
        /// The class, as a number.
        class: usize,
        /// Its threshold.
        from: f32,
    },
    /// One for each class or label. Classes are taken in falling probability, and the first that
    /// meets its threshold is predicted; where none does, the most probable.
    Each(Vec<f32>),
    /// Of an autoencoder: a row whose reconstruction error is above this one is an anomaly.
    Error(f32),
}

impl ClassThresholds {
    /// Those that a model keeps.
    pub fn stored(decisions: Option<&Decisions>, has_classes: bool) -> ClassThresholds {
        let threshold = decisions.and_then(|decisions| decisions.threshold.as_ref());
        let Some(threshold) = threshold else { return ClassThresholds::Usual };
        match (threshold.rule, threshold.values.as_slice()) {
            (ThresholdRule::Quantile(_), [error]) => ClassThresholds::Error(*error),
            (_, [from]) if has_classes => ClassThresholds::OfTwo { class: 1, from: *from },
            (_, values) => ClassThresholds::Each(values.to_vec()),
        }
    }

    /// The reconstruction error above which a row is an anomaly, where there is one.
    pub fn of_error(&self) -> Option<f32> {
        match self {
            ClassThresholds::Error(error) => Some(*error),
            _ => None,
        }
    }

    /// The class that is predicted for the probabilities of a row.
    pub fn class(&self, row: &[f32]) -> usize {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|a, b| row[*b].total_cmp(&row[*a])); // stable: the first class wins a tie
        let most_probable = order.first().copied().unwrap_or(0);
        match self {
            ClassThresholds::Usual | ClassThresholds::Error(_) => most_probable,
            ClassThresholds::OfTwo { class, from } => {
                let is_met = row.get(*class).is_some_and(|p| p >= from);
                if is_met { *class } else { 1 - class.min(&1) }
            }
            ClassThresholds::Each(all) => {
                let meets =
                    |class: &&usize| row[**class] >= all.get(**class).copied().unwrap_or(0.0);
                order.iter().find(meets).copied().unwrap_or(most_probable)
            }
        }
    }

    /// Whether a label is predicted at this probability.
    pub fn is_marked(&self, label: usize, p: f32) -> bool {
        match self {
            ClassThresholds::Each(all) => all.get(label).is_some_and(|threshold| p >= *threshold),
            _ => p >= LABEL_THRESHOLD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_classes_is_predicted_from_its_threshold_on() {
        let low = ClassThresholds::OfTwo { class: 1, from: 0.3 };
        assert_eq!([[0.7, 0.3], [0.75, 0.25], [0.1, 0.9]].map(|row| low.class(&row)), [1, 0, 1]);
        let of_the_first = ClassThresholds::OfTwo { class: 0, from: 0.8 };
        assert_eq!([[0.8, 0.2], [0.7, 0.3]].map(|row| of_the_first.class(&row)), [0, 1]);
    }

    #[test]
    fn of_several_the_first_that_meets_its_own() {
        let each = ClassThresholds::Each(vec![0.0, 0.7, 0.2]);
        assert_eq!(each.class(&[0.1, 0.6, 0.3]), 2);
        assert_eq!(each.class(&[0.15, 0.7, 0.15]), 1);
        assert_eq!(ClassThresholds::Usual.class(&[0.4, 0.4, 0.2]), 0);
        assert_eq!(ClassThresholds::Each(vec![0.9, 0.9]).class(&[0.4, 0.6]), 1);
    }

    #[test]
    fn labels_have_each_their_own() {
        assert!(
            !ClassThresholds::Usual.is_marked(0, 0.5) && ClassThresholds::Usual.is_marked(0, 0.51)
        );
        let each = ClassThresholds::Each(vec![0.2, 0.8]);
        assert!(each.is_marked(0, 0.2) && !each.is_marked(1, 0.7));
    }
}
