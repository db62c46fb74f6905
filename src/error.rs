//! `Error`: one kind for each party that must do something.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place};

/// Everything that can go wrong.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the user gave is wrong: the configuration, the data, a model file, a command.
    #[error("{0}")]
    Diagnosed(Diagnostics),
    /// A file that can't be read or written; the message names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// candle refused something that Lanthorn should have caught: our own failure.
    #[error("internal error: {0}")]
    Candle(#[from] candle_core::Error),
    /// Any other failure of our own.
    #[error("internal error: {0}")]
    Internal(String),
}

/// `Result` with Lanthorn's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error in the data, at a place that may be none: a file, a line of it.
    pub fn data(place: impl Into<Place>, message: impl Into<String>) -> Self {
        Diagnostic::error(Code::Data, message).at(place).into()
    }

    /// An error in a saved model.
    pub fn model(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Diagnostic::error(Code::Model, message).at(Place::File(path.into())).into()
    }

    /// An error in the run.
    pub fn run(message: impl Into<String>) -> Self {
        Diagnostic::error(Code::Run, message).into()
    }

    /// The same error with words on what to do.
    pub fn with_help(self, words: impl Into<String>) -> Self {
        let words = words.into();
        self.map(|diagnostic| diagnostic.with_help(words.clone()))
    }

    /// The same error of another kind.
    pub fn with_code(self, code: Code) -> Self {
        self.map(|diagnostic| Diagnostic { code, ..diagnostic })
    }

    /// Changes the diagnostics that it holds, if it holds some.
    pub fn map(self, change: impl Fn(Diagnostic) -> Diagnostic) -> Self {
        match self {
            Error::Diagnosed(diagnostics) => Error::Diagnosed(diagnostics.map(change)),
            other => other,
        }
    }

    /// The error as diagnostics, whatever its kind.
    pub fn diagnostics(&self) -> Diagnostics {
        let code = match self {
            Error::Diagnosed(diagnostics) => return diagnostics.clone(),
            Error::Io(_) => Code::Io,
            Error::Candle(_) | Error::Internal(_) => Code::Internal,
        };
        Diagnostic::error(code, self.to_string()).into()
    }

    /// The exit code that the binary ends with: 1 for what the user gave, 3 for the machine's failure
    /// (a full disk) or our own.
    pub fn exit_code(&self) -> u8 {
        use std::io::ErrorKind;

        match self {
            Error::Candle(_) | Error::Internal(_) => 3,
            Error::Diagnosed(_) => 1,
            Error::Io(error) => match error.kind() {
                ErrorKind::NotFound
                | ErrorKind::PermissionDenied
                | ErrorKind::AlreadyExists
                | ErrorKind::IsADirectory
                | ErrorKind::NotADirectory
                | ErrorKind::DirectoryNotEmpty
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidData
                | ErrorKind::InvalidFilename
                | ErrorKind::OutOfMemory
                | ErrorKind::UnexpectedEof => 1,
                _ => 3,
            },
        }
    }
}

/// As a person reads it: what `fn main() -> lanthorn::Result<()>` and `unwrap` print.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        f.write_str(text.strip_prefix("error: ").unwrap_or(&text))
    }
}

impl Error {
    /// All of these in one; None where there are none.
    pub fn all<D: Into<Diagnostic>>(errors: Vec<D>) -> Option<Error> {
        Diagnostics::of(errors.into_iter().map(D::into).collect()).map(Error::Diagnosed)
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Error::Diagnosed(diagnostic.into())
    }
}

/// What is wrong with one value of the configuration, without its place: the message says what was
/// expected and what was found; the help, what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem, where it is none of the value itself.
    pub code: Code,
    /// Lower case, no full stop, names in backticks: "`units` must be at least 1, got 0".
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The key inside the entry that is at fault (`units`), or empty for the entry itself.
    pub key: String,
    /// The valid name that a mistyped one probably means.
    pub near: Option<String>,
}

impl Problem {
    /// A problem with the key `key` of the entry at hand ("" for the entry itself).
    pub fn at(key: &str, message: impl Into<String>) -> Self {
        Problem { key: key.to_string(), message: message.into(), ..Problem::default() }
    }

    /// The same problem with words on what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same problem of another kind.
    pub fn code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }
}

/// What stands before a problem that is written with all its fields (RFC 7464's record separator).
const WITH_FIELDS: char = '\u{1e}';

/// Its words; with `{:#}` all its fields. serde's errors carry a text and nothing else: that is how
/// a problem that is found while reading comes through them whole, by `Problem::carried_by`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let fields = serde_json::to_string(self).map_err(|_| fmt::Error)?;
            return write!(f, "{WITH_FIELDS}{fields}");
        }
        match self.help.as_str() {
            "" => f.write_str(&self.message),
            help => write!(f, "{}\n  help: {help}", self.message),
        }
    }
}

impl Problem {
    /// The problem that a message of serde's carries, or that its words are.
    pub(crate) fn carried_by(message: impl fmt::Display) -> Problem {
        let text = format!("{message:#}");
        let fields = text.strip_prefix(WITH_FIELDS).map(serde_json::from_str);
        match fields {
            Some(Ok(problem)) => problem,
            _ => Problem { code: Code::InvalidValue, message: text, ..Problem::default() },
        }
    }
}
