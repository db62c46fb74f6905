//! A table for a trained model of windows: every window of it, or the last of each series.

use super::cut::{Cut, PlacedWindow, samples};
use super::dataset::Dataset;
use super::raw_cells::{SERIES, TIME, key_column};
use super::stream::{TableStream, UsedRows};
use super::table::Table;
use super::timeline::{Timeline, needs, rows_of};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::sections::WindowConfig;
use crate::splits::RowRole;

impl TableStream<'_> {
    /// The windows of a table, whose rows as the model sees them are `base`, and what is to be told.
    pub(super) fn windows(
        &self,
        window: &WindowConfig,
        (timeline, warning): (Timeline, Option<Diagnostic>),
        base: &Dataset,
        raw: Vec<String>,
    ) -> Result<(UsedRows, Vec<Diagnostic>)> {
        let shape = window.shape();
        let mut notes: Vec<Diagnostic> = warning.into_iter().collect();
        let with_targets = self.options.with_target || self.options.each_row;
        let short =
            timeline.shorter_than(if with_targets { shape.rows() } else { shape.reach() + 1 });
        if short.len() == timeline.series.len() {
            let longest = rows_of(timeline.longest());
            let series = if short.len() == 1 { "the table" } else { "the longest series" };
            let message = format!("{}, but {series} has {longest}", self.wants(window));
            return Err(self.error(message, "give it more rows, the latest last"));
        }
        if !short.is_empty() {
            let few: Vec<String> = short.iter().take(3).map(|name| format!("`{name}`")).collect();
            let more = if short.len() > few.len() { ", …" } else { "" };
            let message = format!(
                "{} of {} series are too short for a window: {}{more}",
                short.len(),
                timeline.series.len(),
                few.join(", ")
            );
            let help = self.wants(window);
            if !with_targets && !self.options.skip_errors {
                let help = format!("{help}; to leave these series out, add `--on-error skip`");
                return Err(self.error(message, &help));
            }
            notes.push(Diagnostic::warning(Code::Window, message).with_help(help));
        }
        if with_targets {
            let mut data = Cut::of_roles(&timeline, window, None).dataset(
                base,
                &timeline,
                shape,
                RowRole::Train,
            );
            if let Some(windows) = data.windows.as_mut().filter(|_| !self.options.with_target) {
                windows.last.clear();
            }
            let raw = lines_of(&data, &raw);
            return Ok((UsedRows { data, raw, ids: Vec::new(), series: Vec::new() }, notes));
        }
        let (mut windows, mut series) = (Vec::new(), Vec::new());
        for (of, name) in timeline.series.iter().zip(&timeline.names) {
            let Some(start) = of.last_start(&shape) else { continue };
            let start = start as usize;
            // there is no row of the target yet: the last that is seen stands for it
            windows.push(PlacedWindow { start, target: of.end - 1, role: RowRole::Train });
            series.push(name.clone());
        }
        let data = samples(base, &timeline, shape, &windows);
        let raw = lines_of(&data, &raw);
        if window.group.is_none() {
            series.clear();
        }
        Ok((UsedRows { data, raw, ids: Vec::new(), series }, notes))
    }

    /// The rows of a table in the order of time, and what is to be told of it.
    pub(super) fn timeline(
        &self,
        window: &WindowConfig,
        table: &Table,
    ) -> Result<(Timeline, Option<Diagnostic>)> {
        let count = self.preprocessing.window_columns().count();
        let first = table.slots.len() - count;
        let key = |name: Option<&String>, place: usize, what: &str| {
            name.map(|name| key_column(table, &*self.source, (name, place), what)).transpose()
        };
        let group = key(window.group.as_ref(), first, SERIES)?;
        let after = first + usize::from(group.is_some());
        let order = key(window.order_by.as_ref(), after, TIME)?;
        Timeline::new(table.rows(), group.as_ref(), order.as_ref())
            .map_err(|problem| self.error(problem.message, &problem.help))
    }

    /// What a forecast, or a prediction of a row of the table, is made of.
    fn wants(&self, window: &WindowConfig) -> String {
        let shape = window.shape();
        if self.options.with_target || self.options.each_row {
            needs(&shape)
        } else {
            format!("a forecast is made of the last {} rows", shape.reach() + 1)
        }
    }

    fn error(&self, message: String, help: &str) -> Error {
        Error::data(self.source.name(), message).with_code(Code::Window).with_help(help)
    }
}

/// The lines of the rows that windows stand for; none where no lines are kept.
fn lines_of(data: &Dataset, raw: &[String]) -> Vec<String> {
    let rows = data.windows.iter().flat_map(|windows| &windows.rows);
    rows.filter_map(|row| raw.get(*row).cloned()).collect()
}
