//! `Baseline`: what a prediction that knows nothing of the features is worth, for each number that a
//! training ends with: a model that isn't better has learned nothing.

use candle_core::{Device, Tensor};

use crate::data::{Dataset, class_counts};
use crate::error::Result;
use crate::history::results::Baseline;
use crate::model::scores::{ScoredBatch, Scores};
use crate::spec::TrainSpec;
use crate::target::Target;
use crate::training::plan::Plan;

/// Rows that are scored at a time.
const ROWS: usize = 4096;

impl Baseline {
    /// The shares of the classes in the part that is trained on, or the mean of a target of numbers,
    /// predicted for every row; of windows, the target's numbers in the last row seen. None where the target of a row is not a class or a vector of numbers.
    pub fn of(plan: &Plan) -> Result<Option<Baseline>> {
        let (Some(train), Some(output)) = (&plan.spec.train, width(plan)) else { return Ok(None) };
        let data = plan.data()?;
        let Some(shares) = shares(&data.train, train.target, output) else { return Ok(None) };
        let unit = data.preprocessing.is_target_scaled().then(|| data.preprocessing.target_units());
        let (part, prefix) = match &data.validation {
            Some(part) if !part.is_empty() => (part, "val_"),
            _ => (&data.train, ""),
        };
        let mut scores = Scores::new(&plan.spec, train).with_unit(unit);
        let (prediction, rows) = match last(part, train.target) {
            Some(last) => ("always the last value".to_string(), last.to_vec()),
            None => {
                let constant = scores_of(&shares, train, plan);
                (words(plan, train.target, &shares), constant.repeat(part.len()))
            }
        };
        score(part, &rows, train, &mut scores)?;
        Ok(Some(Baseline { prediction, logs: scores.logs(prefix)? }))
    }
}

/// The target's numbers in the last row that each window sees, where they are numbers.
fn last(part: &Dataset, target: Target) -> Option<&[f32]> {
    let is_numbers = matches!(target, Target::Numbers(_));
    Some(part.windows.as_ref().filter(|_| is_numbers)?.last.as_slice())
}

/// The numbers of one output; None where it is no vector, or the target's rows don't fit it.
fn width(plan: &Plan) -> Option<usize> {
    match plan.spec.model.output().dims() {
        [width] => Some(*width),
        _ => None,
    }
}

/// The mean of each column of the target, and for class numbers the share of each class.
fn shares(train: &Dataset, target: Target, output: usize) -> Option<Vec<f64>> {
    let y = &train.y;
    let rows = train.len();
    if rows == 0 || y.values.is_empty() {
        return None;
    }
    match target {
        Target::Classes(classes) if output == classes && classes > 1 => {
            let counts = class_counts(y, classes);
            Some(counts.into_iter().map(|count| count as f64 / rows as f64).collect())
        }
        _ if y.width() == output && y.values.len() == rows * output => {
            let mut means = vec![0.0; output];
            for row in y.values.chunks_exact(output) {
                means.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value));
            }
            means.iter_mut().for_each(|mean| *mean /= rows as f64);
            Some(means)
        }
        _ => None,
    }
}

/// The prediction as the loss takes it: scores before the sigmoid or softmax where it wants those.
fn scores_of(shares: &[f64], train: &TrainSpec, plan: &Plan) -> Vec<f32> {
    const LEAST: f64 = 1e-7; // Keras's epsilon
    let loss = &train.loss.item;
    let is_one_of_several = shares.len() > 1
        && !matches!(train.target, Target::Numbers(_))
        && loss.wanted_activation(&plan.spec.model.output_for(train.target)) != Some("sigmoid");
    let score = |share: &f64| match share.clamp(LEAST, 1.0 - LEAST) {
        _ if !loss.from_logits() => *share,
        share if is_one_of_several => share.ln(),
        share => (share / (1.0 - share)).ln(),
    };
    shares.iter().map(|share| score(share) as f32).collect()
}

/// Scores predictions, one for each row.
fn score(
    part: &Dataset,
    predictions: &[f32],
    train: &TrainSpec,
    scores: &mut Scores,
) -> Result<()> {
    let width = part.y.width().max(1);
    let output_width = predictions.len() / part.len().max(1);
    for (piece, target) in part.y.values.chunks(ROWS * width).enumerate() {
        let rows = target.len() / width;
        let first = piece * ROWS;
        let weight = part.weights.as_ref().map(|weights| &weights[first..first + rows]);
        let output = &predictions[first * output_width..(first + rows) * output_width]; // (rows, output)
        let mut target_shape = vec![rows];
        target_shape.extend_from_slice(part.y.shape());
        let tensor =
            |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu);
        let weights = weight.map(|weights| tensor(weights, &[rows])).transpose()?;
        let loss = train.loss.compute(
            &tensor(target, &target_shape)?,
            &tensor(output, &[rows, output_width])?,
            None,
            weights.as_ref(),
        )?;
        scores.add(&ScoredBatch {
            loss: loss.to_scalar()?,
            output,
            mask: None,
            target,
            target_shape: &target_shape,
            weight,
        });
    }
    Ok(())
}

/// What is always predicted, in words.
fn words(plan: &Plan, target: Target, shares: &[f64]) -> String {
    let classes = plan.data.as_ref().and_then(|data| data.preprocessing.classes());
    match (target, classes) {
        (Target::Classes(_) | Target::OneHot(_), Some(classes)) => {
            let most = match shares {
                [share] => usize::from(*share > 0.5),
                shares => (0..shares.len())
                    .rev()
                    .max_by(|a, b| shares[*a].total_cmp(&shares[*b]))
                    .unwrap_or(0),
            };
            classes.get(most).map_or_else(
                || "always the most frequent class".to_string(),
                |class| format!("always `{class}`"),
            )
        }
        _ if plan.data.as_ref().is_some_and(|data| data.preprocessing.is_of_bits()) => {
            "always the share of each label".to_string()
        }
        _ => "always the mean".to_string(),
    }
}
