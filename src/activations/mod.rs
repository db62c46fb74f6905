//! Activations: functions of one tensor, by Keras's names.
//!
//! What each computes stands in `functions`, in one place: over candle tensors, which is the
//! definition, and over slices, which the kernels use.

mod functions;
mod slices;
mod tensors;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::{Value, json};

use crate::error::{Problem, Result};
use crate::shape::Shape;

#[cfg(feature = "onnx")]
pub(crate) use slices::{SELU_ALPHA, SELU_SCALE};
pub(crate) use tensors::widened;
pub use tensors::{log_softmax, softmax};

/// A function that a layer applies to its output: `relu`, or with arguments
/// `leaky_relu: {negative_slope: 0.1}`.
///
/// Keras: `keras.activations`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename = "activation", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(transform = bare_names)]
pub enum Activation {
    /// `x`
    #[default]
    Linear,
    /// `max(x, 0)`; the gradient at 0 is 0. With arguments: `max_value` where x is above it, x
    /// where it is above `threshold`, elsewhere `negative_slope · (x - threshold)`.
    Relu {
        /// Largest output. Default: none.
        #[serde(default)]
        max_value: Option<f64>,
        /// Slope below the threshold. Default: 0.
        #[serde(default)]
        negative_slope: f64,
        /// Inputs at or below it are cut off. Default: 0.
        #[serde(default)]
        threshold: f64,
    },
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` where x ≥ 0, elsewhere `negative_slope · x`.
    LeakyRelu {
        /// Slope below 0. Default: 0.2 (0.3 in the layer of this name).
        #[serde(default = "one_fifth")]
        negative_slope: f64,
    },
    /// `x` where x > 0, elsewhere `alpha · (e^x - 1)`.
    Elu {
        /// Factor below 0. Default: 1.
        #[serde(default = "one")]
        alpha: f64,
    },
    /// `1.0507 · elu(x)` with alpha 1.6733.
    Selu,
    /// `x` where x > 0, elsewhere `alpha · (e^(x/alpha) - 1)`.
    Celu {
        /// Scale below 0. Default: 1.
        #[serde(default = "one")]
        alpha: f64,
    },
    /// `x/2 · (1 + erf(x/√2))`
    Gelu {
        /// Whether to use `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`. Default: false.
        #[serde(default)]
        approximate: bool,
    },
    /// `x · sigmoid(x)`; `swish` is the same.
    #[serde(alias = "swish")]
    Silu,
    /// `x · hard_sigmoid(x)`; `hard_swish` is the same.
    #[serde(alias = "hard_swish")]
    HardSilu,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `relu6(x + 3) / 6`
    HardSigmoid,
    /// `-softplus(-x)`
    LogSigmoid,
    /// `ln(1 + e^x)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `tanh x`
    Tanh,
    /// `x - tanh x`
    TanhShrink,
    /// `x` clipped to [-1, 1].
    HardTanh,
    /// `e^x`
    Exponential,
    /// `x · tanh(softplus(x))`
    Mish,
    /// `(x + √(x² + b)) / 2`
    Squareplus {
        /// Smoothness. Default: 4.
        #[serde(default = "four")]
        b: f64,
    },
    /// `x` moved towards 0 by the threshold, and 0 within it.
    SoftShrink {
        /// Threshold. Default: 0.5.
        #[serde(default = "half")]
        threshold: f64,
    },
    /// `x` where |x| is above the threshold, elsewhere 0.
    HardShrink {
        /// Threshold. Default: 0.5.
        #[serde(default = "half")]
        threshold: f64,
    },
    /// 0 up to -1, `(x + 1)² / 4` up to 1, then `x`.
    SparsePlus,
    /// `(x + 1) / 2` clipped to [0, 1].
    SparseSigmoid,
    /// `e^x / Σ e^x` over the last axis.
    Softmax,
    /// `x - ln Σ e^x` over the last axis.
    LogSoftmax,
    /// `max(x - τ, 0)` over the last axis, with Keras's τ: `(Σ c_i - 1) / k` for the k largest
    /// inputs that are above `(c_i - 1) / i`, c_i being the sum of the i largest. Where k is 1 that
    /// is the projection on the simplex; where it is more, Keras sums the sums, and so do we.
    Sparsemax,
    /// `a · sigmoid(b)`, with a and b the two halves of the last axis.
    Glu,
    /// `x` where it is above the threshold, `default_value` elsewhere.
    Threshold {
        /// Inputs at or below it are replaced.
        threshold: f64,
        /// Value that replaces them.
        default_value: f64,
    },
}

impl Activation {
    /// Its name: `relu`.
    pub(crate) fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::String(name)) => name,
            Ok(Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Whether all numbers of an axis make each of its values.
    pub(crate) fn is_over_several(&self) -> bool {
        matches!(self, Activation::Softmax | Activation::Sparsemax | Activation::LogSoftmax)
    }

    /// How many of so many numbers before it its gradient needs.
    pub(crate) fn kept(&self, numbers: usize) -> usize {
        if self.needs_input() { numbers } else { 0 }
    }

    /// What a pass over so many numbers costs with it, in multiplications.
    pub(crate) fn work(&self, numbers: usize) -> usize {
        let each = match self {
            Activation::Linear => 1,
            Activation::Relu { .. }
            | Activation::Relu6
            | Activation::LeakyRelu { .. }
            | Activation::HardSigmoid
            | Activation::HardSilu => 8,
            _ => 64, // an exponential, or a division
        };
        each * numbers
    }

    /// Whether its values are probabilities, or become some where they are divided by their sum.
    pub(crate) fn makes_probabilities(&self) -> bool {
        matches!(
            self,
            Activation::Sigmoid
                | Activation::HardSigmoid
                | Activation::SparseSigmoid
                | Activation::Softmax
                | Activation::Sparsemax
        )
    }

    /// Whether it is `relu` without arguments.
    pub(crate) fn is_relu(&self) -> bool {
        *self == Activation::relu()
    }

    /// `relu` without arguments.
    pub fn relu() -> Self {
        Activation::Relu { max_value: None, negative_slope: 0.0, threshold: 0.0 }
    }

    /// `softmax`.
    pub fn softmax() -> Self {
        Activation::Softmax
    }

    /// `sigmoid`.
    pub fn sigmoid() -> Self {
        Activation::Sigmoid
    }

    /// `tanh`.
    pub fn tanh() -> Self {
        Activation::Tanh
    }

    /// The output's shape for an input of this shape; all but `glu` keep it.
    pub fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        match self {
            Activation::Glu if input.last() == 0 || !input.last().is_multiple_of(2) => {
                let message = format!(
                    "`glu` halves the last axis, which must be even, got {} in {input}",
                    input.last()
                );
                Err(Problem::at("activation", message).help("give it an even number of units"))
            }
            Activation::Glu => Ok(input.with_last(input.last() / 2)),
            Activation::Celu { alpha } if *alpha == 0.0 => {
                let message = "`alpha` of `celu` must not be 0, it divides the input";
                Err(Problem::at("activation", message).help("the default is 1"))
            }
            Activation::Softmax | Activation::LogSoftmax | Activation::Sparsemax
                if input.dims().contains(&0) =>
            {
                let message = format!("the activation needs axes of at least 1, got {input}");
                Err(Problem::at("activation", message))
            }
            _ => Ok(input.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for Activation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Activation::deserialize(deserializer)
    }
}

/// A name alone where every argument has its default; arguments that are none are left out.
impl Serialize for Activation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Activation::serialize(self, serde_json::value::Serializer);
        let mut written = written.map_err(ser::Error::custom)?;
        if let Value::Object(map) = &mut written
            && let Some((name, Value::Object(arguments))) = map.iter_mut().next()
        {
            if Activation::deserialize(json!({ name: {} })).ok().as_ref() == Some(self) {
                return serializer.serialize_str(name);
            }
            arguments.retain(|_, value| !value.is_null());
        }
        written.serialize(serializer)
    }
}

/// Lets the schema take a name alone where every argument has a default.
fn bare_names(schema: &mut Schema) {
    let Some(choices) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) else {
        return;
    };
    let bare = |choice: &serde_json::Value| {
        let (name, arguments) = choice["properties"].as_object()?.iter().next()?;
        arguments.get("required").is_none().then(|| name.clone())
    };
    let names: Vec<String> = choices.iter().filter_map(bare).collect();
    choices.push(serde_json::json!({ "enum": names }));
}

fn one() -> f64 {
    1.0
}

fn four() -> f64 {
    4.0
}

fn half() -> f64 {
    0.5
}

fn one_fifth() -> f64 {
    0.2
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Node;

    fn read(json: serde_json::Value) -> Result<Activation, crate::config::ConfigError> {
        Node::from_json(&json).read()
    }

    #[test]
    fn a_name_stands_alone_or_with_arguments() {
        assert_eq!(read(json!("relu")).unwrap(), Activation::relu());
        assert_eq!(read(json!("LeakyReLU")).unwrap(), read(json!("leaky_relu")).unwrap());
        assert_eq!(read(json!("swish")).unwrap(), Activation::Silu);
        assert_eq!(
            read(json!({ "leaky_relu": { "negative_slope": 0.1 } })).unwrap(),
            Activation::LeakyRelu { negative_slope: 0.1 }
        );
        for activation in [Activation::relu(), Activation::Gelu { approximate: true }] {
            assert_eq!(read(serde_json::to_value(&activation).unwrap()).unwrap(), activation);
        }
    }

    #[test]
    fn defaults_are_written_as_the_name_alone() {
        let write = |activation| serde_json::to_value::<Activation>(activation).unwrap();
        assert_eq!(write(Activation::relu()), json!("relu"));
        assert_eq!(write(Activation::Tanh), json!("tanh"));
        let leaky = Activation::Relu { max_value: None, negative_slope: 0.1, threshold: 0.0 };
        let expected = json!({ "relu": { "negative_slope": 0.1, "threshold": 0.0 } });
        assert_eq!(write(leaky), expected);
        let threshold = Activation::Threshold { threshold: 1.0, default_value: 0.0 };
        assert_eq!(read(write(threshold.clone())).unwrap(), threshold);
    }

    #[test]
    fn a_wrong_name_and_a_wrong_argument_are_named() {
        let error = read(json!("relo")).unwrap_err();
        assert_eq!(error.message, "unknown activation `relo`");
        assert!(error.help.contains("`relu`"), "{}", error.help);
        let error = read(json!({ "elu": { "alfa": 2 } })).unwrap_err();
        assert!(error.to_string().contains("alfa"), "{error}");
        let error = read(json!({ "threshold": { "threshold": 2 } })).unwrap_err();
        assert!(error.to_string().contains("`default_value` is missing"), "{error}");
        let error = read(json!({ "tanh": { "alpha": 2 } })).unwrap_err();
        assert!(error.to_string().contains("takes no arguments"), "{error}");
    }

    #[test]
    fn the_schema_takes_bare_names() {
        let schema = schemars::schema_for!(Activation);
        let text = serde_json::to_string(&schema).unwrap();
        assert!(text.contains(r#"{"enum":["relu","leaky_relu""#), "{text}");
    }

    #[test]
    fn glu_wants_an_even_axis() {
        let shape = Activation::Glu.output_shape(&Shape(vec![3, 8])).unwrap();
        assert_eq!(shape, Shape(vec![3, 4]));
        assert!(Activation::Glu.output_shape(&Shape(vec![3, 7])).is_err());
    }
}
