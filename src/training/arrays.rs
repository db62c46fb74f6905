//! Arrays of a Rust program as rows to train and evaluate on.

use candle_core::{DType, Tensor};

use crate::config::ConfigError;
use crate::data::batch::TypedNumbers;
use crate::data::{self, Memory, Targets};
use crate::error::{Error, Result};
use crate::sections::ClassWeight;
use crate::target::Target;

/// Rows with their targets, to train or evaluate on.
#[derive(Debug, Clone, Copy)]
pub struct Arrays<'a> {
    /// The features: (rows, …input).
    pub x: &'a Tensor,
    /// The targets: (rows,) or (rows, k).
    pub y: &'a Tensor,
    /// How much each row counts in the loss: (rows,); None where all count alike.
    pub sample_weight: Option<&'a Tensor>,
}

/// The shape of one sample of (rows, …input).
pub(crate) fn sample_shape(x: &Tensor) -> Result<&[usize]> {
    match x.dims() {
        [_, shape @ ..] if !shape.is_empty() => Ok(shape),
        dims => Err(Error::run(format!("`x` must be (rows, …features), got shape {dims:?}"))),
    }
}

/// Features of one type.
#[derive(Clone)]
enum Features {
    Floats(Vec<f32>),
    /// Whole numbers, which an embedding reads as ids.
    Ids(Vec<u32>),
}

impl Features {
    fn numbers(&self) -> TypedNumbers<'_> {
        match self {
            Features::Floats(values) => TypedNumbers::F32(values),
            Features::Ids(values) => TypedNumbers::U32(values),
        }
    }
}

/// Arrays on the host, as the trainer takes them.
pub(crate) struct HostArrays {
    x: Features,
    width: usize,
    pub(crate) y: Targets,
    weights: Option<Vec<f32>>,
}

impl HostArrays {
    pub(crate) fn of(arrays: &Arrays<'_>, target: Target, what: &str) -> Result<HostArrays> {
        let host = |tensor: &Tensor| -> Result<Vec<f32>> {
            Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
        };
        let rows = arrays.x.dims().first().copied().unwrap_or(0);
        let of_y = arrays.y.dims().first().copied().unwrap_or(0);
        if rows != of_y || rows == 0 {
            return Err(Error::run(format!("{what} has {rows} rows in `x` and {of_y} in `y`")));
        }
        let y = host(arrays.y)?;
        let y = match target {
            Target::Classes(classes) => {
                let wrong =
                    |value: &f32| value.fract() != 0.0 || !(0.0..classes as f32).contains(value);
                if let Some(row) = y.iter().position(wrong) {
                    return Err(Error::run(format!(
                        "row {row} of `y` in {what} is {}, but class numbers go from 0 to {}",
                        y[row],
                        classes - 1
                    )));
                }
                Targets::new(y, vec![])
            }
            Target::OneHot(width) | Target::Numbers(width) => Targets::new(y, vec![width]),
        };
        let weights = arrays.sample_weight.map(host).transpose()?;
        if let Some(weights) = weights.as_ref().filter(|weights| weights.len() != rows) {
            let count = weights.len();
            return Err(Error::run(format!("{what} has {rows} rows and {count} sample weights")));
        }
        let x = match arrays.x.dtype() {
            DType::U32 => Features::Ids(arrays.x.flatten_all()?.to_vec1()?),
            _ => Features::Floats(host(arrays.x)?),
        };
        Ok(HostArrays { width: x.numbers().len() / rows, x, y, weights })
    }

    pub(crate) fn len(&self) -> usize {
        self.x.numbers().len() / self.width.max(1)
    }

    pub(crate) fn samples(&self) -> Memory<'_> {
        let (y, weights) = (&self.y, self.weights.as_deref());
        Memory::of(self.x.numbers(), self.width, &y.values, y.shape(), weights)
    }

    /// Takes out the rows that are held back; their weights don't count in validation.
    pub(crate) fn split_off(&mut self, held: &[bool]) -> HostArrays {
        let (y_width, y_shape) = (self.y.width(), self.y.shape().to_vec());
        let part = |wanted: bool| HostArrays {
            x: match &self.x {
                Features::Floats(x) => Features::Floats(take(x, self.width, held, wanted)),
                Features::Ids(x) => Features::Ids(take(x, self.width, held, wanted)),
            },
            width: self.width,
            y: Targets::new(take(&self.y.values, y_width, held, wanted), y_shape.clone()),
            weights: self.weights.as_ref().map(|weights| take(weights, 1, held, wanted)),
        };
        let held_out = part(true);
        *self = part(false);
        held_out
    }

    pub(crate) fn weigh(&mut self, weight: &ClassWeight, target: Target) -> Result<()> {
        let classes = match target {
            Target::Classes(classes) | Target::OneHot(classes) => classes,
            Target::Numbers(_) => 0, // refused with the spec
        };
        if self.weights.is_some() {
            let message = "`class_weight` and sample weights can't be used together";
            return Err(ConfigError::at("fit.class_weight", message).into());
        }
        let names: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
        self.weights = Some(match weight {
            ClassWeight::Balanced => data::balanced(&self.y, classes),
            ClassWeight::Named(named) => data::class_weights(&self.y, &names, named)
                .map_err(|p| ConfigError::at("fit.class_weight", p.message).with_help(p.help))?,
        });
        Ok(())
    }
}

/// The rows that are held back, or the others.
fn take<T: Copy>(values: &[T], width: usize, held: &[bool], wanted: bool) -> Vec<T> {
    let rows = values.chunks(width.max(1)).zip(held).filter(|(_, held)| **held == wanted);
    rows.flat_map(|(row, _)| row).copied().collect()
}
