//! The pieces of the text of a condition: names, values, signs.

use super::row_test::CellComparison;
use crate::diagnostics::Code;
use crate::error::Problem;

/// What a condition looks like, for messages.
pub(super) const EXAMPLE: &str = "a condition is such as `amount > 0 and country in ['DE', 'FR']`";

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// A column, or a word of ours.
    Name(String),
    /// A column in backticks.
    Quoted(String),
    Number(f64),
    Text(String),
    Compare(CellComparison),
    Sign(char),
    End,
}

/// The problem of a condition.
pub(super) fn problem(message: String, help: &str) -> Problem {
    Problem::at("", message).code(Code::InvalidValue).help(help)
}

/// The pieces of a text.
pub(super) fn words(text: &str) -> Result<Vec<(Word, String, usize)>, Problem> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let place = text[..at].chars().count() + 1;
        let (word, length) = word(&text[at..], first, place)?;
        words.push((word, text[at..at + length].to_string(), place));
        at += length;
    }
    Ok(words)
}

/// The piece that a text begins with, and how many bytes it has.
fn word(text: &str, first: char, place: usize) -> Result<(Word, usize), Problem> {
    let instead = |found: &str, ours: &str| {
        let message = format!("found `{found}` at character {place}");
        Err(problem(message, &format!("write `{ours}`")))
    };
    let is_negative = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match first {
        '\'' | '"' | '`' => quoted(text, first, place),
        _ if text.starts_with("==") => Ok((Word::Compare(CellComparison::Equal), 2)),
        _ if text.starts_with("!=") => Ok((Word::Compare(CellComparison::NotEqual), 2)),
        _ if text.starts_with("<=") => Ok((Word::Compare(CellComparison::LessOrEqual), 2)),
        _ if text.starts_with(">=") => Ok((Word::Compare(CellComparison::GreaterOrEqual), 2)),
        _ if text.starts_with("<>") => instead("<>", "!="),
        '<' => Ok((Word::Compare(CellComparison::Less), 1)),
        '>' => Ok((Word::Compare(CellComparison::Greater), 1)),
        '=' => instead("=", "=="),
        '&' => instead("&", "and"),
        '|' => instead("|", "or"),
        '!' | '~' => instead(&first.to_string(), "not"),
        '0'..='9' | '.' => number(text, place),
        '-' | '+' if is_negative(&text[1..]) => number(text, place),
        _ if first.is_alphabetic() || first == '_' => {
            let is_part = |(at, c): (usize, char)| {
                let is_inner = matches!(c, '.' | '-')
                    && text[at + 1..]
                        .starts_with(|next: char| next.is_alphanumeric() || next == '_');
                !(c.is_alphanumeric() || c == '_' || is_inner)
            };
            let end = text.char_indices().find(|pair| is_part(*pair));
            let end = end.map_or(text.len(), |(end, _)| end);
            Ok((Word::Name(text[..end].to_string()), end))
        }
        sign => Ok((Word::Sign(sign), sign.len_utf8())),
    }
}

/// A text or a name between two marks; a mark that belongs to it stands twice.
fn quoted(text: &str, mark: char, place: usize) -> Result<(Word, usize), Problem> {
    let (mut inner, mut at) = (String::new(), 1);
    loop {
        let Some(end) = text[at..].find(mark) else {
            let message = format!("the `{mark}` at character {place} is never closed");
            return Err(problem(message, EXAMPLE));
        };
        inner += &text[at..at + end];
        at += end + 1;
        if !text[at..].starts_with(mark) {
            break;
        }
        inner.push(mark);
        at += 1;
    }
    Ok((if mark == '`' { Word::Quoted(inner) } else { Word::Text(inner) }, at))
}

fn number(text: &str, place: usize) -> Result<(Word, usize), Problem> {
    let is_part = |(at, c): (usize, char)| {
        let after_e = at > 0 && matches!(text.as_bytes()[at - 1], b'e' | b'E');
        !(c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_')
            || (c == '-' || c == '+') && (at == 0 || after_e))
    };
    let end = text.char_indices().find(|pair| is_part(*pair)).map_or(text.len(), |(end, _)| end);
    let found = &text[..end];
    match found.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Word::Number(value), end)),
        _ => {
            let message = format!("`{found}` at character {place} is not a number");
            let help = "a text or a date is in quotes, `'2026-01-31'`; a column whose name begins \
                        with a digit in backticks";
            Err(problem(message, help))
        }
    }
}
