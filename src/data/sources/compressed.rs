//! Compressed files: gzip, zstd, and zip archives of one file.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::array_files;
use crate::data::array::Array;
use crate::diagnostics::Code;
use crate::disk::intake;
use crate::error::{Error, Result};

/// How many times its size a file may unpack to; deflate reaches 1,032, and no table of zstd's does.
const RATIO_LIMIT: u64 = 1100;
/// Read before memory is asked for again.
const STEP: u64 = 32 << 20;

/// Whether a file begins as gzip's do.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// Whether a file begins as a zip archive does.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// What a zip archive holds.
pub(super) enum Unpacked {
    Arrays(Vec<Array>),
    /// Its only file, by its name.
    File(String, Vec<u8>),
}

/// What gzip has compressed.
pub(super) fn gunzip(name: &str, packed: &[u8]) -> Result<Vec<u8>> {
    unpack(name, packed.len(), MultiGzDecoder::new(packed))
}

/// Whether a file begins as one that is compressed.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    is_gzip(bytes) || is_zip(bytes) || is_zstd(bytes)
}

/// Whether a file begins as zstd's do.
pub(super) fn is_zstd(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x28\xb5\x2f\xfd")
}

/// What zstd has compressed.
#[cfg(feature = "zstd")]
pub(super) fn unzstd(name: &str, packed: &[u8]) -> Result<Vec<u8>> {
    unpack(name, packed.len(), zstd::Decoder::new(packed)?)
}

/// What a decoder makes of so many bytes.
fn unpack(name: &str, packed: usize, mut from: impl Read) -> Result<Vec<u8>> {
    let limit = (packed as u64).saturating_mul(RATIO_LIMIT).saturating_add(1 << 16);
    let mut bytes = Vec::new();
    let wrong = |message: String| Error::data(name, message).with_code(Code::NotATable);
    loop {
        let read = from.by_ref().take(STEP).read_to_end(&mut bytes);
        let read = read.map_err(|error| {
            wrong(format!("it can't be unpacked: {error}"))
                .with_help("the file is cut or damaged: fetch it again")
        })?;
        if read == 0 {
            break;
        }
        if bytes.len() as u64 > limit {
            return Err(wrong(format!("it unpacks to more than {RATIO_LIMIT} times its size")));
        }
        intake::has_room((bytes.len() as u64).saturating_add(STEP))
            .map_err(|error| wrong(error.to_string()))?;
    }
    Ok(bytes)
}

/// The arrays of a zip archive, or its only file.
pub(super) fn unzip(name: &str, packed: &[u8]) -> Result<Unpacked> {
    let wrong = |message: String| Error::data(name, message).with_code(Code::NotATable);
    let damaged = |message: String| {
        wrong(format!("the zip archive can't be read: {message}"))
            .with_help("the file is cut or damaged: fetch it again")
    };
    let mut archive = array_files::open(packed).map_err(damaged)?;
    let names: Vec<String> =
        archive.file_names().flatten().map(std::borrow::Cow::into_owned).collect();
    if names.iter().any(|name| name == "[Content_Types].xml") {
        return Err(wrong("it is an Excel workbook".to_string()).with_help("export it as CSV"));
    }
    if names.iter().all(|name| name.strip_suffix(".npy").is_some()) {
        return Ok(Unpacked::Arrays(array_files::npz(packed).map_err(wrong)?));
    }
    let files: Vec<usize> = (0..archive.len())
        .filter(|index| {
            let name = archive.name_for_index(*index);
            let is_file = |name: &str| !name.ends_with('/') && !name.starts_with("__MACOSX/");
            name.and_then(Result::ok).is_some_and(|name| is_file(&name))
        })
        .collect();
    let [only] = files.as_slice() else {
        let message = format!("expected a zip archive of one file, found {} files", files.len());
        return Err(wrong(message).with_help("unpack it, and name one of its files"));
    };
    let (inner, bytes) = array_files::entry(&mut archive, *only).map_err(wrong)?;
    Ok(Unpacked::File(inner, bytes))
}
