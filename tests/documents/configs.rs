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
