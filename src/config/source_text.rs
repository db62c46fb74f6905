//! The texts that a configuration is read from: the file, then each override of the command line.

use std::ops::Range;
use std::sync::Arc;

use super::error::ConfigError;
use crate::diagnostics::{Diagnostic, Place, Text};

/// A text that the spans of the tree point into, and where it begins in them.
#[derive(Debug, Clone)]
pub(super) struct SourceText {
    text: Arc<Text>,
    base: usize,
}

impl SourceText {
    pub(super) fn new(name: &str, text: String, base: usize) -> Self {
        SourceText { text: Arc::new(Text { name: name.to_string(), text }), base }
    }

    pub(super) fn end(&self) -> usize {
        self.base + self.text.text.len()
    }

    /// True where a span points into this text, whose end belongs to it.
    pub(super) fn holds(&self, span: &Range<usize>) -> bool {
        (self.base..=self.end()).contains(&span.start)
    }
}

/// An error at its place in one of the texts.
pub(super) fn located(sources: &[SourceText], error: ConfigError) -> Diagnostic {
    in_text(sources, error.into())
}

/// A diagnostic whose span is that of one of the texts; without a span it is of the first.
pub(super) fn in_text(sources: &[SourceText], mut diagnostic: Diagnostic) -> Diagnostic {
    if let Place::Config { text: text @ None, span, .. } = &mut diagnostic.place {
        let source = span.as_ref().and_then(|span| sources.iter().find(|s| s.holds(span)));
        match (source, &mut *span) {
            (Some(source), Some(span)) => {
                *span = span.start - source.base..span.end - source.base;
                *text = Some(Arc::clone(&source.text));
            }
            _ => {
                *span = None;
                *text = sources.first().map(|source| Arc::clone(&source.text));
            }
        }
    }
    diagnostic
}
