//! The classic Keras workflow, step by step, on the binary.

use crate::support::{Folder, project};

#[test]
fn check_shows_the_first_rows_raw_and_as_the_model_sees_them() {
    let out = Folder::with_loan().ok("check loan.yaml --rows 2");
    for part in
        ["age", "area", "application_outcome", "rural", "as the model sees them", "270 rows"]
    {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
}

#[test]
fn summary_is_kerass() {
    let folder = Folder::new();
    let path = project("configs/loan.yaml");
    let out = folder.call(&["summary", path.to_str().unwrap()]).stdout;
    assert!(out.contains("│ dense (Dense)"), "{out}");
    for parameters in [" 24 │", " 144 │", " 34 │", "Total params: 202 (808.00 B)"] {
        assert!(out.contains(parameters), "{parameters} is missing in\n{out}");
    }
}

#[test]
fn train_evaluate_predict() {
    let folder = Folder::with_loan();
    let out = folder.ok("train loan.yaml --out run --set fit.verbose=2");
    assert!(out.contains("validation") && out.contains("\n  accuracy"), "{out}");
    assert!(
        folder.read("run/history.csv").starts_with("epoch,accuracy,loss,val_accuracy,val_loss\n1,")
    );
    let out = folder.ok("evaluate run loan.csv");
    assert!(out.contains("loss: ") && out.contains("accuracy: "), "{out}");

    folder.write("new.csv", "note,area,age\nx,rural,37\ny,urban,91\n");
    let out = folder.ok("predict run new.csv");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert_eq!(lines[0], "prediction,p_approved,p_rejected");
    let kept = folder.ok("predict run/model.safetensors new.csv --keep-columns");
    assert!(
        kept.starts_with("note,area,age,prediction,p_approved,p_rejected\nx,rural,37,"),
        "{kept}"
    );
    folder.ok("predict run new.csv -o out.csv");
    assert_eq!(folder.read("out.csv"), out);
}

#[test]
fn a_batch_size_changes_no_prediction() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q");
    let all = folder.ok("predict run loan.csv");
    for size in ["1", "7", "10", "1000"] {
        assert_eq!(folder.ok(&format!("predict run loan.csv --batch-size {size}")), all, "{size}");
    }
    let table = folder.read("loan.csv");
    let rows: Vec<&str> = table.lines().collect();
    folder.write("one.csv", &format!("{}\n{}\n", rows[0], rows[7]));
    let one = folder.ok("predict run one.csv");
    assert_eq!(one.lines().nth(1), all.lines().nth(7));
}

#[test]
fn a_threshold_moves_the_prediction_to_the_next_class() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q");
    let all = folder.ok("predict run loan.csv --threshold approved=1.0");
    for line in all.lines().skip(1) {
        let p: f32 = line.split(',').nth(1).unwrap().parse().unwrap();
        assert_eq!(line.starts_with("rejected"), p < 1.0, "{line}");
    }
}

#[test]
fn weights_and_architecture_go_out_and_come_back() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q");
    folder.ok("export run --to weights -o w.safetensors");
    for format in ["yaml", "toml", "json"] {
        folder.ok(&format!("export run --to config -o arch.{format}"));
        let config = crate::support::LOAN;
        let (start, rest) = config.split_once("model:").unwrap();
        let (_, end) = rest.split_once("compile:").unwrap();
        folder.write("from.yaml", &format!("{start}model: {{from: arch.{format}}}\ncompile:{end}"));
        let out = format!("from-{format}");
        folder.ok(&format!("train from.yaml --out {out} -q"));
        let table = |run: &str| folder.ok(&format!("predict {run} loan.csv"));
        assert_eq!(table(&out), table("run"), "{format}");
    }
    folder.ok("train loan.yaml --out again -q --init-weights w.safetensors");
    let call = folder.run("train loan.yaml --out other -q --init-weights w.safetensors --set model.layers[0].dense.units=5");
    assert_eq!(call.code, 1);
    for part in ["dense.weight", "[5, 2]", "[8, 2]", "--partial"] {
        assert!(call.stderr.contains(part), "{part} is missing in\n{}", call.stderr);
    }
    let call = folder.run("train loan.yaml --out part --init-weights w.safetensors --partial --set model.layers[0].dense.units=5");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(call.stderr.contains("dense.weight"), "{}", call.stderr);
}

#[test]
fn json_is_one_event_a_line_for_train_and_one_document_elsewhere() {
    let folder = Folder::with_loan();
    let out = folder.ok("train loan.yaml --out run --json");
    let events: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.first().unwrap()["event"], "run_start");
    assert_eq!(events.last().unwrap()["event"], "run_end");
    assert_eq!(events.iter().filter(|event| event["event"] == "epoch").count(), 4);
    for call in [
        "evaluate run loan.csv --json",
        "check loan.yaml --json",
        "summary run --json",
        "predict run loan.csv --json",
    ] {
        let out = folder.ok(call);
        serde_json::from_str::<serde_json::Value>(&out)
            .unwrap_or_else(|e| panic!("{call}: {e}\n{out}"));
    }
}

#[test]
fn stdin_and_stdout_are_dashes() {
    use std::io::Write;
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q");
    let mut child = folder
        .command(&["predict", "run", "-", "-o", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"age,area\n37,rural\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
}

#[test]
fn regression_is_predicted_in_the_targets_unit() {
    let folder = Folder::new();
    let config = std::fs::read_to_string(project("configs/diabetes.yaml")).unwrap();
    folder.write("configs/diabetes.yaml", &config);
    let table = std::fs::read_to_string(project("examples/data/diabetes.csv")).unwrap();
    folder.write("examples/data/diabetes.csv", &table);
    folder.ok("train configs/diabetes.yaml --out run -q");
    let out = folder.ok("predict run examples/data/diabetes.csv");
    let values: Vec<f32> = out.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    assert!((100.0..200.0).contains(&mean), "the mean progression is 152, predicted {mean}");
    let report = folder.ok("evaluate run examples/data/diabetes.csv");
    let mae: f32 = report.lines().find_map(|l| l.strip_prefix("mae: ")).unwrap().parse().unwrap();
    assert!((20.0..70.0).contains(&mae), "{report}");
}
