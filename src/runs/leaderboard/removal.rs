//! `Removal`: a run's folder taken away, once it is certain that it is one.

use std::path::{Path, PathBuf};

use super::run_notes::NOTES;
use crate::callbacks::{CallbackEntry, CallbackKind};
use crate::config::Document;
use crate::disk;
use crate::disk::lock::{LOCK, Lock};
use crate::error::{Error, Result};
use crate::history::HISTORY;
use crate::history::folds::{CV, OOF, fold_folder, refit_folder};
use crate::model::artifact::{MODEL, is_model};
use crate::runs::event_log::EVENTS;
use crate::runs::page::{CARD, CURVES, REPORT};
use crate::runs::run_metrics::METRICS;
use crate::sections::Config;
use crate::sections::run_config::CONFIG;
use crate::trainer::checkpoint::CHECKPOINT;

/// A run that is about to be removed: nobody else works in its folder meanwhile.
pub struct Removal {
    folder: PathBuf,
    /// What is in it, in the order in which it goes.
    files: Vec<PathBuf>,
    found: Contents,
    lock: Lock,
}

/// What is in the folder of a run, and in those of its folds.
#[derive(Default)]
struct Contents {
    files: usize,
    bytes: u64,
    /// Names of what no training has written.
    strangers: Vec<String>,
}

impl Removal {
    /// Takes the lock of a run's folder and looks what is in it; an error where it is no run.
    pub fn of(folder: &Path) -> Result<Removal> {
        refuse_other_than_a_run(folder)?;
        let lock = Lock::take(folder)?;
        let cant_read = |error| Error::run(format!("can't read {}: {error}", folder.display()));
        let found = contents(folder, "").map_err(cant_read)?;
        let entries = std::fs::read_dir(folder).map_err(cant_read)?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        // as long as anything is left, it is a run that can be named again
        files.sort_by_key(|path| (last(path), path.clone()));
        Ok(Removal { folder: folder.to_path_buf(), files, found, lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many files and bytes are in it.
    pub fn size(&self) -> (usize, u64) {
        (self.found.files, self.found.bytes)
    }

    /// Names of what is in it and no training has written, such as notes of yours.
    pub fn strangers(&self) -> &[String] {
        &self.found.strangers
    }

    /// Removes the folder with all that is in it. Links are removed, never followed.
    pub fn carry_out(self) -> Result<()> {
        for path in &self.files {
            disk::remove_all(path)?;
        }
        drop(self.lock);
        disk::remove_all(&self.folder)
    }
}

/// An error where a path is not the folder of a run, or is the folder that we stand in.
fn refuse_other_than_a_run(folder: &Path) -> Result<()> {
    let refused = |what: &str, help: &str| {
        Err(Error::run(format!("{} {what}", folder.display())).with_help(help))
    };
    let help = "name the folder of a run, such as runs/loan-001; `lanthorn runs` lists them";
    match std::fs::symlink_metadata(folder) {
        Err(error) => return refused(&format!("can't be removed: {error}"), help),
        Ok(found) if found.is_symlink() => {
            return refused("is a link", "name the folder that it leads to, and remove the link");
        }
        Ok(found) if !found.is_dir() => return refused("is a file, not the folder of a run", help),
        Ok(_) => {}
    }
    if !is_run(folder) {
        return refused("holds no run, so nothing is removed", help);
    }
    let here = std::env::current_dir().and_then(std::fs::canonicalize);
    if let (Ok(here), Ok(full)) = (here, std::fs::canonicalize(folder))
        && here.starts_with(full)
    {
        return refused("is the folder that you are in", "go to another folder first: `cd ..`");
    }
    Ok(())
}

/// True for the folder of a run or of a cross-validation.
fn is_run(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_file();
    has(CHECKPOINT)
        || has(CONFIG) && (has(MODEL) || has(HISTORY) || has(CV) || is_run(&fold_folder(folder, 1)))
}

/// What is in the folder of a run; names of strangers begin with `above`.
fn contents(folder: &Path, above: &str) -> std::io::Result<Contents> {
    let tables = tables_of(folder);
    let mut all = Contents::default();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = std::fs::symlink_metadata(&path)?;
        let is_fold = name.starts_with("fold-") || path == refit_folder(folder);
        if found.is_dir() && is_fold && is_run(&path) {
            let Contents { files, bytes, strangers } = contents(&path, &format!("{above}{name}/"))?;
            all.files += files;
            all.bytes += bytes;
            all.strangers.extend(strangers);
        } else if name != LOCK {
            all.files += 1;
            all.bytes += found.len();
            if !found.is_file() || !is_of_a_run(&path, &name, &tables) {
                all.strangers.push(format!("{above}{name}"));
            }
        }
    }
    all.strangers.sort();
    Ok(all)
}

/// What a run's folder may hold beside models: the files of a training, its folds and its report.
const OF_A_RUN: [&str; 10] =
    [CONFIG, HISTORY, METRICS, EVENTS, NOTES, CV, OOF, REPORT, CURVES, CARD];

/// Whether a training, or its report, has written a file; `tables` are those of its callbacks.
fn is_of_a_run(path: &Path, name: &str, tables: &[String]) -> bool {
    OF_A_RUN.contains(&name)
        || name == CHECKPOINT
        || name == MODEL
        || name.starts_with(disk::TEMPORARY)
        || name.starts_with("events.out.tfevents.")
        || tables.iter().any(|table| table == name)
        || is_model(path)
}

/// The names of the tables that a run's callbacks write.
fn tables_of(folder: &Path) -> Vec<String> {
    let config = Document::open(&folder.join(CONFIG)).and_then(|text| text.config::<Config>());
    let callbacks = config.map(|config| config.fit.callbacks).unwrap_or_default();
    let table = |entry: &CallbackEntry| match CallbackKind::from(&*entry.item) {
        CallbackKind::CsvLogger(logger) => Some(logger.filename.clone()),
        _ => None,
    };
    callbacks.iter().filter_map(table).collect()
}

/// What goes last: the model, then what makes the folder a run.
fn last(path: &Path) -> usize {
    let name = path.file_name().unwrap_or_default();
    [MODEL, CONFIG, CHECKPOINT].iter().position(|last| name == *last).map_or(0, |at| at + 1)
}
