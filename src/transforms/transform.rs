//! A transform: what becomes of the cells of a column, in two steps, each with a list of its own. An
//! [`Encoder`] makes a number of a text, a [`Scaler`] a number of a number.
//!
//! The struct of a member is its configuration. What it is once it is fitted, [`Encoded`] or
//! [`Scaled`], is what the model file holds.

use super::classes::Classes;
use crate::error::Problem;

/// How the numbers of a column are scaled: the configuration.
pub(crate) trait Scaler: Copy {
    /// What is gathered from the rows to train on.
    type Statistics: Statistics;
    /// What the model file holds.
    type Fitted: Scaled;

    /// What is wrong with the arguments.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Nothing gathered yet.
    fn statistics(&self) -> Self::Statistics;

    /// The scaling, once all passes are over.
    fn fit(&self, statistics: &Self::Statistics) -> Self::Fitted;
}

/// What is gathered from a column: within pieces of 65,536 rows, counted from the first row of the
/// table, which are then merged in their order. So it depends neither on threads nor on how the
/// table is read.
pub(crate) trait Statistics: Clone + Send + Sync {
    /// Some more numbers, at most a few hundred, in the order of the rows.
    fn see(&mut self, numbers: &[f64]);

    /// What was gathered in this pass from the rows after these.
    fn merge(&mut self, next: &Self);

    /// Called after each pass over all rows: true where another pass is needed.
    fn wants_another_pass(&mut self) -> bool {
        false
    }
}

/// A fitted scaling.
pub(crate) trait Scaled {
    /// Scales some numbers.
    fn apply(&self, numbers: &mut [f64]);

    /// (factor, offset) such that `original = factor · scaled + offset`.
    fn inverse(&self) -> (f64, f64);

    /// The same for other tools; None where it changes nothing.
    fn export(&self) -> Option<Primitive<'_>>;
}

/// How the texts of a column become numbers: the configuration.
pub(crate) trait Encoder: Copy {
    /// What the model file holds.
    type Fitted: Encoded;

    /// What is wrong with the arguments.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Whether the number may be scaled; 0 and 1 are not.
    fn may_be_scaled(&self) -> bool {
        false
    }

    /// Whether a target may be encoded so: each number must be that of a class.
    fn is_of_classes(&self) -> bool {
        true
    }

    /// The encoding of a column with these texts, each once, in the order in which they are first met
    /// in the rows to train on.
    fn fit(&self, texts: &[&str]) -> Self::Fitted;
}

/// A fitted encoding: a text is one of so many, by its number.
pub(crate) trait Encoded {
    /// How many numbers there may be, counted from 0.
    fn count(&self) -> usize;

    /// The number of a text; None where training did not see it.
    fn index(&self, text: &str) -> Option<usize>;

    /// True where a text becomes a column of 0 and 1 for each number, and not the number itself.
    fn is_one_hot(&self) -> bool {
        false
    }

    /// The classes, where the numbers are theirs.
    fn classes(&self) -> Option<&Classes> {
        None
    }

    /// The same for other tools.
    fn export(&self) -> Primitive<'_>;
}

/// What other tools are told of a transform. Exporters write each of these, and know no transform.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Primitive<'a> {
    /// `x · factor + offset`, in 64 bits.
    Affine {
        /// What a number is multiplied by.
        factor: f64,
        /// What is added then.
        offset: f64,
    },
    /// The number of the class that a text is of.
    Lookup(&'a Classes),
    /// For a number below the count so many numbers: 1 at its place, 0 elsewhere.
    OneHot(usize),
    /// What other tools can't do; the caller gives the number, below the count, that is made of the
    /// text as it is said here.
    Opaque {
        /// How many numbers there are.
        count: usize,
        /// What the caller has to do, in words.
        how: String,
    },
}
