//! Dataset: samples as the model and the loss see them.

use crate::error::Problem;

/// Samples in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The features.
    pub x: Matrix,
    /// The targets; no values where the target wasn't read.
    pub y: Targets,
    /// How much each sample counts in the loss; None where all count alike.
    pub weights: Option<Vec<f32>>,
}

/// Rows of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Row after row.
    pub values: Vec<f32>,
    /// Numbers a row.
    pub width: usize,
}

/// Targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// Sample after sample.
    pub values: Vec<f32>,
    pub(super) shape: Vec<usize>,
}

impl Targets {
    /// Targets of a shape: `[]` for class numbers, `[k]` for k numbers each.
    pub fn new(values: Vec<f32>, shape: Vec<usize>) -> Self {
        Targets { values, shape }
    }

    /// The shape of one target: `[]` for a class number, `[k]` for k numbers.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Numbers a target.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// The class of each target: the number itself, or the largest of a row.
    pub fn class_numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.values.chunks(self.width().max(1)).map(|row| match row {
            [class] => *class as usize,
            row => (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0),
        })
    }
}

impl Dataset {
    /// How many samples.
    pub fn len(&self) -> usize {
        self.x.values.len().checked_div(self.x.width).unwrap_or(0)
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the samples, in this order.
    pub fn rows(&self, rows: &[usize]) -> Dataset {
        let of = |values: &[f32], width: usize| -> Vec<f32> {
            rows.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect()
        };
        Dataset {
            x: Matrix { values: of(&self.x.values, self.x.width), width: self.x.width },
            y: Targets { values: of(&self.y.values, self.y.width()), shape: self.y.shape.clone() },
            weights: self.weights.as_ref().map(|weights| of(weights, 1)),
        }
    }

    /// Sets the weights that classes make; Keras doesn't allow both kinds of weights.
    pub fn set_class_weights(&mut self, weights: Vec<f32>) -> Result<(), Problem> {
        if self.weights.is_some() {
            let message = "`fit.class_weight` and `data.sample_weight` can't be used together";
            return Err(Problem::at("", message).help("keep one of the two"));
        }
        self.weights = Some(weights);
        Ok(())
    }
}
