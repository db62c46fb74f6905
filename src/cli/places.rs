//! Where the predictions of a model of windows belong: to a row of the table, or after a series.

use lanthorn::data::UsedRows;
use serde_json::{Value, json};

/// Where each prediction belongs, where it isn't to the row that it was made of.
pub(super) enum PredictionPlaces<'a> {
    /// To the rows in their order.
    Rows,
    /// To these rows of the table.
    Targets(&'a [usize]),
    /// After the last row of these series, which this column tells apart.
    Series(&'a str, &'a [String]),
}

impl<'a> PredictionPlaces<'a> {
    /// Where the predictions of some rows belong.
    pub(super) fn of(
        rows: &'a UsedRows,
        each_row: bool,
        group: Option<&'a str>,
    ) -> PredictionPlaces<'a> {
        match (&rows.data.windows, group) {
            (Some(windows), _) if each_row => PredictionPlaces::Targets(&windows.rows),
            (Some(_), Some(group)) => PredictionPlaces::Series(group, &rows.series),
            _ => PredictionPlaces::Rows,
        }
    }

    /// The order in which so many predictions are written: that of the table.
    pub(super) fn order(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        if let PredictionPlaces::Targets(rows) = self {
            order.sort_by_key(|sample| rows[*sample]);
        }
        order
    }

    /// The name of the column that says it.
    pub(super) fn header(&self) -> Option<&str> {
        match self {
            PredictionPlaces::Rows => None,
            PredictionPlaces::Targets(_) => Some("row"),
            PredictionPlaces::Series(group, _) => Some(group),
        }
    }

    /// What stands there: the number of the row, from 0 as pandas counts, or the series.
    pub(super) fn cell(&self, sample: usize) -> Option<String> {
        match self {
            PredictionPlaces::Rows => None,
            PredictionPlaces::Targets(rows) => rows.get(sample).map(usize::to_string),
            PredictionPlaces::Series(_, series) => series.get(sample).cloned(),
        }
    }

    /// The same in a JSON object.
    pub(super) fn json(&self, sample: usize, object: &mut Value) {
        match self {
            PredictionPlaces::Rows => {}
            PredictionPlaces::Targets(rows) => object["row"] = json!(rows.get(sample)),
            PredictionPlaces::Series(_, series) => object["series"] = json!(series.get(sample)),
        }
    }
}
