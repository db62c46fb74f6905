//! What a split knows of the rows.

use super::key_column::KeyColumn;
use super::role::RowRole;
use crate::error::Problem;
use crate::random::Random;

/// The rows that are to be split.
pub(crate) struct SplitRows<'a> {
    /// How many.
    pub count: usize,
    /// The class of each, where the target has classes.
    pub classes: Option<&'a [usize]>,
    /// The column that the split asked for.
    pub column: Option<&'a KeyColumn>,
    /// The draws of the run.
    pub random: Random,
}

impl<'a> SplitRows<'a> {
    /// How many rows a part is: `⌊rows · (1 - part)⌋` are left to train on, as in Keras.
    pub(super) fn part(&self, part: f64) -> Result<usize, Problem> {
        let kept = (self.count as f64 * (1.0 - part)).floor() as usize;
        if kept == 0 || kept >= self.count {
            let side = if kept == 0 { "train" } else { "validate" };
            let message = format!("{part} of {} rows leaves nothing to {side} on", self.count);
            let help = "choose another part, or use more rows";
            return Err(Problem::at("", message).help(help));
        }
        Ok(self.count - kept)
    }

    /// The column that the split asked for.
    pub(super) fn column(&self) -> Result<&'a KeyColumn, Problem> {
        self.column.ok_or_else(|| {
            Problem::at("", "this split needs a column of a table; rows in memory have none")
                .help("hold back a part of the rows, such as 0.1, or `{random: 0.1}`")
        })
    }

    /// An error where nothing is left to train on, or to validate on.
    pub(super) fn check(&self, roles: &[RowRole]) -> Result<(), Problem> {
        for (role, what) in [(RowRole::Train, "train"), (RowRole::Validate, "validate")] {
            if !roles.contains(&role) {
                let message = format!("of {} rows none is left to {what} on", self.count);
                let help = match self.column {
                    Some(column) => format!("look at the cells of `{}`", column.name),
                    None => "choose another part, or use more rows".to_string(),
                };
                return Err(Problem::at("", message).help(help));
            }
        }
        Ok(())
    }
}
