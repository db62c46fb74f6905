//! Facts: what each column of numbers is like, for those who warn of it.

use rayon::prelude::*;

use super::chunk::{Chunk, Numbers};
use super::columns::ColumnPlan;
use super::layout::Slot;
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

/// What is gathered from all columns of numbers, column beside column, so that a row is taken in
/// one vectorised loop. What is counted is counted in f64.
#[derive(Clone)]
struct Gathered {
    rows: usize,
    low: Vec<f64>,
    high: Vec<f64>,
    first: Vec<f64>,
    last: Vec<f64>,
    /// Values that are no whole numbers.
    fractions: Vec<f64>,
    /// Values that 32 bits don't hold.
    rounded: Vec<f64>,
    /// Values that aren't above the one before.
    falls: Vec<f64>,
}

/// What is gathered of the part to train on, by the places of the numbers in a row.
pub(super) struct Extents(Option<Gathered>);

impl Extents {
    /// One pass over the table.
    pub(super) fn of(table: &Table, part: Part<'_>) -> Extents {
        Extents(threads::within(|| {
            let of_chunk = |(start, chunk): (usize, &Chunk)| {
                let mut gathered = Gathered::new(table.numbers);
                let rows = part.rows(start, chunk.rows);
                match &chunk.numbers {
                    Numbers::Wide(values) => gathered.add(values, &rows, |value| value),
                    Numbers::Narrow(values) => gathered.add(values, &rows, f64::from),
                }
                gathered
            };
            let chunks = table.with_starts().into_par_iter();
            let parts: Vec<Gathered> = chunks.map(of_chunk).collect();
            parts.into_iter().reduce(Gathered::then)
        }))
    }

    /// True where 32 bits hold every number at this place of a row.
    pub(super) fn is_exact(&self, place: usize) -> bool {
        self.0.as_ref().is_none_or(|all| all.rounded[place] == 0.0)
    }

    /// True where every number at this place is a whole one.
    pub(super) fn is_whole(&self, place: usize) -> bool {
        self.0.as_ref().is_none_or(|all| all.fractions[place] == 0.0)
    }

    /// How many rows, the smallest and the largest number at this place.
    pub(super) fn range(&self, place: usize) -> (usize, f64, f64) {
        self.0.as_ref().map_or((0, 0.0, 0.0), |all| (all.rows, all.low[place], all.high[place]))
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
    let Some(all) = extents.0.as_ref().filter(|all| all.rows > 0) else { return Vec::new() };
    let columns = preprocessing.features.iter().chain(&preprocessing.target);
    let facts = columns.zip(&table.slots).enumerate().filter_map(|(index, (column, slot))| {
        let Slot::Number(place) = slot else { return None };
        let is_whole = all.fractions[*place] == 0.0;
        let range = (all.low[*place], all.high[*place]);
        Some(ColumnFacts {
            is_numbering: is_whole && is_numbering(table, part, *place, range, all.rows),
            name: column.name.clone(),
            is_target: index >= plan.features.len(),
            is_scaled: !column.scale.is_none(),
            range,
            is_whole,
            rises: all.falls[*place] == 0.0,
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
    table.with_starts().into_iter().all(|(start, chunk)| {
        part.rows(start, chunk.rows).into_iter().all(|row| {
            let value = chunk.numbers.at(row as usize * table.numbers + place);
            !std::mem::replace(&mut met[(value - low) as usize], true)
        })
    })
}

impl Gathered {
    fn new(columns: usize) -> Gathered {
        Gathered {
            rows: 0,
            low: vec![f64::INFINITY; columns],
            high: vec![f64::NEG_INFINITY; columns],
            first: vec![f64::NEG_INFINITY; columns],
            last: vec![f64::NEG_INFINITY; columns],
            fractions: vec![0.0; columns],
            rounded: vec![0.0; columns],
            falls: vec![0.0; columns],
        }
    }

    fn add<T: Copy>(&mut self, values: &[T], rows: &[u32], wide: impl Fn(T) -> f64 + Copy) {
        let columns = self.low.len();
        self.rows = rows.len();
        if let Some(row) = rows.first() {
            let first = &values[*row as usize * columns..][..columns];
            self.first.iter_mut().zip(first).for_each(|(to, value)| *to = wide(*value));
        }
        let Gathered { low, high, last, fractions, rounded, falls, .. } = self;
        let (low, high, last) = (&mut low[..], &mut high[..], &mut last[..]);
        let (fractions, rounded, falls) = (&mut fractions[..], &mut rounded[..], &mut falls[..]);
        vectorize(move || {
            let (low, high, last) =
                (&mut low[..columns], &mut high[..columns], &mut last[..columns]);
            let (fractions, rounded, falls) =
                (&mut fractions[..columns], &mut rounded[..columns], &mut falls[..columns]);
            let count = |is_so: bool| if is_so { 1.0 } else { 0.0 };
            for row in rows {
                let row = &values[*row as usize * columns..][..columns];
                for i in 0..columns {
                    let value = wide(row[i]);
                    low[i] = if value < low[i] { value } else { low[i] };
                    high[i] = if value > high[i] { value } else { high[i] };
                    fractions[i] += count((value - value.trunc()).abs() > 0.0); // none where it is missing
                    rounded[i] += count((f64::from(value as f32) - value).abs() > 0.0);
                    falls[i] += count(value <= last[i]);
                    last[i] = value;
                }
            }
        });
    }

    /// This part and the one after it.
    fn then(mut self, next: Gathered) -> Gathered {
        match (self.rows, next.rows) {
            (0, _) => next,
            (_, 0) => self,
            _ => {
                for i in 0..self.low.len() {
                    self.low[i] = self.low[i].min(next.low[i]);
                    self.high[i] = self.high[i].max(next.high[i]);
                    self.fractions[i] += next.fractions[i];
                    self.rounded[i] += next.rounded[i];
                    let falls = if next.first[i] <= self.last[i] { 1.0 } else { 0.0 };
                    self.falls[i] += next.falls[i] + falls;
                    self.last[i] = next.last[i];
                }
                self.rows += next.rows;
                self
            }
        }
    }
}
