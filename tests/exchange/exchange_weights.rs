//! Weights under the names of others, what every export gives back, and what `inspect` shows.

use crate::support::{Folder, LOAN, project};
use candle_core::{DType, Device, Tensor};
use lanthorn::exchange::keras::KerasFile;
use lanthorn::runtime::files::{TensorFile, to_safetensors};

#[test]
fn weights_under_other_names_are_matched_by_order_and_shape() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    folder.ok("export run --to weights -o ours.safetensors");
    let file = TensorFile::read(&folder.path("ours.safetensors")).unwrap();
    let turned = file.tensors["dense_1.weight"].t().unwrap().contiguous().unwrap();
    let renamed: Vec<(String, Tensor)> = vec![
        ("10.bias".into(), file.tensors["dense_1.bias"].clone()),
        ("10.weight".into(), turned.to_dtype(DType::F32).unwrap()),
        ("2.bias".into(), file.tensors["dense.bias"].clone()),
        ("2.weight".into(), file.tensors["dense.weight"].clone()),
    ];
    let bytes = |tensors: &[(String, Tensor)]| to_safetensors(tensors, None).unwrap();
    folder.write_bytes("theirs.safetensors", &bytes(&renamed));
    folder.write_bytes("a.safetensors", &bytes(&renamed[..2]));
    folder.write_bytes("b.safetensors", &bytes(&renamed[2..]));
    folder.write(
        "split.safetensors.index.json",
        r#"{"weight_map": {"10.bias": "a.safetensors", "10.weight": "a.safetensors",
            "2.bias": "b.safetensors", "2.weight": "b.safetensors"}}"#,
    );
    let expected = folder.ok("predict run loan.csv");
    for file in ["theirs.safetensors", "split.safetensors.index.json"] {
        let call = folder.run(&format!("import {file} --config loan.yaml -o out.safetensors"));
        assert_eq!(call.code, 0, "{}", call.stderr);
        assert!(call.stderr.contains("dense_1.weight ← 10.weight, transposed"), "{}", call.stderr);
        assert_eq!(folder.ok("predict out.safetensors loan.csv"), expected, "{file}");
    }
    folder
        .write("bad.safetensors.index.json", r#"{"weight_map": {"10.bias": "../a.safetensors"}}"#);
    // an index that names itself
    folder.write(
        "loop.safetensors.index.json",
        r#"{"weight_map": {"10.bias": "loop.safetensors.index.json"}}"#,
    );
    for file in ["a.safetensors", "bad.safetensors.index.json", "loop.safetensors.index.json"] {
        let call = folder.run(&format!("import {file} --config loan.yaml -o bad.safetensors"));
        assert_eq!(call.code, 1, "{file}");
        assert!(call.stderr.contains(file), "{}", call.stderr);
    }
}

#[test]
fn half_precision_weights_are_read() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    for dtype in ["f16", "bf16"] {
        folder.ok(&format!("export run --to weights --dtype {dtype} -o w.safetensors --verify"));
        folder.ok("import w.safetensors --config loan.yaml -o out.safetensors");
        folder.ok("predict out.safetensors loan.csv");
    }
}

#[test]
fn every_kind_of_export_is_read_back_and_computes_the_same() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let kinds = [
        ("config", "c.yaml"),
        ("config", "c.toml"),
        ("weights", "w.safetensors"),
        ("torch", "torch"),
        ("keras", "m.keras"),
        ("keras-weights", "m.weights.h5"),
        ("keras-json", "m.json"),
    ];
    for (to, out) in kinds {
        let text = folder.ok(&format!("export run --to {to} -o {out} --verify"));
        assert!(text.contains("the largest difference is 0e0"), "{to}: {text}");
    }
    // untrained, and ids for the embedding
    folder.write(
        "ids.yaml",
        "model:\n  input_shape: [5]\n  layers:\n    - embedding: {input_dim: 3, output_dim: 4}\n    - flatten\n    - dense: {units: 1}\n",
    );
    let call = folder.run("export ids.yaml --to config -o ids.json --verify");
    assert_eq!(call.code, 0, "{}", call.stderr);
}

/// A small image model on a table, with every kind of layer that PyTorch names or orders otherwise.
const IMAGES: &str = "\
name: images
seed: 3
data:
  train: images.csv
  features: [{columns: \"x*\"}]
  target: y
model:
  input_shape: [3, 4, 2]
  layers:
    - conv2d: {filters: 3, kernel_size: 2}
    - batch_normalization: {center: false}
    - p_re_lu: {shared_axes: [1, 2]}
    - flatten
    - layer_normalization: {scale: false}
    - dense: {units: 1}
compile: {optimizer: {adam: {learning_rate: 0.05}}, loss: mse}
fit: {epochs: 2, batch_size: 4}
";

fn with_images() -> Folder {
    let folder = Folder::new();
    let names: Vec<String> = (0..24).map(|i| format!("x{i}")).collect();
    let mut table = names.join(",") + ",y\n";
    for row in 0..12 {
        let cells: Vec<String> =
            (0..25).map(|i| format!("{:.2}", ((row * 31 + i * 17) % 23) as f32 / 10.0)).collect();
        table += &(cells.join(",") + "\n");
    }
    folder.write("images.csv", &table);
    folder.write("images.yaml", IMAGES);
    folder.ok("train images.yaml -q --out run");
    folder
}

#[test]
fn wrapped_layers_are_verified_in_every_kind() {
    let folder = with_images();
    let line =
        "- time_distributed: {layer: {bidirectional: {layer: {gru: {units: 3}}}}}\n    - flatten";
    folder.write("wrapped.yaml", &IMAGES.replace("- flatten", line));
    folder.ok("train wrapped.yaml -q --out wrapped");
    let call = folder.run("export wrapped --to torch -o torch --verify");
    assert!(call.stderr.contains("can't be written for PyTorch"), "{}", call.stderr);
    for (what, out) in [("keras", "m.keras"), ("onnx", "m.onnx"), ("keras-json", "m.json")] {
        let said = folder.ok(&format!("export wrapped --to {what} -o {out} --verify"));
        assert!(said.contains("largest difference"), "{what}: {said}");
    }
}

#[test]
fn a_state_dict_under_pytorchs_own_names_is_the_same_model() {
    let folder = with_images();
    let expected = folder.ok("predict run images.csv");
    let said = folder.ok("export run --to torch -o torch --verify");
    assert!(said.contains("the largest difference is 0e0"), "{said}");
    let file = TensorFile::read(&folder.path("torch/model.safetensors")).unwrap();
    let modules =
        ["conv2d", "batch_normalization", "p_re_lu", "flatten", "layer_normalization", "dense"];
    let mut theirs: Vec<(String, Tensor)> = Vec::new();
    let mut names: Vec<&String> = file.tensors.keys().collect();
    names.sort_unstable();
    for name in names {
        let tensor = &file.tensors[name];
        let (module, part) = name.split_once('.').unwrap();
        let place = modules.iter().position(|known| *known == module).unwrap();
        theirs.push((format!("net.{place}.{part}"), tensor.clone()));
    }
    let steps = Tensor::new(7i64, &Device::Cpu).unwrap();
    theirs.push(("net.1.num_batches_tracked".into(), steps));
    // what our layers lack stands in PyTorch's file, and changes nothing
    for name in ["net.1.bias", "net.2.weight", "net.4.weight"] {
        assert!(theirs.iter().any(|(theirs, _)| theirs == name), "{name}");
    }
    folder.write_bytes("theirs.safetensors", &to_safetensors(&theirs, None).unwrap());
    folder.ok("import theirs.safetensors --config images.yaml -o back.safetensors");
    assert_eq!(folder.ok("predict back.safetensors images.csv"), expected);

    // PyTorch's count of steps is no difference, with `--partial` neither
    let mut ours: Vec<(String, Tensor)> = file.tensors.into_iter().collect();
    ours.push(("batch_normalization.num_batches_tracked".into(), theirs.last().unwrap().1.clone()));
    folder.write_bytes("ours.safetensors", &to_safetensors(&ours, None).unwrap());
    let call = folder.run("import ours.safetensors --config images.yaml -o ours --partial");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(call.stderr.contains("p_re_lu.weight"), "{}", call.stderr);
    assert!(!call.stderr.contains("num_batches_tracked"), "{}", call.stderr);

    // what a Reshape makes of a value depends on how it lies
    let reshaped = IMAGES.replace("- flatten", "- reshape: {target_shape: [6, 3]}\n    - flatten");
    folder.write("reshaped.yaml", &reshaped);
    let call =
        folder.run("import theirs.safetensors --config reshaped.yaml -o reshaped.safetensors");
    assert!(
        call.stderr.contains("in our order, channels last, behind `reshape`"),
        "{}",
        call.stderr
    );

    // a bias that isn't zero has no place in a layer without one
    for (name, tensor) in &mut theirs {
        if name == "net.1.bias" {
            *tensor = (&*tensor + 1.0).unwrap();
        }
    }
    folder.write_bytes("theirs.safetensors", &to_safetensors(&theirs, None).unwrap());
    let call = folder.run("import theirs.safetensors --config images.yaml -o bad.safetensors");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("no layer takes the file's `net.1`"), "{}", call.stderr);
}

#[test]
fn a_name_that_nn_sequential_uses_itself_is_refused_by_name() {
    let folder = Folder::with_loan();
    folder.write("loan.yaml", &LOAN.replace("{units: 8,", "{name: forward, units: 8,"));
    folder.ok("train loan.yaml -q --out run");
    let call = folder.run("export run --to torch -o torch");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("layer `forward` (Dense)"), "{}", call.stderr);
}

#[test]
fn inspect_shows_every_kind_of_weights_file() {
    let folder = Folder::with_loan();
    let tensors = |file: &str| {
        let text = folder.ok(&format!("inspect {file} --json"));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["tensors"].as_array().unwrap().len()
    };
    for (file, count) in [("lstm.keras", 8), ("lstm.h5", 8), ("lstm.weights.h5", 8)] {
        let path = project("tests/golden/io").join(file);
        let own = KerasFile::read(&path).unwrap();
        let weights: usize = own.layers().map(|layer| layer.weights.len()).sum();
        assert_eq!(weights, count, "{file}");
        assert_eq!(tensors(path.to_str().unwrap()), count + own.optimizer().len(), "{file}");
    }
    let zeros =
        |name: &str| (name.to_string(), Tensor::zeros(2, DType::F32, &Device::Cpu).unwrap());
    folder.write_bytes("a.safetensors", &to_safetensors(&[zeros("a")], None).unwrap());
    folder.write_bytes("b.safetensors", &to_safetensors(&[zeros("b")], None).unwrap());
    let map = r#"{"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}"#;
    folder.write("model.safetensors.index.json", map);
    assert_eq!(tensors("model.safetensors.index.json"), 2);
    assert_eq!(tensors("."), 2);
    folder.write("m.onnx", "x");
    for file in ["m.onnx", "loan.csv", "missing.safetensors"] {
        let call = folder.run(&format!("inspect {file}"));
        assert_eq!(call.code, 1, "{file}");
        assert_eq!(call.stderr.matches(file).count(), 1, "{}", call.stderr);
    }
}
