//! The files that arrays are in: .npy, .npz, .safetensors, IDX. Each reader says in words what is
//! wrong with a file.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::io::{Cursor, Read};

use safetensors::{Dtype, SafeTensors};
use zip::ZipArchive;

use crate::data::array::{Array, NumberKind};

/// What .npy files begin with.
pub(super) const NPY: &[u8] = b"\x93NUMPY";
/// An entry of an archive may unpack to this many times its packed size.
const RATIO_LIMIT: u64 = 1100;
/// How many arrays a file may have.
const ARRAYS: usize = 10_000;

/// A .npy file: NumPy's format, versions 1 to 3.
pub(super) fn npy(name: &str, bytes: &[u8]) -> Result<Array, String> {
    let rest = bytes.strip_prefix(NPY).ok_or("it doesn't begin as a .npy file does")?;
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

/// A .npz file: a zip archive of .npy files.
pub(super) fn npz(bytes: &[u8]) -> Result<Vec<Array>, String> {
    let mut archive = open(bytes)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let (name, bytes) = entry(&mut archive, index)?;
        let name = name.strip_suffix(".npy").unwrap_or(&name);
        arrays.push(npy(name, &bytes).map_err(|message| format!("`{name}`: {message}"))?);
    }
    Ok(arrays)
}

/// A zip archive.
pub(super) fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    match archive.len() {
        0 => Err("the archive is empty".to_string()),
        count if count > ARRAYS => Err(format!("it has {count} entries, more than {ARRAYS}")),
        _ => Ok(archive),
    }
}

/// The name and the bytes of an entry.
pub(super) fn entry(
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

/// The tensors of a safetensors file.
pub(super) fn safetensors(bytes: &[u8]) -> Result<Vec<Array>, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut arrays = Vec::new();
    let mut names: Vec<&str> = tensors.names();
    names.sort_unstable(); // the file's order is not kept
    for name in names {
        let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
        let numbers = match tensor.dtype() {
            Dtype::F16 => NumberKind::F16,
            Dtype::BF16 => NumberKind::Bf16,
            Dtype::F32 => NumberKind::F32,
            Dtype::F64 => NumberKind::F64,
            Dtype::I8 => NumberKind::I8,
            Dtype::I16 => NumberKind::I16,
            Dtype::I32 => NumberKind::I32,
            Dtype::I64 => NumberKind::I64,
            Dtype::U8 => NumberKind::U8,
            Dtype::U16 => NumberKind::U16,
            Dtype::U32 => NumberKind::U32,
            Dtype::U64 => NumberKind::U64,
            Dtype::BOOL => NumberKind::Bool,
            other => return Err(format!("`{name}`: numbers of the type {other:?} are not read")),
        };
        arrays.push(Array {
            name: name.to_string(),
            shape: tensor.shape().to_vec(),
            numbers,
            is_big_endian: false,
            is_column_major: false,
            bytes: tensor.data().to_vec(),
        });
    }
    Ok(arrays)
}

/// An IDX file, as MNIST's are.
pub(super) fn idx(bytes: &[u8]) -> Result<Array, String> {
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
pub(super) fn is_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, 0x08 | 0x09 | 0x0b..=0x0e, 1..=8, ..])
}

/// Whether a file begins as a safetensors file does: the length of its header, which is JSON.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    let length = bytes.get(..8).map(|length| u64::from_le_bytes(array(length)));
    length.is_some_and(|length| length < 1 << 27) && bytes.get(8) == Some(&b'{')
}

/// So many bytes; zeros where there are fewer.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}
