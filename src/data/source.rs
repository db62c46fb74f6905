//! Source: the text of a file, read whole, and the lines in it.

use std::io::Read;
use std::path::Path;

use memchr::memchr_iter;

use crate::config::names::did_you_mean;
use crate::error::{Error, Problem, Result};

/// The name on the command line that means standard input.
const STDIN: &str = "-";

/// The text of a table, and what it is called in messages.
pub(super) struct Source {
    /// `data/loan.csv`, or `stdin`.
    pub name: String,
    whole: String,
}

/// The bytes of a file; what is wrong is told without a place.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    if path.is_dir() {
        let message = format!("`{}` is a folder, not a CSV file", path.display());
        return Err(Problem::at("", message).help("name a file in it"));
    }
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::at("", format!("there is no file `{}`", path.display()))
                .help(neighbour(path).unwrap_or_default())
        }
        _ => Problem::at("", format!("can't read `{}`: {error}", path.display())),
    })
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
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            return Source::new("stdin", bytes);
        }
        let bytes = read(path)
            .map_err(|problem| Error::data("", problem.message).with_help(problem.help))?;
        Source::new(path.display().to_string(), bytes)
    }

    /// A table from its bytes.
    pub(super) fn new(name: impl Into<String>, bytes: Vec<u8>) -> Result<Source> {
        let name = name.into();
        let starts: [(&[u8], &str); 4] = [
            (b"\xff\xfe", "it is UTF-16 text: save it as UTF-8"),
            (b"\xfe\xff", "it is UTF-16 text: save it as UTF-8"),
            (b"PK\x03\x04", "it is a zip archive or an Excel workbook: export it as CSV"),
            (b"\x1f\x8b", "it is compressed by gzip: unpack it"),
        ];
        if let Some((_, help)) = starts.iter().find(|(start, _)| bytes.starts_with(start)) {
            return Err(Error::data(name, "expected a CSV file in UTF-8").with_help(*help));
        }
        let whole = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let byte = bytes.get(at).copied().unwrap_or_default();
            let place = format!("{name}:{}", line(bytes, at));
            Error::data(place, format!("expected UTF-8 text, found the byte 0x{byte:02X}"))
                .with_help("save the file as UTF-8; it may be Latin-1 or Windows-1252")
        })?;
        if whole.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(Error::data(name, "the file is empty")
                .with_help("the first line names the columns, the others are rows"));
        }
        Ok(Source { name, whole })
    }

    /// The text, without a byte order mark.
    pub(super) fn text(&self) -> &str {
        self.whole.strip_prefix('\u{feff}').unwrap_or(&self.whole)
    }

    /// `loan.csv:17` for a byte of the text: the line of what follows the line breaks there.
    pub(super) fn at(&self, byte: usize) -> String {
        let text = self.text().as_bytes();
        let breaks = text.iter().skip(byte).take_while(|b| matches!(b, b'\r' | b'\n')).count();
        format!("{}:{}", self.name, line(text, byte + breaks))
    }
}

/// The line that a byte is on, from 1; lines end with LF, CRLF or CR.
fn line(text: &[u8], byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    let returns =
        memchr_iter(b'\r', before).filter(|at| before.get(at + 1) != Some(&b'\n')).count();
    1 + memchr_iter(b'\n', before).count() + returns
}
