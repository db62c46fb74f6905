//! `Predictor`: rows in, predictions out, with the preprocessing that the model was trained with.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::activations::Activation;
use crate::data::{Dataset, Preprocessing, Targets};
use crate::decisions::{ClassThresholds, StoredInterval};
use crate::error::{Error, Result};
use crate::kernels::{BoundKernel, folded};
use crate::model::artifact::{Model, supposed};
use crate::model::engine::{self, Engine};
use crate::model::row_blocks::{self, RowBlocks};
use crate::spec::meaning::Meaning;
use crate::threads;

/// A model in use; any number of threads may share it. Its weights don't change: some are read when it is
/// made.
/// ```
/// use candle_core::Device;
/// use lanthorn::model::Predictor;
/// use lanthorn::runs::model_of;
/// use lanthorn::training::{Listeners, Plan};
///
/// # fn main() -> lanthorn::Result<()> {
/// let plan = Plan::open("configs/loan.yaml".as_ref(), &["fit.epochs=1".to_string()])?;
/// let mut trainer = plan.trainer(&Device::Cpu)?;
/// trainer.fit(&plan.training_data()?, &mut Listeners::none())?;
/// let predictor = Predictor::new(model_of(&plan, trainer)?)?;
///
/// let preprocessing = &plan.data()?.preprocessing;
/// let row = preprocessing.row(&[("age", "37"), ("area", "rural")])?;
/// let predictions = predictor.predict(&row)?;
/// assert_eq!((predictions.len(), predictor.width()), (1, 2));
/// # Ok(())
/// # }
/// ```
pub struct Predictor {
    model: Model,
    meaning: Meaning,
    /// What the output still has to go through to be probabilities.
    last: Activation,
    blocks: RowBlocks,
    /// The layers' kernels, with normalizations folded into the weights before them.
    kernels: Vec<Option<BoundKernel>>,
    /// Engines with their buffers, one for each block that is worked on at a time; made when first
    /// needed.
    idle: Mutex<Vec<Worker>>,
}

/// An engine and a place for a padded block.
struct Worker {
    engine: Box<dyn Engine>,
    padded: Vec<f32>,
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
    /// A probability for each label, which don't exclude each other: rows × labels.
    Labels {
        /// Their names.
        labels: Vec<String>,
        /// What stands between them where they are of one column (`encode: multi_hot`).
        separator: Option<String>,
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

impl Predictor {
    /// The predictor of a trained model; of one that was trained on arrays, by plain columns.
    pub fn new(mut model: Model) -> Result<Predictor> {
        if model.preprocessing.is_none() {
            model.preprocessing = supposed(&model.config, &model.spec.model);
        }
        let Some(preprocessing) = &model.preprocessing else {
            return Err(Error::run(
                "the model was made without a table, and has too many inputs for columns",
            ));
        };
        let loss = model.config.compile.as_ref().map(|compile| &compile.loss);
        let meaning = Meaning::of(preprocessing, model.network.spec(), loss)
            .map_err(|problem| Error::run(problem.message))?;
        let are_logits = loss.is_some_and(|loss| loss.item.from_logits());
        let last = match &meaning {
            Meaning::Classes(_) if are_logits => Activation::softmax(),
            Meaning::Second(_) | Meaning::Labels(_) if are_logits => Activation::sigmoid(),
            _ => Activation::Linear,
        };
        let kernels = folded(model.network.kernels())?;
        let engine = engine::in_use(&model.network, &kernels)?;
        let blocks = RowBlocks::of(&model.network, engine.is_by_sample());
        let idle = Mutex::new(vec![Worker { engine, padded: Vec::new() }]);
        Ok(Predictor { model, meaning, last, blocks, kernels, idle })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model, no longer in use.
    pub fn into_model(self) -> Model {
        self.model
    }

    /// The thresholds that the model keeps.
    pub fn thresholds(&self) -> ClassThresholds {
        ClassThresholds::stored(self.model.decisions.as_ref(), self.classes().is_some())
    }

    /// The intervals that the model keeps, where it has some.
    pub fn intervals(&self) -> Option<&StoredInterval> {
        self.model.decisions.as_ref()?.intervals.as_ref()
    }

    /// Targets in their own unit, where they are numbers.
    pub fn targets(&self, y: &Targets) -> Vec<f64> {
        let units = match &self.meaning {
            Meaning::Numbers(units) => units.as_slice(),
            _ => &[],
        };
        let of = |(i, y): (usize, &f32)| {
            let (y, unit) = (f64::from(*y), units.get(i % units.len().max(1)));
            unit.map_or(y, |unit| unit.original(y))
        };
        y.values.iter().enumerate().map(of).collect()
    }

    /// Whether it gives back its features (`target: features`).
    pub fn is_of_features(&self) -> bool {
        self.model.preprocessing.as_ref().is_some_and(Preprocessing::is_of_features)
    }

    /// The names of the classes that it predicts, where it does.
    pub fn classes(&self) -> Option<&[String]> {
        self.meaning.classes()
    }

    /// The names of the labels that it predicts, where it does: several, each of which is 0 or 1.
    pub fn labels(&self) -> Option<&[String]> {
        match &self.meaning {
            Meaning::Labels(labels) => Some(labels),
            _ => None,
        }
    }

    /// The names of the numbers that it predicts where it predicts numbers: the target's columns, or
    /// these with the outputs of each.
    pub fn number_names(&self) -> Vec<String> {
        let of = |names: fn(&Preprocessing) -> Vec<String>| {
            self.model.preprocessing.as_ref().map(names).unwrap_or_default()
        };
        let (columns, width) = (of(Preprocessing::target_names), self.width());
        let outputs = of(Preprocessing::target_output_names);
        match width.checked_div(columns.len()) {
            _ if outputs.len() == width => outputs,
            Some(each) if each * columns.len() == width => columns
                .iter()
                .flat_map(|column| (0..each).map(move |output| format!("{column}_{output}")))
                .collect(),
            _ => (0..width).map(|output| output.to_string()).collect(),
        }
    }

    /// How many numbers a row's prediction has: one for each class, or the target's.
    pub fn width(&self) -> usize {
        match &self.meaning {
            Meaning::Classes(classes) | Meaning::Second(classes) => classes.len(),
            Meaning::Labels(labels) => labels.len(),
            Meaning::Numbers(_) => self.model.network.spec().output().elements(),
        }
    }

    /// Predicts rows of features as the model sees them (after preprocessing), row after row.
    pub fn predict(&self, features: &[f32]) -> Result<Predictions> {
        let rows = features.len() / self.features();
        let mut values = vec![0.0; rows * self.width()];
        self.predict_into(features, &mut values)?;
        Ok(self.predictions(values))
    }

    fn predictions(&self, values: Vec<f32>) -> Predictions {
        match &self.meaning {
            Meaning::Classes(classes) | Meaning::Second(classes) => {
                Predictions::Classes { classes: classes.clone(), probabilities: values }
            }
            Meaning::Labels(labels) => {
                let preprocessing = self.model.preprocessing.as_ref();
                let separator = preprocessing.and_then(Preprocessing::label_separator);
                let separator = separator.map(str::to_string);
                Predictions::Labels { labels: labels.clone(), separator, probabilities: values }
            }
            Meaning::Numbers(_) => Predictions::Numbers { width: self.width(), values },
        }
    }

    /// Predicts samples, of which some at a time become numbers where they are windows or pictures.
    pub fn predict_all(&self, data: &Dataset) -> Result<Predictions> {
        let mut all = self.predict(&[])?;
        let samples = rows_at_a_time(data.input_width());
        for start in (0..data.len()).step_by(samples) {
            all.append(self.predict(&data.inputs(start..data.len().min(start + samples))?)?);
        }
        Ok(all)
    }

    /// [`Predictor::predict`] into a place of [`Predictor::width`] numbers a row, without allocation after the
    /// first call: for a service that predicts row by row.
    pub fn predict_into(&self, features: &[f32], values: &mut [f32]) -> Result<()> {
        let (input, width) = (self.features(), self.width());
        let rows = features.len() / input;
        if features.len() != rows * input || values.len() != rows * width {
            return Err(Error::run(format!(
                "{} features and {} predictions don't make rows of {input} and {width}",
                features.len(),
                values.len()
            )));
        }
        if self.blocks.is_one(rows) {
            return threads::on_this_one(|| self.block(features, values));
        }
        let block = self.blocks.rows(rows);
        if rows <= block {
            return threads::within(|| self.block(features, values));
        }
        let failed = Mutex::new(None);
        let blocks = features.chunks(block * input).zip(values.chunks_mut(block * width));
        threads::share(blocks, |(features, values)| {
            if let Err(error) = self.block(features, values) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Numbers of a row of features.
    pub(super) fn features(&self) -> usize {
        self.model.network.spec().input.elements()
    }

    /// One block of rows.
    fn block(&self, features: &[f32], values: &mut [f32]) -> Result<()> {
        if features.is_empty() {
            return Ok(());
        }
        let idle = self.idle().pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => Worker {
                engine: engine::in_use(&self.model.network, &self.kernels)?,
                padded: Vec::new(),
            },
        };
        let result = self.run(&mut worker, features, values);
        self.idle().push(worker);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, worker: &mut Worker, features: &[f32], values: &mut [f32]) -> Result<()> {
        let input = self.features();
        let Worker { engine, padded } = worker;
        let x = match self.blocks.padded() {
            Some(rows) if features.len() < rows * input => {
                padded.clear();
                padded.extend_from_slice(features);
                padded.resize(rows * input, 0.0);
                padded
            }
            _ => features,
        };
        self.finish(engine.predict(&self.model.network, x, x.len() / input)?, values);
        Ok(())
    }

    /// Predictions from the model's output, of which there may be more rows.
    fn finish(&self, output: &[f32], values: &mut [f32]) {
        match &self.meaning {
            Meaning::Classes(classes) => {
                values.copy_from_slice(&output[..values.len()]);
                self.last.apply(values, classes.len());
            }
            Meaning::Labels(labels) => {
                values.copy_from_slice(&output[..values.len()]);
                self.last.apply(values, labels.len());
            }
            Meaning::Second(_) => {
                for (values, output) in values.chunks_exact_mut(2).zip(output) {
                    let mut p = [*output];
                    self.last.apply(&mut p, 1);
                    values.copy_from_slice(&[1.0 - p[0], p[0]]);
                }
            }
            Meaning::Numbers(unit) => {
                for (i, (value, output)) in values.iter_mut().zip(output).enumerate() {
                    let unit = unit.get(i % unit.len().max(1));
                    let number = f64::from(*output);
                    *value = unit.map_or(number, |unit| unit.original(number)) as f32;
                }
            }
        }
    }
}

/// Rows that are made into numbers at a time: whole blocks, and some 64 MB.
pub fn rows_at_a_time(width: usize) -> usize {
    ((1 << 24) / width.max(1))
        .clamp(1, 16 * row_blocks::LARGEST)
        .next_multiple_of(row_blocks::FIXED)
}

impl Predictions {
    /// Adds the predictions of other rows by the same model.
    fn append(&mut self, other: Predictions) {
        match (self, other) {
            (
                Predictions::Classes { probabilities: own, .. }
                | Predictions::Labels { probabilities: own, .. }
                | Predictions::Numbers { values: own, .. },
                Predictions::Classes { probabilities: mut more, .. }
                | Predictions::Labels { probabilities: mut more, .. }
                | Predictions::Numbers { values: mut more, .. },
            ) => own.append(&mut more),
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Predictions::Classes { probabilities: values, .. }
            | Predictions::Labels { probabilities: values, .. }
            | Predictions::Numbers { values, .. } => values.len() / self.width(),
        }
    }

    /// Numbers a row.
    pub fn width(&self) -> usize {
        match self {
            Predictions::Classes { classes: names, .. }
            | Predictions::Labels { labels: names, .. } => names.len(),
            Predictions::Numbers { width, .. } => *width,
        }
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The predicted class of each row, as a number.
    pub fn classes(&self, thresholds: &ClassThresholds) -> Vec<usize> {
        let Predictions::Classes { classes, probabilities } = self else { return Vec::new() };
        probabilities.chunks(classes.len()).map(|row| thresholds.class(row)).collect()
    }

    /// From this probability on a label is predicted that has no threshold: from above 0.5 on.
    pub const LABEL_THRESHOLD: f32 = crate::decisions::LABEL_THRESHOLD;

    /// Which labels each row has, row after row.
    pub fn labels(&self, thresholds: &ClassThresholds) -> Vec<bool> {
        let Predictions::Labels { labels, probabilities, .. } = self else { return Vec::new() };
        let each = probabilities.iter().enumerate();
        each.map(|(place, p)| thresholds.is_marked(place % labels.len(), *p)).collect()
    }

    /// All numbers, row after row.
    pub fn values(&self) -> &[f32] {
        match self {
            Predictions::Classes { probabilities, .. }
            | Predictions::Labels { probabilities, .. } => probabilities,
            Predictions::Numbers { values, .. } => values,
        }
    }
}
