//! The sums of versions whose files are of format 1.0 and 1.1: within the chunks in which the table
//! was read, and then over them. Their last digits differ from those of today; a training that was
//! begun with them is gone on with them.

use super::codes::Codes;
use super::layout::Slot;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::table::Table;
use crate::transforms::{Normal, Scaling};

/// How means and deviations are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sums {
    /// As `standard` does.
    Now,
    /// As it did.
    Before,
}

/// Puts those sums into the columns that are scaled by `standard`.
pub(super) fn refit(preprocessing: &mut Preprocessing, table: &Table, part: Part<'_>) {
    let Preprocessing { features, target, .. } = preprocessing;
    for (column, slot) in features.iter_mut().chain(target).zip(&table.slots) {
        let [Scaling::Standard(normal)] = column.scale.steps_mut() else { continue };
        let codes = match (&column.encode, slot) {
            (Some(encoding), Slot::Text(place)) => Codes::new(encoding, None, &table.texts[*place]),
            _ => Codes::default(),
        };
        let chunks: Vec<Vec<f64>> = table
            .with_starts()
            .into_iter()
            .map(|(start, chunk)| {
                let number = |row: &u32| match slot {
                    Slot::Number(place) => chunk.numbers[*place].at(*row as usize),
                    Slot::Text(place) => codes.number(chunk.codes[*place][*row as usize], 0),
                };
                part.rows(start, chunk.rows).iter().map(number).collect()
            })
            .collect();
        *normal = Normal::of_sums(&chunks);
    }
}
