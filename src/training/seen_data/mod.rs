//! The data of a plan as the model sees it, to be written for other tools.

#[cfg(feature = "parquet")]
mod parquet;

use std::io::{Cursor, Write};

use crate::data::Dataset;
use crate::disk::csv_text::csv_of;
use crate::error::{Error, Result};
use crate::target::Target;
use crate::training::plan::Plan;

/// The numbers that a model is trained and validated on.
pub struct SeenData<'a> {
    plan: &'a Plan,
    /// `train`, and `validation` where there is such a part.
    parts: Vec<(&'static str, &'a Dataset)>,
}

impl<'a> SeenData<'a> {
    /// Those of a plan; an error where it has none.
    pub fn of(plan: &'a Plan) -> Result<SeenData<'a>> {
        let data = plan.data()?;
        let validation = data.validation.iter().map(|part| ("validation", part));
        let parts = [("train", &data.train)].into_iter().chain(validation).collect();
        Ok(SeenData { plan, parts })
    }

    /// A row for each sample: `split` (train or validation), the model's inputs (of a window those of
    /// each step, `level_0` the first), then the target as the loss sees it (classes by their
    /// numbers), then `sample_weight` where rows count differently.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let (names, has_weights) = (self.names()?, self.has_weights());
        let is_apart = self.widths().1 > 0;
        let parts =
            self.parts.iter().map(|(split, part)| Ok((split, part, part.inputs(0..part.len())?)));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let rows = parts.iter().flat_map(|(split, part, x)| {
            let x = x.chunks(part.input_width().max(1));
            let y = part.y.values.chunks(part.y.width().max(1));
            x.zip(y).enumerate().map(move |(row, (x, y))| {
                let weight = part.weights.as_ref().map_or(1.0, |weights| weights[row]);
                let weight = has_weights.then_some(weight);
                let y = if is_apart { y } else { &[] };
                let numbers = x.iter().copied().chain(y.iter().copied()).chain(weight);
                let cells = numbers.map(|number| number.to_string());
                [(**split).to_string()].into_iter().chain(cells).collect::<Vec<_>>()
            })
        });
        csv_of(&names, rows)
    }

    /// The names of the columns.
    fn names(&self) -> Result<Vec<String>> {
        let preprocessing = &self.plan.data()?.preprocessing;
        let mut names = vec!["split".to_string()];
        let steps = preprocessing.window().map(|window| window.sequence_length);
        for step in 0..steps.unwrap_or(1) {
            let of_step = |name: String| match steps {
                Some(_) => format!("{name}_{step}"),
                None => name,
            };
            names.extend(preprocessing.feature_names().into_iter().map(of_step));
        }
        if self.widths().1 > 0 {
            names.extend(preprocessing.target_output_names());
        }
        if self.has_weights() {
            names.push("sample_weight".to_string());
        }
        Ok(names)
    }

    /// How many numbers a row has of the inputs and of the target, where that isn't the inputs again.
    fn widths(&self) -> (usize, usize) {
        let of_features = self.plan.data().is_ok_and(|data| data.preprocessing.is_of_features());
        let (_, part) = self.parts[0];
        (part.input_width(), if of_features { 0 } else { part.y.width() })
    }

    fn has_weights(&self) -> bool {
        self.parts.iter().any(|(_, part)| part.weights.is_some())
    }

    /// NumPy's arrays: `x_train` of the model's input shape, `y_train`, and `weight_train` where rows
    /// count differently; the same for `validation`; the names of the columns as `x_names`, and those
    /// of the classes as `classes`.
    pub fn to_npz(&self) -> Result<Vec<u8>> {
        let preprocessing = &self.plan.data()?.preprocessing;
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let failed = |error: zip::result::ZipError| Error::Internal(error.to_string());
        let mut add = |name: String, array: Vec<u8>| -> Result<()> {
            // fixed, so that the same data gives the same bytes
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored)
                .last_modified_time(zip::DateTime::default())
                .large_file(array.len() >= u32::MAX as usize);
            archive.start_file(format!("{name}.npy"), options).map_err(failed)?;
            Ok(archive.write_all(&array)?)
        };
        for (split, part) in &self.parts {
            let mut shape = vec![part.len()];
            shape.extend(self.plan.spec.model.input.dims());
            add(format!("x_{split}"), floats(&part.inputs(0..part.len())?, &shape))?;
            let mut shape = vec![part.len()];
            shape.extend(part.y.shape());
            let y = match preprocessing.target_kind() {
                Target::Classes(_) => {
                    let classes = part.y.values.iter().flat_map(|y| (*y as i64).to_le_bytes());
                    npy("<i8", &shape, classes.collect())
                }
                _ => floats(&part.y.values, &shape),
            };
            add(format!("y_{split}"), y)?;
            if let Some(weights) = &part.weights {
                add(format!("weight_{split}"), floats(weights, &[weights.len()]))?;
            }
        }
        add("x_names".to_string(), texts(&preprocessing.feature_names()))?;
        if let Some(classes) = preprocessing.classes() {
            add("classes".to_string(), texts(classes))?;
        }
        Ok(archive.finish().map_err(failed)?.into_inner())
    }
}

fn floats(values: &[f32], shape: &[usize]) -> Vec<u8> {
    npy("<f4", shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// Texts of one length, padded by zeros, each character in four bytes.
fn texts(texts: &[String]) -> Vec<u8> {
    let length = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let padded = texts
        .iter()
        .flat_map(|text| text.chars().map(u32::from).chain(std::iter::repeat(0)).take(length));
    npy(&format!("<U{length}"), &[texts.len()], padded.flat_map(u32::to_le_bytes).collect())
}

/// An array in NumPy's format, version 1.0: a header of 64 bytes or a multiple, then the numbers.
fn npy(kind: &str, shape: &[usize], numbers: Vec<u8>) -> Vec<u8> {
    let shape: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let shape = format!(
        "({})",
        if shape.matches(',').count() > 1 {
            shape.trim_end_matches(", ")
        } else {
            shape.trim_end()
        }
    );
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let padding = 63 - (10 + header.len()) % 64;
    let length = (header.len() + padding + 1) as u16;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(std::iter::repeat_n(b' ', padding));
    bytes.push(b'\n');
    bytes.extend(numbers);
    bytes
}
