//! A picture in memory: the bytes of the pixels that its resized form is made of, so that nothing is
//! rounded and little is kept; where memory is short, the path of the file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::config::ImageConfig;
use super::decode::decode;
use super::format::file_bytes;
use super::resize::Resizer;
use crate::error::Problem;
use crate::limits::free_memory::free;

/// A picture, decoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredPicture {
    /// Of the picture in its file.
    pub height: usize,
    pub width: usize,
    /// A number of the file's bytes: other bytes give another.
    pub hash: u64,
    pixels: StoredPixels,
}

/// What is kept of a picture.
#[derive(Debug, Clone, PartialEq)]
enum StoredPixels {
    /// The pixels that are looked at where it is resized.
    Bytes(Box<[u8]>),
    /// The resized picture, where it is smaller than those.
    Resized(Box<[f32]>),
    /// Nothing: it is decoded whenever it is wanted.
    InFile(PathBuf),
}

/// How much is kept of all pictures together.
pub(crate) struct Keeping {
    most: u64,
    kept: AtomicU64,
}

impl Keeping {
    /// Half of the memory that is free.
    pub(crate) fn half_of_free() -> Keeping {
        Keeping::at_most(free().map_or(u64::MAX, |free| free / 2))
    }

    /// Everything.
    pub(crate) fn unlimited() -> Keeping {
        Keeping::at_most(u64::MAX)
    }

    /// So many bytes.
    pub(crate) fn at_most(most: u64) -> Keeping {
        Keeping { most, kept: AtomicU64::new(0) }
    }

    /// Whether so many bytes more are kept.
    fn takes(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let before = self.kept.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.most;
        if !fits {
            self.kept.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }
}

impl StoredPicture {
    /// Reads and decodes a file.
    pub(crate) fn read(
        path: &Path,
        config: &ImageConfig,
        keeping: &Keeping,
    ) -> Result<StoredPicture, Problem> {
        let bytes = file_bytes(path)?;
        let decoded = decode(&bytes, path, config.channels)?;
        let (height, width) = (decoded.height, decoded.width);
        let resizer = Resizer::new(config, height, width);
        let resized_bytes = config.elements() * size_of::<f32>();
        let picked = resizer.pick(&decoded.pixels, width);
        let pixels = if !keeping.takes(picked.len().min(resized_bytes)) {
            StoredPixels::InFile(path.to_path_buf())
        } else if picked.len() <= resized_bytes {
            StoredPixels::Bytes(picked.into_boxed_slice())
        } else {
            let mut resized = vec![0.0; config.elements()];
            resizer.write(&picked, &mut resized);
            StoredPixels::Resized(resized.into_boxed_slice())
        };
        Ok(StoredPicture { height, width, hash: hash(&bytes), pixels })
    }

    /// In place of a picture that can't be used.
    pub(crate) fn absent() -> StoredPicture {
        let pixels = StoredPixels::Resized(Box::default());
        StoredPicture { height: 0, width: 0, hash: 0, pixels }
    }

    /// Writes its numbers, row after row, the channels of a pixel one after the other; a problem where
    /// the file is no longer what it was.
    pub(crate) fn write(&self, config: &ImageConfig, out: &mut [f32]) -> Result<(), Problem> {
        match &self.pixels {
            StoredPixels::Bytes(pixels) => {
                Resizer::new(config, self.height, self.width).write(pixels, out);
                Ok(())
            }
            StoredPixels::Resized(numbers) if numbers.is_empty() => {
                out.fill(0.0);
                Ok(())
            }
            StoredPixels::Resized(numbers) => {
                out.copy_from_slice(numbers);
                Ok(())
            }
            StoredPixels::InFile(path) => {
                let again = StoredPicture::read(path, config, &Keeping::unlimited())?;
                if again.hash != self.hash {
                    let message = "the picture has changed since it was first read";
                    return Err(Problem::at("", format!("{}: {message}", path.display())));
                }
                again.write(config, out)
            }
        }
    }

    /// How many bytes are kept.
    pub(crate) fn bytes(&self) -> usize {
        match &self.pixels {
            StoredPixels::Bytes(pixels) => pixels.len(),
            StoredPixels::Resized(numbers) => size_of_val::<[f32]>(numbers),
            StoredPixels::InFile(_) => 0,
        }
    }

    /// Whether it is decoded whenever it is wanted.
    pub(crate) fn is_in_file(&self) -> bool {
        matches!(self.pixels, StoredPixels::InFile(_))
    }
}

/// A number of some bytes.
fn hash(bytes: &[u8]) -> u64 {
    farmhash::hash64(bytes)
}
