//! Residuals: Keras's functional models in and out, PyTorch, ONNX, and what is refused.

use crate::support::{Folder, project};

const MODEL: &str = "  input_shape: [7, 6, 3]
  layers:
    - conv2d: {filters: 5, kernel_size: 3, padding: same, activation: relu}
    - residual:
        layers:
          - conv2d: {filters: 8, kernel_size: 3, padding: same, strides: 2}
          - residual:
              layers:
                - batch_normalization
                - separable_conv2d: {filters: 8, kernel_size: 3, padding: same}
                - residual: {name: inner, layers: [{conv2d: {filters: 8, kernel_size: 1}}]}
          - activation: {activation: sigmoid}
        shortcut:
          - average_pooling2d: {pool_size: 2, padding: same}
          - conv2d: {filters: 8, kernel_size: 1, name: conv2d_1}
    - flatten
    - residual: {layers: [{dense: {units: 96, activation: tanh}}, {dropout: {rate: 0.1}}]}
    - dense: {units: 2, activation: softmax}
";

/// A folder with a table for `MODEL` and a configuration of it.
fn folder() -> Folder {
    let folder = Folder::new();
    let mut table = (0..126).map(|i| format!("x{i},")).collect::<String>() + "y\n";
    for row in 0..16 {
        let cells = (0..126).map(|i| format!("{},", (i * 7 + row * 13) % 19));
        table += &(cells.collect::<String>() + ["no\n", "yes\n"][row % 3 / 2]);
    }
    folder.write("t.csv", &table);
    folder.write(
        "t.yaml",
        &format!(
            "seed: 3\ndata:\n  train: t.csv\n  features: [{{columns: \"x*\", scale: min_max}}]\n  \
             target: {{column: y, encode: label}}\nmodel:\n{MODEL}compile: {{optimizer: adam, \
             loss: sparse_categorical_crossentropy}}\nfit: {{epochs: 2, batch_size: 5}}\n"
        ),
    );
    folder
}

#[test]
fn a_functional_model_of_kerass_with_sums_predicts_as_in_keras() {
    let folder = Folder::new();
    let file = project("tests/import/residual.keras");
    folder.ok(&format!("import {} -o m.safetensors", file.to_str().unwrap()));
    let rows = project("tests/import/residual.csv");
    let predicted = folder.ok(&format!("predict m.safetensors {} -o -", rows.to_str().unwrap()));
    let wanted = std::fs::read_to_string(project("tests/import/residual_want.csv")).unwrap();
    let numbers = |text: &str, skip: usize| -> Vec<f32> {
        let cells = text.lines().skip(1).flat_map(|line| line.split(',').skip(skip));
        cells.map(|cell| cell.parse().unwrap()).collect()
    };
    let (found, wanted) = (numbers(&predicted, 1), numbers(&wanted, 0));
    assert_eq!(found.len(), 24);
    for (found, wanted) in found.iter().zip(&wanted) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
}

#[test]
fn every_format_reads_a_residual_back() {
    let folder = folder();
    folder.ok("train t.yaml --out run -q");
    for (format, file) in [
        ("onnx", "m.onnx"),
        ("torch", "torch"),
        ("keras", "m.keras"),
        ("keras-weights", "m.weights.h5"),
        ("keras-json", "m.json"),
        ("weights", "w.safetensors"),
        ("config", "c.yaml"),
    ] {
        let said = folder.ok(&format!("export run --to {format} -o {file} --verify"));
        assert!(said.contains("largest difference"), "{format}: {said}");
    }
    let code = folder.read("torch/model.py");
    assert!(code.contains("class Residual(nn.Module)"), "{code}");
    folder.ok("import m.keras -o back.safetensors");
    let weights = |file: &str| {
        let model = lanthorn::Sequential::load(folder.path(file)).unwrap();
        let weights = model.weights().unwrap();
        let all = weights.iter().map(|weight| (weight.path(), weight.values().unwrap()));
        all.collect::<Vec<_>>()
    };
    assert_eq!(weights("run/model.safetensors"), weights("back.safetensors"));
}

#[test]
fn layers_inside_are_named_as_in_one_flat_list() {
    let folder = folder();
    folder.ok("train t.yaml --out run -q --set fit.epochs=1");
    let model = lanthorn::Sequential::load(folder.path("run")).unwrap();
    let mut layers: Vec<String> =
        model.weights().unwrap().iter().map(|weight| weight.layer.clone()).collect();
    layers.dedup();
    // conv2d_1 is taken by a name that is given
    let wanted = ["conv2d", "conv2d_2", "batch_normalization", "separable_conv2d", "conv2d_3"];
    assert_eq!(layers, [&wanted[..], &["conv2d_1", "dense", "dense_1"]].concat());
    let summary = folder.ok("summary run");
    assert!(summary.contains("│   └ inner (Residual)"), "{summary}");
    assert!(summary.contains("│ + conv2d_1 (Conv2D)"), "{summary}");
}

#[test]
fn the_model_is_the_same_at_any_number_of_threads_and_resumed() {
    let folder = folder();
    for threads in 1..4 {
        folder.ok(&format!("train t.yaml --out run{threads} -q --threads {threads}"));
    }
    folder.ok("train t.yaml --out half -q --set fit.epochs=1");
    folder.ok("train --resume half -q --set fit.epochs=2");
    let model = |run: &str| folder.read_bytes(&format!("{run}/model.safetensors"));
    for run in ["run2", "run3", "half"] {
        assert!(model("run1") == model(run), "{run}");
    }
}

#[test]
fn what_has_no_sum_is_told_with_the_layer_that_mends_it() {
    let folder = Folder::new();
    for (layers, input, found, help) in [
        (
            "[{residual: {layers: [{conv2d: {filters: 8, kernel_size: 3, strides: 2, padding: same}}]}}]",
            "[9, 8, 4]",
            "`layers` give (None, 5, 4, 8), the input that is added is (None, 9, 8, 4)",
            "`shortcut: [conv2d: {filters: 8, kernel_size: 1, strides: 2}]`",
        ),
        (
            "[{residual: {layers: [{conv1d: {filters: 8, kernel_size: 3, padding: same}}]}}]",
            "[9, 4]",
            "`layers` give (None, 9, 8)",
            "`shortcut: [conv1d: {filters: 8, kernel_size: 1}]`",
        ),
        (
            "[{residual: {layers: [{dense: {units: 3}}]}}]",
            "[4]",
            "`layers` give (None, 3)",
            "`shortcut: [dense: {units: 3}]`",
        ),
        ("[{residual: {layers: []}}]", "[4]", "at least one layer, got none", "such as"),
        ("[{residual: {layers: [{dense: {unitz: 3}}]}}]", "[4]", "unknown key `unitz`", "`units`"),
        (
            "[masking, {residual: {layers: [{conv1d: {filters: 2, kernel_size: 3, padding: same}}]}}]",
            "[4, 2]",
            "`layers` drop the mask of their input, the shortcut keeps it",
            "the mask must be the same on both ways",
        ),
        (
            "[masking, {residual: {layers: [masking, {dense: {units: 2}}]}}]",
            "[4, 2]",
            "makes a mask, which the other way lacks",
            "before the residual",
        ),
        (
            "[{dense: {units: 4, name: a}}, {residual: {layers: [{dense: {units: 4, name: a}}]}}]",
            "[4]",
            "two layers are named `a`",
            "unique",
        ),
        (
            "[{time_distributed: {layer: {residual: {layers: [{dense: {units: 4}}]}}}}]",
            "[3, 4]",
            "time_distributed over a residual is not supported",
            "put each layer inside",
        ),
    ] {
        folder.write("m.yaml", &format!("model: {{input_shape: {input}, layers: {layers}}}\n"));
        let call = folder.run("check m.yaml");
        assert_eq!(call.code, 1, "{layers}: {}", call.stdout);
        assert!(call.stderr.contains(found), "{layers}: {}", call.stderr);
        assert!(call.stderr.contains(help), "{layers}: {}", call.stderr);
    }
    // both ways keep the mask, or there is none
    for layers in [
        "[masking, {residual: {layers: [{lstm: {units: 2, return_sequences: true}}]}}]",
        "[{residual: {layers: [{conv1d: {filters: 2, kernel_size: 3, padding: same}}]}}]",
    ] {
        folder.write("m.yaml", &format!("model: {{input_shape: [4, 2], layers: {layers}}}\n"));
        folder.ok("check m.yaml");
    }
}
