//! In place of `decode` in a build without the feature `images`.

use std::path::Path;

use super::config::ColorMode;
use super::format::{PictureFormat, is_whole_jpeg};
use crate::error::Problem;

/// Pixels, of which there are none.
pub(super) struct Decoded {
    pub pixels: Vec<u8>,
    pub height: usize,
    pub width: usize,
}

/// What is known of a picture: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureFacts {
    pub height: usize,
    pub width: usize,
    pub is_gray: bool,
}

impl PictureFacts {
    /// Says that it can't.
    pub(crate) fn of(path: &Path) -> Result<PictureFacts, Problem> {
        let Decoded { height, width, .. } = decode(&[], path, ColorMode::Rgb)?;
        Ok(PictureFacts { height, width, is_gray: false })
    }
}

/// Says that it can't.
pub(super) fn decode(bytes: &[u8], path: &Path, _: ColorMode) -> Result<Decoded, Problem> {
    let format = PictureFormat::of(bytes, path)?;
    let whole = if is_whole_jpeg(bytes) { "" } else { " (or a part of one)" };
    let message = format!("this build can't read {} pictures{whole}", format.name());
    Err(Problem::at("", message).help("build Lanthorn with `--features images`"))
}
