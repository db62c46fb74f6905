//! A model in use, in this process: one row, and a million. Prints one JSON line.
//!
//!     cargo bench --bench predictor -- runs/loan-001

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use candle_core::Device;
use lanthorn::model::Model;
use lanthorn::model::Predictor;
use lanthorn::runtime::threads;

const ROWS: usize = 1_000_000;

fn main() {
    threads::start(threads::default_count());
    let Some(path) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        println!("name a run or a model: cargo bench --bench predictor -- runs/loan-001");
        return;
    };
    let start = Instant::now();
    let predictor = Predictor::new(Model::load(path.as_ref(), &Device::Cpu).unwrap()).unwrap();
    let load = start.elapsed().as_secs_f64();
    let width = predictor.model().network.spec().input.elements();
    let features: Vec<f32> = (0..ROWS * width).map(|i| (i * 7919 % 101) as f32 / 100.0).collect();
    let mut values = vec![0.0; ROWS * predictor.width()];

    let mut one = f64::INFINITY;
    let (row, value) = (&features[..width], &mut vec![0.0; predictor.width()]);
    for _ in 0..20 {
        let start = Instant::now();
        (0..1000).for_each(|_| predictor.predict_into(row, value).unwrap());
        one = one.min(start.elapsed().as_secs_f64() / 1000.0);
    }
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            predictor.predict_into(&features, &mut values).unwrap();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let us = 1e6 * one;
    println!(
        r#"{{"load_s": {load:.6}, "us_one_row": {us:.4}, "s_million_rows": {:.5}}}"#,
        times[3]
    );
}
