//! What a model's output and its target are, as the data, the losses and the metrics see them.

use crate::activations::Activation;
use crate::shape::Shape;

/// What a loss is checked against before training: the model's output and the target.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// The model's output for one sample.
    pub shape: &'a Shape,
    /// The last layer's activation, where it has one.
    pub activation: Option<&'a Activation>,
    /// The target.
    pub target: Target,
}

/// What the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One class number a sample (`encode: label`).
    Classes(usize),
    /// One column a class (`encode: one_hot`).
    OneHot(usize),
    /// Numbers, this many a sample.
    Numbers(usize),
}

impl Target {
    /// One class of two for a single output, else a label for each.
    pub(crate) fn labels(output: &Shape) -> Target {
        match output.elements() {
            1 => Target::Classes(2),
            labels => Target::Numbers(labels),
        }
    }

    /// One column for each class; numbers where the output has several axes.
    pub(crate) fn one_hot(output: &Shape) -> Target {
        match output.dims() {
            [classes] => Target::OneHot(*classes),
            _ => Target::Numbers(output.elements()),
        }
    }
}

/// What the numbers of a target may be for a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetRange {
    /// Any.
    Any,
    /// 0 and more.
    NotNegative,
    /// Value to reach, between 0 and 1.
    Probabilities,
    /// -1 and 1, or 0 and 1.
    Signs,
    /// 0, 1, … for as many classes as the output has.
    ClassNumbers,
}

/// What the data says of the model: None where there is no data.
#[derive(Debug, Clone, Copy, Default)]
pub struct DataFacts {
    /// How many numbers the features of a row make.
    pub features: Option<usize>,
    /// Height, width and channels, where the features are pictures.
    pub picture: Option<[usize; 3]>,
    /// How many rows the model sees of each sample, where it sees several.
    pub steps: Option<usize>,
    /// What the target is.
    pub target: Option<Target>,
    /// Whether there is something to validate on.
    pub has_validation: bool,
}
