//! The operators that are known, with the attributes that each may have.

use super::graph::Operator;
use super::{math, ml, recurrent, reduce, tensors, windows};

/// An operator by its set's and its own name, and the names of its attributes.
pub(super) fn find(domain: &str, op: &str) -> Option<(Operator, &'static [&'static str])> {
    use Operator::{Any, Compare, Each, Two, With};
    const NONE: (&str, f32) = ("", 0.0);
    if domain == "ai.onnx.ml" && op == "LabelEncoder" {
        let attributes = &["keys_strings", "values_floats", "default_float"];
        return Some((Any(ml::label_encoder), attributes));
    }
    if !domain.is_empty() && domain != "ai.onnx" {
        return None;
    }
    Some(match op {
        "Add" => (Two(|a, b| a + b), &[]),
        "Sub" => (Two(|a, b| a - b), &[]),
        "Mul" => (Two(|a, b| a * b), &[]),
        "Div" => (Two(|a, b| a / b), &[]),
        "Max" => (Two(|a, b| if a.is_nan() || a > b { a } else { b }), &[]),
        "Min" => (Two(|a, b| if a.is_nan() || a < b { a } else { b }), &[]),
        "Equal" => (Compare(|a, b| a == b), &[]),
        "Greater" => (Compare(|a, b| a > b), &[]),
        "Not" => (Each(|x| 1.0 - x), &[]), // of 0 and 1
        "Neg" => (Each(|x| -x), &[]),
        "Exp" => (Each(f64::exp), &[]),
        "Log" => (Each(f64::ln), &[]),
        "Sqrt" => (Each(f64::sqrt), &[]),
        "Tanh" => (Each(f64::tanh), &[]),
        "Erf" => (Each(candle_core::cpu::erf::erf_f64), &[]),
        "Relu" => (Each(math::relu), &[]),
        "Sigmoid" => (Each(math::sigmoid), &[]),
        "Softplus" => (Each(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()), &[]),
        "Softsign" => (Each(|x| x / (1.0 + x.abs())), &[]),
        "LeakyRelu" => {
            (With([("alpha", 0.01), NONE], |x, a, _| if x < 0.0 { a * x } else { x }), &["alpha"])
        }
        "Elu" => (
            With([("alpha", 1.0), NONE], |x, a, _| if x < 0.0 { a * x.exp_m1() } else { x }),
            &["alpha"],
        ),
        "Celu" => (
            With([("alpha", 1.0), NONE], |x, a, _| if x < 0.0 { a * (x / a).exp_m1() } else { x }),
            &["alpha"],
        ),
        "Selu" => (
            With([("alpha", 1.673_263_2), ("gamma", 1.050_701)], |x, a, g| {
                if x > 0.0 { g * x } else { g * a * x.exp_m1() }
            }),
            &["alpha", "gamma"],
        ),
        "HardSigmoid" => (
            With([("alpha", 0.2), ("beta", 0.5)], |x, a, b| (a * x + b).clamp(0.0, 1.0)),
            &["alpha", "beta"],
        ),
        "Shrink" => (With([("lambd", 0.5), ("bias", 0.0)], math::shrink), &["lambd", "bias"]),
        "Clip" => (Any(math::clip), &[]),
        "Where" => (Any(math::choose), &[]),
        "MatMul" => (Any(math::matmul), &[]),
        "Einsum" => (Any(math::einsum), &["equation"]),
        "ReduceSum" => (Any(reduce::sum), &["keepdims"]),
        "ReduceMean" => (Any(reduce::mean), &["axes", "keepdims"]),
        "ReduceMax" => (Any(reduce::max), &["axes", "keepdims"]),
        "ArgMax" => (Any(reduce::arg_max), &["axis", "keepdims"]),
        "Softmax" => (Any(reduce::softmax), &["axis"]),
        "LogSoftmax" => (Any(reduce::log_softmax), &["axis"]),
        "CumSum" => (Any(reduce::cum_sum), &[]),
        "TopK" => (Any(reduce::top_k), &["axis"]),
        "Identity" => (Any(tensors::identity), &[]),
        "Cast" => (Any(tensors::cast), &["to"]),
        "Concat" => (Any(tensors::concat), &["axis"]),
        "ConstantOfShape" => (Any(tensors::constant_of_shape), &[]),
        "Flatten" => (Any(tensors::flatten), &["axis"]),
        "Gather" => (Any(tensors::gather), &["axis"]),
        "Pad" => (Any(tensors::pad), &["mode"]),
        "Reshape" => (Any(tensors::reshape), &[]),
        "Shape" => (Any(tensors::shape), &[]),
        "Slice" => (Any(tensors::slice), &[]),
        "Split" => (Any(tensors::split), &["axis"]),
        "Squeeze" => (Any(tensors::squeeze), &[]),
        "Unsqueeze" => (Any(tensors::unsqueeze), &[]),
        "Tile" => (Any(tensors::tile), &[]),
        "Transpose" => (Any(tensors::transpose), &["perm"]),
        "Conv" => (Any(windows::conv), &["kernel_shape", "strides", "dilations", "pads", "group"]),
        "ConvTranspose" => (
            Any(windows::conv_transpose),
            &["kernel_shape", "strides", "dilations", "pads", "output_padding"],
        ),
        "MaxPool" => (Any(windows::max_pool), &["kernel_shape", "strides", "pads"]),
        "AveragePool" => (Any(windows::average_pool), &["kernel_shape", "strides", "pads"]),
        "Resize" => (
            Any(windows::resize),
            &[
                "mode",
                "coordinate_transformation_mode",
                "nearest_mode",
                "cubic_coeff_a",
                "exclude_outside",
            ],
        ),
        "LSTM" => (Any(recurrent::lstm), &["hidden_size", "activations"]),
        "GRU" => (Any(recurrent::gru), &["hidden_size", "activations", "linear_before_reset"]),
        "RNN" => (Any(recurrent::rnn), &["hidden_size", "activations"]),
        "Scan" => (Any(recurrent::scan), &["body", "num_scan_inputs"]),
        _ => return None,
    })
}
