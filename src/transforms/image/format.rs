//! The files of pictures: how they begin, how their names end, and what comes of them.

use std::path::Path;

use crate::disk::intake;
use crate::error::Problem;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PictureFormat {
    Png,
    Jpeg,
    WebP,
}

/// Pixels row after row, as many bytes each as the channels are.
pub(super) struct Decoded {
    pub pixels: Vec<u8>,
    pub height: usize,
    pub width: usize,
}

/// What the beginning of a file says of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureFacts {
    pub height: usize,
    pub width: usize,
    pub is_gray: bool,
}

/// How the names of pictures end.
pub(crate) const ENDINGS: [&str; 4] = ["jpeg", "jpg", "png", "webp"];

/// Whether a file's name ends as those of pictures that are read do.
pub(crate) fn has_known_ending(path: &Path) -> bool {
    PictureFormat::named(path).is_some()
}

impl PictureFormat {
    /// The format of a file's bytes; a problem where they are no picture that is read, or one of
    /// another format than the name says.
    pub(super) fn of(bytes: &[u8], path: &Path) -> Result<PictureFormat, Problem> {
        if bytes.is_empty() {
            return Err(Problem::at("", "the file is empty").help("remove it, or copy it again"));
        }
        let Some(found) = PictureFormat::begun(bytes) else { return Err(no_picture(bytes)) };
        match PictureFormat::named(path) {
            Some(named) if named != found => {
                let (found, named) = (found.name(), named.name());
                let message = format!("it is a {found} picture, but its name says {named}");
                let right = path.with_extension(found.to_ascii_lowercase());
                let right = right.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Err(Problem::at("", message).help(format!("rename it to `{right}`")))
            }
            _ => Ok(found),
        }
    }

    fn begun(bytes: &[u8]) -> Option<PictureFormat> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Some(PictureFormat::Png),
            [0xff, 0xd8, 0xff, ..] => Some(PictureFormat::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
                Some(PictureFormat::WebP)
            }
            _ => None,
        }
    }

    fn named(path: &Path) -> Option<PictureFormat> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "png" => Some(PictureFormat::Png),
            "jpg" | "jpeg" => Some(PictureFormat::Jpeg),
            "webp" => Some(PictureFormat::WebP),
            _ => None,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            PictureFormat::Png => "PNG",
            PictureFormat::Jpeg => "JPEG",
            PictureFormat::WebP => "WebP",
        }
    }
}

/// The bytes of a file; what is wrong is told without its name.
pub(super) fn file_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    if path.is_dir() {
        let message = "it is a folder, where a picture is expected";
        return Err(Problem::at("", message).help("name a picture in it"));
    }
    if !path.exists() {
        let (message, help) = if path.is_symlink() {
            ("it is a link to a file that doesn't exist", "remove the link, or mend it")
        } else {
            ("there is no such file", "paths in a table are relative to its folder")
        };
        return Err(Problem::at("", message).help(help));
    }
    let is_wrong = |bytes: &[u8]| !bytes.starts_with(b"\x89PNG") && !bytes.starts_with(b"\xff\xd8");
    intake::read(path, is_wrong).map_err(|error| Problem::at("", error.to_string()))
}

/// What is wrong with bytes that begin as no picture that is read.
fn no_picture(bytes: &[u8]) -> Problem {
    let other = match bytes {
        [b'G', b'I', b'F', ..] => "GIF",
        [b'B', b'M', ..] => "BMP",
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => "TIFF",
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => "AVIF",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', ..] => "HEIC",
        _ => {
            let message = "it is not a picture: its first bytes are those of no known format";
            return Problem::at("", message).help("PNG, JPEG and WebP are read");
        }
    };
    Problem::at("", format!("it is a {other} picture, which can't be read"))
        .help("PNG, JPEG and WebP are read: convert it")
}

/// Whether the bytes of a JPEG picture go on to its end: a file that is cut has no marker of it.
pub(super) fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // what is no marker: pixels, and bytes between two segments
        match memchr::memchr(0xff, bytes.get(at..).unwrap_or_default()) {
            Some(found) => at += found + 1,
            None => return false,
        }
        match bytes.get(at) {
            Some(0xd9) => return true,
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
            Some(0xff) => {}
            Some(_) => match bytes.get(at + 1..at + 3) {
                Some(&[high, low]) => at += 1 + usize::from(u16::from_be_bytes([high, low])).max(2),
                _ => return false,
            },
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_is_told_by_its_bytes() {
        let message = |bytes: &[u8], name: &str| match PictureFormat::of(bytes, Path::new(name)) {
            Ok(format) => format.name().to_string(),
            Err(problem) => format!("{}; {}", problem.message, problem.help),
        };
        assert_eq!(message(b"\x89PNG\r\n", "a/b.png"), "PNG");
        assert_eq!(message(b"\xff\xd8\xff\xe0", "a.JPG"), "JPEG");
        assert_eq!(message(b"\xff\xd8\xff\xe0", "a"), "JPEG"); // a path in a table
        assert_eq!(
            message(b"\x89PNG\r\n", "a/b.jpg"),
            "it is a PNG picture, but its name says JPEG; rename it to `b.png`"
        );
        assert!(message(b"", "a.png").starts_with("the file is empty"));
        assert!(message(b"GIF89a", "a.png").starts_with("it is a GIF picture"));
        assert!(message(b"<html>", "a.png").starts_with("it is not a picture"));
    }

    #[test]
    fn a_jpeg_that_is_cut_has_no_end() {
        // a segment that holds the bytes of an end, then pixels, then the end
        let whole =
            b"\xff\xd8\xff\xe1\x00\x06ab\xff\xd9\xff\xda\x00\x02ab\xff\x00cd\xff\xd3e\xff\xd9";
        assert!(is_whole_jpeg(whole));
        for cut in 0..whole.len() - 1 {
            assert!(!is_whole_jpeg(&whole[..cut]), "{cut}");
        }
        assert!(is_whole_jpeg(&[&whole[..], b"junk"].concat()));
    }
}
