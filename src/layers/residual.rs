//! A residual: layers whose output is added to their input.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::precision;
use super::wrapped::check_inner;
use crate::activations::Activation;
use crate::config::names::snake_case;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::residual::{Chain, ResidualKernel};
use crate::layers::layer::{
    Context, Forward, Layer, LayerEntry, MaskRule, Pieces, Signal, checked,
};
use crate::random::Random;
use crate::shape::Shape;
use crate::weights::Scope;

/// Adds the output of some layers to what came in: `layers(x) + shortcut(x)`.
///
/// Without `shortcut` the input itself is added, so that the layers must give its shape. Residuals
/// can be nested. The layers inside are named as if they stood in one flat list, `layers` before
/// `shortcut`: `conv2d_1`, not `residual.conv2d_1`.
///
/// Output shape: that of both ways.
/// Weights: those of `layers`, then those of `shortcut`.
///
/// Keras: the functional API, `keras.layers.Add`. Source: He et al., <https://arxiv.org/abs/1512.03385>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// Layers, first to last.
    pub layers: Vec<LayerEntry>,
    /// Layers on the other way, such as a 1×1 convolution where the shape changes. Default: none,
    /// the input as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortcut: Vec<LayerEntry>,
}

impl Residual {
    /// These layers, their input added to their output.
    pub fn new(layers: impl IntoIterator<Item = LayerEntry>) -> Self {
        Residual { layers: layers.into_iter().collect(), shortcut: Vec::new() }
    }

    /// The same with layers on the other way.
    pub fn with_shortcut(self, shortcut: impl IntoIterator<Item = LayerEntry>) -> Self {
        Residual { shortcut: shortcut.into_iter().collect(), ..self }
    }

    /// The residual that an entry is, if it is one.
    pub(crate) fn of(entry: &LayerEntry) -> Option<&Residual> {
        entry.item.as_any().downcast_ref()
    }

    /// The layers of both ways, each with its key.
    pub(crate) fn ways(&self) -> [(&'static str, &[LayerEntry]); 2] {
        [("layers", &self.layers), ("shortcut", &self.shortcut)]
    }

    /// What each layer takes and gives on each way, or what is wrong with one of them.
    pub(crate) fn shapes(&self, input: &Shape) -> Result<[Vec<(Shape, Shape)>; 2], Problem> {
        let mut shapes = [Vec::new(), Vec::new()];
        for ((key, entries), shapes) in self.ways().into_iter().zip(&mut shapes) {
            let mut shape = input.clone();
            for (index, entry) in entries.iter().enumerate() {
                let place = format!("{key}[{index}]");
                check_inner(&place, entry).map_err(|problem| at(&place, entry, problem, true))?;
                let output = entry.item.output_shape(&shape);
                let output = output.and_then(|output| output.check_size().map(|()| output));
                let output = output.map_err(|problem| at(&place, entry, problem, false))?;
                shapes.push((std::mem::replace(&mut shape, output.clone()), output));
            }
        }
        Ok(shapes)
    }

    /// A problem where a mask that reaches this layer would be another one on the two ways.
    pub(crate) fn check_mask(&self) -> Result<(), Problem> {
        for (key, entries) in self.ways() {
            for (index, entry) in entries.iter().enumerate() {
                if entry.item.mask_rule() == MaskRule::Makes {
                    let name = entry.kind.name;
                    let message = format!("`{name}` makes a mask, which the other way lacks");
                    return Err(Problem::at(&format!("{key}[{index}].{}", entry.written), message)
                        .help("put it before the residual"));
                }
            }
        }
        match (passes_mask(&self.layers), passes_mask(&self.shortcut)) {
            (true, true) | (false, false) => Ok(()),
            (keeps, _) => {
                let (key, message) = if keeps {
                    ("shortcut", "`shortcut` drops the mask of its input, `layers` keep it")
                } else {
                    ("layers", "`layers` drop the mask of their input, the shortcut keeps it")
                };
                Err(Problem::at(key, message).help(
                    "the mask must be the same on both ways: end both with layers that keep it, or \
                     both with layers that drop it",
                ))
            }
        }
    }
}

/// A problem of a layer inside, at its place: `layers[1].conv2d.filters`.
fn at(place: &str, entry: &LayerEntry, problem: Problem, is_placed: bool) -> Problem {
    let key = match problem.key.as_str() {
        _ if is_placed => problem.key.clone(),
        "" => format!("{place}.{}", entry.written),
        key => format!("{place}.{}.{key}", entry.written),
    };
    let message = match entry.common.name.as_deref() {
        Some(name) => format!("`{name}`: {}", problem.message),
        None => problem.message,
    };
    Problem { message, key, ..problem }
}

fn passes_mask(entries: &[LayerEntry]) -> bool {
    entries.iter().all(|entry| entry.item.mask_rule() == MaskRule::Passes)
}

impl Layer for Residual {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        if self.layers.is_empty() {
            return Err(Problem::at("layers", "`layers` must list at least one layer, got none")
                .help("such as `- dense: {units: 8, activation: relu}`"));
        }
        let [ours, theirs] = self.shapes(input)?;
        let end = |shapes: &[(Shape, Shape)]| shapes.last().map_or(input, |last| &last.1).clone();
        let (ours, theirs) = (end(&ours), end(&theirs));
        if ours == theirs {
            return Ok(ours);
        }
        let (key, what) = if self.shortcut.is_empty() {
            ("", "the input that is added is")
        } else {
            ("shortcut", "the shortcut gives")
        };
        let message = format!("`layers` give {ours}, {what} {theirs}: a sum needs one shape");
        Err(Problem::at(key, message).help(match projection(input, &ours) {
            Some(layer) => format!("bring the input to that shape: `shortcut: [{layer}]`"),
            None => "give both ways one shape: with `padding: same` a convolution keeps its axes, \
                     with `return_sequences: true` a recurrent layer its steps"
                .to_string(),
        }))
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let shapes = checked(self.shapes(input))?;
        let mut names = Vec::new();
        let mut ways = [Vec::new(), Vec::new()];
        for (((_, entries), shapes), way) in self.ways().into_iter().zip(shapes).zip(&mut ways) {
            for (entry, (input, output)) in entries.iter().zip(shapes) {
                // a model has named every layer; elsewhere a place in this one will do
                let mut scope = match &entry.common.name {
                    Some(name) => scope.beside(name),
                    None => scope.inner(&own_name(entry, &mut names)),
                };
                if entry.common.trainable == Some(false) {
                    scope.freeze();
                }
                way.push(Inner {
                    forward: entry.item.build(&input, &mut scope)?,
                    sizes: (input.elements(), output.elements()),
                    passes_mask: entry.item.mask_rule() == MaskRule::Passes,
                });
            }
        }
        let [layers, shortcut] = ways;
        Ok(Box::new(ResidualForward { layers, shortcut }))
    }

    fn mask_rule(&self) -> MaskRule {
        if passes_mask(&self.layers) { MaskRule::Passes } else { MaskRule::Drops }
    }
}

/// A name that no other layer here has.
fn own_name(entry: &LayerEntry, names: &mut Vec<String>) -> String {
    let base = snake_case(entry.kind.class_name);
    let count = names.iter().filter(|name| **name == base).count();
    names.push(base.clone());
    if count == 0 { base } else { format!("{base}_{count}") }
}

/// The layer that brings an input to another shape: a 1×1 convolution, or a dense for a vector.
fn projection(input: &Shape, output: &Shape) -> Option<String> {
    let (from, to) = (input.dims(), output.dims());
    if from.len() != to.len() {
        return None;
    }
    let (filters, axes) = to.split_last()?;
    let strides: Option<Vec<usize>> =
        from.iter().zip(axes).map(|(from, to)| stride(*from, *to)).collect();
    let strides = strides?;
    let written = match strides.as_slice() {
        [] => return Some(format!("dense: {{units: {filters}}}")),
        all if all.iter().all(|stride| *stride == 1) => String::new(),
        [first, rest @ ..] if rest.iter().all(|stride| stride == first) => {
            format!(", strides: {first}")
        }
        all => format!(", strides: {all:?}"),
    };
    let rank = strides.len();
    (rank <= 3).then(|| format!("conv{rank}d: {{filters: {filters}, kernel_size: 1{written}}}"))
}

/// The smallest stride that makes `to` steps of `from`.
fn stride(from: usize, to: usize) -> Option<usize> {
    let stride = from.checked_div(to)?.max(1);
    (stride..=stride + 1).find(|stride| from.div_ceil(*stride) == to)
}

struct ResidualForward {
    layers: Vec<Inner>,
    shortcut: Vec<Inner>,
}

struct Inner {
    forward: Box<dyn Forward>,
    sizes: (usize, usize),
    passes_mask: bool,
}

impl Forward for ResidualForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let ours = run(&self.layers, input.clone(), context)?;
        let theirs = run(&self.shortcut, input, context)?;
        let output = precision::sum(&ours.tensor, &theirs.tensor)?;
        Ok(ours.with(output))
    }

    fn computes_in_bf16(&self) -> bool {
        true
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let mut weights = Vec::new();
        let mut chain = |way: &[Inner]| {
            let mut chain = Chain::default();
            for inner in way {
                let bound = inner.forward.to_kernel()?;
                weights.extend(chain.push(bound, inner.sizes, inner.passes_mask));
            }
            Some(chain)
        };
        let kernel = ResidualKernel {
            layers: chain(&self.layers)?,
            shortcut: chain(&self.shortcut)?,
            activation: Activation::Linear,
        };
        Some(BoundKernel::new(kernel, weights))
    }

    fn wants_adapt(&self) -> bool {
        self.layers.iter().chain(&self.shortcut).any(|inner| inner.forward.wants_adapt())
    }

    fn adapt(&self, pieces: &Pieces<'_>) -> Result<bool> {
        for way in [&self.layers, &self.shortcut] {
            for (index, inner) in way.iter().enumerate() {
                if !inner.forward.wants_adapt() {
                    continue;
                }
                let arriving = |see: &mut dyn FnMut(&Tensor) -> Result<()>| {
                    pieces(&mut |input| {
                        let random = Random::new(0); // nothing is drawn in inference
                        let input = Signal::new(input.clone());
                        let arrived = run(&way[..index], input, &mut Context::inference(&random))?;
                        see(&arrived.tensor)
                    })
                };
                if !inner.forward.adapt(&arriving)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

fn run(way: &[Inner], input: Signal, context: &mut Context<'_>) -> Result<Signal> {
    way.iter().try_fold(input, |signal, inner| precision::run(&*inner.forward, signal, context))
}
