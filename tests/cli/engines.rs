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
fn all_engines_train_to_the_same_numbers_and_read_each_others_models() {
    let folder = Folder::with_loan();
    for engine in ["cpu", "graph", "device"] {
        let out = format!("train loan.yaml --out {engine} --set fit.epochs=3");
        trained(&folder, engine, &out);
    }
    for engine in ["graph", "device"] {
        let history = folder.read(&format!("{engine}/history.csv"));
        assert_near(&history, &folder.read("cpu/history.csv"), 1e-4);
    }
    // the host form of the device's programs is the host's own arithmetic
    let model = |engine: &str| folder.read_bytes(&format!("{engine}/model.safetensors"));
    assert_eq!(model("device"), model("graph"));
    let predicted = |engine: &str| {
        let call = on(&folder, engine, "predict cpu loan.csv");
        assert_eq!(call.code, 0, "{}", call.stderr);
        assert!(!call.stderr.contains("self-test"), "{}", call.stderr);
        call.stdout
    };
    assert_near(&predicted("graph"), &predicted("cpu"), 1e-5);
    assert_near(&predicted("device"), &predicted("cpu"), 1e-5);
    let scores = |engine: &str| on(&folder, engine, "evaluate cpu loan.csv --report").stdout;
    assert_near(&scores("graph"), &scores("cpu"), 1e-4);
    assert_near(&scores("device"), &scores("cpu"), 1e-4);
}

#[test]
fn every_engine_resumes_to_the_bytes_of_an_uninterrupted_training() {
    for engine in ["graph", "device"] {
        let folder = Folder::with_loan();
        trained(&folder, engine, "train loan.yaml --out whole --set fit.epochs=4");
        trained(&folder, engine, "train loan.yaml --out parts --set fit.epochs=2");
        trained(&folder, engine, "train --resume parts --set fit.epochs=4");
        assert_eq!(
            folder.read_bytes("whole/model.safetensors"),
            folder.read_bytes("parts/model.safetensors")
        );
        // and what one engine began, the others end
        trained(&folder, "cpu", "train loan.yaml --out mixed --set fit.epochs=1");
        trained(&folder, engine, "train --resume mixed --set fit.epochs=3");
        trained(&folder, "cpu", "train --resume mixed --set fit.epochs=4");
        assert_near(&folder.read("mixed/history.csv"), &folder.read("whole/history.csv"), 1e-4);
    }
}

#[test]
fn a_loss_that_is_not_finite_ends_every_engine_at_the_same_step() {
    let folder = Folder::with_loan();
    let told = |engine: &str, kind: &str| {
        let optimizer = format!("compile.optimizer={{\"{kind}\":{{\"learning_rate\":1.0e38}}}}");
        let call = on(
            &folder,
            engine,
            &format!("train loan.yaml --out {engine}-{kind} --set {optimizer}"),
        );
        assert_eq!(call.code, 1, "{}", call.stderr);
        let line = call.stderr.lines().find(|line| line.contains("the loss is"));
        let line = line.unwrap_or_else(|| panic!("{}", call.stderr));
        line.split(';').next().unwrap().to_string()
    };
    for kind in ["sgd", "lion"] {
        let expected = told("cpu", kind);
        assert_eq!(told("graph", kind), expected);
        assert_eq!(told("device", kind), expected);
    }
}

#[test]
fn a_callback_may_end_a_training_whose_loss_is_not_finite_on_every_engine() {
    let folder = Folder::with_loan();
    for engine in ["graph", "device"] {
        let optimizer = "compile.optimizer={\"sgd\":{\"learning_rate\":1.0e38}}";
        let ends = "fit.callbacks=[\"terminate_on_nan\"]";
        let out = format!("train loan.yaml --out {engine} --set {optimizer} --set {ends}");
        let call = on(&folder, engine, &out);
        assert_eq!(call.code, 0, "{}", call.stderr);
    }
    assert_eq!(folder.read("graph/history.csv"), folder.read("device/history.csv"));
    assert_eq!(
        folder.read_bytes("graph/model.safetensors"),
        folder.read_bytes("device/model.safetensors")
    );
}

#[test]
fn an_optimizer_that_works_on_the_cpu_is_told_once() {
    let folder = Folder::with_loan();
    let ftrl = "compile.optimizer={\"ftrl\":{\"learning_rate_power\":-0.4}}";
    let out = format!("train loan.yaml --out run --set {ftrl} --set fit.epochs=3");
    let call = on(&folder, "device", &out);
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert_eq!(call.stderr.matches("the optimizer works on the CPU").count(), 1, "{}", call.stderr);
    assert!(call.stderr.contains("no form for a GPU yet"), "{}", call.stderr);
}

#[test]
fn samples_that_are_sent_in_blocks_train_to_the_same_bytes() {
    let folder = Folder::with_loan();
    let all = [
        "--set fit.batch_size=7 --set fit.epochs=3",
        "--set fit.batch_size=1000 --set fit.epochs=2", // one batch an epoch
        "--set fit.batch_size=16 --set fit.epochs=2 --set fit.shuffle=false",
    ];
    for (number, arguments) in all.iter().enumerate() {
        let run = |engine: &str| {
            trained(
                &folder,
                engine,
                &format!("train loan.yaml --out {engine}-{number} {arguments}"),
            );
            let history = folder.read(&format!("{engine}-{number}/history.csv"));
            (history, folder.read_bytes(&format!("{engine}-{number}/model.safetensors")))
        };
        assert!(run("blocks") == run("device"), "{arguments}");
    }
}

#[test]
fn optimizers_that_take_norms_update_on_the_device_and_are_resumed_exactly() {
    let folder = Folder::with_loan();
    for optimizer in ["lamb", "adafactor", "muon"] {
        let train = |engine: &str, out: &str, epochs: usize| {
            let set = format!("--set compile.optimizer={optimizer} --set fit.epochs={epochs}");
            let call =
                on(&folder, engine, &format!("train loan.yaml --out {out}-{optimizer} {set}"));
            assert_eq!(call.code, 0, "{}", call.stderr);
            assert!(!call.stderr.contains("works on the CPU"), "{}", call.stderr);
        };
        train("cpu", "cpu", 3);
        train("device", "whole", 3);
        train("device", "parts", 1);
        trained(&folder, "device", &format!("train --resume parts-{optimizer} --set fit.epochs=3"));
        let history = |run: &str| folder.read(&format!("{run}-{optimizer}/history.csv"));
        assert_near(&history("whole"), &history("cpu"), 1e-4);
        let model = |run: &str| folder.read_bytes(&format!("{run}-{optimizer}/model.safetensors"));
        assert_eq!(model("parts"), model("whole"));
    }
}

#[test]
fn an_unknown_engine_is_an_error_that_names_those_there_are() {
    let folder = Folder::with_loan();
    let call = on(&folder, "gpu", "train loan.yaml --out run");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`LANTHORN_ENGINE` is `gpu`"), "{}", call.stderr);
    assert!(call.stderr.contains("valid engines: `cpu`, `graph`, `device`"), "{}", call.stderr);
    assert!(!folder.path("run").exists());
}
