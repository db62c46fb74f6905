//! Files that gzip has compressed.

use flate2::read::MultiGzDecoder;

use super::compressed;
use super::table_format::{FileContents, TableFormat};
use crate::data::text::Bytes;
use crate::error::Result;
use crate::sections::CsvConfig;

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "gzip",
    names: &[],
    endings: &["gz"],
    packs: true,
    is_begun: |bytes| bytes.starts_with(b"\x1f\x8b"),
    open,
};

fn open(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<FileContents> {
    let packed = bytes.whole()?;
    compressed::contents(name, "gz", packed.len(), MultiGzDecoder::new(&packed[..]))
}
