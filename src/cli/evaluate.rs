//! `lanthorn evaluate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::config::Document;
use lanthorn::data::{self, Dataset, Memory, Preprocessing};
use lanthorn::model::Report;
use lanthorn::model::{Scores, score};
use lanthorn::training::CONFIG;
use lanthorn::training::Config;
use lanthorn::training::Plan;
use lanthorn::training::{Task, engine_of};
use serde_json::json;

use super::common::{CommonArguments, load_model};
use super::require::Requirement;
use super::view;

#[derive(Args)]
pub(crate) struct EvaluateArguments {
    /// A run folder or a model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A CSV file with the features and the target; `-` for stdin [default: the run's `data.test`,
    /// else its validation data]
    #[arg(value_name = "DATA")]
    data: Option<PathBuf>,
    /// Number of rows per batch
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// For classes: also print precision, recall and F1 of each class, and the confusion matrix
    #[arg(long)]
    report: bool,
    /// Exit with code 4 where a loss or metric doesn't meet this, such as `accuracy>=0.9`
    #[arg(long, value_name = "CONDITION")]
    require: Vec<Requirement>,
}

pub(crate) fn run(arguments: &EvaluateArguments, common: &CommonArguments) -> Result<ExitCode> {
    let model = load_model(&arguments.model, &common.device()?, common)?;
    let (Some(preprocessing), Some(train)) = (&model.preprocessing, &model.spec.train) else {
        return Err(Error::run("the model was saved without its training settings").into());
    };
    let (data, part) = match &arguments.data {
        Some(path) => {
            (data::load_for_use(path, &model.config.csv(), preprocessing, true, false)?.data, None)
        }
        None => {
            let (data, part) = of_run(&arguments.model, preprocessing)?;
            (data, Some(part))
        }
    };
    if let Some(part) = part.as_ref().filter(|_| !common.json) {
        view::note(&format!("evaluating on {part}"));
    }
    let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_unit());
    let mut scores = Scores::new(&model.spec, train).with_unit(unit);
    let report = match arguments.report {
        true => Some(Arc::new(Mutex::new(Report::of(&model, preprocessing)?))),
        false => None,
    };
    let (width, logits) = (model.spec.model.output().last(), train.loss.item.from_logits());
    if let Some(report) = report.clone() {
        scores = scores.with_watcher(move |batch| {
            lock(&report).add(batch.target, batch.output, width, logits);
        });
    }
    let samples = Memory::from(&data);
    let task = Task { network: &model.network, loss: &train.loss, samples: &samples };
    let size = arguments.batch_size as usize;
    score(engine_of(&model.network)?.as_mut(), &task, size, &mut scores)?;
    let logs = scores.logs("")?;
    let report = report.as_deref().map(lock);
    let unmet = Requirement::unmet(&arguments.require, &logs)?;
    let code = if unmet.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) };
    if common.json {
        let mut document = json!({ "rows": data.len(), "metrics": logs });
        if let Some(part) = &part {
            document["part"] = json!(part);
        }
        if let Some(report) = &report {
            report.to_json(&mut document);
        }
        if !arguments.require.is_empty() {
            document["unmet"] = json!(unmet);
        }
        view::json(&document)?;
        return Ok(code);
    }
    let mut text = String::new();
    for (key, value) in logs.iter() {
        text += &format!("{key}: {}\n", view::keras_number(value));
    }
    text += &format!("rows: {}\n", data.len());
    if let Some(report) = &report {
        text += &report.to_text();
    }
    view::result(&text)?;
    for requirement in &unmet {
        view::note(&format!("not met: {requirement}"));
    }
    Ok(code)
}

/// The report, which the scores' watcher has, too.
fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a run keeps to be evaluated on, and what that is: its test table, else its validation table,
/// else the rows that it held back.
fn of_run(run: &Path, preprocessing: &Preprocessing) -> Result<(Dataset, String)> {
    let file = run.join(CONFIG);
    if !file.is_file() {
        let message = format!("{} says nothing of its tables", run.display());
        let help = "name a table: `lanthorn evaluate MODEL TABLE`; without one, a run's folder is evaluated on its `data.test`";
        return Err(Error::run(message).with_help(help).into());
    }
    let section = Document::open(&file)?.config::<Config>()?.data;
    let of = |key: &str, path: &Option<String>| -> Option<Result<(Dataset, String)>> {
        let path = run.join(path.as_ref()?);
        let csv = section.as_ref().map(lanthorn::training::DataConfig::csv).unwrap_or_default();
        let used = data::load_for_use(&path, &csv, preprocessing, true, false);
        let part = format!("`data.{key}`, {}", path.display());
        let help = "tables that have moved are named by hand: `lanthorn evaluate RUN TABLE`";
        let used = used.map_err(|error| if path.exists() { error } else { error.with_help(help) });
        Some(used.map(|used| (used.data, part)).map_err(Into::into))
    };
    let named = section.as_ref().and_then(|section| {
        of("test", &section.test).or_else(|| of("validation", &section.validation))
    });
    if let Some(named) = named {
        return named;
    }
    let plan = Plan::open(&file, &[])?;
    let loaded = plan.data.filter(|loaded| loaded.validation.is_some());
    let Some(loaded) = loaded else {
        let message = "the run has no `data.test`, and validates on nothing";
        return Err(Error::run(message)
            .with_help("name a table: `lanthorn evaluate RUN TABLE`")
            .into());
    };
    if loaded.preprocessing != *preprocessing {
        let message =
            "the table has changed since the training, so that its rows may be split otherwise";
        return Err(Error::run(message)
            .with_help("name a table: `lanthorn evaluate RUN TABLE`")
            .into());
    }
    let validation = loaded.validation.ok_or_else(|| Error::run("the run validates on nothing"))?;
    Ok((validation, "the rows that `fit.validation_split` held back".to_string()))
}
