//! JSON to a tree with places. serde_json says whether a text is JSON; what it accepts is then read
//! again here, for the places.

use super::error::ConfigError;
use super::node::{Key, MAX_DEPTH, Node, Value};
use super::syntax::{count, duplicate, json_syntax, too_deep};

/// The tree of a JSON text; nothing at all is null.
pub(super) fn parse(text: &str) -> Result<Node, ConfigError> {
    if text.trim().is_empty() {
        return Ok(Node::bare(Value::Null));
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(json_syntax(text, &error));
    }
    Reader { text, at: 0, values: 0 }.value(0)
}

/// Reads a text that is known to be JSON.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// How many values were read.
    values: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, ConfigError> {
        let (start, first) = self.next_token();
        if depth > MAX_DEPTH {
            return Err(too_deep(start..start + 1));
        }
        count(&mut self.values, &(start..start + 1))?;
        let value = match first {
            b'{' => self.map(depth)?,
            b'[' => self.list(depth)?,
            b'"' => Value::Text(self.string()?),
            b't' => self.word(4, Value::Bool(true)),
            b'f' => self.word(5, Value::Bool(false)),
            b'n' => self.word(4, Value::Null),
            _ => self.number()?,
        };
        Ok(Node { span: start..self.at, value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, ConfigError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen = std::collections::HashMap::new();
        self.at += 1;
        while self.next_token().1 != b'}' {
            self.skip(b',');
            let start = self.next_token().0;
            let name = self.string()?;
            let key = Key { span: start..self.at, name };
            if let Some(first) = seen.insert(key.name.clone(), start) {
                return Err(duplicate(self.text, &key, first));
            }
            self.skip(b':');
            entries.push((key, self.value(depth + 1)?));
        }
        self.at += 1;
        Ok(Value::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value, ConfigError> {
        let mut items = Vec::new();
        self.at += 1;
        while self.next_token().1 != b']' {
            self.skip(b',');
            items.push(self.value(depth + 1)?);
        }
        self.at += 1;
        Ok(Value::List(items))
    }

    fn string(&mut self) -> Result<String, ConfigError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while bytes.get(self.at).is_some_and(|byte| *byte != b'"') {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let span = start..self.at.min(bytes.len());
        serde_json::from_str(self.text.get(span.clone()).unwrap_or_default())
            .map_err(|_| ConfigError::here(span, "this text has an escape that is no character"))
    }

    fn number(&mut self) -> Result<Value, ConfigError> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)));
        let digits = &rest[..end.unwrap_or(rest.len())];
        let span = self.at..self.at + digits.len();
        self.at = span.end;
        number(digits).map_err(|error| error.at_span(&span))
    }

    fn word(&mut self, length: usize, value: Value) -> Value {
        self.at += length;
        value
    }

    /// The place and the first byte of what comes after white space.
    fn next_token(&mut self) -> (usize, u8) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        // the end of the text closes whatever is open; it can't come, since this is JSON
        (self.at, *self.text.as_bytes().get(self.at).unwrap_or(&b'}'))
    }

    fn skip(&mut self, byte: u8) {
        if self.next_token().1 == byte {
            self.at += 1;
        }
    }
}

/// A decimal number: whole where it has neither point nor exponent.
pub(super) fn number(digits: &str) -> Result<Value, ConfigError> {
    if digits.contains(['.', 'e', 'E']) {
        return match digits.parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(Value::Float(n)),
            _ => Err(ConfigError::at("", format!("the number `{digits}` is too large"))),
        };
    }
    whole(digits, 10)
}

/// A whole number in a base, from the least i64 to the greatest u64.
pub(super) fn whole(digits: &str, base: u32) -> Result<Value, ConfigError> {
    match i128::from_str_radix(digits, base) {
        Ok(n) if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&n) => Ok(Value::Int(n)),
        _ => {
            let message = format!("the whole number `{digits}` is out of range");
            let help = "whole numbers go from -9223372036854775808 to 18446744073709551615";
            Err(ConfigError::at("", message).with_help(help))
        }
    }
}
