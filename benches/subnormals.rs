//! Numbers that decay below f32's normal range, where many processors take 150 cycles an operation:
//! an Adam whose moments decay for 5,000 steps, and a GRU whose gradients vanish over 500. Prints the
//! slowest step beside the first, and what this processor's cliff is where nothing is flushed.
//!
//!     cargo bench --bench subnormals

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;

use candle_core::Device;
use lanthorn::config::Node;
use lanthorn::data::Memory;
use lanthorn::losses::LossEntry;
use lanthorn::model::{CpuEngine, DataFacts, Gradients, Network, Task};
use lanthorn::optimizers::{OptimizerEntry, OptimizerState};
use lanthorn::runtime::threads;
use lanthorn::sections::Config;
use lanthorn::training::Spec;
use serde_json::{Value, json};

fn main() {
    threads::start(threads::default_count());
    println!("{:52}{:>10.1}x", "this processor: subnormal products, not flushed", processor());
    let [first, slowest] = threads::within(adam);
    println!("{:52}{:>10.2}x  ({first:.0} µs)", "adam, 5,000 steps of decay", slowest / first);
    let [few, many] = threads::within(|| [50, 500].map(gru));
    println!(
        "{:52}{:>10.2}x  ({few:.0} µs)",
        "gru, a time step of 500 beside one of 50",
        many / few
    );
}

/// How much longer a product takes whose operand is subnormal, on a thread that doesn't flush.
fn processor() -> f64 {
    let time = |value: f32| {
        let values = vec![value; 4096];
        let start = Instant::now();
        for _ in 0..2000 {
            let sum: f32 = black_box(&values).iter().map(|x| x * black_box(0.5)).sum();
            black_box(sum);
        }
        start.elapsed().as_secs_f64()
    };
    time(1e-3);
    time(1e-39) / time(1e-3)
}

fn model(input: &Value, layers: &Value) -> (Spec, Network) {
    let config = json!({"model": {"input_shape": input, "layers": layers}});
    let config: Config = Node::from_json(&config).read().unwrap();
    let spec = Spec::resolve(&config, &DataFacts::default()).unwrap();
    let model = Network::build(&spec.model, 1, &Device::Cpu).unwrap();
    (spec, model)
}

/// Microseconds a step, of the first 100 steps and of the slowest 100.
fn adam() -> [f64; 2] {
    let (_, model) = model(&json!([512]), &json!([{"dense": {"units": 512}}]));
    let entry: OptimizerEntry = Node::from_json(&json!("adam")).read().unwrap();
    let mut state = OptimizerState::new(&entry, model.weights()).unwrap();
    let gradients = |value: f32| {
        let mut gradients = Gradients::new(model.weights());
        gradients.each(|_, values| values.fill(value));
        gradients
    };
    // squared, the second moment starts just above the subnormal numbers
    state.step(model.weights(), &mut gradients(1e-17)).unwrap();
    let mut zero = gradients(0.0);
    let times: Vec<f64> = (0..50)
        .map(|_| {
            let start = Instant::now();
            (0..100).for_each(|_| state.step(model.weights(), &mut zero).unwrap());
            1e4 * start.elapsed().as_secs_f64()
        })
        .collect();
    [times[0], times.iter().copied().fold(0.0, f64::max)]
}

/// Microseconds for each time step of a training step, at best of several.
fn gru(steps: usize) -> f64 {
    let (spec, model) = model(&json!([steps, 8]), &json!([{"gru": {"units": 64}}]));
    let loss: LossEntry = Node::from_json(&json!("mean_squared_error")).read().unwrap();
    let mut engine = CpuEngine::of(&model).unwrap();
    let numbers = |n: usize| (0..n).map(|i| (i * 7919 % 101) as f32 / 50.0 - 1.0).collect();
    let (x, y): (Vec<f32>, Vec<f32>) = (numbers(32 * steps * 8), numbers(32 * 64));
    let y_shape = spec.model.output().dims();
    let samples = Memory::new(&x, steps * 8, &y, y_shape, None);
    let rows: Vec<u64> = (0..32).collect();
    let task = Task { network: &model, loss: &loss, samples: &samples };
    let times = (0..10).map(|step| {
        let start = Instant::now();
        engine.gradients(&task, &rows, step, 1.0).unwrap();
        1e6 * start.elapsed().as_secs_f64() / steps as f64
    });
    times.fold(f64::INFINITY, f64::min)
}
