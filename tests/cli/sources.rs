//! Where tables are: lists of files, formats, standard input, and arrays by name.

use std::io::Write;
use std::process::Stdio;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::Folder;
use crate::tables::refused;

const HEADER: &str = "age,bought\n";

fn rows(from: usize, to: usize) -> String {
    (from..to).map(|i| format!("{},{}\n", 20 + i % 9, ["no", "yes"][i % 9 / 5])).collect()
}

fn config(data: &str) -> String {
    format!(
        "seed: 1
data: {{{data}, features: [{{column: age, scale: standard}}], target: {{column: bought, encode: label}}}}
model: {{layers: [{{dense: {{units: 4, activation: relu}}}}, {{dense: {{units: 2, activation: softmax}}}}]}}
compile: {{optimizer: adam, loss: sparse_categorical_crossentropy}}
fit: {{epochs: 2, validation_split: {{random: 0.2}}}}
"
    )
}

#[test]
fn a_list_of_files_is_one_table() {
    let folder = Folder::new();
    folder.write("all.csv", &format!("{HEADER}{}", rows(0, 60)));
    folder.write("parts/a.csv", &format!("{HEADER}{}", rows(0, 25)));
    folder.write("parts/b.csv", &format!("{HEADER}{}", rows(25, 50)));
    folder.write("c.csv", &format!("{HEADER}{}", rows(50, 60)));
    folder.write("all.yaml", &config("train: all.csv"));
    folder.write("list.yaml", &config("train: [parts/*.csv, c.csv], test: [c.csv, parts/a.csv]"));
    folder.ok("train all.yaml -q --out all");
    folder.ok("train list.yaml -q --out some/list");
    assert_eq!(folder.ok("predict all all.csv"), folder.ok("predict some/list all.csv"));
    let written = folder.read("some/list/config.yaml");
    assert!(written.contains("../../parts/*.csv") && written.contains("../../c.csv"), "{written}");
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("evaluate some/list --json")).unwrap();
    assert_eq!(json["rows"], 35); // the list to test on
    let check = folder.ok("check list.yaml");
    assert!(check.contains("48 rows to train on, 12 to validate on, 35 to test on"), "{check}");
    folder.ok("report some/list");
    folder.ok("train --resume some/list -q --set fit.epochs=3");
    // what is wrong names the file
    folder.write("t.yaml", &config("train: [all.csv, oll.csv]"));
    refused(&folder.run("check t.yaml"), &["there is no file `oll.csv`", "did you mean `all.csv`"]);
    folder.write("t.yaml", &config("train: []"));
    refused(&folder.run("check t.yaml"), &["the list is empty"]);
    folder.write("d.csv", "age,bouhgt\n1,no\n");
    folder.write("t.yaml", &config("train: [all.csv, d.csv]"));
    refused(&folder.run("check t.yaml"), &["d.csv", "no column `bought`"]);
    folder.write("d.csv", "age,bought\n1,no\nten,no\n");
    refused(&folder.run("check t.yaml"), &["d.csv:3", "found `ten`"]);
    folder.write("t.yaml", &config("train: 3"));
    refused(&folder.run("check t.yaml"), &["train: 3", "the path of a table"]);
}

#[test]
fn the_format_is_told_by_the_file_and_may_be_asked_for() {
    let folder = Folder::new();
    let tabs = format!("{HEADER}{}", rows(0, 60)).replace(',', "\t");
    folder.write("t.tsv", &tabs);
    folder.write("t.txt", &tabs);
    folder.write("t.yaml", &config("train: t.tsv"));
    folder.ok("check t.yaml");
    folder.write("t.yaml", &config("train: t.txt"));
    refused(&folder.run("check t.yaml"), &["delimiter"]);
    folder.write("t.yaml", &config("train: t.txt, format: tsv"));
    folder.ok("train t.yaml -q --out run");
    assert_eq!(folder.ok("predict run t.txt").lines().count(), 61); // the model keeps the delimiter
    folder.write("t.yaml", &config("train: t.txt, format: jsonl"));
    refused(&folder.run("check t.yaml"), &["expected jsonl, but t.txt is csv"]);
    folder.write("t.yaml", &config("train: t.txt, format: xls"));
    refused(&folder.run("check t.yaml"), &["format: xls", "`xls`"]);
}

#[test]
fn a_training_reads_standard_input() {
    let folder = Folder::new();
    folder.write("t.yaml", &config("train: \"-\""));
    folder.write("t.csv", &format!("{HEADER}{}", rows(0, 60)));
    let mut command = folder.command(&["train", "t.yaml", "-q", "--out", "run"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&folder.read_bytes("t.csv")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folder.ok("predict run t.csv").lines().count(), 61);
    refused(&folder.run("evaluate run"), &["standard input", "name a table"]);
}

/// A .npy file of bytes (`|u1`) of a shape.
fn npy(shape: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, array) in arrays {
        writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        writer.write_all(array).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Forty pictures of 3 x 4, and which of three rows of each is bright.
fn pictures() -> (Vec<u8>, Vec<u8>) {
    let label = |i: usize| i % 3;
    let pixel = |i: usize, p: usize| if p / 4 == label(i) { 200 } else { (i * p % 40) as u8 };
    let images = (0..40).flat_map(|i| (0..12).map(move |p| pixel(i, p))).collect();
    (images, (0..40).map(|i| label(i) as u8).collect())
}

fn array_config(data: &str) -> String {
    format!(
        "seed: 1
data: {{{data}}}
model: {{layers: [{{rescaling: {{scale: 0.005}}}}, flatten, {{dense: {{units: 3, activation: softmax}}}}]}}
compile: {{optimizer: {{adam: {{learning_rate: 0.1}}}}, loss: sparse_categorical_crossentropy, metrics: [accuracy]}}
fit: {{epochs: 30}}
"
    )
}

#[test]
fn arrays_are_features_and_target_by_their_names() {
    let folder = Folder::new();
    let (images, labels) = pictures();
    let (images, labels) = (npy("(40, 3, 4)", &images), npy("(40,)", &labels));
    folder.write_bytes("t.npz", &npz(&[("images", images.clone()), ("labels", labels.clone())]));
    folder.write_bytes("images.npy", &images);
    folder.write_bytes("labels.npy", &labels);
    folder.write("t.yaml", &array_config("train: t.npz, x: images, y: labels, test: t.npz"));
    let check = folder.ok("check t.yaml");
    assert!(check.contains("input (None, 3, 4), output (None, 3)"), "{check}"); // the array's own shape
    folder.ok("train t.yaml -q --out run");
    let evaluated = folder.ok("evaluate run");
    assert!(evaluated.contains("accuracy: 1"), "{evaluated}");
    let predicted = folder.ok("predict run t.npz");
    assert!(predicted.starts_with("prediction,p_0,p_1,p_2\n0,"), "{predicted}");
    // the features alone, as an array without a name
    assert_eq!(folder.ok("predict run images.npy"), predicted);
    let call = folder.run("evaluate run images.npy");
    refused(&call, &["column `labels` is missing", "one array without a name"]);
    // class numbers are classes for other tools, too
    #[cfg(feature = "onnx")]
    assert!(folder.ok("export run --to onnx -o m.onnx --verify").contains("largest difference"));
    folder.ok("export run --to torch -o torch");
    assert!(folder.read("torch/model.py").contains("CLASSES = [\"0\", \"1\", \"2\"]"));
    refused(&folder.run("predict run labels.npy"), &["column `images_0` is missing"]);
    // a file for each array
    folder.write("files.yaml", &array_config("train: {x: images.npy, y: labels.npy}, x: x, y: y"));
    folder.ok("train files.yaml -q --out deep/files");
    assert_eq!(folder.ok("predict deep/files images.npy"), predicted);
    let written = folder.read("deep/files/config.yaml");
    assert!(written.contains("../../images.npy"), "{written}");
    folder.ok("train --resume deep/files -q --set fit.epochs=31");
}

#[test]
fn arrays_that_are_not_there_are_told() {
    let folder = Folder::new();
    let (images, labels) = pictures();
    let (images, labels) = (npy("(40, 3, 4)", &images), npy("(40,)", &labels));
    folder.write_bytes("t.npz", &npz(&[("images", images), ("labels", labels)]));
    folder.write("t.csv", "a,b\n1,2\n");
    for (data, fragments) in [
        ("train: t.npz, x: image, y: labels", &["x: image", "did you mean `images`"][..]),
        ("train: t.csv, x: images, y: labels", &["x: images", "name them in `features`"]),
        ("train: t.npz, x: images, features: [labels], y: labels", &["both given"]),
        ("train: t.npz, x: images", &["`target` is missing", "`y: labels`"]),
        ("train: t.npz, y: labels", &["`features` is empty", "`x: …`"]),
        ("train: t.npz, x: images, y: images", &["used twice"]),
        ("train: {x: t.csv, y: t.csv}, x: x, y: y", &["expected an array"]),
        ("train: {x: t.npz, y: t.npz}, x: x, y: y", &["none is called `x`"]),
        ("train: {}, x: x, y: y", &["a file for each array"]),
    ] {
        folder.write("t.yaml", &array_config(data));
        refused(&folder.run("check t.yaml"), fragments);
    }
}

#[test]
fn init_sees_that_several_blanks_are_one_delimiter() {
    let folder = Folder::new();
    let row =
        |i: usize| format!(" {:7.4}  {:4}   {:6.2}\n", i as f64 * 0.37 % 3.0, i % 4, i as f64);
    folder.write("t.data", &(0..60).map(row).collect::<String>());
    folder.ok("init t.data --target 2 -o t.yaml");
    assert!(folder.read("t.yaml").contains("delimiter: \" \""), "{}", folder.read("t.yaml"));
    folder.ok("check t.yaml");
}
