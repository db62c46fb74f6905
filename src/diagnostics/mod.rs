//! Diagnostics as data: what is wrong (or deserves a warning), where, and what to do about it.
//!
//! A [`Diagnostic`] is one of them, [`Diagnostics`] all mistakes of one configuration or call.
//! `codes` is the table of their kinds; `draw` shows one beside its line of the configuration.

mod codes;
mod draw;
mod github;
mod printable;
mod severity;
pub(crate) mod shell;
mod text;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use codes::Code;
pub use printable::printable;
pub use severity::Severity;
pub use text::Text;

/// One thing that is wrong, or that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// Whether it stops the work.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What was expected and what was found: lower case, no full stop.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// Where a diagnostic belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// To no place in particular.
    #[default]
    None,
    /// To a key or value of a configuration.
    Config {
        /// The path from the root: `model.layers[0].dense.units`; may be empty.
        path: String,
        /// The text that it stands in; None until `Document::draw` has found it.
        text: Option<Arc<Text>>,
        /// Bytes of that text, where they are known.
        span: Option<Range<usize>>,
    },
    /// To a table of data.
    Table {
        /// The file, as the user named it.
        file: String,
        /// The line in the file, from 1.
        line: Option<usize>,
        /// The column's name.
        column: Option<String>,
    },
    /// To a file as a whole.
    File(PathBuf),
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        let (place, message, help) = (Place::None, shortened(message.into()), String::new());
        Diagnostic { code, severity: Severity::Error, place, message, help }
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// The same, not stopping the work.
    pub fn as_warning(self) -> Self {
        Diagnostic { severity: Severity::Warning, ..self }
    }

    /// The same with words on what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = shortened(help.into());
        self
    }

    /// The same at a place.
    pub fn at(mut self, place: impl Into<Place>) -> Self {
        self.place = place.into();
        self
    }

    /// As it is shown: `error: …`, beside the line of the configuration where that is known.
    pub fn render(&self) -> String {
        self.drawn(false)
    }

    /// The same for a terminal with colours; what it quotes holds no control characters.
    pub fn render_in_colour(&self) -> String {
        self.drawn(true)
    }

    fn drawn(&self, in_colour: bool) -> String {
        match &self.place {
            Place::Config { text: Some(text), span, .. } => {
                let Diagnostic { severity, message, help, .. } = self;
                draw::draw(*severity, message, help, text, span.as_ref(), in_colour)
            }
            _ if in_colour => {
                let (severity, plain) = (self.severity.in_colour(), self.plain());
                format!("{severity}: {}", printable(&plain))
            }
            _ => format!("{}: {}", self.severity, self.plain()),
        }
    }

    /// As one JSON object; docs/errors.md describes its keys.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("event".to_string(), json!(self.severity.name()));
        object.insert("code".to_string(), json!(self.code.number()));
        object.insert("kind".to_string(), json!(self.code.name()));
        object.insert("message".to_string(), json!(self.message));
        object.insert("help".to_string(), json!(self.help));
        object.insert("place".to_string(), self.place.to_json());
        Value::Object(object)
    }

    /// The place, the message and the help in plain text.
    fn plain(&self) -> String {
        let place = self.place.to_string();
        let gap = if place.is_empty() { "" } else { ": " };
        let help =
            if self.help.is_empty() { String::new() } else { format!("\n  help: {}", self.help) };
        format!("{place}{gap}{}{help}", self.message)
    }
}

/// Words that may quote a user's data, which may be long: at most twenty lines of them.
fn shortened(words: String) -> String {
    const LINES: usize = 20;
    const CHARACTERS: usize = 4000;
    let lines = words.match_indices('\n').nth(LINES - 1).map(|(at, _)| at);
    let characters = words.char_indices().nth(CHARACTERS).map(|(at, _)| at);
    match lines.into_iter().chain(characters).min() {
        Some(end) => format!("{} … ({} bytes more)", &words[..end], words.len() - end),
        None => words,
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Config { text: Some(_), .. } => f.write_str(&self.render()),
            _ => f.write_str(&self.plain()),
        }
    }
}

impl Place {
    /// A line of a table, from 1.
    pub fn line(file: impl Into<String>, line: usize) -> Place {
        Place::Table { file: file.into(), line: Some(line), column: None }
    }

    /// The same place in a column of the table.
    pub fn in_column(mut self, name: impl Into<String>) -> Place {
        if let Place::Table { column, .. } = &mut self {
            *column = Some(name.into());
        }
        self
    }

    fn to_json(&self) -> Value {
        match self {
            Place::None => Value::Null,
            Place::Config { path, text: None, .. } if path.is_empty() => Value::Null,
            Place::Config { path, text, span } => {
                let file = text.as_ref().map(|text| text.name.as_str());
                let mut place = json!({ "file": file, "path": path });
                if let (Some(text), Some(span)) = (text, span) {
                    let (line, column) = text.line_and_column(span.start);
                    place["line"] = json!(line);
                    place["column"] = json!(column);
                    place["bytes"] = json!([span.start, span.end]);
                }
                place
            }
            Place::Table { file, line, column } => {
                json!({ "file": file, "line": line, "column_name": column })
            }
            Place::File(path) => json!({ "file": path.display().to_string() }),
        }
    }
}

/// A file of data by its name; an empty name is no place.
impl From<String> for Place {
    fn from(file: String) -> Self {
        if file.is_empty() { Place::None } else { Place::Table { file, line: None, column: None } }
    }
}

impl From<&String> for Place {
    fn from(file: &String) -> Self {
        Place::from(file.clone())
    }
}

impl From<&str> for Place {
    fn from(file: &str) -> Self {
        Place::from(file.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::None => Ok(()),
            Place::Config { path, .. } => f.write_str(path),
            Place::Table { file, line: Some(line), .. } => write!(f, "{file}:{line}"),
            Place::Table { file, .. } => f.write_str(file),
            Place::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// All mistakes of one configuration or call: at least one, the first twenty of them in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    shown: Vec<Diagnostic>,
    more: usize,
}

impl Diagnostics {
    /// How many are kept in full.
    pub const SHOWN: usize = 20;

    /// All of these; None where there are none.
    pub fn of(mut all: Vec<Diagnostic>) -> Option<Diagnostics> {
        let more = all.len().saturating_sub(Self::SHOWN);
        all.truncate(Self::SHOWN);
        (!all.is_empty()).then_some(Diagnostics { shown: all, more })
    }

    /// The first of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.shown.iter()
    }

    /// How many there are beside those.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Changes each of them.
    pub fn map(mut self, change: impl Fn(Diagnostic) -> Diagnostic) -> Diagnostics {
        self.shown = self.shown.into_iter().map(change).collect();
        self
    }

    /// As they are shown, with an empty line between two.
    pub fn render(&self) -> String {
        self.joined(Diagnostic::render)
    }

    /// The same for a terminal with colours.
    pub fn render_in_colour(&self) -> String {
        self.joined(Diagnostic::render_in_colour)
    }

    fn joined(&self, show: impl Fn(&Diagnostic) -> String) -> String {
        let mut parts: Vec<String> = self.iter().map(show).collect();
        if self.more > 0 {
            parts.push(format!("and {} more", self.more));
        }
        parts.join("\n\n")
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Diagnostics { shown: vec![one], more: 0 }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(Diagnostic::to_string))
    }
}
/// Leaves each diagnostic once, where it first stands.
pub(crate) fn once(all: &mut Vec<Diagnostic>) {
    for diagnostic in std::mem::take(all) {
        if !all.contains(&diagnostic) {
            all.push(diagnostic);
        }
    }
}
