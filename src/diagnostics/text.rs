//! `Text`: what the places of a configuration's diagnostics point into.

/// A text that a span points into: a configuration file, or what was given to `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it is called in messages.
    pub name: String,
    /// All of it.
    pub text: String,
}

impl Text {
    /// The line and the column of a byte, both from 1; a column is a character.
    pub(super) fn line_and_column(&self, byte: usize) -> (usize, usize) {
        let before = &self.text[..floor(&self.text, byte)];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count() + 1)
    }
}

/// The character boundary at or before a byte.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
