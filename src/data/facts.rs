//! Facts: what each column of numbers is like, for those who warn of it.

use rayon::prelude::*;

use super::chunk::Chunk;
use super::columns::ColumnPlan;
use super::layout::Slot;
use super::numbers::Numbers;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::table::Table;
use crate::numeric::simd::vectorize;
use crate::threads;

/// What a column of numbers is like in the part to train on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Whether it is the target's.
    pub is_target: bool,
    /// Whether it is scaled.
    pub is_scaled: bool,
    /// The smallest and the largest value.
    pub range: (f64, f64),
    /// Whether each value is a whole number.
    pub is_whole: bool,
    /// Whether each row's value is above that of the row before it.
    pub rises: bool,
    /// Whether the values number the rows in any order: all different whole numbers, and few left
    /// out.
    pub is_numbering: bool,
    /// How many rows.
    pub rows: usize,
}

/// What is gathered of a column of numbers. What is counted is counted in f64.
#[derive(Clone)]
struct Gathered {
    rows: usize,
    low: f64,
    high: f64,
    first: f64,
    last: f64,
    /// Values that are no whole numbers.
    fractions: f64,
    /// Values that 32 bits don't hold.
    rounded: f64,
    /// Values that aren't above the one before.
    falls: f64,
}

/// Values that are looked at side by side, in one vectorised loop.
const LANES: usize = 8;

/// What is gathered of the part to train on, by the places of the numbers in a row.
pub(super) struct Extents(Vec<Gathered>);

impl Extents {
    /// One pass over the table.
    pub(super) fn of(table: &Table, part: Part<'_>) -> Extents {
        Extents(threads::within(|| {
            let of_chunk = |(start, chunk): (usize, &Chunk)| -> Vec<Gathered> {
                let rows = part.rows(start, chunk.rows);
                let mut values = vec![0.0; rows.len()];
                let of_column = |numbers: &Numbers| {
                    numbers.read(&rows, &mut values);
                    vectorize(|| Gathered::of(&values))
                };
                chunk.numbers.iter().map(of_column).collect()
            };
            let chunks = table.with_starts().into_par_iter();
            let parts: Vec<Vec<Gathered>> = chunks.map(of_chunk).collect();
            let then = |all: Vec<Gathered>, next: Vec<Gathered>| {
                all.into_iter().zip(next).map(|(all, next)| all.then(next)).collect()
            };
            parts.into_iter().reduce(then).unwrap_or_default()
        }))
    }

    /// True where 32 bits hold every number at this place of a row.
    pub(super) fn is_exact(&self, place: usize) -> bool {
        self.0.get(place).is_none_or(|all| all.rounded == 0.0)
    }

    /// True where every number at this place is a whole one.
    pub(super) fn is_whole(&self, place: usize) -> bool {
        self.0.get(place).is_none_or(|all| all.fractions == 0.0)
    }

    /// How many rows, the smallest and the largest number at this place.
    pub(super) fn range(&self, place: usize) -> (usize, f64, f64) {
        self.0.get(place).map_or((0, 0.0, 0.0), |all| (all.rows, all.low, all.high))
    }
}

/// The facts of the columns of numbers among the features and the target.
pub(super) fn gather(
    plan: &ColumnPlan,
    preprocessing: &Preprocessing,
    table: &Table,
    part: Part<'_>,
    extents: &Extents,
) -> Vec<ColumnFacts> {
    let columns = preprocessing.features.iter().chain(&preprocessing.target);
    let facts = columns.zip(&table.slots).enumerate().filter_map(|(index, (column, slot))| {
        let Slot::Number(place) = slot else { return None };
        let all = extents.0.get(*place).filter(|all| all.rows > 0)?;
        let is_whole = all.fractions == 0.0;
        let range = (all.low, all.high);
        Some(ColumnFacts {
            is_numbering: is_whole && is_numbering(table, part, *place, range, all.rows),
            name: column.name.clone(),
            is_target: index >= plan.features.len(),
            is_scaled: !column.scale.is_none(),
            range,
            is_whole,
            rises: all.falls == 0.0,
            rows: all.rows,
        })
    });
    facts.collect()
}

/// Whether so many whole numbers are all different, and cover at least half of their range.
fn is_numbering(
    table: &Table,
    part: Part<'_>,
    place: usize,
    (low, high): (f64, f64),
    rows: usize,
) -> bool {
    let span = high - low + 1.0;
    if span < rows as f64 || span > 2.0 * rows as f64 {
        return false;
    }
    let mut met = vec![false; span as usize];
    let values = table.numbers_of(place, part);
    values.iter().all(|value| !std::mem::replace(&mut met[(value - low) as usize], true))
}

impl Gathered {
    /// Of some values, in their order.
    #[inline(always)]
    fn of(values: &[f64]) -> Gathered {
        let mut lanes = Lanes::default();
        let (groups, rest) = values.as_chunks::<LANES>();
        groups.iter().for_each(|group| lanes.add(group));
        let mut padded = [f64::NAN; LANES]; // which is neither below nor above, nor counted
        padded[..rest.len()].copy_from_slice(rest);
        lanes.add(&padded);
        let (before, after) = (values, values.get(1..).unwrap_or_default());
        let count = |is_so: bool| if is_so { 1.0 } else { 0.0 };
        let mut falls = [0.0; LANES];
        for (before, after) in before.chunks(LANES).zip(after.chunks(LANES)) {
            let pairs = before.iter().zip(after);
            falls.iter_mut().zip(pairs).for_each(|(to, (a, b))| *to += count(b <= a));
        }
        Gathered {
            rows: values.len(),
            low: lanes.low.into_iter().fold(f64::INFINITY, f64::min),
            high: lanes.high.into_iter().fold(f64::NEG_INFINITY, f64::max),
            first: values.first().copied().unwrap_or(f64::NEG_INFINITY),
            last: values.last().copied().unwrap_or(f64::NEG_INFINITY),
            fractions: lanes.fractions.iter().sum(),
            rounded: lanes.rounded.iter().sum(),
            falls: falls.iter().sum(),
        }
    }

    /// This part and the one after it.
    fn then(mut self, next: Gathered) -> Gathered {
        match (self.rows, next.rows) {
            (0, _) => next,
            (_, 0) => self,
            _ => {
                self.low = self.low.min(next.low);
                self.high = self.high.max(next.high);
                self.fractions += next.fractions;
                self.rounded += next.rounded;
                let falls = if next.first <= self.last { 1.0 } else { 0.0 };
                self.falls += next.falls + falls;
                self.last = next.last;
                self.rows += next.rows;
                self
            }
        }
    }
}

/// What is gathered of each eighth value.
struct Lanes {
    low: [f64; LANES],
    high: [f64; LANES],
    fractions: [f64; LANES],
    rounded: [f64; LANES],
}

impl Default for Lanes {
    fn default() -> Self {
        let (low, high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        Lanes { low, high, fractions: [0.0; LANES], rounded: [0.0; LANES] }
    }
}

impl Lanes {
    #[inline(always)]
    fn add(&mut self, values: &[f64; LANES]) {
        let count = |is_so: bool| if is_so { 1.0 } else { 0.0 };
        for (i, &value) in values.iter().enumerate() {
            self.low[i] = if value < self.low[i] { value } else { self.low[i] };
            self.high[i] = if value > self.high[i] { value } else { self.high[i] };
            self.fractions[i] += count((value - value.trunc()).abs() > 0.0); // none where it is missing
            self.rounded[i] += count((f64::from(value as f32) - value).abs() > 0.0);
        }
    }
}
