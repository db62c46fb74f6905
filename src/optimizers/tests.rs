use candle_core::{Device, Tensor};
use serde_json::{Value, json};

use super::*;
use crate::config::Node;
use crate::random::Random;
use crate::weights::constraints::Constraint;
use crate::weights::gradients::Gradients;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{WeightOptions, WeightSpec, Weights};

pub(super) fn read(json: Value) -> OptimizerEntry {
    Node::from_json(&json).read().unwrap_or_else(|error| panic!("{json}: {error}"))
}

pub(super) fn weights(constraint: Option<Constraint>) -> Weights {
    let mut weights = Weights::new(Random::new(1), &Device::Cpu);
    let mut scope = weights.scope("dense", true);
    for (name, shape) in [("kernel", vec![3, 4]), ("bias", vec![4])] {
        scope
            .weight(WeightSpec {
                name,
                shape: &shape,
                options: &WeightOptions {
                    constraint: constraint.clone(),
                    ..WeightOptions::new(Initializer::random_uniform())
                },
                stored: Stored::plain(name),
            })
            .unwrap();
    }
    weights
}

pub(super) fn gradients(step: usize) -> Gradients {
    let mut gradients = Gradients::zeros([12, 4]);
    let value = |i: usize| ((i * 7 + step * 3) % 5) as f32 * 0.1 - 0.2;
    gradients.each(|_, values| (0..).zip(values).for_each(|(i, to)| *to = value(i)));
    gradients
}

pub(super) fn values(weights: &Weights) -> Vec<f32> {
    weights.iter().flat_map(|weight| weight.values().unwrap()).collect()
}

/// Every optimizer, and every shared argument once.
pub(super) fn all() -> Vec<OptimizerEntry> {
    let kinds = <dyn Optimizer as crate::config::Catalog>::kinds().iter();
    let mut all: Vec<OptimizerEntry> = kinds
        .map(|kind| match kind.name {
            "loss_scale_optimizer" => read(json!({ kind.name: {"inner_optimizer": "adam"} })),
            name => read(json!(name)),
        })
        .collect();
    for arguments in [
        json!({"clipnorm": 0.1}),
        json!({"clipvalue": 0.1}),
        json!({"global_clipnorm": 0.1}),
        json!({"use_ema": true, "ema_overwrite_frequency": 3}),
        json!({"gradient_accumulation_steps": 3, "weight_decay": 0.1}),
        json!({"loss_scale_factor": 4.0, "amsgrad": true}),
        json!({"learning_rate": {"exponential_decay":
            {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}}}),
    ] {
        all.push(read(json!({ "adam": arguments })));
    }
    all.push(read(json!({"rmsprop": {"momentum": 0.5, "centered": true}})));
    all
}

#[test]
fn names_are_kerass_in_every_spelling() {
    for (name, kind) in [
        ("rmsprop", "rmsprop"),
        ("RMSprop", "rmsprop"),
        ("rms_prop", "rmsprop"),
        ("SGD", "sgd"),
        ("ADAM", "adam"),
        ("ScheduleFreeAdamW", "schedule_free_adamw"),
        ("schedulefreeadamw", "schedule_free_adamw"),
        ("lamb", "lamb"),
    ] {
        assert_eq!(read(json!(name)).kind.name, kind);
    }
}

#[test]
fn a_state_put_back_goes_on_to_the_same_bits() {
    for entry in all() {
        let first = weights(None);
        let mut state = OptimizerState::new(&entry, &first).unwrap();
        for step in 0..4 {
            state.step(&first, &mut gradients(step)).unwrap();
        }
        let second = weights(None);
        for (to, from) in second.iter().zip(first.iter()) {
            to.set(&from.var.as_tensor().copy().unwrap()).unwrap();
        }
        let mut resumed = OptimizerState::new(&entry, &second).unwrap();
        resumed.set_variables(&state.variables().unwrap()).unwrap();
        for step in 4..9 {
            state.step(&first, &mut gradients(step)).unwrap();
            resumed.step(&second, &mut gradients(step)).unwrap();
        }
        assert_eq!(values(&first), values(&second), "{entry:?}");
        assert_eq!(state.iterations(), 9, "{entry:?}");
    }
}

#[test]
fn variables_of_another_model_are_refused() {
    let weights = weights(None);
    let mut adam = OptimizerState::new(&read(json!("adam")), &weights).unwrap();
    let sgd = OptimizerState::new(&read(json!("sgd")), &weights).unwrap();
    let error = adam.set_variables(&sgd.variables().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the optimizer has 6 variables, the stored one has 2");
    let mut other = adam.variables().unwrap();
    other[2].1 = Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).unwrap();
    let error = adam.set_variables(&other).unwrap_err().to_string();
    assert!(error.contains("`dense_kernel_momentum` has shape [3, 4]"), "{error}");
}

#[test]
fn an_entry_is_written_as_it_was_read() {
    for written in [
        json!("adam"),
        json!({"sgd": {"weight_decay": 0.1, "use_ema": true, "learning_rate": 0.0001,
            "momentum": 0.0, "nesterov": false}}),
    ] {
        let entry = read(written.clone());
        let again = read(serde_json::to_value(&entry).unwrap());
        assert_eq!(entry, again);
        if written.is_object() {
            assert_eq!(serde_json::to_value(&entry).unwrap(), written);
        }
    }
}

#[test]
fn a_weight_without_a_gradient_is_left_alone() {
    for name in ["adam", "adamw", "muon"] {
        let weights = weights(Some(Constraint::NonNeg));
        let before = values(&weights);
        let mut state = OptimizerState::new(&read(json!(name)), &weights).unwrap();
        let mut gradients = gradients(0);
        gradients.clear(1);
        state.step(&weights, &mut gradients).unwrap();
        let after = values(&weights);
        assert_eq!(before[12..], after[12..], "{name}");
        assert_ne!(before[..12], after[..12], "{name}");
        assert!(after[..12].iter().all(|w| *w >= 0.0), "{name}");
    }
}

#[test]
fn a_constant_rate_can_be_set_and_a_schedule_cannot() {
    let weights = weights(None);
    let mut state = OptimizerState::new(&read(json!("adam")), &weights).unwrap();
    assert_eq!(state.learning_rate(), 0.001);
    assert_eq!(state.set_learning_rate(0.5), Some(()));
    assert_eq!(state.learning_rate(), 0.5);
    let decay = json!({"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5});
    let entry = read(json!({"sgd": {"learning_rate": {"ExponentialDecay": decay}}}));
    let mut state = OptimizerState::new(&entry, &weights).unwrap();
    assert!(state.is_scheduled());
    state.step(&weights, &mut gradients(0)).unwrap();
    assert_eq!(state.set_learning_rate(0.5), None);
    assert_eq!(state.learning_rate(), 0.05);
}

#[test]
fn averages_replace_the_weights_at_the_end() {
    let weights = weights(None);
    let entry = read(json!({"sgd": {"use_ema": true, "ema_momentum": 0.5}}));
    let mut state = OptimizerState::new(&entry, &weights).unwrap();
    let before = values(&weights);
    state.finalize(&weights).unwrap();
    assert_eq!(values(&weights), before, "before any step there is no average");
    state.step(&weights, &mut gradients(0)).unwrap();
    let first = values(&weights);
    state.step(&weights, &mut gradients(1)).unwrap();
    let second = values(&weights);
    state.finalize(&weights).unwrap();
    let mean: Vec<f32> = first.iter().zip(&second).map(|(a, b)| 0.5 * a + 0.5 * b).collect();
    assert_eq!(values(&weights), mean);
}

#[test]
fn the_loss_is_scaled_and_the_gradients_are_unscaled() {
    let (plain, scaled) = (weights(None), weights(None));
    let mut a = OptimizerState::new(&read(json!("sgd")), &plain).unwrap();
    let entry = read(json!({"sgd": {"loss_scale_factor": 8}}));
    let mut b = OptimizerState::new(&entry, &scaled).unwrap();
    assert_eq!((a.loss_scale(), b.loss_scale()), (1.0, 8.0));
    let mut times_eight = gradients(0);
    times_eight.scale(8.0);
    a.step(&plain, &mut gradients(0)).unwrap();
    b.step(&scaled, &mut times_eight).unwrap();
    assert_eq!(values(&plain), values(&scaled));
}

#[test]
fn wrong_arguments_are_problems_with_their_key() {
    for (json, key, message) in [
        (json!({"sgd": {"learning_rate": -1}}), "learning_rate", "0 or greater, got -1"),
        (json!({"sgd": {"momentum": 2}}), "momentum", "between 0 and 1, got 2"),
        (json!({"adam": {"beta_1": 1}}), "beta_1", "at least 0 and less than 1, got 1"),
        (json!({"adam": {"epsilon": 0}}), "epsilon", "greater than 0, got 0"),
        (json!({"adam": {"clipnorm": 1, "clipvalue": 1}}), "clipvalue", "can't both be set"),
        (json!({"adam": {"clipnorm": 0}}), "clipnorm", "greater than 0, got 0"),
        (json!({"adam": {"weight_decay": -1}}), "weight_decay", "0 or greater, got -1"),
        (
            json!({"adam": {"gradient_accumulation_steps": 1}}),
            "gradient_accumulation_steps",
            "at least 2, got 1",
        ),
        (
            json!({"adam": {"ema_overwrite_frequency": 3}}),
            "ema_overwrite_frequency",
            "needs `use_ema: true`",
        ),
        (json!({"adam": {"use_ema": true, "ema_momentum": 2}}), "ema_momentum", "got 2"),
        (json!({"ftrl": {"learning_rate": 0}}), "learning_rate", "greater than 0, got 0"),
        (json!({"ftrl": {"learning_rate_power": 1}}), "learning_rate_power", "0 or less, got 1"),
        (json!({"muon": {"ns_steps": 0}}), "ns_steps", "at least 1, got 0"),
        (json!({"muon": {"exclude_layers": ["a.*"]}}), "exclude_layers", "the pattern `a.*`"),
        (json!({"schedule_free_adamw": {"beta_1": 0}}), "beta_1", "greater than 0, got 0"),
        (
            json!({"loss_scale_optimizer": {"inner_optimizer": {"adam": {"epsilon": 0}}}}),
            "inner_optimizer.adam.epsilon",
            "greater than 0, got 0",
        ),
        (
            json!({"loss_scale_optimizer": {"inner_optimizer": "adam", "clipnorm": 1}}),
            "clipnorm",
            "`loss_scale_optimizer` takes no `clipnorm`",
        ),
    ] {
        let problem = read(json).check().unwrap_err();
        assert_eq!(problem.key, key);
        assert!(problem.message.contains(message), "{}", problem.message);
    }
}

#[test]
fn defaults_of_every_optimizer_are_right() {
    for entry in all() {
        assert_eq!(entry.check(), Ok(()), "{entry:?}");
    }
}

/// Moments of a weight whose gradients have stopped decay for thousands of steps.
#[test]
fn what_decays_becomes_zero_and_never_subnormal() {
    for entry in all() {
        let weights = weights(None);
        let mut state = OptimizerState::new(&entry, &weights).unwrap();
        let mut tiny = gradients(0);
        for step in 0..300 {
            let size = if step < 5 { 2e-37 } else { 0.0 };
            tiny.each(|_, values| (0..).zip(values).for_each(|(i, g)| *g = size * i as f32));
            state.step(&weights, &mut tiny).unwrap();
            for (name, tensor) in state.variables().unwrap() {
                let values = tensor.to_dtype(candle_core::DType::F32).unwrap();
                let values = values.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let subnormal = values.iter().find(|value| value.is_subnormal());
                let flushed = !crate::threads::float_environment::FlushToZero::is_supported();
                assert!(subnormal.is_none() || flushed, "{entry:?}: {name}: {subnormal:?}");
            }
        }
    }
    // this thread's own numbers stay as they were
    assert!(std::hint::black_box(1e-38f32) * std::hint::black_box(0.1) > 0.0);
}
