//! Tables whose rows are plainly in the order of time: a draft of them forecasts.

use serde_json::{Value, json};

use super::columns::{Role, is_iso, is_time};
use super::goal::Goal;
use super::shapes::Form;
use crate::data::{ColumnProfile, Profile};

/// Fewer rows make too few windows.
const ENOUGH_ROWS: usize = 60;

/// How a table is in time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct InTime {
    /// The column with the time of each row.
    pub order_by: String,
    sequence_length: usize,
}

impl InTime {
    /// How it is, where a column of times is later in each row than in the one before and the targets
    /// are numbers.
    pub(super) fn of(
        profile: &Profile,
        task: &Goal,
        roles: &[(&ColumnProfile, Role)],
        form: &Form,
    ) -> Option<InTime> {
        let is_forecast = matches!(task, Goal::Numbers { .. }) && matches!(form, Form::Table);
        if !is_forecast || profile.rows < ENOUGH_ROWS {
            return None;
        }
        let is_read = |column: &ColumnProfile| {
            let text = column.text.as_deref();
            column.missing == 0 && text.is_none_or(is_iso)
        };
        let (column, _) = roles.iter().find(|(column, _)| is_time(column) && is_read(column))?;
        let sequence_length = (profile.rows / 12).clamp(5, 24);
        Some(InTime { order_by: column.name.clone(), sequence_length })
    }

    /// The rules of the targets' past, each with its reason.
    pub(super) fn past(targets: &[&str]) -> (Value, String) {
        let rule = match targets {
            [one] => json!({ "column": one, "scale": "standard" }),
            several => json!({ "columns": several, "scale": "standard" }),
        };
        (rule, "the target's past".to_string())
    }

    /// The windows, and their reason.
    pub(super) fn window(&self) -> (Value, String) {
        let InTime { order_by, sequence_length } = self;
        let why = format!(
            "rows are in the order of `{order_by}`: the target is that of the row after these \
             {sequence_length}"
        );
        (json!({ "sequence_length": sequence_length, "order_by": order_by }), why)
    }
}
