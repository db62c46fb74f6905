//! Dataset: samples as the model and the loss see them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::pictures::Pictures;
use super::windows::Windows;
use crate::error::{Error, Problem, Result};

/// Samples in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The features: a row for each sample, or, where there are windows, the rows that these see.
    pub x: Matrix,
    /// The targets; no values where the target wasn't read.
    pub y: Targets,
    /// How much each sample counts in the loss; None where all count alike.
    pub weights: Option<Vec<f32>>,
    /// Which rows each sample sees, where it sees several.
    pub windows: Option<Windows>,
}

/// Rows of numbers, or pictures that become rows where they are gathered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    /// Row after row; empty where the rows are pictures.
    pub values: Arc<Vec<f32>>,
    /// Numbers a row.
    pub width: usize,
    /// The pictures, where the rows are some.
    pub pictures: Option<Pictures>,
}

impl Matrix {
    /// Rows of numbers, so many each.
    pub fn new(values: Vec<f32>, width: usize) -> Matrix {
        Matrix { values: Arc::new(values), width, pictures: None }
    }

    /// Pictures.
    pub fn of_pictures(pictures: Pictures) -> Matrix {
        let width = pictures.shape().iter().product();
        Matrix { values: Arc::default(), width, pictures: Some(pictures) }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        match &self.pictures {
            Some(pictures) => pictures.len(),
            None => self.values.len().checked_div(self.width).unwrap_or(0),
        }
    }

    /// The numbers of some rows, one after the other.
    pub fn numbers(&self, rows: std::ops::Range<usize>) -> Result<Cow<'_, [f32]>> {
        let Some(pictures) = &self.pictures else {
            return Ok(Cow::Borrowed(&self.values[rows.start * self.width..rows.end * self.width]));
        };
        let mut numbers = vec![0.0; rows.len() * self.width];
        let rows: Vec<u64> = rows.map(|row| row as u64).collect();
        pictures.gather(&rows, &mut numbers)?;
        Ok(Cow::Owned(numbers))
    }

    /// All numbers, row after row.
    pub fn all_numbers(&self) -> Result<Cow<'_, [f32]>> {
        self.numbers(0..self.rows())
    }

    /// Some of the rows, in this order.
    fn of_rows(&self, rows: &[usize]) -> Matrix {
        match &self.pictures {
            Some(pictures) => Matrix::of_pictures(pictures.of_rows(rows.iter().copied())),
            None => Matrix::new(of_rows(&self.values, self.width, rows), self.width),
        }
    }

    fn append(&mut self, mut other: Matrix) {
        take_all(&mut self.values, &mut other.values);
        if let (Some(pictures), Some(others)) = (&mut self.pictures, other.pictures) {
            pictures.append(others);
        }
    }

    /// Takes the rows from `row` on away.
    fn split_off(&mut self, row: usize) -> Matrix {
        match &mut self.pictures {
            Some(pictures) => Matrix::of_pictures(pictures.split_off(row)),
            None => {
                let rest = Arc::make_mut(&mut self.values).split_off(row * self.width);
                Matrix::new(rest, self.width)
            }
        }
    }
}

fn of_rows(values: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect()
}

/// Targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// Sample after sample; those of an autoencoder are the features', which are held once.
    pub values: Arc<Vec<f32>>,
    pub(super) shape: Vec<usize>,
}

impl Targets {
    /// Targets of a shape: `[]` for class numbers, `[k]` for k numbers each.
    pub fn new(values: impl Into<Arc<Vec<f32>>>, shape: Vec<usize>) -> Self {
        Targets { values: values.into(), shape }
    }

    /// The shape of one target: `[]` for a class number, `[k]` for k numbers.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Numbers a target.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// The class of each target: the number itself, or the largest of a row.
    pub fn class_numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.values.chunks(self.width().max(1)).map(|row| match row {
            [class] => *class as usize,
            row => (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0),
        })
    }
}

impl Dataset {
    /// How many samples.
    pub fn len(&self) -> usize {
        self.windows.as_ref().map_or_else(|| self.x.rows(), Windows::len)
    }

    /// What its samples are: `rows` of a table, or `windows` over them.
    pub fn noun(&self) -> &'static str {
        if self.windows.is_some() { "windows" } else { "rows" }
    }

    /// Numbers that the model sees of a sample.
    pub fn input_width(&self) -> usize {
        self.x.width * self.windows.as_ref().map_or(1, |windows| windows.shape.sequence_length)
    }

    /// What the model sees of some samples, one after the other.
    pub fn inputs(&self, samples: Range<usize>) -> Result<Cow<'_, [f32]>> {
        let Some(windows) = &self.windows else { return self.x.numbers(samples) };
        let rows: Vec<usize> = samples.flat_map(|sample| windows.seen(sample)).collect();
        Ok(Cow::Owned(of_rows(&self.x.values, self.x.width, &rows)))
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the samples, in this order; each window becomes a row of all that it sees.
    pub fn rows(&self, rows: &[usize]) -> Dataset {
        let x = match &self.windows {
            None => self.x.of_rows(rows),
            Some(windows) => {
                let seen: Vec<usize> = rows.iter().flat_map(|row| windows.seen(*row)).collect();
                Matrix::new(of_rows(&self.x.values, self.x.width, &seen), self.input_width())
            }
        };
        let y = if self.is_of_features() {
            Arc::clone(&x.values)
        } else {
            Arc::new(of_rows(&self.y.values, self.y.width(), rows))
        };
        Dataset {
            x,
            windows: None,
            y: Targets { values: y, shape: self.y.shape.clone() },
            weights: self.weights.as_ref().map(|weights| of_rows(weights, 1, rows)),
        }
    }

    /// Adds rows of the same kind.
    pub(super) fn append(&mut self, mut other: Dataset) {
        let is_of_features = self.forget_features();
        other.forget_features();
        self.x.append(other.x);
        take_all(&mut self.y.values, &mut other.y.values);
        self.share_features(is_of_features);
        if let (Some(weights), Some(others)) = (&mut self.weights, &mut other.weights) {
            weights.append(others);
        }
    }

    /// Takes the rows from `rows` on away.
    pub(super) fn split_off(&mut self, rows: usize) -> Dataset {
        let is_of_features = self.forget_features();
        let has_targets = !self.y.values.is_empty();
        let y_rows = if has_targets { rows * self.y.width().max(1) } else { 0 };
        let x = self.x.split_off(rows);
        let y = Arc::make_mut(&mut self.y.values).split_off(y_rows);
        let mut rest = Dataset {
            x,
            y: Targets::new(y, self.y.shape.clone()),
            weights: self.weights.as_mut().map(|weights| weights.split_off(rows)),
            windows: None,
        };
        self.share_features(is_of_features);
        rest.share_features(is_of_features);
        rest
    }

    /// Whether the targets are the features' own numbers.
    fn is_of_features(&self) -> bool {
        Arc::ptr_eq(&self.x.values, &self.y.values)
    }

    /// The same; the features can then be changed alone.
    fn forget_features(&mut self) -> bool {
        let is_of_features = self.is_of_features();
        if is_of_features {
            self.y.values = Arc::default();
        }
        is_of_features
    }

    fn share_features(&mut self, is_of_features: bool) {
        if is_of_features {
            self.y.values = Arc::clone(&self.x.values);
        }
    }

    /// Sets the weights that classes make; Keras doesn't allow both kinds of weights.
    pub fn set_class_weights(&mut self, weights: Vec<f32>) -> Result<(), Problem> {
        if self.weights.is_some() {
            let message = "`fit.class_weight` and `data.sample_weight` can't be used together";
            return Err(Problem::at("", message).help("keep one of the two"));
        }
        self.weights = Some(weights);
        Ok(())
    }
}

fn take_all(to: &mut Arc<Vec<f32>>, from: &mut Arc<Vec<f32>>) {
    Arc::make_mut(to).append(Arc::make_mut(from));
}

/// An error where no sample counts.
pub(super) fn check_weights(data: &Dataset, name: &str) -> Result<()> {
    if data.weights.as_ref().is_some_and(|weights| weights.iter().all(|weight| *weight == 0.0)) {
        return Err(Error::data(name, "all sample weights are 0: no row counts")
            .with_help("give at least one row a weight above 0"));
    }
    Ok(())
}
