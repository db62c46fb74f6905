//! Bidirectional: a recurrent layer over time in both directions.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recurrent::Recurrent;
use super::wrapped::{inner_name, within};
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::bidirectional::BidirectionalKernel;
pub use crate::kernels::bidirectional::MergeMode;
use crate::layers::layer::{Context, Forward, Layer, LayerEntry, MaskRule, Signal, checked};
use crate::shape::Shape;
use crate::weights::Scope;

/// Combines the outputs of two recurrent layers, one reading the sequence forwards and one
/// backwards. The output of the second is reversed again first.
///
/// With `return_sequences` the output at masked steps is 0.
///
/// Input shape: (batch, time, features). Output shape: as for the layer, with twice the units for
/// `concat`.
/// Weights: those of the forward layer, then those of the backward layer.
///
/// Keras: `keras.layers.Bidirectional`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bidirectional {
    /// Layer that reads forwards: `simple_rnn`, `lstm` or `gru`.
    pub layer: LayerEntry,
    /// How the two outputs are combined: concat, sum, mul or ave. Default: concat.
    #[serde(default = "concat")]
    pub merge_mode: Option<MergeMode>,
    /// Layer that reads backwards, with `go_backwards: true`. Default: a copy of `layer`.
    pub backward_layer: Option<LayerEntry>,
}

fn concat() -> Option<MergeMode> {
    Some(MergeMode::Concat)
}

impl Bidirectional {
    /// A layer run both ways, the outputs side by side.
    pub fn new(layer: impl Into<LayerEntry>) -> Self {
        Bidirectional { layer: layer.into(), merge_mode: concat(), backward_layer: None }
    }

    pub(crate) fn merge_mode(&self) -> Result<MergeMode, Problem> {
        self.merge_mode.ok_or_else(|| {
            let message = "`merge_mode: null` is not supported: a layer has one output";
            Problem::at("merge_mode", message).help("concat, sum, mul or ave")
        })
    }

    /// The layers of both directions.
    pub(crate) fn halves(&self) -> Result<[Recurrent; 2], Problem> {
        let mut forward = recurrent("layer", &self.layer)?;
        let mut backward = match &self.backward_layer {
            Some(entry) => recurrent("backward_layer", entry)?,
            None => Recurrent { go_backwards: !forward.go_backwards, ..forward.clone() },
        };
        for (what, same) in [
            ("return_sequences", forward.return_sequences == backward.return_sequences),
            ("go_backwards", forward.go_backwards != backward.go_backwards),
        ] {
            if !same {
                let message = match what {
                    "go_backwards" => "`layer` and `backward_layer` run in the same direction",
                    _ => "`layer` and `backward_layer` differ in `return_sequences`",
                };
                let help = match what {
                    "go_backwards" => "set `go_backwards: true` on `backward_layer`",
                    _ => "set it on both or on none",
                };
                return Err(Problem::at("backward_layer", message).help(help));
            }
        }
        forward.zero_output_for_mask = forward.return_sequences;
        backward.zero_output_for_mask = backward.return_sequences;
        backward.suffix = "_reverse";
        Ok([forward, backward])
    }

    fn entries(&self) -> [&LayerEntry; 2] {
        [&self.layer, self.backward_layer.as_ref().unwrap_or(&self.layer)]
    }
}

fn recurrent(key: &str, entry: &LayerEntry) -> Result<Recurrent, Problem> {
    super::check_inner(key, entry)?;
    entry.item.recurrent().ok_or_else(|| {
        let name = entry.kind.name;
        let message = format!("`bidirectional` wants a recurrent layer, got `{name}`");
        Problem::at(key, message).help("`simple_rnn`, `lstm` or `gru`")
    })
}

impl Layer for Bidirectional {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let merge = self.merge_mode()?;
        let [forward, backward] = self.halves()?;
        let ours = forward.output_shape(input).map_err(within("layer", &self.layer))?;
        let [_, entry] = self.entries();
        let theirs = backward.output_shape(input).map_err(within("backward_layer", entry))?;
        match merge {
            MergeMode::Concat => {
                let last = ours.last().checked_add(theirs.last());
                let last = last.ok_or_else(|| Problem::at("layer", "`units` is too large"))?;
                Ok(ours.with_last(last))
            }
            _ if ours != theirs => {
                let message = format!(
                    "the layers' outputs must be of one shape, got {ours} and {theirs}; only \
                     `concat` takes two"
                );
                Err(Problem::at("merge_mode", message).help("give both the same `units`"))
            }
            _ => Ok(ours),
        }
    }

    fn kernel_uses(&self, input: &Shape, _output: &Shape) -> usize {
        input.dims().first().copied().unwrap_or(1) // once at each step
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let merge = checked(self.merge_mode())?;
        let [forward, backward] = checked(self.halves())?;
        let output = checked(forward.output_shape(input))?;
        let time = forward.return_sequences.then(|| output.dims()[0]);
        let units = [forward.units, backward.units];
        let [ours, theirs] = self.entries();
        let forward = half("forward", ours, &forward, input, scope)?;
        let backward = half("backward", theirs, &backward, input, scope)?;
        Ok(Box::new(BidirectionalForward { forward, backward, merge, time, units }))
    }

    fn mask_rule(&self) -> MaskRule {
        self.layer.item.mask_rule()
    }
}

/// One direction; its weights are under `forward_lstm`, `backward_lstm`.
fn half(
    direction: &str,
    entry: &LayerEntry,
    config: &Recurrent,
    input: &Shape,
    scope: &mut Scope<'_>,
) -> Result<Box<dyn Forward>> {
    let name = inner_name(entry);
    let name = name.strip_prefix(&format!("{direction}_")).unwrap_or(name);
    let mut scope = scope.inner(&format!("{direction}_{name}"));
    if entry.common.trainable == Some(false) {
        scope.freeze();
    }
    Ok(Box::new(config.build(input, &mut scope)?))
}

struct BidirectionalForward {
    forward: Box<dyn Forward>,
    backward: Box<dyn Forward>,
    merge: MergeMode,
    /// The time steps of the output; None where it is the last step alone.
    time: Option<usize>,
    units: [usize; 2],
}

impl Forward for BidirectionalForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let forward = self.forward.forward(input.clone(), context)?;
        let mut backward = self.backward.forward(input, context)?.tensor;
        if let Some(steps) = self.time {
            let reversed: Vec<u32> = (0..steps as u32).rev().collect();
            let reversed = Tensor::new(reversed, backward.device())?;
            backward = backward.contiguous()?.index_select(&reversed, 1)?;
        }
        let (ours, theirs) = (&forward.tensor, &backward);
        let output = match self.merge {
            MergeMode::Concat => Tensor::cat(&[ours, theirs], ours.rank() - 1)?,
            MergeMode::Sum => (ours + theirs)?,
            MergeMode::Mul => (ours * theirs)?,
            MergeMode::Ave => ((ours + theirs)? * 0.5)?,
        };
        Ok(forward.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let (forward, backward) = (self.forward.to_kernel()?, self.backward.to_kernel()?);
        let kernel = BidirectionalKernel {
            forward: forward.kernel,
            backward: backward.kernel,
            forward_weights: forward.weights.len(),
            merge: self.merge,
            time: self.time,
            units: self.units,
        };
        let weights = forward.weights.into_iter().chain(backward.weights).collect();
        Some(BoundKernel::new(kernel, weights))
    }
}
