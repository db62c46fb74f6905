//! What a hostile HDF5 file may not do: be read over and over, as by one group under a thousand
//! names, or lead elsewhere by a link.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::sync::atomic::{AtomicU64, Ordering};

use hdf5_pure::{FormatError, Source};

/// A whole file read often enough for Keras's files, whose headers and tables of names are read a few
/// times each.
const TIMES: u64 = 12;
/// For the smallest files, whose tables are larger than their numbers.
const AT_LEAST: u64 = 4 << 20;

/// A file's bytes, of which only so many may be asked for.
pub(super) struct Metered {
    bytes: Vec<u8>,
    left: AtomicU64,
}

impl Metered {
    pub(super) fn new(bytes: Vec<u8>) -> Metered {
        let left = (bytes.len() as u64).saturating_mul(TIMES).max(AT_LEAST);
        Metered { bytes, left: AtomicU64::new(left) }
    }
}

impl Source for Metered {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        let wanted = buffer.len() as u64;
        let spend = |left: u64| left.checked_sub(wanted);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
            let message = "the same parts are read over and over: one object has many names";
            return Err(FormatError::Source(message.to_string()));
        }
        let end = offset.checked_add(wanted).filter(|end| *end <= self.len());
        match end {
            Some(end) => {
                buffer.copy_from_slice(&self.bytes[offset as usize..end as usize]);
                Ok(())
            }
            None => Err(FormatError::UnexpectedEof {
                expected: wanted as usize,
                available: self.bytes.len().saturating_sub(offset as usize),
            }),
        }
    }
}

/// The kind of a link that doesn't name an object of this file by its place, if there is one. Keras
/// writes none.
pub(super) fn link_elsewhere(bytes: &[u8]) -> Option<&'static str> {
    if memchr::memmem::find_iter(bytes, b"SNOD").any(|at| has_soft_entry(&bytes[at..])) {
        return Some("a soft link");
    }
    let kinds = [(EXTERNAL, "an external link"), (SOFT, "a soft link")];
    memchr::memchr_iter(1, bytes).find_map(|at| {
        kinds.iter().find(|(kind, _)| is_link(&bytes[at..], *kind)).map(|(_, words)| *words)
    })
}

/// A node of a group's table of names: its entries say of what kind they are.
fn has_soft_entry(node: &[u8]) -> bool {
    const ENTRY: usize = 40;
    const SOFT_LINK: [u8; 4] = 2u32.to_le_bytes();
    let [_, _, _, _, 1, 0, low, high, entries @ ..] = node else { return false };
    let count = usize::from(u16::from_le_bytes([*low, *high]));
    let kind = |entry: &[u8]| entry.get(16..20) == Some(&SOFT_LINK);
    entries.chunks_exact(ENTRY).take(count).any(kind)
}

const SOFT: u8 = 1;
const EXTERNAL: u8 = 64;

/// Whether a link message of a kind begins here: version 1, flags, the kind, then a name and what
/// stands for the object, all of lengths that fit each other.
fn is_link(bytes: &[u8], kind: u8) -> bool {
    name_and_target(bytes, kind).is_some_and(|(name, target)| {
        let is_whole = match kind {
            // flags, the file, the path in it
            EXTERNAL => target.first() == Some(&0) && target.split(|b| *b == 0).count() == 4,
            _ => !target.is_empty(),
        };
        let mut parts = target.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        is_whole && is_text(name) && parts.all(is_text)
    })
}

fn name_and_target(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    const HAS_ORDER: u8 = 0b100;
    const HAS_KIND: u8 = 0b1000;
    const HAS_CHARACTERS: u8 = 0b1_0000;
    const KNOWN: u8 = 0b1_1111;
    let ([_version, flags, found], rest) = bytes.split_first_chunk()?;
    if flags & !KNOWN != 0 || flags & HAS_KIND == 0 || *found != kind {
        return None;
    }
    let (_, rest) = rest.split_at_checked(if flags & HAS_ORDER == 0 { 0 } else { 8 })?;
    let (characters, rest) = rest.split_at_checked(usize::from(flags & HAS_CHARACTERS != 0))?;
    if characters.iter().any(|set| *set > 1) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(1 << (flags & 0b11))?;
    let mut length = [0; 8];
    length.get_mut(..digits.len())?.copy_from_slice(digits);
    let length = usize::try_from(u64::from_le_bytes(length)).ok().filter(|n| *n <= 1024)?;
    let (name, rest) = rest.split_at_checked(length)?;
    let (length, rest) = rest.split_first_chunk()?;
    let target = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
    Some((name, target))
}

fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    !bytes.is_empty() && text.is_ok_and(|text| !text.contains(char::is_control))
}
