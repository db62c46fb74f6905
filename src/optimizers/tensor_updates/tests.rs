use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};

use crate::gpu::Status;
use crate::optimizers::tests::{read, values};
use crate::optimizers::{OptimizerEntry, OptimizerState};
use crate::random::Random;
use crate::weights::constraints::Constraint;
use crate::weights::gradients::Gradients;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{WeightOptions, WeightSpec, Weights};

/// A matrix of each form, a bias, an embedding and a filter.
const SHAPES: [(&str, &[usize]); 5] = [
    ("dense", &[3, 4]),
    ("dense_1", &[5, 2]),
    ("bias", &[4]),
    ("embedding", &[5, 2]),
    ("conv2d", &[2, 3, 2, 2]),
];

fn weights(constraint: Option<&Constraint>) -> Weights {
    let mut weights = Weights::new(Random::new(1), &Device::Cpu);
    for (layer, shape) in SHAPES {
        let options = &WeightOptions {
            constraint: constraint.cloned(),
            ..WeightOptions::new(Initializer::random_uniform())
        };
        let stored = Stored::plain("kernel");
        let spec = WeightSpec { name: "kernel", shape, options, stored };
        weights.scope(layer, true).weight(spec).unwrap();
    }
    weights
}

fn gradients(step: usize) -> Gradients {
    let mut all = Gradients::zeros(SHAPES.map(|(_, shape)| shape.iter().product()));
    let value = |i: usize| ((i * 7 + i * i + step * 3) % 11) as f32 * 0.1 - 0.45;
    all.each(|weight, values| (0..).zip(values).for_each(|(i, to)| *to = value(i + weight)));
    all
}

fn tensors(gradients: &Gradients) -> Vec<Tensor> {
    let tensor = |(i, (_, shape)): (usize, &(&str, &[usize]))| {
        Tensor::from_slice(gradients.get(i).unwrap(), *shape, &Device::Cpu).unwrap()
    };
    SHAPES.iter().enumerate().map(tensor).collect()
}

fn variables(state: &OptimizerState) -> Vec<(String, Vec<f32>)> {
    let floats = |tensor: Tensor| {
        tensor.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
    };
    let all = state.variables().unwrap();
    all.into_iter().map(|(name, tensor)| (name, floats(tensor))).collect()
}

fn entries() -> Vec<OptimizerEntry> {
    let mut all = vec![
        json!({"muon": {"nesterov": false, "rms_rate": 0.0, "exclude_layers": ["dense_1"]}}),
        json!({"adafactor": {"clip_threshold": 0.2, "learning_rate": 0.5}}),
    ];
    for name in ["lamb", "adafactor", "muon"] {
        for arguments in [
            json!({}),
            json!({"weight_decay": 0.1, "clipvalue": 0.2}),
            json!({"clipnorm": 0.3, "use_ema": true, "ema_overwrite_frequency": 2}),
            json!({"global_clipnorm": 0.3, "gradient_accumulation_steps": 2}),
            json!({"loss_scale_factor": 3.0, "use_ema": true, "gradient_accumulation_steps": 3}),
        ] {
            all.push(json!({ name: arguments }));
        }
    }
    all.into_iter().map(read).collect()
}

fn constraints() -> Vec<Option<Constraint>> {
    let read = |json: Value| Some(serde_json::from_value(json).unwrap());
    vec![None, read(json!("non_neg")), read(json!({"max_norm": {"max_value": 0.1}}))]
}

fn step(state: &mut OptimizerState, weights: &Weights, gradients: &Gradients, status: &Status) {
    let vars: Vec<_> = weights.trainable().map(|weight| weight.var.clone()).collect();
    assert!(state.begin_on_device(&vars).unwrap().is_none());
    state.update_on_device(&tensors(gradients), status, None).unwrap();
}

fn assert_near(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 2e-6 + 2e-5 * b.abs(), "{what}: {a} {b}");
    }
}

#[test]
fn candles_ops_update_as_the_host_does() {
    for (entry, constraint) in
        entries().iter().flat_map(|entry| constraints().into_iter().map(move |c| (entry, c)))
    {
        let what = format!("{entry:?} with {constraint:?}");
        let (here, there) = (weights(constraint.as_ref()), weights(constraint.as_ref()));
        let mut host = OptimizerState::new(entry, &here).unwrap();
        let mut device = OptimizerState::new(entry, &there).unwrap();
        assert_eq!(device.host_only(), None);
        let mut status = Status::new(&Device::Cpu).unwrap();
        status.judge(&Tensor::new(0.5f32, &Device::Cpu).unwrap()).unwrap();
        for number in 0..7 {
            let mut scaled = gradients(number);
            scaled.scale(host.loss_scale());
            host.step(&here, &mut scaled).unwrap();
            if number == 4 {
                // one step on the host in between
                let mut scaled = gradients(number);
                scaled.scale(device.loss_scale());
                device.step(&there, &mut scaled).unwrap();
            } else {
                step(&mut device, &there, &gradients(number), &status);
            }
            assert_near(&what, &values(&there), &values(&here));
            for ((name, ours), (of_host, theirs)) in
                variables(&device).iter().zip(&variables(&host))
            {
                assert_eq!(name, of_host);
                assert_near(&format!("{name} of {what}"), ours, theirs);
            }
        }
        assert_eq!(host.finalize(&here).unwrap(), device.finalize(&there).unwrap());
        assert_near(&what, &values(&there), &values(&here));
    }
}

#[test]
fn after_a_loss_that_is_not_finite_nothing_is_updated() {
    for entry in entries() {
        let weights = weights(None);
        let mut state = OptimizerState::new(&entry, &weights).unwrap();
        let mut status = Status::new(&Device::Cpu).unwrap();
        for number in 0..3 {
            step(&mut state, &weights, &gradients(number), &status);
        }
        let before = (values(&weights), variables(&state));
        status.judge(&Tensor::new(f32::NAN, &Device::Cpu).unwrap()).unwrap();
        for number in 3..5 {
            let mut unknown = gradients(number);
            unknown.place(0)[1] = f32::NAN;
            step(&mut state, &weights, &unknown, &status);
        }
        state.take_back(2);
        assert_eq!((values(&weights), variables(&state)), before, "{entry:?}");
    }
}

#[test]
fn constraints_hold_after_an_update_by_a_program() {
    for constraint in constraints().into_iter().flatten() {
        let (here, there) = (weights(Some(&constraint)), weights(Some(&constraint)));
        let state = OptimizerState::new(&read(json!("adam")), &there).unwrap();
        assert_eq!(state.host_only(), None);
        let vars: Vec<_> = there.trainable().map(|weight| weight.var.clone()).collect();
        let status = Status::new(&Device::Cpu).unwrap();
        state.constrain(&vars, &status).unwrap();
        let mut expected = Vec::new();
        for weight in here.iter() {
            let mut of_weight = weight.values().unwrap();
            constraint.project(&mut of_weight, weight.shape(), &mut Vec::new());
            expected.extend(of_weight);
        }
        assert_ne!(values(&there), values(&here));
        assert_near(&format!("{constraint:?}"), &values(&there), &expected);
    }
}
