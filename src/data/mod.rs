//! Data: tables in, samples out, as the model sees them.
//!
//! In reading order: `load`, which is all of it, and `steps`, each alone; `sources` (where tables are), `text` (the text of a file; `encoding`, `other_formats`), `dialect` (how it is written), `records` (the text cut into
//! cells), `header` (the columns' names), `columns` (the configuration against the header), `layout`
//! and `chunk` (which cells are wanted, and where they are kept: `numbers` in as few bytes as hold them, texts as codes of a `dictionary`), `table` (the wanted cells: `plain` and `float` are the fast way, `careful` the other, which tells what is
//! wrong by `faults`, `looks` and `ragged`; `cells` is what both hold of a cell), `read_pictures`, `table_pictures`, `pictures` and `ahead` (the pictures that cells name), `stream` (a table some rows at a time), `fit`
//! (classes and statistics of the part to train on: `classes`, `scaling`), [`Preprocessing`] (what is
//! saved with the model), `apply` (numbers as the model sees them), `dataset`, `samples` (what trainings
//! and evaluations ask of them, by the row) and `order` (an epoch's); where samples are
//! several rows each (`time_window`), [`Windows`], made by `timeline` (the rows in the order of time), `cut`
//! (which are trained on) and `used_windows` (those of a table for a trained model); then the warnings
//! (`spelling`, `collapse`, `suspects`, `tail`, `copies`, `leaks`, and `facts` for those who know the model), `head` (the first
//! rows, to be shown) and `class_weight`.

mod ahead;
mod apply;
mod array;
pub(crate) mod batch;
mod before;
mod careful;
mod cells;
mod choose;
mod chosen_rows;
mod chunk;
mod class_weight;
mod codes;
mod collapse;
mod columns;
mod copies;
mod csv_in_use;
mod csv_text;
mod cut;
mod dataset;
mod dialect;
mod dictionary;
mod dropped;
mod encoding;
mod facts;
mod faults;
mod first_form;
mod fit;
mod fitted;
mod fitted_target;
mod float;
mod head;
mod header;
mod in_use;
mod layout;
mod leaks;
mod load;
mod loaded_rows;
mod lone_rows;
mod looks;
mod named;
mod numbers;
mod order;
mod other_formats;
mod part;
mod picture_profile;
mod pictures;
mod places;
mod plain;
mod preprocessing;
mod profile;
mod ragged;
mod raw_cells;
mod read_pictures;
mod records;
mod row_places;
mod rules;
mod samples;
mod scalings;
mod source;
mod sources;
mod spelling;
mod steps;
mod stream;
mod suspects;
mod table;
mod table_pictures;
mod tail;
#[cfg(test)]
mod tests;
mod text;
mod time_window;
mod timeline;
mod unknown_cells;
mod unseen;
mod used_windows;
mod window_rules;
mod windows;
mod written_numbers;
mod zeros;

pub(crate) use before::Sums;
pub(crate) use facts::ColumnFacts;
pub(crate) use fitted::FittedColumn;
pub(crate) use load::{load_as, load_cells};
pub(crate) use looks::{FEW_ROWS, RARE, names_rows};

pub use batch::{Batch, BatchColumn, ColumnSpec, NumberType, TypedNumbers};
pub use class_weight::{balanced, class_counts, class_weights};
pub use csv_in_use::csv_in_use;
pub use dataset::{Dataset, Matrix, Targets};
pub use head::Head;
pub use in_use::{ColumnInUse, ColumnUse, PicturesInUse, columns_in_use};
pub use load::{Loaded, load, load_bytes, load_bytes_for_use, load_for_use};
pub use order::{Order, Shuffle};
pub use part::Part;
pub use picture_profile::PictureProfile;
pub use pictures::Pictures;
pub use places::{PlacedRow, rows_of_table};
pub use preprocessing::Preprocessing;
pub use profile::{ColumnProfile, Profile};
pub use raw_cells::RawCells;
pub use samples::{Memory, Samples, Subset, Windowed};
pub(crate) use sources::format_names;
pub use steps::{apply, fit, fold, read, read_for_folds, split};
pub(crate) use steps::{check_format_name, read_division};
pub use stream::{Skipped, TableStream, UseOptions, UsedRows};
pub use time_window::{TimeSeries, TimeWindow};
pub use windows::Windows;
