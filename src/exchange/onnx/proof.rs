//! The proof of an ONNX file: our own evaluator computes with it what the model computes.

use std::path::Path;

use super::eval::{ElementType, Graph, TensorValue};
use super::inputs::steps_of_one;
use crate::data::{FittedColumn, Preprocessing};
use crate::error::{Error, Result};
use crate::exchange::verify::{apart, fixed_numbers, samples};
use crate::model::artifact::Model;
use crate::model::predictor::{Predictions, Predictor};
use crate::transforms::{Encoded, Primitive};

/// The largest difference between what `model` makes of the rows of its self-test (else of eight
/// fixed rows) and what the written file does, as a part of the largest output where that is above
/// 1. `is_raw`: the file holds the preprocessing, too, and takes the columns' own cells.
pub fn difference(path: &Path, model: Model, is_raw: bool) -> Result<f32> {
    let wrong = |why: String| uncomputable(path, &why);
    let graph = Graph::read(&fs_err::read(path)?).map_err(wrong)?;
    if is_raw {
        return of_columns(path, &graph, model);
    }
    let (test, preprocessing) = (model.self_test.as_ref(), model.preprocessing.as_ref());
    let x = samples(&model.network, test, preprocessing)?;
    let input = TensorValue::floats(x.dims().to_vec(), &x.flatten_all()?.to_vec1::<f32>()?);
    let outputs = graph.run(vec![input.map_err(wrong)?]).map_err(wrong)?;
    let ours = model.network.predict(&x)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(apart(&ours, &numbers(path, &outputs)?))
}

/// Through the preprocessing of both.
fn of_columns(path: &Path, graph: &Graph, model: Model) -> Result<f32> {
    let wrong = |why: String| uncomputable(path, &why);
    let Some(preprocessing) = model.preprocessing.clone() else {
        return Err(Error::run("the model has no preprocessing"));
    };
    if preprocessing.image().is_some() {
        let x = samples(&model.network, None, None)?;
        let features = x.flatten_all()?.to_vec1::<f32>()?;
        let input = TensorValue::floats(x.dims().to_vec(), &features).map_err(wrong)?;
        return compared(path, &graph.run(vec![input]).map_err(wrong)?, model, &features);
    }
    let (columns, rows) = rows(path, graph, &preprocessing, &model)?;
    let features = preprocessing.rows(&columns, &rows)?;
    let mut inputs = Vec::with_capacity(columns.len());
    let steps = preprocessing.window().map(|window| window.sequence_length);
    let samples = rows.len() / steps.unwrap_or(1);
    let dims_of = |width: usize| -> Vec<usize> {
        [samples].into_iter().chain(steps).chain([width]).collect()
    };
    let is_one = steps_of_one(&preprocessing).is_some();
    if let (true, Some((_, kind))) = (is_one, graph.inputs().first()) {
        let cells = rows.iter().flatten().map(|cell| number(cell));
        inputs.push(TensorValue::new(*kind, dims_of(columns.len()), cells.collect()));
    }
    let mut start = 0; // of the column's numbers in a row of features
    let each = graph.inputs().iter().filter(|_| !is_one);
    for (place, (_, kind)) in each.enumerate() {
        let cells = rows.iter().map(|row| row[place].clone());
        let column = &preprocessing.features[place];
        let dims = dims_of(1);
        inputs.push(match (kind, column.export().first()) {
            (ElementType::String, _) => TensorValue::texts(dims, cells.collect()),
            (kind, Some(Primitive::Prepared { width, .. })) => {
                let row = |row: &[f32]| row[start..start + width].to_vec();
                let prepared = features.chunks(preprocessing.features()).flat_map(row);
                TensorValue::new(*kind, dims_of(*width), prepared.map(f64::from).collect())
            }
            (kind, _) if column.is_text() => {
                let index = |cell: String| column.encode.as_ref()?.index(&cell);
                let number = |cell| index(cell).map_or(f64::NAN, |index| index as f64);
                TensorValue::new(*kind, dims, cells.map(number).collect())
            }
            (kind, _) => TensorValue::new(*kind, dims, cells.map(|cell| number(&cell)).collect()),
        });
        start += column.width();
    }
    let inputs = inputs.into_iter().collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    compared(path, &graph.run(inputs).map_err(wrong)?, model, &features)
}

/// How far the outputs of the file are from what the model predicts of the features.
fn compared(path: &Path, outputs: &[TensorValue], model: Model, features: &[f32]) -> Result<f32> {
    let theirs = numbers(path, outputs)?;
    match Predictor::new(model)?.predict(features)? {
        Predictions::Numbers { values, .. } | Predictions::Labels { probabilities: values, .. } => {
            Ok(apart(&values, &theirs))
        }
        Predictions::Classes { classes, probabilities } => {
            let names = outputs.iter().find_map(TensorValue::strings).unwrap_or_default();
            let classes = of_classes(&classes, &probabilities, names);
            let numbers = apart(&probabilities, &theirs);
            Ok(if classes > numbers || classes.is_nan() { classes } else { numbers })
        }
    }
}

/// Names of the columns in the graph's order, and rows of their cells, as they stand in the table.
fn rows(
    path: &Path,
    graph: &Graph,
    preprocessing: &Preprocessing,
    model: &Model,
) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let columns: Vec<String> =
        preprocessing.features.iter().map(|column| column.name.clone()).collect();
    let is_one = steps_of_one(preprocessing).is_some();
    if graph.inputs().len() != if is_one { 1 } else { columns.len() } {
        let message =
            format!("it has {} inputs for {} columns", graph.inputs().len(), columns.len());
        return Err(Error::model(path, message));
    }
    let rows = match &model.self_test {
        Some(test) if !test.rows.is_empty() => {
            let place = |name: &String| {
                let place = test.columns.iter().position(|column| column == name);
                place.ok_or_else(|| Error::model(path, format!("no column feeds `{name}`")))
            };
            let places = columns.iter().map(place).collect::<Result<Vec<usize>>>()?;
            let cell = |row: &[String], place: usize| {
                row.get(place).map_or_else(String::new, |cell| cell.trim().to_string())
            };
            let row = |row: &Vec<String>| places.iter().map(|place| cell(row, *place)).collect();
            test.rows.iter().map(row).collect()
        }
        _ => fixed_rows(preprocessing, model),
    };
    Ok((columns, rows))
}

/// The number of a cell; what is none is not a number for ONNX, either.
fn number(cell: &str) -> f64 {
    cell.parse::<f64>().unwrap_or(f64::NAN)
}

/// Eight rows, made so that the network sees fixed numbers.
fn fixed_rows(preprocessing: &Preprocessing, model: &Model) -> Vec<Vec<String>> {
    let fixed = fixed_numbers(&model.network);
    let cell = |place: usize, column: &FittedColumn| {
        if let Some(classes) = column.classes() {
            return classes.names[place % classes.len()].clone();
        }
        let mut number = f64::from(fixed(place));
        for step in column.export().iter().rev() {
            number = match step {
                Primitive::Affine { factor, offset, .. } if *factor != 0.0 => {
                    (number - offset) / factor
                }
                Primitive::Log1p => number.exp_m1(),
                _ => number,
            };
        }
        number.to_string()
    };
    let columns = &preprocessing.features;
    let row = |row: usize| {
        let places = (row * columns.len()..).zip(columns);
        places.map(|(place, column)| cell(place, column)).collect()
    };
    (0..8 * preprocessing.rows_of_a_sample()).map(row).collect()
}

/// How far the probabilities of the classes that the file names are below the largest: 0 where it
/// names the same as we do, or an equal one.
fn of_classes(classes: &[String], probabilities: &[f32], names: &[String]) -> f32 {
    let rows = probabilities.chunks(classes.len().max(1));
    if rows.len() != names.len() {
        return f32::NAN;
    }
    let below = |(row, name): (&[f32], &String)| {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let named = classes.iter().position(|class| class == name).map(|place| row[place]);
        named.map_or(f32::INFINITY, |named| most - named)
    };
    rows.zip(names).map(below).fold(0.0, f32::max)
}

/// The numbers among the outputs.
fn numbers(path: &Path, outputs: &[TensorValue]) -> Result<Vec<f32>> {
    let numbers = outputs.iter().find_map(TensorValue::numbers);
    let numbers = numbers.ok_or_else(|| Error::model(path, "it gives no numbers"))?;
    Ok(numbers.iter().map(|number| *number as f32).collect())
}

fn uncomputable(path: &Path, why: &str) -> Error {
    Error::model(path, format!("our reader can't compute with the file: {why}"))
}
