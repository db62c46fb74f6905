//! Zip archives: NumPy's .npz, of an array in each file; or of one file, whatever it is.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::compressed::RATIO_LIMIT;
use super::table_format::{FileContents, TableFormat};
use super::{array_files, npy};
use crate::data::array::Array;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "zip",
    names: &["npz"],
    endings: &["zip", "npz"],
    packs: true,
    is_begun: |bytes| bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06"),
    open: |name, bytes, _| unzip(name, &bytes.whole()?),
};

/// How many arrays a file may have.
const ARRAYS: usize = 10_000;

/// The arrays of a zip archive, or its only file.
fn unzip(name: &str, packed: &[u8]) -> Result<FileContents> {
    let wrong = |message: String| Error::data(name, message).with_code(Code::NotATable);
    let damaged = |message: String| {
        wrong(format!("the zip archive can't be read: {message}"))
            .with_help("the file is cut or damaged: fetch it again")
    };
    let mut archive = archive(packed).map_err(damaged)?;
    let names: Vec<String> =
        archive.file_names().flatten().map(std::borrow::Cow::into_owned).collect();
    if names.iter().any(|name| name == "[Content_Types].xml") {
        return Err(wrong("it is an Excel workbook".to_string()).with_help("export it as CSV"));
    }
    if names.iter().all(|name| name.strip_suffix(".npy").is_some()) {
        return array_files::table(name, "npz", npz(packed));
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
    let (inner, bytes) = entry(&mut archive, *only).map_err(wrong)?;
    Ok(FileContents::Packed(format!("{name}/{inner}"), bytes))
}

/// A .npz file: a zip archive of .npy files.
fn npz(bytes: &[u8]) -> Result<Vec<Array>, String> {
    let mut archive = archive(bytes)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let (name, bytes) = entry(&mut archive, index)?;
        let name = name.strip_suffix(".npy").unwrap_or(&name);
        arrays.push(npy::npy(name, &bytes).map_err(|message| format!("`{name}`: {message}"))?);
    }
    Ok(arrays)
}

/// A zip archive.
fn archive(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    match archive.len() {
        0 => Err("the archive is empty".to_string()),
        count if count > ARRAYS => Err(format!("it has {count} entries, more than {ARRAYS}")),
        _ => Ok(archive),
    }
}

/// The name and the bytes of an entry.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
) -> Result<(String, Vec<u8>), String> {
    let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
    let name = entry.name().map_err(|error| error.to_string())?.into_owned();
    let limit = entry.compressed_size().saturating_mul(RATIO_LIMIT).max(1 << 16);
    let mut bytes = Vec::new();
    entry
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| format!("`{name}`: {error}"))?;
    if bytes.len() as u64 > limit {
        return Err(format!("`{name}` unpacks to more than {RATIO_LIMIT} times its size"));
    }
    Ok((name, bytes))
}
