//! Timeline: the rows of a table in the order of time, series after series.

use super::time_window::{TimeSeries, TimeWindow};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::Problem;
use crate::splits::KeyColumn;

/// The rows of a table in the order of time.
pub(super) struct Timeline {
    /// The rows of the table, series after series, each in the order of time.
    pub rows: Vec<usize>,
    /// Where each series stands among them.
    pub series: Vec<TimeSeries>,
    /// The cell that tells each series from the others; empty where there is one series.
    pub names: Vec<String>,
}

impl Timeline {
    /// The rows of a table by the columns that tell the series and the times; rows of one time stay in
    /// the order of the table. Series are in the order in which they are first met.
    pub(super) fn new(
        count: usize,
        group: Option<&KeyColumn>,
        order: Option<&KeyColumn>,
    ) -> Result<(Timeline, Option<Diagnostic>), Problem> {
        let groups = group.map_or_else(|| vec![0; count], KeyColumn::groups);
        let mut met: Vec<Option<usize>> =
            vec![None; groups.iter().max().map_or(0, |last| last + 1)];
        let mut next = 0;
        let place: Vec<usize> = groups
            .iter()
            .map(|group| {
                *met[*group].get_or_insert_with(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        let times = order.map(KeyColumn::times).transpose()?;
        let key = |row: usize| (place[row], times.as_ref().map_or(0, |times| times[row]));
        let mut rows: Vec<usize> = (0..count).collect();
        rows.sort_by_key(|row| key(*row)); // stable
        let mut series: Vec<TimeSeries> = Vec::new();
        let mut names = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            match series.last_mut() {
                Some(last) if place[rows[last.first]] == place[*row] => last.end = at + 1,
                _ => {
                    series.push(TimeSeries { first: at, end: at + 1 });
                    names.push(group.map(|group| group.text(*row)).unwrap_or_default().to_string());
                }
            }
        }
        let same = |pair: &&[usize]| key(pair[0]) == key(pair[1]);
        let repeated = times.as_ref().map_or(0, |_| rows.windows(2).filter(same).count());
        let warning = order.filter(|_| repeated > 0).map(|order| repeats(order, repeated, group));
        Ok((Timeline { rows, series, names }, warning))
    }

    /// The longest series, in rows.
    pub(super) fn longest(&self) -> usize {
        self.series.iter().map(|series| series.end - series.first).max().unwrap_or(0)
    }

    /// The names of the series that are shorter than so many rows.
    pub(super) fn shorter_than(&self, rows: usize) -> Vec<&str> {
        let is_short = |series: &TimeSeries| series.end - series.first < rows;
        let named = self.series.iter().zip(&self.names);
        named.filter(|(series, _)| is_short(series)).map(|(_, name)| name.as_str()).collect()
    }
}

/// The warning about rows of one time.
fn repeats(order: &KeyColumn, count: usize, group: Option<&KeyColumn>) -> Diagnostic {
    let rows = if count == 1 { "1 row has" } else { &format!("{count} rows have") };
    let message = format!("{rows} the same `{}` as the row before", order.name);
    let help = match group {
        Some(_) => "they stay in the order of the table; remove rows that stand there twice",
        None => {
            "where the table holds several series, name the column that tells them apart: \
             `group: COLUMN` under `data.window`"
        }
    };
    Diagnostic::warning(Code::Window, message).with_help(help)
}

/// What a window needs, in words.
pub(super) fn needs(window: &TimeWindow) -> String {
    let seen = match window.sampling_rate {
        1 => rows_of(window.sequence_length),
        rate => format!("{}, {rate} rows apart,", rows_of(window.sequence_length)),
    };
    format!(
        "a window sees {seen} and its target is {} later: it needs {}",
        rows_of(window.horizon),
        rows_of(window.rows())
    )
}

/// So many rows, in words.
pub(super) fn rows_of(count: usize) -> String {
    if count == 1 { "1 row".to_string() } else { format!("{count} rows") }
}
