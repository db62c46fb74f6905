//! The thresholds that a rule chooses on held-back rows.

use crate::data::Dataset;
use crate::decisions::{Candidate, StoredThreshold, best, candidates};
use crate::model::predictor::Predictions;
use crate::sections::ThresholdRule;
use crate::transforms::quantile_of;

/// The threshold of the reconstruction errors of some rows: a quantile of them, as NumPy's.
pub(super) fn of_errors(rule: ThresholdRule, errors: &[f32]) -> Option<StoredThreshold> {
    let ThresholdRule::Quantile(quantile) = rule else { return None };
    let mut sorted: Vec<f64> = errors.iter().map(|error| f64::from(*error)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let threshold = quantile_of(&sorted, quantile) as f32;
    let above = errors.iter().filter(|error| **error > threshold).count();
    Some(StoredThreshold {
        rule,
        names: vec!["error".to_string()],
        values: vec![threshold],
        scores: vec![above as f64 / errors.len().max(1) as f64],
    })
}

/// The thresholds of the second of two classes, or of each label.
pub(super) fn stored(
    rule: ThresholdRule,
    predictions: &Predictions,
    rows: &Dataset,
) -> Option<StoredThreshold> {
    let of_column = |column: usize, width: usize, probabilities: &[f32], truth: &[bool]| {
        let weight = |row: usize| rows.weights.as_ref().map_or(1.0, |all| f64::from(all[row]));
        let scores = probabilities.iter().skip(column).step_by(width).copied();
        let rows = scores.zip(truth).enumerate().map(|(row, (p, is))| (p, *is, weight(row)));
        best(&candidates(rows.collect()), rule)
    };
    let (names, found): (Vec<String>, Vec<Option<Candidate>>) = match predictions {
        Predictions::Classes { classes, probabilities } if classes.len() == 2 => {
            let truth: Vec<bool> = rows.y.class_numbers().map(|class| class == 1).collect();
            (vec![classes[1].clone()], vec![of_column(1, 2, probabilities, &truth)])
        }
        Predictions::Labels { labels, probabilities, .. } => {
            let width = labels.len();
            let of_label = |label: usize| {
                let values = rows.y.values.iter().skip(label).step_by(width);
                let truth: Vec<bool> = values.map(|value| *value > 0.5).collect();
                of_column(label, width, probabilities, &truth)
            };
            (labels.clone(), (0..width).map(of_label).collect())
        }
        _ => return None,
    };
    let found: Vec<Candidate> = found.into_iter().collect::<Option<_>>()?;
    let worth = |candidate: &Candidate| candidate.outcomes.worth(rule).abs();
    Some(StoredThreshold {
        rule,
        names,
        values: found.iter().map(|candidate| candidate.threshold).collect(),
        scores: found.iter().map(worth).collect(),
    })
}
