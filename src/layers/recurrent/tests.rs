use candle_core::{Device, Tensor};
use serde_json::{Value, json};

use crate::config::Node;
use crate::error::Problem;
use crate::layers::{Context, LayerEntry, Signal};
use crate::random::Random;
use crate::shape::Shape;
use crate::weights::Weights;

fn entry(layer: &Value) -> LayerEntry {
    Node::from_json(layer).read().unwrap()
}

fn problem(layer: Value) -> Problem {
    entry(&layer).item.output_shape(&Shape(vec![5, 3])).unwrap_err()
}

fn build(layer: &Value) -> (Weights, Box<dyn crate::layers::Forward>) {
    let mut weights = Weights::new(Random::new(1), &Device::Cpu);
    let layer = entry(layer);
    let shape = Shape(vec![5, 3]);
    let built = layer.item.build(&shape, &mut weights.scope("layer", true)).unwrap();
    (weights, built)
}

#[test]
fn what_is_not_supported_says_so() {
    for (layer, key, words) in [
        (json!({ "lstm": { "units": 0 } }), "units", "at least 1"),
        (json!({ "lstm": { "units": usize::MAX } }), "units", "too large"),
        (json!({ "lstm": { "units": 2, "return_state": true } }), "return_state", "one output"),
        (json!({ "gru": { "units": 2, "stateful": true } }), "stateful", "from zeros"),
        (json!({ "gru": { "units": 2, "dropout": 1.5 } }), "dropout", "between 0 and 1, got 1.5"),
        (json!({ "gru": { "units": 2, "activation": "glu" } }), "activation", "keep the shape"),
        (json!({ "bidirectional": { "layer": { "dense": { "units": 2 } } } }), "layer", "dense"),
        (
            json!({ "bidirectional": { "layer": { "lstm": { "units": 0 } } } }),
            "layer.lstm.units",
            "at least 1",
        ),
        (
            json!({ "bidirectional": {
                "layer": { "lstm": { "units": 2 } },
                "backward_layer": { "lstm": { "units": 2 } },
            } }),
            "backward_layer",
            "same direction",
        ),
        (
            json!({ "bidirectional": {
                "layer": { "lstm": { "units": 2 } },
                "merge_mode": "sum",
                "backward_layer": { "lstm": { "units": 3, "go_backwards": true } },
            } }),
            "merge_mode",
            "one shape",
        ),
        (
            json!({ "bidirectional": {
                "layer": { "LSTM": { "units": 2, "input_shape": [5, 3] } },
            } }),
            "layer.LSTM.input_shape",
            "inside another",
        ),
        (
            json!({ "time_distributed": { "layer": { "dense": { "units": 0 } } } }),
            "layer.dense.units",
            "at least 1",
        ),
        (
            json!({ "time_distributed": {
                "layer": { "dense": { "units": 1, "activity_regularizer": "l2" } },
            } }),
            "layer.dense.activity_regularizer",
            "not supported",
        ),
    ] {
        let problem = problem(layer.clone());
        assert_eq!(problem.key, key, "{layer}");
        assert!(problem.message.contains(words), "{layer}: {}", problem.message);
    }
    let flat = entry(&json!({ "lstm": { "units": 2 } })).item.output_shape(&Shape(vec![3]));
    assert!(flat.unwrap_err().message.contains("(batch, time, features), got (None, 3)"));
}

#[test]
fn keras_spells_the_merge_that_gives_two_outputs_as_null() {
    let keras = json!({ "class_name": "Bidirectional", "config": {
        "layer": { "class_name": "LSTM", "config": { "units": 2 } }, "merge_mode": null,
    } });
    let problem = problem(crate::exchange::keras_json::translate(&keras));
    assert_eq!(problem.key, "merge_mode");
}

#[test]
fn names_in_the_file_are_those_of_torch() {
    let names = |layer: Value| -> Vec<String> {
        let (weights, _) = build(&layer);
        let names = weights.iter().flat_map(|weight| weight.stored.names().into_iter());
        names.map(str::to_string).collect()
    };
    let torch = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];
    assert_eq!(names(json!({ "lstm": { "units": 2 } })), torch);
    let mut both: Vec<String> = torch.iter().map(std::string::ToString::to_string).collect();
    both.extend(torch.iter().map(|name| format!("{name}_reverse")));
    assert_eq!(names(json!({ "bidirectional": { "layer": { "gru": { "units": 2 } } } })), both);
    let before = json!({ "gru": { "units": 2, "reset_after": false } });
    assert_eq!(names(before), ["kernel", "recurrent_kernel", "bias"]);
}

#[test]
fn weights_inside_a_wrapper_have_paths_of_their_own() {
    let (weights, _) = build(&json!({ "bidirectional": { "layer": {
        "lstm": { "units": 2, "trainable": false, "use_bias": false },
    } } }));
    let paths: Vec<String> = weights.iter().map(crate::weights::Weight::path).collect();
    assert_eq!(
        paths,
        [
            "layer.forward_lstm.kernel",
            "layer.forward_lstm.recurrent_kernel",
            "layer.backward_lstm.kernel",
            "layer.backward_lstm.recurrent_kernel",
        ]
    );
    assert_eq!(weights.trainable().count(), 0);
}

#[test]
fn the_forget_gate_starts_open() {
    let bias = |layer: Value| build(&layer).0.iter().nth(2).unwrap().values().unwrap();
    let open = bias(json!({ "lstm": { "units": 2 } }));
    assert_eq!(open, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(bias(json!({ "lstm": { "units": 2, "unit_forget_bias": false } })), [0.0; 8]);
}

#[test]
fn recurrent_dropout_draws_a_mask_for_each_gate_and_has_no_kernel() {
    for cell in ["simple_rnn", "lstm", "gru"] {
        let options = json!({ "units": 4, "dropout": 0.5, "recurrent_dropout": 0.5 });
        let (_, layer) = build(&json!({ cell: options }));
        assert!(layer.to_kernel().is_none());
        let random = Random::new(2);
        let x = Tensor::ones((3, 5, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let run = |step: Option<u64>| -> Vec<f32> {
            let mut context = match step {
                Some(step) => Context::training(step, &random),
                None => Context::inference(&random),
            };
            let y = layer.forward(Signal::new(x.clone()), &mut context).unwrap();
            y.tensor.flatten_all().unwrap().to_vec1().unwrap()
        };
        assert_eq!(run(Some(1)), run(Some(1)), "{cell}");
        assert_ne!(run(Some(1)), run(Some(2)), "{cell}");
        assert_ne!(run(Some(1)), run(None), "{cell}");
    }
}
