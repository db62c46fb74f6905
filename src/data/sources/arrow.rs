//! Arrow's own files (IPC), whose other name is Feather, and its streams.

#[cfg(feature = "parquet")]
use super::arrow_ipc;
use super::table_format::{FileContents, TableFormat};
use crate::data::text::Bytes;
use crate::error::Result;
use crate::sections::CsvConfig;

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "Arrow",
    names: &["arrow"],
    endings: &["arrow", "arrows", "feather", "ipc"],
    packs: false,
    is_begun: |bytes| bytes.starts_with(b"ARROW1\0\0") || bytes.starts_with(STREAM),
    open,
};

/// What streams begin with.
const STREAM: &[u8] = b"\xff\xff\xff\xff";

#[cfg(feature = "parquet")]
fn open(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<FileContents> {
    let is_stream = bytes.start().starts_with(STREAM);
    Ok(FileContents::table(arrow_ipc::open(name, is_stream, bytes.into_file()?)?))
}

#[cfg(not(feature = "parquet"))]
fn open(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<FileContents> {
    let is_stream = bytes.start().starts_with(STREAM);
    let what = if is_stream { "an Arrow stream" } else { "an Arrow file" };
    Err(super::table_format::lacking(name, what))
}
