//! Facts: what each column of numbers is like, for those who warn of it.

use rayon::prelude::*;

use super::columns::Plan;
use super::part::Part;
use super::preprocessing::{Preprocessing, Transform};
use super::scaling::Scaling;
use super::table::{Chunk, Slot, Table};
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
    /// How many rows.
    pub rows: usize,
}

/// What is gathered from one column.
#[derive(Clone, Copy)]
struct Gathered {
    rows: usize,
    low: f64,
    high: f64,
    first: f64,
    last: f64,
    is_whole: bool,
    rises: bool,
}

const NOTHING: Gathered = Gathered {
    rows: 0,
    low: f64::INFINITY,
    high: f64::NEG_INFINITY,
    first: f64::INFINITY,
    last: f64::NEG_INFINITY,
    is_whole: true,
    rises: true,
};

/// The facts of the columns of numbers among the features and the target.
pub(super) fn gather(
    plan: &Plan,
    preprocessing: &Preprocessing,
    table: &Table,
    part: Part<'_>,
) -> Vec<ColumnFacts> {
    let by_place = threads::within(|| {
        let chunks = table.with_starts().into_par_iter();
        let of_chunk = |(start, chunk): (usize, &Chunk)| {
            let mut all = vec![NOTHING; table.numbers];
            for row in part.rows(start, chunk.rows) {
                let start = row as usize * table.numbers;
                for (place, gathered) in all.iter_mut().enumerate() {
                    *gathered = gathered.and(chunk.numbers.at(start + place));
                }
            }
            all
        };
        let parts: Vec<Vec<Gathered>> = chunks.map(of_chunk).collect();
        parts.into_iter().reduce(|a, b| a.into_iter().zip(b).map(|(a, b)| a.then(b)).collect())
    });
    let by_place = by_place.unwrap_or_default();
    let columns = preprocessing.features.iter().chain(&preprocessing.target);
    let facts = columns.zip(&table.slots).enumerate().filter_map(|(index, (column, slot))| {
        let (Slot::Number(place), Transform::Number { scaling }) = (slot, &column.transform) else {
            return None;
        };
        let gathered = by_place.get(*place).filter(|gathered| gathered.rows > 0)?;
        Some(ColumnFacts {
            name: column.name.clone(),
            is_target: index >= plan.features.len(),
            is_scaled: *scaling != Scaling::None,
            range: (gathered.low, gathered.high),
            is_whole: gathered.is_whole,
            rises: gathered.rises,
            rows: gathered.rows,
        })
    });
    facts.collect()
}

impl Gathered {
    #[inline]
    fn and(self, value: f64) -> Gathered {
        Gathered {
            rows: self.rows + 1,
            low: self.low.min(value),
            high: self.high.max(value),
            first: if self.rows == 0 { value } else { self.first },
            last: value,
            is_whole: self.is_whole && value.fract() == 0.0,
            rises: self.rises && value > self.last,
        }
    }

    /// This part and the one after it.
    fn then(self, next: Gathered) -> Gathered {
        match (self.rows, next.rows) {
            (0, _) => next,
            (_, 0) => self,
            _ => Gathered {
                rows: self.rows + next.rows,
                low: self.low.min(next.low),
                high: self.high.max(next.high),
                first: self.first,
                last: next.last,
                is_whole: self.is_whole && next.is_whole,
                rises: self.rises && next.rises && next.first > self.last,
            },
        }
    }
}
