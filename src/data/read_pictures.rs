//! Reading the pictures that the cells of a table name: all of them, with what is wrong with any.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::chunk::MISSING_CODE;
use super::layout::Slot;
use super::pictures::Pictures;
use super::source::Source;
use super::table::Table;
use super::table_pictures::TablePictures;
use crate::diagnostics::{Code, Diagnostic, Place};
use crate::disk::files;
use crate::error::{Error, Problem, Result};
use crate::sections::ImageConfig;
use crate::threads;
use crate::transforms::{Keeping, StoredPicture};

impl Table {
    /// Reads the pictures whose paths are the cells of a column.
    pub(super) fn read_pictures(
        &mut self,
        column: usize,
        image: &ImageConfig,
        source: &dyn Source,
    ) {
        let Some(Slot::Text(place)) = self.slots.get(column).copied() else { return };
        let files = self.files(place, source);
        let keeping = Keeping::half_of_free();
        let read = |(path, _): &(PathBuf, usize)| StoredPicture::read(path, image, &keeping);
        let read: Vec<_> = threads::within(|| files.par_iter().map(read).collect());
        let (mut each, mut bad) = (Vec::with_capacity(read.len()), Vec::new());
        for (row, (result, (path, place))) in read.into_iter().zip(&files).enumerate() {
            each.push(result.unwrap_or_else(|problem| {
                bad.push((row, told(problem, path, &source.at(*place))));
                StoredPicture::absent()
            }));
        }
        self.pictures = Some(TablePictures { pictures: Pictures::new(image, each), bad });
    }

    /// Leaves out the rows whose pictures can't be used; gives what is wrong with these.
    pub(super) fn drop_bad_pictures(&mut self) -> Vec<Diagnostic> {
        let Some(TablePictures { pictures, bad }) = self.pictures.take() else { return Vec::new() };
        let (rows, told): (Vec<usize>, Vec<Diagnostic>) = bad.into_iter().unzip();
        let is_left = |row: &usize| rows.binary_search(row).is_err();
        let pictures = pictures.of_rows((0..pictures.len()).filter(is_left));
        self.leave_out(&rows);
        self.pictures = Some(TablePictures { pictures, bad: Vec::new() });
        told
    }

    /// The file that each row names in a text slot, and the place of the row.
    fn files(&self, slot: usize, source: &dyn Source) -> Vec<(PathBuf, usize)> {
        let places = self.chunks.iter().flat_map(|chunk| {
            let place = |row| chunk.place_of(row);
            (0..chunk.rows).map(place)
        });
        let texts = &self.texts[slot];
        let file = |(code, place): (u32, usize)| {
            let text = if code == MISSING_CODE { "" } else { texts.get(code as usize) };
            (source.folder(place).join(files::from_text(text)), place)
        };
        self.codes(slot).zip(places).map(file).collect()
    }
}

/// The warning about pictures that are left out of `all`; an error where none is left.
pub(super) fn told_of_bad(
    bad: &[Diagnostic],
    all: usize,
    name: &str,
) -> Result<Option<Diagnostic>> {
    if bad.is_empty() {
        return Ok(None);
    }
    let each: String =
        bad.iter().map(|bad| format!("\n  {}: {}", bad.place, bad.message)).collect();
    let count = bad.len();
    let message = format!(
        "{count} of {all} pictures can't be used, and are left out by `missing: drop_row`:{each}"
    );
    if count == all {
        return Err(Error::data(name, message).with_code(Code::Picture).with_help("none is left"));
    }
    Ok(Some(Diagnostic::warning(Code::Picture, message).at(name)))
}

/// What is wrong with a picture, which is named at a place of the table.
fn told(problem: Problem, path: &Path, at: &Place) -> Diagnostic {
    let name = path.display().to_string();
    let of_table = match at.to_string() {
        at if at == name => String::new(), // the table is the folder
        at => format!(" (named at {at})"),
    };
    Diagnostic::error(Code::Picture, format!("{}{of_table}", problem.message))
        .with_help(problem.help)
        .at(name)
}
