//! `lanthorn predict`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use lanthorn::Error;
use lanthorn::data::{self, Used};
use lanthorn::model::model_path;
use lanthorn::model::{ClassThresholds, Predictions, Predictor, StoredInterval};
use serde_json::json;

use super::common::{CommonArguments, load_model};
use super::output::{OutputFile, OutputKind};
use super::thresholds::thresholds;
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
    let intervals = predictor.intervals();
    let bytes = if common.json {
        as_json(&predictions, &thresholds, &names, intervals)?
    } else {
        let kept = arguments.keep_columns.then_some(&used);
        as_csv(&predictions, &thresholds, &names, intervals, kept)?
    };
    output.write(&bytes)
}

/// `prediction` and a column for each class or number, after the input's columns if they are kept.
fn as_csv(
    predictions: &Predictions,
    thresholds: &ClassThresholds,
    targets: &[String],
    intervals: Option<&StoredInterval>,
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
    if intervals.is_some() {
        let is_one = matches!(predictions, Predictions::Numbers { width: 1, .. });
        for name in targets {
            let suffix = if is_one { String::new() } else { format!("_{name}") };
            header.extend([format!("lower{suffix}"), format!("upper{suffix}")]);
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
        let ends = values.iter().enumerate().filter_map(|(column, value)| {
            let (lower, upper) = intervals?.around(*value, column);
            Some([lower, upper])
        });
        for value in values.iter().copied().chain(ends.flatten()) {
            number.clear();
            std::fmt::Write::write_fmt(&mut number, format_args!("{value}"))?;
            writer.write_field(&number)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    writer.into_inner().context("can't write the CSV")
}

fn as_json(
    predictions: &Predictions,
    thresholds: &ClassThresholds,
    targets: &[String],
    intervals: Option<&StoredInterval>,
) -> Result<Vec<u8>> {
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
                    let around = |(column, value): (usize, &f32)| intervals.around(*value, column);
                    let (lower, upper) = row.iter().enumerate().map(around).unzip();
                    object["lower"] = named(lower).into();
                    object["upper"] = named(upper).into();
                }
                object
            })
            .collect(),
    };
    let mut bytes = serde_json::to_vec(&json!({ "predictions": rows }))?;
    bytes.write_all(b"\n")?;
    Ok(bytes)
}
