//! Arrow's columns as columns of a chunk, all of their cells at once.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, UInt8Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::arrow_cells::cells_of;
use super::cells::{CellValue, code_of, number_of};
use crate::data::dictionary::Dictionary;
use crate::data::layout::{Layout, Wanted};
use crate::data::numbers::Numbers;

/// The numbers of a column; None where a cell can't be used.
pub(super) fn numbers(column: &ArrayRef, step: &Wanted, layout: &Layout<'_>) -> Option<Numbers> {
    let has = |number: f64| number.abs() <= step.limit && !layout.is_mark(step, number);
    let has_nulls = column.null_count() > 0;
    match column.data_type() {
        DataType::UInt8 if !has_nulls => {
            let values = column.as_primitive::<UInt8Type>().values();
            let are_right = values.iter().all(|value| has(f64::from(*value)));
            return are_right.then(|| Numbers::Bytes(values.to_vec()));
        }
        DataType::Float32 if !has_nulls => {
            let values = column.as_primitive::<Float32Type>().values();
            if values.iter().all(|value| has(f64::from(*value))) {
                return Some(Numbers::of_narrow(values));
            }
        }
        DataType::Float64 if !has_nulls => {
            let values = column.as_primitive::<Float64Type>().values();
            if values.iter().all(|value| has(*value)) {
                return Some(Numbers::of(values));
            }
        }
        _ => {}
    }
    let cells = cells_of(column, None)?;
    let numbers = (0..column.len()).map(|row| number_of(&cells(row), step, layout).ok());
    Some(Numbers::of(&numbers.collect::<Option<Vec<f64>>>()?))
}

/// The codes of a column of texts; None where a cell can't be used.
pub(super) fn codes(
    column: &ArrayRef,
    step: &Wanted,
    layout: &Layout<'_>,
    texts: &mut Dictionary,
) -> Option<Vec<u32>> {
    let Some(dictionary) = column.as_any_dictionary_opt().filter(|all| !all.values().is_empty())
    else {
        let cells = cells_of(column, step.separator.as_deref())?;
        let codes = (0..column.len()).map(|row| code_of(&cells(row), step, layout, texts).ok());
        return codes.collect();
    };
    // each text is looked up once
    let (values, keys) = (cells_of(dictionary.values(), None)?, dictionary.normalized_keys());
    let mut known: Vec<Option<u32>> = vec![None; dictionary.values().len()];
    let code = |(row, key): (usize, usize)| {
        if dictionary.keys().is_null(row) {
            return code_of(&CellValue::Missing, step, layout, texts).ok();
        }
        if known[key].is_none() {
            known[key] = code_of(&values(key), step, layout, texts).ok();
        }
        known[key]
    };
    keys.into_iter().enumerate().map(code).collect()
}
