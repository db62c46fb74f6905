//! What each column that a configuration uses is like, and what becomes of it.

use std::ops::Range;

use serde::Serialize;

use super::dataset::Dataset;
use super::layout::Slot;
use super::pictures::Pictures;
use super::preprocessing::Preprocessing;
use super::raw_cells::RawCells;
use crate::transforms::Encoded;

/// What a column is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnUse {
    /// An input of the model.
    Feature,
    /// What is predicted.
    Target,
    /// How much a row counts.
    Weight,
}

/// What a column that is used is like, over all rows of the table to train on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnInUse {
    /// Its name.
    pub name: String,
    /// What it is used as.
    #[serde(rename = "use")]
    pub used_as: ColumnUse,
    /// How many cells are missing.
    pub missing: usize,
    /// The smallest and the largest number; none for categories, and where all are missing.
    pub range: Option<(f64, f64)>,
    /// Whether all numbers are whole.
    pub is_whole: bool,
    /// The categories and how many rows have each, in the order in which they are first met; empty for
    /// numbers.
    pub categories: Vec<(String, usize)>,
    /// The model's inputs, or the numbers of the target, that it becomes.
    pub becomes: Vec<String>,
    /// Of pictures: how many there are to train on, and their sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures: Option<PicturesInUse>,
    /// The smallest and the largest of those numbers in the rows to train on.
    pub seen: Option<(f32, f32)>,
}

/// What the pictures of a column are like, over the rows to train on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PicturesInUse {
    /// How many.
    pub count: usize,
    /// The smallest and the largest height in their files.
    pub heights: (usize, usize),
    /// The smallest and the largest width.
    pub widths: (usize, usize),
    /// Height, width and channels of what each becomes.
    pub shape: [usize; 3],
    /// How much memory they take.
    pub memory_bytes: usize,
}

impl From<&Pictures> for PicturesInUse {
    fn from(pictures: &Pictures) -> PicturesInUse {
        let [heights, widths] = pictures.sizes();
        let (count, shape, memory_bytes) = (pictures.len(), pictures.shape(), pictures.bytes());
        PicturesInUse { count, heights, widths, shape, memory_bytes }
    }
}

/// The columns of a table that are used: features, target, weight.
pub fn columns_in_use(
    cells: &RawCells,
    preprocessing: &Preprocessing,
    train: &Dataset,
) -> Vec<ColumnInUse> {
    let mut slots = cells.table.slots.iter().copied();
    let mut columns = Vec::new();
    let (x, y) = (&train.x, &train.y);
    for (used_as, fitted, values, width) in [
        (ColumnUse::Feature, &preprocessing.features, &x.values, x.width),
        (ColumnUse::Target, &preprocessing.target, &y.values, y.width()),
    ] {
        let mut at = 0;
        for (column, slot) in fitted.iter().zip(slots.by_ref().take(fitted.len())) {
            let becomes = column.output_names();
            let width_of_column = if width == fitted.len() { 1 } else { becomes.len() };
            let seen = extent(values, width, at..at + width_of_column);
            at += width_of_column;
            let in_use = of_slot(cells, &column.name, used_as, slot, becomes);
            columns.push(ColumnInUse { seen, ..in_use });
            if column.encode.as_ref().is_some_and(|encode| encode.image().is_some())
                && let (Some(of_pictures), Some(pictures)) = (columns.last_mut(), &x.pictures)
            {
                of_pictures.categories.clear(); // each is a path
                of_pictures.becomes = vec![column.name.clone()];
                of_pictures.pictures = Some(pictures.into());
            }
        }
    }
    if let (Some(name), Some(slot)) = (&preprocessing.sample_weight, slots.next()) {
        columns.push(of_slot(cells, name, ColumnUse::Weight, slot, Vec::new()));
    }
    columns
}

/// The smallest and the largest number in some columns of rows of a width.
fn extent(values: &[f32], width: usize, columns: Range<usize>) -> Option<(f32, f32)> {
    let rows = values.chunks_exact(width.max(1)).filter_map(|row| row.get(columns.clone()));
    rows.flatten().fold(None, |extent, value| {
        let (low, high) = extent.unwrap_or((*value, *value));
        Some((value.min(low), value.max(high)))
    })
}

fn of_slot(
    cells: &RawCells,
    name: &str,
    used_as: ColumnUse,
    slot: Slot,
    becomes: Vec<String>,
) -> ColumnInUse {
    let table = &cells.table;
    let mut column = ColumnInUse {
        name: name.to_string(),
        used_as,
        missing: 0,
        range: None,
        is_whole: true,
        categories: Vec::new(),
        becomes,
        pictures: None,
        seen: None,
    };
    match slot {
        Slot::Text(place) => {
            column.categories =
                table.texts[place].iter().map(|text| (text.to_string(), 0)).collect();
            for code in table.codes(place) {
                match column.categories.get_mut(code as usize) {
                    Some((_, count)) => *count += 1,
                    _ => column.missing += 1,
                }
            }
        }
        Slot::Number(place) => {
            for number in table.numbers(place) {
                if number.is_nan() {
                    column.missing += 1;
                    continue;
                }
                column.is_whole &= number.fract() == 0.0;
                let (low, high) = column.range.unwrap_or((number, number));
                column.range = Some((low.min(number), high.max(number)));
            }
        }
    }
    column
}
