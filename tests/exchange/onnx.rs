//! ONNX files are read back by our own evaluator, which notices what is wrong with them.

use std::path::Path;

use crate::support::{Folder, project};
use candle_core::Device;
use lanthorn::exchange::keras::KerasFile;
use lanthorn::exchange::of_model::from_keras;
use lanthorn::exchange::onnx::eval::{ElementType, Graph, TensorValue};
use lanthorn::exchange::onnx::{difference, write};
use lanthorn::exchange::portable::Portable;
use lanthorn::exchange::verify::tolerance;
use lanthorn::model::Model;

const MODELS: [&str; 6] =
    ["tutorial_mlp", "cnn", "lstm", "embedding_gru", "bn_dropout0", "regression"];

fn fixture(name: &str) -> Model {
    let path = project("tests/golden/io").join(format!("{name}.keras"));
    from_keras(&KerasFile::read(&path).unwrap(), &path).unwrap().0
}

fn onnx(model: &Model, is_raw: bool) -> Vec<u8> {
    write(&Portable::of(model, None, true).unwrap(), is_raw).unwrap()
}

fn find(file: &[u8], bytes: &[u8]) -> Option<usize> {
    file.windows(bytes.len()).position(|window| window == bytes)
}

fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut file = file.to_vec();
    let place = find(&file, from.as_bytes()).unwrap();
    file[place..place + to.len()].copy_from_slice(to.as_bytes());
    file
}

#[test]
fn every_fixture_computes_the_same_with_and_without_preprocessing() {
    let folder = Folder::new();
    for name in MODELS {
        for is_raw in [true, false] {
            let model = fixture(name);
            folder.write_bytes("m.onnx", &onnx(&model, is_raw));
            let allowed = tolerance(&model.network);
            let apart = difference(&folder.path("m.onnx"), model, is_raw).unwrap();
            assert!(apart <= allowed, "{name}, raw {is_raw}: differs by {apart}");
        }
    }
}

#[test]
fn a_changed_weight_is_noticed() {
    let folder = Folder::new();
    let mut count = 0;
    for name in MODELS {
        let model = fixture(name);
        let allowed = tolerance(&model.network);
        for weight in model.network.weights().iter() {
            let numbers = weight.var.as_tensor().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for is_raw in [true, false] {
                let mut file = onnx(&model, is_raw);
                let places: Option<Vec<usize>> =
                    numbers.iter().map(|number| find(&file, &number.to_le_bytes())).collect();
                let Some(places) = places else { continue }; // folded into others
                places.iter().for_each(|place| file[place + 3] ^= 0x80); // the other sign
                folder.write_bytes("m.onnx", &file);
                let apart = difference(&folder.path("m.onnx"), fixture(name), is_raw).unwrap();
                let (layer, weight) = (&weight.layer, &weight.name);
                assert!(apart > allowed, "{name}, {layer}, {weight}: differs by {apart}");
                count += 1;
            }
        }
    }
    assert!(count >= 50, "{count} weights");
}

/// Labels, one-hot, both scalings, three classes of logits.
const TABLE: &str = "\
seed: 3
data:
  train: t.csv
  features:
    - {column: size, scale: standard}
    - {column: year, scale: min_max}
    - {column: color, encode: one_hot}
    - {column: door, encode: label, scale: standard}
  target: {column: kind, encode: label}
model:
  layers:
    - dense: {units: 5, activation: {threshold: {threshold: 0.1, default_value: -1}}}
    - dense: {units: 3}
compile:
  optimizer: sgd
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
fit: {epochs: 2}
";

fn with_table() -> Folder {
    let folder = Folder::new();
    let mut table = "size,year,color,door,kind\n".to_string();
    for row in 0..30 {
        let color = ["red", "green", "deep blue"][row % 3];
        let (size, year) = (row as f64 * 0.37 - 2.1, 1990 + row * 7 % 31);
        table += &format!("{size},{year},{color},{}.0,{}\n", row % 4, ["a", "b", "c"][row % 7 % 3]);
    }
    folder.write("t.csv", &table);
    folder.write("t.yaml", TABLE);
    folder
}

#[test]
fn cells_go_through_the_preprocessing_of_the_file() {
    let folder = with_table();
    folder.ok("train t.yaml -q --out run");
    folder.ok("train t.yaml -q --out without --set fit.self_test=false");
    for run in ["run", "without"] {
        for which in ["", " --without-preprocessing"] {
            let said = folder.ok(&format!("export {run} --to onnx -o m.onnx{which} --verify"));
            assert!(said.contains("largest difference"), "{run}{which}: {said}");
        }
    }
    let path = folder.path("m.onnx");
    let load = || Model::load(&folder.path("run"), &Device::Cpu).unwrap();
    let file = onnx(&load(), true);
    let graph = Graph::read(&file).unwrap();
    let kinds: Vec<ElementType> = graph.inputs().iter().map(|(_, kind)| *kind).collect();
    assert_eq!(
        kinds,
        [ElementType::Float, ElementType::Float, ElementType::String, ElementType::String]
    );
    let apart = |file: &[u8]| {
        folder.write_bytes("m.onnx", file);
        difference(&path, load(), true).unwrap()
    };
    assert!(apart(&file) <= 1e-5);
    // the names of two classes of a feature, and of the target, stand the wrong way round
    let renamed = apart(&replaced(&file, "deep blue", "deep grey"));
    assert!(renamed.is_nan() || renamed > 1e-5);
    let of_target = find(&file, b"2\x01a2\x01b").unwrap();
    let mut swapped = file.clone();
    swapped[of_target..of_target + 6].copy_from_slice(b"2\x01b2\x01a");
    assert!(apart(&swapped) > 1e-5);
}

fn wrong(file: &[u8]) -> String {
    Graph::read(file).map(|_| "read").unwrap_err()
}

#[test]
fn what_the_exporter_never_writes_is_refused_by_name() {
    let file = onnx(&fixture("tutorial_mlp"), false);
    assert!(
        wrong(&replaced(&file, "\x22\x06MatMul", "\x22\x06MatPow")).contains("operator `MatPow`")
    );
    let file = onnx(&fixture("cnn"), false);
    let message = wrong(&replaced(&file, "dilations", "dilatings"));
    assert!(message.contains("`Conv`") && message.contains("attribute `dilatings`"), "{message}");
    assert!(wrong(b"").contains("version"));
    assert!(wrong(b"not at all").contains("no ONNX file"));
}

#[test]
fn inputs_of_another_number_kind_or_shape_are_errors() {
    let graph = Graph::read(&onnx(&fixture("tutorial_mlp"), false)).unwrap();
    assert!(graph.run(vec![]).unwrap_err().contains("1 inputs"));
    let text = TensorValue::texts(vec![1], vec!["a".to_string()]).unwrap();
    assert!(graph.run(vec![text]).unwrap_err().contains("Float"));
    let wide = TensorValue::floats(vec![1, 1000], &[0.0; 1000]).unwrap();
    assert!(graph.run(vec![wide]).unwrap_err().contains("`MatMul`"));
    assert!(TensorValue::floats(vec![2, usize::MAX], &[0.0]).is_err());
}

/// Reads and computes, whatever comes of it.
fn tried(path: &Path, name: &str) -> bool {
    difference(path, fixture(name), false).is_ok()
}

#[test]
fn a_damaged_file_is_read_or_refused() {
    let folder = Folder::new();
    let path = folder.path("m.onnx");
    for name in MODELS {
        let whole = onnx(&fixture(name), false);
        for length in (0..whole.len()).step_by(whole.len() / 10) {
            folder.write_bytes("m.onnx", &whole[..length]);
            assert!(!tried(&path, name), "{name} cut at {length}");
        }
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            folder.write_bytes("m.onnx", &bytes);
            tried(&path, name);
        }
    }
}

/// A column of timestamps, which f32 would round to multiples of 128 seconds.
#[test]
fn a_column_that_f32_would_round_comes_in_as_double_and_is_proven_by_its_own_cells() {
    let folder = Folder::new();
    let row = |i: u64| format!("{},{}\n", 1_700_000_000 + 60 * i, i % 7);
    let rows: String = (0..200).map(row).collect();
    folder.write("d.csv", &format!("ts,y\n{rows}"));
    folder.write(
        "c.yaml",
        "data: {train: d.csv, features: [{column: ts, scale: standard}], target: {column: y, scale: standard}}\n\
         model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: {units: 1}}]}\n\
         compile: {loss: mse, optimizer: {adam: {learning_rate: 0.1}}}\nfit: {epochs: 20}\n",
    );
    folder.ok("train c.yaml --out run -q");
    folder.ok("export run --to onnx -o m.onnx --verify");
    let file = folder.read_bytes("m.onnx");
    assert_eq!(Graph::read(&file).unwrap().inputs(), [("ts".to_string(), ElementType::Double)]);
    // the same file with the column as f32: the proof must fail
    let name = find(&file, &[0x0a, 0x02, b't', b's', 0x12]).unwrap();
    let place = name + find(&file[name..], &[0x08, 11]).unwrap();
    let mut single = file.clone();
    single[place + 1] = 1;
    folder.write_bytes("m.onnx", &single);
    let model = Model::load(&folder.path("run"), &Device::Cpu).unwrap();
    assert!(difference(&folder.path("m.onnx"), model, true).unwrap() > 1e-4);
}

#[test]
fn every_interpolation_of_an_up_sampling_is_carried() {
    let folder = Folder::new();
    let names: Vec<String> = (0..24).map(|place| format!("p{place:02}")).collect();
    let mut table = names.join(",") + ",y\n";
    for row in 0..20 {
        let cells = (0..24).map(|place| format!("0.{}", (row * 7 + place * 3) % 10));
        table += &format!("{},0.{}\n", cells.collect::<Vec<_>>().join(","), row % 10);
    }
    folder.write("t.csv", &table);
    for interpolation in ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] {
        folder.write(
            "t.yaml",
            &format!(
                "data: {{train: t.csv, features: [{{columns: \"p*\"}}], target: y}}\n\
                 model:\n  input_shape: [4, 3, 2]\n  layers:\n    \
                 - up_sampling2d: {{size: [2, 3], interpolation: {interpolation}}}\n    \
                 - flatten\n    - dense: {{units: 1}}\n\
                 compile: {{optimizer: sgd, loss: mse}}\nfit: {{epochs: 1}}\n"
            ),
        );
        folder.ok("train t.yaml -q --out run-once");
        let said = folder.ok("export run-once --to onnx -o m.onnx --verify");
        assert!(said.contains("largest difference"), "{interpolation}: {said}");
        std::fs::remove_dir_all(folder.path("run-once")).unwrap();
    }
}

/// Numbers and texts that mark missing values, of a column alone and of any.
#[test]
fn marks_of_missing_values_are_filled_in_the_file() {
    let folder = with_table();
    let marked = TABLE
        .replace("  train: t.csv", "  train: t.csv\n  missing_values: [\"2020\", deep blue]")
        .replace(
            "year, scale: min_max",
            "year, scale: min_max, missing: mean, missing_values: [1990, 1997], indicator: true",
        )
        .replace("size, ", "size, missing: {constant: 7}, missing_values: [-2.1, -1.73], ")
        .replace("one_hot", "one_hot, missing: most_frequent, missing_values: [green]");
    folder.write("t.yaml", &marked);
    folder.ok("train t.yaml -q --out run");
    folder.ok("export run --to onnx -o m.onnx --verify");
    let load = || Model::load(&folder.path("run"), &Device::Cpu).unwrap();
    let file = onnx(&load(), true);
    let apart = |file: &[u8]| {
        folder.write_bytes("m.onnx", file);
        difference(&folder.path("m.onnx"), load(), true).unwrap()
    };
    assert!(apart(&file) <= 1e-5);
    let mark = 1990f64.to_le_bytes();
    let at = file.windows(8).position(|bytes| bytes == mark).expect("the mark is in the file");
    let mut without = file.clone();
    without[at..at + 8].copy_from_slice(&1234f64.to_le_bytes());
    assert!(apart(&without) > 1e-5);
}
