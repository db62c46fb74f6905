use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use serde_json::json;

use super::device_updates::clipped;
use super::on_device::KeptValue;
use super::state::clip;
use super::tests::{all, gradients, read, values, weights};
use super::*;
use crate::gpu::Status;
use crate::gpu::compiled::{Compiled, bytes, floats, nvcc_takes};
use crate::weights::Weights;
use crate::weights::constraints::Constraint;
use crate::weights::gradients::Gradients;

/// What the weights of the tests hold.
const SIZES: [usize; 2] = [12, 4];

/// Those of the optimizers that update on a device, in every variant.
fn on_devices() -> Vec<OptimizerEntry> {
    let mut those: Vec<OptimizerEntry> = [
        json!({"sgd": {"momentum": 0.9, "weight_decay": 0.01}}),
        json!({"sgd": {"momentum": 0.9, "nesterov": true, "clipvalue": 0.1}}),
        json!({"adam": {"amsgrad": true, "weight_decay": 0.004}}),
        json!({"adamw": {"use_ema": true, "gradient_accumulation_steps": 2}}),
        json!({"rmsprop": {"momentum": 0.9}}),
        json!({"lion": {"weight_decay": 0.1}}),
        json!({"rmsprop": {"centered": true, "use_ema": true, "ema_overwrite_frequency": 2}}),
        json!({"adam": {"loss_scale_factor": 3.0, "gradient_accumulation_steps": 3}}),
    ]
    .into_iter()
    .map(read)
    .collect();
    those.extend(
        [
            json!({"nadam": {"weight_decay": 0.004, "gradient_accumulation_steps": 2}}),
            json!({"ftrl": {"l1_regularization_strength": 0.01, "beta": 0.1}}),
            json!({"ftrl": {"l2_shrinkage_regularization_strength": 0.1, "clipvalue": 0.1}}),
            json!({"schedule_free_adamw": {"warmup_steps": 3, "weight_decay": 0.01}}),
        ]
        .map(read),
    );
    let weights = weights(None);
    let is_there = |entry: &OptimizerEntry| {
        let state = OptimizerState::new(entry, &weights).unwrap();
        state.host_only().is_none() && state.rule.by_tensors().is_none()
    };
    those.extend(all().into_iter().filter(is_there));
    assert!(those.len() > 20, "{}", those.len());
    those
}

fn vars(weights: &Weights) -> Vec<Var> {
    weights.trainable().map(|weight| weight.var.clone()).collect()
}

fn tensors(gradients: &Gradients) -> Vec<Tensor> {
    let tensor = |i| Tensor::new(gradients.get(i).unwrap(), &Device::Cpu).unwrap();
    (0..gradients.len()).map(tensor).collect()
}

/// One step as on a device.
fn update(state: &mut OptimizerState, weights: &Weights, gradients: &Gradients, status: &Status) {
    assert!(state.begin_on_device(&vars(weights)).unwrap().is_none());
    state.update_on_device(&tensors(gradients), status, None).unwrap();
}

fn variables(state: &OptimizerState) -> Vec<(String, Vec<f32>)> {
    let floats = |tensor: Tensor| {
        tensor.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
    };
    let all = state.variables().unwrap();
    all.into_iter().map(|(name, tensor)| (name, floats(tensor))).collect()
}

#[test]
fn what_is_kept_on_a_device_is_what_the_host_keeps_and_goes_back_to_it() {
    for entry in on_devices() {
        let (here, there) = (weights(None), weights(None));
        let mut host = OptimizerState::new(&entry, &here).unwrap();
        let mut device = OptimizerState::new(&entry, &there).unwrap();
        let mut status = Status::new(&Device::Cpu).unwrap();
        status.judge(&Tensor::new(0.5f32, &Device::Cpu).unwrap()).unwrap();
        for step in 0..6 {
            let mut scaled = gradients(step);
            scaled.scale(host.loss_scale());
            host.step(&here, &mut scaled).unwrap();
            if step == 4 {
                // one step on the host in between
                let mut scaled = gradients(step);
                scaled.scale(device.loss_scale());
                device.step(&there, &mut scaled).unwrap();
            } else {
                update(&mut device, &there, &gradients(step), &status);
            }
            assert_eq!(values(&here), values(&there), "{entry:?}");
            assert_eq!(variables(&host), variables(&device), "{entry:?}");
        }
        let stored = host.variables().unwrap();
        device.set_variables(&stored).unwrap();
        assert_eq!(variables(&host), variables(&device), "{entry:?}");
        assert_eq!(host.finalize(&here).unwrap(), device.finalize(&there).unwrap());
        assert_eq!(values(&here), values(&there), "{entry:?}");
    }
}

#[test]
fn after_a_loss_that_is_not_finite_nothing_is_updated() {
    let weights = weights(None);
    for (name, every) in [("adam", 1), ("nadam", 1), ("nadam", 2)] {
        let entry = read(json!({ name: {"gradient_accumulation_steps": every.max(2)} }));
        let entry = if every == 1 { read(json!(name)) } else { entry };
        let mut state = OptimizerState::new(&entry, &weights).unwrap();
        let mut status = Status::new(&Device::Cpu).unwrap();
        for step in 0..3 {
            update(&mut state, &weights, &gradients(step), &status);
        }
        let (before, kept) = (values(&weights), variables(&state));
        for loss in [f32::NAN, 1.0] {
            status.judge(&Tensor::new(loss, &Device::Cpu).unwrap()).unwrap();
            update(&mut state, &weights, &gradients(1), &status);
            state.step_numbers(); // as a launch does
        }
        state.take_back(2);
        assert_eq!((values(&weights), variables(&state)), (before, kept), "{name} {every}");
    }
}

#[test]
fn what_a_device_does_not_do_is_told() {
    let why = |json, constraint| {
        OptimizerState::new(&read(json), &weights(constraint)).unwrap().host_only()
    };
    let ftrl = json!({"ftrl": {"learning_rate_power": -0.4}});
    assert!(why(ftrl, None).unwrap().contains("no form for a GPU"));
    let scaled = json!({"loss_scale_optimizer": {"inner_optimizer": "adam"}});
    assert!(why(scaled, None).unwrap().contains("`loss_scale_optimizer`"));
    let constraint: Constraint = serde_json::from_value(json!("non_neg")).unwrap();
    for name in ["adam", "lamb", "adafactor", "muon"] {
        assert_eq!(why(json!(name), Some(constraint.clone())), None);
    }
}

#[test]
fn gradients_are_clipped_on_a_device_as_on_the_host() {
    for arguments in [
        json!({"clipnorm": 0.1}),
        json!({"clipnorm": 100.0}),
        json!({"global_clipnorm": 0.1}),
        json!({"global_clipnorm": 100.0}),
        json!({}),
    ] {
        let entry = read(json!({ "sgd": arguments }));
        for special in [0.25, f32::INFINITY, f32::NAN] {
            let mut host = gradients(1);
            host.place(0)[3] = special;
            let flat = Tensor::cat(&tensors(&host), 0).unwrap();
            clip(&entry.common, &mut host);
            let device = clipped(&entry.common, flat, &[0, 12, 16]).unwrap();
            let host = Tensor::cat(&tensors(&host), 0).unwrap().to_vec1::<f32>().unwrap();
            for (a, b) in device.to_vec1::<f32>().unwrap().iter().zip(&host) {
                let is_near = (a - b).abs() <= 1e-7 * b.abs() || a.is_nan() && b.is_nan() || a == b;
                assert!(is_near, "{arguments}: {a} {b}");
            }
        }
    }
}

/// Reads what a launch is given, runs every thread, and writes the weights, what is kept and the
/// gradients.
const MAIN: &str = "
static float w[16], g[16], state[16 * 5];
static int get(float *to, int n) { return fread(to, sizeof(float), n, stdin) == (size_t)n; }
int main(void) {
    float head[6], status[1] = { 1 };
    struct numbers c;
    int rows, blocks = 3;
    if (!get(head, 6) || !get(c.at, 16) || !get(w, 16) || !get(g, 16)) return 1;
    rows = (int)head[0];
    if (!get(state, 16 * rows)) return 1;
    {
        const long long pieces[9] = { (long long)w, 0, 9, (long long)(w + 9), 9, 3,
                                      (long long)(w + 12), 12, 4 };
        blockDim.x = 2; gridDim.x = 3;
        for (blockIdx.x = 0; blockIdx.x < (unsigned)blocks; blockIdx.x++)
            for (threadIdx.x = 0; threadIdx.x < 2; threadIdx.x++) {
                GATHER
            }
        for (blockIdx.x = 0; blockIdx.x < (unsigned)blocks; blockIdx.x++)
            for (threadIdx.x = 0; threadIdx.x < 2; threadIdx.x++)
                update(pieces, g, state, status, 16, &c, (u32)head[1]);
    }
    fwrite(w, sizeof(float), 16, stdout);
    fwrite(state, sizeof(float), 16 * rows, stdout);
    return 0;
}";

/// What is kept, row after row.
fn rows(state: &OptimizerState) -> Vec<f32> {
    let form = state.form();
    let mut rows = Vec::new();
    let kept = (0..form.slots).map(KeptValue::Slot);
    let kept = kept.chain(form.averages.then_some(KeptValue::Average));
    for kept in kept.chain(form.accumulates.then_some(KeptValue::Accumulator)) {
        for weight in 0..SIZES.len() {
            rows.extend_from_slice(&state.kept_values(weight, kept).unwrap());
        }
    }
    rows
}

#[test]
fn the_gpus_text_updates_to_the_same_bits() {
    let mut programs: BTreeMap<String, Compiled> = BTreeMap::new();
    for entry in on_devices() {
        if entry.common.clipnorm.or(entry.common.global_clipnorm).is_some() {
            continue; // a pass of its own, which the test above compares
        }
        let weights = weights(None);
        let mut state = OptimizerState::new(&entry, &weights).unwrap();
        let form = state.form();
        let (mut text, mut gather) = (form.update().whole(), "");
        if form.scales || form.accumulates {
            text += &form.gather().text;
            gather = "gather(g, state + 16 * (int)head[2], status, 16, (u32)head[1] & 1, head[3], head[4]);";
        }
        if !programs.contains_key(&text) {
            let main = MAIN.replace("GATHER", gather);
            let Some(program) = Compiled::of(&text, &main) else { return };
            programs.insert(text.clone(), program);
        }
        let program = &programs[&text];
        for step in 0..4 {
            let sums = form.slots + usize::from(form.averages);
            let before = (values(&weights), rows(&state));
            let mut gradients = gradients(step);
            let flat: Vec<f32> = (0..2).flat_map(|i| gradients.get(i).unwrap().to_vec()).collect();
            gradients.scale(state.loss_scale());
            let scalars = state.scalars.clone();
            let numbers = state.step_numbers();
            state.scalars = scalars; // the host's step begins again
            state.step(&weights, &mut gradients).unwrap();
            let head = [
                form.rows() as f32,
                f32::from(u8::from(numbers.is_real)),
                sums as f32,
                numbers.every,
                numbers.scale,
                0.0,
            ];
            let input = [&head[..], &numbers.list(), &before.0, &flat, &before.1].concat();
            let found = floats(&program.run(&bytes(&input)));
            let expected = [values(&weights), rows(&state)].concat();
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found), bits(&expected), "step {step} of {entry:?}");
        }
    }
}

#[test]
fn the_gpus_compiler_takes_every_update() {
    let forms = on_devices();
    let forms =
        forms.iter().map(|entry| OptimizerState::new(entry, &weights(None)).unwrap().form());
    let programs: Vec<_> = forms.flat_map(|form| [form.update(), form.gather()]).collect();
    nvcc_takes(&programs);
}
