//! What a folder of pictures is like, before anything is declared of it.

use std::path::Path;

use super::cells::Missing;
use super::layout::Wanted;
use super::sources;
use super::table::Table;
use crate::error::{Error, Result};
use crate::sections::CsvConfig;
use crate::transforms::{PictureFacts, facts_of};

/// What a folder of pictures is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureProfile {
    /// The classes and how many pictures each has, in the order of their names.
    pub classes: Vec<(String, usize)>,
    /// Heights and widths of some of them, each in rising order.
    pub sides: [Vec<usize>; 2],
    /// Whether none of these has colors.
    pub is_gray: bool,
}

/// Pictures whose sizes are looked at.
const LOOKED_AT: usize = 500;

impl PictureProfile {
    /// Looks at a folder with a folder for each class.
    pub fn read(folder: &Path) -> Result<PictureProfile> {
        let source = sources::open(&folder.into(), &CsvConfig::default())?;
        let header = source.header();
        let wanted = ["path", "class"].map(|name| {
            let place = header.place(name).ok().flatten();
            place.map(|index| Wanted::text(name, index)).ok_or_else(|| {
                Error::data(source.name(), "the pictures have no classes")
                    .with_help(source.missing_help(name))
            })
        });
        let wanted = wanted.into_iter().collect::<Result<Vec<_>>>()?;
        let table = Table::read(&*source, &wanted, &Missing::default(), None)?;
        let mut classes: Vec<(String, usize)> =
            table.texts[1].iter().map(|name| (name.to_string(), 0)).collect();
        table.codes(1).for_each(|code| classes[code as usize].1 += 1);
        classes.sort();
        let paths = &table.texts[0];
        let step = paths.len().div_ceil(LOOKED_AT).max(1);
        let facts = paths.iter().step_by(step).filter_map(|path| {
            let path = source.folder(0).join(crate::disk::files::from_text(path));
            facts_of(&path).ok()
        });
        let facts: Vec<PictureFacts> = facts.collect();
        let mut sides = [|facts: &PictureFacts| facts.height, |facts: &PictureFacts| facts.width]
            .map(|side| facts.iter().map(side).collect::<Vec<usize>>());
        sides.iter_mut().for_each(|sides| sides.sort_unstable());
        let is_gray = !facts.is_empty() && facts.iter().all(|facts| facts.is_gray);
        Ok(PictureProfile { classes, sides, is_gray })
    }

    /// How many pictures.
    pub fn pictures(&self) -> usize {
        self.classes.iter().map(|(_, count)| count).sum()
    }
}
