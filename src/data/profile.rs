//! Profile: what the columns of a table are like, before anything is declared of them. A draft of a
//! configuration is made from it; training never is.

use std::collections::HashMap;
use std::path::Path;

use super::cells::Missing;
use super::csv_text::Csv;
use super::dialect::{Dialect, Numerals};
use super::faults::Faults;
use super::float;
use super::header::Header;
use super::layout::Layout;
use super::looks::{Look, look};
use super::records::{Record, Records};
use super::source::Source;
use super::sources;
use super::written_numbers::with_numbers;
use super::zeros::Zeros;
use crate::error::Result;
use crate::sections::{CsvConfig, HeaderConfig, MissingValues};
use crate::transforms::classes::boolean;

/// What a table is like.
///
/// ```no_run
/// let profile = lanthorn::data::Profile::read("loan.csv".as_ref())?;
/// for column in &profile.columns {
///     println!("{}: {} different values", column.name, column.distinct());
/// }
/// # Ok::<(), lanthorn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What stands between two cells.
    pub delimiter: char,
    /// Whether the first line names the columns; they are 0, 1, … where it doesn't.
    pub has_header: bool,
    /// How its numbers are written, where not as programs do: the decimal mark, what stands between
    /// thousands, what stands beside numbers.
    pub numbers: (Option<char>, Option<char>, Vec<String>),
    /// How many rows.
    pub rows: usize,
    /// The columns, in the order of the file.
    pub columns: Vec<ColumnProfile>,
}

/// What one column is like.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// How many cells are empty or read as missing.
    pub missing: usize,
    /// How many of the others are numbers.
    pub numbers: usize,
    /// How many of the others are booleans: yes, no, true, 1, …
    pub booleans: usize,
    /// How many of the others look like dates.
    pub dates: usize,
    /// The smallest and the largest number; infinite where there are none.
    pub range: (f64, f64),
    /// Whether all numbers are whole.
    pub is_whole: bool,
    /// Where some numbers are 0 and all others far above it, as where 0 means missing: how many, and
    /// the least of the others.
    pub lone_zeros: Option<(usize, f64)>,
    /// How many of the others look like numbers that are written in another way: `3,14`, `$20`, `5 %`.
    pub odd_numbers: usize,
    /// Whether each cell is above the one before it.
    pub rises: bool,
    /// A cell that is neither missing nor a number, where there is one.
    pub text: Option<String>,
    /// How many words the longest cell has.
    pub words: usize,
    /// The different cells and how often each occurs, in the order of their first rows; none beyond
    /// [`ColumnProfile::MOST_DISTINCT`].
    counts: Vec<(String, usize)>,
    /// At which row there were too many to count.
    given_up: Option<usize>,
    /// How many cells aren't missing.
    present: usize,
}

impl ColumnProfile {
    /// So many different cells are counted; of more it is only known that there are more.
    pub const MOST_DISTINCT: usize = 1000;

    /// How many different cells there are; of more than can be counted, an estimate.
    pub fn distinct(&self) -> usize {
        match self.given_up {
            None => self.counts.len(),
            Some(row) => Self::MOST_DISTINCT * self.present / row.max(1),
        }
    }

    /// The different cells and how often each occurs; None where there are too many to count.
    pub fn counts(&self) -> Option<&[(String, usize)]> {
        self.given_up.is_none().then_some(&self.counts)
    }

    /// How many cells aren't missing.
    pub fn present(&self) -> usize {
        self.present
    }
}

impl Profile {
    /// Reads a table; its delimiter and whether it has a header are told from its first lines.
    pub fn read(path: &Path) -> Result<Profile> {
        let source = sources::open(&path.into(), &CsvConfig::default())?;
        match source.as_csv() {
            Some(csv) => Profile::of_text(csv),
            None => Profile::of_source(&*source),
        }
    }

    fn of_text(csv: &Csv) -> Result<Profile> {
        let mut format = CsvConfig::default();
        let delimiter = delimiter(csv.text.start());
        if delimiter != b',' {
            format.delimiter = Some(delimiter.into());
        }
        let mut csv = csv.again(&format)?;
        let has_header = csv.header.names.iter().any(|name| float::cell(name).is_none());
        if !has_header {
            format.header = HeaderConfig::None;
            csv = csv.again(&format)?;
        }
        let format = with_numbers(&format, &sample(&csv)?);
        let mut gathered = GatheredColumns::new(&csv.header, Dialect::of(&format).numerals);
        csv.records(csv.header.body, csv.text.len(), &mut |record, _, _| {
            gathered.see(record);
            Ok(())
        })?;
        let numbers = (format.decimal, format.thousands, format.strip);
        Ok(Profile { numbers, ..gathered.profile(delimiter, has_header) })
    }

    fn of_source(source: &dyn Source) -> Result<Profile> {
        let missing = Missing::default();
        let header = source.header();
        let mut layout = Layout::new(header, &[], &missing);
        layout.keeps_rows = true;
        let mut gathered = GatheredColumns::new(header, Numerals::default());
        source.read(&layout, &mut Faults::new(source.places(), &layout), &mut |read| {
            let mut record = Record::default();
            for row in read.kept_rows() {
                drop(Records::new(row, 0, &header.dialect).next(&mut record)); // it was read before
                gathered.see(&record);
            }
            Ok(())
        })?;
        Ok(gathered.profile(header.dialect.delimiter, true))
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Some cells of each column, without missing ones: those of the first rows.
fn sample(csv: &Csv) -> Result<Vec<Vec<String>>> {
    const ROWS: usize = 500;
    const BYTES: usize = 1 << 18;
    let missing = Missing::new(&MissingValues::usual());
    let mut columns = vec![Vec::new(); csv.header.names.len()];
    let (start, mut rows) = (csv.header.body, 0);
    let end = csv.text.len().min(start + BYTES);
    csv.records(start, end, &mut |record, _, _| {
        rows += 1;
        let cells = record.cells.iter().map(|cell| cell.trim());
        for (column, cell) in columns.iter_mut().zip(cells) {
            if rows <= ROWS && missing.why(cell).is_none() {
                column.push(cell.to_string());
            }
        }
        Ok(())
    })?;
    Ok(columns)
}

/// The delimiter by which the first lines have the same number of cells, the most of them; a comma
/// where none has.
fn delimiter(start: &str) -> u8 {
    const LINES: usize = 20;
    let cells_by = |delimiter: u8| {
        let dialect = Dialect { delimiter, ..Dialect::default() };
        let (mut records, mut record) = (Records::new(start, 0, &dialect), Record::default());
        let mut cells = None;
        for _ in 0..LINES {
            match records.next(&mut record) {
                Ok(true) if cells.is_none_or(|cells| cells == record.len()) => {
                    cells = Some(record.len());
                }
                Ok(true) => return 0,
                _ => break,
            }
        }
        cells.unwrap_or(0)
    };
    let mut best = (b',', 1);
    for delimiter in *b",;\t|" {
        let cells = cells_by(delimiter);
        if cells > best.1 {
            best = (delimiter, cells);
        }
    }
    if best.1 == 1 && cells_by(b' ') > 1 {
        return b' ';
    }
    best.0
}

/// The profiles of the columns while the rows are read.
struct GatheredColumns {
    columns: Vec<Gathering>,
    missing: Missing,
    numerals: Numerals,
    rows: usize,
}

impl GatheredColumns {
    fn new(header: &Header, numerals: Numerals) -> GatheredColumns {
        let columns = header.names.iter().map(|name| Gathering::new(name)).collect();
        GatheredColumns {
            columns,
            missing: Missing::new(&MissingValues::usual()),
            numerals,
            rows: 0,
        }
    }

    fn see(&mut self, record: &Record<'_>) {
        self.rows += 1;
        for (column, cell) in self.columns.iter_mut().zip(&record.cells) {
            column.see(cell.trim(), &self.missing, &self.numerals);
        }
    }

    fn profile(self, delimiter: u8, has_header: bool) -> Profile {
        let GatheredColumns { columns, rows, .. } = self;
        let columns = columns.into_iter().map(Gathering::finish).collect();
        let numbers = (None, None, Vec::new());
        Profile { delimiter: char::from(delimiter), has_header, numbers, rows, columns }
    }
}

/// A column's profile while the rows are read.
struct Gathering {
    profile: ColumnProfile,
    index: HashMap<String, usize>,
    before: Option<(f64, String)>,
    zeros: Zeros,
}

impl Gathering {
    fn new(name: &str) -> Gathering {
        let profile = ColumnProfile {
            name: name.to_string(),
            missing: 0,
            numbers: 0,
            booleans: 0,
            dates: 0,
            range: (f64::INFINITY, f64::NEG_INFINITY),
            is_whole: true,
            lone_zeros: None,
            odd_numbers: 0,
            rises: true,
            text: None,
            words: 0,
            counts: Vec::new(),
            given_up: None,
            present: 0,
        };
        Gathering { profile, index: HashMap::new(), before: None, zeros: Zeros::default() }
    }

    fn see(&mut self, cell: &str, missing: &Missing, numerals: &Numerals) {
        let profile = &mut self.profile;
        if missing.why(cell).is_some() {
            profile.missing += 1;
            return;
        }
        profile.present += 1;
        let number = numerals.number(cell).filter(|number| number.is_finite());
        profile.booleans += usize::from(boolean(cell).is_some());
        match number {
            Some(number) => {
                profile.numbers += 1;
                profile.range = (profile.range.0.min(number), profile.range.1.max(number));
                profile.is_whole &= number.fract() == 0.0;
                self.zeros.see(number);
            }
            None => {
                let look = look(cell);
                profile.dates += usize::from(look == Look::Date);
                profile.odd_numbers += usize::from(look.is_a_number());
                profile.words = profile.words.max(cell.split_whitespace().count());
                if profile.text.is_none() {
                    profile.text = Some(cell.to_string());
                }
            }
        }
        if profile.rises {
            profile.rises = match (&self.before, number) {
                (None, _) => true,
                (Some((before, text)), None) => before.is_nan() && text.as_str() < cell,
                (Some((before, _)), Some(number)) => *before < number,
            };
            self.before = Some((number.unwrap_or(f64::NAN), cell.to_string()));
        }
        self.count(cell);
    }

    fn count(&mut self, cell: &str) {
        let profile = &mut self.profile;
        if profile.given_up.is_some() {
            return;
        }
        if let Some(place) = self.index.get(cell) {
            profile.counts[*place].1 += 1;
        } else if profile.counts.len() < ColumnProfile::MOST_DISTINCT {
            self.index.insert(cell.to_string(), profile.counts.len());
            profile.counts.push((cell.to_string(), 1));
        } else {
            profile.given_up = Some(profile.present);
            profile.counts = Vec::new();
            self.index = HashMap::new();
        }
    }

    fn finish(self) -> ColumnProfile {
        let mut profile = self.profile;
        profile.lone_zeros = self.zeros.told(profile.distinct());
        profile.rises &= profile.present > 1;
        profile.is_whole &= profile.numbers > 0;
        profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> Profile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        Profile::read(&path).unwrap()
    }

    #[test]
    fn a_table_tells_its_delimiter_its_header_and_its_columns() {
        let table =
            profile("id;size;kind;when\n1;2,5;a;2026-01-01\n2;;b;2026-01-02\n3;1;a;2026-01-03\n");
        assert_eq!((table.delimiter, table.has_header, table.rows), (';', true, 3));
        let id = table.column("id").unwrap();
        assert!(id.is_whole && id.rises && id.range == (1.0, 3.0) && id.distinct() == 3);
        let size = table.column("size").unwrap();
        assert_eq!((size.missing, size.numbers, size.text.as_deref()), (1, 2, None));
        assert_eq!(table.numbers, (Some(','), None, Vec::new())); // `2,5`
        let kind = table.column("kind").unwrap();
        assert_eq!(kind.counts().unwrap(), [("a".to_string(), 2), ("b".to_string(), 1)]);
        let when = table.column("when").unwrap();
        assert!(when.dates == 3 && when.rises);
    }

    #[test]
    fn a_table_of_numbers_alone_has_no_header() {
        let table = profile("1,2\n3,4\n");
        assert!(!table.has_header);
        assert_eq!((table.rows, table.columns[1].name.as_str()), (2, "1"));
    }

    #[test]
    fn many_different_cells_are_estimated() {
        let rows: String = (0..5000).map(|row| format!("{row}.5,x\n")).collect();
        let table = profile(&format!("a,b\n{rows}"));
        assert_eq!(table.columns[0].counts(), None);
        assert!((4900..=5000).contains(&table.columns[0].distinct()));
    }
}
