//! `lanthorn report`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::model::model_path;
use lanthorn::runs::{CARD, CARD_MARK, CONFIG, CURVES, REPORT, ReportRequest, RunReport};
use lanthorn::runtime::files::atomic_write;
use lanthorn::sections::ErrorCost;
use serde_json::json;

use super::common::CommonArguments;
use super::output::{OutputFile, OutputKind};
use super::view;

#[derive(Args)]
pub(crate) struct ReportArguments {
    /// A run folder or a model file
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// A CSV file with the features and the target [default: the run's `data.test`, else its
    /// validation data]
    #[arg(value_name = "DATA")]
    data: Option<PathBuf>,
    /// Write the page alone to this file; `-` for stdout [default: report.html, curves.svg and
    /// README.md in the run's folder]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Cost of a false positive and of a false negative, for the table of thresholds
    #[arg(long, value_name = "fp=N,fn=N", value_parser = cost)]
    cost: Option<ErrorCost>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

pub(crate) fn run(arguments: &ReportArguments, common: &CommonArguments) -> Result<()> {
    let file = model_path(&arguments.run)?;
    let request = ReportRequest {
        run: &arguments.run,
        table: arguments.data.as_deref(),
        cost: arguments.cost,
    };
    let Some(out) = &arguments.out else {
        let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
        if !folder.join(CONFIG).is_file() {
            let message = format!("{} lies in no run's folder", arguments.run.display());
            let help = "say where to write the page: `-o report.html`";
            return Err(Error::run(message).with_help(help).into());
        }
        let written = write(&folder, &request)?;
        if common.json {
            let names = written.iter().map(|path| path.display().to_string());
            view::json(&json!({ "written": names.collect::<Vec<_>>() }))?;
        } else {
            let lines = written.iter().map(|path| format!("wrote {}\n", path.display()));
            view::result(&lines.collect::<String>())?;
        }
        if arguments.open {
            open(&folder.join(REPORT));
        }
        return Ok(());
    };
    let mut inputs = vec![(&*file, "the model that is reported")];
    inputs.extend(arguments.data.as_deref().map(|table| (table, "the table that is read")));
    let output = OutputFile::at(out, OutputKind::Text, &inputs)?;
    let report = RunReport::of(&request)?;
    output.write(report.html.as_bytes())?;
    output.tell(&format!("wrote {}\n", out.display()))?;
    if arguments.open && output.is_file() {
        open(out);
    }
    Ok(())
}

/// Writes a run's report into its folder; gives the paths. A README.md that isn't ours stays.
pub(super) fn write(folder: &Path, request: &ReportRequest<'_>) -> Result<Vec<PathBuf>> {
    let report = RunReport::of(request)?;
    let mut texts = vec![(REPORT, report.html)];
    texts.extend(report.curves.map(|curves| (CURVES, curves)));
    let card = folder.join(CARD);
    let is_ours = std::fs::read_to_string(&card).is_ok_and(|text| text.contains(CARD_MARK));
    if is_ours || !card.exists() {
        texts.push((CARD, report.card));
    } else {
        view::note(&format!("{} isn't of a report: it is left as it is", card.display()));
    }
    let mut written = Vec::new();
    for (name, text) in texts {
        let path = folder.join(name);
        atomic_write(&path, text.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// `fp=1,fn=5`, in any order.
fn cost(text: &str) -> Result<ErrorCost, String> {
    let expected = "expected `fp=1,fn=5`: two costs of 0 or more, not both 0";
    let (mut fp, mut fn_) = (None, None);
    for part in text.split(',') {
        let (name, number) = part.split_once('=').ok_or(expected)?;
        let place = match name.trim() {
            "fp" => &mut fp,
            "fn" => &mut fn_,
            _ => return Err(expected.to_string()),
        };
        let number: f64 = number.trim().parse().map_err(|_| expected)?;
        if place.replace(number).is_some() {
            return Err(expected.to_string());
        }
    }
    let cost = fp.zip(fn_).map(|(fp, fn_)| ErrorCost { fp, fn_ });
    cost.filter(|cost| cost.is_valid()).ok_or_else(|| expected.to_string())
}

/// Opens a file in the browser; that there is none is told and no error.
fn open(path: &Path) {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let mut command = Command::new(program);
    command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.spawn().is_err() {
        view::note(&format!("`{program}` can't be started: open {} yourself", path.display()));
    }
}
