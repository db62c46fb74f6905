//! What people say of a run: tags and a note, in a file of its own in the run's folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::files::atomic_write;
use crate::error::{Error, Result};

/// The name of the file in a run folder.
pub const NOTES: &str = "notes.json";

/// Tags and a note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunNotes {
    /// In alphabetical order, each once.
    #[serde(default)]
    pub tags: Vec<String>,
    /// A few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl RunNotes {
    /// Those of a run; none where it has no file of them.
    pub fn read(run: &Path) -> Result<RunNotes> {
        let path = run.join(NOTES);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(RunNotes::default());
            }
            Err(error) => {
                let message = format!("can't read {}: {error}", path.display());
                return Err(std::io::Error::new(error.kind(), message).into());
            }
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::run(format!("{} can't be read: {error}", path.display()))
                .with_help("remove it, and give the run its tags anew")
        })
    }

    /// Writes them into the run's folder.
    pub fn write(&self, run: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| Error::Internal(error.to_string()))?;
        atomic_write(&run.join(NOTES), (text + "\n").as_bytes())
    }

    /// Adds these to those of a run, where there are some; a note takes the place of another.
    pub fn add_to(&self, run: &Path) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut notes = RunNotes::read(run)?;
        notes.retag(&self.tags, &[])?;
        notes.note = self.note.clone().or(notes.note);
        notes.write(run)
    }

    /// Adds tags, and takes some away.
    pub fn retag(&mut self, added: &[String], removed: &[String]) -> Result<()> {
        if let Some(wrong) = added.iter().find(|tag| tag.is_empty() || tag.contains([',', '\n'])) {
            return Err(Error::run(format!("`{wrong}` can't be a tag"))
                .with_help("a tag is a word or a few, without commas"));
        }
        self.tags.extend(added.iter().cloned());
        self.tags.retain(|tag| !removed.contains(tag));
        self.tags.sort();
        self.tags.dedup();
        Ok(())
    }

    /// True where nothing is said.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.note.is_none()
    }
}
