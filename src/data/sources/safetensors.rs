//! Safetensors files: arrays by name.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use safetensors::{Dtype, SafeTensors};

use super::array_files::{self, array};
use super::table_format::TableFormat;
use crate::data::array::{Array, NumberKind};

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "safetensors",
    names: &[NAME],
    endings: &["safetensors"],
    packs: false,
    is_begun: is_safetensors,
    open: |name, bytes, _| array_files::table(name, NAME, safetensors(&bytes.whole()?)),
};

const NAME: &str = "safetensors";

/// The tensors of a safetensors file.
fn safetensors(bytes: &[u8]) -> Result<Vec<Array>, String> {
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

/// Whether a file begins as a safetensors file does: the length of its header, which is JSON.
fn is_safetensors(bytes: &[u8]) -> bool {
    let length = bytes.get(..8).map(|length| u64::from_le_bytes(array(length)));
    length.is_some_and(|length| length < 1 << 27) && bytes.get(8) == Some(&b'{')
}
