//! FolderTable: a folder of pictures as a table with a row for each, its path and its class: the name of
//! the folder within that it lies in, as for Keras's `image_dataset_from_directory`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::cells::{self, CellValue};
use crate::data::chunk::Read;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::Layout;
use crate::data::row_places::RowPlaces;
use crate::data::source::{Beginning, Source, line_of_csv};
use crate::diagnostics::{Code, Diagnostic, Place};
use crate::disk::files;
use crate::error::{Problem, Result};
use crate::transforms::{ENDINGS, has_known_ending};

/// A folder of pictures.
pub(super) struct FolderTable {
    name: String,
    folder: PathBuf,
    header: Header,
    /// Class after class, each in the order of its folders and names; those of no class come last.
    files: Vec<FolderFile>,
    /// How many of them are of a class.
    of_classes: usize,
    notes: Vec<Diagnostic>,
}

/// A picture: where it is within the folder, and the name of its class, empty where it has none.
struct FolderFile {
    path: String,
    class: String,
}

/// What `data.format` calls it.
pub(super) const IMAGES: &str = "images";
/// The columns.
const NAMES: [&str; 2] = ["path", "class"];
/// The place of the second.
const CLASS: usize = 1;
/// Rows that are read at once: pictures are worked on in such pieces.
const PIECE_ROWS: usize = 64;
/// Rows that are kept to be shown.
const SHOWN: usize = 1000;
/// Folders within folders beyond which there is a mistake.
const MOST_LEVELS: usize = 64;

impl FolderTable {
    /// The pictures of a folder; a problem where there are none.
    pub(super) fn new(folder: &Path) -> Result<Result<FolderTable, Problem>> {
        let mut found = BesidePictures::default();
        let mut all = Vec::new();
        let (folders, own) = found.entries(folder)?;
        for class in folders {
            let (before, within) = (all.len(), PathBuf::from(&class));
            let class = files::to_text(&within);
            found.walk(folder, &within, &class, 0, &mut all)?;
            if all.len() == before {
                found.empty.push(class);
            }
        }
        let of_classes = all.len();
        all.extend(own.iter().map(|name| FolderFile {
            path: files::to_text(Path::new(name)),
            class: String::new(),
        }));
        let name = folder.display().to_string();
        if all.is_empty() {
            return Ok(Err(found.nothing(&name)));
        }
        let columns = if of_classes > 0 { &NAMES[..] } else { &NAMES[..CLASS] };
        let header = Header::of(columns.iter().map(ToString::to_string).collect(), &name);
        let notes = found.notes(&name, of_classes, all.len() - of_classes);
        Ok(Ok(FolderTable {
            name,
            folder: folder.to_path_buf(),
            header,
            files: all,
            of_classes,
            notes,
        }))
    }

    /// How many rows there are: those of no class have none where the class is asked for.
    fn rows(&self, layout: &Layout<'_>) -> usize {
        if layout.steps.iter().any(|step| step.index == CLASS) {
            self.of_classes
        } else {
            self.files.len()
        }
    }

    fn value(&self, row: usize, column: usize) -> CellValue<'_> {
        let file = &self.files[row];
        CellValue::Exact(if column == CLASS { &file.class } else { &file.path })
    }

    /// A row as a line of CSV.
    fn row(&self, file: &FolderFile) -> String {
        let cells = [file.path.as_str(), file.class.as_str()];
        line_of_csv(cells.into_iter().take(self.header.names.len()))
    }
}

impl RowPlaces for FolderTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn line(&self, place: usize) -> usize {
        place + 1
    }

    fn unit(&self) -> &'static str {
        "picture"
    }

    fn at(&self, place: usize) -> Place {
        match self.files.get(place) {
            Some(file) => {
                let path = self.folder.join(files::from_text(&file.path));
                Place::from(path.display().to_string())
            }
            None => Place::from(&self.name),
        }
    }

    fn at_header(&self) -> Place {
        Place::from(&self.name)
    }
}

impl Source for FolderTable {
    fn places(&self) -> &dyn RowPlaces {
        self
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
        let rows = self.rows(layout);
        let pieces: Vec<_> = (0..rows)
            .step_by(PIECE_ROWS)
            .map(|start| start..rows.min(start + PIECE_ROWS))
            .collect();
        cells::read_pieces(&pieces, faults, take, |piece, faults| {
            let value = |row, column| self.value(row, column);
            let line = |row: usize| self.row(&self.files[row]);
            Ok(cells::read_rows(piece, layout, faults, value, line))
        })
    }

    fn format(&self) -> &'static str {
        IMAGES
    }

    fn beginning(&self) -> Beginning {
        let rows = self.files[..self.files.len().min(SHOWN + 1)].iter().map(|file| self.row(file));
        Beginning::of_rows(&self.header, rows, SHOWN, true)
    }

    fn folder(&self, _: usize) -> PathBuf {
        self.folder.clone()
    }

    fn missing_help(&self, name: &str) -> String {
        if name == NAMES[CLASS] {
            let folder = self.name.trim_end_matches('/');
            return format!(
                "the pictures lie in no class folders: put those of each class into a folder of its \
                 own, such as {folder}/cat and {folder}/dog"
            );
        }
        format!("a folder of pictures has the columns {}", self.header.names.join(" and "))
    }

    fn notes(&self) -> Vec<Diagnostic> {
        self.notes.clone()
    }
}

/// What is found beside the pictures.
#[derive(Default)]
struct BesidePictures {
    /// How many files have each ending.
    others: BTreeMap<String, usize>,
    hidden: usize,
    /// Folders that are links, within a class.
    links: usize,
    /// Class folders without pictures.
    empty: Vec<String>,
}

impl BesidePictures {
    /// The folders and the pictures in a folder, each in the order of their names.
    fn entries(&mut self, folder: &Path) -> Result<(Vec<OsString>, Vec<OsString>)> {
        let (mut folders, mut pictures) = (Vec::new(), Vec::new());
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_os_string();
            if name.as_encoded_bytes().starts_with(b".") {
                self.hidden += usize::from(path.is_file());
            } else if path.is_dir() {
                folders.push(name);
            } else if has_known_ending(&path) {
                pictures.push(name);
            } else {
                let ending = path.extension().unwrap_or_default().to_string_lossy();
                *self.others.entry(ending.to_ascii_lowercase()).or_default() += 1;
            }
        }
        folders.sort_unstable();
        pictures.sort_unstable();
        Ok((folders, pictures))
    }

    /// Adds the pictures of a class: those of a folder within `root`, then those of the folders in it.
    fn walk(
        &mut self,
        root: &Path,
        within: &Path,
        class: &str,
        level: usize,
        to: &mut Vec<FolderFile>,
    ) -> Result<()> {
        let (folders, pictures) = self.entries(&root.join(within))?;
        to.extend(pictures.iter().map(|name| FolderFile {
            path: files::to_text(&within.join(name)),
            class: class.to_string(),
        }));
        for inner in folders {
            let inner = within.join(inner);
            if root.join(&inner).is_symlink() || level == MOST_LEVELS {
                self.links += 1;
            } else {
                self.walk(root, &inner, class, level + 1, to)?;
            }
        }
        Ok(())
    }

    fn nothing(&self, name: &str) -> Problem {
        let found = if self.others.is_empty() {
            String::new()
        } else {
            format!(": it holds {}", self.listed())
        };
        let message = format!("`{name}` is a folder without pictures{found}");
        let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
        Problem::at("", message).help(format!("name a table in it; pictures end in {endings}"))
    }

    /// `3 .txt, 1 .gif`.
    fn listed(&self) -> String {
        let each = self.others.iter().map(|(ending, count)| match ending.as_str() {
            "" => format!("{count} without an ending"),
            ending => format!("{count} .{ending}"),
        });
        each.collect::<Vec<_>>().join(", ")
    }

    /// What is left out, in words.
    fn notes(&self, name: &str, of_classes: usize, others: usize) -> Vec<Diagnostic> {
        let mut all: Vec<(String, &str)> = Vec::new();
        if !self.others.is_empty() {
            all.push((format!("files that are no pictures: {}", self.listed()), ""));
        }
        if self.hidden > 0 {
            all.push((format!("hidden files: {}", self.hidden), ""));
        }
        if self.links > 0 {
            let help = "name the folder that they lead to, or copy it";
            all.push((format!("folders within a class that are links: {}", self.links), help));
        }
        if !self.empty.is_empty() && of_classes > 0 {
            let message = format!("class folders without pictures: {}", self.empty.join(", "));
            all.push((message, "remove them, or put pictures into them"));
        }
        if of_classes > 0 && others > 0 {
            let message = format!(
                "pictures in no class folder: {others}; they can be predicted, but are not trained or \
                 evaluated on"
            );
            all.push((message, "move them into the folder of their class"));
        }
        let note = |(message, help): (String, &str)| {
            let message = format!("left out are {message}");
            Diagnostic::warning(Code::LeftOut, message).with_help(help).at(name)
        };
        all.into_iter().map(note).collect()
    }
}
