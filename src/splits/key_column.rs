//! The column that a split looks at.

use super::moment::moment;
use crate::error::Problem;
use crate::transforms::Classes;
use crate::transforms::classes::as_text;

/// The cells of the column that a split looks at, as texts.
pub(crate) struct KeyColumn {
    /// Its name.
    pub name: String,
    /// The different cells, in the order in which they are first met.
    pub texts: Vec<String>,
    /// Their numbers, where all of them are numbers.
    pub numbers: Option<Vec<f64>>,
    /// The text of each row, by its place among them.
    pub codes: Vec<u32>,
}

impl KeyColumn {
    /// Something for each row that its text decides.
    pub(super) fn map<T: Copy>(&self, of_text: impl Fn(&str) -> T) -> Vec<T> {
        let each: Vec<T> = self.texts.iter().map(|text| of_text(text)).collect();
        self.codes.iter().map(|code| each[*code as usize]).collect()
    }

    /// The group of each row; groups are numbered in the order of classes, as scikit-learn does.
    pub(crate) fn groups(&self) -> Vec<usize> {
        let classes = Classes::fit(self.texts.iter().map(String::as_str));
        self.map(|text| classes.find(text).unwrap_or_default())
    }

    /// The rank of each row's time among the different times.
    pub(crate) fn times(&self) -> Result<Vec<usize>, Problem> {
        let moments = || -> Result<Vec<f64>, Problem> {
            let each = self.texts.iter().map(|text| moment(text).map(|time| time as f64));
            each.collect::<Option<_>>().ok_or_else(|| self.no_time())
        };
        let times =
            match self.numbers.clone().filter(|numbers| numbers.iter().all(|n| n.is_finite())) {
                Some(numbers) => numbers,
                None => moments()?,
            };
        let mut different = times.clone();
        different.sort_by(f64::total_cmp);
        different.dedup();
        let rank = |time: &f64| different.partition_point(|other| other < time);
        let ranks: Vec<usize> = times.iter().map(rank).collect();
        Ok(self.codes.iter().map(|code| ranks[*code as usize]).collect())
    }

    /// What to say of a cell that is no time: the first that is no number either, where one is.
    fn no_time(&self) -> Problem {
        let is_none = |text: &&String| moment(text).is_none();
        let is_no_number = |text: &&String| is_none(text) && text.trim().parse::<f64>().is_err();
        let found = self.texts.iter().find(is_no_number).or(self.texts.iter().find(is_none));
        let (name, text) = (&self.name, found.map_or("", String::as_str));
        Problem::at("column", format!("`{name}` holds `{text:.40}`, which is no time"))
            .help("times are numbers, or dates such as `2026-01-31` or `2026-01-31 10:00:00`")
    }

    /// The cell of a row.
    pub(crate) fn text(&self, row: usize) -> &str {
        self.codes
            .get(row)
            .and_then(|code| self.texts.get(*code as usize))
            .map_or("", String::as_str)
    }

    /// Whether a value is in one of the cells.
    pub(super) fn has(&self, value: &str) -> bool {
        self.texts.iter().any(|text| as_text(text) == as_text(value))
    }

    /// The different cells in words.
    pub(super) fn values(&self) -> String {
        const SHOWN: usize = 10;
        let shown = self.texts.iter().take(SHOWN);
        let mut words: Vec<String> = shown.map(|text| format!("`{text:.40}`")).collect();
        if self.texts.len() > SHOWN {
            words.push(format!("… ({} in all)", self.texts.len()));
        }
        words.join(", ")
    }
}
