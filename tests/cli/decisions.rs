//! Calibration, thresholds and intervals: decided after training, kept in the model, used by it.

use serde_json::Value;

use crate::support::Folder;

/// The probability of the second class in each predicted row, and the predicted class.
fn predicted(folder: &Folder, call: &str) -> Vec<(String, f64)> {
    let text = folder.ok(call);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].to_string(), cells[2].parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What the last event of a training with `--json` says was decided.
fn decided(folder: &Folder, arguments: &str) -> Value {
    let text = folder.ok(&format!("train --json {arguments}"));
    json(text.lines().last().unwrap())["decisions"].clone()
}

/// A regression whose errors are known, 400 rows.
fn with_numbers() -> Folder {
    let folder = Folder::new();
    let row = |i: i32| {
        let x = f64::from(i * 37 % 101) / 50.0 - 1.0;
        let noise = f64::from(i * 7919 % 1009) / 1009.0 - 0.5;
        format!("{x},{}\n", 3.0 * x + 1.0 + noise)
    };
    folder.write("t.csv", &("x,y\n".to_string() + &(0..400).map(row).collect::<String>()));
    folder.write(
        "c.yaml",
        "data: {train: t.csv, features: [x], target: {column: y, scale: standard}}\n\
         model: {layers: [{dense: {units: 1}}]}\n\
         compile: {optimizer: {adam: {learning_rate: 0.05}}, loss: mse, metrics: [mae]}\n\
         fit: {epochs: 5, validation_split: 0.5, intervals: 0.9}\n",
    );
    folder
}

#[test]
fn the_temperature_divides_the_logits_and_is_in_every_export() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out raw");
    let found = decided(&folder, "loan.yaml --out calibrated --set fit.calibrate=temperature");
    let temperature = found["temperature"].as_f64().unwrap();
    assert!((temperature - 1.0).abs() > 0.01, "{temperature}");
    assert_eq!((&found["rows"], &found["threshold"]), (&Value::from(30), &Value::Null));
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let raw = predicted(&folder, "predict raw loan.csv");
    for ((a, p), (b, q)) in raw.iter().zip(predicted(&folder, "predict calibrated loan.csv")) {
        assert_eq!(*a, b);
        let expected = logit(*p) / temperature;
        assert!((expected - logit(q)).abs() < 1e-3 * (1.0 + expected.abs()), "{p} {q}");
    }
    let loss = |run: &str| {
        let found = json(&folder.ok(&format!("evaluate {run} --json")));
        found["metrics"]["loss"].as_f64().unwrap()
    };
    assert!(loss("calibrated") < loss("raw"));
    let shown = json(&folder.ok("runs . --json"));
    let of_run = shown.as_array().unwrap().iter().find(|run| run["run"] == "./calibrated");
    let val_loss = of_run.unwrap()["metrics"]["val_loss"].as_f64().unwrap();
    assert!((val_loss - loss("calibrated")).abs() < 1e-6, "the metrics are of these weights");
}

#[test]
fn a_resume_goes_on_from_the_raw_weights() {
    let folder = Folder::with_loan();
    let decisions = "--set fit.calibrate=temperature --set fit.threshold=youden";
    folder.ok(&format!("train loan.yaml -q --out whole --set fit.epochs=6 {decisions}"));
    folder.ok(&format!("train loan.yaml -q --out parts --set fit.epochs=3 {decisions}"));
    folder.ok("train -q --resume parts --set fit.epochs=6");
    let model = "model.safetensors";
    assert!(
        folder.read_bytes(&format!("whole/{model}"))
            == folder.read_bytes(&format!("parts/{model}"))
    );
}

#[test]
fn a_threshold_is_stored_and_used_until_another_is_given() {
    let folder = Folder::with_loan();
    let found =
        decided(&folder, "loan.yaml --out run --set fit.threshold={\"cost\":{\"fp\":1,\"fn\":9}}");
    let threshold = &found["threshold"];
    assert_eq!(threshold["names"][0], "rejected");
    let from = threshold["values"][0].as_f64().unwrap();
    assert!(from < 0.5, "a missed rejection is dear: {from}");
    let at = |p: f64, from: f64| if p >= from { "rejected" } else { "approved" };
    let stored = predicted(&folder, "predict run loan.csv");
    assert!(stored.iter().all(|(class, p)| class == at(*p, from)));
    assert!(stored.iter().any(|(class, p)| class == "rejected" && *p < 0.5));
    let given = predicted(&folder, "predict run loan.csv --threshold rejected=0.5");
    assert!(given.iter().all(|(class, p)| class == at(*p, 0.5)));
    let low = predicted(&folder, "predict run loan.csv --threshold rejected=0.2");
    assert!(low.iter().all(|(class, p)| class == at(*p, 0.2)));

    let metrics =
        |more: &str| json(&folder.ok(&format!("evaluate run loan.csv --json --report{more}")));
    let own = metrics("");
    let of_table: Vec<String> =
        folder.read("loan.csv").lines().skip(1).map(str::to_string).collect();
    let right =
        stored.iter().zip(&of_table).filter(|((class, _), row)| row.ends_with(class.as_str()));
    let accuracy = own["metrics"]["accuracy_at_threshold"].as_f64().unwrap();
    assert!((accuracy - right.count() as f64 / 300.0).abs() < 1e-9);
    let errors =
        |found: &Value| (found["confusion"][0][1].as_u64(), found["confusion"][1][0].as_u64());
    assert_ne!(errors(&own), errors(&metrics(" --threshold rejected=0.6")));
    let usual = errors(&metrics(" --threshold rejected=0.5"));
    assert_eq!(metrics(" --threshold approved=0.5")["confusion"][1][0].as_u64(), usual.1);
    assert_eq!(folder.run("evaluate run loan.csv --require f1_at_threshold>=2").code, 4);
    assert_eq!(folder.run("evaluate run loan.csv --threshold rejectd=0.5").code, 1);
}

#[test]
fn intervals_are_stored_predicted_and_evaluated() {
    let folder = with_numbers();
    let found = decided(&folder, "c.yaml --out run");
    let half = found["intervals"]["half_widths"][0].as_f64().unwrap();
    let text = folder.ok("predict run t.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("prediction,lower,upper"));
    let mut within = 0;
    let table = folder.read("t.csv");
    for (line, row) in lines.zip(table.lines().skip(1)) {
        let numbers: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert!((numbers[0] - half - numbers[1]).abs() < 1e-5);
        assert!((numbers[0] + half - numbers[2]).abs() < 1e-5);
        let y: f64 = row.split(',').nth(1).unwrap().parse().unwrap();
        within += usize::from((numbers[1]..=numbers[2]).contains(&y));
    }
    let found = json(&folder.ok("evaluate run t.csv --json"));
    let coverage = found["metrics"]["coverage"].as_f64().unwrap();
    assert!((coverage - within as f64 / 400.0).abs() < 0.004 && coverage > 0.87, "{coverage}");
    let width = found["metrics"]["interval_width"].as_f64().unwrap();
    assert!((width - 2.0 * half).abs() < 1e-9);
    let row = json(&folder.ok("predict run t.csv --json"))["predictions"][0].clone();
    assert!(row["lower"].as_f64() < row["prediction"].as_f64() && row["upper"].is_number());
    assert_eq!(folder.run("evaluate run t.csv --require coverage>=0.99").code, 4);
}

#[test]
fn rows_kept_apart_are_neither_trained_nor_validated_on() {
    let folder = with_numbers();
    let apart = "--set fit.calibration_split=0.25";
    let text = folder.ok(&format!("train --json c.yaml --out run {apart}"));
    let start = json(text.lines().find(|line| line.contains("run_start")).unwrap());
    assert_eq!((&start["samples"], &start["validation_samples"]), (&150.into(), &200.into()));
    let found = json(text.lines().last().unwrap())["decisions"].clone();
    assert_eq!((&found["rows"], &found["apart"]), (&50.into(), &true.into()));
    let stops = "--set fit.callbacks=[early_stopping]";
    let warning = folder.run(&format!("check c.yaml {stops}")).stderr;
    assert!(warning.contains("the coverage of `intervals` will be optimistic"), "{warning}");
    let none = folder.run(&format!("check c.yaml {stops} {apart}")).stderr;
    assert!(!none.contains("optimistic"), "{none}");
}

#[test]
fn what_cannot_be_decided_is_refused_before_training() {
    let folder = Folder::with_loan();
    let numbers = with_numbers();
    for (folder, config, set, words) in [
        (&folder, "loan.yaml", "fit.intervals=0.9", "needs a target of numbers"),
        (
            &folder,
            "loan.yaml",
            r#"fit.threshold={"cost":{"fp":-1,"fn":1}}"#,
            "the costs must be 0 or more",
        ),
        (&folder, "loan.yaml", "fit.calibration_split=0.1", "none of which is given"),
        (&numbers, "c.yaml", "fit.intervals=0.999", "need at least 999 held-back rows"),
        (&numbers, "c.yaml", "fit.intervals=90", "must be between 0 and 1, got 90"),
        (&numbers, "c.yaml", "fit.calibrate=temperature", "needs probabilities"),
        (&numbers, "c.yaml", "fit.threshold=f1", "needs two classes"),
        (&numbers, "c.yaml", "fit.calibration_split=1", "must be between 0 and 1, got 1"),
        (&numbers, "c.yaml", "fit.validation_split=0", "needs held-back rows"),
    ] {
        let call = folder.run(&format!("train {config} --out refused --set {set}"));
        assert!(call.code == 1 && call.stderr.contains(words), "{set}\n{}", call.stderr);
        assert!(!folder.path("refused").exists());
    }
    let last = folder.read("loan.yaml").replace(
        "    - dense: {units: 2, activation: softmax}\n",
        "    - dense: {units: 2}\n    - softmax\n",
    );
    folder.write("last.yaml", &last);
    let call = folder.run("check last.yaml --set fit.calibrate=temperature");
    assert!(
        call.code == 1 && call.stderr.contains("must be a `dense`, but it is `softmax`"),
        "{}",
        call.stderr
    );
}
