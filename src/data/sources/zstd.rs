//! Files that zstd has compressed.

#[cfg(feature = "zstd")]
use super::compressed;
use super::table_format::{FileContents, TableFormat};
use crate::data::text::Bytes;
use crate::error::Result;
use crate::sections::CsvConfig;

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "zstd",
    names: &[],
    endings: &["zst"],
    packs: true,
    is_begun: |bytes| bytes.starts_with(b"\x28\xb5\x2f\xfd"),
    open,
};

#[cfg(feature = "zstd")]
fn open(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<FileContents> {
    let packed = bytes.whole()?;
    compressed::contents(name, "zst", packed.len(), zstd::Decoder::new(&packed[..])?)
}

#[cfg(not(feature = "zstd"))]
fn open(name: &str, _: Bytes, _: &CsvConfig) -> Result<FileContents> {
    Err(super::table_format::lacking(name, "compressed by zstd"))
}
