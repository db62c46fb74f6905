//! What the files that arrays are in share. Each reader says in words what is wrong with a file.

use super::arrays::ArrayTable;
use super::table_format::FileContents;
use crate::data::array::Array;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The table of what was found in a file.
pub(super) fn table(
    name: &str,
    format: &'static str,
    found: Result<Vec<Array>, String>,
) -> Result<FileContents> {
    let found = found.map_err(|message| Error::data(name, message).with_code(Code::NotATable))?;
    Ok(FileContents::table(ArrayTable::new(name, format, found)?))
}

/// So many bytes; zeros where there are fewer.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}
