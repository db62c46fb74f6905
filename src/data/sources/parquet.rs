//! Parquet files.

#[cfg(feature = "parquet")]
use super::parquet_rows;
use super::table_format::{FileContents, TableFormat};
use crate::data::text::Bytes;
use crate::error::Result;
use crate::sections::CsvConfig;

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "Parquet",
    names: &["parquet"],
    endings: &["parquet", "pq"],
    packs: false,
    is_begun: is_parquet,
    open,
};

/// Whether a file begins as Parquet's do.
fn is_parquet(bytes: &[u8]) -> bool {
    let is_text = || std::str::from_utf8(bytes).map_or_else(|e| e.error_len().is_none(), |_| true);
    bytes.starts_with(b"PAR1\x15") || (bytes.starts_with(b"PAR1") && !is_text())
}

#[cfg(feature = "parquet")]
fn open(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<FileContents> {
    Ok(FileContents::table(parquet_rows::open(name, bytes.into_file()?)?))
}

#[cfg(not(feature = "parquet"))]
fn open(name: &str, _: Bytes, _: &CsvConfig) -> Result<FileContents> {
    Err(super::table_format::lacking(name, "a Parquet file"))
}
