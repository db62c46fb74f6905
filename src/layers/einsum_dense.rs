//! EinsumDense: a dense layer by an einsum equation.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activations::Activation;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::dense::DenseKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, MaskRule, Signal, checked};
use crate::layers::precision::add_bias;
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightSpec};

configuration! {
    /// `output = activation(einsum(equation, input, kernel) + bias)`.
    ///
    /// Each letter of `equation`, such as `abc,cd->abd`, is an axis; the first letter of the input
    /// and of the output is the batch. `...` stands for all other axes: `...x,xy->...y`.
    /// Weights: `kernel`, with one axis for each of its letters; with `bias_axes`, also `bias`,
    /// with the output's axes from the first one named on, of size 1 where an axis is not named.
    /// Drops the mask.
    ///
    /// Keras: `keras.layers.EinsumDense`.
    pub struct EinsumDense {
        /// The equation, such as `abc,cd->abd`.
        equation: String,
        /// Output shape without the batch and the axes under `...`; null for a size taken from the
        /// input. A single number for a single axis.
        output_shape: Sizes,
        shared { activation }
        /// Output axes to which a bias applies, such as `d`. Default: no bias.
        bias_axes: Option<String> = None,
        initializers {
            kernel "the kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { kernel "the kernel", bias "the bias" }
        shared { activity_regularizer }
        constraints { kernel "the kernel", bias "the bias" }
    }
}

/// One size or several; null for one that follows from the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a size or a list of sizes")]
pub enum Sizes {
    /// One.
    One(usize),
    /// Several.
    Many(Vec<Option<usize>>),
}

/// No size.
impl Default for Sizes {
    fn default() -> Self {
        Sizes::Many(Vec::new())
    }
}

/// The equation with all its axes: labels of the input, the kernel and the output, the batch's
/// first, and the sizes of the kernel, the output and the bias.
struct EinsumPlan {
    input: Vec<char>,
    kernel: Vec<char>,
    output: Vec<char>,
    kernel_shape: Vec<usize>,
    /// Without the batch.
    output_shape: Vec<usize>,
    bias_shape: Option<Vec<usize>>,
}

impl EinsumDense {
    fn plan(&self, shape: &Shape) -> Result<EinsumPlan, Problem> {
        let (input, kernel, output) = self.labels(shape)?;
        let problem = |message: String| Err(Problem::at("output_shape", message));
        let given = match &self.output_shape {
            Sizes::One(size) => vec![Some(*size)],
            Sizes::Many(sizes) => sizes.clone(),
        };
        // the output's named axes, the batch left out
        let named: Vec<char> =
            output[1..].iter().copied().filter(char::is_ascii_alphabetic).collect();
        if given.len() != named.len() {
            let (wanted, found) = (named.len(), given.len());
            let equation = &self.equation;
            return problem(format!(
                "`output_shape` must hold {wanted} sizes for `{equation}`, got {found}"
            ));
        }
        let of_input = |label: char| {
            input[1..].iter().position(|other| *other == label).map(|axis| shape.dims()[axis])
        };
        let of_output = |label: char| {
            named.iter().position(|other| *other == label).and_then(|place| given[place])
        };
        let mut output_shape = Vec::new();
        for label in &output[1..] {
            match (of_input(*label), of_output(*label)) {
                (Some(size), None) => output_shape.push(size),
                (Some(size), Some(asked)) if size == asked => output_shape.push(size),
                (Some(size), Some(asked)) => {
                    return problem(format!(
                        "`output_shape` must be {size} for `{label}`, the size in the input {shape}, \
                         got {asked}"
                    ));
                }
                (None, Some(0)) => {
                    return problem(format!(
                        "`output_shape` must be at least 1 for `{label}`, got 0"
                    ));
                }
                (None, Some(size)) => output_shape.push(size),
                (None, None) => {
                    return problem(format!(
                        "`output_shape` must hold a size for `{label}`, got null"
                    ));
                }
            }
        }
        let mut kernel_shape = Vec::new();
        for label in &kernel {
            match of_input(*label).or(of_output(*label)) {
                Some(size) => kernel_shape.push(size),
                None => {
                    let equation = &self.equation;
                    return Err(Problem::at(
                        "equation",
                        format!(
                            "each of the kernel's letters must be in the input or the output, got `{label}` \
                         in `{equation}`"
                        ),
                    ));
                }
            }
        }
        for sizes in [&kernel_shape, &output_shape] {
            checks::not_too_large("output_shape", sizes)?;
        }
        let bias_shape = self.bias_shape(&output, &output_shape)?;
        Ok(EinsumPlan { input, kernel, output, kernel_shape, output_shape, bias_shape })
    }

    /// The labels of input, kernel and output; what `...` stands for is labelled with digits.
    fn labels(&self, shape: &Shape) -> Result<(Vec<char>, Vec<char>, Vec<char>), Problem> {
        let wrong = |reason: &str| {
            let message = format!("`equation` {reason}, got `{}`", self.equation);
            Problem::at("equation", message).help("write it as in `abc,cd->abd` or `...x,xy->...y`")
        };
        let text: String = self.equation.chars().filter(|c| !c.is_whitespace()).collect();
        let form = || wrong("must have the form `input,kernel->output`");
        let (inputs, output) = text.split_once("->").ok_or_else(form)?;
        let (input, kernel) = inputs.split_once(',').ok_or_else(form)?;
        let places = shape.rank() + 1;
        let elided = |side: &str| side.contains("...");
        if elided(input) != elided(output) || elided(kernel) {
            return Err(wrong("must have `...` in both input and output, or in neither"));
        }
        let written = input.replace("...", "").chars().count();
        let hidden = places.checked_sub(written).filter(|n| *n == 0 || elided(input));
        let Some(hidden) = hidden.filter(|n| *n < 10) else {
            return Err(wrong(&format!("must name the {places} axes of {shape}")));
        };
        let digits: String = ('0'..='9').take(hidden).collect();
        let spread =
            |side: &str| -> Vec<char> { side.replacen("...", &digits, 1).chars().collect() };
        let all = (spread(input), spread(kernel), spread(output));
        for side in [&all.0, &all.1, &all.2] {
            let is_label = |c: &char| c.is_ascii_alphabetic() || digits.contains(*c);
            let is_twice = |(i, c): (usize, &char)| side[..i].contains(c);
            if side.is_empty()
                || !side.iter().all(is_label)
                || side.iter().enumerate().any(is_twice)
            {
                return Err(wrong("must name axes by single letters, each once a side"));
            }
        }
        if all.0.first() != all.2.first() || all.1.contains(&all.0[0]) {
            return Err(wrong("must keep the batch as the first axis"));
        }
        if let Some(label) = all.2.iter().find(|c| !all.0.contains(c) && !all.1.contains(c)) {
            return Err(wrong(&format!("must name each output axis before, not so `{label}`")));
        }
        Ok(all)
    }

    fn bias_shape(&self, output: &[char], sizes: &[usize]) -> Result<Option<Vec<usize>>, Problem> {
        let Some(axes) = self.bias_axes.as_deref().filter(|axes| !axes.is_empty()) else {
            return Ok(None);
        };
        let mut first = output.len();
        for label in axes.chars() {
            match output[1..].iter().position(|other| *other == label) {
                Some(place) if label.is_ascii_alphabetic() => first = first.min(place),
                _ => {
                    let message = format!(
                        "`bias_axes` must name output axes of `{}` other than the batch, got `{label}`",
                        self.equation
                    );
                    return Err(Problem::at("bias_axes", message));
                }
            }
        }
        let labels = output[1..].iter().zip(sizes).skip(first);
        Ok(Some(
            labels.map(|(label, size)| if axes.contains(*label) { *size } else { 1 }).collect(),
        ))
    }
}

impl Layer for EinsumDense {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        super::axes::no_empty_axis("einsum_dense", input)?;
        let plan = self.plan(input)?;
        self.kernel.initializer.check_shape(&plan.kernel_shape)?;
        if let Some(shape) = &plan.bias_shape {
            self.bias.initializer.check_shape(shape)?;
        }
        self.activation.output_shape(&Shape(plan.output_shape))
    }

    fn kernel_uses(&self, input: &Shape, _output: &Shape) -> usize {
        let Ok(plan) = self.plan(input) else { return 0 };
        // each combination of the axes that the kernel doesn't have
        let sizes = plan.output[1..].iter().zip(&plan.output_shape);
        let others = sizes.filter(|(label, _)| !plan.kernel.contains(label));
        others.map(|(_, size)| *size).fold(1, usize::saturating_mul)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let plan = checked(self.plan(input))?;
        let kernel = scope.weight(WeightSpec {
            name: "kernel",
            shape: &plan.kernel_shape,
            options: &self.kernel,
            stored: Stored::plain("kernel"),
        })?;
        let bias = match &plan.bias_shape {
            Some(shape) => Some(scope.weight(WeightSpec {
                name: "bias",
                shape,
                options: &self.bias,
                stored: Stored::plain("bias"),
            })?),
            None => None,
        };
        let (activation, activity) = (self.activation.clone(), self.activity_regularizer.clone());
        Ok(Box::new(EinsumForward { plan, kernel, bias, activation, activity }))
    }

    fn activation(&self) -> Option<&Activation> {
        Some(&self.activation)
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}

struct EinsumForward {
    plan: EinsumPlan,
    kernel: LayerWeight,
    bias: Option<LayerWeight>,
    activation: Activation,
    activity: Option<Regularizer>,
}

impl Forward for EinsumForward {
    /// Both sides are brought to (shared, free, contracted), multiplied as matrices, and the
    /// product's axes are put in the output's order.
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let EinsumPlan { input: of_x, kernel: of_k, output: of_y, .. } = &self.plan;
        let (x, of_x) =
            summed(&input.tensor, of_x, |label| of_k.contains(label) || of_y.contains(label))?;
        let pick = |labels: &[char], keep: &dyn Fn(&char) -> bool| -> Vec<char> {
            labels.iter().copied().filter(|label| keep(label)).collect()
        };
        let shared = pick(&of_x, &|label| of_k.contains(label) && of_y.contains(label));
        let contracted = pick(&of_x, &|label| of_k.contains(label) && !of_y.contains(label));
        let rows = pick(&of_x, &|label| !of_k.contains(label));
        let columns = pick(of_k, &|label| !of_x.contains(label));
        let a = arranged(&x, &of_x, [&shared, &rows, &contracted])?;
        let b = arranged(&self.kernel.like(&x)?, of_k, [&shared, &contracted, &columns])?;
        let product = a.matmul(&b)?; // (shared, rows, columns)
        let labels = [shared, rows, columns].concat();
        let size = |label: &char| {
            let of = |labels: &[char], dims: &[usize]| {
                labels.iter().position(|other| other == label).map(|axis| dims[axis])
            };
            of(&of_x, x.dims()).or(of(of_k, self.kernel.dims())).unwrap_or(1)
        };
        let dims: Vec<usize> = labels.iter().map(size).collect();
        let mut y = product.reshape(dims)?.permute(places(&labels, of_y))?.contiguous()?;
        if let Some(bias) = &self.bias {
            y = add_bias(&y, bias)?;
        }
        let output = self.activation.forward(&y)?;
        context.regularize_activity(&self.activity, &output)?;
        Ok(Signal::new(output))
    }

    fn computes_in_bf16(&self) -> bool {
        let EinsumPlan { input, kernel, output, .. } = &self.plan;
        let is_kept = |label: &char| kernel.contains(label) || output.contains(label);
        input.iter().all(is_kept) // else it would be summed in it
    }

    /// A dense layer where the kernel takes the last axes of the input and gives those of the
    /// output.
    fn to_kernel(&self) -> Option<BoundKernel> {
        let EinsumPlan { input, kernel, output, kernel_shape, output_shape, bias_shape } =
            &self.plan;
        let taken = kernel.iter().take_while(|label| input.contains(label)).count();
        let (front, made) = (input.len().checked_sub(taken)?, kernel.len() - taken);
        let is_dense = input[front..] == kernel[..taken]
            && taken > 0
            && made > 0
            && output.len() == front + made
            && output[..front] == input[..front]
            && output[front..] == kernel[taken..];
        let has_plain_bias = bias_shape
            .as_ref()
            .is_none_or(|shape| Some(&shape[..]) == output_shape.get(front - 1..));
        if !is_dense || !has_plain_bias || self.activity.is_some() || !self.activation.has_slices()
        {
            return None;
        }
        let dense = DenseKernel {
            input: kernel_shape[..taken].iter().product(),
            units: kernel_shape[taken..].iter().product(),
            activation: self.activation.clone(),
            drops_mask: true,
        };
        // activations of rows see the output's last axis alone
        let is_one_axis = made == 1 || self.activation == Activation::Linear;
        let weights = std::iter::once(&self.kernel).chain(&self.bias).cloned().collect();
        is_one_axis.then(|| BoundKernel::new(dense, weights))
    }
}

/// The tensor summed over the axes that nobody keeps.
fn summed(
    x: &Tensor,
    labels: &[char],
    keep: impl Fn(&char) -> bool,
) -> Result<(Tensor, Vec<char>)> {
    let (mut x, mut labels) = (x.clone(), labels.to_vec());
    while let Some(axis) = labels.iter().position(|label| !keep(label)) {
        x = x.sum(axis)?;
        labels.remove(axis);
    }
    Ok((x, labels))
}

/// The tensor with its axes in three groups, each as one axis.
fn arranged(x: &Tensor, labels: &[char], groups: [&Vec<char>; 3]) -> Result<Tensor> {
    let order: Vec<char> = groups.iter().flat_map(|group| group.iter().copied()).collect();
    let moved = x.permute(places(labels, &order))?.contiguous()?;
    let mut rest = moved.dims();
    let sizes = groups.map(|group| {
        let (first, others) = rest.split_at(group.len());
        rest = others;
        first.iter().product::<usize>()
    });
    Ok(moved.reshape(&sizes[..])?)
}

/// Where each wanted label stands among the labels.
fn places(labels: &[char], wanted: &[char]) -> Vec<usize> {
    wanted.iter().filter_map(|label| labels.iter().position(|other| other == label)).collect()
}

#[cfg(test)]
mod tests;
