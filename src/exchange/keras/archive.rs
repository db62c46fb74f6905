//! `.keras`: a ZIP with `config.json`, `model.weights.h5` and `metadata.json`. Nothing is ever
//! extracted to disk; entries other than these are not looked at.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The parts of a `.keras` file.
pub(crate) struct Archive {
    /// The text of config.json.
    pub(crate) config: String,
    /// The text of metadata.json; empty where there is none.
    pub(crate) metadata: String,
    /// The bytes of model.weights.h5.
    pub(crate) weights: Vec<u8>,
}

/// config.json may be this long; Keras writes about 1 KB a layer.
const CONFIG_LIMIT: u64 = 64 << 20;
/// metadata.json may be this long; Keras writes two short lines.
const METADATA_LIMIT: u64 = 1 << 16;
/// An entry may unpack to this many times its packed size. Weights don't compress: 1.1 is usual,
/// and a fresh optimizer's zeros reach about 3 over a whole file.
const RATIO_LIMIT: u64 = 200;
/// How many entries an archive may have.
const ENTRIES: usize = 10_000;

/// Reads a `.keras` file. The message says what is wrong with it.
pub(crate) fn read(bytes: &[u8]) -> Result<Archive, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    if let Some(count) = entries(bytes).filter(|count| *count != archive.len()) {
        let message = "two of its entries have one name";
        return Err(format!("{message}: it lists {count}, of which {} differ", archive.len()));
    }
    if archive.len() > ENTRIES {
        return Err(format!("it has {} entries, more than {ENTRIES}", archive.len()));
    }
    let weights_limit = (bytes.len() as u64).saturating_mul(RATIO_LIMIT).min(1 << 36);
    let config = entry(&mut archive, "config.json", CONFIG_LIMIT)?;
    let config =
        String::from_utf8(config).map_err(|_| "its config.json is not UTF-8".to_string())?;
    let weights = entry(&mut archive, "model.weights.h5", weights_limit)?;
    let metadata = entry(&mut archive, "metadata.json", METADATA_LIMIT).unwrap_or_default();
    let metadata = String::from_utf8(metadata).unwrap_or_default();
    Ok(Archive { config, metadata, weights })
}

/// How many entries the directory at the end lists; None where that needs ZIP64.
fn entries(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memmem::rfind(bytes, b"PK\x05\x06")?;
    let count = bytes.get(end..)?.get(10..12)?;
    let count = u16::from_le_bytes(count.try_into().ok()?);
    (count != u16::MAX).then(|| usize::from(count))
}

fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, String> {
    let file = archive.by_name(name).map_err(|error| match error {
        zip::result::ZipError::FileNotFound => format!("it holds no `{name}`"),
        other => format!("`{name}`: {other}"),
    })?;
    let limit = limit.min(file.compressed_size().saturating_mul(RATIO_LIMIT).saturating_add(4096));
    if file.size() > limit {
        return Err(format!(
            "`{name}` says that it unpacks to {} bytes from {}: more than {RATIO_LIMIT} times as many",
            file.size(),
            file.compressed_size()
        ));
    }
    let mut bytes = Vec::new(); // grows with what is read, not with what the header says
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| format!("`{name}`: {error}"))?;
    if bytes.len() as u64 > limit {
        return Err(format!("`{name}` unpacks to more than {limit} bytes"));
    }
    Ok(bytes)
}

/// Writes a `.keras` file; entries are stored, not compressed, as Keras does.
pub(crate) fn write(config: &str, weights: &[u8], keras_version: &str) -> Result<Vec<u8>, String> {
    // a fixed date: the bytes are a function of the model
    let metadata = format!(
        "{{\"keras_version\": \"{keras_version}\", \"date_saved\": \"1980-01-01@00:00:00\"}}"
    );
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [
        ("metadata.json", metadata.as_bytes()),
        ("config.json", config.as_bytes()),
        ("model.weights.h5", weights),
    ] {
        writer.start_file(name, options).map_err(|error| error.to_string())?;
        writer.write_all(bytes).map_err(|error| error.to_string())?;
    }
    Ok(writer.finish().map_err(|error| error.to_string())?.into_inner())
}
