//! ArrayTable: a row for each place along the first axis, and a column for each number in it.

use half::{bf16, f16};

use super::cells::{self, CellValue};
use crate::config::names::{did_you_mean, listed};
use crate::data::array::{Array, NumberKind};
use crate::data::chunk::Read;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::Layout;
use crate::data::records::MOST_COLUMNS;
use crate::data::row_places::{NumberedRows, RowPlaces};
use crate::data::source::{ArrayColumns, Beginning, Source, line_of_csv};
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// A table of arrays.
pub(super) struct ArrayTable {
    rows: NumberedRows,
    header: Header,
    arrays: Vec<Array>,
    /// Of each column its array and its place in a row of it.
    columns: Vec<(usize, usize)>,
    named: Vec<ArrayColumns>,
    format: &'static str,
}

/// Numbers that are read at once.
const PIECE_NUMBERS: usize = 1 << 17;
/// Rows that are kept to be shown.
const SHOWN: usize = 100;

impl ArrayTable {
    /// The table of some arrays; those of the same length can be used together.
    pub(super) fn new(name: &str, format: &'static str, arrays: Vec<Array>) -> Result<ArrayTable> {
        let wrong = |message: String| Error::data(name, message).with_code(Code::NotATable);
        let (mut names, mut columns, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for (index, array) in arrays.iter().enumerate() {
            array.check().map_err(&wrong)?;
            let width = array.width();
            if names.len() + width > MOST_COLUMNS {
                let message = format!("its arrays make more than {MOST_COLUMNS} columns");
                return Err(
                    wrong(message).with_help("a row is what stands at one place of the first axis")
                );
            }
            named.push(ArrayColumns {
                name: array.name.clone(),
                columns: names.len()..names.len() + width,
                shape: array.shape.iter().skip(1).copied().collect(),
            });
            for place in 0..width {
                names.push(match (array.name.as_str(), array.shape.len()) {
                    ("", _) => place.to_string(),
                    (name, 0 | 1) => name.to_string(),
                    (name, _) => format!("{name}_{place}"),
                });
                columns.push((index, place));
            }
        }
        if names.is_empty() || arrays.iter().all(|array| array.rows() == 0) {
            return Err(wrong("it holds no numbers".to_string()));
        }
        let header = Header::of(names, name);
        let rows = NumberedRows { name: name.to_string() };
        Ok(ArrayTable { rows, header, arrays, columns, named, format })
    }

    /// How many rows the wanted columns have, which must be as many in each.
    fn rows(&self, layout: &Layout<'_>) -> Result<usize> {
        let mut wanted = layout.steps.iter().map(|step| &self.arrays[self.columns[step.index].0]);
        let Some(first) = wanted.next() else {
            return Ok(self.arrays.iter().map(Array::rows).max().unwrap_or(0));
        };
        match wanted.find(|array| array.rows() != first.rows()) {
            None => Ok(first.rows()),
            Some(other) => Err(Error::data(
                &self.rows.name,
                format!(
                    "the arrays `{}` and `{}` have {} and {} rows",
                    first.name,
                    other.name,
                    first.rows(),
                    other.rows()
                ),
            )
            .with_code(Code::NotATable)
            .with_help("use arrays of one length together")),
        }
    }

    fn value(&self, row: usize, column: usize) -> CellValue<'static> {
        let (array, place) = self.columns[column];
        self.arrays[array].at(row, place)
    }

    /// A row as a line of CSV.
    fn row(&self, row: usize) -> String {
        let cells: Vec<String> = (0..self.columns.len())
            .map(|column| self.value(row, column).text().into_owned())
            .collect();
        line_of_csv(cells.iter().map(String::as_str))
    }
}

impl Source for ArrayTable {
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
        let rows = self.rows(layout)?;
        let step = (PIECE_NUMBERS / layout.steps.len().max(1)).max(1);
        let pieces: Vec<_> =
            (0..rows).step_by(step).map(|start| start..rows.min(start + step)).collect();
        cells::read_pieces(&pieces, faults, take, |piece, faults| {
            let value = |row, column| self.value(row, column);
            Ok(cells::read_rows(piece, layout, faults, value, |row| self.row(row)))
        })
    }

    fn beginning(&self) -> Beginning {
        let rows = self.arrays.iter().map(Array::rows).max().unwrap_or(0);
        let lines = (0..rows).map(|row| self.row(row));
        Beginning::of_rows(&self.header, lines, SHOWN, true)
    }

    fn missing_help(&self, name: &str) -> String {
        let names: Vec<&str> = self.named.iter().map(|array| array.name.as_str()).collect();
        match names.as_slice() {
            [""] => "it is one array without a name: several, with their names, are in one .npz \
                     or safetensors file, or in `{x: FILE, y: FILE}` of a configuration"
                .to_string(),
            names => match did_you_mean(name, names) {
                Some(near) => format!("did you mean `{near}`? arrays: {}", listed(names)),
                None => format!("arrays: {}", listed(names)),
            },
        }
    }

    fn format(&self) -> &'static str {
        self.format
    }

    fn arrays(&self) -> &[ArrayColumns] {
        &self.named
    }

    fn into_arrays(self: Box<Self>) -> Vec<Array> {
        self.arrays
    }
}

impl Array {
    /// The number at a place of a row.
    fn at(&self, row: usize, place: usize) -> CellValue<'static> {
        let index = if self.is_column_major {
            self.by_columns(row, place)
        } else {
            row * self.width() + place
        };
        let size = self.numbers.size();
        let Some(bytes) = self.bytes.get(index * size..index * size + size) else {
            return CellValue::Missing;
        };
        let mut raw = [0u8; 8];
        raw[..size].copy_from_slice(bytes);
        if self.is_big_endian {
            raw[..size].reverse();
        }
        let word = u64::from_le_bytes(raw);
        let number = match self.numbers {
            NumberKind::F16 => f16::from_bits(word as u16).to_f64(),
            NumberKind::Bf16 => bf16::from_bits(word as u16).to_f64(),
            NumberKind::F32 => f64::from(f32::from_bits(word as u32)),
            NumberKind::F64 => f64::from_bits(word),
            NumberKind::I8 => f64::from(word as u8 as i8),
            NumberKind::I16 => f64::from(word as u16 as i16),
            NumberKind::I32 => f64::from(word as u32 as i32),
            NumberKind::U8 | NumberKind::Bool | NumberKind::U16 | NumberKind::U32 => word as f64,
            NumberKind::I64 if (word as i64).unsigned_abs() < 1 << 53 => word as i64 as f64,
            NumberKind::U64 if word < 1 << 53 => word as f64,
            NumberKind::I64 => return CellValue::Text((word as i64).to_string().into()),
            NumberKind::U64 => return CellValue::Text(word.to_string().into()),
        };
        CellValue::Number(number)
    }

    /// Where a number is of which the first axis runs fastest.
    fn by_columns(&self, row: usize, place: usize) -> usize {
        let (mut index, mut stride, mut left) = (row, self.rows(), self.width());
        let mut place = place;
        for axis in self.shape.iter().skip(1) {
            left /= axis.max(&1);
            index += place / left.max(1) * stride;
            place %= left.max(1);
            stride *= axis;
        }
        index
    }
}
