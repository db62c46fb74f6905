//! Collapse: columns whose numbers are no longer different once they are in 32 bits.

use super::columns::{ColumnPlan, Planned};
use super::facts::Extents;
use super::layout::Slot;
use super::numbers::Numbers;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::rules::written_name;
use super::table::Table;
use crate::config::ConfigError;
use crate::diagnostics::{Code, Diagnostic};

/// Whole numbers from here on aren't all different in 32 bits.
const ALL_DIFFERENT: f64 = (1u32 << 24) as f64;
/// Whole numbers above it aren't all different in 64 bits.
pub(super) const EXACT: f64 = (1u64 << 53) as f64;

/// An error for a column that isn't scaled and loses much of what tells its rows apart; a warning
/// for one that loses little.
pub(super) fn check(
    plan: &ColumnPlan,
    preprocessing: &Preprocessing,
    table: &Table,
    part: Part<'_>,
    extents: &Extents,
) -> Result<Vec<Diagnostic>, ConfigError> {
    let mut warnings = Vec::new();
    if table.chunks.iter().all(|chunk| chunk.numbers.iter().all(Numbers::are_exact_in_32_bits)) {
        return Ok(warnings);
    }
    let planned = plan.features.iter().chain(&plan.target);
    let columns = preprocessing.features.iter().chain(&preprocessing.target);
    for ((planned, column), slot) in planned.zip(columns).zip(&table.slots) {
        let Slot::Number(place) = slot else { continue };
        if !column.scale.is_none() || column.encode.is_some() {
            continue; // computed in 64 bits
        }
        let Some((different, left)) = counts(table, *place, part, extents) else { continue };
        let name = &planned.name;
        let message = format!(
            "column `{name}`: {different} different values become {left} when rounded to the 32 \
             bits that the model computes in"
        );
        let (_, low, high) = extents.range(*place);
        let remedy = remedy(planned, low.abs().max(high.abs()));
        // whole numbers are ids, counts or times: what they lose is what they are for
        if left * 100 < different * 99 {
            let error = ConfigError::at(&planned.path, message).with_code(Code::Column);
            return Err(error.with_help(remedy));
        }
        if left < different {
            warnings.push(Diagnostic::warning(Code::Precision, message).with_help(remedy));
        }
    }
    Ok(warnings)
}

fn remedy(planned: &Planned, largest: f64) -> String {
    if largest > EXACT {
        return "leave the column out where it only numbers the rows, or take ids as categories by \
                `encode`; else subtract a number from all of them: 64 bits lose digits above 2^53"
            .to_string();
    }
    let written = written_name(&planned.name);
    format!(
        "add `scale: standard`, which is computed in 64 bits: `{{column: {written}, scale: \
         standard}}`; or leave the column out, where it only numbers the rows"
    )
}

/// How many values are different, and how many are in 32 bits; None where that can't be few.
fn counts(
    table: &Table,
    place: usize,
    part: Part<'_>,
    extents: &Extents,
) -> Option<(usize, usize)> {
    let (count, low, high) = extents.range(place);
    let is_whole = extents.is_whole(place);
    let largest = low.abs().max(high.abs());
    let is_tiny = largest < f64::from(f32::MIN_POSITIVE);
    let is_exact = extents.is_exact(place) && !is_tiny;
    if is_exact || (is_whole && largest < ALL_DIFFERENT) {
        return None;
    }
    // as many as 32 bits could tell apart, were they evenly spread
    let steps = (high - low) / largest * ALL_DIFFERENT;
    if !is_whole && !is_tiny && steps > 16.0 * count as f64 {
        return None;
    }
    let mut wide = table.numbers_of(place, part);
    wide.sort_by(f64::total_cmp);
    wide.dedup();
    let different = wide.len();
    let mut narrow: Vec<f32> = wide.into_iter().map(narrowed).collect();
    narrow.dedup();
    let left = narrow.len();
    // numbers with decimals lose digits everywhere, and few of them what tells them apart
    (is_whole || left * 4 < different * 3).then_some((different, left))
}

/// A number in 32 bits, where threads that compute take what is too small for all of their digits
/// for 0.
fn narrowed(value: f64) -> f32 {
    let narrow = value as f32;
    if narrow.is_subnormal() { 0.0 } else { narrow }
}
