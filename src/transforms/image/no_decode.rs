//! In place of `decode` in a build without the feature `images`.

use std::path::Path;

use super::config::ColorMode;
use super::format::{Decoded, PictureFacts, PictureFormat, file_bytes, is_whole_jpeg};
use crate::error::Problem;

/// Says that it can't.
pub(super) fn decode(bytes: &[u8], path: &Path, _: ColorMode) -> Result<Decoded, Problem> {
    let format = PictureFormat::of(bytes, path)?;
    let is_cut = format == PictureFormat::Jpeg && !is_whole_jpeg(bytes);
    let cut = if is_cut { ", of which this is a part" } else { "" };
    let message = format!("this build can't read {} pictures{cut}", format.name());
    Err(Problem::at("", message).help("build Lanthorn with `--features images`"))
}

/// Says that it can't.
pub(crate) fn facts_of(path: &Path) -> Result<PictureFacts, Problem> {
    let Decoded { height, width, .. } = decode(&file_bytes(path)?, path, ColorMode::Rgb)?;
    Ok(PictureFacts { height, width, is_gray: false })
}
