//! Intake: files read whole, and pipes and devices, which may have no end, as far as there is memory
//! and as long as they may be what is wanted.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use crate::limits::free_memory::free;

/// Read before the first look.
const FIRST: u64 = 1 << 20;
/// Below this nobody asks what is free.
const WORTH_ASKING: u64 = 64 << 20;
/// Read before memory is asked for again.
const STEP: u64 = 32 << 20;

/// The bytes of a file; of a pipe or a device no more once `is_wrong` says of its beginning that it is
/// not what is wanted. Errors name the file.
pub(crate) fn read(path: &Path, is_wrong: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
    let named = |error: Error| {
        // Linux gives EIO for a file that is no file, as in /proc, and more often than for a bad disk
        let kind =
            if error.raw_os_error() == Some(5) { ErrorKind::InvalidData } else { error.kind() };
        Error::new(kind, format!("can't read {}: {error}", path.display()))
    };
    let mut file = File::open(path).map_err(named)?;
    let about = file.metadata().map_err(named)?;
    let mut bytes = Vec::new();
    if about.is_file() {
        has_room(about.len()).map_err(named)?;
        file.read_to_end(&mut bytes).map_err(named)?;
    } else {
        stream(&mut file, &mut bytes, is_wrong).map_err(named)?;
    }
    Ok(bytes)
}

/// Reads to the end; no more once `is_wrong` says so of the beginning.
pub(crate) fn stream(
    from: &mut impl Read,
    bytes: &mut Vec<u8>,
    is_wrong: impl Fn(&[u8]) -> bool,
) -> Result<()> {
    let mut step = FIRST;
    while from.by_ref().take(step).read_to_end(bytes)? > 0 {
        if step == FIRST && is_wrong(bytes) {
            return Ok(());
        }
        has_room((bytes.len() as u64).saturating_add(STEP))?;
        step = STEP;
    }
    Ok(())
}

/// An error where so many bytes are more than the memory that is free.
pub(crate) fn has_room(bytes: u64) -> Result<()> {
    let free = if bytes < WORTH_ASKING { None } else { free() };
    match free {
        Some(free) if bytes > free => {
            let message =
                format!("it needs more than the {} MB of memory that are free", free >> 20);
            Err(Error::new(ErrorKind::OutOfMemory, message))
        }
        _ => Ok(()),
    }
}
