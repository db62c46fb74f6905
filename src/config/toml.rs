//! TOML to a tree with places, by the `toml` crate's spanned tables.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::json::whole;
use super::node::{Key, MAX_DEPTH, Node, Value};
use super::syntax::{MOST_VALUES, too_deep, too_many};
use crate::diagnostics::Code;

/// The most tables that a configuration may have: the parser's take more memory than other values.
const MOST_TABLES: usize = 25_000;

/// The tree of a TOML text; nothing at all is null.
pub(super) fn parse(text: &str) -> Result<Node, ConfigError> {
    check_size(text.as_bytes())?;
    let table = DeTable::parse(text).map_err(|error| syntax(text, &error))?;
    let root = map(table.get_ref(), 0)?;
    match root {
        Value::Map(entries) if entries.is_empty() => Ok(Node::bare(Value::Null)),
        root => Ok(Node { span: 0..0, value: root }),
    }
}

/// Refuses a text of too many values or tables before it is parsed: they are counted by the signs
/// that divide them.
fn check_size(text: &[u8]) -> Result<(), ConfigError> {
    let (mut values, mut tables, mut dots, mut at) = (0, 0, 0, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'#' => at = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end),
            b'"' | b'\'' => at = end_of_text(text, at),
            b'.' => dots += 1,
            b',' | b'\n' => dots = 0,
            b'{' => (tables, dots) = (tables + 1, 0),
            b'[' if at == 0 || text[at - 1] == b'\n' => tables += 1,
            // a key of several parts, which makes a table of each but the last
            b'=' | b']' => (tables, dots) = (tables + dots, 0),
            _ => {}
        }
        values += usize::from(matches!(byte, b',' | b'='));
        if tables > MOST_TABLES {
            let message = format!("a configuration may hold at most {MOST_TABLES} tables");
            let error = ConfigError::here(at..at, message).with_code(Code::NotAConfiguration);
            return Err(error.with_help("is it a configuration?"));
        }
        if values > MOST_VALUES {
            return Err(too_many(at..at));
        }
        at += 1;
    }
    Ok(())
}

/// The last quote of the text that begins here; the end of the line or file where it has none.
fn end_of_text(text: &[u8], start: usize) -> usize {
    let quote = text[start];
    let is_long = text[start..].starts_with(&[quote; 3]);
    let mut at = start + if is_long { 3 } else { 1 };
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !is_long => return at,
            _ if byte == quote && !is_long => return at,
            _ if is_long && text[at..].starts_with(&[quote; 3]) => return at + 2,
            _ => {}
        }
        at += 1;
    }
    at
}

fn syntax(text: &str, error: &::toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or(text.len()..text.len());
    let found = text.get(span.clone()).unwrap_or_default();
    let (message, help) = match error.message() {
        "duplicate key" => {
            let message = format!("`{found}` is given twice");
            return ConfigError::here(span, message)
                .with_code(Code::DuplicateKey)
                .with_help("keep one of the two");
        }
        message if message.contains("recurs") => return too_deep(span),
        message if message.starts_with("string values must be quoted") => {
            ("expected a value".to_string(), "TOML's texts stand in quotes: `\"relu\"`")
        }
        message if message.starts_with("key with no value") => {
            (message.to_string(), "TOML writes `key = value`; `key: value` is YAML's")
        }
        message => (message.to_string(), ""),
    };
    ConfigError::here(span, message).with_help(help)
}

fn map(table: &DeTable<'_>, depth: usize) -> Result<Value, ConfigError> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let key = Key { span: key.span(), name: key.get_ref().to_string() };
        entries.push((key, node(value, depth + 1)?));
    }
    entries.sort_by_key(|(key, _)| key.span.start); // the parser's tables are sorted by name
    Ok(Value::Map(entries))
}

fn node(value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, ConfigError> {
    let span = value.span();
    let value = match value.get_ref() {
        _ if depth > MAX_DEPTH => {
            return Err(too_deep(span));
        }
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(n) => located(whole(n.as_str(), n.radix()), &span)?,
        DeValue::Float(n) => located(float(n.as_str()), &span)?,
        DeValue::Datetime(when) => {
            let message = format!("expected a text or a number, got the date or time {when}");
            let help = format!("put it in quotes: `\"{when}\"`");
            return Err(ConfigError::here(span, message).with_help(help));
        }
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => map(table, depth)?,
    };
    Ok(Node { span, value })
}

fn float(digits: &str) -> Result<Value, ConfigError> {
    match digits.parse::<f64>() {
        Ok(n) if n.is_finite() || digits.ends_with("inf") || digits.ends_with("nan") => {
            Ok(Value::Float(n))
        }
        _ => Err(ConfigError::at("", format!("the number `{digits}` is too large"))),
    }
}

fn located(value: Result<Value, ConfigError>, span: &Range<usize>) -> Result<Value, ConfigError> {
    value.map_err(|error| error.at_span(span))
}
