//! Pictures: decoded once, kept as bytes, and resized where a batch is gathered.

use std::sync::Arc;

use rayon::prelude::*;

use super::ahead::Ahead;
use super::samples::mix;
use crate::error::{Error, Problem, Result};
use crate::sections::ImageConfig;
use crate::threads;
use crate::transforms::StoredPicture;

/// The pictures of some samples.
///
/// What is kept of a picture are the bytes of the pixels that its resized form is made of: a quarter
/// of the memory of its numbers where it has the size already, as much at the most. Where all of them
/// would take more than half of the free memory, the others are decoded whenever they are gathered:
/// in a training ahead of their step. The numbers are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    config: Arc<ImageConfig>,
    each: Vec<Arc<StoredPicture>>,
    ahead: Arc<Ahead>,
}

impl Pictures {
    pub(super) fn new(config: &ImageConfig, each: Vec<StoredPicture>) -> Pictures {
        let each = each.into_iter().map(Arc::new).collect();
        Pictures { config: Arc::new(config.clone()), each, ahead: Arc::default() }
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
        Pictures { config: Arc::clone(&self.config), each, ahead: Arc::default() }
    }

    /// Begins to decode what will be gathered after the next step, where it must be decoded then. On one
    /// of the threads that compute.
    pub(super) fn expect(&self, rows: &[u64]) {
        let in_file = |row: &u64| self.each[*row as usize].is_in_file();
        if !rows.iter().any(in_file) {
            return;
        }
        let own = Pictures { ahead: Arc::default(), ..self.clone() };
        self.ahead.begin(rows, move |rows| {
            let mut numbers = vec![0.0; rows.len() * own.config.elements()];
            own.write(rows, &mut numbers).map(|()| numbers)
        });
    }

    /// Writes the numbers of some of them, one after the other, side by side on all threads.
    pub fn gather(&self, rows: &[u64], out: &mut [f32]) -> Result<()> {
        let written = match self.ahead.take(rows) {
            Some(numbers) => numbers.map(|numbers| out.copy_from_slice(&numbers)),
            None => self.write(rows, out),
        };
        written.map_err(|problem| {
            Error::data("", problem.message).with_help("train again: the data has changed")
        })
    }

    fn write(&self, rows: &[u64], out: &mut [f32]) -> Result<(), Problem> {
        let pairs = rows.par_iter().zip(out.par_chunks_mut(self.config.elements()));
        let write =
            |(row, out): (&u64, &mut [f32])| self.each[*row as usize].write(&self.config, out);
        threads::within(|| pairs.try_for_each(write))
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
        let each = self.each.split_off(row);
        Pictures { config: Arc::clone(&self.config), each, ahead: Arc::default() }
    }
}

#[cfg(feature = "images")]
#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::transforms::Keeping;

    #[test]
    fn pictures_in_memory_and_in_their_files_are_the_same_also_ahead_of_their_step() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/pictures");
        let config = ImageConfig::new(5, 4);
        let read = |keeping: &Keeping| {
            let names = ["rgb.png", "color.jpg", "palette.png", "lossless.webp"];
            let read = |name| StoredPicture::read(&folder.join(name), &config, keeping).unwrap();
            Pictures::new(&config, names.map(read).into())
        };
        let (kept, in_files) = (read(&Keeping::unlimited()), read(&Keeping::at_most(0)));
        assert_eq!((kept.in_files(), in_files.in_files(), in_files.bytes()), (0, 4, 0));
        assert!(kept.bytes() > 0 && kept.bytes() <= 4 * 4 * 60);
        assert_eq!(kept.fold(7), in_files.fold(7));
        let gathered = |pictures: &Pictures, rows: &[u64]| {
            let mut out = vec![0.0; rows.len() * 60];
            pictures.gather(rows, &mut out).unwrap();
            out
        };
        threads::within(|| {
            in_files.expect(&[3, 1]);
            in_files.expect(&[0, 2]);
            for rows in [[3, 1], [0, 2], [2, 3]] {
                assert_eq!(gathered(&in_files, &rows), gathered(&kept, &rows));
            }
        });
    }
}
