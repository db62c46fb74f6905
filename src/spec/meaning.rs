//! `Meaning`: what the numbers that a model puts out stand for.

use crate::data::Preprocessing;
use crate::error::Problem;
use crate::losses::{LossEntry, LossKind};
use crate::spec::ModelSpec;
use crate::target::{Output, Target, TargetRange};
use crate::transforms::Unit;

/// What a model's output means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Meaning {
    /// One probability or score for each class.
    Classes(Vec<String>),
    /// The probability of the second of two classes.
    Second(Vec<String>),
    /// The probability of each label, which don't exclude each other.
    Labels(Vec<String>),
    /// Numbers, each with the way back to its original unit.
    Numbers(Vec<Unit>),
}

impl Meaning {
    /// What the output of a model means that is trained by `loss` on this target.
    pub(crate) fn of(
        preprocessing: &Preprocessing,
        model: &ModelSpec,
        loss: Option<&LossEntry>,
    ) -> Result<Meaning, Problem> {
        let width = model.output().elements();
        let target = preprocessing.target_kind();
        let range = loss.map(|loss| loss.item.target_range(&model.output_for(target)));
        let are_class_numbers = range == Some(TargetRange::ClassNumbers);
        let Some(classes) = preprocessing.classes() else {
            return Ok(match target {
                // class numbers as they stand in the table
                Target::Numbers(1) if width > 1 && are_class_numbers => {
                    Meaning::Classes((0..width).map(|class| class.to_string()).collect())
                }
                target
                    if preprocessing.is_of_bits()
                        && loss.is_some_and(|loss| model.output_for(target).is_of_labels(loss)) =>
                {
                    Meaning::Labels(preprocessing.label_names())
                }
                _ => Meaning::Numbers(preprocessing.target_units()),
            });
        };
        let classes = classes.to_vec();
        match (classes.len(), width) {
            (n, width) if n == width => Ok(Meaning::Classes(classes)),
            (2, 1) => Ok(Meaning::Second(classes)),
            _ if loss.is_some_and(|loss| loss.item.is_of_embeddings()) => {
                Ok(Meaning::Numbers(vec![Unit::default()]))
            }
            (n, width) if n < width && are_class_numbers => {
                let more = (n..width).map(|output| format!("output {output}"));
                Ok(Meaning::Classes(classes.into_iter().chain(more).collect()))
            }
            (n, width) => {
                let units = if width == 1 { "1 unit" } else { &format!("{width} units") };
                let message = format!("the target has {n} classes, but the last layer has {units}");
                let help = format!(
                    "give the last layer {n} units with `activation: softmax`, and use \
                     `sparse_categorical_crossentropy`; for numbers, remove `encode`"
                );
                Err(Problem::at("", message).help(help))
            }
        }
    }

    /// The names of the classes, where there are some.
    pub(crate) fn classes(&self) -> Option<&[String]> {
        match self {
            Meaning::Classes(classes) | Meaning::Second(classes) => Some(classes),
            Meaning::Labels(_) | Meaning::Numbers(_) => None,
        }
    }
}

impl LossEntry {
    /// Whether it takes each output as the probability of a label of its own.
    pub(crate) fn is_of_labels(&self) -> bool {
        matches!(
            LossKind::from(&*self.item),
            LossKind::BinaryCrossentropy(_) | LossKind::BinaryFocalCrossentropy(_)
        )
    }
}

impl Output<'_> {
    /// Whether each output is a label of its own: several numbers, each from 0 to 1, by a sigmoid.
    pub(crate) fn is_of_labels(&self, loss: &LossEntry) -> bool {
        matches!(self.target, Target::Numbers(2..))
            && loss.is_of_labels()
            && self.activation.is_none_or(|activation| !activation.is_over_several())
    }
}
