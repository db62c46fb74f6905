//! The folder of a new run: its name, and that nothing in it is overwritten.

use std::path::{Path, PathBuf};

use crate::diagnostics::shell::option;
use crate::disk::files::TensorFile;
use crate::disk::lock::Lock;
use crate::disk::{self, Disk};
use crate::error::{Error, Result};
use crate::model::artifact::MODEL;
use crate::sections::run_config::CONFIG;
use crate::trainer::checkpoint::CHECKPOINT;

/// Makes the folder of a new run, or of a new cross-validation, and takes its lock: `out`, or the next
/// free `runs/<name>-NNN`.
pub(crate) fn new_folder(
    disk: &dyn Disk,
    name: Option<&str>,
    out: Option<&Path>,
) -> Result<(PathBuf, Lock)> {
    let folder = match out {
        Some(folder) => folder.to_path_buf(),
        None => next_free(disk, name.unwrap_or("model"))?,
    };
    disk::create_folders(disk, &folder)?;
    let lock = Lock::take(&folder)?;
    refuse_taken(&folder)?;
    Ok((folder, lock))
}

/// An error where a folder holds a run. A checkpoint alone that has done nothing yet is what is left
/// of a start that didn't come to an end.
fn refuse_taken(folder: &Path) -> Result<()> {
    let has = |name: &str| folder.join(name).exists();
    let is_start = || {
        let position =
            TensorFile::metadata(&folder.join(CHECKPOINT)).map(|all| all["position"].clone());
        position.is_some_and(|position| position["epoch"] == 0 && position["batch"] == 0)
    };
    if has(CONFIG) || has(MODEL) || (has(CHECKPOINT) && !is_start()) {
        return Err(Error::run(format!("{} already holds a run", folder.display())).with_help(
            format!("go on with it: `{}`; or name another folder", option("--resume", folder)),
        ));
    }
    Ok(())
}

/// Characters of a run's name that its folder carries; four bytes each at the most.
const LONGEST_NAME: usize = 60;

fn next_free(disk: &dyn Disk, name: &str) -> Result<PathBuf> {
    // no hidden folder, and room for the number within what file systems take
    let kept = |(at, c): (usize, char)| {
        let is_plain = c.is_alphanumeric() || "-_".contains(c) || (c == '.' && at > 0);
        if is_plain { c } else { '_' }
    };
    let name = if name.is_empty() { "model" } else { name };
    let name: String = name.chars().take(LONGEST_NAME).enumerate().map(kept).collect();
    let runs = Path::new("runs");
    disk::create_folders(disk, runs)?;
    for number in 1..100_000 {
        let folder = runs.join(format!("{name}-{number:03}"));
        match disk.create_folder(&folder) {
            Ok(()) => {
                disk.sync_folder(runs)?;
                return Ok(folder);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let message = format!("can't make the folder {}: {error}", folder.display());
                return Err(std::io::Error::new(error.kind(), message).into());
            }
        }
    }
    Err(Error::run("no free folder name is left in `runs/`").with_help("name one with `--out`"))
}
