//! Sources: the files that tables are read from, behind one trait.

mod array_files;
mod arrays;
mod arrow;
#[cfg(feature = "parquet")]
mod arrow_cells;
#[cfg(feature = "parquet")]
mod arrow_columns;
#[cfg(feature = "parquet")]
mod arrow_guard;
#[cfg(feature = "parquet")]
mod arrow_ipc;
#[cfg(feature = "parquet")]
mod batches;
mod cells;
mod compressed;
mod csv;
mod folder;
mod gzip;
mod idx;
mod jsonl;
mod npy;
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_rows;
mod reordered;
mod safetensors;
mod several;
mod table_format;
mod zip;
mod zstd;

use std::path::{Path, PathBuf};

use arrays::ArrayTable;
use folder::FolderTable;
use several::Several;
use table_format::{FileContents, TableFormat};

use super::array::Array;
use super::encoding;
use super::source::Source;
use super::text::{self, Bytes};
use crate::diagnostics::Code;
use crate::disk::files::from_text;
use crate::disk::intake;
use crate::error::{Error, Problem, Result};
use crate::sections::{AUTO, CsvConfig, TablePaths, TextEncoding};

/// Every format, each in the file of its name. A file is of the first whose beginning it has.
const FORMATS: &[&TableFormat] = &[
    &gzip::FORMAT,
    &zstd::FORMAT,
    &zip::FORMAT,
    &jsonl::FORMAT,
    &npy::FORMAT,
    &safetensors::FORMAT,
    &parquet::FORMAT,
    &arrow::FORMAT,
    &idx::FORMAT,
    &csv::FORMAT,
];

/// What `data.format` may be.
pub(crate) fn format_names() -> Vec<&'static str> {
    let names = FORMATS.iter().flat_map(|format| format.names).copied();
    let mut names: Vec<&str> = names.chain([AUTO, folder::IMAGES]).collect();
    names.sort_unstable();
    names
}

/// The table in some files, or in standard input.
pub(super) fn open(tables: &TablePaths, format: &CsvConfig) -> Result<Box<dyn Source>> {
    open_tables(tables, format).map_err(OpenError::whole)
}

/// The same; a problem where a file can't be read at all, whose place the caller knows.
pub(super) fn open_tables(
    tables: &TablePaths,
    format: &CsvConfig,
) -> Result<Box<dyn Source>, OpenError> {
    match tables {
        TablePaths::One(_) if tables.is_stdin() => stdin(format).map_err(OpenError::Unfit),
        TablePaths::One(path) => open_files(&from_text(path), format),
        TablePaths::Several(paths) => {
            let each = paths.iter().enumerate().map(|(place, path)| {
                open_files(&from_text(path), format)
                    .map_err(|error| error.within(&format!("[{place}]")))
            });
            let sources: Vec<_> = each.collect::<Result<_, _>>()?;
            let several = Several::new(tables.to_string(), sources).map_err(OpenError::Unfit)?;
            Ok(Box::new(several))
        }
        TablePaths::Arrays(files) => {
            let mut arrays = Vec::with_capacity(files.len());
            let mut format_of_all = "";
            for (name, path) in files {
                let source = open_files(&from_text(path), format)
                    .map_err(|error| error.within(&format!(".{name}")))?;
                format_of_all = source.format();
                let one = one_array(source, name).map_err(OpenError::Unfit)?;
                arrays.push(Array { name: name.clone(), ..one });
            }
            let table = ArrayTable::new(&tables.to_string(), format_of_all, arrays);
            Ok(Box::new(table.map_err(OpenError::Unfit)?))
        }
    }
}

/// The only array of a file, or the one of that name.
fn one_array(source: Box<dyn Source>, name: &str) -> Result<Array> {
    let file = source.name().to_string();
    let mut arrays = source.into_arrays();
    let place = match arrays.as_slice() {
        [_] => Some(0),
        several => several.iter().position(|array| array.name == name),
    };
    let found = place.map(|place| arrays.swap_remove(place));
    found.ok_or_else(|| {
        let message = match arrays.len() {
            0 => "expected an array, found a table of another format".to_string(),
            _ => format!("it holds several arrays, and none is called `{name}`"),
        };
        let help =
            "`{x: …, y: …}` takes a file with an array for each: .npy, .npz, safetensors, IDX";
        Error::data(&file, message).with_code(Code::NotATable).with_help(help)
    })
}

fn stdin(format: &CsvConfig) -> Result<Box<dyn Source>> {
    let mut bytes = Vec::new();
    let is_wrong = |bytes: &[u8]| !is_known(bytes, format) && text::is_no_table(bytes);
    intake::stream(&mut std::io::stdin().lock(), &mut bytes, is_wrong)?;
    of_bytes("stdin", bytes, format)
}

/// A file or a pattern of several; a problem where it can't be read at all, whose place the caller
/// knows.
fn open_files(path: &Path, format: &CsvConfig) -> Result<Box<dyn Source>, OpenError> {
    let pattern = path.to_string_lossy();
    if !pattern.contains(['*', '?', '[']) || path.exists() {
        return open_file(path, format);
    }
    let files = files_of(&pattern).map_err(OpenError::Unread)?;
    let sources: Result<Vec<_>, _> = files.iter().map(|file| open_file(file, format)).collect();
    let mut sources = sources?;
    match sources.len() {
        1 => Ok(sources.remove(0)),
        _ => Ok(Box::new(Several::new(pattern.into_owned(), sources).map_err(OpenError::Unfit)?)),
    }
}

/// The files of a pattern, in the order of their names.
fn files_of(pattern: &str) -> Result<Vec<PathBuf>, Problem> {
    let found = glob::glob(pattern)
        .map_err(|error| Problem::at("", format!("`{pattern}` is not a pattern: {error}")))?;
    let mut files: Vec<PathBuf> = found.flatten().filter(|file| file.is_file()).collect();
    files.sort();
    if files.is_empty() {
        Err(Problem::at("", format!("no file matches `{pattern}`")))
    } else {
        Ok(files)
    }
}

fn open_file(path: &Path, format: &CsvConfig) -> Result<Box<dyn Source>, OpenError> {
    if path.is_dir() {
        let table = FolderTable::new(path).map_err(OpenError::Unfit)?;
        return Ok(Box::new(table.map_err(OpenError::Unread)?));
    }
    let bytes = text::read(path, &|bytes| is_known(bytes, format)).map_err(OpenError::Unread)?;
    of(&path.display().to_string(), bytes, format).map_err(OpenError::Unfit)
}

/// A table from its bytes.
pub(super) fn of_bytes(name: &str, bytes: Vec<u8>, format: &CsvConfig) -> Result<Box<dyn Source>> {
    of(name, bytes.into(), format)
}

fn of(name: &str, bytes: Bytes, format: &CsvConfig) -> Result<Box<dyn Source>> {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let by_name = FORMATS.iter().find(|format| format.endings.contains(&ending.as_str()));
    let found = match (FORMATS.iter().find(|format| (format.is_begun)(bytes.start())), by_name) {
        (Some(found), _) => found,
        (None, Some(named)) if !bytes.start().is_empty() => {
            let message =
                format!("expected {}, as the file's name says, found something else", named.title);
            return Err(Error::data(name, message).with_code(Code::NotATable));
        }
        (None, _) => &&csv::FORMAT,
    };
    let (inner, bytes) = match (found.open)(name, bytes, format)? {
        FileContents::Table(table) => return Ok(table),
        FileContents::Packed(inner, bytes) => (inner, bytes),
    };
    if FORMATS.iter().any(|format| format.packs && (format.is_begun)(&bytes)) {
        let error = Error::data(&inner, "it is compressed twice").with_code(Code::NotATable);
        return Err(error.with_help("unpack it"));
    }
    of_bytes(&inner, bytes, format)
}

/// Whether bytes that aren't UTF-8 may still begin a table.
fn is_known(bytes: &[u8], format: &CsvConfig) -> bool {
    let is_encoded = format.encoding.is_some_and(|encoding| encoding != TextEncoding::Utf8);
    is_encoded || encoding::is_utf16(bytes) || FORMATS.iter().any(|format| (format.is_begun)(bytes))
}

/// Why a file can't be opened as a table.
pub(super) enum OpenError {
    /// It can't be read.
    Unread(Problem),
    /// It is no table.
    Unfit(Error),
}

impl OpenError {
    /// The same of a file that is named at a key within that of the table.
    fn within(self, key: &str) -> OpenError {
        match self {
            OpenError::Unread(problem) => {
                OpenError::Unread(Problem { key: key.to_string(), ..problem })
            }
            OpenError::Unfit(error) => OpenError::Unfit(error),
        }
    }

    /// The error where no key of a configuration names the file.
    fn whole(self) -> Error {
        match self {
            OpenError::Unread(problem) => {
                Error::data("", problem.message).with_help(problem.help).with_code(Code::NotATable)
            }
            OpenError::Unfit(error) => error,
        }
    }
}
