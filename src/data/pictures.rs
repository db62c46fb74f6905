//! Pictures: decoded once, kept as bytes, and resized where a batch is gathered.

use std::sync::Arc;

use rayon::prelude::*;

use super::samples::mix;
use crate::error::{Error, Result};
use crate::sections::ImageConfig;
use crate::threads;
use crate::transforms::StoredPicture;

/// The pictures of some samples.
///
/// What is kept of a picture are the bytes of the pixels that its resized form is made of: a quarter
/// of the memory of its numbers where it has the size already, as much at the most. Where all of them
/// would take more than half of the free memory, the others are decoded whenever they are gathered.
/// The numbers are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    config: Arc<ImageConfig>,
    each: Vec<Arc<StoredPicture>>,
}

impl Pictures {
    pub(super) fn new(config: &ImageConfig, each: Vec<StoredPicture>) -> Pictures {
        let each = each.into_iter().map(Arc::new).collect();
        Pictures { config: Arc::new(config.clone()), each }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.each.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Height, width, channels.
    pub fn shape(&self) -> [usize; 3] {
        self.config.shape()
    }

    /// Some of them, in this order.
    pub fn of_rows(&self, rows: impl IntoIterator<Item = usize>) -> Pictures {
        let each = rows.into_iter().map(|row| Arc::clone(&self.each[row])).collect();
        Pictures { config: Arc::clone(&self.config), each }
    }

    /// Writes the numbers of some of them, one after the other, side by side on all threads.
    pub fn gather(&self, rows: &[u64], out: &mut [f32]) -> Result<()> {
        let pairs = rows.par_iter().zip(out.par_chunks_mut(self.config.elements()));
        let write =
            |(row, out): (&u64, &mut [f32])| self.each[*row as usize].write(&self.config, out);
        threads::within(|| pairs.try_for_each(write)).map_err(|problem| {
            Error::data("", problem.message).with_help("train again: the data has changed")
        })
    }

    /// How many bytes are kept of them.
    pub fn bytes(&self) -> usize {
        self.each.iter().map(|picture| picture.bytes()).sum()
    }

    /// How many of them are decoded whenever they are gathered, for lack of memory.
    pub fn in_files(&self) -> usize {
        self.each.iter().filter(|picture| picture.is_in_file()).count()
    }

    /// The smallest and the largest height, and the same of the width, in their files.
    pub fn sizes(&self) -> [(usize, usize); 2] {
        let range = |of: fn(&StoredPicture) -> usize| {
            let sizes = self.each.iter().map(|picture| of(picture));
            (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0))
        };
        [range(|picture| picture.height), range(|picture| picture.width)]
    }

    /// A number for each: other bytes of its file give another.
    pub(super) fn hashes(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.each.iter().map(|picture| picture.hash)
    }

    /// Folds what they are into a hash.
    pub(super) fn fold(&self, hash: u64) -> u64 {
        self.hashes().fold(mix(hash, self.len() as u64), mix)
    }

    pub(super) fn append(&mut self, mut other: Pictures) {
        self.each.append(&mut other.each);
    }

    /// Takes those from `row` on away.
    pub(super) fn split_off(&mut self, row: usize) -> Pictures {
        Pictures { config: Arc::clone(&self.config), each: self.each.split_off(row) }
    }
}
