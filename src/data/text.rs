//! TableText: the text of a table, and the lines in it. A large file is read piece by piece where it is
//! worked on.

use std::fs::File;
#[cfg(feature = "parquet")]
use std::io::Write;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memchr::{memchr, memchr_iter, memrchr};

use super::other_formats::other_format;
use super::row_places::RowPlaces;
use crate::config::names::{did_you_mean, suggested};
use crate::diagnostics::{Code, Place};
use crate::disk::intake;
use crate::error::{Error, Problem, Result};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text of a table, and what it is called in messages.
pub(super) struct TableText {
    /// `data/loan.csv`, or `stdin`.
    pub name: String,
    /// The text; of a large file the lines at its beginning.
    start: String,
    rest: Option<Rest>,
}

/// Some of the text, up to the end of a line.
pub(super) struct TextWindow<'a> {
    /// Its bytes; UTF-8 from the first line that begins in it on, if the file is.
    pub bytes: &'a [u8],
    /// Whether it ends where the text ends.
    pub is_end: bool,
}

/// A large file whose text is read where it is needed.
struct Rest {
    file: Mutex<File>,
    length: usize,
    /// A byte whose line was asked for, and that line.
    counted: Mutex<(usize, usize)>,
}

/// The bytes of a file; of a large one the beginning.
pub(super) struct Bytes {
    start: Vec<u8>,
    /// Whether that is all of them.
    is_whole: bool,
    /// The file and its length, where it is a plain one.
    file: Option<(File, usize)>,
}

/// How much is read at once of a file that is larger.
const START: usize = 1 << 21;
/// How much is read after a piece, for its last line to end there.
const SLACK: usize = 1 << 14;

impl Bytes {
    /// What the file begins with.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// The same whose beginning ends with a line; the whole file where it has none that ends there.
    fn of_whole_lines(mut self) -> std::io::Result<Bytes> {
        match memrchr(b'\n', &self.start).filter(|_| !self.is_whole) {
            Some(end) => self.start.truncate(end + 1),
            None => return Ok(self.whole()?.into()),
        }
        Ok(self)
    }

    /// All bytes of the file.
    pub(super) fn whole(self) -> std::io::Result<Vec<u8>> {
        let Bytes { mut start, is_whole, file } = self;
        if let Some((mut file, length)) = file.filter(|_| !is_whole) {
            intake::has_room(length as u64)?;
            start.clear();
            start.reserve_exact(length);
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut start)?;
        }
        Ok(start)
    }

    /// The file; of bytes that are in none a temporary one.
    #[cfg(feature = "parquet")]
    pub(super) fn into_file(self) -> std::io::Result<File> {
        if let Some((file, _)) = self.file {
            return Ok(file);
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.start)?;
        Ok(file)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes { start: bytes, is_whole: true, file: None }
    }
}

/// The bytes of a file; what is wrong is told without a place. `is_known` says of its beginning that
/// it is no text, but can be read.
pub(super) fn read(path: &Path, is_known: &dyn Fn(&[u8]) -> bool) -> Result<Bytes, Problem> {
    if path.is_dir() {
        let message = format!("`{}` is a folder, not a table", path.display());
        return Err(Problem::at("", message).help("name a file in it"));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if ["yaml", "yml", "toml"].contains(&ending) && path.is_file() {
        let message = format!("`{}` is a configuration, where a table is expected", path.display());
        return Err(Problem::at("", message).help("name the table"));
    }
    read_file(path, is_known).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::at("", format!("there is no file `{}`", path.display()))
                .help(neighbour(path).unwrap_or_default())
        }
        _ => Problem::at("", format!("can't read `{}`: {error}", path.display())),
    })
}

fn read_file(path: &Path, is_known: &dyn Fn(&[u8]) -> bool) -> std::io::Result<Bytes> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    let length = usize::try_from(about.len()).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    if about.is_file() && length > START {
        bytes.resize(START, 0);
        file.read_exact(&mut bytes)?;
        let is_blank = bytes.trim_ascii().is_empty();
        if is_known(&bytes) || (!is_blank && memrchr(b'\n', &bytes).is_some()) {
            return Ok(Bytes { start: bytes, is_whole: false, file: Some((file, length)) });
        }
        bytes.clear();
        check_lines(&mut file)?;
    }
    intake::stream(&mut file, &mut bytes, |bytes| !is_known(bytes) && is_no_table(bytes))?;
    Ok(Bytes { start: bytes, is_whole: true, file: about.is_file().then_some((file, length)) })
}

/// The longest line that a table may have.
const MOST_LINE: usize = 32 << 20;

/// An error where a line is longer than any row of a table; little of it is in memory at a time. Ends
/// at the beginning of the file.
fn check_lines(file: &mut File) -> std::io::Result<()> {
    let mut block = vec![0; START];
    let (mut line, mut length) = (1, 0);
    file.seek(SeekFrom::Start(0))?;
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            file.seek(SeekFrom::Start(0))?;
            return Ok(());
        }
        for part in block[..read].split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            length += part.len();
            if length > MOST_LINE {
                let message = format!(
                    "line {line} is longer than 32 MB: is it a table, with a line for each row?"
                );
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
            }
            if part.ends_with(b"\n") || part.ends_with(b"\r") {
                (line, length) = (line + usize::from(part.ends_with(b"\n")), 0);
            }
        }
    }
}

/// True where bytes begin what is no table.
pub(super) fn is_no_table(bytes: &[u8]) -> bool {
    let is_text =
        std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    !is_text || other_format(bytes).is_some()
}

/// The suggestion, where a file of nearly this name is in the same folder.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort(); // the file system's order is any
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = did_you_mean(&path.file_name()?.to_string_lossy(), &names)?;
    Some(suggested(Some(near), ""))
}

impl TableText {
    /// A text from its bytes.
    pub(super) fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Result<TableText> {
        let (name, bytes) = (name.into(), bytes.into());
        let Bytes { start, is_whole, file } = bytes.of_whole_lines()?;
        let start = text(&name, start)?;
        let rest = file.filter(|_| !is_whole).map(|(file, length)| Rest {
            file: Mutex::new(file),
            length,
            counted: Mutex::new((0, 1)),
        });
        Ok(TableText { name, start, rest })
    }

    /// The beginning of the text, without a byte order mark: the header and more whole lines.
    pub(super) fn start(&self) -> &str {
        self.start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.start)
    }

    /// True where [`TableText::start`] is the whole text.
    pub(super) fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// How many bytes it has, without a byte order mark.
    pub(super) fn len(&self) -> usize {
        self.rest.as_ref().map_or(self.start.len(), |rest| rest.length) - self.mark()
    }

    /// The text from byte `body` on, in pieces of `bytes` bytes.
    pub(super) fn pieces(&self, body: usize, bytes: usize) -> Vec<Range<usize>> {
        let length = self.len();
        (body..length).step_by(bytes).map(|start| start..length.min(start + bytes)).collect()
    }

    /// At least `length` bytes from `from` on, and what is needed for their last line to end.
    pub(super) fn window<'a>(
        &'a self,
        from: usize,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<TextWindow<'a>> {
        match &self.rest {
            None => {
                let rest = self.start().as_bytes().get(from..).unwrap_or_default();
                let last = rest.get(length.max(1) - 1..).and_then(|rest| memchr(b'\n', rest));
                let end = last.map_or(rest.len(), |last| length.max(1) + last);
                Ok(TextWindow { bytes: &rest[..end], is_end: end == rest.len() })
            }
            Some(rest) => rest.window(from + self.mark(), length, buffer).map_err(|error| {
                let error = match error.kind() {
                    ErrorKind::InvalidData => self.too_long(from),
                    _ => Error::data(self.name.clone(), error.to_string()),
                };
                error.with_code(Code::NotATable)
            }),
        }
    }

    /// The byte before one.
    pub(super) fn byte_before(&self, byte: usize) -> Option<u8> {
        let mut buffer = Vec::new();
        let window = self.window(byte.checked_sub(1)?, 1, &mut buffer).ok()?;
        window.bytes.first().copied()
    }

    /// How many bytes the byte order mark has.
    fn mark(&self) -> usize {
        self.start.len() - self.start().len()
    }

    fn too_long(&self, from: usize) -> Error {
        let message = format!(
            "a line is longer than {} MB: is it a table, with a line for each row?",
            MOST_LINE >> 20
        );
        Error::data(self.at(from), message)
    }

    /// The error for bytes that aren't UTF-8, of which the first is at `byte` of the text.
    pub(super) fn not_utf8(&self, byte: usize, value: u8) -> Error {
        not_utf8(self.at(byte), value)
    }
}

/// The places of rows are the bytes where they begin.
impl RowPlaces for TableText {
    fn name(&self) -> &str {
        &self.name
    }

    /// The line of what follows the line breaks at a byte.
    fn line(&self, byte: usize) -> usize {
        let start = self.start().as_bytes();
        match &self.rest {
            Some(rest) if byte >= start.len() => rest.line(byte + self.mark()),
            _ => {
                let breaks = start.iter().skip(byte);
                let breaks = breaks.take_while(|b| matches!(b, b'\r' | b'\n')).count();
                line(start, byte + breaks)
            }
        }
    }
}

impl Rest {
    fn lock(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, from: usize, buffer: &mut [u8]) -> std::io::Result<()> {
        let mut file = self.lock();
        file.seek(SeekFrom::Start(from as u64))?;
        file.read_exact(buffer)
    }

    fn window<'a>(
        &self,
        from: usize,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> std::io::Result<TextWindow<'a>> {
        let length = length.max(1);
        intake::has_room(length as u64)?;
        let mut slack = SLACK;
        loop {
            if slack > MOST_LINE {
                return Err(ErrorKind::InvalidData.into());
            }
            let end = self.length.min(from.saturating_add(length).saturating_add(slack));
            buffer.resize(end.saturating_sub(from), 0);
            self.read(from, buffer)?;
            if end == self.length {
                return Ok(TextWindow { bytes: buffer, is_end: true });
            }
            if let Some(last) = memchr(b'\n', &buffer[length - 1..]) {
                return Ok(TextWindow { bytes: &buffer[..length + last], is_end: false });
            }
            slack *= 4;
        }
    }

    /// The line that a byte of the file is on; what can't be read has none.
    fn line(&self, byte: usize) -> usize {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 > byte {
            *counted = (0, 1);
        }
        let mut block = vec![0; START.min(self.length)];
        while counted.0 < byte {
            let count = block.len().min(byte - counted.0);
            if self.read(counted.0, &mut block[..count]).is_err() {
                break;
            }
            // a CR at the end of a block is counted with what follows it
            let is_cut = count > 1 && block[count - 1] == b'\r';
            let count = count - usize::from(is_cut);
            counted.1 += line(&block[..count], count) - 1;
            counted.0 += count;
            if is_cut && counted.0 + 1 == byte {
                counted.1 += 1;
                break;
            }
        }
        counted.1
    }
}

/// The text of bytes that are UTF-8 and hold something.
fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    let whole = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let byte = bytes.get(at).copied().unwrap_or_default();
        not_utf8(Place::line(name, line(bytes, at)), byte)
    })?;
    if whole.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty() {
        return Err(Error::data(name, "the file is empty")
            .with_code(Code::NotATable)
            .with_help("the first line names the columns, the others are rows"));
    }
    Ok(whole)
}

fn not_utf8(place: Place, byte: u8) -> Error {
    Error::data(place, format!("expected UTF-8 text, found the byte 0x{byte:02X}"))
        .with_code(Code::NotATable)
        .with_help(
            "set `csv: {encoding: latin1}` or `csv: {encoding: windows-1252}`, or save the file as UTF-8",
        )
}

/// The line that a byte is on, from 1; lines end with LF, CRLF or CR.
fn line(text: &[u8], byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    let returns =
        memchr_iter(b'\r', before).filter(|at| before.get(at + 1) != Some(&b'\n')).count();
    1 + memchr_iter(b'\n', before).count() + returns
}
