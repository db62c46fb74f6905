//! What an Arrow file says of itself, before memory is taken for it: its reader trusts the lengths.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use arrow_ipc::{RecordBatch, root_as_footer, root_as_message};
use arrow_schema::ArrowError;

use crate::disk::intake;

/// What Arrow files end with.
const MAGIC: &[u8] = b"ARROW1";
/// How many times its size a buffer may unpack to, and what it may unpack to in any case.
const RATIO_LIMIT: u64 = 1100;
const SMALL: u64 = 1 << 16;
/// What precedes the length of a message.
const CONTINUATION: u32 = u32::MAX;
/// The most bytes of a message without its body.
const MOST_METADATA: u64 = 256 << 20;

/// An error where a stream says what can't be.
pub(super) fn check_stream(file: &mut (impl Read + Seek)) -> Result<(), ArrowError> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut at = 0u64;
    while at < end {
        file.seek(SeekFrom::Start(at))?;
        let mut length = word(file)?;
        at = at.saturating_add(4);
        if length == CONTINUATION {
            length = word(file)?;
            at = at.saturating_add(4);
        }
        if length == 0 {
            break;
        }
        let body = at.saturating_add(length.into());
        at = check_message(file, at..body, None, end)?;
    }
    Ok(())
}

/// An error where a file says what can't be.
pub(super) fn check_file(file: &mut (impl Read + Seek)) -> Result<(), ArrowError> {
    let cut = || wrong("it has no end: it is cut");
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.checked_sub(10).ok_or_else(cut)?))?;
    let length = u64::from(word(file)?);
    let mut magic = Vec::new();
    file.read_to_end(&mut magic)?;
    let start = end.checked_sub(length.saturating_add(10)).filter(|_| magic == MAGIC);
    file.seek(SeekFrom::Start(start.ok_or_else(cut)?))?;
    let mut footer = Vec::new();
    file.by_ref().take(length).read_to_end(&mut footer)?;
    let footer = root_as_footer(&footer).map_err(|error| wrong(&error.to_string()))?;
    for block in footer.dictionaries().iter().chain(&footer.recordBatches()).flatten() {
        let length = |length: i64| u64::try_from(length).map_err(|_| wrong("a length is negative"));
        let (at, body) = (length(block.offset())?, length(block.bodyLength())?);
        let metadata = at.saturating_add(length(block.metaDataLength().into())?);
        file.seek(SeekFrom::Start(at))?;
        let before = if word(file)? == CONTINUATION { 8 } else { 4 };
        check_message(file, at.saturating_add(before)..metadata, Some(body), end)?;
    }
    Ok(())
}

/// Gives where a message ends whose metadata is there, and whose body is so long, or as long as it
/// says.
fn check_message(
    file: &mut (impl Read + Seek),
    metadata: Range<u64>,
    body: Option<u64>,
    end: u64,
) -> Result<u64, ArrowError> {
    let cut = || wrong("it ends within a message");
    let length = metadata.end.checked_sub(metadata.start).filter(|length| *length <= MOST_METADATA);
    file.seek(SeekFrom::Start(metadata.start))?;
    let mut bytes = Vec::new();
    file.by_ref().take(length.ok_or_else(cut)?).read_to_end(&mut bytes)?;
    let message = root_as_message(&bytes).map_err(|error| wrong(&error.to_string()))?;
    let said = u64::try_from(message.bodyLength()).map_err(|_| wrong("a length is negative"))?;
    let after = metadata.end.saturating_add(body.unwrap_or(said));
    if after > end {
        return Err(cut());
    }
    let dictionary = message.header_as_dictionary_batch().and_then(|batch| batch.data());
    if let Some(batch) = message.header_as_record_batch().or(dictionary) {
        check_batch(file, &batch, metadata.end..after)?;
    }
    Ok(after)
}

/// Whether the buffers of a batch are within its body, and what they unpack to has room.
fn check_batch(
    file: &mut (impl Read + Seek),
    batch: &RecordBatch<'_>,
    body: Range<u64>,
) -> Result<(), ArrowError> {
    let mut unpacked = 0u64;
    for buffer in batch.buffers().iter().flatten() {
        let offset = u64::try_from(buffer.offset()).ok();
        let length = u64::try_from(buffer.length()).ok();
        let (Some(offset), Some(length)) = (offset, length) else {
            return Err(wrong("a length is negative"));
        };
        let start = body.start.saturating_add(offset);
        if start.saturating_add(length) > body.end {
            return Err(wrong("a buffer is beyond its batch"));
        }
        let mut size = length;
        if batch.compression().is_some() && length >= 8 {
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = [0; 8];
            file.read_exact(&mut bytes)?;
            size = u64::try_from(i64::from_le_bytes(bytes)).unwrap_or(length); // -1: it is not packed
        }
        if size > length.saturating_mul(RATIO_LIMIT).saturating_add(SMALL) {
            return Err(wrong(&format!(
                "a buffer unpacks to more than {RATIO_LIMIT} times its size"
            )));
        }
        unpacked = unpacked.saturating_add(size);
    }
    intake::has_room(unpacked)?;
    // a column takes a bit a row at least, unless it holds nothing
    let most = unpacked.saturating_mul(8).saturating_add(SMALL);
    match u64::try_from(batch.length()) {
        Ok(rows) if rows <= most => Ok(()),
        _ => Err(wrong(&format!("it can't hold {} rows", batch.length()))),
    }
}

fn word(file: &mut impl Read) -> Result<u32, ArrowError> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn wrong(message: &str) -> ArrowError {
    ArrowError::IpcError(message.to_string())
}
