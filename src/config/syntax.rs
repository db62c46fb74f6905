//! Words for texts that are not YAML, or hold what a configuration can't.

use std::ops::Range;

use serde_saphyr::granit_parser::{ErrorKind, ScanError, Tag};

use super::error::ConfigError;
use super::node::{Key, MAX_DEPTH};
use crate::diagnostics::Code;

/// The error of a key that its table has already.
pub(super) fn duplicate(text: &str, key: &Key, first: usize) -> ConfigError {
    let line = text.as_bytes()[..first].split(|byte| *byte == b'\n').count();
    let remedy = match table_of(text, first) {
        Some("layers" | "metrics" | "callbacks" | "features") => {
            "begin each with `- `, as in a list"
        }
        _ => "keep one of the two",
    };
    ConfigError::here(key.span.clone(), format!("`{}` is given twice", key.name))
        .with_code(Code::DuplicateKey)
        .with_help(format!("it is given first in line {line}: {remedy}"))
}

/// The key under which the line of a place is indented, where that stands alone in its line.
fn table_of(text: &str, place: usize) -> Option<&str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut above = text.get(..place)?.rsplit('\n');
    let before = above.next().filter(|before| before.trim().is_empty())?;
    let own = before.len();
    let parent = above.find(|line| !line.trim().is_empty() && indent(line) < own)?;
    parent.trim().strip_suffix(':')
}

/// The error of a value that is nested too deep.
pub(super) fn too_deep(place: Range<usize>) -> ConfigError {
    ConfigError::here(place, format!("lists and tables are nested over {MAX_DEPTH} deep"))
        .with_code(Code::TooDeep)
}

/// The most values that a configuration may hold, keys not counted: a tree takes its memory before
/// anything in it is read.
pub(super) const MOST_VALUES: usize = 200_000;

/// One value more, at a place of the text; an error where there are too many.
pub(super) fn count(values: &mut usize, place: &Range<usize>) -> Result<(), ConfigError> {
    *values += 1;
    if *values > MOST_VALUES { Err(too_many(place.clone())) } else { Ok(()) }
}

/// The error of a text with more values than a configuration has.
pub(super) fn too_many(place: Range<usize>) -> ConfigError {
    ConfigError::here(place, format!("a configuration may hold at most {MOST_VALUES} values"))
        .with_code(Code::NotAConfiguration)
        .with_help("is it data? A table belongs into a file that `data.train` names")
}

/// The error of a tag that isn't YAML's own.
pub(super) fn unknown_tag(tag: &Tag) -> ConfigError {
    ConfigError::at("", format!("tags such as `{}` are not read", tag.original()))
        .with_code(Code::Syntax)
        .with_help("text that begins with `!` needs quotes")
}

/// The error of a text that is not JSON.
pub(super) fn json_syntax(text: &str, error: &serde_json::Error) -> ConfigError {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(text.len());
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let (message, help) = match message {
        "key must be a string" => (
            "expected a key in double quotes",
            "JSON has no comma after the last entry, no single quotes and no comments",
        ),
        "expected ident" => ("expected a value", "texts stand in double quotes"),
        message if message.starts_with("EOF") => {
            ("the text ends too early", "a bracket or a quote is never closed")
        }
        message => (message, ""),
    };
    ConfigError::here(at..at + 1, message).with_help(help)
}

/// The error of a text that is not YAML.
pub(super) fn yaml_syntax(text: &str, error: &ScanError) -> ConfigError {
    let mut start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let word = rest.find([' ', '\n', '\r', ',', ']', '}']).unwrap_or(rest.len());
    let mut end = start + rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let indentation = "check the indentation: the keys of one table begin in one column";
    let (message, help) = match error.kind() {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement
            if let Some((key, value)) = line_without_colon(text, start) =>
        {
            let message = format!("the line above, `{key} {value}`, has no colon");
            return ConfigError::here(start..end, message)
                .with_help(format!("write `{key}: {value}`"));
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "a colon can't stand here".to_string(),
            "the line may be indented too far, or a bracket above may be open; text that holds \
             `: ` needs quotes",
        ),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            start += rest.find('\t').unwrap_or(0);
            end = start + 1;
            ("a tab can't indent".to_string(), "YAML is indented with spaces")
        }
        ErrorKind::UnclosedQuotedScalar => ("this quote is never closed".to_string(), ""),
        ErrorKind::UnclosedFlowCollection { open } => (format!("`{open}` is never closed"), ""),
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("this bracket was never opened".to_string(), "text that begins with it needs quotes")
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), "")
        }
        ErrorKind::UnknownAnchor => {
            end = start + word;
            let alias = &text[start..end];
            (
                format!("nothing has the anchor of `{alias}`"),
                "text that begins with `*` needs quotes",
            )
        }
        ErrorKind::MissingAnchorOrAliasName => (
            "an anchor or alias has no name".to_string(),
            "text that begins with `*` or `&` needs quotes",
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("a value can't begin with `{character}`"), "put the text in quotes")
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "unknown escape in a text".to_string(),
            "between single quotes a backslash is a backslash: 'C:\\data'",
        ),
        ErrorKind::RecursionLimitExceeded => return too_deep(start..end),
        ErrorKind::SimpleKeyExpected => {
            ("expected a colon after this key".to_string(), indentation)
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedDocumentStart => {
            ("this doesn't fit in with the lines above".to_string(), indentation)
        }
        kind => (kind.to_string(), ""),
    };
    ConfigError::here(start..end, message).with_help(help)
}

/// The two words of the line before that of a place, where they look like a key and its value.
fn line_without_colon(text: &str, place: usize) -> Option<(&str, &str)> {
    let above = text.get(..place)?.lines().rev().skip(1).find(|line| !line.trim().is_empty())?;
    let (key, value) = above.trim().split_once(' ')?;
    let is_word = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    (key.starts_with(|c: char| c.is_ascii_alphabetic()) && is_word(key) && is_word(value))
        .then_some((key, value))
}
