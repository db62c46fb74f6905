//! `lanthorn import`: what only training needs doesn't stand in the weights' way, and what a file
//! can't say is asked for in a warning.

use crate::support::{Folder, project};
use candle_core::{Device, Tensor};
use lanthorn::Sequential;
use lanthorn::layers::Dense;
use lanthorn::layers::activations::Activation;
use lanthorn::losses::SparseCategoricalCrossentropy;
use lanthorn::metrics::Accuracy;
use lanthorn::model::{Model, Predictor};
use lanthorn::sections::{CompileConfig, FitConfig};

fn folder_with(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        let bytes = std::fs::read(project("tests/import").join(name)).unwrap();
        folder.write_bytes(name, &bytes);
    }
    folder
}

/// The numbers of a table, whatever columns it has.
fn numbers(text: &str) -> Vec<f32> {
    text.lines().flat_map(|line| line.split(',')).filter_map(|cell| cell.parse().ok()).collect()
}

fn assert_close(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
    }
}

#[test]
fn a_file_of_kerass_is_imported_without_what_only_training_needs() {
    let folder = folder_with(&[
        "custom_loss.h5",
        "custom_metric.h5",
        "rms_decay.h5",
        "sgd_decay.h5",
        "h5.csv",
        "h5_want.csv",
    ]);
    let wanted = numbers(&folder.read("h5_want.csv"));
    for (file, told, rate) in [
        ("custom_loss.h5", &["loss", "`dice_coef_loss`"][..], None),
        ("custom_metric.h5", &["metric", "`f1_m`"], None),
        ("rms_decay.h5", &[], Some("rmsprop")),
        ("sgd_decay.h5", &[], Some("sgd")),
    ] {
        let call = folder.run(&format!("import {file} -o m.safetensors"));
        assert_eq!(call.code, 0, "{file}: {}", call.stderr);
        for word in told {
            assert!(call.stderr.contains(word), "{file}: {}", call.stderr);
        }
        assert_eq!(call.stderr.is_empty(), told.is_empty(), "{file}: {}", call.stderr);
        let predicted = folder.ok("predict m.safetensors h5.csv -o -");
        // the last column is the output; those before it are its class and 1 less it
        let last = |line: &str| line.rsplit(',').next().unwrap().parse::<f32>().unwrap();
        let predicted: Vec<f32> = predicted.lines().skip(1).map(last).collect();
        assert_close(&predicted, &wanted);
        if let Some(optimizer) = rate {
            let model = Model::load(&folder.path("m.safetensors"), &Device::Cpu).unwrap();
            let compile = serde_json::to_value(model.config.compile.unwrap()).unwrap();
            let rate = &compile["optimizer"][optimizer]["learning_rate"]["inverse_time_decay"];
            assert!(rate["decay_rate"].as_f64().unwrap() > 0.0, "{compile}");
            assert_eq!(rate["decay_steps"], 1.0, "{compile}");
        }
    }
}

#[test]
fn a_legacy_file_goes_by_its_order_and_says_where_names_say_otherwise() {
    let folder = Folder::new();
    let file = project("tests/golden/io/tutorial_mlp.h5");
    let file = file.to_str().unwrap();
    folder.ok(&format!("import {file} -o own.safetensors"));
    let header: Vec<String> = (0..8).map(|i| format!("x{i}")).collect();
    let row = ["0.5"; 8].join(",");
    folder.write("d.csv", &format!("{},y\n{row},0\n{row},1\n", header.join(",")));
    // the same layers, the first two under each other's names
    let config = format!(
        "data: {{train: d.csv, features: [{}], target: {{column: y, encode: label}}}}\n\
         model:\n  layers:\n    - dense: {{name: dense_1, units: 12, activation: relu}}\n\
         \x20   - dense: {{name: dense, units: 7, activation: relu}}\n\
         \x20   - dense: {{name: out, units: 1, activation: sigmoid}}\n\
         compile: {{loss: binary_crossentropy}}\n",
        header.join(", ")
    );
    folder.write("named.yaml", &config);
    let call = folder.run(&format!("import {file} --config named.yaml -o named.safetensors"));
    assert_eq!(call.code, 0, "{}", call.stderr);
    let told = "`dense_1` has the weights of the file's `dense`";
    assert!(call.stderr.contains(told), "{}", call.stderr);
    let predict = |model: &str| {
        let text = folder.ok(&format!("predict {model} d.csv -o -"));
        numbers(text.lines().nth(1).unwrap())
    };
    assert_close(&predict("named.safetensors"), &predict("own.safetensors"));
}

#[test]
fn pytorchs_epsilon_is_named_and_predicts_as_pytorch_where_it_is_given() {
    let folder = folder_with(&["bn.safetensors", "bn.yaml", "torch.csv", "bn_want_1e-5.csv"]);
    let call = folder.run("import bn.safetensors --config bn.yaml -o m.safetensors");
    let told = "`batch_normalization` has `epsilon: 0.001`, PyTorch's default is 1e-5";
    assert!(call.stderr.contains(told), "{}", call.stderr);
    let text = folder.read("bn.yaml");
    folder.write(
        "bn.yaml",
        &text.replace("- batch_normalization", "- batch_normalization: {epsilon: 1e-5}"),
    );
    let call = folder.run("import bn.safetensors --config bn.yaml -o m.safetensors");
    assert!(!call.stderr.contains("epsilon"), "{}", call.stderr);
    let predicted = numbers(&folder.ok("predict m.safetensors torch.csv -o -"));
    assert_close(&predicted, &numbers(&folder.read("bn_want_1e-5.csv")));
}

#[test]
fn names_are_paired_by_hand() {
    let folder = folder_with(&["order.safetensors", "order.yaml", "torch.csv", "order_want.csv"]);
    let import = "import order.safetensors --config order.yaml -o m.safetensors";
    let call = folder.run(import);
    assert!(call.stderr.contains("`--rename MODULE=LAYER`"), "{}", call.stderr);
    let pairs = "--rename layer_in=dense --rename layer_hidden=dense_1 --rename layer_out=dense_2";
    let call = folder.run(&format!("{import} {pairs}"));
    assert_eq!((call.code, call.stderr.as_str()), (0, ""));
    let predicted = numbers(&folder.ok("predict m.safetensors torch.csv -o -"));
    assert_close(&predicted, &numbers(&folder.read("order_want.csv")));
    for (pair, told) in [
        ("layer_in", "`--rename layer_in=dense`"),
        ("layer_in=dens", "`dense`, `dense_1`, `dense_2`"),
        ("layer_on=dense", "`layer_hidden`, `layer_in`, `layer_out`"),
    ] {
        let call = folder.run(&format!("{import} --rename {pair}"));
        assert_eq!(call.code, 1, "{}", call.stderr);
        assert!(call.stderr.contains(told), "{pair}: {}", call.stderr);
    }
}

#[test]
fn a_model_that_a_program_trained_on_arrays_predicts_and_evaluates() {
    let (x, y): (Vec<Vec<f32>>, Vec<u32>) =
        (0..40).map(|i| (vec![i as f32 / 40.0, 0.5], u32::from(i >= 20))).unzip();
    let (x, y) = (Tensor::new(x, &Device::Cpu).unwrap(), Tensor::new(y, &Device::Cpu).unwrap());
    let mut model = Sequential::new([Dense::new(3, Activation::Softmax).into()]);
    model.compile(CompileConfig {
        metrics: vec![Accuracy::default().into()],
        ..CompileConfig::new(SparseCategoricalCrossentropy::default())
    });
    model.fit(&x, &y, &FitConfig::default()).unwrap();
    let folder = Folder::new();
    model.save(folder.path("m.safetensors")).unwrap();
    folder.write("d.csv", "x0,x1,y\n0.25,0.5,0\n0.75,0.5,1\n");
    assert!(folder.ok("evaluate m.safetensors d.csv").contains("accuracy: "));
    let predicted = folder.ok("predict m.safetensors d.csv -o -");
    assert!(predicted.starts_with("prediction,p_0,p_1,p_2\n"), "{predicted}");
    let loaded = Model::load(&folder.path("m.safetensors"), &Device::Cpu).unwrap();
    let predictions = Predictor::new(loaded).unwrap().predict(&[0.25, 0.5, 0.75, 0.5]).unwrap();
    assert_eq!(predictions.len(), 2);
}

#[test]
fn an_error_prints_as_a_person_reads_it() {
    let folder = Folder::new();
    folder.write("m.safetensors", "nothing");
    let Err(error) = Model::load(&folder.path("m.safetensors"), &Device::Cpu) else {
        panic!("a damaged file was read");
    };
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(folder.ok("--help").contains("completions"));
}
