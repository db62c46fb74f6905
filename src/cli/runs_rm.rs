//! `lanthorn runs rm`.

use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::model::bytes;
use lanthorn::runs::Removal;
use serde_json::json;

use super::common::CommonArguments;
use super::view;

#[derive(Args)]
pub(super) struct RemoveArguments {
    /// Folders of runs
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Remove without asking
    #[arg(short, long)]
    yes: bool,
    /// Remove files that no training wrote along with the run
    #[arg(long)]
    all: bool,
}

pub(super) fn run(arguments: &RemoveArguments, common: &CommonArguments) -> Result<()> {
    // all are looked at before the first is removed
    let mut removals = Vec::with_capacity(arguments.runs.len());
    for folder in &arguments.runs {
        let removal = Removal::of(folder)?;
        if !arguments.all {
            refuse_strangers(&removal)?;
        }
        removals.push(removal);
    }
    if !arguments.yes && !stdin().is_terminal() {
        let message = "`runs rm` asks before it removes a run, but there is no terminal to ask on";
        return Err(Error::run(message).with_help("to remove without a question: `--yes`").into());
    }
    let mut removed = Vec::new();
    for removal in removals {
        let folder = removal.folder().display().to_string();
        let (files, size) = removal.size();
        let what = format!("{folder} ({files} files, {})", bytes(size as usize));
        if !arguments.yes && !view::ask(&format!("remove {what}? [y/N]")) {
            view::note(&format!("kept {folder}"));
            continue;
        }
        removal.carry_out()?;
        if !common.json {
            view::result(&format!("removed {what}\n"))?;
        }
        removed.push(folder);
    }
    if common.json { view::json(&json!({ "removed": removed })) } else { Ok(()) }
}

/// How many names an error shows.
const SHOWN: usize = 5;

/// An error where a folder holds what no training wrote.
fn refuse_strangers(removal: &Removal) -> Result<()> {
    let names = removal.strangers();
    if names.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let folder = removal.folder().display();
    let message =
        format!("{folder} also holds {}{more}, which no training wrote", shown.join(", "));
    let help = "move it elsewhere first, or remove it with the run: `--all`";
    Err(Error::run(message).with_help(help).into())
}
