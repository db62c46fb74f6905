//! Header: the names of a table's columns.

use std::collections::HashMap;

use super::dialect::Dialect;
use super::records::{MOST_COLUMNS, Record, Records};
use super::row_places::RowPlaces;
use super::text::TableText;
use crate::config::names::{listed, suggestion};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Problem, Result};
use crate::sections::HeaderConfig;
use crate::transforms::classes;

/// The names of a table's columns, and how its text is cut.
#[derive(Clone)]
pub(super) struct Header {
    /// As they stand in the file.
    pub raw: Vec<String>,
    /// Without blanks around them.
    pub names: Vec<String>,
    /// How the text is written.
    pub dialect: Dialect,
    /// The byte of the text where the rows begin.
    pub body: usize,
    /// Whether the first line names the columns.
    pub is_first_line: bool,
    /// Whether that line ends with an LF.
    pub ends_with_lf: bool,
    /// Where each name stands, and, where it stands twice, where again.
    index: HashMap<String, (usize, Option<usize>)>,
    /// What the table is called.
    table: String,
}

impl Header {
    /// The names: those of the first line, or as many as it has cells.
    pub(super) fn read(
        text: &TableText,
        dialect: &Dialect,
        format: &HeaderConfig,
    ) -> Result<Header> {
        let start = text.start();
        let mut record = Record::default();
        let mut records = Records::new(start, skipped(start, dialect, format), dialect);
        let row = records.at();
        records.next(&mut record).map_err(|unclosed| unclosed.error(text))?;
        if record.len() > MOST_COLUMNS {
            let message =
                format!("the table has {} columns, more than {MOST_COLUMNS}", record.len());
            let help = "is it a table, with a line for each row?";
            let error = Error::data(text.at(record.start), message).with_code(Code::NotATable);
            return Err(error.with_help(help));
        }
        let mut first: Vec<String> = record.cells.iter().map(ToString::to_string).collect();
        if dialect.drops_trailing && first.last().is_some_and(|last| last.trim().is_empty()) {
            first.pop();
        }
        let (raw, body) = match format {
            HeaderConfig::FirstLine | HeaderConfig::After(_) => (first, records.at()),
            HeaderConfig::None => ((0..first.len()).map(|index| index.to_string()).collect(), row),
            HeaderConfig::Names(names) => (names.clone(), row),
        };
        Ok(Header {
            dialect: dialect.clone(),
            body,
            is_first_line: format.is_first_line(),
            ends_with_lf: start.as_bytes().get(body) == Some(&b'\n'),
            ..Header::of(raw, &text.name)
        })
    }

    /// The header of a table whose columns have these names.
    pub(super) fn of(raw: Vec<String>, table: &str) -> Header {
        let names: Vec<String> = raw.iter().map(|name| name.trim().to_string()).collect();
        let mut index = HashMap::<String, (usize, Option<usize>)>::new();
        for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let (first, again) = index.entry(name.clone()).or_insert((place, None));
            if *first != place {
                again.get_or_insert(place);
            }
        }
        Header {
            raw,
            names,
            dialect: Dialect::default(),
            body: 0,
            is_first_line: true,
            ends_with_lf: false,
            index,
            table: table.to_string(),
        }
    }

    /// A warning where the names look like a row: most of them numbers, and not just counted.
    pub(super) fn warning(&self) -> Option<Diagnostic> {
        let numbers: Vec<f64> =
            self.names.iter().filter_map(|name| classes::number(name)).collect();
        let is_counted =
            numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0 && pair[0].fract() == 0.0);
        if !self.is_first_line || numbers.len() * 2 < self.names.len().max(2) || is_counted {
            return None;
        }
        let message = format!(
            "the first line of {} names the columns, and looks like a row: {}",
            self.table,
            listed(&self.names)
        );
        let help = "if it is one, set `csv: {header: false}` (the columns are `0`, `1`, …) or \
                    `csv: {header: [age, …]}`";
        Some(Diagnostic::warning(Code::HeaderNames, message).with_help(help))
    }

    /// Where a column stands; an error where two have its name.
    pub(super) fn place(&self, name: &str) -> Result<Option<usize>, Problem> {
        match self.index.get(name.trim()) {
            None => Ok(None),
            Some((place, None)) => Ok(Some(*place)),
            Some((first, Some(again))) => {
                let (first, again) = (ordinal(first + 1), ordinal(again + 1));
                let message = format!(
                    "two columns of {} are named `{}`: the {first} and the {again}",
                    self.table,
                    name.trim()
                );
                let help =
                    if self.is_all_numbers() { NO_HEADER } else { "give one of them another name" };
                Err(Problem::at("", message).code(Code::Column).help(help))
            }
        }
    }

    /// What to do about a column that isn't there.
    pub(super) fn missing_help(&self, name: &str) -> String {
        let first = self.names.first().map_or("", String::as_str);
        if !self.is_first_line {
            return format!("`csv.header` names the columns: {}", listed(&self.names));
        }
        if let Some(delimiter) = first.strip_prefix("sep=") {
            let delimiter = if delimiter.is_empty() {
                char::from(self.dialect.delimiter)
            } else {
                delimiter.chars().next().unwrap_or(',')
            };
            return format!(
                "the first line, `sep={delimiter}`, names the delimiter: set `csv: {{delimiter: \"{delimiter}\"}}`"
            );
        }
        if first.starts_with(['#', '%']) || first.starts_with("//") {
            let mark = first.chars().next().unwrap_or('#');
            return format!(
                "the first line looks like a comment: set `csv: {{comment: \"{mark}\"}}`, or remove such lines"
            );
        }
        if self.is_all_numbers() {
            return NO_HEADER.to_string();
        }
        if self.names.iter().any(|name| name.parse::<f64>().is_ok()) {
            return format!(
                "the first line must be a header that names the columns, got {}; {NAME_THEM}",
                listed(&self.names)
            );
        }
        if let [only] = self.names.as_slice()
            && let Some(other) = [';', '\t', ',', '|'].iter().find(|other| only.contains(**other))
        {
            let other = if *other == '\t' { "\\t".to_string() } else { other.to_string() };
            return format!(
                "the first line is one column, `{only}`: set `csv: {{delimiter: \"{other}\"}}`"
            );
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let list = listed(&names);
        suggestion(name, &names, &format!("columns: {list}"))
    }

    fn is_all_numbers(&self) -> bool {
        self.names.iter().all(|name| name.parse::<f64>().is_ok())
    }
}

const NO_HEADER: &str = "the first line is all numbers: the table seems to have no header; add a \
                         first line with the columns' names, or set `csv: {header: false}` (they are \
                         `0`, `1`, …) or `csv: {header: [age, …]}`";
const NAME_THEM: &str = "where the table has none, set `csv: {header: false}` (the columns are `0`, \
                         `1`, …) or `csv: {header: [age, …]}`";

/// The byte behind the lines before the header: those that are to be skipped, and `sep=;`, which is
/// for Excel alone.
fn skipped(text: &str, dialect: &Dialect, format: &HeaderConfig) -> usize {
    let after_line = |from: usize| text[from..].find('\n').map_or(text.len(), |end| from + end + 1);
    let lines = match format {
        HeaderConfig::After(lines) => *lines,
        _ => 0,
    };
    let mut from = 0;
    for _ in 0..lines {
        if from == text.len() {
            break;
        }
        from = after_line(from);
    }
    let end = after_line(from);
    let separator = text[from..end].trim_end().strip_prefix("sep=");
    let is_known = separator.is_some_and(|separator| separator.as_bytes() == [dialect.delimiter]);
    if is_known { end } else { from }
}

fn ordinal(n: usize) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
