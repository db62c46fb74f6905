//! The kernels give what the layers composed of candle ops give, value and gradient.

use candle_core::{Device, Tensor, Var};
use serde_json::{Value, json};

use super::{Cell, RecurrentKernel};
use crate::Shape;
use crate::activations::Activation;
use crate::config::Node;
use crate::kernels::{Kernel, Pass, Saved};
use crate::layers::apply_kernel;
use crate::layers::{Context, LayerEntry, Signal};
use crate::random::Random;
use crate::weights::Weights;

const STEPS: usize = 5;
const FEATURES: usize = 3;

/// The output and the gradients of the input and of every weight; batches of several groups.
fn run(layer: &Value, batch: usize, masked: bool, kernel: bool) -> Vec<Vec<f32>> {
    let entry: LayerEntry = Node::from_json(layer).read().unwrap();
    let random = Random::new(5);
    let mut weights = Weights::new(random, &Device::Cpu);
    let shape = Shape(vec![STEPS, FEATURES]);
    let output = entry.item.output_shape(&shape).unwrap();
    let layer = entry.item.build(&shape, &mut weights.scope("layer", true)).unwrap();
    let numbers = |n: usize, purpose: &str| -> Vec<f32> {
        let mut stream = random.stream(purpose, "", 0);
        (0..n).map(|_| stream.normal()).collect()
    };
    for weight in weights.iter() {
        let values = numbers(weight.elements(), &weight.path());
        weight.set(&Tensor::from_vec(values, weight.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    let dims = (batch, STEPS, FEATURES);
    let x = numbers(batch * STEPS * FEATURES, "x");
    let x = Var::from_tensor(&Tensor::from_vec(x, dims, &Device::Cpu).unwrap()).unwrap();
    let mut stream = random.stream("mask", "", 0);
    let mask: Vec<f32> =
        (0..batch * STEPS).map(|_| if stream.uniform() < 0.4 { 0.0 } else { 1.0 }).collect();
    let mask = Tensor::from_vec(mask, (batch, STEPS), &Device::Cpu).unwrap();
    let signal = Signal { tensor: x.as_tensor().clone(), mask: masked.then_some(mask) };
    let mut context = Context::training(3, &random);
    let y = if kernel {
        apply_kernel(&layer.to_kernel().unwrap(), &output, signal, &mut context).unwrap()
    } else {
        layer.forward(signal, &mut context).unwrap()
    };
    let dy = numbers(y.tensor.elem_count(), "dy");
    let dy = Tensor::from_vec(dy, y.tensor.dims(), &Device::Cpu).unwrap();
    let gradients = (&y.tensor * dy).unwrap().sum_all().unwrap().backward().unwrap();
    let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let mut all = vec![flat(&y.tensor), flat(gradients.get(&x).unwrap())];
    all.extend(weights.iter().map(|weight| flat(gradients.get(&weight.var).unwrap())));
    all
}

#[track_caller]
fn assert_agree(layer: &Value, masked: bool) {
    let (ours, theirs) = (run(layer, 37, masked, true), run(layer, 37, masked, false));
    for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            let near = (a - b).abs() <= 2e-4 * (1.0 + b.abs());
            assert!(near, "{layer}, masked {masked}, number {index}: {a}, candle {b}");
        }
    }
}

#[test]
fn kernels_agree_with_candle_ops() {
    let cells = [
        ("simple_rnn", json!({})),
        ("lstm", json!({})),
        ("lstm", json!({ "activation": "softplus", "recurrent_activation": "softmax" })),
        ("gru", json!({})),
        ("gru", json!({ "reset_after": false })),
        ("gru", json!({ "activation": "mish", "recurrent_activation": "hard_sigmoid" })),
    ];
    let options = [
        json!({}),
        json!({ "return_sequences": true, "dropout": 0.3 }),
        json!({ "return_sequences": true, "go_backwards": true, "zero_output_for_mask": true }),
        json!({ "go_backwards": true, "use_bias": false, "zero_output_for_mask": true }),
    ];
    for (cell, base) in &cells {
        for option in &options {
            let mut arguments = base.as_object().unwrap().clone();
            arguments.extend(option.as_object().unwrap().clone());
            arguments.insert("units".into(), json!(4));
            let layer = json!({ *cell: arguments });
            for masked in [false, true] {
                assert_agree(&layer, masked);
                assert_agree(&json!({ "bidirectional": { "layer": layer.clone() } }), masked);
            }
        }
    }
}

#[test]
fn wide_cells_agree_with_candle_ops() {
    // a register and a part of one
    assert_agree(&json!({ "lstm": { "units": 20 } }), true);
    assert_agree(&json!({ "gru": { "units": 20 } }), true);
}

/// A kernel without a seed, over 70 steps of 3 numbers.
fn kernel(cell: Cell, units: usize, return_sequences: bool) -> RecurrentKernel {
    RecurrentKernel {
        cell,
        steps: 70,
        features: FEATURES,
        units,
        activation: Activation::tanh(),
        recurrent_activation: Activation::sigmoid(),
        return_sequences,
        go_backwards: return_sequences,
        zero_output_for_mask: false,
        dropout: 0.0,
        seed: None,
        stream: String::new(),
    }
}

#[test]
fn a_pass_that_is_forward_only_gives_the_same_and_no_sample_depends_on_another() {
    let random = Random::new(1);
    let numbers = |n: usize, purpose: &str| -> Vec<f32> {
        let mut stream = random.stream(purpose, "", 0);
        (0..n).map(|_| stream.normal() * 0.15).collect()
    };
    let cells = [
        Cell::SimpleRnn,
        Cell::Lstm,
        Cell::Gru { reset_after: true },
        Cell::Gru { reset_after: false },
    ];
    for (cell, units) in cells.into_iter().flat_map(|cell| [(cell, 5), (cell, 20)]) {
        for (batch, sequences) in [(1, true), (5, false), (37, true)] {
            let kernel = kernel(cell, units, sequences);
            let columns = cell.gates() * units;
            let biases = if cell == (Cell::Gru { reset_after: true }) { 2 } else { 1 };
            let weights = [FEATURES * columns, units * columns, biases * columns]
                .map(|n| numbers(n, &n.to_string()));
            let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
            let (size, output) = (kernel.steps * FEATURES, kernel.output_row());
            let (x, mask) = (numbers(batch * size, "x"), numbers(batch * kernel.steps, "mask"));
            let mask: Vec<f32> = mask.iter().map(|m| f32::from(u8::from(*m > -0.1))).collect();
            let run = |first: usize, batch: usize, forward_only| {
                let mask = &mask[first * kernel.steps..][..batch * kernel.steps];
                let pass = Pass::of_use(batch, &random);
                let pass = Pass { forward_only, mask: Some(mask), ..pass };
                let mut y = vec![f32::NAN; batch * output];
                let x = &x[first * size..][..batch * size];
                kernel.forward(&pass, x, &weights, &mut y, &mut Saved::default());
                y
            };
            let (kept, only) = (run(0, batch, false), run(0, batch, true));
            for (a, b) in kept.iter().zip(&only) {
                assert!((a - b).abs() < 1e-5, "{cell:?} {units} {batch}: {a} {b}");
            }
            for sample in [0, batch / 2, batch - 1] {
                let alone = run(sample, 1, true);
                assert_eq!(alone, only[sample * output..][..output], "{cell:?} {units} {batch}");
            }
        }
    }
}

#[test]
fn merged_directions_agree_with_candle_ops() {
    for merge in ["concat", "sum", "mul", "ave"] {
        for sequences in [false, true] {
            let layer = json!({ "gru": { "units": 4, "return_sequences": sequences } });
            let both = json!({ "bidirectional": { "layer": layer, "merge_mode": merge } });
            assert_agree(&both, true);
        }
    }
    let forward = json!({ "lstm": { "units": 4 } });
    let backward = json!({ "simple_rnn": { "units": 3, "go_backwards": true } });
    assert_agree(
        &json!({ "bidirectional": { "layer": forward, "backward_layer": backward } }),
        true,
    );
    assert_agree(&json!({ "time_distributed": { "layer": { "dense": { "units": 4 } } } }), false);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let layer = json!({ "lstm": { "units": 40, "return_sequences": true } });
    let with = |threads: usize| {
        let pool = crate::threads::build(threads).unwrap();
        pool.install(|| run(&layer, 70, true, true))
    };
    let bits =
        |all: Vec<Vec<f32>>| -> Vec<u32> { all.into_iter().flatten().map(f32::to_bits).collect() };
    assert_eq!(bits(with(1)), bits(with(3)));
}

#[test]
fn dropout_keeps_the_share_that_it_says() {
    let mut values = vec![0.0; 10_000];
    let random = Random::new(1);
    super::keep(random.key("dropout", "", 0), 0.25).fill(&mut values);
    let kept = values.iter().filter(|value| **value > 0.0).count();
    assert!((7_300..7_700).contains(&kept), "{kept}");
    assert!(values.iter().all(|value| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6));
    for rate in [1.0 / 3.0, 0.1, 0.999_999_99] {
        super::keep(random.key("dropout", "", 0), rate).fill(&mut values);
        let (mut stream, scale) = (random.stream("dropout", "", 0), (1.0 / (1.0 - rate)) as f32);
        for value in &values {
            let expected = if f64::from(stream.uniform()) >= rate { scale } else { 0.0 };
            assert_eq!(*value, expected, "{rate}");
        }
    }
    super::keep(random.key("dropout", "", 0), 1.0).fill(&mut values);
    assert!(values.iter().all(|value| *value == 0.0));
}
