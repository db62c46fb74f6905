//! The threshold from which a class or label is predicted, by what the errors cost.

use crate::sections::ThresholdRule;

/// How often each outcome is met at a threshold; weights count where the rows have some.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Outcomes {
    /// Positive, and predicted so.
    pub true_positives: f64,
    /// Negative, and predicted positive.
    pub false_positives: f64,
    /// Positive, and predicted negative.
    pub false_negatives: f64,
    /// Negative, and predicted so.
    pub true_negatives: f64,
}

/// A threshold with what it comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    /// Probabilities from this one on are predicted positive.
    pub threshold: f32,
    /// What comes of it.
    pub outcomes: Outcomes,
}

impl Outcomes {
    /// `tp / (tp + fp)`; 0 where nothing is predicted positive.
    pub(crate) fn precision(&self) -> f64 {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// `tp / (tp + fn)`, the true positive rate; 0 where nothing is positive.
    pub(crate) fn recall(&self) -> f64 {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// `fp / (fp + tn)`; 0 where nothing is negative.
    pub(crate) fn false_positive_rate(&self) -> f64 {
        share(self.false_positives, self.false_positives + self.true_negatives)
    }

    /// `2 tp / (2 tp + fp + fn)`.
    pub(crate) fn f1(&self) -> f64 {
        let right = 2.0 * self.true_positives;
        share(right, right + self.false_positives + self.false_negatives)
    }

    /// What a rule makes of it: more is better, so that a cost is negative.
    pub(crate) fn worth(&self, rule: ThresholdRule) -> f64 {
        match rule {
            ThresholdRule::F1 => self.f1(),
            ThresholdRule::Youden => self.recall() - self.false_positive_rate(),
            ThresholdRule::Cost(cost) => {
                -(cost.fp * self.false_positives + cost.fn_ * self.false_negatives)
            }
            ThresholdRule::Quantile(_) => 0.0, // it is of errors, which no class is right for
        }
    }
}

fn share(part: f64, all: f64) -> f64 {
    if all == 0.0 { 0.0 } else { part / all }
}

/// Every threshold that makes a difference, in falling order: one above all probabilities, then each
/// of them. `rows` are (probability, whether it is positive, weight).
pub(crate) fn candidates(mut rows: Vec<(f32, bool, f64)>) -> Vec<Candidate> {
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut outcomes = Outcomes::default();
    for (_, is_positive, weight) in &rows {
        let of =
            if *is_positive { &mut outcomes.false_negatives } else { &mut outcomes.true_negatives };
        *of += weight;
    }
    let above = rows.first().map_or(1.0, |(largest, ..)| largest.next_up());
    let mut all = vec![Candidate { threshold: above, outcomes }];
    for (place, (threshold, is_positive, weight)) in rows.iter().enumerate() {
        if *is_positive {
            outcomes.true_positives += weight;
            outcomes.false_negatives -= weight;
        } else {
            outcomes.false_positives += weight;
            outcomes.true_negatives -= weight;
        }
        if rows.get(place + 1).is_none_or(|next| next.0 != *threshold) {
            all.push(Candidate { threshold: *threshold, outcomes });
        }
    }
    all
}

/// The best by a rule; of several that are as good, the one nearest to 0.5.
pub(crate) fn best(candidates: &[Candidate], rule: ThresholdRule) -> Option<Candidate> {
    let distance = |candidate: &Candidate| (candidate.threshold - 0.5).abs();
    candidates.iter().copied().reduce(|best, next| {
        let (a, b) = (best.outcomes.worth(rule), next.outcomes.worth(rule));
        let is_better = b > a || (b == a && distance(&next) < distance(&best));
        if is_better { next } else { best }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::numbers;
    use crate::sections::ErrorCost;

    fn all(rows: &[(f32, u8)]) -> Vec<Candidate> {
        candidates(rows.iter().map(|(p, y)| (*p, *y == 1, 1.0)).collect())
    }

    #[test]
    fn probabilities_that_are_equal_share_a_threshold() {
        let found = all(&[(0.2, 0), (0.7, 1), (0.7, 0), (0.9, 1)]);
        let thresholds: Vec<f32> = found.iter().map(|c| c.threshold).collect();
        assert_eq!(thresholds, [0.9f32.next_up(), 0.9, 0.7, 0.2]);
        let Outcomes { true_positives, false_positives, .. } = found[2].outcomes;
        assert_eq!((true_positives, false_positives), (2.0, 1.0));
        assert_eq!(found[3].outcomes.true_negatives, 0.0);
    }

    #[test]
    fn each_rule_has_its_best() {
        let rows = [(0.1, 0), (0.3, 1), (0.4, 0), (0.5, 0), (0.6, 1), (0.8, 0), (0.9, 1)];
        let at = |rule| best(&all(&rows), rule).unwrap().threshold;
        assert_eq!(at(ThresholdRule::F1), 0.6);
        let cost = |fp, fn_| ThresholdRule::Cost(ErrorCost { fp, fn_ });
        assert_eq!(at(cost(1.0, 5.0)), 0.3); // no positive may be missed
        assert_eq!(at(cost(9.0, 1.0)), 0.9); // no alarm may be false
    }

    #[test]
    fn the_nearest_to_one_half_wins_a_tie() {
        let rows = [(0.1, 0), (0.2, 1), (0.55, 1), (0.6, 0)];
        let cost = ThresholdRule::Cost(ErrorCost { fp: 1.0, fn_: 1.0 });
        // 0.2 makes one error; 0.55 makes two
        assert_eq!(best(&all(&rows), cost).unwrap().threshold, 0.2);
        let even = [(0.3, 1), (0.45, 0), (0.5, 1), (0.9, 0)];
        assert_eq!(best(&all(&even), ThresholdRule::Youden).unwrap().threshold, 0.5);
    }

    #[test]
    fn weights_count() {
        let rows = vec![(0.9, true, 1.0), (0.8, false, 10.0), (0.7, true, 2.0)];
        assert_eq!(best(&candidates(rows), ThresholdRule::F1).unwrap().threshold, 0.9);
    }

    /// Recorded from scikit-learn 1.9.1's precision_recall_curve and roc_curve by
    /// tests/files/decisions/make.py: what each rule comes to, and its threshold.
    #[test]
    fn scikit_learn_finds_the_same_thresholds() {
        let cost = ThresholdRule::Cost(ErrorCost { fp: 1.0, fn_: 5.0 });
        let rules = [ThresholdRule::F1, ThresholdRule::Youden, cost];
        let plain = [(0.761_904_761_904_762, 0.25), (0.481_348_134_813_481_4, 0.6), (87.0, 0.11)];
        let weighted =
            [(0.770_640_982_428_863_1, 0.25), (0.528_453_296_632_653_6, 0.6), (377.023_729, 0.12)];
        let logits = numbers(200, 1);
        let weights: Vec<f64> = numbers(200, 3).iter().map(|w| f64::from(*w) + 4.5).collect();
        let draws = numbers(200, 4);
        for (expected, is_weighted) in [(plain, false), (weighted, true)] {
            let row = |row: usize| {
                let p = 1.0 / (1.0 + (-f64::from(logits[row])).exp());
                let p = ((p * 100.0).round_ties_even() / 100.0) as f32;
                let weight = if is_weighted { weights[row] } else { 1.0 };
                (p, draws[row] + logits[row] > 0.0, weight)
            };
            let all = candidates((0..200).map(row).collect());
            for (rule, (worth, threshold)) in rules.into_iter().zip(expected) {
                let found = best(&all, rule).unwrap();
                let difference = found.outcomes.worth(rule).abs() - worth;
                assert!(difference.abs() < 1e-6, "{rule:?} {found:?}");
                assert!((found.threshold - threshold).abs() < 1e-6, "{rule:?} {found:?}");
            }
        }
    }
}
