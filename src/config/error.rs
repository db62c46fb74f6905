//! `ConfigError`: what is wrong with a configuration, and where; serde's errors in plain words.

use std::fmt;
use std::ops::Range;

use serde::de::{self, Unexpected};

use super::unknown::{unknown_key, unknown_name};
use crate::diagnostics::{Code, Diagnostic, Place};
use crate::error::{Error, Problem};

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConfigError {
    /// What kind of mistake.
    pub code: Code,
    /// What was expected and what was found.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Where: `model.layers[0].dense`; may be empty.
    pub path: String,
    /// Bytes of the document, where known.
    pub span: Option<Range<usize>>,
    /// What the reader needs to know of it on its way up.
    pub(super) detail: Detail,
}

/// What the reader needs to know of an error on its way up, beside its words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Detail {
    /// Nothing.
    #[default]
    None,
    /// This key is missing; who knows how it is written adds the help.
    Missing(String),
    /// The name is none of these; who knows what they are called adds the noun.
    NoVariant(String, &'static [&'static str]),
    /// This was expected where a table of keys was found.
    NoTable(String),
    /// This was expected after a bare name.
    Nothing,
    /// The key is unknown; it may be meant for this one.
    UnknownKey(Option<String>),
    /// It is about a part that has a mistake already, and is not to be told.
    Told,
}

impl ConfigError {
    /// An error at a path of the tree, such as `model.layers[2].dense.units`.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        ConfigError {
            code: Code::InvalidValue,
            message: message.into(),
            help: String::new(),
            path: path.into(),
            span: None,
            detail: Detail::None,
        }
    }

    /// An error of the text at a place, which may be empty: the end of it.
    pub(super) fn here(span: Range<usize>, message: impl Into<String>) -> Self {
        ConfigError { code: Code::Syntax, span: Some(span), ..ConfigError::at("", message) }
    }

    /// The error of a part whose mistake is known already.
    pub(super) fn told() -> Self {
        ConfigError { detail: Detail::Told, ..ConfigError::at("", "this has a mistake") }
    }

    /// A problem of the value at hand.
    pub(super) fn of(problem: Problem) -> Self {
        let Problem { code, message, help, key, near } = problem;
        let is_unsupported_key = code == Code::Unsupported && !key.is_empty();
        let detail = match code {
            Code::MissingKey => Detail::Missing(key.clone()),
            Code::UnknownKey => Detail::UnknownKey(near),
            _ if is_unsupported_key => Detail::UnknownKey(None),
            _ => Detail::None,
        };
        let is_of_key = code == Code::UnknownKey || is_unsupported_key;
        let path = if is_of_key { key } else { String::new() };
        ConfigError { code, help, detail, ..ConfigError::at(path, message) }
    }

    /// The same error of another kind.
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The same error with words on what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same error at a place, where it has none yet and the place is one.
    pub(super) fn at_span(mut self, span: &Range<usize>) -> Self {
        if self.span.is_none() && !span.is_empty() {
            self.span = Some(span.clone());
        }
        self
    }

    /// The same error, one step further down from the root.
    pub(super) fn inside(mut self, segment: &str) -> Self {
        self.path = match (self.path.is_empty(), self.path.starts_with('[')) {
            (true, _) => segment.to_string(),
            (false, true) => format!("{segment}{}", self.path),
            (false, false) => format!("{segment}.{}", self.path),
        };
        self
    }

    /// The same error in a document that begins `base` bytes later.
    pub(super) fn shifted(mut self, base: usize) -> Self {
        self.span = self.span.map(|span| span.start + base..span.end + base);
        self
    }

    /// The same error; where a key of the table at hand is missing, `help` says how to write it.
    pub(super) fn or_add(mut self, help: impl FnOnce(&str) -> String) -> Self {
        if let Detail::Missing(key) = &self.detail
            && self.path.is_empty()
            && self.help.is_empty()
        {
            self.help = help(key);
        }
        self
    }
}

impl From<ConfigError> for Diagnostic {
    fn from(error: ConfigError) -> Self {
        let place = Place::Config { path: error.path, text: None, span: error.span };
        Diagnostic::error(error.code, error.message).with_help(error.help).at(place)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Error::from(Diagnostic::from(error))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl de::Error for ConfigError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ConfigError::of(Problem::carried_by(message))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        // its path ends in the key, which the table adds
        ConfigError { path: String::new(), ..ConfigError::of(unknown_key(field, expected)) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let error = ConfigError::of(unknown_name("name", variant, expected));
        ConfigError { detail: Detail::NoVariant(variant.to_string(), expected), ..error }
    }

    fn missing_field(field: &'static str) -> Self {
        ConfigError::of(missing_key(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        ConfigError::at("", format!("`{field}` is given twice")).with_code(Code::DuplicateKey)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected_words(&expected.to_string());
        let message = format!("expected {expected}, got {}", found_words(found));
        let help = remedy(&expected, found);
        let error = ConfigError::at("", message).with_code(Code::WrongType).with_help(help);
        match found {
            Unexpected::Map => ConfigError { detail: Detail::NoTable(expected), ..error },
            _ => error,
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        let expected = expected_words(&expected.to_string());
        ConfigError::at("", format!("expected {expected}, got {length}")).with_code(Code::WrongType)
    }
}

/// The problem of a table without a key that it must have.
pub(crate) fn missing_key(key: &str) -> Problem {
    Problem::at(key, format!("`{key}` is missing")).code(Code::MissingKey)
}

/// What serde expects, in words that a user knows.
fn expected_words(text: &str) -> String {
    let words = match text {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "u128" | "usize" => "a whole number of at least 0",
        "i8" => "a whole number from -128 to 127",
        "i16" => "a whole number from -32768 to 32767",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" | "i128" | "isize" => "a whole number of at most 9223372036854775807",
        "f32" | "f64" => "a number",
        "a string" | "string" | "a borrowed string" => "text",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        "a map" => "a table of keys",
        "unit" => "nothing",
        _ if text.starts_with("a nonzero ") => "a whole number of at least 1",
        _ if text.starts_with("struct ") => "a table of keys",
        _ => {
            let count = text
                .strip_prefix("an array of length ")
                .or_else(|| text.strip_prefix("a tuple of size "));
            return count.map_or(text.to_string(), |count| format!("a list of {count}"));
        }
    };
    words.to_string()
}

/// A found value in words that a user knows.
pub(super) fn found_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unsigned(n) => n.to_string(),
        Unexpected::Signed(n) => n.to_string(),
        Unexpected::Float(n) => format!("{n:?}"),
        Unexpected::Bool(b) => format!("`{b}`"),
        Unexpected::Str(text) => format!("the text \"{text}\""),
        Unexpected::Unit | Unexpected::Option => "nothing".to_string(),
        Unexpected::Seq => "a list".to_string(),
        Unexpected::Map => "a table of keys".to_string(),
        other => other.to_string(),
    }
}

/// What to write instead, where the found value shows what was meant.
fn remedy(expected: &str, found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str("None" | "none") => "leave the key out, or write `null`".to_string(),
        Unexpected::Str(text) if expected.contains("whole number") && text.ends_with('%') => {
            String::new()
        }
        Unexpected::Str(text)
            if (expected.contains("number") || expected.starts_with("a part"))
                && text.ends_with('%') =>
        {
            let percent = text.trim_end_matches('%').trim().parse::<f64>();
            percent.map(|percent| format!("write `{}`", percent / 100.0)).unwrap_or_default()
        }
        Unexpected::Str(text) if expected.contains("number") => {
            let digits = text.trim().replace('_', "");
            let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
                && digits.parse().is_ok_and(f64::is_finite);
            if !is_number {
                String::new()
            } else if digits == text {
                format!("leave out the quotes: `{digits}`")
            } else {
                format!("write `{digits}`")
            }
        }
        Unexpected::Str(text) if expected == "`true` or `false`" => match &*text.to_lowercase() {
            "yes" | "on" | "y" | "true" => "write `true`".to_string(),
            "no" | "off" | "n" | "false" => "write `false`".to_string(),
            _ => String::new(),
        },
        Unexpected::Float(n) if expected.contains("whole number") && n.fract() == 0.0 => {
            if n.abs() < 1e15 { format!("write `{n}`") } else { String::new() }
        }
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Bool(_)
            if expected == "text" =>
        {
            let plain = found_words(found).replace('`', "");
            format!("put it in quotes: `\"{plain}\"`")
        }
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_)
            if expected == "a list" =>
        {
            format!("write `[{}]`", found_words(found))
        }
        Unexpected::Map if expected.starts_with("a list") => {
            "begin each item of the list with `- `".to_string()
        }
        Unexpected::Str(text) if expected == "a list" => format!("write `[{text}]`"),
        _ => String::new(),
    }
}
