//! `compile.dtype` and `compile.tf32`.

use crate::support::Folder;

fn losses(folder: &Folder, run: &str) -> Vec<f64> {
    let history = folder.read(&format!("{run}/history.csv"));
    let mut lines = history.lines();
    let loss = lines.next().unwrap().split(',').position(|key| key == "loss").unwrap();
    lines.map(|line| line.split(',').nth(loss).unwrap().parse().unwrap()).collect()
}

fn trained(folder: &Folder, engine: &str, arguments: &str) -> String {
    let mut command = folder.command(&arguments.split(' ').collect::<Vec<_>>());
    let output = command.env("LANTHORN_ENGINE", engine).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    stderr
}

#[test]
fn mixed_precision_trains_near_float32_and_keeps_its_weights_in_float32() {
    let folder = Folder::with_loan();
    trained(&folder, "", "train loan.yaml --out single");
    for engine in ["", "graph", "device"] {
        let out = format!("mixed-{engine}");
        let dtype = "--set compile.dtype=mixed_bfloat16";
        let told = trained(&folder, engine, &format!("train loan.yaml --out {out} {dtype}"));
        assert_eq!(told.matches("much slower than float32 on the CPU").count(), 1, "{told}");
        let (single, mixed) = (losses(&folder, "single"), losses(&folder, &out));
        assert_ne!(single, mixed);
        for (single, mixed) in single.iter().zip(&mixed) {
            assert!((single - mixed).abs() < 0.02 * single, "{engine}: {single} {mixed}");
        }
        let bytes = folder.read_bytes(&format!("{out}/model.safetensors"));
        let header = String::from_utf8_lossy(&bytes[8..]).into_owned();
        assert!(header.contains("\"dtype\":\"F32\"") && !header.contains("\"BF16\""));
        assert!(folder.read(&format!("{out}/config.yaml")).contains("dtype: mixed_bfloat16"));
        // what it predicts is computed in float32, as the self-test in the file was
        let predicted = folder.run(&format!("predict {out} loan.csv"));
        assert_eq!(predicted.code, 0, "{}", predicted.stderr);
        assert!(!predicted.stderr.contains("self-test"), "{}", predicted.stderr);
    }
    assert_eq!(
        folder.read_bytes("mixed-graph/model.safetensors"),
        folder.read_bytes("mixed-device/model.safetensors")
    );
}

#[test]
fn a_training_in_mixed_precision_resumes_to_the_same_bytes() {
    let folder = Folder::with_loan();
    let dtype = "--set compile.dtype=bf16";
    folder.ok(&format!("train loan.yaml --out whole {dtype} --set fit.epochs=3"));
    folder.ok(&format!("train loan.yaml --out parts {dtype} --set fit.epochs=1"));
    folder.ok("train --resume parts --set fit.epochs=3");
    assert_eq!(
        folder.read_bytes("whole/model.safetensors"),
        folder.read_bytes("parts/model.safetensors")
    );
}

#[test]
fn the_cpus_kernels_refuse_mixed_precision() {
    let folder = Folder::with_loan();
    let mut command =
        folder.command(&["train", "loan.yaml", "--out", "run", "--set", "compile.dtype=bf16"]);
    let output = command.env("LANTHORN_ENGINE", "cpu").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("`LANTHORN_ENGINE=cpu` computes in float32 only"), "{stderr}");
}

#[test]
fn other_types_are_refused_with_what_to_write() {
    let folder = Folder::with_loan();
    for (dtype, help) in [
        ("mixed_float16", "float16 loses small gradients; write `mixed_bfloat16`"),
        ("float16", "write `mixed_bfloat16`"),
        ("bfloat16", "weights in bfloat16 lose small updates; write `mixed_bfloat16`"),
        ("float64", "leave it out"),
        ("mixed_bfloat", "did you mean `mixed_bfloat16`?"),
    ] {
        let call = folder.run(&format!("check loan.yaml --set compile.dtype={dtype}"));
        let told = call.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(call.code, 1);
        assert!(told.contains(&format!("unknown dtype `{dtype}`")), "{told}");
        assert!(told.contains(help), "{told}");
    }
    let call = folder.run("check loan.yaml --set compile.mixed_precision=true");
    assert!(call.stderr.contains("write `dtype: mixed_bfloat16`"), "{}", call.stderr);
}

#[test]
fn tf32_trains_on_the_cpu_and_is_told_to_have_no_effect() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out plain");
    let told = trained(&folder, "", "train loan.yaml --out fast --set compile.tf32=true");
    assert_eq!(told.matches("`tf32` has no effect on the CPU").count(), 1, "{told}");
    assert_eq!(losses(&folder, "plain"), losses(&folder, "fast"));
    assert!(folder.read("fast/config.yaml").contains("tf32: true"));
}
