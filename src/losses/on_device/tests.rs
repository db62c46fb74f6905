use std::collections::{BTreeMap, BTreeSet};

use candle_core::{Device, Var};
use serde_json::json;

use super::*;
use crate::config::Node;
use crate::gpu::compiled::{Compiled, bytes, floats, nvcc_takes};
use crate::losses::LossEntry;
use crate::losses::slices::tests::{assert_close, entries, numbers, tensor};

/// Shapes of predictions.
const SHAPES: [&[usize]; 6] = [&[5, 1], &[20, 1], &[6, 2], &[7, 5], &[3, 19], &[4, 3, 2]];

/// Class numbers for these predictions, and a number for each.
fn targets(dims: &[usize]) -> [Tensor; 2] {
    let (rows, width) = dims.split_at(dims.len() - 1);
    let classes: Vec<f32> = (0..rows.iter().product()).map(|i| (i * 3 % width[0]) as f32).collect();
    [tensor(&classes, rows), tensor(&numbers(dims.iter().product(), 2), dims)]
}

fn list(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn one_op_gives_what_candles_ops_give() {
    let mut with_programs = BTreeSet::new();
    for entry in entries() {
        for dims in SHAPES {
            let (samples, rows) = (dims[0], &dims[..dims.len() - 1]);
            let prediction = tensor(&numbers(dims.iter().product(), 1), dims);
            let of_rows = numbers(rows.iter().product(), 3);
            let mask: Vec<f32> = of_rows.iter().map(|x| f32::from(u8::from(*x > 0.3))).collect();
            let mask = tensor(&mask, rows);
            let weights = [tensor(&numbers(samples, 4), &[samples]), tensor(&of_rows, rows)];
            let weights = [None, Some(&weights[0]), Some(&weights[1])];
            for target in targets(dims) {
                for (mask, weight) in
                    [None, Some(&mask)].into_iter().flat_map(|mask| weights.map(|w| (mask, w)))
                {
                    let what = format!("{entry:?} over {dims:?}, {mask:?} {weight:?}");
                    let var = Var::from_tensor(&prediction).unwrap();
                    let Some(ours) = entry.by_program(&target, &var, mask, weight).unwrap() else {
                        continue;
                    };
                    let theirs = entry.compute(&target, &var, mask, weight).unwrap();
                    with_programs.insert(entry.kind.name);
                    assert_close(&what, &list(&ours), &list(&theirs));
                    let slopes = |loss: &Tensor| {
                        list(loss.affine(3.0, 1.0).unwrap().backward().unwrap().get(&var).unwrap())
                    };
                    assert_close(&what, &slopes(&ours), &slopes(&theirs));
                }
            }
        }
    }
    let expected = [
        "binary_crossentropy",
        "categorical_crossentropy",
        "crossentropy",
        "huber",
        "log_cosh",
        "mean_absolute_error",
        "mean_squared_error",
        "poisson",
        "sparse_categorical_crossentropy",
    ];
    assert_eq!(with_programs.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_large_batch_is_summed_in_parts() {
    let entry: LossEntry = Node::from_json(&json!("mse")).read().unwrap();
    let dims = [4000, 20];
    let (p, y) = (tensor(&numbers(80000, 1), &dims), tensor(&numbers(80000, 2), &dims));
    let var = Var::from_tensor(&p).unwrap();
    assert_eq!(LossOp::of(&entry.item, &y, &p).unwrap().sums().elem_count(), 3);
    let ours = entry.by_program(&y, &var, None, None).unwrap().unwrap();
    let theirs = entry.compute(&y, &var, None, None).unwrap();
    assert_close("mse", &list(&ours), &list(&theirs));
    let slopes = |loss: &Tensor| list(loss.backward().unwrap().get(&var).unwrap());
    assert_close("mse", &slopes(&ours), &slopes(&theirs));
}

/// Reads what launches are given, runs every thread, and writes the sums and the gradient.
const MAIN: &str = "
static float h[10], p[128], y[128], f[128], up[128], sums[128], g[128];
static int get(float *to, int n) { return fread(to, sizeof(float), n, stdin) == (size_t)n; }
int main(void) {
    u64 n[8];
    int i;
    if (!get(h, 10)) return 1;
    for (i = 0; i < 7; i++) n[i] = (u64)h[i];
    if (!get(p, n[0]) || !get(y, n[1]) || !get(f, n[1]) || !get(up, n[2])) return 1;
    blockDim.x = 3;
    gridDim.x = (u32)n[2];
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++)
            loss(p, y, f, sums, n[3], n[4], n[5], n[6], h[7], h[8], h[9]);
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++)
            loss_gradient(y, f, up, p, g, n[3], n[4], n[5], n[6], h[7], h[8], h[9]);
    fwrite(sums, sizeof(float), n[2], stdout);
    fwrite(g, sizeof(float), n[0], stdout);
    return 0;
}";

#[test]
fn the_gpus_text_computes_the_same() {
    let mut programs: BTreeMap<String, Compiled> = BTreeMap::new();
    for entry in entries() {
        for (dims, target) in SHAPES.iter().flat_map(|dims| targets(dims).map(|t| (dims, t))) {
            let prediction = tensor(&numbers(dims.iter().product(), 1), dims);
            let Some(op) = LossOp::of(&entry.item, &target, &prediction) else { continue };
            let text = op.program("loss").whole() + include_str!("loss_gradient.cu");
            if !programs.contains_key(&text) {
                let Some(program) = Compiled::of(&text, MAIN) else { return };
                programs.insert(text.clone(), program);
            }
            for run in [0, 1, 2] {
                let run = if op.in_c.item == LossItem::Row { run } else { run * op.width };
                // blocks of whole rows, each with more than one
                let share = if op.in_c.item == LossItem::Row { 2 } else { 2 * op.width };
                let op = LossOp { run, share, scale: 0.7, ..op.clone() };
                let blocks = op.sums().elem_count();
                let factors = numbers(target.elem_count(), 5);
                let upstream: Vec<f32> = (0..blocks).map(|i| 0.5 + i as f32).collect();
                let sizes = [prediction.elem_count(), target.elem_count(), blocks];
                let sizes = [&sizes[..], &[op.count, op.width, run, share]].concat();
                let mut input: Vec<f32> = sizes.iter().map(|n| *n as f32).collect();
                input.push(op.scale);
                input.extend(op.in_c.numbers);
                for part in [list(&prediction), list(&target), factors.clone(), upstream.clone()] {
                    input.extend(part);
                }
                let found = floats(&programs[&text].run(&bytes(&input)));
                let (factors, upstream) =
                    (tensor(&factors, &[factors.len()]), tensor(&upstream, &[blocks]));
                let sums = prediction.apply_op3(&target, &factors, op.clone()).unwrap();
                let gradient = op.bwd(&prediction, &target, &factors, &sums, &upstream).unwrap();
                let what = format!("{entry:?} over {dims:?}, run {run}");
                assert_close(&what, &found[..blocks], &list(&sums));
                assert_close(&what, &found[blocks..], &list(&gradient.0.unwrap()));
            }
        }
    }
    assert_eq!(programs.len(), if programs.is_empty() { 0 } else { 11 });
}

#[test]
fn the_gpus_compiler_takes_the_texts() {
    let mut seen = BTreeSet::new();
    let dims = [6, 2];
    let prediction = Tensor::zeros(&dims, DType::F32, &Device::Cpu).unwrap();
    for (entry, target) in entries().iter().flat_map(|e| targets(&dims).map(|t| (e, t))) {
        let Some(op) = LossOp::of(&entry.item, &target, &prediction) else { continue };
        for program in ["loss", "loss_gradient"].map(|name| op.program(name)) {
            if seen.insert(program.text.clone()) {
                nvcc_takes(&[program]);
            }
        }
    }
}

/// The derivative of the loss by each prediction, by differences.
#[test]
fn gradients_are_those_of_finite_differences() {
    const STEP: f32 = 5e-3;
    let mut seen = 0;
    for (entry, dims) in
        entries().iter().flat_map(|entry| [[6, 2], [7, 5]].map(|dims| (entry, dims)))
    {
        let scale = |values: &[f32], from: f32| -> Vec<f32> {
            values.iter().map(|x| from + x * 0.6).collect() // away from clips and corners
        };
        let values = scale(&numbers(dims[0] * dims[1], 1), 0.2);
        let columns = targets(&dims).map(|target| match target.rank() {
            1 => target,
            _ => tensor(&scale(&numbers(dims[0] * dims[1], 2), 0.213), &dims),
        });
        let weights = tensor(&numbers(dims[0], 4), &dims[..1]);
        for target in columns {
            let loss = |values: &[f32]| {
                entry.by_program(&target, &tensor(values, &dims), None, Some(&weights)).unwrap()
            };
            if loss(&values).is_none() {
                continue;
            }
            let var = Var::from_tensor(&tensor(&values, &dims)).unwrap();
            let at = entry.by_program(&target, &var, None, Some(&weights)).unwrap().unwrap();
            let slopes = list(at.backward().unwrap().get(&var).unwrap());
            for (i, slope) in slopes.iter().enumerate() {
                let moved = |by: f32| {
                    let mut moved = values.clone();
                    moved[i] += by;
                    loss(&moved).unwrap().to_scalar::<f32>().unwrap()
                };
                let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let is_near = (difference - slope).abs() <= 2e-3 + 1e-2 * slope.abs();
                assert!(is_near, "{entry:?} over {dims:?}: {slope}, by differences {difference}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}
