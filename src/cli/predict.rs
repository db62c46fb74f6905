//! `lanthorn predict`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::data::{TableStream, UseOptions};
use lanthorn::model::model_path;
use lanthorn::model::{ClassThresholds, Predictions, Predictor, StoredInterval, rows_at_a_time};
use serde_json::json;

use super::common::{CommonArguments, load_model, tables_of_run};
use super::output::{OutputFile, OutputKind};
use super::thresholds::thresholds;
use super::view;

#[derive(Args)]
pub(crate) struct PredictArguments {
    /// A run folder or a model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A table with the features; `-` for stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The CSV file to write; `-` for stdout
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    out: PathBuf,
    /// Write the input's columns before the predictions
    #[arg(long)]
    keep_columns: bool,
    /// What to do about a row that can't be used: stop with an error, or skip it and say how many
    /// were skipped
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    on_error: OnError,
    /// Predict a class or label only if its probability is at least P, such as `approved=0.7`; can
    /// be repeated [default: the thresholds stored in the model by `fit.threshold`]
    #[arg(long, value_name = "CLASS=P")]
    threshold: Vec<String>,
    /// Number of rows per batch; it changes the speed, not the results
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Skip the model's self-test
    #[arg(long)]
    no_self_test: bool,
}

/// What to do about a row that can't be used.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    Stop,
    Skip,
}

pub(crate) fn run(arguments: &PredictArguments, common: &CommonArguments) -> Result<()> {
    let file = model_path(&arguments.model)?;
    let tables = tables_of_run(&file);
    let mut inputs =
        vec![(&*arguments.data, "the table that is read"), (&*file, "the model that is used")];
    inputs.extend(tables.iter().map(|table| (&**table, "a table of the run")));
    let output = OutputFile::at(&arguments.out, OutputKind::Text, &inputs)?;
    let model = load_model(&arguments.model, &common.device()?, common)?;
    if !arguments.no_self_test
        && let Some(warning) = model.check()?
    {
        view::warning(&warning);
    }
    let predictor = Predictor::new(model)?;
    let Some(preprocessing) = &predictor.model().preprocessing else {
        return Err(Error::run("the model has no preprocessing").into());
    };
    let thresholds = thresholds(&arguments.threshold, &predictor)?;
    let csv = predictor.model().config.csv();
    // of a folder nobody knows the rows but by their paths
    let keep_columns = arguments.keep_columns || arguments.data.is_dir();
    let options = UseOptions {
        with_target: false,
        keep_columns,
        skip_errors: arguments.on_error == OnError::Skip,
    };
    let table = TableStream::open(&arguments.data, &csv, preprocessing, options)?;
    let names = predictor.number_names();
    let intervals = predictor.intervals();
    let mut skipped = None;
    output.write_by(&mut |out| {
        let mut text = if common.json { "{\"predictions\":[".to_string() } else { String::new() };
        let mut is_first = true;
        let told = table.read(rows_at_a_time(preprocessing.features()), &mut |rows| {
            let features = rows.data.x.all_numbers()?;
            let predictions = predictor.predict(&features)?;
            let shown = Shown {
                predictions: &predictions,
                thresholds: &thresholds,
                names: &names,
                intervals,
                errors: predictor.reconstruction_errors(&features, &predictions),
            };
            if common.json {
                let raw = keep_columns.then(|| table.raw_header());
                shown.json(is_first, raw.as_deref(), &rows.raw, &mut text);
            } else {
                if is_first {
                    let raw = keep_columns.then(|| table.raw_header());
                    shown.csv_header(raw.as_deref(), &mut text);
                }
                shown.csv(&rows.raw, &mut text);
            }
            is_first = false;
            out.write_all(text.as_bytes())?;
            text.clear();
            Ok(())
        })?;
        if common.json {
            out.write_all(b"]}\n")?;
        }
        skipped = Some(told);
        Ok(())
    })?;
    for note in skipped.iter().flat_map(|skipped| &skipped.notes) {
        view::diagnostic(note);
    }
    if let Some(skipped) = skipped.filter(|skipped| skipped.rows > 0) {
        view::skipped(&skipped);
    }
    Ok(())
}

/// Predictions, to be written.
struct Shown<'a> {
    predictions: &'a Predictions,
    thresholds: &'a ClassThresholds,
    /// Of numbers.
    names: &'a [String],
    /// Around numbers.
    intervals: Option<&'a StoredInterval>,
    /// How far each row is from what it was, of an autoencoder.
    errors: Option<Vec<f32>>,
}

impl Shown<'_> {
    /// `prediction` and a column for each class or number, after the input's columns if they are
    /// kept.
    fn csv_header(&self, kept: Option<&str>, text: &mut String) {
        let mut header: Vec<String> = match self.predictions {
            Predictions::Classes { classes, .. } => {
                let shares = classes.iter().map(|class| format!("p_{class}"));
                ["prediction".to_string()].into_iter().chain(shares).collect()
            }
            Predictions::Labels { labels, .. } => {
                let marks = labels.iter().map(|label| format!("prediction_{label}"));
                marks.chain(labels.iter().map(|label| format!("p_{label}"))).collect()
            }
            Predictions::Numbers { width: 1, .. } => vec!["prediction".to_string()],
            Predictions::Numbers { .. } => {
                self.names.iter().map(|name| format!("prediction_{name}")).collect()
            }
        };
        if self.intervals.is_some() {
            let is_one = matches!(self.predictions, Predictions::Numbers { width: 1, .. });
            for name in self.names {
                let suffix = if is_one { String::new() } else { format!("_{name}") };
                header.extend([format!("lower{suffix}"), format!("upper{suffix}")]);
            }
        }
        if self.errors.is_some() {
            header.insert(0, "error".to_string());
        }
        let header = header.iter().map(|name| field(name));
        let header: Vec<String> = kept.map(str::to_string).into_iter().chain(header).collect();
        *text += &header.join(",");
        text.push('\n');
    }

    /// A line for each row, behind the row itself if it is kept.
    fn csv(&self, kept: &[String], text: &mut String) {
        let chosen = self.predictions.classes(self.thresholds);
        let marked = self.predictions.labels(self.thresholds);
        let names: Vec<String> = match self.predictions {
            Predictions::Classes { classes, .. } => {
                classes.iter().map(|name| field(name)).collect()
            }
            _ => Vec::new(),
        };
        for row in 0..self.predictions.len() {
            if let Some(kept) = kept.get(row) {
                *text += kept;
                text.push(',');
            }
            let start = text.len();
            let mut add = |value: &dyn std::fmt::Display| {
                let comma = if text.len() > start { "," } else { "" };
                let _ = write!(text, "{comma}{value}"); // a String takes anything
            };
            if let Some(error) = self.errors.as_ref().and_then(|errors| errors.get(row)) {
                add(error);
            }
            let values = match self.predictions {
                Predictions::Classes { classes, probabilities } => {
                    add(&names[chosen[row]]);
                    &probabilities[row * classes.len()..(row + 1) * classes.len()]
                }
                Predictions::Labels { labels, probabilities } => {
                    let row = row * labels.len()..(row + 1) * labels.len();
                    marked[row.clone()].iter().for_each(|is_marked| add(&u8::from(*is_marked)));
                    &probabilities[row]
                }
                Predictions::Numbers { width, values } => &values[row * width..(row + 1) * width],
            };
            values.iter().for_each(|value| add(value));
            for (column, value) in values.iter().enumerate() {
                if let Some((lower, upper)) = self.intervals.map(|all| all.around(*value, column)) {
                    add(&lower);
                    add(&upper);
                }
            }
            text.push('\n');
        }
    }

    /// An object for each row, with a comma before all but the first; with the input's columns where
    /// they are kept.
    fn json(&self, is_first: bool, header: Option<&str>, kept: &[String], text: &mut String) {
        let mut comma = if is_first { "" } else { "," };
        let names = header.map(cells).unwrap_or_default();
        for (place, mut row) in self.rows().into_iter().enumerate() {
            if let Some(kept) = kept.get(place).filter(|_| header.is_some()) {
                let columns: serde_json::Map<_, _> =
                    names.iter().cloned().zip(cells(kept).into_iter().map(|c| json!(c))).collect();
                row["columns"] = columns.into();
            }
            if let Some(error) = self.errors.as_ref().and_then(|errors| errors.get(place)) {
                row["error"] = json!(error);
            }
            *text += comma;
            *text += &row.to_string();
            comma = ",";
        }
    }

    fn rows(&self) -> Vec<serde_json::Value> {
        let (predictions, targets) = (self.predictions, self.names);
        let intervals = self.intervals;
        let chosen = predictions.classes(self.thresholds);
        let marked = predictions.labels(self.thresholds);
        match predictions {
            Predictions::Classes { classes, probabilities } => probabilities
                .chunks(classes.len())
                .zip(&chosen)
                .map(|(row, class)| {
                    let p: serde_json::Map<_, _> =
                        classes.iter().cloned().zip(row.iter().map(|p| json!(p))).collect();
                    json!({ "prediction": classes[*class], "probabilities": p })
                })
                .collect(),
            Predictions::Labels { labels, probabilities } => probabilities
                .chunks(labels.len())
                .zip(marked.chunks(labels.len()))
                .map(|(row, marked)| {
                    let named = |values: Vec<serde_json::Value>| -> serde_json::Map<_, _> {
                        labels.iter().cloned().zip(values).collect()
                    };
                    let p = named(row.iter().map(|p| json!(p)).collect());
                    let marked = named(marked.iter().map(|mark| json!(u8::from(*mark))).collect());
                    json!({ "prediction": marked, "probabilities": p })
                })
                .collect(),
            Predictions::Numbers { width: 1, values } => {
                let row = |value: &f32| match intervals {
                    None => json!({ "prediction": value }),
                    Some(intervals) => {
                        let (lower, upper) = intervals.around(*value, 0);
                        json!({ "prediction": value, "lower": lower, "upper": upper })
                    }
                };
                values.iter().map(row).collect()
            }
            Predictions::Numbers { width, values } => values
                .chunks(*width)
                .map(|row| {
                    let named = |values: Vec<f32>| -> serde_json::Map<_, _> {
                        targets.iter().cloned().zip(values.into_iter().map(|v| json!(v))).collect()
                    };
                    let mut object = json!({ "prediction": named(row.to_vec()) });
                    if let Some(intervals) = intervals {
                        let around =
                            |(column, value): (usize, &f32)| intervals.around(*value, column);
                        let (lower, upper) = row.iter().enumerate().map(around).unzip();
                        object["lower"] = named(lower).into();
                        object["upper"] = named(upper).into();
                    }
                    object
                })
                .collect(),
        }
    }
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok);
    record.map(|record| record.iter().map(str::to_string).collect()).unwrap_or_default()
}

/// A text as a cell of CSV.
fn field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}
