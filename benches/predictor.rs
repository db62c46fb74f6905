//! A model in use, in this process: microseconds a call of 1, 8, 64 and 1,024 rows, and where rows are
//! narrow, seconds of a million. Prints one JSON line.
//!
//!     cargo bench --bench predictor -- runs/loan-001

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use candle_core::Device;
use lanthorn::model::Model;
use lanthorn::model::Predictor;
use lanthorn::runtime::threads;

/// Rows of a call.
const COUNTS: [usize; 4] = [1, 8, 64, 1024];
/// Rows that are kept ready.
const ROWS: usize = 20_000;
const MILLION: usize = 1_000_000;

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
    let kept = if millions(width) { ROWS } else { COUNTS[3] };
    let features: Vec<f32> = (0..kept * width).map(|i| (i * 7919 % 101) as f32 / 100.0).collect();
    let mut values = vec![0.0; kept * predictor.width()];
    let mut us = Vec::new();
    for rows in COUNTS {
        let (features, values) =
            (&features[..rows * width], &mut values[..rows * predictor.width()]);
        let run = || predictor.predict_into(features, values).unwrap();
        us.push(1e6 * fastest(run));
    }
    let one = us[0];
    let us = COUNTS.iter().zip(&us).map(|(rows, us)| format!(r#""{rows}": {us:.4}"#));
    let us: Vec<String> = us.collect();
    let million = if millions(width) {
        let times = (0..7).map(|_| {
            let start = Instant::now();
            let blocks = MILLION / ROWS;
            (0..blocks).for_each(|_| predictor.predict_into(&features, &mut values).unwrap());
            start.elapsed().as_secs_f64()
        });
        let mut times: Vec<f64> = times.collect();
        times.sort_by(f64::total_cmp);
        format!(r#", "s_million_rows": {:.5}"#, times[3])
    } else {
        String::new()
    };
    println!(
        r#"{{"load_s": {load:.6}, "us_one_row": {one:.4}, "us": {{{}}}{million}}}"#,
        us.join(", ")
    );
}

/// Whether rows are narrow enough for a million of them.
fn millions(width: usize) -> bool {
    width <= 64
}

/// Seconds of one call: the least of the means of groups, for half a second or ten calls.
fn fastest(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let calls = (0.02 / once).ceil().clamp(1.0, 10_000.0) as usize;
    let groups = (0.5 / (once * calls as f64)).ceil().clamp(3.0, 25.0) as usize;
    let group = |_| {
        let start = Instant::now();
        (0..calls).for_each(|_| run());
        start.elapsed().as_secs_f64() / calls as f64
    };
    (0..groups).map(group).fold(f64::INFINITY, f64::min)
}
