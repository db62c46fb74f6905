//! Drawn errors: the message, the line with the place underlined, and the help.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::error::ConfigError;
use crate::error::Error;

/// A text that spans point into: the file, or what was given to `--set`.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// What it is called in errors.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
    /// Where it begins in the spans of the tree.
    pub(super) base: usize,
}

impl Source {
    /// True where a span points into this text, whose end belongs to it.
    pub(super) fn holds(&self, span: &Range<usize>) -> bool {
        (self.base..=self.base + self.text.len()).contains(&span.start)
    }
}

/// The same error with its snippet drawn.
pub(super) fn draw(sources: &[Source], mut error: ConfigError) -> ConfigError {
    if error.drawn.is_some() {
        return error;
    }
    let place = error.span.clone().and_then(|span| {
        let source = sources.iter().find(|source| source.holds(&span))?;
        Some((source, one_line(&source.text, span.start - source.base, span.end - source.base)))
    });
    let title = Level::ERROR.primary_title(&error.message);
    let mut report = match place {
        Some((source, span)) => title.element(
            Snippet::source(&source.text)
                .path(&source.name)
                .annotation(AnnotationKind::Primary.span(span)),
        ),
        None => title.elements(sources.first().map(|source| Origin::path(&source.name))),
    };
    let help = wrap(&error.help);
    if !help.is_empty() {
        report = report.element(Level::HELP.message(&help));
    }
    error.drawn = Some(Renderer::plain().render(&[report]));
    error
}

/// [`draw`], as the crate's error.
pub(super) fn drawn(sources: &[Source], error: ConfigError) -> Error {
    Error::from(draw(sources, error))
}

/// The part of a span on its first line, within the text.
fn one_line(text: &str, start: usize, end: usize) -> Range<usize> {
    let start = floor(text, start);
    let end = floor(text, end).max(start);
    let part = &text[start..end];
    let line = part.find('\n').map_or(part, |at| &part[..at]);
    start..start + line.trim_end().len()
}

/// The character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Long help in lines of at most 100 characters, broken between words.
fn wrap(help: &str) -> String {
    let mut wrapped = String::new();
    let mut width = 0;
    for word in help.split(' ') {
        let length = word.chars().count();
        if width > 0 {
            let fits = width + 1 + length <= 100;
            wrapped.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        wrapped.push_str(word);
        width += length;
    }
    wrapped
}
