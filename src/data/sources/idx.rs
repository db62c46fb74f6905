//! IDX files, as MNIST's are: an array each.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use super::array_files::{self, array};
use super::table_format::TableFormat;
use crate::data::array::{Array, NumberKind};

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "IDX",
    names: &[NAME],
    endings: &["idx", "ubyte"],
    packs: false,
    is_begun: is_idx,
    open: |name, bytes, _| {
        array_files::table(name, NAME, idx(&bytes.whole()?).map(|array| vec![array]))
    },
};

const NAME: &str = "idx";

/// An IDX file, as MNIST's are.
fn idx(bytes: &[u8]) -> Result<Array, String> {
    let cut = || "the file ends within its header".to_string();
    let (kind, axes) = match bytes {
        [0, 0, kind, axes, ..] => (*kind, usize::from(*axes)),
        _ => return Err("it doesn't begin as an IDX file does".to_string()),
    };
    let numbers = match kind {
        0x08 => NumberKind::U8,
        0x09 => NumberKind::I8,
        0x0b => NumberKind::I16,
        0x0c => NumberKind::I32,
        0x0d => NumberKind::F32,
        0x0e => NumberKind::F64,
        other => return Err(format!("numbers of the type 0x{other:02x} are not known")),
    };
    let end = axes.saturating_mul(4).saturating_add(4);
    let header = bytes.get(4..end).ok_or_else(cut)?;
    let shape = header.chunks(4).map(|axis| u32::from_be_bytes(array(axis)) as usize).collect();
    Ok(Array {
        name: String::new(),
        shape,
        numbers,
        is_big_endian: true,
        is_column_major: false,
        bytes: bytes.get(end..).unwrap_or_default().to_vec(),
    })
}

/// Whether a file begins as an IDX file does.
fn is_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, 0x08 | 0x09 | 0x0b..=0x0e, 1..=8, ..])
}
