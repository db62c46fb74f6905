//! Keras's files, as real Keras wrote them: every kind is read and gives the numbers that Keras
//! gave, what we write is read back, and hostile files are errors, quickly.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Folder, project};
use candle_core::{DType, Device, Tensor};
use lanthorn::exchange::keras::{KerasFile, write_keras, write_weights};
use lanthorn::exchange::of_model::{from_keras, load_keras_weights};
use lanthorn::exchange::portable::Portable;
use lanthorn::model::Model;
use lanthorn::runtime::files::{TensorFile, to_safetensors};

const MODELS: [&str; 6] =
    ["tutorial_mlp", "cnn", "lstm", "embedding_gru", "bn_dropout0", "regression"];

fn golden(name: &str) -> PathBuf {
    project("tests/golden/io").join(name)
}

fn read(name: &str) -> Model {
    let path = golden(name);
    let file = KerasFile::read(&path).unwrap();
    from_keras(&file, &path).unwrap_or_else(|error| panic!("{name}: {error}")).0
}

/// What Keras was given, and what it predicted before and after training.
struct Recorded {
    x: Tensor,
    before: Tensor,
    after: Tensor,
}

fn recorded(model: &str) -> Recorded {
    let text = std::fs::read_to_string(project("tests/golden/fit.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let case = json["cases"].as_array().unwrap().iter().find(|case| case["id"] == model).unwrap();
    let file = TensorFile::read(&project("tests/golden/fit.safetensors")).unwrap();
    let tensor = |name: &str| {
        let name = case["tensors"][name].as_str().unwrap();
        file.tensors[name].to_dtype(DType::F32).unwrap()
    };
    Recorded { x: tensor("x"), before: tensor("predict_before"), after: tensor("predict_after") }
}

fn same(what: &str, model: &Model, x: &Tensor, expected: &Tensor) {
    let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let (ours, theirs) = (flat(&model.network.predict(x).unwrap()), flat(expected));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let difference = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference <= 1e-5, "{what}: differs by {difference}");
}

#[test]
fn every_kind_of_file_predicts_what_keras_did() {
    for name in MODELS {
        let Recorded { x, before, after } = recorded(name);
        same(name, &read(&format!("{name}.initial.keras")), &x, &before);
        same(name, &read(&format!("{name}.keras")), &x, &after);
        same(name, &read(&format!("{name}.h5")), &x, &after);
        let model = read(&format!("{name}.initial.keras"));
        for weights in [format!("{name}.weights.h5"), format!("{name}.h5")] {
            let path = golden(&weights);
            let file = KerasFile::read(&path).unwrap();
            load_keras_weights(&model.network, &file, &path).unwrap();
            same(&weights, &model, &x, &after);
        }
    }
}

#[test]
fn a_legacy_file_goes_by_order_where_its_layers_have_other_names() {
    for name in MODELS {
        let Recorded { x, after, .. } = recorded(name);
        let path = golden(&format!("{name}.initial.keras"));
        let mut file = KerasFile::read(&path).unwrap();
        let layers = file.model["config"]["layers"].as_array_mut().unwrap();
        for (index, layer) in layers.iter_mut().enumerate() {
            layer["config"]["name"] = format!("other_{index}").into();
        }
        let (model, _) = from_keras(&file, &path).unwrap();
        let path = golden(&format!("{name}.h5"));
        load_keras_weights(&model.network, &KerasFile::read(&path).unwrap(), &path).unwrap();
        same(name, &model, &x, &after);
    }
}

#[test]
fn an_export_says_whether_it_was_verified() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    for (what, out) in [("keras", "m.keras"), ("keras-weights", "m.weights.h5")] {
        let said = folder.ok(&format!("export run --to {what} -o {out} --verify"));
        assert!(said.contains("largest difference"), "{what}: {said}");
    }
    let call = folder.run("export run --to keras -o m.keras --with-preprocessing");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`--with-preprocessing`"), "{}", call.stderr);
}

#[test]
fn what_is_written_is_read_back_as_the_same_model() {
    let folder = Folder::new();
    for name in MODELS {
        let Recorded { x, after, .. } = recorded(name);
        let model = read(&format!("{name}.keras"));
        let portable = Portable::of(&model, None, true).unwrap();
        folder.write_bytes("written.keras", &write_keras(&portable).unwrap());
        let path = folder.path("written.keras");
        let (back, notes) = from_keras(&KerasFile::read(&path).unwrap(), &path).unwrap();
        assert_eq!(notes, Vec::<String>::new(), "{name}");
        same(name, &back, &x, &after);
        assert_eq!(back.config, model.config, "{name}");
        let fresh = read(&format!("{name}.initial.keras"));
        folder.write_bytes("written.weights.h5", &write_weights(&portable).unwrap());
        let path = folder.path("written.weights.h5");
        load_keras_weights(&fresh.network, &KerasFile::read(&path).unwrap(), &path).unwrap();
        same(name, &fresh, &x, &after);
    }
}

#[test]
fn a_model_file_of_ours_keeps_what_came_from_keras() {
    let folder = Folder::new();
    for name in MODELS {
        let Recorded { x, after, .. } = recorded(name);
        let path = folder.path("model.safetensors");
        read(&format!("{name}.keras")).save(&path).unwrap();
        same(name, &Model::load(&path, &Device::Cpu).unwrap(), &x, &after);
    }
}

/// Reads hostile bytes as the program would; true where they made a model.
fn tried(bytes: Vec<u8>, what: &str) -> bool {
    let start = Instant::now();
    let made = KerasFile::parse(bytes)
        .map_err(|message| assert!(!message.is_empty()))
        .is_ok_and(|file| from_keras(&file, &PathBuf::from("hostile.keras")).is_ok());
    assert!(start.elapsed() < Duration::from_secs(1), "{what} took {:?}", start.elapsed());
    made
}

#[test]
fn a_file_cut_short_is_an_error() {
    for name in MODELS {
        for ending in ["keras", "h5", "weights.h5"] {
            let whole = std::fs::read(golden(&format!("{name}.{ending}"))).unwrap();
            for length in (0..whole.len()).step_by(whole.len() / 40) {
                let made = tried(whole[..length].to_vec(), &format!("{name}.{ending} at {length}"));
                assert!(!made, "{name}.{ending} cut at {length}");
            }
        }
    }
}

#[test]
fn a_file_with_flipped_bits_is_read_or_refused() {
    for name in ["embedding_gru.keras", "bn_dropout0.h5", "tutorial_mlp.keras"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for at in (0..whole.len()).step_by(211) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            tried(bytes, &format!("{name}, bit at {at}"));
        }
    }
}

#[test]
fn huge_lengths_in_hdf5_take_no_memory_and_no_time() {
    let whole = std::fs::read(golden("regression.h5")).unwrap();
    for at in (0..whole.len() - 8).step_by(97) {
        for value in [u64::MAX, 1 << 40, 0x7fff_ffff] {
            let mut bytes = whole.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            tried(bytes, &format!("{value:x} at {at}"));
        }
    }
}

/// A .keras file with this configuration and this weights entry.
fn archive(config: &[u8], weights: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [("config.json", config), ("model.weights.h5", weights)] {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn bombs_are_refused() {
    let weights = std::fs::read(golden("tutorial_mlp.weights.h5")).unwrap();
    let zeros = vec![0; 30 << 20];
    assert!(!tried(archive(b"{}", &zeros), "a zip bomb as weights"));
    assert!(!tried(archive(&zeros, &weights), "a zip bomb as configuration"));
    let deep = ["[".repeat(200_000), "{\"a\":".repeat(200_000)];
    for json in deep {
        assert!(!tried(archive(json.as_bytes(), &weights), "deep JSON"));
    }
    let huge = r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"batch_shape": [null, 8]}},
        {"class_name": "Dense", "config": {"units": 1000000000000}}]}}"#;
    assert!(!tried(archive(huge.as_bytes(), &weights), "a layer of 10^12 units"));
}

#[test]
fn an_architecture_larger_than_the_weights_of_its_file_takes_no_memory() {
    let weights = std::fs::read(golden("tutorial_mlp.weights.h5")).unwrap();
    let model = |shape: &str, layers: &str| {
        let json = format!(
            r#"{{"class_name": "Sequential", "config": {{"name": "s", "layers": [
                {{"class_name": "InputLayer", "config": {{"batch_shape": {shape}}}}}, {layers}]}}}}"#
        );
        archive(json.as_bytes(), &weights)
    };
    let dense =
        |units: usize| format!(r#"{{"class_name": "Dense", "config": {{"units": {units}}}}}"#);
    let many = vec![dense(2000); 300].join(",");
    assert!(!tried(model("[null, 2]", &many), "300 layers of 4 million numbers"));
    assert!(!tried(model("[null, 1000000000]", &dense(2)), "an input of 10^9 numbers"));
    let flat = format!(r#"{{"class_name": "Flatten", "config": {{}}}}, {}"#, dense(2));
    assert!(!tried(model("[null, 30000, 30000]", &flat), "an input of 30000 by 30000"));
    let mut deep = dense(2);
    for _ in 0..12 {
        deep = format!(
            r#"{{"class_name": "Bidirectional", "config": {{"layer": {deep}, "backward_layer": {deep}}}}}"#
        );
    }
    assert!(!tried(model("[null, 2]", &deep), "wrappers in wrappers"));
}

#[test]
fn the_program_says_what_is_wrong_with_a_file_and_exits_1() {
    let folder = Folder::new();
    let whole = std::fs::read(golden("lstm.keras")).unwrap();
    folder.write_bytes("cut.keras", &whole[..whole.len() / 2]);
    folder.write("text.h5", "not HDF5 at all");
    for file in ["cut.keras", "text.h5", "missing.keras"] {
        let call = folder.run(&format!("import {file} -o out.safetensors"));
        assert_eq!(call.code, 1, "{file}: {}", call.stderr);
        assert!(call.stderr.contains(file), "{}", call.stderr);
        assert!(!folder.path("out.safetensors").exists());
    }
    for (arguments, words) in [
        ("import model.pt", "save_file"),
        ("import model.onnx", "ONNX"),
        ("import model.json", "`lanthorn convert`"),
        ("export model.yaml --to onnx -o m.onnx", "`lanthorn train model.yaml`"),
    ] {
        let call = folder.run(arguments);
        assert_eq!(call.code, 1, "{arguments}: {}", call.stderr);
        assert!(call.stderr.contains(words), "{arguments}: {}", call.stderr);
    }
}

#[test]
fn a_model_file_carries_a_self_test_that_predict_checks() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let path = folder.path("run/model.safetensors");
    let model = Model::load(&path, &Device::Cpu).unwrap();
    let test = model.self_test.clone().unwrap();
    assert_eq!(test.columns, ["age", "area"]);
    let table = folder.read("loan.csv");
    let row = table.lines().nth(271).unwrap(); // the first of the last 30 of 300
    assert!(row.contains(&test.rows[0][0]) && row.contains(&test.rows[0][1]), "{row}");
    assert_eq!(model.check().unwrap(), None);
    let call = folder.run("predict run loan.csv");
    assert_eq!((call.code, call.stderr.as_str()), (0, ""));

    let weight = model.network.weights().iter().next().unwrap();
    weight.set(&(weight.var.as_tensor() * 1.01).unwrap()).unwrap();
    model.save(&path).unwrap();
    let call = folder.run("predict run loan.csv");
    assert_eq!(call.code, 0);
    assert!(call.stderr.contains("self-test"), "{}", call.stderr);
    assert_eq!(folder.run("predict run loan.csv --no-self-test").stderr, "");

    folder.ok("train loan.yaml -q --out without --set fit.self_test=false");
    let model = Model::load(&folder.path("without/model.safetensors"), &Device::Cpu).unwrap();
    assert_eq!(model.self_test, None);
}

#[test]
fn a_model_file_that_asks_for_more_weights_than_it_holds_is_an_error() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let path = folder.path("run/model.safetensors");
    let file = TensorFile::read(&path).unwrap();
    let mut metadata = file.metadata.unwrap();
    metadata["config"]["model"]["layers"][0]["dense"]["units"] = 800_000_000.into();
    let mut tensors: Vec<(String, Tensor)> = file.tensors.into_iter().collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    folder.write_bytes("huge.safetensors", &to_safetensors(&tensors, Some(&metadata)).unwrap());
    let start = Instant::now();
    let call = folder.run("predict huge.safetensors loan.csv");
    assert_eq!(call.code, 1, "{}", call.stderr);
    assert!(call.stderr.contains("it holds 168.00 B of weights"), "{}", call.stderr);
    assert!(start.elapsed() < Duration::from_secs(1));
}
