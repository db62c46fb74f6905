//! `lanthorn predict`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use lanthorn::Error;
use lanthorn::config::unknown_name;
use lanthorn::data::{self, Used};
use lanthorn::model::model_path;
use lanthorn::model::{Predictions, Predictor};
use serde_json::json;

use super::common::{CommonArguments, load_model};
use super::output::{OutputFile, OutputKind};
use super::view;

#[derive(Args)]
pub(crate) struct PredictArguments {
    /// A run folder or a model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A CSV file with the features; `-` for stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The CSV file to write; `-` for stdout
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    out: PathBuf,
    /// Write the input's columns before the predictions
    #[arg(long)]
    keep_columns: bool,
    /// Predict a class or label only if its probability is at least P, such as `approved=0.7`; can
    /// be repeated
    #[arg(long, value_name = "CLASS=P")]
    threshold: Vec<String>,
    /// Number of rows per batch; it changes the speed, not the results
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Skip the model's self-test
    #[arg(long)]
    no_self_test: bool,
}

pub(crate) fn run(arguments: &PredictArguments, common: &CommonArguments) -> Result<()> {
    let file = model_path(&arguments.model)?;
    let inputs = [(&*arguments.data, "the table that is read"), (&*file, "the model that is used")];
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
    let keep = arguments.keep_columns;
    let used = data::load_for_use(&arguments.data, &csv, preprocessing, false, keep)?;
    let predictions = predictor.predict(&used.data.x.values)?;
    let names = predictor.number_names();
    let bytes = if common.json {
        as_json(&predictions, &thresholds, &names)?
    } else {
        as_csv(&predictions, &thresholds, &names, arguments.keep_columns.then_some(&used))?
    };
    output.write(&bytes)
}

/// A threshold for each class or label; where none was given, that of any class, or a label's usual
/// one.
fn thresholds(given: &[String], predictor: &Predictor) -> Result<Vec<f32>> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let (noun, classes, usual) = match (predictor.classes(), predictor.labels()) {
        (Some(classes), _) => ("class", classes, 0.0),
        (None, Some(labels)) => ("label", labels, Predictions::LABEL_THRESHOLD),
        (None, None) => {
            let message = "`--threshold` needs classes or labels, but the model predicts numbers";
            let help = "a target of two classes has `encode: label`; labels are several columns of 0 and 1, with `binary_crossentropy`";
            return Err(Error::run(message).with_help(help).into());
        }
    };
    let mut thresholds = vec![usual; classes.len()];
    for text in given {
        let parsed = text
            .rsplit_once('=')
            .and_then(|(class, p)| Some((class, p.trim().parse::<f32>().ok()?)));
        let Some((class, p)) = parsed.filter(|(_, p)| (0.0..=1.0).contains(p)) else {
            let message = format!("`--threshold` takes a {noun} and a probability, got `{text}`");
            let example = classes.last().map_or("approved", String::as_str);
            return Err(Error::run(message)
                .with_help(format!("write it as `{example}=0.7`, from 0 to 1"))
                .into());
        };
        let Some(index) = classes.iter().position(|name| name == class.trim()) else {
            let valid: Vec<&str> = classes.iter().map(String::as_str).collect();
            let problem = unknown_name(noun, class, &valid);
            return Err(Error::run(problem.message).with_help(problem.help).into());
        };
        thresholds[index] = p;
    }
    Ok(thresholds)
}

/// `prediction` and a column for each class or number, after the input's columns if they are kept.
fn as_csv(
    predictions: &Predictions,
    thresholds: &[f32],
    targets: &[String],
    kept: Option<&Used>,
) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = kept.map(|used| used.raw_names.clone()).unwrap_or_default();
    match predictions {
        Predictions::Classes { classes, .. } => {
            header.push("prediction".to_string());
            header.extend(classes.iter().map(|class| format!("p_{class}")));
        }
        Predictions::Labels { labels, .. } => {
            header.extend(labels.iter().map(|label| format!("prediction_{label}")));
            header.extend(labels.iter().map(|label| format!("p_{label}")));
        }
        Predictions::Numbers { width: 1, .. } => header.push("prediction".to_string()),
        Predictions::Numbers { .. } => {
            header.extend(targets.iter().map(|name| format!("prediction_{name}")));
        }
    }
    writer.write_record(&header)?;
    let chosen = predictions.classes(thresholds);
    let marked = predictions.labels(thresholds);
    let mut number = String::new();
    for row in 0..predictions.len() {
        if let Some(raw) = kept.and_then(|used| used.raw.get(row)) {
            for cell in raw {
                writer.write_field(cell)?;
            }
        }
        let values = match predictions {
            Predictions::Classes { classes, probabilities } => {
                writer.write_field(&classes[chosen[row]])?;
                &probabilities[row * classes.len()..(row + 1) * classes.len()]
            }
            Predictions::Labels { labels, probabilities } => {
                let row = row * labels.len()..(row + 1) * labels.len();
                for is_marked in &marked[row.clone()] {
                    writer.write_field(if *is_marked { "1" } else { "0" })?;
                }
                &probabilities[row]
            }
            Predictions::Numbers { width, values } => &values[row * width..(row + 1) * width],
        };
        for value in values {
            number.clear();
            std::fmt::Write::write_fmt(&mut number, format_args!("{value}"))?;
            writer.write_field(&number)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    writer.into_inner().context("can't write the CSV")
}

fn as_json(predictions: &Predictions, thresholds: &[f32], targets: &[String]) -> Result<Vec<u8>> {
    let chosen = predictions.classes(thresholds);
    let marked = predictions.labels(thresholds);
    let rows: Vec<serde_json::Value> = match predictions {
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
            values.iter().map(|value| json!({ "prediction": value })).collect()
        }
        Predictions::Numbers { width, values } => values
            .chunks(*width)
            .map(|row| {
                let named: serde_json::Map<_, _> =
                    targets.iter().cloned().zip(row.iter().map(|value| json!(value))).collect();
                json!({ "prediction": named })
            })
            .collect(),
    };
    let mut bytes = serde_json::to_vec(&json!({ "predictions": rows }))?;
    bytes.write_all(b"\n")?;
    Ok(bytes)
}
