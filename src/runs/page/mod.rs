//! The report of a run: one HTML page that needs nothing else, its curves as SVG, and a model card.

mod card;
mod chart;
mod classes;
mod curves;
mod evaluation;
mod html;
mod importance;
mod numbers;
mod overview;
mod worst;

use std::path::Path;

use candle_core::Device;
use serde_json::Value;

use crate::data::{Dataset, Memory};
use crate::decisions::Decisions;
use crate::disk::files;
use crate::error::{Error, Result};
use crate::history::logs::Logs;
use crate::history::{HISTORY, History};
use crate::model::artifact::{Model, model_path};
use crate::model::engine::{self, Task};
use crate::model::evaluate::score;
use crate::model::predictor::Predictor;
use crate::model::scores::Scores;
use crate::runs::run_data::EvaluationData;
use crate::runs::run_metrics::METRICS;
use crate::sections::ErrorCost;
use crate::sections::run_config::{CONFIG, as_json};

pub use card::CARD_MARK;
use chart::CHART_STYLE;
use evaluation::Evaluation;
use html::{Chapter, escape, number, paragraph};

const PAGE_STYLE: &str = include_str!("page.css");

/// The names of the report's files in a run's folder.
pub const REPORT: &str = "report.html";
/// The curves alone.
pub const CURVES: &str = "curves.svg";
/// The model card.
pub const CARD: &str = "README.md";

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct ReportRequest<'a> {
    /// A run's folder, or a model file.
    pub run: &'a Path,
    /// The table to evaluate on; by default the run's own.
    pub table: Option<&'a Path>,
    /// What errors cost, for the table of thresholds.
    pub cost: Option<ErrorCost>,
}

/// The texts of a report.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The page.
    pub html: String,
    /// The curves; None where nothing is known of the training's course.
    pub curves: Option<String>,
    /// The model card.
    pub card: String,
    /// What the model was evaluated on.
    pub part: String,
}

impl RunReport {
    /// Makes the report of a run.
    pub fn of(request: &ReportRequest<'_>) -> Result<RunReport> {
        let model = Model::load(request.run, &Device::Cpu)?;
        let Some(preprocessing) = &model.preprocessing else {
            return Err(Error::run(
                "the model was made without a table: there is nothing to report",
            ));
        };
        let rows = match request.table {
            Some(table) => {
                let part = table.display().to_string();
                EvaluationData::of_table(&table.into(), &model.config.csv(), preprocessing, part)?
            }
            None => EvaluationData::of_run(request.run, preprocessing, false)?,
        };
        let logs = logs(&model, &rows.data)?;
        let importance = importance::chapter(&model, &rows.data)?;
        let predictor = Predictor::new(model)?;
        let predictions = predictor.predict_all(&rows.data)?;
        let evaluation = Evaluation { rows, predictions };
        let model = predictor.model();
        let folder = folder_of(request.run);
        let history = folder.and_then(history);
        let curves = history.map(|history| curves::curves(&history, model.training.best_epoch));
        let name = name_of(request.run, model);
        let baseline = folder.and_then(metrics).and_then(|found| baseline(&found));
        let mut chapters = vec![configuration(folder, model)?];
        chapters.extend(table_of(folder).and_then(|table| overview::data(&table, model)));
        chapters.push(overview::layers(&model.network));
        if let Some(curves) = &curves {
            chapters.push(Chapter { title: "Curves", body: html::figures(curves) });
        }
        chapters.extend(results(&evaluation, &predictor, request.cost)?);
        chapters.extend(importance);
        chapters.extend(folder.and_then(metrics).and_then(|found| overview::environment(&found)));
        // what a reader wants first comes first
        chapters.sort_by_key(|chapter| ORDER.iter().position(|title| *title == chapter.title));
        Ok(RunReport {
            html: page(&name, model, &evaluation, (&logs, baseline.as_deref()), &chapters),
            card: card::card(&name, model, &evaluation, &logs, curves.is_some()),
            curves: curves.map(|charts| curves::file(&charts)),
            part: evaluation.rows.part,
        })
    }
}

/// The chapters in the order in which they stand.
const ORDER: [&str; 14] = [
    "Curves",
    "Confusion matrix",
    "Scores by class",
    "Scores by label",
    "ROC and precision-recall",
    "Calibration",
    "Thresholds",
    "Residuals",
    "Permutation importance",
    "Worst rows",
    "Data",
    "Model",
    "Configuration",
    "Environment",
];

fn results(
    evaluation: &Evaluation,
    predictor: &Predictor,
    cost: Option<ErrorCost>,
) -> Result<Vec<Chapter>> {
    let thresholds = predictor.thresholds();
    let targets = predictor.targets(&evaluation.data().y);
    let mut chapters = classes::chapters(evaluation, &thresholds, cost);
    let names = predictor.number_names();
    chapters.extend(numbers::chapters(evaluation, &names, &targets, predictor.intervals()));
    let preprocessing = predictor.model().preprocessing.as_ref();
    let ids = preprocessing.iter().flat_map(|own| own.id_columns().iter().map(String::as_str));
    let features = preprocessing.iter().flat_map(|own| own.feature_columns());
    let columns: Vec<&str> = ids.chain(features).collect();
    chapters.extend(worst::chapter(evaluation, &columns, &targets, &thresholds)?);
    Ok(chapters)
}

/// The loss and the metrics on some rows.
fn logs(model: &Model, data: &Dataset) -> Result<Logs> {
    let (Some(train), Some(preprocessing)) = (&model.spec.train, &model.preprocessing) else {
        return Ok(Logs::default());
    };
    let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_units());
    let mut scores = Scores::new(&model.spec, train).with_unit(unit);
    let samples = Memory::from(data);
    let task = Task { network: &model.network, loss: &train.loss, samples: &samples };
    score(engine::of(&model.network)?.as_mut(), &task, 32, &mut scores)?;
    scores.logs("")
}

/// The run's folder, where the model lies in one.
fn folder_of(run: &Path) -> Option<&Path> {
    let folder = if run.is_dir() { run } else { run.parent()? };
    folder.join(CONFIG).is_file().then_some(folder)
}

fn history(folder: &Path) -> Option<History> {
    let text = std::fs::read_to_string(folder.join(HISTORY)).ok()?;
    History::from_csv(&text).filter(|history| !history.epochs.is_empty())
}

fn metrics(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(folder.join(METRICS)).ok()?).ok()
}

/// What the training's baseline reached, in a sentence.
fn baseline(metrics: &Value) -> Option<String> {
    let baseline = metrics.get("baseline")?;
    let logs = baseline.get("logs")?.as_object()?.iter();
    let each = logs.filter_map(|(key, value)| Some(format!("{key} {}", number(value.as_f64()?))));
    let each: Vec<String> = each.collect();
    let prediction = baseline.get("prediction")?.as_str()?.replace('`', "");
    Some(format!("Baseline of the training, {prediction}: {}.", each.join(", ")))
}

/// The table that the run was trained on.
fn table_of(folder: Option<&Path>) -> Option<std::path::PathBuf> {
    let document = crate::config::Document::open(&folder?.join(CONFIG)).ok()?;
    let section = document.config::<crate::sections::Config>().ok()?.data?;
    let first = section.train.within(folder?);
    Some(files::from_text(first.each().first()?))
}

fn configuration(folder: Option<&Path>, model: &Model) -> Result<Chapter> {
    let text = folder.and_then(|folder| std::fs::read_to_string(folder.join(CONFIG)).ok());
    let text = match text {
        Some(text) => text,
        None => crate::config::Format::Yaml.write(&as_json(&model.config)?)?,
    };
    Ok(overview::configuration(&text))
}

fn name_of(run: &Path, model: &Model) -> String {
    let folder = model_path(run).ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let folder = folder.and_then(|folder| std::fs::canonicalize(folder).ok());
    let name = folder.and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    name.or_else(|| model.config.name.clone()).unwrap_or_else(|| "model".to_string())
}

/// The whole page.
fn page(
    name: &str,
    model: &Model,
    evaluation: &Evaluation,
    (logs, baseline): (&Logs, Option<&str>),
    chapters: &[Chapter],
) -> String {
    let title = escape(name);
    let links = chapters
        .iter()
        .map(|chapter| format!("<a href=\"#{}\">{}</a>\n", chapter.id(), chapter.title));
    let tiles = logs.iter().map(|(key, value)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(key), number(value))
    });
    let training = &model.training;
    let mut course = format!("Trained for {} epochs", training.epochs);
    if let Some(why) = &training.stopped {
        course += &format!(" ({why})");
    }
    if let Some(best) = training.best_epoch {
        course += &format!("; the weights are those of epoch {best}");
    }
    if training.averaged {
        course += "; the weights are averages";
    }
    let (part, data) = (evaluation.part(), evaluation.data());
    let lead = format!("{course}. Evaluated on {part}: {} {}.", data.len(), data.noun());
    let decisions = model.decisions.iter().flat_map(Decisions::lines);
    let baseline = baseline.map(paragraph).unwrap_or_default();
    let decisions: String = decisions.map(|line| paragraph(&line.replace('`', ""))).collect();
    let body: String = chapters.iter().map(Chapter::html).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{CHART_STYLE}{PAGE_STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p class=\"lead\">{}</p>\n{baseline}{decisions}<dl class=\"tiles\">\n{}</dl>\n<nav>\n{}</nav>\n</header>\n\
         <main>\n{body}</main>\n<footer>Lanthorn {}</footer>\n</body>\n</html>\n",
        escape(&lead),
        tiles.collect::<String>(),
        links.collect::<String>(),
        env!("CARGO_PKG_VERSION")
    )
}
