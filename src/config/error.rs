//! `ConfigError`: what is wrong with a configuration, and where; serde's errors in plain words.

use std::fmt;
use std::ops::Range;

use serde::de::{self, Unexpected};

use super::names::unknown_name;

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigError {
    /// What was expected and what was found.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Where: `model.layers[0].dense`; may be empty.
    pub path: String,
    /// Bytes of the document, where known.
    pub span: Option<Range<usize>>,
    /// The drawn snippet, once a document has been found for it.
    pub drawn: Option<String>,
}

impl ConfigError {
    /// An error at a path of the tree, such as `model.layers[2].dense.units`.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        ConfigError {
            message: message.into(),
            help: String::new(),
            path: path.into(),
            span: None,
            drawn: None,
        }
    }

    /// An error at a place of the document, which may be empty: the end of the text.
    pub(super) fn here(span: Range<usize>, message: impl Into<String>) -> Self {
        ConfigError { span: Some(span), ..ConfigError::at("", message) }
    }

    /// The same error with words on what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same error with words on what to do, where it has none yet.
    pub(super) fn or_help(mut self, help: impl FnOnce() -> String) -> Self {
        if self.help.is_empty() {
            self.help = help();
        }
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

    /// The key that is missing from the table at hand, where that is the error.
    pub(super) fn missing_key(&self) -> Option<&str> {
        let key = self.message.strip_prefix('`')?.strip_suffix("` is missing")?;
        (self.path.is_empty() && self.help.is_empty()).then_some(key)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(drawn) = &self.drawn {
            return write!(f, "{drawn}");
        }
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
    /// A message; what follows a line break is the help.
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        let (message, help) = text.split_once('\n').unwrap_or((&text, ""));
        ConfigError::at("", message).with_help(help)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown_name("key", field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown_name("name", variant, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        ConfigError::at("", format!("`{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        ConfigError::at("", format!("`{field}` is given twice"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected_words(&expected.to_string());
        let message = format!("expected {expected}, got {}", found_words(found));
        ConfigError::at("", message).with_help(remedy(&expected, found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        let expected = expected_words(&expected.to_string());
        ConfigError::at("", format!("expected {expected}, got {length}"))
    }
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
        Unexpected::Str(text) if expected.contains("number") => {
            let digits = text.trim().replace('_', "");
            match digits.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
                true if digits.parse().is_ok_and(f64::is_finite) && digits == text => {
                    format!("leave out the quotes: `{digits}`")
                }
                true if digits.parse().is_ok_and(f64::is_finite) => format!("write `{digits}`"),
                _ => String::new(),
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
        Unexpected::Map if expected == "a list" => {
            "begin each item of the list with `- `".to_string()
        }
        Unexpected::Str(text) if expected == "a list" => format!("write `[{text}]`"),
        _ => String::new(),
    }
}
