//! Every form of the files that was ever written: read with the same predictions, gone on with, and
//! exported to the same bytes by this version. tests/files/forms has a folder for each version.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::support::{Folder, project};
use candle_core::{Device, Tensor};

/// Rounding differs between kinds of processors.
const TOLERANCE: f64 = 2e-5;

/// A copy of each stored run, to work in.
fn forms() -> Vec<(String, Folder)> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for version in std::fs::read_dir(project("tests/files/forms")).unwrap() {
        for form in std::fs::read_dir(version.unwrap().path()).unwrap() {
            folders.push(form.unwrap().path());
        }
    }
    folders.sort();
    assert!(folders.len() >= 4, "{folders:?}");
    let copy = |from: PathBuf| {
        let folder = Folder::new();
        copy_all(&from, &folder.path(""));
        (from.display().to_string(), folder)
    };
    folders.into_iter().map(copy).collect()
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy_all(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Two CSV texts whose words are the same and whose numbers are close.
fn assert_close(name: &str, expected: &str, found: &str) {
    assert_eq!(expected.lines().count(), found.lines().count(), "{name}");
    for (expected, found) in expected.lines().zip(found.lines()) {
        for (a, b) in expected.split(',').zip(found.split(',')) {
            match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) => {
                    assert!((a - b).abs() <= TOLERANCE * (1.0 + a.abs()), "{name}: {a}, {b}");
                }
                _ => assert_eq!(a, b, "{name}"),
            }
        }
    }
}

#[test]
fn every_form_is_read_with_the_same_predictions() {
    for (name, folder) in forms() {
        let found = folder.ok("predict run table.csv");
        assert_close(&name, &folder.read("predictions.csv"), &found);
        folder.ok("evaluate run table.csv");
    }
}

#[test]
fn every_form_is_gone_on_with() {
    for (name, folder) in forms() {
        let epochs = folder.read("run/history.csv").lines().count(); // with its header: one more
        folder.ok(&format!("train --resume run -q --set fit.epochs={epochs}"));
        assert_eq!(folder.read("run/history.csv").lines().count(), epochs + 1, "{name}");
    }
}

#[test]
fn every_form_is_exported_to_the_same_bytes() {
    for (name, folder) in forms() {
        for (kind, file) in [
            ("onnx", "model.onnx"),
            ("keras", "model.keras"),
            ("keras-weights", "model.weights.h5"),
            ("keras-json", "model.json"),
            ("weights", "weights.safetensors"),
            ("config", "architecture.yaml"),
        ] {
            let to = format!("again-{file}");
            folder.ok(&format!("export run --to {kind} -o {to} -q"));
            let same = folder.read_bytes(file) == folder.read_bytes(&to);
            assert!(same, "{name}: {file} is not what the version exported that wrote the model");
        }
        if folder.path("torch").exists() {
            folder.ok("export run --to torch -o again -q");
            for file in ["model.py", "model.safetensors"] {
                let same = folder.read_bytes(&format!("torch/{file}"))
                    == folder.read_bytes(&format!("again/{file}"));
                assert!(same, "{name}: torch/{file}");
            }
        }
    }
}

/// The numbers of training: the tensors of the model and of the checkpoint.
#[test]
fn every_form_is_trained_to_the_same_numbers() {
    for (name, folder) in forms() {
        folder.ok("train train.yaml -q --out again");
        for file in ["model.safetensors", "checkpoint.safetensors"] {
            let load = |run: &str| {
                let path = folder.path(&format!("{run}/{file}"));
                candle_core::safetensors::load(path, &Device::Cpu).unwrap()
            };
            let (expected, found) = (load("run"), load("again"));
            let names = |tensors: &HashMap<String, Tensor>| -> Vec<String> {
                let mut names: Vec<String> = tensors.keys().cloned().collect();
                names.retain(|name| name != "history"); // a list in the metadata of version 1.0
                names.sort();
                names
            };
            let (names, others) = (names(&expected), names(&found));
            assert_eq!(names, others, "{name}/{file}");
            for tensor in names {
                let numbers = |tensor: &candle_core::Tensor| -> Vec<f64> {
                    let tensor = tensor.to_dtype(candle_core::DType::F64).unwrap();
                    tensor.flatten_all().unwrap().to_vec1().unwrap()
                };
                let (a, b) = (numbers(&expected[&tensor]), numbers(&found[&tensor]));
                let scale = a.iter().fold(1.0f64, |most, x| most.max(x.abs()));
                let most = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(
                    a.len() == b.len() && most <= TOLERANCE * scale,
                    "{name}/{file}: {tensor}: {most}"
                );
            }
        }
    }
}
