//! Header: the names of a table's columns.

use std::collections::HashMap;

use super::source::Source;
use crate::config::names::did_you_mean;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The first line of a table.
pub(super) struct Header {
    /// As they stand in the file.
    pub raw: Vec<String>,
    /// Without blanks around them.
    pub names: Vec<String>,
    /// What stands between two cells.
    pub delimiter: u8,
    /// The byte of the text where the rows begin.
    pub body: usize,
    index: HashMap<String, usize>,
}

/// The table's records, header first. Rows may have any number of cells: the caller checks.
pub(super) fn records(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

impl Header {
    /// Reads the names; two alike are an error.
    pub(super) fn read(source: &Source, delimiter: u8) -> Result<Header> {
        let mut reader = records(source.start(), delimiter);
        let mut record = csv::StringRecord::new();
        let failed = |error: csv::Error| Error::data(source.at(0), error.to_string());
        reader.read_record(&mut record).map_err(failed)?;
        let body = reader.position().byte() as usize;
        let raw: Vec<String> = record.iter().map(str::to_string).collect();
        let names: Vec<String> = raw.iter().map(|name| name.trim().to_string()).collect();
        let mut header = Header { raw, names, delimiter, body, index: HashMap::new() };
        for (index, name) in header.names.iter().enumerate() {
            if name.is_empty() {
                continue; // what pandas writes over its index; nobody can ask for it
            }
            if let Some(first) = header.index.insert(name.clone(), index) {
                let message = format!(
                    "two columns are named `{name}`: the {} and the {}",
                    ordinal(first + 1),
                    ordinal(index + 1)
                );
                let help = if header.is_all_numbers() {
                    NO_HEADER
                } else {
                    "give one of them another name"
                };
                let error = Error::data(source.at(0), message).with_code(Code::Column);
                return Err(error.with_help(help));
            }
        }
        Ok(header)
    }

    /// Where a column stands.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name.trim()).copied()
    }

    /// What to do about a column that isn't there.
    pub(super) fn missing_help(&self, name: &str) -> String {
        if self.is_all_numbers() {
            return NO_HEADER.to_string();
        }
        if self.names.iter().any(|name| name.parse::<f64>().is_ok()) {
            let found = list(&self.names.iter().map(String::as_str).collect::<Vec<_>>());
            return format!("the first line must be a header that names the columns, got {found}");
        }
        if let [only] = self.names.as_slice()
            && let Some(other) = [';', '\t', ',', '|'].iter().find(|other| only.contains(**other))
        {
            return format!("the first line is one column, `{only}`: set `delimiter: {other:?}`");
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let list = list(&names);
        match did_you_mean(name, &names) {
            Some(near) => format!("did you mean `{near}`? columns: {list}"),
            None => format!("columns: {list}"),
        }
    }

    fn is_all_numbers(&self) -> bool {
        self.names.iter().all(|name| name.parse::<f64>().is_ok())
    }
}

const NO_HEADER: &str = "the first line is all numbers: the table seems to have no header; \
                         add a first line with the columns' names";

/// Names in backticks, the first twenty of them.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> =
        names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
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
