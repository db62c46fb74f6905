//! Sources: the files that tables are read from, behind one trait.

mod array_files;
mod arrays;
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
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod reordered;
mod several;

use std::path::{Path, PathBuf};

use arrays::ArrayTable;
use compressed::Unpacked;
use folder::FolderTable;
use jsonl::JsonLines;
use several::Several;

use super::array::Array;
use super::csv_text::Csv;
use super::encoding;
use super::other_formats::other_format;
use super::source::Source;
use super::text::{self, Bytes, TableText};
use crate::diagnostics::Code;
use crate::disk::files::from_text;
use crate::disk::intake;
use crate::error::{Error, Problem, Result};
use crate::sections::{CsvConfig, FileFormat, TablePaths, TextEncoding};

/// A format that tables are in.
struct TableFormat {
    /// Its name, for messages.
    name: &'static str,
    /// How the names of its files end.
    endings: &'static [&'static str],
    /// Whether a file begins as its files do.
    is_begun: fn(&[u8]) -> bool,
    /// The table in the bytes of a file.
    open: fn(&str, Bytes, &CsvConfig) -> Result<Box<dyn Source>>,
}

/// Every format but CSV, which is all other text.
const FORMATS: &[TableFormat] = &[
    TableFormat { name: "gzip", endings: &["gz"], is_begun: compressed::is_gzip, open: gzip },
    #[cfg(feature = "zstd")]
    TableFormat { name: "zstd", endings: &["zst"], is_begun: compressed::is_zstd, open: zstd },
    TableFormat { name: "zip", endings: &["zip", "npz"], is_begun: compressed::is_zip, open: zip },
    TableFormat {
        name: "JSON lines",
        endings: &["jsonl", "ndjson"],
        is_begun: is_jsonl,
        open: jsonl,
    },
    TableFormat { name: ".npy", endings: &["npy"], is_begun: is_npy, open: npy },
    TableFormat {
        name: "safetensors",
        endings: &["safetensors"],
        is_begun: array_files::is_safetensors,
        open: safetensors,
    },
    #[cfg(feature = "parquet")]
    TableFormat {
        name: "Parquet",
        endings: &["parquet", "pq"],
        is_begun: parquet::is_parquet,
        open: parquet,
    },
    #[cfg(feature = "parquet")]
    TableFormat {
        name: "Arrow",
        endings: &["arrow", "arrows", "feather", "ipc"],
        is_begun: arrow_ipc::is_ipc,
        open: arrow,
    },
    TableFormat {
        name: "IDX",
        endings: &["idx", "ubyte"],
        is_begun: array_files::is_idx,
        open: idx,
    },
];

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
            let mut format_of_all = FileFormat::Npy;
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
    if let Some(known) = FORMATS.iter().find(|format| (format.is_begun)(bytes.start())) {
        return (known.open)(name, bytes, format);
    }
    if let Some(known) = by_name.filter(|_| !bytes.start().is_empty()) {
        let message =
            format!("expected {}, as the file's name says, found something else", known.name);
        return Err(Error::data(name, message).with_code(Code::NotATable));
    }
    Ok(Box::new(csv_of(name, bytes, format)?))
}

fn csv_of(name: &str, bytes: Bytes, format: &CsvConfig) -> Result<Csv> {
    let by_ending = CsvConfig { delimiter: Some('\t'), ..format.clone() };
    let is_tsv = format.delimiter.is_none() && name.to_ascii_lowercase().ends_with(".tsv");
    let format = if is_tsv { &by_ending } else { format };
    let encoding = match format.encoding {
        None if encoding::is_utf16(bytes.start()) => TextEncoding::Utf16,
        encoding => encoding.unwrap_or(TextEncoding::Utf8),
    };
    if encoding == TextEncoding::Utf8 {
        if let Some(help) = other_format(bytes.start()) {
            let error = Error::data(name, "expected a table").with_code(Code::NotATable);
            return Err(error.with_help(help));
        }
        return Csv::new(TableText::new(name, bytes)?, format);
    }
    let decoded = encoding::decode(&bytes.whole()?, encoding).ok_or_else(|| {
        let says = match format.encoding {
            Some(_) => "`csv.encoding` names",
            None => "its first bytes name, UTF-16",
        };
        Error::data(name, format!("the text is not in the encoding that {says}"))
            .with_code(Code::NotATable)
            .with_help("`utf-8`, `latin1`, `windows-1252` or `utf-16`")
    })?;
    Csv::new(TableText::new(name, decoded.into_bytes())?, format)
}

/// Whether bytes that aren't UTF-8 may still begin a table.
fn is_known(bytes: &[u8], format: &CsvConfig) -> bool {
    let is_encoded = format.encoding.is_some_and(|encoding| encoding != TextEncoding::Utf8);
    is_encoded || encoding::is_utf16(bytes) || FORMATS.iter().any(|format| (format.is_begun)(bytes))
}

/// The table in a file that gzip has compressed.
fn gzip(name: &str, bytes: Bytes, format: &CsvConfig) -> Result<Box<dyn Source>> {
    let bytes = compressed::gunzip(name, &bytes.whole()?)?;
    of_inner(name.strip_suffix(".gz").unwrap_or(name), bytes, format)
}

/// The table in a file that zstd has compressed.
#[cfg(feature = "zstd")]
fn zstd(name: &str, bytes: Bytes, format: &CsvConfig) -> Result<Box<dyn Source>> {
    let bytes = compressed::unzstd(name, &bytes.whole()?)?;
    of_inner(name.strip_suffix(".zst").unwrap_or(name), bytes, format)
}

/// The table in a zip archive: its arrays, or its only file.
fn zip(name: &str, bytes: Bytes, format: &CsvConfig) -> Result<Box<dyn Source>> {
    match compressed::unzip(name, &bytes.whole()?)? {
        Unpacked::Arrays(found) => Ok(Box::new(ArrayTable::new(name, FileFormat::Npz, found)?)),
        Unpacked::File(inner, bytes) => of_inner(&format!("{name}/{inner}"), bytes, format),
    }
}

/// What was packed; not packed once more.
fn of_inner(name: &str, bytes: Vec<u8>, format: &CsvConfig) -> Result<Box<dyn Source>> {
    if compressed::is_compressed(&bytes) {
        let error = Error::data(name, "it is compressed twice").with_code(Code::NotATable);
        return Err(error.with_help("unpack it"));
    }
    of_bytes(name, bytes, format)
}

/// A table of arrays; what is wrong with the file is told in words.
fn arrays(
    name: &str,
    format: FileFormat,
    found: Result<Vec<Array>, String>,
) -> Result<Box<dyn Source>> {
    let found = found.map_err(|message| Error::data(name, message).with_code(Code::NotATable))?;
    Ok(Box::new(ArrayTable::new(name, format, found)?))
}

fn npy(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<Box<dyn Source>> {
    arrays(name, FileFormat::Npy, array_files::npy("", &bytes.whole()?).map(|array| vec![array]))
}

fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(array_files::NPY)
}

fn idx(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<Box<dyn Source>> {
    arrays(name, FileFormat::Idx, array_files::idx(&bytes.whole()?).map(|array| vec![array]))
}

fn safetensors(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<Box<dyn Source>> {
    arrays(name, FileFormat::Safetensors, array_files::safetensors(&bytes.whole()?))
}

fn jsonl(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<Box<dyn Source>> {
    Ok(Box::new(JsonLines::new(TableText::new(name, bytes)?)?))
}

#[cfg(feature = "parquet")]
fn parquet(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<Box<dyn Source>> {
    Ok(Box::new(parquet::open(name, bytes.into_file()?)?))
}

#[cfg(feature = "parquet")]
fn arrow(name: &str, bytes: Bytes, _: &CsvConfig) -> Result<Box<dyn Source>> {
    let start = bytes.start().to_vec();
    Ok(Box::new(arrow_ipc::open(name, &start, bytes.into_file()?)?))
}

/// Whether a file begins with an object of JSON.
fn is_jsonl(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    let rest = bytes.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"\"") || rest.starts_with(b"}"))
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
