//! BatchTable: a table that comes in Arrow's batches of columns, as Parquet and Arrow files do.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{Array, RecordBatch};
use arrow_schema::{ArrowError, Schema};

use super::arrow_cells::{ArrowCells, cells_of, kind_name, remedy, torn_label};
use super::arrow_columns;
use super::cells::{self, CellValue};
use crate::data::chunk::Read;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::{Layout, Wanted};
use crate::data::records::MOST_COLUMNS;
use crate::data::row_places::{NumberedRows, RowPlaces};
use crate::data::source::{Beginning, Source, line_of_csv};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::threads;

/// A table in batches.
pub(super) struct BatchTable {
    rows: NumberedRows,
    header: Header,
    schema: Schema,
    batches: Box<dyn Batches>,
    format: &'static str,
}

/// What batches come from.
pub(super) trait Batches: Send + Sync {
    /// Hands over the batches of some columns, which are named by their places and rise, one after
    /// the other and of about so many rows, until it is to break off.
    fn each(
        &self,
        columns: &[usize],
        rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<(), ArrowError>;
}

/// Hands batches over, cut into parts of at most so many rows: the number of all rows, where it is
/// not to break off.
pub(super) fn hand_over(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    rows: usize,
    take: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
) -> Result<ControlFlow<(), usize>, ArrowError> {
    let mut all = 0;
    for batch in batches {
        let batch = batch?;
        all += batch.num_rows();
        for start in (0..batch.num_rows()).step_by(rows) {
            let part = batch.slice(start, rows.min(batch.num_rows() - start));
            if take(part).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(all))
}

/// What is said of a codec that this program doesn't know.
pub(super) const NO_CODEC: &str = "which this program can't unpack";

/// Numbers that are read at once.
const PIECE_NUMBERS: usize = 1 << 17;
/// Batches that are read before they are handed over, for each thread.
const BATCHES_A_THREAD: usize = 4;
/// Rows that are kept to be shown.
const SHOWN: usize = 100;

impl BatchTable {
    /// The table of what `open` finds in a file.
    pub(super) fn new(
        name: &str,
        format: &'static str,
        open: impl FnOnce() -> Result<(Schema, Box<dyn Batches>), ArrowError>,
    ) -> Result<BatchTable> {
        let (schema, batches) = guarded(name, open)?;
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        if names.is_empty() || names.len() > MOST_COLUMNS {
            let message = format!("expected up to {MOST_COLUMNS} columns, found {}", names.len());
            return Err(Error::data(name, message).with_code(Code::NotATable));
        }
        let rows = NumberedRows { name: name.to_string() };
        Ok(BatchTable { rows, header: Header::of(names, name), schema, batches, format })
    }

    /// An error where a column is wanted whose type can't be read.
    fn check(&self, layout: &Layout<'_>) -> Result<()> {
        let wrong = layout.steps.iter().filter_map(|step| {
            let kind = self.schema.field(step.index).data_type();
            let help = remedy(&step.name, kind, step.separator.is_some())?;
            let kind = kind_name(kind);
            let message =
                format!("column `{}`: expected a value in each cell, found {kind}", step.name);
            let error = Diagnostic::error(Code::Column, message).at(self.rows.name.as_str());
            Some(error.with_help(help))
        });
        Error::all(wrong.collect()).map_or(Ok(()), Err)
    }

    /// Hands over the batches of some columns, a group at a time, each with its first row.
    fn groups(
        &self,
        columns: &[usize],
        take: &mut dyn FnMut(&[(usize, RecordBatch)]) -> Result<()>,
    ) -> Result<()> {
        let rows = (PIECE_NUMBERS / columns.len().max(1)).clamp(64, 1 << 16);
        let most = BATCHES_A_THREAD * threads::count().max(1);
        let (mut group, mut next, mut taken) = (Vec::new(), 0, Ok(()));
        guarded(&self.rows.name, || {
            self.batches.each(columns, rows, &mut |batch| {
                let start = next;
                next += batch.num_rows();
                group.push((start, batch));
                if group.len() >= most {
                    taken = take(&group);
                    group.clear();
                }
                if taken.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        })?;
        taken?;
        take(&group)
    }

    fn read_batch(
        &self,
        (start, batch): &(usize, RecordBatch),
        columns: &[usize],
        layout: &Layout<'_>,
        mut faults: Option<&mut Faults<'_>>,
    ) -> Result<Option<Read>> {
        for (column, place) in batch.columns().iter().zip(columns) {
            let step = layout.steps.iter().find(|step| step.index == *place);
            if let Some((step, separator)) = step.and_then(|s| Some((s, s.separator.as_deref()?))) {
                self.check_labels(column, step, separator)?;
            }
        }
        if faults.is_none() && !layout.keeps_rows {
            return Ok(read_columns(*start, batch, columns, layout));
        }
        let mut read = layout.empty(batch.num_rows());
        read.chunk.place = *start;
        let mut cells: Vec<Option<ArrowCells<'_>>> =
            (0..self.header.names.len()).map(|_| None).collect();
        for (column, place) in batch.columns().iter().zip(columns) {
            let step = layout.steps.iter().find(|step| step.index == *place);
            let separator = step.and_then(|step| step.separator.as_deref());
            cells[*place] = cells_of(column, separator);
        }
        let value = |row: usize, column: usize| {
            cells[column].as_ref().map_or(CellValue::Missing, |cells| cells(row))
        };
        for row in 0..batch.num_rows() {
            if let Some(faults) = &mut faults {
                faults.row(start + row);
            }
            if cells::add(layout, &mut read, &mut faults, |column| value(row, column)) {
                read.chunk.rows += 1;
                read.chunk.starts.push(row as u32);
                if layout.keeps_rows {
                    read.keep(&as_line(columns.iter().map(|column| value(row, *column))));
                }
            } else if faults.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(read.ended()))
    }

    fn check_labels(&self, column: &dyn Array, step: &Wanted, separator: &str) -> Result<()> {
        let Some(label) = torn_label(column, separator) else { return Ok(()) };
        Err(cells::torn(self.rows.name.as_str(), &step.name, &label, separator))
    }
}

impl Source for BatchTable {
    fn places(&self) -> &dyn RowPlaces {
        &self.rows
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
        self.check(layout)?;
        let columns: Vec<usize> = if layout.keeps_rows {
            (0..self.header.names.len()).collect()
        } else {
            layout.steps.iter().map(|step| step.index).collect()
        };
        self.groups(&columns, &mut |group| {
            cells::read_pieces(group, faults, take, |batch, faults| {
                self.read_batch(batch, &columns, layout, faults)
            })
        })
    }

    fn format(&self) -> &'static str {
        self.format
    }

    fn beginning(&self) -> Beginning {
        let columns: Vec<usize> = (0..self.header.names.len()).collect();
        let mut lines = Vec::new();
        let read = guarded(&self.rows.name, || {
            self.batches.each(&columns, SHOWN + 1, &mut |batch| {
                let cells: Vec<_> =
                    batch.columns().iter().map(|column| cells_of(column, None)).collect();
                for row in 0..batch.num_rows().min(SHOWN + 1 - lines.len()) {
                    let values = cells.iter().map(|cells| match cells {
                        Some(cells) => cells(row),
                        None => CellValue::Missing,
                    });
                    lines.push(as_line(values));
                }
                if lines.len() > SHOWN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        let is_whole = read.is_ok();
        Beginning::of_rows(&self.header, lines.into_iter(), SHOWN, is_whole)
    }
}

/// The wanted cells of a batch, a column at a time; None where one of them can't be used.
fn read_columns(
    start: usize,
    batch: &RecordBatch,
    columns: &[usize],
    layout: &Layout<'_>,
) -> Option<Read> {
    let mut read = layout.empty(0);
    (read.chunk.place, read.chunk.rows) = (start, batch.num_rows());
    let mut texts = read.texts.iter_mut();
    for step in &layout.steps {
        let column = batch.column(columns.iter().position(|column| *column == step.index)?);
        if step.text {
            read.chunk.codes.push(arrow_columns::codes(column, step, layout, texts.next()?)?);
        } else {
            read.chunk.numbers.push(arrow_columns::numbers(column, step, layout)?);
        }
    }
    Some(read)
}

/// Cells as a line of CSV.
fn as_line<'c>(cells: impl Iterator<Item = CellValue<'c>>) -> String {
    let cells: Vec<String> = cells.map(|cell| cell.text().into_owned()).collect();
    line_of_csv(cells.iter().map(String::as_str))
}

/// What a reader of a file makes of it; its errors, and its panics, name the file.
fn guarded<T>(name: &str, read: impl FnOnce() -> Result<T, ArrowError>) -> Result<T> {
    let wrong = |message: String| {
        let error = Error::data(name, format!("the file can't be read: {message}"));
        let error = error.with_code(Code::NotATable);
        let is_unknown = ["isabled feature", "nsupported", NO_CODEC];
        if is_unknown.iter().any(|words| message.contains(words)) {
            error.with_help(
                "write it anew, compressed by snappy, gzip, lz4 or zstd: in pandas, \
                 `df.to_parquet(path, compression=\"zstd\")`",
            )
        } else {
            error.with_help("the file is cut or damaged: fetch or write it again")
        }
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|error| match error {
            ArrowError::ParquetError(message) => {
                wrong(message.trim_start_matches("Parquet error: ").to_string())
            }
            error => wrong(error.to_string()),
        }),
        Err(_) => Err(wrong("it is not as its format says".to_string())),
    }
}
