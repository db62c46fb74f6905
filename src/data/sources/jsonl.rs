//! JSON lines: an object on each line. A key within another is the column `outer.inner`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::cells::{self, CellValue};
use super::table_format::{FileContents, TableFormat};
use crate::data::chunk::Read;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::Layout;
use crate::data::row_places::RowPlaces;
use crate::data::source::{Beginning, Source, line_of_csv};
use crate::data::text::TableText;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The format.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "JSON lines",
    names: &[NAME],
    endings: &["jsonl", "ndjson"],
    packs: false,
    is_begun: is_jsonl,
    open: |name, bytes, _| Ok(FileContents::table(JsonLines::new(TableText::new(name, bytes)?)?)),
};

const NAME: &str = "jsonl";

/// A table of JSON lines.
struct JsonLines {
    text: TableText,
    header: Header,
    /// The keys that lead to each column.
    paths: Vec<Vec<String>>,
}

/// Rows that are kept to be shown.
const SHOWN: usize = 1000;

impl JsonLines {
    /// The table in a text. Its columns are the keys of the lines at its beginning, as they are met.
    fn new(text: TableText) -> Result<JsonLines> {
        let (mut paths, mut met) = (Vec::new(), HashSet::new());
        for (at, line) in lines(text.start(), 0) {
            let object = object(&text, at, line)?;
            collect(&object, &mut Vec::new(), &mut |path| {
                if met.insert(path.join(".")) {
                    paths.push(path.to_vec());
                }
            });
        }
        let names = paths.iter().map(|path| path.join(".")).collect();
        let header = Header::of(names, &text.name);
        Ok(JsonLines { text, header, paths })
    }

    fn read_piece(
        &self,
        piece: &Range<usize>,
        layout: &Layout<'_>,
        mut faults: Option<&mut Faults<'_>>,
    ) -> Result<Option<Read>> {
        let mut buffer = Vec::new();
        // the lines that begin in the piece: the first after the break before it
        let from = piece.start.saturating_sub(1);
        let window = self.text.window(from, piece.end - from, &mut buffer)?;
        let start = match piece.start {
            0 => Some(0),
            _ => memchr::memchr(b'\n', window.bytes).map(|line| line + 1),
        };
        let mut read = layout.empty(0);
        read.chunk.place = piece.start;
        let Some(start) = start.filter(|start| from + start < piece.end) else {
            return Ok(Some(read.ended()));
        };
        let bytes = &window.bytes[start..];
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let bad = error.valid_up_to();
            self.text.not_utf8(from + start + bad, bytes.get(bad).copied().unwrap_or_default())
        })?;
        for (at, line) in lines(text, from + start) {
            let object = object(&self.text, at, line)?;
            if let Some(faults) = &mut faults {
                faults.row(at);
            }
            let lists = self.lists(&object, at, layout)?;
            let value = |index: usize| {
                let list = lists.iter().find(|(column, _)| *column == index);
                list.map_or_else(
                    || value(&object, &self.paths[index]),
                    |(_, text)| CellValue::Text(Cow::Borrowed(text)),
                )
            };
            if cells::add(layout, &mut read, &mut faults, value) {
                read.chunk.rows += 1;
                read.chunk.starts.push((at - piece.start) as u32);
                if layout.keeps_rows {
                    read.keep(&self.row(&object));
                }
            } else if faults.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(read.ended()))
    }

    /// The texts of lists in columns whose cells are taken for several values, each with its column.
    fn lists(
        &self,
        object: &Map<String, Json>,
        at: usize,
        layout: &Layout<'_>,
    ) -> Result<Vec<(usize, String)>> {
        let mut lists = Vec::new();
        for step in &layout.steps {
            let (Some(separator), Some(Json::Array(items))) =
                (&step.separator, found(object, &self.paths[step.index]))
            else {
                continue;
            };
            let texts = items.iter().map(|item| match item {
                Json::String(text) => text.clone(),
                Json::Null => String::new(),
                item => item.to_string(),
            });
            let texts: Vec<String> = texts.collect();
            if let Some(label) = texts.iter().find(|text| text.contains(separator.as_str())) {
                let place = self.text.at(at).in_column(&step.name);
                return Err(cells::torn(place, &step.name, label, separator));
            }
            lists.push((step.index, cells::joined(texts.iter().map(String::as_str), separator)));
        }
        Ok(lists)
    }

    /// A row as a line of CSV.
    fn row(&self, object: &Map<String, Json>) -> String {
        let cells: Vec<String> =
            self.paths.iter().map(|path| value(object, path).text().into_owned()).collect();
        line_of_csv(cells.iter().map(String::as_str))
    }
}

impl Source for JsonLines {
    fn places(&self) -> &dyn RowPlaces {
        &self.text
    }

    fn header(&self) -> &Header {
        &self.header
    }

    fn read(
        &self,
        layout: &Layout<'_>,
        faults: &mut Faults<'_>,
        take: &mut dyn FnMut(Read) -> Result<()>,
    ) -> Result<()> {
        let pieces = self.text.pieces(0, layout.piece_bytes);
        cells::read_pieces(&pieces, faults, take, |piece, faults| {
            self.read_piece(piece, layout, faults)
        })
    }

    fn beginning(&self) -> Beginning {
        let objects =
            lines(self.text.start(), 0).filter_map(|(at, line)| object(&self.text, at, line).ok());
        let rows = objects.map(|object| self.row(&object));
        Beginning::of_rows(&self.header, rows, SHOWN, self.text.is_whole())
    }

    fn missing_help(&self, name: &str) -> String {
        let help = self.header.missing_help(name);
        if self.text.is_whole() {
            return help;
        }
        format!(
            "{help}; the columns are the keys of the first lines, up to 2 MB: give one of those the \
             key, with `null` where it has no value"
        )
    }

    fn format(&self) -> &'static str {
        NAME
    }
}

/// Whether a file begins with an object of JSON.
fn is_jsonl(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    let rest = bytes.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"\"") || rest.starts_with(b"}"))
}

/// The lines that aren't blank, each with the place where it begins.
fn lines(text: &str, start: usize) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.split_inclusive('\n').scan(start, |next, line| {
        let at = *next;
        *next += line.len();
        Some((at, line.trim()))
    });
    lines.filter(|(_, line)| !line.is_empty())
}

/// The object on a line.
fn object(text: &TableText, at: usize, line: &str) -> Result<Map<String, Json>> {
    let help = "JSON lines have one object on each line: `{\"age\": 37, \"area\": \"rural\"}`";
    let error = |message: String| {
        Err(Error::data(text.at(at), message).with_code(Code::Row).with_help(help))
    };
    match serde_json::from_str(line) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => error(format!("expected an object, found {}", kind(&other))),
        Err(found) => {
            let what = found.to_string();
            let what = what.split(" at line").next().unwrap_or_default();
            error(format!("the line is not JSON: {what} at its character {}", found.column()))
        }
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Every path of keys to a value that is no object.
fn collect(object: &Map<String, Json>, path: &mut Vec<String>, found: &mut dyn FnMut(&[String])) {
    for (key, value) in object {
        path.push(key.clone());
        match value {
            Json::Object(inner) => collect(inner, path, found),
            _ => found(path),
        }
        path.pop();
    }
}

/// What stands at the end of some keys.
fn found<'v>(object: &'v Map<String, Json>, path: &[String]) -> Option<&'v Json> {
    let (first, rest) = path.split_first()?;
    match (object.get(first)?, rest) {
        (value, []) => Some(value),
        (Json::Object(inner), rest) => found(inner, rest),
        _ => None,
    }
}

/// The same as a cell; what isn't there is missing.
fn value<'v>(object: &'v Map<String, Json>, path: &[String]) -> CellValue<'v> {
    match found(object, path) {
        Some(Json::Number(number)) => match number.as_f64() {
            // ids of more digits than an f64 has stay as they stand
            Some(value) if value.abs() < (1u64 << 53) as f64 => CellValue::Number(value),
            _ => CellValue::Text(Cow::Owned(number.to_string())),
        },
        Some(Json::String(text)) => CellValue::Text(Cow::Borrowed(text)),
        Some(Json::Bool(value)) => {
            CellValue::Text(Cow::Borrowed(if *value { "true" } else { "false" }))
        }
        Some(other @ (Json::Array(_) | Json::Object(_))) => {
            CellValue::Text(Cow::Owned(other.to_string()))
        }
        Some(Json::Null) | None => CellValue::Missing,
    }
}
