//! `LANTHORN_ENGINE`: the engine that other devices have, on the CPU.

use crate::support::{Call, Folder};

fn on(folder: &Folder, engine: &str, arguments: &str) -> Call {
    let mut command = folder.command(&arguments.split(' ').collect::<Vec<_>>());
    let output = command.env("LANTHORN_ENGINE", engine).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Call {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn trained(folder: &Folder, engine: &str, arguments: &str) {
    let call = on(folder, engine, arguments);
    assert_eq!(call.code, 0, "{}", call.stderr);
}

/// The numbers of a table's cells.
fn numbers(csv: &str) -> Vec<f64> {
    csv.split([',', ' ', '\n']).filter_map(|cell| cell.parse().ok()).collect()
}

fn assert_near(a: &str, b: &str, most: f64) {
    let (a, b) = (numbers(a), numbers(b));
    assert!(!a.is_empty() && a.len() == b.len());
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= most * (1.0 + b.abs()), "{a} {b}");
    }
}

#[test]
fn both_engines_train_to_the_same_numbers_and_read_each_others_models() {
    let folder = Folder::with_loan();
    for engine in ["cpu", "graph"] {
        let out = format!("train loan.yaml --out {engine} --set fit.epochs=3");
        trained(&folder, engine, &out);
    }
    assert_near(&folder.read("graph/history.csv"), &folder.read("cpu/history.csv"), 1e-4);
    let predicted = |engine: &str| {
        let call = on(&folder, engine, "predict cpu loan.csv");
        assert_eq!(call.code, 0, "{}", call.stderr);
        assert!(!call.stderr.contains("self-test"), "{}", call.stderr);
        call.stdout
    };
    assert_near(&predicted("graph"), &predicted("cpu"), 1e-5);
    let scores = |engine: &str| on(&folder, engine, "evaluate cpu loan.csv --report").stdout;
    assert_near(&scores("graph"), &scores("cpu"), 1e-4);
}

#[test]
fn the_graph_engine_resumes_to_the_bytes_of_an_uninterrupted_training() {
    let folder = Folder::with_loan();
    trained(&folder, "graph", "train loan.yaml --out whole --set fit.epochs=4");
    trained(&folder, "graph", "train loan.yaml --out parts --set fit.epochs=2");
    trained(&folder, "graph", "train --resume parts --set fit.epochs=4");
    assert_eq!(
        folder.read_bytes("whole/model.safetensors"),
        folder.read_bytes("parts/model.safetensors")
    );
    // and what one engine began, the other ends
    trained(&folder, "graph", "train loan.yaml --out mixed --set fit.epochs=2");
    trained(&folder, "cpu", "train --resume mixed --set fit.epochs=4");
    assert_near(&folder.read("mixed/history.csv"), &folder.read("whole/history.csv"), 1e-4);
}

#[test]
fn an_unknown_engine_is_an_error_that_names_those_there_are() {
    let folder = Folder::with_loan();
    let call = on(&folder, "gpu", "train loan.yaml --out run");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`LANTHORN_ENGINE` is `gpu`"), "{}", call.stderr);
    assert!(call.stderr.contains("valid engines: `cpu`, `graph`"), "{}", call.stderr);
    assert!(!folder.path("run").exists());
}
