//! The unit of a target: from the numbers that a model learns back to those of the table.

/// What makes a number of the table of a number that was scaled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unit(Vec<Inverse>);

/// One step on the way back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Inverse {
    /// `original = factor · scaled + offset`.
    Affine {
        /// What a number is multiplied by.
        factor: f64,
        /// What is added then.
        offset: f64,
    },
    /// `original = exp(scaled) - 1`.
    Expm1,
}

impl Unit {
    /// These steps, in their order.
    pub(crate) fn new(steps: impl IntoIterator<Item = Inverse>) -> Unit {
        Unit(steps.into_iter().collect())
    }

    /// The number in its original unit.
    pub fn original(&self, scaled: f64) -> f64 {
        self.0.iter().fold(scaled, |number, step| step.apply(number))
    }

    /// The steps, in their order.
    pub(crate) fn steps(&self) -> &[Inverse] {
        &self.0
    }
}

impl Inverse {
    fn apply(self, number: f64) -> f64 {
        match self {
            Inverse::Affine { factor, offset } => number * factor + offset,
            Inverse::Expm1 => number.exp_m1(),
        }
    }
}
