//! `Error`: one kind for each thing that somebody must fix.

use std::path::PathBuf;

use crate::config::ConfigError;

/// Everything that can go wrong, by what the user must fix.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration: a key, a value, or two sections that don't fit each other.
    #[error("{0}")]
    Config(Box<ConfigError>),
    /// The data: a file, a row, a cell.
    #[error("{}{message}{}", place(at), help(help_text))]
    Data {
        /// `loan.csv:17`, or empty.
        at: String,
        /// What was expected and what was found.
        message: String,
        /// What to do; may be empty.
        help_text: String,
    },
    /// A saved model, a checkpoint or a weights file.
    #[error("{}: {message}{}", path.display(), help(help_text))]
    Model {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        message: String,
        /// What to do; may be empty.
        help_text: String,
    },
    /// The run itself: a loss that is not a number, a folder that is taken, a run that is finished.
    #[error("{message}{}", help(help_text))]
    Run {
        /// What happened.
        message: String,
        /// What to do; may be empty.
        help_text: String,
    },
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

/// What is wrong with one value of the configuration, without its place: the message says what was
/// expected and what was found; the help, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Lower case, no full stop, names in backticks: "`units` must be at least 1, got 0".
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The key inside the entry that is at fault (`units`), or empty for the entry itself.
    pub key: String,
}

impl Problem {
    /// A problem with the key `key` of the entry at hand ("" for the entry itself).
    pub fn at(key: &str, message: impl Into<String>) -> Self {
        Problem { key: key.to_string(), message: message.into(), help: String::new() }
    }

    /// The same problem with words on what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl Error {
    /// An error in the data at a place (a file, a file and a line) that may be empty.
    pub fn data(at: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Data { at: at.into(), message: message.into(), help_text: String::new() }
    }

    /// An error in a saved model.
    pub fn model(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Error::Model { path: path.into(), message: message.into(), help_text: String::new() }
    }

    /// An error in the run.
    pub fn run(message: impl Into<String>) -> Self {
        Error::Run { message: message.into(), help_text: String::new() }
    }

    /// The same error with words on what to do.
    pub fn with_help(mut self, words: impl Into<String>) -> Self {
        match &mut self {
            Error::Data { help_text, .. }
            | Error::Model { help_text, .. }
            | Error::Run { help_text, .. } => *help_text = words.into(),
            Error::Config(error) => error.help = words.into(),
            _ => {}
        }
        self
    }

    /// The exit code that the binary ends with: 1 for what the user gave, 3 for the machine's failure
    /// (a full disk) or our own.
    pub fn exit_code(&self) -> u8 {
        use std::io::ErrorKind;

        match self {
            Error::Candle(_) | Error::Internal(_) => 3,
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
                | ErrorKind::UnexpectedEof => 1,
                _ => 3,
            },
            _ => 1,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Error::Config(Box::new(error))
    }
}

fn place(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!("{at}: ") }
}

fn help(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n  help: {text}") }
}
