//! `Lock`: one process at a time in a run's folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};

/// The name of the lock in a run folder.
pub const LOCK: &str = ".lanthorn-lock";

/// Holds a folder until it is dropped, or its process dies in whatever way: the operating system
/// lets go of the lock then. The file holds the number of the process, for the message to others.
///
/// Over NFS the lock is the server's (Linux makes an `flock` there one over the network); a mount
/// with `nolock` or `local_lock` locks on each machine by itself. Where a file system has no locks
/// at all, [`Lock::warning`] says so.
pub struct Lock {
    path: PathBuf,
    warning: Option<String>,
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder, or says who holds it.
    pub fn take(folder: &Path) -> Result<Lock> {
        let path = folder.join(LOCK);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let mut file = options.open(&path).map_err(|error| {
                let message = format!("can't lock {}: {error}", folder.display());
                std::io::Error::new(error.kind(), message)
            })?;
            let warning = match file.try_lock() {
                Ok(()) if is_removed(&file, &path) => continue, // its holder ended meanwhile
                Ok(()) => None,
                Err(TryLockError::WouldBlock) => return Err(in_use(folder, &holder(&mut file))),
                Err(TryLockError::Error(error)) => Some(format!(
                    "{} can't be locked ({error}): see to it that nothing else writes there",
                    folder.display()
                )),
            };
            // for the message alone: a full disk must not end a training here
            drop(file.set_len(0).and_then(|()| file.write_all(own_name().as_bytes())));
            return Ok(Lock { path, warning, _file: file });
        }
    }

    /// Whether a process holds the lock of a folder; yes, where a file system has no locks to ask.
    pub fn is_held(folder: &Path) -> bool {
        match File::open(folder.join(LOCK)) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(_) => false,
        }
    }

    /// What the user should know where the file system has no locks.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if cfg!(unix) {
            drop(std::fs::remove_file(&self.path)); // still locked: nobody else can hold it
        }
    }
}

/// True where the open file is no longer the one of that name.
#[cfg(unix)]
fn is_removed(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().map(identity).ok() != std::fs::metadata(path).map(identity).ok()
}

#[cfg(not(unix))]
fn is_removed(_: &File, _: &Path) -> bool {
    false
}

/// `process 4711 on this-host`.
fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => format!("process {}\n", std::process::id()),
        host => format!("process {} on {host}\n", std::process::id()),
    }
}

/// Who holds the lock; it may be about to write its name.
fn holder(file: &mut File) -> String {
    let mut name = String::new();
    for _ in 0..20 {
        if file.read_to_string(&mut name).is_err() || !name.trim().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    match name.trim() {
        "" => "another process".to_string(),
        name => name.to_string(),
    }
}

fn in_use(folder: &Path, holder: &str) -> Error {
    Error::run(format!("{} is in use by {holder}", folder.display())).with_help(
        "one process at a time works in a run's folder: wait until that one ends, or stop it; a new \
         run may be given another folder with `--out`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_who_is_named_and_the_lock_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let refusal = Lock::take(folder.path()).err().unwrap().to_string();
        let own = format!("process {}", std::process::id());
        assert!(refusal.contains("in use by") && refusal.contains(&own), "{refusal}");
        assert!(Lock::is_held(folder.path()));
        drop(lock);
        assert!(!Lock::is_held(folder.path()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(Lock::take(folder.path()).unwrap());
    }
}
