//! `Severity`: error or warning.

use std::fmt;

/// Whether a diagnostic stops the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// It does.
    Error,
    /// It doesn't.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    /// The same in red or yellow, for a terminal.
    pub(super) fn in_colour(self) -> String {
        let colour = match self {
            Severity::Error => 31,
            Severity::Warning => 33,
        };
        format!("\x1b[1;{colour}m{}\x1b[0m", self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
