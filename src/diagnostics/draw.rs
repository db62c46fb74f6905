//! Drawn diagnostics: the message, the line with the place underlined, and the help.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::printable::printable;
use super::severity::Severity;
use super::text::{Text, floor};

/// A message beside its line of the text, or under the text's name where no line is known.
pub(super) fn draw(
    severity: Severity,
    message: &str,
    help: &str,
    text: &Text,
    span: Option<&Range<usize>>,
    in_colour: bool,
) -> String {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (message, help) = (printable(message), printable(help));
    let title = level.primary_title(&*message);
    let mut report = match span {
        Some(span) => title.element(
            Snippet::source(&text.text)
                .path(&text.name)
                .annotation(AnnotationKind::Primary.span(one_line(&text.text, span))),
        ),
        None => title.element(Origin::path(&text.name)),
    };
    let help = wrap(&help);
    if !help.is_empty() {
        report = report.element(Level::HELP.message(&help));
    }
    let renderer = if in_colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[report])
}

/// The part of a span on its first line, within the text.
fn one_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let part = &text[start..end];
    let line = part.find('\n').map_or(part, |at| &part[..at]);
    start..start + line.trim_end().len()
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
