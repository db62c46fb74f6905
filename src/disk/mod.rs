//! `Disk`: every change that Lanthorn makes to files. A training writes through this trait, so that a
//! test can put a disk in its place that fills up, fails or loses power at any operation.

pub(crate) mod checksum;
pub(crate) mod csv_text;
pub(crate) mod files;
pub(crate) mod intake;
pub(crate) mod lock;

use std::fs::Metadata;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Operations that change what is on a disk.
pub trait Disk: Send + Sync {
    /// Makes a folder inside one that is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a new file, with the access of the one whose place it will take; an error where there is
    /// a file of that name.
    fn create(&self, path: &Path, before: Option<&Metadata>) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file for writing at its end; makes it where there is none.
    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name in the same folder, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// The same, but an error where there is a file of that name.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Flushes the names in a folder, so that they outlast a power cut.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// An open file of a [`Disk`].
pub trait DiskFile: Write + Send {
    /// Flushes its contents, so that they outlast a power cut.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts it to a length.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// The machine's own disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Local;

impl Disk for Local {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)
    }

    fn create(&self, path: &Path, before: Option<&Metadata>) -> io::Result<Box<dyn DiskFile>> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if before.is_some() {
            // who may not read the old file may not read half of the new one
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let file = options.open(path)?;
        if let Some(before) = before {
            keep_access(&file, before)?;
        }
        Ok(Box::new(file))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(std::fs::OpenOptions::new().append(true).create(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match std::fs::hard_link(from, to) {
            Ok(()) => std::fs::remove_file(from),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // a file system without hard links: the lock of the folder has to do
            Err(error) if is_unsupported(&error) && !to.exists() => std::fs::rename(from, to),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if !cfg!(unix) {
            return Ok(()); // a folder can't be opened there, and its names are flushed by the system
        }
        match std::fs::File::open(path).and_then(|folder| folder.sync_all()) {
            Err(error) if is_unsupported(&error) => Ok(()), // some network disks
            result => result,
        }
    }
}

impl DiskFile for std::fs::File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Gives a file the mode of the one before, and its owner where we may.
fn keep_access(file: &std::fs::File, before: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};

        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            drop(fchown(file, Some(before.uid()), Some(before.gid())));
        }
    }
    file.set_permissions(before.permissions())
}

fn is_unsupported(error: &io::Error) -> bool {
    use ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    matches!(error.kind(), Unsupported | InvalidInput | PermissionDenied)
}

/// How the names of temporary files begin: what is left of one is nobody's.
pub(crate) const TEMPORARY: &str = ".lanthorn-";

/// What is done where the file is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// The new one takes its place.
    Replace,
    /// It stays, and writing is an error.
    Keep,
}

/// Writes a file to a temporary name in the same folder, flushes it, renames it, and flushes the
/// folder: a reader sees the old file or the new one, never half of one, and what was written
/// outlasts a power cut. The mode of a file that was there stays.
pub(crate) fn write_whole(
    disk: &dyn Disk,
    path: &Path,
    existing: Existing,
    fill: &mut dyn FnMut(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let named = |error| match error {
        Error::Io(error) => Error::Io(cant_write(path, error)),
        other => other,
    };
    let folder = folder_of(path);
    let before = std::fs::metadata(path).ok().filter(Metadata::is_file);
    let created = create_temporary(disk, folder, before.as_ref());
    let (temporary, file) = created.map_err(|error| cant_write(path, error))?;
    let filled = fill_and_sync(file, fill).and_then(|()| match existing {
        Existing::Replace => Ok(disk.rename(&temporary, path)?),
        Existing::Keep => Ok(disk.rename_new(&temporary, path)?),
    });
    if let Err(error) = filled {
        drop(disk.remove(&temporary)); // the first error is the one to tell
        return Err(named(error));
    }
    disk.sync_folder(folder).map_err(|error| cant_write(path, error).into())
}

/// [`write_whole`] for bytes that are at hand.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(disk, path, Existing::Replace, &mut |out| Ok(out.write_all(bytes)?))
}

/// Bytes between two writes.
const BUFFER: usize = 1 << 18;

fn fill_and_sync(
    file: Box<dyn DiskFile>,
    fill: &mut dyn FnMut(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let mut buffered = BufWriter::with_capacity(BUFFER, file);
    let filled = fill(&mut buffered).and_then(|()| Ok(buffered.flush()?));
    let (mut file, _) = buffered.into_parts(); // what couldn't be written is not tried again
    filled?;
    Ok(file.sync()?)
}

/// A new file under a name that nobody has.
fn create_temporary(
    disk: &dyn Disk,
    folder: &Path,
    before: Option<&Metadata>,
) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
        match disk.create(&path, before) {
            // one that a process of the same number left
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return Ok((path, created?)),
        }
    }
}

/// Writes a text at the end of a file, which is made where there is none; a text that can't be
/// written whole is not there in part. Nothing is flushed.
pub(crate) fn append(disk: &dyn Disk, path: &Path, text: &str) -> Result<()> {
    let before = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut file = disk.append(path).map_err(|error| cant_write(path, error))?;
    file.write_all(text.as_bytes()).map_err(|error| {
        drop(file.truncate(before));
        cant_write(path, error).into()
    })
}

/// Writes a text in place of all that a file holds after its first bytes. A text that can't be written
/// whole is not there in part. Nothing is flushed.
pub(crate) fn replace_end(disk: &dyn Disk, path: &Path, after: u64, text: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = disk.append(path)?;
        if std::fs::metadata(path)?.len() > after {
            file.truncate(after)?;
        }
        file.write_all(text.as_bytes()).inspect_err(|_| drop(file.truncate(after)))
    };
    write().map_err(|error| cant_write(path, error).into())
}

/// Flushes a file that was appended to.
pub(crate) fn sync(disk: &dyn Disk, path: &Path) -> Result<()> {
    let synced = disk.append(path).and_then(|mut file| file.sync());
    synced.map_err(|error| cant_write(path, error).into())
}

/// Makes a folder and those that it lies in, and flushes their names.
pub fn create_folders(disk: &dyn Disk, path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if path.exists() {
        return Err(Error::run(format!("{} is a file, not a folder", path.display())));
    }
    let parent = folder_of(path);
    create_folders(disk, parent)?;
    let made = match disk.create_folder(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    };
    made.and_then(|()| disk.sync_folder(parent)).map_err(|error| {
        let message = format!("can't make the folder {}: {error}", path.display());
        io::Error::new(error.kind(), message).into()
    })
}

/// Removes what killed processes have left of temporary files in a folder; what can't be removed
/// stays.
pub(crate) fn remove_leftovers(disk: &dyn Disk, folder: &Path, but: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(TEMPORARY) && name != but {
            drop(disk.remove(&entry.path()));
        }
    }
}

/// Removes a file, a link (not what it leads to), or a folder with all that is in it.
pub(crate) fn remove_all(path: &Path) -> Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.and_then(|()| Local.sync_folder(folder_of(path))).map_err(|error| {
        let message = format!("can't remove {}: {error}", path.display());
        io::Error::new(error.kind(), message).into()
    })
}

/// The folder of a file; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn cant_write(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("can't write {}: {error}", path.display()))
}
