//! A column and what becomes of its cells.

use serde::{Deserialize, Serialize};

use super::first_form::{Before, OldColumn};
use crate::transforms::{Classes, Encoded, Encoding, Primitive, Scaled, Scaling};

/// The most cells that are worked on at once: few enough to stay in the nearest cache.
pub(crate) const BLOCK_ROWS: usize = 64;

/// One column and what becomes of its cells: the text is encoded, the number scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Before")]
pub(crate) struct FittedColumn {
    pub name: String,
    /// None where the cells are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encode: Option<Encoding>,
    #[serde(skip_serializing_if = "Scaling::is_none")]
    pub scale: Scaling,
}

/// Some cells of a column, one or many.
pub(crate) enum Cells<'a> {
    /// As they were read.
    Numbers(&'a [f64]),
    /// The number that each text is encoded as.
    Indices(&'a [usize]),
}

impl FittedColumn {
    /// A column of numbers as they are.
    pub(crate) fn number(name: impl Into<String>) -> FittedColumn {
        FittedColumn { name: name.into(), encode: None, scale: Scaling::default() }
    }

    /// A column of texts that are encoded.
    pub(crate) fn encoded(name: impl Into<String>, encode: Encoding) -> FittedColumn {
        FittedColumn { name: name.into(), encode: Some(encode), scale: Scaling::default() }
    }

    /// The column in the first form, where that has its transform.
    pub(crate) fn in_first_form(&self) -> Option<OldColumn<'_>> {
        OldColumn::of(&self.name, self.encode.as_ref(), &self.scale)
    }

    /// How many numbers a cell makes.
    pub(crate) fn width(&self) -> usize {
        self.one_hot().map_or(1, Encoded::count)
    }

    /// The names of those numbers: the column's, or `area_rural` for a class of it.
    pub(crate) fn output_names(&self) -> Vec<String> {
        let Some(encode) = self.one_hot() else { return vec![self.name.clone()] };
        let name = |index: usize| match encode.classes() {
            Some(classes) => format!("{}_{}", self.name, classes.names[index]),
            None => format!("{}_{index}", self.name),
        };
        (0..encode.count()).map(name).collect()
    }

    /// The classes, where the cells are categories that are known.
    pub(crate) fn classes(&self) -> Option<&Classes> {
        self.encode.as_ref().and_then(Encoded::classes)
    }

    /// True where the cells are texts.
    pub(crate) fn is_text(&self) -> bool {
        self.encode.is_some()
    }

    /// True where a cell becomes a number for each class.
    pub(crate) fn is_one_hot(&self) -> bool {
        self.one_hot().is_some()
    }

    fn one_hot(&self) -> Option<&Encoding> {
        self.encode.as_ref().filter(|encode| encode.is_one_hot())
    }

    /// (factor, offset) such that `original = factor · number + offset`.
    pub(crate) fn unit(&self) -> (f64, f64) {
        self.scale.inverse()
    }

    /// Writes what becomes of at most [`BLOCK_ROWS`] cells: each its numbers at `at` of a row of
    /// `out`, which is `width` wide and holds zeros there. False where one isn't finite.
    pub(crate) fn apply(
        &self,
        cells: &Cells<'_>,
        out: &mut [f32],
        at: usize,
        width: usize,
    ) -> bool {
        let mut block = [0.0; BLOCK_ROWS];
        let block = match *cells {
            Cells::Indices(indices) if self.is_one_hot() => {
                for (index, row) in indices.iter().zip(out.chunks_exact_mut(width)) {
                    row[at + index] = 1.0;
                }
                return true;
            }
            Cells::Indices(indices) => {
                let block = &mut block[..indices.len()];
                block.iter_mut().zip(indices).for_each(|(to, index)| *to = *index as f64);
                block
            }
            Cells::Numbers(numbers) => {
                let block = &mut block[..numbers.len()];
                block.copy_from_slice(numbers);
                block
            }
        };
        self.scale.apply(block);
        let mut is_finite = true;
        for (value, row) in block.iter().zip(out.chunks_exact_mut(width)) {
            let value = *value as f32;
            is_finite &= value.is_finite();
            row[at] = value;
        }
        is_finite
    }

    /// The same for other tools, in the order of application.
    pub(crate) fn export(&self) -> Vec<Primitive<'_>> {
        let encode = self.encode.as_ref().map(Encoded::export);
        let one_hot = self.one_hot().map(|encode| Primitive::OneHot(encode.count()));
        encode.into_iter().chain(one_hot).chain(self.scale.export()).collect()
    }
}

impl From<Before> for FittedColumn {
    fn from(before: Before) -> FittedColumn {
        let (name, encode, scale) = before.into_parts();
        FittedColumn { name, encode, scale }
    }
}
