//! Suspects: numbers that may not be meant as they stand: marks of missing values, points between
//! thousands, a total in the last row, digits that 64 bits lose, and the target among the features.

use rayon::prelude::*;

use super::chunk::Chunk;
use super::collapse::EXACT;
use super::columns::{ColumnPlan, Planned};
use super::facts::Extents;
use super::layout::Slot;
use super::records::{Record, Records};
use super::source::Source;
use super::table::Table;
use crate::diagnostics::{Code, Diagnostic};
use crate::threads;

/// Fewer rows say little of a column.
const FEW_ROWS: usize = 10;
/// So many rows are looked at as texts.
const READ_ROWS: usize = 1000;
/// So many numbers are looked at to know what is usual in each column.
const SAMPLE: usize = 1 << 18;

/// Warnings about numbers of the table.
pub(super) fn check(
    plan: &ColumnPlan,
    table: &Table,
    extents: &Extents,
    source: &dyn Source,
) -> Vec<Diagnostic> {
    if table.rows() < FEW_ROWS {
        return Vec::new();
    }
    let all = plan.features.iter().chain(&plan.target).zip(&table.slots);
    let columns: Vec<Suspect<'_>> = all
        .filter_map(|(planned, slot)| match slot {
            Slot::Number(place) => Some(Suspect { planned, place: *place, table }),
            Slot::Text(_) => None,
        })
        .collect();
    let mut warnings = Vec::new();
    let (mut totals, mut texts) = (Vec::new(), Vec::new());
    let samples = samples(table);
    for column in &columns {
        let sample = &samples[column.place];
        warnings.extend(column.mark(sample));
        totals.extend(column.total(extents));
        if column.loses_digits(extents) || may_be_thousands(sample) {
            texts.push(column);
        }
    }
    if !texts.is_empty() {
        let cells = first_cells(&texts, source);
        for (column, cells) in texts.iter().zip(&cells) {
            warnings.extend(column.digits(cells));
            warnings.extend(column.thousands(cells));
        }
    }
    if let Some(total) = total_row(&totals) {
        warnings.push(total.at(source.at(table.place_of(table.rows() - 1))));
    }
    warnings.extend(the_target_itself(plan, &columns));
    warnings
}

/// A column of numbers.
struct Suspect<'a> {
    planned: &'a Planned,
    place: usize,
    table: &'a Table,
}

/// A number in the last row that is above all others, and what those are.
struct Total<'a> {
    name: &'a str,
    value: f64,
    is_sum: bool,
    others: (f64, f64),
}

impl<'a> Suspect<'a> {
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.table.numbers(self.place)
    }

    /// A number apart from all others that is met again and again: -999.
    fn mark(&self, sample: &[f64]) -> Option<Diagnostic> {
        let (first, last) = range_of(sample, |_| true)?;
        let (mark, (low, high)) = [first, last]
            .into_iter()
            .find_map(|mark| Some((mark, others_of_mark(mark, sample)?)))?;
        let name = &self.planned.name;
        let count = self.values().filter(|value| *value == mark).count();
        let message = format!(
            "column `{name}`: {mark} stands in {count} of {} rows, apart from all other values, \
             which go from {} to {}",
            self.table.rows(),
            low,
            high
        );
        let help = format!(
            "if it marks a missing value, say so in the column's rule, `missing_values: [{mark}], \
             missing: median`; or for all columns, `data.missing_values: [{mark}]`"
        );
        Some(Diagnostic::warning(Code::MissingMark, message).with_help(help))
    }

    /// The last number, where it is the sum of the others or far above them.
    fn total(&self, extents: &Extents) -> Option<Total<'a>> {
        let (last, rows) = (self.last()?, self.table.rows());
        let (_, low, high) = extents.range(self.place);
        if last < high || last <= 0.0 || low == high {
            return None; // as nearly everywhere, without a look at the column
        }
        let mut others = (f64::INFINITY, f64::NEG_INFINITY);
        let mut sum = 0.0;
        for value in self.values().take(rows - 1) {
            others = (others.0.min(value), others.1.max(value));
            sum += value;
        }
        let range = others.1 - others.0;
        let is_sum = (last - sum).abs() <= 1e-6 * last && last > 2.0 * others.1 && range > 0.0;
        let is_far = range > 0.0 && last - others.1 > 10.0 * range.max(others.1.abs());
        let name = self.planned.name.as_str();
        (is_sum || is_far).then_some(Total { name, value: last, is_sum, others })
    }

    fn last(&self) -> Option<f64> {
        let chunk = self.table.chunks.iter().rev().find(|chunk| chunk.rows > 0)?;
        Some(chunk.numbers[self.place].at(chunk.rows - 1))
    }

    fn loses_digits(&self, extents: &Extents) -> bool {
        let (_, low, high) = extents.range(self.place);
        extents.is_whole(self.place) && low.abs().max(high.abs()) >= EXACT
    }

    /// A whole number whose last digits are lost.
    fn digits(&self, cells: &[String]) -> Option<Diagnostic> {
        let lost = |cell: &&String| {
            let whole = cell.parse::<i128>().ok();
            whole.is_some_and(|whole| whole as f64 as i128 != whole)
        };
        let cell = cells.iter().find(lost)?;
        let name = &self.planned.name;
        let message = format!(
            "column `{name}`: whole numbers above 2^53 lose their last digits: `{cell}` is read as {}",
            cell.parse::<f64>().ok()? as i128
        );
        let help = "if they are ids, leave the column out, or take them as categories by `encode`; \
                    else subtract a number from all of them";
        Some(Diagnostic::warning(Code::Precision, message).with_help(help))
    }

    /// Numbers with a point before each last three digits.
    fn thousands(&self, cells: &[String]) -> Option<Diagnostic> {
        let with_point = cells.iter().filter(|cell| cell.contains('.')).count();
        if !cells.iter().all(|cell| is_grouped(cell)) || with_point * 2 < cells.len() {
            return None;
        }
        let name = &self.planned.name;
        let cell = cells.iter().find(|cell| cell.contains('.'))?;
        let message = format!(
            "column `{name}`: every number has three digits behind the point, as in `{cell}`: are \
             these thousands?"
        );
        let help = format!(
            "a point is always the decimal point: if it stands between thousands, write `{}`",
            cell.replace('.', "")
        );
        Some(Diagnostic::warning(Code::Thousands, message).with_help(help))
    }
}

/// Some values of each column, evenly over the table.
fn samples(table: &Table) -> Vec<Vec<f64>> {
    let width = table.chunks.first().map_or(0, |chunk| chunk.numbers.len());
    let step = table.rows().div_ceil((SAMPLE / width.max(1)).clamp(256, 4096)).max(1);
    let rows_of = |(start, chunk): (usize, &'_ Chunk)| -> Vec<u32> {
        let rows = (start.next_multiple_of(step)..start + chunk.rows).step_by(step);
        rows.map(|row| (row - start) as u32).collect()
    };
    let chunks = table.with_starts();
    let rows: Vec<Vec<u32>> = chunks.iter().copied().map(rows_of).collect();
    let of_column = |place: usize| {
        let mut sample = Vec::new();
        for ((_, chunk), rows) in chunks.iter().zip(&rows) {
            chunk.numbers[place].append(rows, &mut sample);
        }
        sample
    };
    threads::within(|| (0..width).into_par_iter().map(of_column).collect())
}

/// The smallest and the largest of some values; None where there are none.
fn range_of(values: &[f64], is_one: impl Fn(f64) -> bool) -> Option<(f64, f64)> {
    let mut range = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.iter().copied().filter(|value| is_one(*value)) {
        range = (range.0.min(value), range.1.max(value));
    }
    (range.0 <= range.1).then_some(range)
}

/// The range of the other numbers, where a number seems to mark a missing value among them.
fn others_of_mark(mark: f64, sample: &[f64]) -> Option<(f64, f64)> {
    let (low, high) = range_of(sample, |value| value != mark)?;
    let count = sample.iter().filter(|value| **value == mark).count();
    if count < 2 || low == high {
        return None;
    }
    let (gap, range) = (if mark < low { low - mark } else { mark - high }, high - low);
    let nines = mark.abs();
    let is_nines = (1..=12).any(|digits| nines == 10f64.powi(digits) - 1.0);
    if is_nines && ((mark < 0.0 && low >= 0.0) || (nines > 9.0 && gap > range)) {
        return Some((low, high));
    }
    if gap <= 10.0 * range || count < 3 || count * 100 < sample.len() {
        return None; // as nearly everywhere, without counting the others
    }
    let mut different: Vec<f64> = sample.iter().copied().filter(|value| *value != mark).collect();
    different.sort_unstable_by(f64::total_cmp);
    different.dedup();
    (different.len() > 4).then_some((low, high))
}

/// True where each number could be thousands with a point: from 1 to 999.999, three decimals.
fn may_be_thousands(sample: &[f64]) -> bool {
    let is_so = |value: &f64| {
        let thousands = value * 1000.0;
        (1.0..1000.0).contains(&value.abs())
            && (thousands - thousands.round()).abs() < 1e-6 * thousands.abs()
    };
    sample.iter().all(is_so) && sample.iter().any(|value| value.fract() != 0.0)
}

/// `1.000`, `-20.500`, or `7`.
fn is_grouped(cell: &str) -> bool {
    let (whole, decimals) = match cell.split_once('.') {
        Some((whole, decimals)) => (whole, decimals),
        None => (cell, "000"),
    };
    let whole = whole.trim_start_matches(['+', '-']);
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
        && are_digits(whole)
        && decimals.len() == 3
        && are_digits(decimals)
}

/// The first cells of some columns, without blanks around them.
fn first_cells(columns: &[&Suspect<'_>], source: &dyn Source) -> Vec<Vec<String>> {
    let beginning = source.beginning();
    let mut records = Records::new(&beginning.text, beginning.body, &source.header().dialect);
    let mut record = Record::default();
    let mut cells = vec![Vec::new(); columns.len()];
    for _ in 0..READ_ROWS {
        let is_read = matches!(records.next(&mut record), Ok(true));
        if !is_read || (record.end == beginning.text.len() && !beginning.is_whole) {
            break;
        }
        for (column, cells) in columns.iter().zip(&mut cells) {
            cells
                .extend(record.cells.get(column.planned.index).map(|cell| cell.trim().to_string()));
        }
    }
    cells
}

fn total_row(totals: &[Total<'_>]) -> Option<Diagnostic> {
    let total = totals.iter().find(|total| total.is_sum).or(totals.first())?;
    let Total { name, value, is_sum, others: (low, high) } = total;
    let message = if *is_sum {
        format!("the last row seems to be a total: its `{name}`, {value}, is the sum of all others")
    } else {
        format!(
            "the last row may be a total: its `{name}` is {value}, and all others go from {low} to {high}"
        )
    };
    let help = "if so, remove the row";
    Some(Diagnostic::warning(Code::TotalRow, message).with_help(help))
}

/// A feature that has the number of the target in each row.
fn the_target_itself(plan: &ColumnPlan, columns: &[Suspect<'_>]) -> Option<Diagnostic> {
    let of = |column: &&Suspect<'_>| plan.target.iter().any(|t| t.index == column.planned.index);
    let target = columns.iter().find(of)?;
    let same = columns.iter().filter(|column| !of(column)).find(|column| {
        column.values().eq(target.values()) && column.values().any(|v| Some(v) != column.last())
    })?;
    let (name, target) = (&same.planned.name, &target.planned.name);
    let message = format!("column `{name}` is the target `{target}` itself, row for row");
    let help = "leave it out: the model would only copy it";
    Some(Diagnostic::warning(Code::Leak, message).with_help(help))
}
