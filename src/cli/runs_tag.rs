//! `lanthorn runs tag`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::runs::{CONFIG, RunNotes};
use serde_json::json;

use super::common::CommonArguments;
use super::view;

#[derive(Args)]
pub(crate) struct TagArguments {
    /// A run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Tags to add
    #[arg(value_name = "TAG")]
    tags: Vec<String>,
    /// Tag to remove; can be repeated
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
    /// A few words about the run; empty words remove them
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(arguments: &TagArguments, common: &CommonArguments) -> Result<()> {
    let folder = &arguments.run;
    if !folder.join(CONFIG).is_file() {
        let message = format!("{} holds no run (no {CONFIG})", folder.display());
        let help = "name a run's folder, such as runs/loan-001";
        return Err(Error::run(message).with_help(help).into());
    }
    let before = RunNotes::read(folder)?;
    let mut notes = before.clone();
    if let Some(wrong) = arguments.remove.iter().find(|tag| !notes.tags.contains(tag)) {
        let help = match notes.tags.as_slice() {
            [] => "it has no tags".to_string(),
            tags => format!("its tags are {}", tags.join(", ")),
        };
        return Err(Error::run(format!("the run has no tag `{wrong}`")).with_help(help).into());
    }
    notes.retag(&arguments.tags, &arguments.remove)?;
    if let Some(note) = &arguments.note {
        notes.note = (!note.trim().is_empty()).then(|| note.trim().to_string());
    }
    if notes != before {
        notes.write(folder)?;
    }
    if common.json {
        return view::json(&json!(notes));
    }
    let note = notes.note.map(|note| format!("note: {note}\n")).unwrap_or_default();
    view::result(&format!("tags: {}\n{note}", notes.tags.join(", ")))
}
