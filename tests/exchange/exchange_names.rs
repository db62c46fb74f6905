//! What goes to Keras and comes from it by name, without Keras: every name has its class, both
//! directions of a Bidirectional are kept, and what would compute other numbers is refused.

use crate::support::Folder;
use lanthorn::config::{Catalog, Node};
use lanthorn::exchange::keras::{model_json, read_json, write_json};
use lanthorn::exchange::portable::{Portable, PortableLayer};
use lanthorn::exchange::signatures::{LAYERS, LOSSES, METRICS, Module, OPTIMIZERS, SCHEDULES};
use lanthorn::layers::Layer;
use lanthorn::losses::Loss;
use lanthorn::metrics::Metric;
use lanthorn::optimizers::Optimizer;
use lanthorn::optimizers::schedules::Schedule;
use serde_json::{Value, json};

/// A kind is a class of Keras, unless its line in the list says that it is ours alone.
fn each_is_in<T: Catalog + ?Sized>(module: &Module, own: &[&str]) {
    for kind in T::kinds() {
        let class = kind.class_name;
        let is_there = module.find(class).is_some_and(|found| found.name == class);
        assert_eq!(is_there, !kind.is_own, "{class}");
    }
    let ours: Vec<&str> = T::kinds().iter().filter(|k| k.is_own).map(|k| k.name).collect();
    assert_eq!(ours, own);
}

#[test]
fn every_name_of_ours_is_a_class_of_keras() {
    each_is_in::<dyn Layer>(&LAYERS, &["residual"]);
    each_is_in::<dyn Optimizer>(&OPTIMIZERS, &[]);
    each_is_in::<dyn Schedule>(&SCHEDULES, &[]);
    // those that Keras knows by the shapes
    each_is_in::<dyn Loss>(&LOSSES, &["crossentropy"]);
    each_is_in::<dyn Metric>(&METRICS, &["crossentropy", "expected_calibration_error"]);
}

#[test]
fn losses_and_metrics_go_by_any_of_their_names() {
    let model = Portable {
        name: "sequential".into(),
        input: vec![3],
        layers: vec![portable("Dense", &json!({ "units": 3 }))],
        compile: Some(entry(&json!({
            "optimizer": { "loss_scale_optimizer": { "inner_optimizer": { "adam": {} } } },
            "loss": { "scce": { "from_logits": true } },
            "metrics": ["acc", "logcosh", "scce", { "sparse_top_k_categorical_accuracy": { "k": 2 } }],
        }))),
        preprocessing: None,
        optimizer: Vec::new(),
    };
    let compile = model_json::model(&model).unwrap()["compile_config"].clone();
    assert_eq!(compile["optimizer"]["config"]["inner_optimizer"]["class_name"], "Adam");
    assert_eq!(compile["loss"]["class_name"], "SparseCategoricalCrossentropy");
    assert_eq!(compile["loss"]["config"], json!({ "from_logits": true, "axis": -1 }));
    let metrics = compile["metrics"].as_array().unwrap();
    assert_eq!(metrics[0], "acc");
    let others: Vec<_> = metrics[1..].iter().map(|metric| &metric["class_name"]).collect();
    let expected =
        ["LogCoshError", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy"];
    assert_eq!(others, expected);
    assert_eq!(metrics[2]["config"]["name"], "scce");
}

/// A Sequential model of one layer, as Keras's JSON.
fn sequential(class: &str, config: &Value) -> Value {
    let layer = |class: &str, config: &Value| json!({ "class_name": class, "config": config });
    json!({ "class_name": "Sequential", "config": { "name": "sequential", "layers": [
        layer("InputLayer", &json!({ "batch_shape": [null, 6, 3] })),
        layer(class, config),
    ] } })
}

fn read(json: &Value) -> Value {
    let converted = read_json::model(json, &Value::Null).unwrap();
    assert_eq!(converted.notes, [] as [String; 0]);
    converted.model["layers"][0].clone()
}

fn lstm(name: &str, go_backwards: bool) -> Value {
    let config = json!({ "name": name, "units": 4, "go_backwards": go_backwards });
    json!({ "class_name": "LSTM", "config": config })
}

#[test]
fn a_backward_layer_of_keras_runs_backwards() {
    let json = sequential(
        "Bidirectional",
        &json!({
            "name": "bidirectional",
            "layer": lstm("forward_lstm", false),
            "backward_layer": lstm("backward_lstm", true),
        }),
    );
    assert_eq!(
        read(&json),
        json!({ "bidirectional": {
            "layer": { "lstm": { "units": 4, "go_backwards": false } },
            "backward_layer": { "lstm": { "units": 4, "go_backwards": true } },
        } })
    );
    let folder = Folder::new();
    folder.write("model.json", &json.to_string());
    folder.ok("convert model.json model.yaml");
    folder.ok("summary model.yaml");
}

fn entry<T: serde::de::DeserializeOwned>(json: &Value) -> T {
    Node::from_json(json).read().unwrap()
}

fn portable(class: &str, arguments: &Value) -> PortableLayer {
    PortableLayer {
        name: "b".into(),
        entry: entry(&json!({ class: arguments })),
        trainable: true,
        input: vec![6, 3],
        output: vec![8],
        weights: Vec::new(),
        ways: Default::default(),
    }
}

#[test]
fn a_backward_layer_is_written_out() {
    for backwards in [false, true] {
        let inner = json!({ "lstm": { "units": 4, "go_backwards": backwards } });
        let layer = portable("Bidirectional", &json!({ "layer": inner }));
        let json = write_json::layer(&layer).unwrap();
        let backward = &json["config"]["backward_layer"];
        assert_eq!(backward["class_name"], "LSTM");
        assert_eq!(backward["config"]["go_backwards"], !backwards);
        assert_eq!(backward["config"]["units"], 4);
    }
    let uneven = json!({
        "layer": { "lstm": { "units": 4 } },
        "backward_layer": { "gru": { "units": 3, "go_backwards": true } },
    });
    let error = write_json::layer(&portable("Bidirectional", &uneven)).unwrap_err().to_string();
    assert!(error.contains("layer `b`") && error.contains("`backward_layer`"), "{error}");
}

#[test]
fn an_activation_that_is_a_layer_is_its_function() {
    let dense = |activation: Value| {
        let layer = read(&sequential(
            "Dense",
            &json!({ "name": "dense", "units": 2, "activation": activation }),
        ));
        layer["dense"]["activation"].clone()
    };
    let layer = |class: &str, config: Value| json!({ "class_name": class, "config": config });
    let leaky = json!({ "name": "leaky_re_lu", "dtype": "float32", "negative_slope": 0.1 });
    assert_eq!(
        dense(layer("LeakyReLU", leaky)),
        json!({ "leaky_relu": { "negative_slope": 0.1 } })
    );
    let relu = json!({ "name": "re_lu", "max_value": 2.0, "negative_slope": null });
    assert_eq!(dense(layer("ReLU", relu)), json!({ "relu": { "max_value": 2.0 } }));
    let softmax = json!({ "name": "softmax", "axis": -1 });
    assert_eq!(dense(layer("Softmax", softmax)), json!("softmax"));
    let function = json!({ "name": "activation", "activation": "mish" });
    assert_eq!(dense(layer("Activation", function)), json!("mish"));
    let config = json!({ "name": "d", "units": 2, "activation": layer("PReLU", json!({})) });
    let error = read_json::model(&sequential("Dense", &config), &Value::Null).unwrap_err();
    assert_eq!(error, "layer `d`: `activation`: `PReLU` as an activation is not supported");
}

#[test]
fn what_would_compute_other_numbers_is_told() {
    let half = json!({ "class_name": "DTypePolicy", "config": { "name": "mixed_float16" } });
    let json = sequential("Dense", &json!({ "name": "d", "units": 2, "dtype": half }));
    let told = read_json::model(&json, &Value::Null).unwrap().differing;
    assert!(told[0].contains("layer `d`") && told[0].contains("`mixed_float16`"), "{told:?}");

    let config = json!({ "name": "l", "units": 2, "recurrent_activation": "hard_sigmoid" });
    let mut json = sequential("LSTM", &config);
    assert_eq!(read_json::model(&json, &Value::Null).unwrap().differing, [] as [String; 0]);
    json["keras_version"] = json!("2.3.1");
    let told = read_json::model(&json, &Value::Null).unwrap().differing;
    assert!(told[0].contains("layer `l`: `recurrent_activation: hard_sigmoid`"), "{told:?}");
}

#[test]
fn a_layer_that_is_not_here_is_named() {
    for (class, expected) in [
        ("Sequential", "layer `x`: a model inside the model is not supported"),
        ("Lambda", "layer `x`: the layer `Lambda` is not supported"),
    ] {
        let error = read_json::model(&sequential(class, &json!({ "name": "x" })), &Value::Null);
        assert!(error.as_ref().is_err_and(|error| error.starts_with(expected)), "{error:?}");
    }
}

#[test]
fn channels_first_comes_over() {
    let config = json!({ "name": "f", "filters": 2, "kernel_size": 2,
        "data_format": "channels_first" });
    let layer = read(&sequential("Conv1D", &config));
    assert_eq!(layer["conv1d"]["data_format"], "channels_first");
}
