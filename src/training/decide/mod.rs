//! `decide`: makes the decisions that `fit` asks for, on held-back rows once training has ended.

mod calibration;
mod thresholds;

use crate::data::{Dataset, Loaded, Memory};
use crate::decisions::{Decisions, conformal};
use crate::error::Result;
use crate::history::logs::Logs;
use crate::model::artifact::Model;
use crate::model::engine::{self, Task};
use crate::model::evaluate::score;
use crate::model::predictor::{Predictions, Predictor};
use crate::model::scores::Scores;
use crate::training::plan::Plan;

/// Makes the decisions that a configuration asks for.
pub(crate) fn decide(plan: &Plan, mut model: Model) -> Result<Model> {
    let fit = &plan.config.fit;
    let loaded = plan.data()?;
    let Some(part) = part(loaded).filter(|_| fit.decision().is_some()) else { return Ok(model) };
    let mut decisions =
        Decisions { rows: part.len(), apart: loaded.calibration.is_some(), ..Decisions::default() };
    if fit.calibrate.is_some() {
        match calibration::calibrate(&mut model, part)? {
            Some(temperature) => {
                decisions.temperature = Some(temperature);
                model.training.logs = validated(plan, &model)?;
            }
            None => decisions.failure = Some("the model's outputs are not finite".to_string()),
        }
    }
    let predictor = Predictor::new(model)?;
    let predictions = predictor.predict_all(part)?;
    let is_finite = predictions.values().iter().all(|value| value.is_finite());
    if !is_finite {
        decisions.failure = Some("the model's outputs are not finite".to_string());
    } else if let Some(rule) = fit.threshold {
        decisions.threshold = match predictor.reconstruction_errors(&part.x, &predictions)? {
            Some(errors) => thresholds::of_errors(rule, &errors),
            None => thresholds::stored(rule, &predictions, part),
        };
    } else if let Some(level) = fit.intervals
        && let Predictions::Numbers { width, values } = &predictions
    {
        let targets = predictor.targets(&part.y);
        decisions.intervals = conformal(level, *width, values, &targets);
    }
    let mut model = predictor.into_model();
    model.decisions = Some(decisions);
    Ok(model)
}

/// The rows that decisions are made on.
fn part(loaded: &Loaded) -> Option<&Dataset> {
    loaded.calibration.as_ref().or(loaded.validation.as_ref())
}

/// The loss and the metrics of the weights as they now are, on the validation data; those that the
/// training ended with where there is none.
fn validated(plan: &Plan, model: &Model) -> Result<Logs> {
    let loaded = plan.data()?;
    let (Some(train), Some(validation)) = (&model.spec.train, &loaded.validation) else {
        return Ok(model.training.logs.clone());
    };
    let preprocessing = &loaded.preprocessing;
    let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_units());
    let mut scores = Scores::new(&model.spec, train).with_unit(unit);
    let samples = Memory::from(validation);
    let task = Task { network: &model.network, loss: &train.loss, samples: &samples };
    let size = train.validation_batch_size;
    score(engine::of(&model.network)?.as_mut(), &task, size, &mut scores)?;
    scores.logs("val_")
}
