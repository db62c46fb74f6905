//! Pictures as a model sees them: `config` (the arguments), `decode` (a file's pixels), `resize`
//! (another size, another range), `stored` (a picture in memory).

pub(super) mod config;
#[cfg(feature = "images")]
mod decode;
#[cfg(not(feature = "images"))]
#[path = "no_decode.rs"]
mod decode;
mod format;
mod resize;
mod stored;

use std::path::Path;

use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use crate::error::Problem;

pub use config::{ColorMode, ImageConfig, PixelRange};
pub(crate) use decode::facts_of;
pub(crate) use format::{ENDINGS, PictureFacts, has_known_ending};
pub(crate) use stored::{Keeping, StoredPicture};

impl Encoder for ImageConfig {
    type Fitted = ImageConfig;

    fn check(&self) -> Result<(), Problem> {
        ImageConfig::check(self)
    }

    fn may_be_target(&self) -> bool {
        false
    }

    fn fit(&self, _: &Met<'_>) -> ImageConfig {
        self.clone()
    }
}

/// A cell is the path of a picture, relative to where the program runs. Tables have their pictures
/// read apart, side by side.
impl Encoded for ImageConfig {
    fn count(&self) -> usize {
        self.elements()
    }

    fn index(&self, _: &str) -> Option<usize> {
        None
    }

    fn width(&self) -> usize {
        self.elements()
    }

    fn parts(&self) -> Vec<String> {
        (0..self.elements()).map(|place| place.to_string()).collect()
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn numbers(&self, path: &str, out: &mut [f64]) -> bool {
        let mut row = vec![0.0; out.len()];
        let read = StoredPicture::read(Path::new(path), self, &Keeping::unlimited());
        let is_read = read.and_then(|picture| picture.write(self, &mut row)).is_ok();
        out.iter_mut().zip(row).for_each(|(out, number)| *out = f64::from(number));
        is_read
    }

    fn image(&self) -> Option<&ImageConfig> {
        Some(self)
    }

    fn refusal(&self, path: &str) -> Problem {
        match StoredPicture::read(Path::new(path), self, &Keeping::unlimited()) {
            Err(problem) => Problem { message: format!("{path}: {}", problem.message), ..problem },
            Ok(_) => Problem::at("", format!("`{path}` can't be used")),
        }
    }

    fn export(&self) -> Primitive<'_> {
        Primitive::Prepared { width: self.elements(), how: self.in_words() }
    }
}
