//! `lanthorn evaluate`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::callbacks::Logs;
use lanthorn::data::{Dataset, Memory, TableStream, UseOptions, csv_in_use};
use lanthorn::model::{
    ClassThresholds, Model, Predictor, Report, Scores, Task, engine_of, rows_at_a_time, score_more,
};
use lanthorn::runs::EvaluationData;
use serde_json::json;

use super::common::{CommonArguments, load_model};
use super::predict::OnError;
use super::require::Requirement;
use super::thresholds::thresholds;
use super::view;

#[derive(Args)]
pub(crate) struct EvaluateArguments {
    /// A run folder or a model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A table with the features and the target; `-` for stdin [default: the run's `data.test`,
    /// else its validation data]
    #[arg(value_name = "DATA")]
    data: Option<PathBuf>,
    /// Say how this table is written where the training's was written otherwise, such as
    /// `csv.delimiter=";"`; keys of `data.csv` alone
    #[arg(short, long, value_name = "KEY=VALUE", requires = "data")]
    set: Vec<String>,
    /// Number of rows per batch
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// What to do about a row that can't be used: stop with an error, or skip it and say how many
    /// were skipped
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    on_error: OnError,
    /// For classes: also print precision, recall and F1 of each class, and the confusion matrix
    #[arg(long)]
    report: bool,
    /// Predict a class or label only if its probability is at least P, such as `approved=0.7`; can
    /// be repeated. With `target: features`: `error=E` [default: the thresholds stored in the model
    /// by `fit.threshold`]
    #[arg(long, value_name = "CLASS=P")]
    threshold: Vec<String>,
    /// Exit with code 4 if a loss or metric does not meet this condition, such as `accuracy>=0.9`
    #[arg(long, value_name = "CONDITION")]
    require: Vec<Requirement>,
}

pub(crate) fn run(arguments: &EvaluateArguments, common: &CommonArguments) -> Result<ExitCode> {
    let model = load_model(&arguments.model, &common.device()?, common)?;
    let (Some(preprocessing), Some(train)) = (&model.preprocessing, &model.spec.train) else {
        return Err(Error::run("the model was saved without its training settings").into());
    };
    let (mut data, part) = match &arguments.data {
        Some(_) => (None, None),
        None => {
            let rows = EvaluationData::of_run(&arguments.model, preprocessing, true)?;
            (Some(rows.data), Some(rows.part))
        }
    };
    if let Some(part) = part.as_ref().filter(|_| !common.json) {
        view::note(&format!("evaluating on {part}"));
    }
    let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_units());
    let mut scores = Scores::new(&model.spec, train).with_unit(unit);
    let report = if arguments.report {
        Some(Arc::new(Mutex::new(Report::of(&model, preprocessing)?)))
    } else {
        None
    };
    let (width, logits) = (model.spec.model.output().last(), train.loss.item.from_logits());
    if let Some(report) = report.clone() {
        scores = scores.with_watcher(move |batch| {
            lock(&report).add(batch.target, batch.output, width, logits);
        });
    }
    let size = arguments.batch_size as usize;
    let mut engine = engine_of(&model.network)?;
    let mut rows = 0;
    scores.reset();
    let mut add = |data: &Dataset| {
        rows += data.len();
        let samples = Memory::from(data);
        let task = Task { network: &model.network, loss: &train.loss, samples: &samples };
        score_more(engine.as_mut(), &task, size, &mut scores)
    };
    match (&arguments.data, &data) {
        (Some(path), _) => {
            let skip_errors = arguments.on_error == OnError::Skip;
            let options = UseOptions { with_target: true, skip_errors, ..UseOptions::default() };
            let csv = csv_in_use(&model.config.csv(), &arguments.set)?;
            let table = TableStream::open(path, &csv, preprocessing, options)?;
            // decisions are judged over all rows; without them some are enough, in whole batches
            let decides = !arguments.threshold.is_empty() || model.decisions.is_some();
            let at_a_time = if decides {
                usize::MAX
            } else {
                (rows_at_a_time(preprocessing.features()) / size).max(1) * size
            };
            let skipped = table.read(at_a_time, &mut |rows| {
                add(&rows.data)?;
                data = decides.then_some(rows.data);
                Ok(())
            })?;
            skipped.notes.iter().for_each(view::diagnostic);
            if skipped.rows > 0 {
                view::skipped(&skipped);
            }
        }
        (None, Some(data)) => add(data)?,
        (None, None) => {}
    }
    drop(engine);
    let mut logs = scores.logs("")?;
    let mut report = report.as_deref().map(lock);
    let decided = match &data {
        Some(data) => Decided::of(model, &arguments.threshold, data)?,
        None => None,
    };
    if let Some(decided) = decided {
        logs.extend(decided.logs);
        if let (Some(report), Some(at_threshold)) = (&mut report, decided.report) {
            **report = at_threshold;
        }
    }
    let unmet = Requirement::unmet(&arguments.require, &logs)?;
    let code = if unmet.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) };
    if common.json {
        let mut document = json!({ "rows": rows, "metrics": logs });
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
    text += &format!("rows: {rows}\n");
    if let Some(report) = &report {
        text += &report.to_text();
    }
    view::result(&text)?;
    for requirement in &unmet {
        view::answer(&format!("not met: {requirement}"));
    }
    Ok(code)
}

/// What comes of the thresholds and the intervals of a model.
struct Decided {
    logs: Logs,
    report: Option<Report>,
}

impl Decided {
    /// None where the model keeps no decisions and no threshold was given.
    fn of(model: Model, given: &[String], data: &Dataset) -> Result<Option<Decided>> {
        if given.is_empty() && model.decisions.is_none() {
            return Ok(None);
        }
        let predictor = Predictor::new(model)?;
        let thresholds = thresholds(given, &predictor)?;
        let predictions = predictor.predict_all(data)?;
        let mut decided = Decided { logs: Logs::default(), report: None };
        let errors = predictor.reconstruction_errors(&data.x, &predictions)?;
        if let (Some(threshold), Some(errors)) = (thresholds.of_error(), errors) {
            let above = errors.iter().filter(|error| **error > threshold).count();
            decided.logs.insert("anomalies", above as f64 / errors.len().max(1) as f64);
        } else if thresholds != ClassThresholds::Usual {
            let report = Report::of_predictions(&predictions, &data.y, &thresholds);
            for (key, value) in report.at_threshold(&thresholds) {
                decided.logs.insert(key, value);
            }
            decided.report = Some(report);
        }
        if let Some(intervals) = predictor.intervals() {
            let targets = predictor.targets(&data.y);
            let (coverage, width) = intervals.coverage(predictions.values(), &targets);
            decided.logs.insert("coverage", coverage);
            decided.logs.insert("interval_width", width);
        }
        Ok(Some(decided))
    }
}

/// The report, which the scores' watcher has, too.
fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}
