//! A column and what becomes of its cells.

use serde::{Deserialize, Serialize};

use super::first_form::{Before, OldColumn};
use crate::sections::MissingValues;
use crate::transforms::{
    Classes, Encoded, Encoding, Fill, OneOrSeveral, Primitive, Scaled, Scaling, Unit,
};

/// The most cells that are worked on at once: few enough to stay in the nearest cache.
pub(crate) const BLOCK_ROWS: usize = 64;

/// One column and what becomes of its cells: what is missing is filled, the text is encoded, the
/// number scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Before")]
pub(crate) struct FittedColumn {
    pub name: String,
    /// None where the cells are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encode: Option<Encoding>,
    #[serde(skip_serializing_if = "OneOrSeveral::is_none")]
    pub scale: OneOrSeveral<Scaling>,
    /// The same for each number that a cell becomes, where these are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scales: Vec<OneOrSeveral<Scaling>>,
    /// What stands for a missing cell; None where it is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Fill>,
    /// What reads as missing in it alone.
    #[serde(skip_serializing_if = "MissingValues::is_none")]
    pub missing_values: MissingValues,
    /// Whether a further number says which cells were missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub indicator: bool,
}

/// Some cells of a column, one or many.
pub(crate) enum Cells<'a> {
    /// As they were read; those that are missing are not a number.
    Numbers(&'a [f64]),
    /// The number that each text is encoded as.
    Indices(&'a [usize]),
    /// The numbers that each text becomes: a row of these for each text, and whose row each cell is.
    Rows(&'a [f64], &'a [usize]),
}

impl FittedColumn {
    /// A column of numbers as they are.
    pub(crate) fn number(name: impl Into<String>) -> FittedColumn {
        let (scale, scales) = (OneOrSeveral::default(), Vec::new());
        let (name, encode, missing, indicator) = (name.into(), None, None, false);
        let missing_values = MissingValues::default();
        FittedColumn { name, encode, scale, scales, missing, missing_values, indicator }
    }

    /// A column of texts that are encoded.
    pub(crate) fn encoded(name: impl Into<String>, encode: Encoding) -> FittedColumn {
        FittedColumn { encode: Some(encode), ..FittedColumn::number(name) }
    }

    /// The column in the first form, where that has its transform.
    pub(crate) fn in_first_form(&self) -> Option<OldColumn<'_>> {
        let is_first =
            self.scales.is_empty() && self.missing.is_none() && self.missing_values.is_none();
        let old = || OldColumn::of(&self.name, self.encode.as_ref(), &self.scale);
        is_first.then(old).flatten()
    }

    /// How many numbers a cell makes.
    pub(crate) fn width(&self) -> usize {
        self.own_width() + usize::from(self.indicator)
    }

    /// The same without that of what is missing.
    fn own_width(&self) -> usize {
        self.encode.as_ref().map_or(1, Encoded::width)
    }

    /// The names of those numbers: the column's, or `area_rural` for a class of it.
    pub(crate) fn output_names(&self) -> Vec<String> {
        let parts = self.encode.as_ref().map(Encoded::parts).unwrap_or_default();
        let part = |part: &String| format!("{}_{part}", self.name);
        let mut names = match parts.as_slice() {
            [] => vec![self.name.clone()],
            parts => parts.iter().map(part).collect(),
        };
        if self.indicator {
            names.push(format!("{}_missing", self.name));
        }
        names
    }

    /// The classes, where the cells are categories that are known.
    pub(crate) fn classes(&self) -> Option<&Classes> {
        self.encode.as_ref().and_then(Encoded::classes)
    }

    /// True where the cells are texts.
    pub(crate) fn is_text(&self) -> bool {
        self.encode.as_ref().is_some_and(|encode| !encode.reads_numbers())
    }

    /// True where a text becomes numbers of its own.
    pub(crate) fn has_numbers(&self) -> bool {
        self.encode.as_ref().is_some_and(Encoded::has_numbers)
    }

    /// True where a cell becomes a number for each class.
    pub(crate) fn is_one_hot(&self) -> bool {
        self.encode.as_ref().is_some_and(Encoded::is_one_hot)
    }

    /// True where the numbers are scaled.
    pub(crate) fn is_scaled(&self) -> bool {
        !self.scale.is_none() || self.scales.iter().any(|scale| !scale.is_none())
    }

    /// True where a missing cell is taken for something.
    pub(crate) fn fills(&self) -> bool {
        self.missing.as_ref().is_some_and(|fill| !fill.drops())
    }

    /// The way back to the unit of each of its numbers.
    pub(crate) fn units(&self) -> Vec<Unit> {
        let unit = |place: usize| {
            let steps = self.scale_of(place).steps().iter().rev();
            Unit::new(steps.filter_map(Scaled::inverse))
        };
        let own = (0..self.own_width()).map(unit);
        own.chain(self.indicator.then(Unit::default)).collect()
    }

    /// How one of its numbers is scaled.
    fn scale_of(&self, place: usize) -> &OneOrSeveral<Scaling> {
        self.scales.get(place).unwrap_or(&self.scale)
    }

    /// Writes what becomes of at most [`BLOCK_ROWS`] cells: each its numbers at `at` of a row of
    /// `out`, which is `width` wide and holds zeros there. `missing` says which cells are missing,
    /// where there is an indicator. False where a number isn't finite.
    pub(crate) fn apply(
        &self,
        cells: &Cells<'_>,
        missing: &[bool],
        out: &mut [f32],
        at: usize,
        width: usize,
    ) -> bool {
        if self.indicator {
            let place = at + self.own_width();
            for (is_missing, row) in missing.iter().zip(out.chunks_exact_mut(width)) {
                row[place] = f32::from(u8::from(*is_missing));
            }
        }
        let mut block = [0.0; BLOCK_ROWS];
        match *cells {
            Cells::Indices(indices) if self.is_one_hot() => {
                self.write_one_hot(indices.iter().copied(), out, at, width)
            }
            Cells::Indices(indices) => {
                let block = &mut block[..indices.len()];
                block.iter_mut().zip(indices).for_each(|(to, index)| *to = *index as f64);
                self.write(0, block, out, at, width)
            }
            Cells::Numbers(numbers) => {
                let block = &mut block[..numbers.len()];
                block.copy_from_slice(numbers);
                if let Some(Fill::Number(fill)) = self.missing {
                    block.iter_mut().filter(|number| number.is_nan()).for_each(|to| *to = fill);
                }
                let Some(bins) = self.encode.as_ref().filter(|encode| encode.reads_numbers())
                else {
                    return self.write(0, block, out, at, width);
                };
                if bins.is_one_hot() {
                    let numbers = block.iter().map(|number| bins.bin(*number));
                    return self.write_one_hot(numbers, out, at, width);
                }
                block.iter_mut().for_each(|number| *number = bins.bin(*number) as f64);
                self.write(0, block, out, at, width)
            }
            Cells::Rows(rows, places) => {
                let own = self.own_width();
                let block = &mut block[..places.len()];
                let mut is_finite = true;
                for number in 0..own {
                    let of = places.iter().map(|place| rows[place * own + number]);
                    block.iter_mut().zip(of).for_each(|(to, number)| *to = number);
                    is_finite &= self.write(number, block, out, at + number, width);
                }
                is_finite
            }
        }
    }

    /// Scales a block of numbers, and writes each at `at` of its row.
    fn write(
        &self,
        place: usize,
        block: &mut [f64],
        out: &mut [f32],
        at: usize,
        width: usize,
    ) -> bool {
        self.scale_of(place).steps().iter().for_each(|scaling| scaling.apply(block));
        let mut is_finite = true;
        for (value, row) in block.iter().zip(out.chunks_exact_mut(width)) {
            let value = *value as f32;
            is_finite &= value.is_finite();
            row[at] = value;
        }
        is_finite
    }

    /// Writes a 1 at the place of each number; of one beyond the last none.
    fn write_one_hot(
        &self,
        indices: impl Iterator<Item = usize>,
        out: &mut [f32],
        at: usize,
        width: usize,
    ) -> bool {
        let own = self.own_width();
        for (index, row) in indices.zip(out.chunks_exact_mut(width)) {
            if index < own {
                row[at + index] = 1.0;
            }
        }
        true
    }

    /// The same for other tools, in the order of application. What they can't do in one of the steps
    /// they are given whole.
    pub(crate) fn export(&self) -> Vec<Primitive<'_>> {
        let fill = self.missing.as_ref().filter(|fill| !fill.drops()).map(Primitive::Fill);
        let encode = self.encode.as_ref().map(Encoded::export);
        let one_hot = self.encode.as_ref().filter(|encode| encode.is_one_hot());
        let one_hot = one_hot.map(|encode| Primitive::OneHot(encode.count()));
        let scale = self.scale.steps().iter().filter_map(Scaled::export);
        let has_fill = fill.is_some();
        let steps: Vec<_> = fill.into_iter().chain(encode).chain(one_hot).chain(scale).collect();
        let how = steps.iter().find_map(|step| match step {
            Primitive::Prepared { how, .. } => Some(how.clone()),
            Primitive::Opaque { how, .. } if has_fill => Some(how.clone()),
            _ => None,
        });
        let Some(mut how) = how else { return steps };
        if self.is_scaled() && !self.scales.is_empty() {
            how += ", scaled as the model file says";
        }
        if self.indicator {
            how += ", and after them 1 where the cell is missing, else 0";
        }
        vec![Primitive::Prepared { width: self.width(), how }]
    }
}

impl From<Before> for FittedColumn {
    fn from(mut before: Before) -> FittedColumn {
        let (encode, scale) = before.take_steps();
        let scales = before.take_scales();
        let Before { name, missing, missing_values, indicator, .. } = before;
        FittedColumn { name, encode, scale, scales, missing, missing_values, indicator }
    }
}
