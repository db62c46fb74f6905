//! A file whose columns are those of the files before it, in another order.

use std::path::PathBuf;

use crate::data::chunk::Read;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::{Layout, Wanted};
use crate::data::records::cells_of;
use crate::data::row_places::RowPlaces;
use crate::data::source::{Beginning, Source, line_of_csv};
use crate::diagnostics::Diagnostic;
use crate::error::Result;

/// A file that is read as if its columns were in the order of another's.
pub(super) struct Reordered {
    source: Box<dyn Source>,
    /// The columns in the order that is wanted.
    header: Header,
    /// Where each of them is in the file.
    places: Vec<usize>,
}

impl Reordered {
    /// A file in the order of the columns of `first`; the file itself where it has others, or where
    /// its rows can't be written in another order.
    pub(super) fn new(
        source: Box<dyn Source>,
        first: &dyn Source,
    ) -> Result<Reordered, Box<dyn Source>> {
        let (names, wanted) = (&source.header().names, &first.header().names);
        let place = |name: &String| {
            let mut found = (0..names.len()).filter(|place| names[*place] == *name);
            found.next().filter(|_| found.next().is_none())
        };
        let places: Option<Vec<usize>> = wanted.iter().map(place).collect();
        let is_plain = |source: &dyn Source| {
            source.header().dialect.is_standard() && source.arrays().is_empty()
        };
        match places {
            Some(places)
                if places.len() == names.len() && is_plain(&*source) && is_plain(first) =>
            {
                Ok(Reordered { source, header: first.header().clone(), places })
            }
            _ => Err(source),
        }
    }
}

impl Source for Reordered {
    fn places(&self) -> &dyn RowPlaces {
        self.source.places()
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
        let there = |step: &&Wanted| Wanted { index: self.places[step.index], ..(*step).clone() };
        let wanted: Vec<Wanted> = layout.steps.iter().map(there).collect();
        let own = layout.in_the_order_of(self.source.header(), &wanted);
        self.source.read(&own, faults, &mut |mut read| {
            if own.keeps_rows {
                let rows: Vec<String> = read.kept_rows().map(|row| self.reordered(row)).collect();
                read.kept.clear();
                read.kept_ends.clear();
                rows.iter().for_each(|row| read.keep(row));
            }
            take(read)
        })
    }

    fn beginning(&self) -> Beginning {
        let Beginning { text, body, is_whole } = self.source.beginning();
        let rows = text[body..].lines().map(|row| self.reordered(row));
        Beginning::of_rows(&self.header, rows, usize::MAX, is_whole)
    }

    fn folder(&self, place: usize) -> PathBuf {
        self.source.folder(place)
    }

    fn notes(&self) -> Vec<Diagnostic> {
        self.source.notes()
    }

    fn format(&self) -> &'static str {
        self.source.format()
    }
}

impl Reordered {
    /// A row of the file, which is a line of CSV, with its cells in the order that is wanted.
    fn reordered(&self, row: &str) -> String {
        let cells = cells_of(row, &self.source.header().dialect);
        line_of_csv(self.places.iter().map(|place| cells.get(*place).map_or("", AsRef::as_ref)))
    }
}
