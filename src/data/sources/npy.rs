//! NumPy's .npy files: an array each.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use super::array_files::{self, array};
use super::table_format::TableFormat;
use crate::data::array::{Array, NumberKind};

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: ".npy",
    names: &[NAME],
    endings: &["npy"],
    packs: false,
    is_begun: |bytes| bytes.starts_with(START),
    open: |name, bytes, _| {
        array_files::table(name, NAME, npy("", &bytes.whole()?).map(|array| vec![array]))
    },
};

const NAME: &str = "npy";
/// What its files begin with.
const START: &[u8] = b"\x93NUMPY";

/// A .npy file: NumPy's format, versions 1 to 3.
pub(super) fn npy(name: &str, bytes: &[u8]) -> Result<Array, String> {
    let rest = bytes.strip_prefix(START).ok_or("it doesn't begin as a .npy file does")?;
    let cut = || "the file ends within its header".to_string();
    let (length, from): (usize, usize) = match rest.first().ok_or_else(cut)? {
        1 => (usize::from(u16::from_le_bytes(array(rest.get(2..4).ok_or_else(cut)?))), 4),
        2 | 3 => (u32::from_le_bytes(array(rest.get(2..6).ok_or_else(cut)?)) as usize, 6),
        version => return Err(format!("version {version} of .npy files is not known")),
    };
    let end = from.checked_add(length).ok_or_else(cut)?;
    let header = std::str::from_utf8(rest.get(from..end).ok_or_else(cut)?)
        .map_err(|_| "its header is no text")?;
    let value = |key: &str| -> Result<&str, String> {
        let found = header.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
        found.ok_or_else(|| format!("its header has no `{key}`"))
    };
    let kind = value("descr")?;
    let kind = kind
        .strip_prefix('\'')
        .and_then(|kind| kind.split_once('\''))
        .map(|(kind, _)| kind)
        .ok_or("its rows have named fields: save a plain array of numbers")?;
    let (order, kind) = kind.split_at_checked(1).ok_or("its header has no type of numbers")?;
    let numbers = match kind {
        "f2" => NumberKind::F16,
        "f4" => NumberKind::F32,
        "f8" => NumberKind::F64,
        "i1" => NumberKind::I8,
        "i2" => NumberKind::I16,
        "i4" => NumberKind::I32,
        "i8" => NumberKind::I64,
        "u1" => NumberKind::U8,
        "u2" => NumberKind::U16,
        "u4" => NumberKind::U32,
        "u8" => NumberKind::U64,
        "b1" => NumberKind::Bool,
        other => {
            return Err(format!(
                "expected numbers, found NumPy's type `{order}{other}`: save it as float32 or int64"
            ));
        }
    };
    let shape = value("shape")?;
    let shape = shape
        .strip_prefix('(')
        .and_then(|shape| shape.split_once(')'))
        .ok_or("its header has no shape")?
        .0;
    let axes = shape.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    let shape: Result<Vec<usize>, _> =
        axes.map(|axis| axis.trim_end_matches('L').parse()).collect();
    Ok(Array {
        name: name.to_string(),
        shape: shape.map_err(|_| "its header has no shape of whole numbers")?,
        numbers,
        is_big_endian: order == ">",
        is_column_major: value("fortran_order")?.starts_with("True"),
        bytes: rest.get(end..).ok_or_else(cut)?.to_vec(),
    })
}
