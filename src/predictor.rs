//! `Predictor`: rows in, predictions out, with the preprocessing that the model was trained with.

use candle_core::Tensor;

use crate::activations::Activation;
use crate::artifact::Model;
use crate::error::{Error, Result};
use crate::losses::Target;

/// A model in use.
pub struct Predictor {
    model: Model,
    meaning: Meaning,
}

/// What the model's output means.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    /// One probability or score for each class.
    Classes(Vec<String>),
    /// The probability of the second of two classes.
    Second(Vec<String>),
    /// Numbers, in the original unit after `factor · value + offset`.
    Numbers(Vec<(f64, f64)>),
}

/// The predictions for some rows, in the order of the rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// A probability for each class: rows × classes.
    Classes {
        /// The classes' names, in the order of the columns.
        classes: Vec<String>,
        /// Row after row.
        probabilities: Vec<f32>,
    },
    /// Numbers in the target's original unit: rows × width.
    Numbers {
        /// Numbers a row.
        width: usize,
        /// Row after row.
        values: Vec<f32>,
    },
}

/// Rows of one pass through the model. Fixed, so that the numbers don't depend on how many rows are
/// predicted at once: a matrix product may round otherwise for another number of rows.
const BLOCK: usize = 64;

impl Predictor {
    /// The predictor of a model that was trained on data.
    pub fn new(model: Model) -> Result<Predictor> {
        let Some(preprocessing) = &model.preprocessing else {
            return Err(Error::run("the model was made without data: it has no preprocessing"));
        };
        let width = model.sequential.spec().output().elements();
        let meaning = match (preprocessing.classes(), preprocessing.target_kind()) {
            (Some(classes), _) if classes.len() == width => Meaning::Classes(classes.to_vec()),
            (Some(classes), _) if classes.len() == 2 && width == 1 => {
                Meaning::Second(classes.to_vec())
            }
            (_, Target::Numbers(_)) => Meaning::Numbers(preprocessing.target_unit()),
            (classes, _) => {
                let classes = classes.map_or(0, <[String]>::len);
                return Err(Error::run(format!(
                    "the model's {width} outputs are neither numbers nor its {classes} classes"
                )));
            }
        };
        Ok(Predictor { model, meaning })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Predicts rows of features as the model sees them (after preprocessing), row after row.
    pub fn predict(&self, features: &[f32]) -> Result<Predictions> {
        let outputs = self.outputs(features)?;
        Ok(match &self.meaning {
            Meaning::Classes(classes) => {
                Predictions::Classes { classes: classes.clone(), probabilities: outputs }
            }
            Meaning::Second(classes) => Predictions::Classes {
                classes: classes.clone(),
                probabilities: outputs.iter().flat_map(|p| [1.0 - p, *p]).collect(),
            },
            Meaning::Numbers(unit) => {
                let to_unit = |(i, value): (usize, f32)| {
                    let (factor, offset) = unit.get(i % unit.len()).copied().unwrap_or((1.0, 0.0));
                    (f64::from(value) * factor + offset) as f32
                };
                let width = self.model.sequential.spec().output().elements();
                let values = outputs.into_iter().enumerate().map(to_unit).collect();
                Predictions::Numbers { width, values }
            }
        })
    }

    /// The model's output for every row, made probabilities where it was trained on logits.
    fn outputs(&self, features: &[f32]) -> Result<Vec<f32>> {
        let sequential = &self.model.sequential;
        let width = sequential.spec().input.elements();
        let mut outputs = Vec::new();
        for block in features.chunks(BLOCK * width) {
            let rows = block.len() / width;
            let mut padded = block.to_vec();
            padded.resize(BLOCK * width, 0.0);
            let shape = sequential.spec().input.with_batch(BLOCK);
            let x = Tensor::from_vec(padded, shape, sequential.weights().device())?;
            let y = self.probabilities(&sequential.predict(&x)?)?; // (BLOCK, …output)
            let y = y.narrow(0, 0, rows)?.flatten_all()?.to_vec1::<f32>()?;
            outputs.extend(y);
        }
        Ok(outputs)
    }

    fn probabilities(&self, output: &Tensor) -> Result<Tensor> {
        let loss = self.model.config.compile.as_ref().map(|compile| &compile.loss);
        let from_logits = loss.is_some_and(|loss| loss.item.from_logits());
        match &self.meaning {
            Meaning::Classes(_) if from_logits => Activation::softmax().forward(output),
            Meaning::Second(_) if from_logits => Activation::sigmoid().forward(output),
            _ => Ok(output.clone()),
        }
    }
}

impl Predictions {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Predictions::Classes { classes, probabilities } => probabilities.len() / classes.len(),
            Predictions::Numbers { width, values } => values.len() / width,
        }
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The predicted class of each row, as a number. `thresholds` has one for each class, or is
    /// empty: classes are taken in falling probability, and the first that meets its threshold is
    /// it; where none does, the most probable.
    pub fn classes(&self, thresholds: &[f32]) -> Vec<usize> {
        let Predictions::Classes { classes, probabilities } = self else { return Vec::new() };
        probabilities
            .chunks(classes.len())
            .map(|row| {
                let mut order: Vec<usize> = (0..row.len()).collect();
                order.sort_by(|a, b| row[*b].total_cmp(&row[*a])); // stable: the first class wins a tie
                let meets = |class: &&usize| {
                    row[**class] >= thresholds.get(**class).copied().unwrap_or(0.0)
                };
                *order.iter().find(meets).unwrap_or(&order[0])
            })
            .collect()
    }
}
