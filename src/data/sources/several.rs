//! Several files with the same columns as one table, one after the other.

use std::path::PathBuf;

use super::reordered::Reordered;
use crate::data::chunk::Read;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::Layout;
use crate::data::row_places::RowPlaces;
use crate::data::source::{ArrayColumns, Beginning, Source};
use crate::diagnostics::{Code, Diagnostic, Place};
use crate::error::{Error, Result};

/// Files one after the other. A place is the file's number and the place in it.
pub(super) struct Several {
    name: String,
    sources: Vec<Box<dyn Source>>,
}

/// Bits of a place within a file.
const BITS: u32 = 44;

impl Several {
    /// At least two files; an error where one has other columns than the first. They may be in another
    /// order.
    pub(super) fn new(name: String, all: Vec<Box<dyn Source>>) -> Result<Several> {
        let mut sources: Vec<Box<dyn Source>> = Vec::with_capacity(all.len());
        for other in all {
            let Some(first) =
                sources.first().filter(|first| first.header().names != other.header().names)
            else {
                sources.push(other);
                continue;
            };
            let other = match Reordered::new(other, &**first) {
                Ok(reordered) => {
                    sources.push(Box::new(reordered));
                    continue;
                }
                Err(other) => other,
            };
            let names = &other.header().names;
            let message = format!("its columns are not those of {}", first.name());
            let help = match first.header().names.iter().find(|name| !names.contains(name)) {
                Some(missing) => format!("it has no column `{missing}`"),
                None => match names.iter().find(|name| !first.header().names.contains(name)) {
                    Some(more) => format!("it has a column `{more}`, which the first has not"),
                    None => {
                        "the same columns in the same order are expected in each file".to_string()
                    }
                },
            };
            let error = Error::data(other.name(), message).with_code(Code::Column);
            return Err(error.with_help(help));
        }
        Ok(Several { name, sources })
    }

    fn split(&self, place: usize) -> (&dyn Source, usize) {
        let last = self.sources.len().saturating_sub(1);
        (&*self.sources[(place >> BITS).min(last)], place & ((1 << BITS) - 1))
    }
}

impl RowPlaces for Several {
    fn name(&self) -> &str {
        &self.name
    }

    fn line(&self, place: usize) -> usize {
        let (source, place) = self.split(place);
        source.places().line(place)
    }

    fn unit(&self) -> &'static str {
        self.sources[0].places().unit()
    }

    fn at(&self, place: usize) -> Place {
        let (source, place) = self.split(place);
        source.at(place)
    }
}

impl Source for Several {
    fn places(&self) -> &dyn RowPlaces {
        self
    }

    fn header(&self) -> &Header {
        self.sources[0].header()
    }

    fn read(
        &self,
        layout: &Layout<'_>,
        faults: &mut Faults<'_>,
        take: &mut dyn FnMut(Read) -> Result<()>,
    ) -> Result<()> {
        for (number, source) in self.sources.iter().enumerate() {
            faults.of_file(number << BITS);
            source.read(layout, faults, &mut |mut read| {
                read.chunk.place += number << BITS;
                take(read)
            })?;
        }
        Ok(())
    }

    fn folder(&self, place: usize) -> PathBuf {
        let (source, place) = self.split(place);
        source.folder(place)
    }

    fn notes(&self) -> Vec<Diagnostic> {
        self.sources.iter().flat_map(|source| source.notes()).collect()
    }

    fn beginning(&self) -> Beginning {
        Beginning { is_whole: false, ..self.sources[0].beginning() }
    }

    fn format(&self) -> &'static str {
        self.sources[0].format()
    }

    fn arrays(&self) -> &[ArrayColumns] {
        self.sources[0].arrays()
    }
}
