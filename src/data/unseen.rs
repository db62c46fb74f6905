//! Unseen: categories that training didn't see, and that can't be taken.

use super::cells::shortened;
use crate::diagnostics::Diagnostic;

/// Cells of a column whose class isn't known.
pub(super) struct Unseen {
    /// The first row with one.
    pub row: usize,
    /// Its code.
    pub first: u32,
    /// How many rows have each code, in the order in which they are met.
    pub counts: Vec<(u32, usize)>,
}

impl Unseen {
    /// How many different ones are told.
    pub(super) const TOLD: usize = 20;

    /// The error for the first of them, with all others counted.
    pub(super) fn list<'t>(
        &self,
        mut error: Diagnostic,
        name: &str,
        text: impl Fn(u32) -> &'t str,
    ) -> Diagnostic {
        if self.counts.iter().map(|(_, count)| count).sum::<usize>() > 1 {
            let each = self.counts.iter().map(|(code, count)| {
                let times = if *count == 1 { "once" } else { &format!("{count} times") };
                format!("`{}` {times}", shortened(text(*code)))
            });
            let each: Vec<String> = each.collect();
            let more = if each.len() == Self::TOLD { ", …" } else { "" };
            error.message += &format!("\n  of `{name}` there are {}{more}", each.join(", "));
        }
        error
    }
}
