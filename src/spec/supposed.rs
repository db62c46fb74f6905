//! What a model's columns are where it was made without a table: by another tool, or by a program
//! that trained it on arrays of its own.

use super::ModelSpec;
use crate::config::CompileConfig;
use crate::data::Preprocessing;
use crate::error::Result;
use crate::losses::LossKind;
use crate::target::Target;

impl ModelSpec {
    /// Features are numbers in columns `x0`, `x1`, …; classes, where the loss says that there are
    /// some, are `0`, `1`, ….
    pub fn supposed_preprocessing(&self, compile: Option<&CompileConfig>) -> Result<Preprocessing> {
        Preprocessing::plain(self.input.elements(), self.supposed_target(compile))
    }

    /// What the target must be, by the loss and the output.
    fn supposed_target(&self, compile: Option<&CompileConfig>) -> Target {
        let output = self.output();
        let numbers = Target::Numbers(output.elements());
        let Some(compile) = compile else { return numbers };
        match LossKind::from(&*compile.loss.item) {
            LossKind::SparseCategoricalCrossentropy(_)
            | LossKind::CategoricalGeneralizedCrossEntropy(_) => Target::Classes(output.last()),
            LossKind::CategoricalCrossentropy(_) | LossKind::CategoricalFocalCrossentropy(_)
                if output.rank() == 1 =>
            {
                Target::OneHot(output.last())
            }
            LossKind::BinaryCrossentropy(_) | LossKind::BinaryFocalCrossentropy(_)
                if output.elements() == 1 =>
            {
                Target::Classes(2)
            }
            LossKind::CategoricalCrossentropy(_)
            | LossKind::CategoricalFocalCrossentropy(_)
            | LossKind::BinaryCrossentropy(_)
            | LossKind::BinaryFocalCrossentropy(_)
            | LossKind::MeanSquaredError(_)
            | LossKind::MeanAbsoluteError(_)
            | LossKind::MeanAbsolutePercentageError(_)
            | LossKind::Crossentropy(_)
            | LossKind::MeanSquaredLogarithmicError(_)
            | LossKind::Huber(_)
            | LossKind::LogCosh(_)
            | LossKind::CosineSimilarity(_)
            | LossKind::KlDivergence(_)
            | LossKind::Poisson(_)
            | LossKind::Hinge(_)
            | LossKind::SquaredHinge(_)
            | LossKind::CategoricalHinge(_)
            | LossKind::Dice(_)
            | LossKind::Tversky(_)
            | LossKind::Circle(_)
            | LossKind::Other(_) => numbers,
        }
    }
}
