//! `TableFormat`: what a format says of itself, for the list of them.

use crate::data::source::Source;
use crate::data::text::Bytes;
#[cfg(not(all(feature = "parquet", feature = "zstd")))]
use crate::diagnostics::Code;
#[cfg(not(all(feature = "parquet", feature = "zstd")))]
use crate::error::Error;
use crate::error::Result;
use crate::sections::CsvConfig;

/// A format that tables are in.
pub(super) struct TableFormat {
    /// What it is called in messages.
    pub title: &'static str,
    /// What `data.format` calls it; more than one where it has kinds, none where it has no name of
    /// its own there, since its files hold another.
    pub names: &'static [&'static str],
    /// How the names of its files end.
    pub endings: &'static [&'static str],
    /// Whether its files hold a file of another format.
    pub packs: bool,
    /// Whether a file begins as its files do.
    pub is_begun: fn(&[u8]) -> bool,
    /// What the bytes of a file hold, by the file's name.
    pub open: fn(&str, Bytes, &CsvConfig) -> Result<FileContents>,
}

/// What a file holds.
pub(super) enum FileContents {
    /// A table.
    Table(Box<dyn Source>),
    /// A file of another format: its name and its bytes.
    Packed(String, Vec<u8>),
}

impl FileContents {
    /// A table.
    pub(super) fn table(source: impl Source + 'static) -> FileContents {
        FileContents::Table(Box::new(source))
    }
}

/// The error where this build lacks what a file is read with.
#[cfg(not(all(feature = "parquet", feature = "zstd")))]
pub(super) fn lacking(name: &str, what: &str) -> Error {
    let help = format!(
        "it is {what}; this build can't read it: `cargo build --release --features full` makes one \
         that can"
    );
    Error::data(name, "expected a table").with_code(Code::NotATable).with_help(help)
}
