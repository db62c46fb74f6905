//! The recurrent layers composed of candle ops: the definition.

use candle_core::{DType, Tensor};

use super::settings::Recurrent;
use crate::error::Result;
use crate::kernels::BoundKernel;
use crate::kernels::recurrent::{self, Cell, RecurrentKernel};
use crate::layers::layer::{Context, Forward, Signal};
use crate::layers::precision::product;
use crate::random::Random;
use crate::weights::LayerWeight;

pub(super) struct RecurrentForward {
    pub config: Recurrent,
    pub kernel: LayerWeight,
    pub recurrent_kernel: LayerWeight,
    pub bias: Option<LayerWeight>,
    pub steps: usize,
    pub features: usize,
    /// The name of its random streams.
    pub stream: String,
}

impl Forward for RecurrentForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let (batch, steps, _) = x.dims3()?;
        let config = &self.config;
        let dropped = Dropped::draw(self, batch, x, context)?;
        let projected = self.project(x, &dropped)?; // (batch, time, gates·units)
        let mut h = Tensor::zeros((batch, config.units), x.dtype(), x.device())?;
        let mut c = h.clone();
        let mut outputs = Vec::with_capacity(steps);
        for step in 0..steps {
            let time = if config.go_backwards { steps - 1 - step } else { step };
            let at_step = projected.narrow(1, time, 1)?.squeeze(1)?; // (batch, gates·units)
            let (mut new_h, mut new_c) = self.step(&at_step, &h, &c, &dropped)?;
            let mut output = new_h.clone();
            if let Some(mask) = &input.mask {
                let counts = mask.narrow(1, time, 1)?.to_dtype(x.dtype())?; // (batch, 1)
                let masked = counts.affine(-1.0, 1.0)?;
                let choose = |new: &Tensor, old: &Tensor| -> Result<Tensor> {
                    Ok((new.broadcast_mul(&counts)? + old.broadcast_mul(&masked)?)?)
                };
                new_h = choose(&new_h, &h)?;
                new_c = choose(&new_c, &c)?;
                output = if config.zero_output_for_mask {
                    output.broadcast_mul(&counts)?
                } else {
                    new_h.clone()
                };
            }
            (h, c) = (new_h, new_c);
            if config.return_sequences || step + 1 == steps {
                outputs.push(output);
            }
        }
        let (output, mask) = if config.return_sequences {
            (Tensor::stack(&outputs, 1)?, input.mask)
        } else {
            (outputs.remove(0), None)
        };
        context.regularize_activity(&config.activity_regularizer, &output)?;
        Ok(Signal { tensor: output, mask })
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let config = &self.config;
        if config.activity_regularizer.is_some()
            || config.recurrent_dropout > 0.0
            || !config.activation.has_slices()
            || !config.recurrent_activation.has_slices()
        {
            return None;
        }
        let kernel = RecurrentKernel {
            cell: config.cell,
            steps: self.steps,
            features: self.features,
            units: config.units,
            activation: config.activation.clone(),
            recurrent_activation: config.recurrent_activation.clone(),
            return_sequences: config.return_sequences,
            go_backwards: config.go_backwards,
            zero_output_for_mask: config.zero_output_for_mask,
            dropout: config.dropout,
            seed: config.seed,
            stream: self.stream.clone(),
        };
        let weights = [self.kernel.clone(), self.recurrent_kernel.clone()];
        Some(BoundKernel::new(kernel, weights.into_iter().chain(self.bias.clone()).collect()))
    }
}

impl RecurrentForward {
    /// `x · kernel + bias` for all steps; with a mask over the input for each gate, or one for all.
    fn project(&self, x: &Tensor, dropped: &Dropped) -> Result<Tensor> {
        let (batch, steps, features) = x.dims3()?;
        let (units, gates) = (self.config.units, self.config.cell.gates());
        let project = |x: &Tensor, kernel: &Tensor| -> Result<Tensor> {
            product(&x.reshape((batch * steps, features))?, kernel, dropped.compute)
        };
        let kernel = self.kernel.as_tensor();
        let projected = match dropped.input.as_slice() {
            [] => project(x, kernel)?,
            [mask] => project(&x.broadcast_mul(&mask.unsqueeze(1)?)?, kernel)?,
            masks => {
                let mut parts = Vec::with_capacity(gates);
                for (gate, mask) in masks.iter().enumerate() {
                    let block = kernel.narrow(1, gate * units, units)?.contiguous()?;
                    parts.push(project(&x.broadcast_mul(&mask.unsqueeze(1)?)?, &block)?);
                }
                Tensor::cat(&parts, 1)?
            }
        };
        let projected = match &self.bias {
            Some(bias) if bias.rank() == 2 => projected.broadcast_add(&bias.get(0)?)?,
            Some(bias) => projected.broadcast_add(bias.as_tensor())?,
            None => projected,
        };
        Ok(projected.reshape((batch, steps, gates * units))?)
    }

    /// `h · recurrent_kernel` for `count` gates from `first`, with a mask over h for each gate.
    fn recur(&self, h: &Tensor, first: usize, count: usize, dropped: &Dropped) -> Result<Tensor> {
        let (masks, compute) = (&dropped.state, dropped.compute);
        let units = self.config.units;
        let blocks = |first: usize, count: usize| {
            self.recurrent_kernel.narrow(1, first * units, count * units)?.contiguous()
        };
        if masks.is_empty() {
            return product(h, &blocks(first, count)?, compute);
        }
        let mut parts = Vec::with_capacity(count);
        for (gate, mask) in masks.iter().enumerate().skip(first).take(count) {
            parts.push(product(&(h * mask)?, &blocks(gate, 1)?, compute)?);
        }
        Ok(Tensor::cat(&parts, 1)?)
    }

    /// The new h and c, from `x · kernel + bias` of one step.
    fn step(
        &self,
        x: &Tensor,
        h: &Tensor,
        c: &Tensor,
        dropped: &Dropped,
    ) -> Result<(Tensor, Tensor)> {
        let config = &self.config;
        let units = config.units;
        let block = |all: &Tensor, gate: usize| all.narrow(1, gate * units, units);
        let activation = |x: &Tensor| config.activation.forward(x);
        let gate = |x: &Tensor| config.recurrent_activation.forward(x);
        match config.cell {
            Cell::SimpleRnn => Ok((activation(&(x + self.recur(h, 0, 1, dropped)?)?)?, c.clone())),
            Cell::Lstm => {
                let all = (x + self.recur(h, 0, 4, dropped)?)?; // (batch, 4·units)
                let (i, f) = (gate(&block(&all, 0)?)?, gate(&block(&all, 1)?)?);
                let (g, o) = (activation(&block(&all, 2)?)?, gate(&block(&all, 3)?)?);
                let c = ((f * c)? + (i * g)?)?;
                Ok(((o * activation(&c)?)?, c))
            }
            Cell::Gru { reset_after } => {
                let recurrent_bias = match &self.bias {
                    Some(bias) if bias.rank() == 2 => Some(bias.get(1)?),
                    _ => None,
                };
                let mut zr = self.recur(h, 0, 2, dropped)?;
                if let Some(bias) = &recurrent_bias {
                    zr = zr.broadcast_add(&bias.narrow(0, 0, 2 * units)?)?;
                }
                let zr = (x.narrow(1, 0, 2 * units)? + zr)?; // (batch, 2·units)
                let (z, r) = (gate(&block(&zr, 0)?)?, gate(&block(&zr, 1)?)?);
                let from_h = if reset_after {
                    let mut from_h = self.recur(h, 2, 1, dropped)?;
                    if let Some(bias) = &recurrent_bias {
                        from_h = from_h.broadcast_add(&bias.narrow(0, 2 * units, units)?)?;
                    }
                    (r * from_h)?
                } else {
                    self.recur(&(r * h)?, 2, 1, dropped)?
                };
                let g = activation(&(block(x, 2)? + from_h)?)?;
                Ok((((&z * h)? + (z.affine(-1.0, 1.0)? * g)?)?, c.clone()))
            }
        }
    }
}

/// How a pass computes its products, and what multiplies input and state in training: 0 where dropped, 1 / (1 - rate) elsewhere; the same
/// at every step. Keras: per gate where `recurrent_dropout` is above 0, else one for all gates.
struct Dropped {
    /// (batch, features) each.
    input: Vec<Tensor>,
    /// (batch, units) each.
    state: Vec<Tensor>,
    /// What products are computed in.
    compute: DType,
}

impl Dropped {
    fn draw(
        layer: &RecurrentForward,
        batch: usize,
        like: &Tensor,
        context: &Context<'_>,
    ) -> Result<Dropped> {
        let config = &layer.config;
        let (random, step) = context.keyed_draws();
        let random = config.seed.map_or(random, Random::new);
        let masks = |purpose: &str, rate: f64, count: usize, width: usize| {
            if !context.training || rate == 0.0 {
                return Ok(Vec::new());
            }
            let keep = recurrent::keep(random.key(purpose, &layer.stream, step), rate);
            let all = context.drawn(&keep, count * batch * width, like.device())?;
            let all = all.reshape((count, batch, width))?.to_dtype(like.dtype())?;
            (0..count).map(|index| Ok(all.get(index)?)).collect::<Result<Vec<Tensor>>>()
        };
        let gates = config.cell.gates();
        let inputs = if config.recurrent_dropout > 0.0 { gates } else { 1 };
        Ok(Dropped {
            input: masks("dropout", config.dropout, inputs, layer.features)?,
            state: masks("recurrent_dropout", config.recurrent_dropout, gates, config.units)?,
            compute: context.compute,
        })
    }
}
