//! Unknown cells: categories that training didn't see, and that are taken nevertheless.

use super::cells::shortened;
use crate::diagnostics::{Code, Diagnostic};

/// Those of a column.
#[derive(Debug, Clone)]
pub(super) struct UnknownCells {
    pub column: String,
    pub rows: usize,
    /// The categories, in the order in which they are first met.
    pub kinds: Vec<String>,
}

/// So many categories are told apart.
const MOST_KINDS: usize = 1000;

impl UnknownCells {
    /// Adds those of the rows after these.
    pub(super) fn add(all: &mut Vec<UnknownCells>, next: Vec<UnknownCells>) {
        for next in next {
            let Some(own) = all.iter_mut().find(|own| own.column == next.column) else {
                all.push(next);
                continue;
            };
            own.rows += next.rows;
            for kind in next.kinds {
                if own.kinds.len() < MOST_KINDS && !own.kinds.contains(&kind) {
                    own.kinds.push(kind);
                }
            }
        }
    }

    /// The warning.
    pub(super) fn told(&self) -> Diagnostic {
        let UnknownCells { column, rows, kinds } = self;
        let first = shortened(kinds.first().map_or("", String::as_str));
        let message = match (rows, kinds.len()) {
            (1, _) => format!("column `{column}`: `{first}` was not seen in training"),
            (_, 1) => {
                format!("column `{column}`: `{first}`, in {rows} rows, was not seen in training")
            }
            (_, count) => format!(
                "column `{column}`: {rows} rows hold {count} categories that were not seen in \
                 training, such as `{first}`"
            ),
        };
        let help = "`unknown` in the rule of the column says what becomes of them";
        Diagnostic::warning(Code::Category, message).with_help(help)
    }
}
