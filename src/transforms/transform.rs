//! A transform: what becomes of the cells of a column, in two steps, each with a list of its own. An
//! [`Encoder`] makes numbers of a text, a [`Scaler`] a number of a number.
//!
//! The struct of a member is its configuration. What it is once it is fitted, [`Encoded`] or
//! [`Scaled`], is what the model file holds.

use super::classes::Classes;
use super::image::config::ImageConfig;
use super::met::Met;
use super::missing::Fill;
use super::unit::Inverse;
use super::unknown::Unknown;
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

    /// Whether there is a way back, and a target may be scaled so.
    fn has_inverse(&self) -> bool {
        true
    }

    /// Nothing gathered yet.
    fn statistics(&self) -> Self::Statistics;

    /// What is wrong with the numbers, once all passes are over.
    fn takes(&self, _: &Self::Statistics) -> Result<(), Problem> {
        Ok(())
    }

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

    /// The way back; None where there is none, and a target can't be scaled so.
    fn inverse(&self) -> Option<Inverse>;

    /// The same for other tools; None where it changes nothing.
    fn export(&self) -> Option<Primitive<'_>>;
}

/// How the cells of a column become numbers: the configuration.
pub(crate) trait Encoder: Clone {
    /// What the model file holds.
    type Fitted: Encoded;

    /// What is wrong with the arguments.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Whether what it makes may be scaled; 0 and 1 are not.
    fn may_be_scaled(&self) -> bool {
        false
    }

    /// Whether a target may be encoded so.
    fn may_be_target(&self) -> bool {
        true
    }

    /// Whether the cells are numbers, and not texts.
    fn takes_numbers(&self) -> bool {
        false
    }

    /// The text between the values of a cell that may hold several.
    fn separator(&self) -> Option<&str> {
        None
    }

    /// What it can do about a category that training didn't see; the first is the default.
    fn unknown(&self) -> &'static [Unknown] {
        &[Unknown::Error]
    }

    /// The encoding of a column with these cells in the rows to train on.
    fn fit(&self, met: &Met<'_>) -> Self::Fitted;
}

/// A fitted encoding: a cell is one of so many, by its number, or is several numbers.
pub(crate) trait Encoded {
    /// How many numbers there may be, counted from 0; of several, how many a cell makes.
    fn count(&self) -> usize;

    /// The number of a text; None where it can't be encoded. `count` for one that makes zeros.
    fn index(&self, text: &str) -> Option<usize>;

    /// The number of the bin of a number, where the cells are numbers.
    fn bin(&self, _: f64) -> usize {
        0
    }

    /// Whether the cells are numbers, and not texts.
    fn reads_numbers(&self) -> bool {
        false
    }

    /// The text between the values of a cell that may hold several.
    fn separator(&self) -> Option<&str> {
        None
    }

    /// True where a cell becomes a column of 0 and 1 for each number, and not the number itself.
    fn is_one_hot(&self) -> bool {
        false
    }

    /// How many columns a cell becomes.
    fn width(&self) -> usize {
        if self.is_one_hot() { self.count() } else { 1 }
    }

    /// What the name of each of its columns ends with; none where there is one of the column's name.
    fn parts(&self) -> Vec<String> {
        match self.classes().filter(|_| self.is_one_hot()) {
            Some(classes) => classes.names.clone(),
            None if self.is_one_hot() => (0..self.width()).map(|place| place.to_string()).collect(),
            None => Vec::new(),
        }
    }

    /// How many ids there are, where a cell becomes one of them, or several.
    fn ids(&self) -> Option<usize> {
        (!self.is_one_hot() && !self.has_numbers()).then(|| self.count())
    }

    /// True where a cell makes numbers of its own, which [`Encoded::numbers`] writes.
    fn has_numbers(&self) -> bool {
        false
    }

    /// What is done to pictures, where the cells are their paths.
    fn image(&self) -> Option<&ImageConfig> {
        None
    }

    /// Writes the numbers of a text, as many as the width; false where it can't be encoded.
    fn numbers(&self, _: &str, _: &mut [f64]) -> bool {
        false
    }

    /// The classes, where the numbers are theirs.
    fn classes(&self) -> Option<&Classes> {
        None
    }

    /// False where training didn't see a text that is taken nevertheless.
    fn is_known(&self, text: &str) -> bool {
        self.classes().is_none_or(|classes| classes.is_known(text))
    }

    /// Why a text can't be encoded, and what to do.
    fn refusal(&self, text: &str) -> Problem {
        match self.classes() {
            Some(classes) => classes.refusal(text),
            None => Problem::at("", format!("`{text}` can't be encoded")),
        }
    }

    /// The same for other tools.
    fn export(&self) -> Primitive<'_>;
}

/// A fitted encoding whose numbers are those of classes.
pub(crate) trait ClassEncoding {
    /// True where a cell becomes a column for each class.
    const IS_ONE_HOT: bool = false;

    /// The classes.
    fn of(&self) -> &Classes;

    /// Why a text is of no class, and what to do.
    fn why_not(&self, text: &str) -> Problem {
        self.of().refusal(text)
    }
}

impl<T: ClassEncoding> Encoded for T {
    fn count(&self) -> usize {
        self.of().len()
    }

    fn index(&self, text: &str) -> Option<usize> {
        self.of().find(text)
    }

    fn is_one_hot(&self) -> bool {
        T::IS_ONE_HOT
    }

    fn classes(&self) -> Option<&Classes> {
        Some(self.of())
    }

    fn refusal(&self, text: &str) -> Problem {
        self.why_not(text)
    }

    fn export(&self) -> Primitive<'_> {
        Primitive::Lookup(self.of())
    }
}

/// What other tools are told of a transform. Exporters write each of these, and know no transform.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Primitive<'a> {
    /// What stands for a missing cell: it comes first.
    Fill(&'a Fill),
    /// `x · factor + offset`, in 64 bits.
    Affine {
        /// What a number is multiplied by.
        factor: f64,
        /// What is added then.
        offset: f64,
        /// The smallest and the largest result, where it has some.
        clip: Option<(f64, f64)>,
    },
    /// `log(1 + x)`, in 64 bits.
    Log1p,
    /// How many of these, which rise, are at most the number.
    Bins(&'a [f64]),
    /// The number of the class that a text is of.
    Lookup(&'a Classes),
    /// A number for the class that a text is of, by the class's number; the last one for a text of
    /// no class that is ignored.
    Values(&'a Classes, &'a [f64]),
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
    /// What other tools can't do; the caller gives what this and all steps before it make.
    Prepared {
        /// How many numbers.
        width: usize,
        /// What the caller has to do, in words.
        how: String,
    },
}
