//! What the formats share that hold a compressed file.

use std::io::Read;

use super::table_format::FileContents;
use crate::diagnostics::Code;
use crate::disk::intake;
use crate::error::{Error, Result};

/// How many times its size a file may unpack to; deflate reaches 1,032, and no table of zstd's does.
pub(super) const RATIO_LIMIT: u64 = 1100;
/// Read before memory is asked for again.
const STEP: u64 = 32 << 20;

/// The file in a compressed one of so many bytes, whose name loses this ending.
pub(super) fn contents(
    name: &str,
    ending: &str,
    packed: usize,
    decoder: impl Read,
) -> Result<FileContents> {
    let bytes = unpack(name, packed, decoder)?;
    let inner = name.strip_suffix(ending).and_then(|name| name.strip_suffix('.'));
    Ok(FileContents::Packed(inner.unwrap_or(name).to_string(), bytes))
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
