//! Every file in configs/ is parsed, built, trained for an epoch, and exported to ONNX; the two loans
//! are one tree.

use crate::support::{Folder, project};

#[test]
fn every_configuration_trains() {
    let mut count = 0;
    for entry in std::fs::read_dir(project("configs")).unwrap() {
        let path = entry.unwrap().path();
        let folder = Folder::new();
        let path = path.to_str().unwrap();
        let call = folder.call(&["check", path]);
        assert_eq!(call.code, 0, "check {path}\n{}", call.stderr);
        let call = folder.call(&["summary", path]);
        assert!(
            call.code == 0 && call.stdout.contains("Total params"),
            "summary {path}\n{}",
            call.stderr
        );
        let call = folder.call(&["train", path, "--out", "run", "-q", "--set", "fit.epochs=1"]);
        assert_eq!(call.code, 0, "train {path}\n{}", call.stderr);
        let call = folder.call(&["summary", "run"]);
        assert_eq!(call.code, 0, "summary run {path}\n{}", call.stderr);
        for which in ["--with-preprocessing", "--without-preprocessing"] {
            let said = folder.ok(&format!("export run --to onnx -o m.onnx {which} --verify"));
            assert!(said.contains("largest difference"), "{path} {which}: {said}");
        }
        count += 1;
    }
    assert!(count >= 10, "only {count} configurations");
}

/// What README.md states of them, with what a prediction that knows nothing comes to.
#[test]
fn tables_of_every_kind_train_to_the_scores_that_are_stated() {
    for (name, metric, score, baseline) in [
        ("titanic", "val_accuracy", 0.821, 0.529),
        ("buildings", "val_mae", 0.70, 4.15),
        ("topics", "val_binary_accuracy", 0.933, 0.669),
        ("anomalies", "val_loss", 0.167, 0.915),
    ] {
        let folder = Folder::new();
        let path = project(&format!("configs/{name}.yaml"));
        folder.ok(&format!("train {} --out run -q", path.display()));
        let json: serde_json::Value =
            serde_json::from_str(&folder.read("run/metrics.json")).unwrap();
        let found = json["final"][metric].as_f64().unwrap();
        let constant =
            json["baseline"]["logs"][metric].as_f64().unwrap_or_else(|| panic!("{json}"));
        assert!((found - score).abs() < 0.01, "{name}: {metric} {found}");
        assert!((constant - baseline).abs() < 0.01, "{name}: baseline {constant}");
    }
}

#[test]
fn yaml_and_toml_give_the_same_run() {
    let folder = Folder::new();
    for format in ["yaml", "toml"] {
        let path = project(&format!("configs/loan.{format}"));
        let path = path.to_str().unwrap();
        let call = folder.call(&["train", path, "--out", format, "-q", "--set", "fit.epochs=1"]);
        assert_eq!(call.code, 0, "{}", call.stderr);
    }
    assert!(
        folder.read_bytes("yaml/model.safetensors") == folder.read_bytes("toml/model.safetensors")
    );
}
