//! `Evaluation`: the rows that a model is evaluated on, and what it makes of them.

use crate::data::Dataset;
use crate::disk::files;
use crate::model::predictor::Predictions;
use crate::runs::run_data::EvaluationData;

/// What a model makes of the rows that it is evaluated on.
pub(super) struct Evaluation {
    pub rows: EvaluationData,
    pub predictions: Predictions,
}

impl Evaluation {
    pub(super) fn data(&self) -> &Dataset {
        &self.rows.data
    }

    /// What the rows are, without the path of their table.
    pub(super) fn part(&self) -> String {
        let path = self.rows.table.to_string();
        self.rows.part.replace(&path, &self.table()).replace('`', "")
    }

    /// The name of the table's file.
    pub(super) fn table(&self) -> String {
        let name = |path: &str| match files::from_text(path).file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => path.to_string(),
        };
        self.rows.table.map(name).to_string()
    }
}
