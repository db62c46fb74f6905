//! Source: the text of a table, and the lines in it. A large file is read piece by piece where it
//! is worked on, and whole only where something in it isn't plain.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use memchr::{memchr, memchr_iter, memrchr};

use crate::config::names::did_you_mean;
use crate::diagnostics::{Code, Place};
use crate::error::{Error, Problem, Result};
use crate::intake;

/// The name on the command line that means standard input.
const STDIN: &str = "-";
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text of a table, and what it is called in messages.
pub(super) struct Source {
    /// `data/loan.csv`, or `stdin`.
    pub name: String,
    /// The text; of a large file the lines at its beginning.
    start: String,
    rest: Option<Rest>,
}

/// A large file whose text is read where it is needed.
struct Rest {
    file: Mutex<File>,
    length: usize,
    /// The whole text, once it was asked for.
    whole: OnceLock<String>,
}

/// The bytes of a file; of a large one the beginning, and the file.
pub(super) struct Bytes(Vec<u8>, Option<(File, usize)>);

/// How much is read at once of a file that is larger.
const START: usize = 1 << 21;
/// How much is read after a piece, for its last line to end there.
const SLACK: usize = 1 << 14;

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes, None)
    }
}

/// The bytes of a file; what is wrong is told without a place.
pub(super) fn read(path: &Path) -> Result<Bytes, Problem> {
    let text = path.to_string_lossy();
    if text.contains(['*', '?', '[']) && !path.exists() {
        return Err(Problem::at("", format!("there is no file `{text}`"))
            .help("several files in one table are not supported yet: name one file."));
    }
    if path.is_dir() {
        let message = format!("`{}` is a folder, not a CSV file", path.display());
        return Err(Problem::at("", message).help("name a file in it"));
    }
    read_file(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::at("", format!("there is no file `{}`", path.display()))
                .help(neighbour(path).unwrap_or_default())
        }
        _ => Problem::at("", format!("can't read `{}`: {error}", path.display())),
    })
}

fn read_file(path: &Path) -> std::io::Result<Bytes> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    let length = usize::try_from(about.len()).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    if about.is_file() && length > START {
        bytes.resize(START, 0);
        file.read_exact(&mut bytes)?;
        let is_blank = bytes.trim_ascii().is_empty();
        if let Some(end) = memrchr(b'\n', &bytes).filter(|_| !is_blank) {
            bytes.truncate(end + 1);
            return Ok(Bytes(bytes, Some((file, length))));
        }
        bytes.clear();
        check_lines(&mut file)?;
    }
    intake::stream(&mut file, &mut bytes, is_no_table)?;
    Ok(Bytes(bytes, None))
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
fn is_no_table(bytes: &[u8]) -> bool {
    let is_text =
        std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    !is_text || other_format(bytes).is_some()
}

/// "did you mean …?", where a file of nearly this name is in the same folder.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort(); // the file system's order is any
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = did_you_mean(&path.file_name()?.to_string_lossy(), &names)?;
    Some(format!("did you mean `{near}`?"))
}

impl Source {
    /// A file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Source> {
        if path == Path::new(STDIN) {
            let mut bytes = Vec::new();
            intake::stream(&mut std::io::stdin().lock(), &mut bytes, is_no_table)?;
            return Source::new("stdin", bytes);
        }
        let bytes = read(path)
            .map_err(|problem| Error::data("", problem.message).with_help(problem.help))
            .map_err(|error| error.with_code(Code::NotATable))?;
        Source::new(path.display().to_string(), bytes)
    }

    /// A table from its bytes.
    pub(super) fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Result<Source> {
        let (name, Bytes(bytes, file)) = (name.into(), bytes.into());
        let start = text(&name, bytes)?;
        let rest = file.map(|(file, length)| Rest {
            file: Mutex::new(file),
            length,
            whole: OnceLock::new(),
        });
        Ok(Source { name, start, rest })
    }

    /// The whole text, without a byte order mark.
    pub(super) fn text(&self) -> Result<&str> {
        if let Some(rest) = &self.rest
            && rest.whole.get().is_none()
        {
            intake::has_room(rest.length as u64).map_err(|error| {
                std::io::Error::new(error.kind(), format!("{}: {error}", self.name))
            })?;
            let mut file = rest.lock();
            check_lines(&mut file).map_err(|error| {
                Error::data(self.name.clone(), error.to_string()).with_code(Code::NotATable)
            })?;
            let mut bytes = Vec::with_capacity(rest.length);
            file.read_to_end(&mut bytes)?;
            drop(rest.whole.set(text(&self.name, bytes)?)); // somebody else may have been faster
        }
        Ok(self.known())
    }

    /// The beginning of the text, without a byte order mark: the header and more whole lines.
    pub(super) fn start(&self) -> &str {
        self.start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.start)
    }

    /// True where [`Source::start`] is the whole text.
    pub(super) fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// The text from byte `body` on, in pieces of `bytes` bytes.
    pub(super) fn pieces(&self, body: usize, bytes: usize) -> Vec<Range<usize>> {
        let length = self.rest.as_ref().map_or(self.start.len(), |rest| rest.length);
        let length = length - self.mark();
        (body..length).step_by(bytes).map(|start| start..length.min(start + bytes)).collect()
    }

    /// The lines that begin within a piece; all of it where `is_first`. None where they can't be
    /// read, or aren't UTF-8.
    pub(super) fn lines<'a>(
        &'a self,
        piece: Range<usize>,
        is_first: bool,
        buffer: &'a mut Vec<u8>,
    ) -> Option<&'a str> {
        // a line begins at the first byte where the one before it is a line break
        let from = if is_first { piece.start } else { piece.start - 1 };
        let length = piece.end - from;
        let bytes = match &self.rest {
            None => self.start().as_bytes().get(from..)?,
            Some(rest) => rest.read(from + self.mark(), length, buffer)?,
        };
        let next_line = |at| match memchr(b'\n', &bytes[at..]) {
            Some(end) => at + end + 1,
            None => bytes.len(),
        };
        let (start, end) = (if is_first { 0 } else { next_line(0) }, next_line(length - 1));
        std::str::from_utf8(&bytes[start..end]).ok()
    }

    /// How many bytes the byte order mark has.
    fn mark(&self) -> usize {
        self.start.len() - self.start().len()
    }

    /// `loan.csv:17` for a byte of the text: the line of what follows the line breaks there.
    pub(super) fn at(&self, byte: usize) -> Place {
        Place::line(&self.name, self.line(byte))
    }

    /// The number of that line, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        let text = self.known().as_bytes();
        let breaks = text.iter().skip(byte).take_while(|b| matches!(b, b'\r' | b'\n')).count();
        line(text, byte + breaks)
    }

    /// As much of the text as was read.
    fn known(&self) -> &str {
        match self.rest.as_ref().and_then(|rest| rest.whole.get()) {
            Some(whole) => whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole),
            None => self.start(),
        }
    }
}

impl Rest {
    fn lock(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At least `length` bytes from `from` on, and what is needed for their last line to end.
    fn read<'a>(&self, from: usize, length: usize, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let mut slack = SLACK;
        loop {
            if slack > MOST_LINE {
                return None; // the careful way tells why
            }
            let end = self.length.min(from + length + slack);
            buffer.resize(end - from, 0);
            let mut file = self.lock();
            file.seek(SeekFrom::Start(from as u64)).ok()?;
            file.read_exact(buffer).ok()?;
            drop(file);
            if end == self.length || memchr(b'\n', &buffer[length - 1..]).is_some() {
                return Some(buffer);
            }
            slack *= 4;
        }
    }
}

/// The text of bytes that are UTF-8 and hold something.
fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    if let Some(help) = other_format(&bytes) {
        let error = Error::data(name, "expected a CSV file in UTF-8").with_code(Code::NotATable);
        return Err(error.with_help(help));
    }
    let whole = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let byte = bytes.get(at).copied().unwrap_or_default();
        let place = Place::line(name, line(bytes, at));
        Error::data(place, format!("expected UTF-8 text, found the byte 0x{byte:02X}"))
            .with_code(Code::NotATable)
            .with_help("save the file as UTF-8; it may be Latin-1 or Windows-1252")
    })?;
    if whole.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty() {
        return Err(Error::data(name, "the file is empty")
            .with_code(Code::NotATable)
            .with_help("the first line names the columns, the others are rows"));
    }
    Ok(whole)
}

/// What to do about a file that is no CSV.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 19] = [
        (b"\xff\xfe", "it is UTF-16 text: save it as UTF-8"),
        (b"\xfe\xff", "it is UTF-16 text: save it as UTF-8"),
        (b"PK\x03\x04", "it is a zip archive or an Excel workbook: export it as CSV"),
        (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook: export it as CSV"),
        (b"\x1f\x8b", "it is compressed by gzip: unpack it"),
        (b"BZh", "it is compressed by bzip2: unpack it"),
        (b"\xfd7zXZ", "it is compressed by xz: unpack it"),
        (b"\x28\xb5\x2f\xfd", "it is compressed by zstd: unpack it"),
        (b"PAR1", "it is a Parquet file, which is not supported yet: export it as CSV"),
        (b"ARROW1", "it is an Arrow file, which is not supported yet: export it as CSV"),
        (b"ORC", "it is an ORC file, which is not supported: export it as CSV"),
        (b"\x93NUMPY", "it is a NumPy array, which is not supported yet: export it as CSV"),
        (b"\x89HDF", "it is an HDF5 file: export the table as CSV"),
        (b"SQLite format 3", "it is an SQLite database: export the table as CSV"),
        (b"%PDF", "it is a PDF file: export the table as CSV"),
        (b"\x89PNG", "it is an image"),
        (b"\xff\xd8\xff", "it is an image"),
        (b"<!", "it is a page of HTML: download the table itself"),
        (b"<?xml", "it is an XML file: export the table as CSV"),
    ];
    if let Some((_, help)) = STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        // a column may well be named ORC
        let is_text = bytes
            .iter()
            .take(1000)
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let may_be_a_name = matches!(bytes.first(), Some(b'B' | b'O' | b'P' | b'A' | b'S'));
        return (!is_text || !may_be_a_name).then_some(*help);
    }
    let start = &bytes[..bytes.len().min(1000)];
    let nuls = memchr_iter(0, start).count();
    if nuls * 3 > start.len() {
        return Some("it looks like UTF-16 text: save it as UTF-8");
    }
    let text = start.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(start).trim_ascii_start();
    match text {
        [b'{', rest @ ..] if rest.trim_ascii_start().starts_with(b"\"") => {
            Some("it is JSON, or JSON lines, which are not supported yet: export it as CSV")
        }
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[')) => {
            Some("it is JSON, which is not supported: export it as CSV")
        }
        _ => None,
    }
}

/// The line that a byte is on, from 1; lines end with LF, CRLF or CR.
fn line(text: &[u8], byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    let returns =
        memchr_iter(b'\r', before).filter(|at| before.get(at + 1) != Some(&b'\n')).count();
    1 + memchr_iter(b'\n', before).count() + returns
}
