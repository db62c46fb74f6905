//! TOML to a tree with places, by the `toml` crate's spanned tables.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::json::whole;
use super::node::{Key, MAX_DEPTH, Node, Value};
use super::syntax::too_deep;
use crate::diagnostics::Code;

/// The most headers of tables that a configuration may have; each takes its memory.
const MOST_TABLES: usize = 20_000;

/// The tree of a TOML text; nothing at all is null.
pub(super) fn parse(text: &str) -> Result<Node, ConfigError> {
    if let Some(at) = memchr::memmem::find_iter(text.as_bytes(), "\n[").nth(MOST_TABLES) {
        let message = format!("it has more than {MOST_TABLES} tables");
        return Err(ConfigError::here(at..at, message).with_help("is it a configuration?"));
    }
    let table = DeTable::parse(text).map_err(|error| syntax(text, &error))?;
    let root = map(table.get_ref(), 0)?;
    match root {
        Value::Map(entries) if entries.is_empty() => Ok(Node::bare(Value::Null)),
        root => Ok(Node { span: 0..0, value: root }),
    }
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
