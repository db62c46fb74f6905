//! The cells of a column, as an encoding is fitted on them.

use std::borrow::Cow;

use super::unknown::Unknown;

/// The cells of a column in the rows to train on.
#[derive(Debug, Default)]
pub(crate) struct Met<'a> {
    /// The texts, each once, in the order in which they are first met, with how many rows have it.
    pub texts: Vec<(Cow<'a, str>, usize)>,
    /// The numbers, in the order of their size, where the cells are numbers.
    pub numbers: Vec<f64>,
    /// What to do about categories that are not among them.
    pub unknown: Unknown,
}

impl<'a> Met<'a> {
    /// These texts, once each.
    pub(crate) fn of(texts: impl IntoIterator<Item = &'a str>) -> Met<'a> {
        let texts = texts.into_iter().map(|text| (Cow::Borrowed(text), 1)).collect();
        Met { texts, ..Met::default() }
    }

    /// The texts alone.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + '_ {
        self.texts.iter().map(|(text, _)| text.as_ref())
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.texts.iter().map(|(_, count)| count).sum()
    }
}
