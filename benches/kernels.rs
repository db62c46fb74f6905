//! Each layer's step (forward, mean squared error, gradients) three ways: by kernels alone, the same kernel
//! as a custom op in candle's autograd, and its reference composed of candle ops.
//!
//!     cargo bench --bench kernels                 all
//!     cargo bench --bench kernels -- conv lstm    those whose names hold one of the words
//!
//! Each figure is the median of groups of steps, in alternation between the ways. One thread;
//! LANTHORN_THREADS=2 for more.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use candle_core::Device;
use lanthorn::config::Node;
use lanthorn::data::Memory;
use lanthorn::losses::LossEntry;
use lanthorn::model::{CpuEngine, DataFacts, GraphEngine, Network, Task};
use lanthorn::runtime::threads;
use lanthorn::sections::Config;
use lanthorn::training::Spec;
use serde_json::{Value, json};

/// Groups of steps that a median is taken over.
const GROUPS: usize = 7;
/// How long a group lasts, about.
const GROUP: Duration = Duration::from_millis(40);

fn main() {
    let count = std::env::var("LANTHORN_THREADS").ok().and_then(|n| n.parse().ok());
    let count = count.unwrap_or(1);
    // SAFETY: the first thing that `main` does; no other thread runs yet.
    #[allow(unsafe_code)]
    unsafe {
        threads::tell_candle(count);
    }
    threads::start(count);
    threads::within(measure_all);
}

fn measure_all() {
    let words: Vec<String> = std::env::args().skip(1).filter(|w| !w.starts_with("--")).collect();
    println!(
        "{:44}{:>11}{:>11}{:>11}{:>8}",
        "µs a step", "kernels", "autograd", "reference", "ratio"
    );
    for (name, input, batch, layers) in cases() {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            let [kernels, autograd, reference] = measure(&input, batch, &layers);
            let ratio = reference / kernels;
            println!("{name:44}{kernels:>11.2}{autograd:>11.2}{reference:>11.2}{ratio:>7.1}x");
        }
    }
}

/// Name, input shape, batch, layers. A dense layer of one unit first where a layer has no weight of
/// its own, so that there is a gradient to flow back.
fn cases() -> Vec<(&'static str, Value, usize, Value)> {
    let relu = |units: usize| json!({"dense": {"units": units, "activation": "relu"}});
    vec![
        ("dense 8→16 relu, batch 10", json!([8]), 10, json!([relu(16)])),
        ("dense 784→512 relu, batch 128", json!([784]), 128, json!([relu(512)])),
        (
            "dense 37→101 gelu, batch 50",
            json!([37]),
            50,
            json!([{"dense": {"units": 101, "activation": "gelu"}}]),
        ),
        (
            "dense 64→10 softmax, batch 128",
            json!([64]),
            128,
            json!([{"dense": {"units": 10, "activation": "softmax"}}]),
        ),
        (
            "conv1d 3x16→32, batch 32",
            json!([100, 16]),
            32,
            json!([{"conv1d": {"filters": 32, "kernel_size": 3}}]),
        ),
        (
            "conv2d 3x3x32→64, batch 16",
            json!([26, 26, 32]),
            16,
            json!([{"conv2d": {"filters": 64, "kernel_size": 3, "activation": "relu"}}]),
        ),
        (
            "conv2d 3x3x16→32 strides 2 same, batch 16",
            json!([28, 28, 16]),
            16,
            json!([{"conv2d": {"filters": 32, "kernel_size": 3, "strides": 2, "padding": "same"}}]),
        ),
        (
            "depthwise_conv2d 3x3x32, batch 16",
            json!([28, 28, 32]),
            16,
            json!([{"depthwise_conv2d": {"kernel_size": 3}}]),
        ),
        (
            "separable_conv2d 3x3x32→64, batch 16",
            json!([28, 28, 32]),
            16,
            json!([{"separable_conv2d": {"filters": 64, "kernel_size": 3}}]),
        ),
        (
            "conv2d_transpose 3x3x16→16 strides 2, batch 8",
            json!([14, 14, 16]),
            8,
            json!([{"conv2d_transpose": {"filters": 16, "kernel_size": 3, "strides": 2}}]),
        ),
        (
            "dense 1→16, max_pooling2d 2, batch 32",
            json!([24, 24, 1]),
            32,
            json!([relu(16), {"max_pooling2d": {"pool_size": 2}}]),
        ),
        (
            "dense 1→16, average_pooling2d 2, batch 32",
            json!([24, 24, 1]),
            32,
            json!([relu(16), {"average_pooling2d": {"pool_size": 2}}]),
        ),
        (
            "dense 50→128, batch_normalization, batch 256",
            json!([50]),
            256,
            json!([relu(128), "batch_normalization"]),
        ),
        (
            "dense 50→128, layer_normalization, batch 256",
            json!([50]),
            256,
            json!([relu(128), "layer_normalization"]),
        ),
        (
            "dense 50→128, dropout, batch 256",
            json!([50]),
            256,
            json!([relu(128), {"dropout": {"rate": 0.3}}]),
        ),
        ("lstm 16→64, 50 steps, batch 64", json!([50, 16]), 64, json!([{"lstm": {"units": 64}}])),
        ("gru 16→32, 30 steps, batch 32", json!([30, 16]), 32, json!([{"gru": {"units": 32}}])),
        (
            "simple_rnn 8→16, 20 steps, batch 10",
            json!([20, 8]),
            10,
            json!([{"simple_rnn": {"units": 16}}]),
        ),
    ]
}

/// Microseconds a step: by kernels, by autograd over kernels, by the reference.
fn measure(input: &Value, batch: usize, layers: &Value) -> [f64; 3] {
    let config: Config =
        Node::from_json(&json!({"model": {"input_shape": input, "layers": layers}}))
            .read()
            .unwrap();
    let spec = Spec::resolve(&config, &DataFacts::default()).unwrap();
    let loss: LossEntry = Node::from_json(&json!("mean_squared_error")).read().unwrap();
    let build = || Network::build(&spec.model, 1, &Device::Cpu).unwrap();
    let models = [build(), build(), build().without_kernels()];
    let [one, two, three] = &models;
    let mut kernels = CpuEngine::of(one).unwrap();
    let mut graphs = [GraphEngine::new(two), GraphEngine::new(three)];

    let numbers = |n: usize| (0..n).map(|i| (i * 7919 % 101) as f32 / 50.0 - 1.0).collect();
    let x: Vec<f32> = numbers(batch * spec.model.input.elements());
    let y: Vec<f32> = numbers(batch * spec.model.output().elements());
    let (width, y_shape) = (spec.model.input.elements(), spec.model.output().dims());
    let samples = Memory::new(&x, width, &y, y_shape, None);
    let rows: Vec<u64> = (0..batch as u64).collect();
    let mut step = |way: usize| {
        let task = Task { network: &models[way], loss: &loss, samples: &samples };
        match way {
            0 => drop(kernels.gradients(&task, &rows, 1, 1.0).unwrap()),
            _ => drop(graphs[way - 1].gradients(&task, &rows, 1, 1.0).unwrap()),
        }
    };
    let counts = [0, 1, 2].map(|way| {
        step(way);
        let start = Instant::now();
        step(way);
        (GROUP.as_secs_f64() / start.elapsed().as_secs_f64()).ceil() as usize
    });
    let mut times = [vec![], vec![], vec![]];
    for _ in 0..GROUPS {
        for (way, count) in counts.into_iter().enumerate() {
            let start = Instant::now();
            (0..count).for_each(|_| step(way));
            times[way].push(1e6 * start.elapsed().as_secs_f64() / count as f64);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
