//! Windows over rows in the order of time, end to end.

use serde_json::Value;

use crate::support::{Folder, project};

/// Two stations, row by row, `hours` each; the level of the next hour follows from the last three.
fn stations(hours: usize) -> String {
    let mut text = "station,hour,level,flow,w\n".to_string();
    for hour in 0..hours {
        for (station, phase) in [("north", 0.0), ("south", 1.5)] {
            let level = (hour as f64 / 4.0 + phase).sin() * 10.0 + 50.0;
            let flow = (hour as f64 / 4.0 + phase).cos() * 3.0;
            text += &format!("{station},{hour},{level:.3},{flow:.3},{}\n", 1 + hour % 2);
        }
    }
    text
}

const CONFIG: &str = "
seed: 1
data:
  train: t.csv
  features:
    - {columns: [level, flow], scale: standard}
  target: {column: level, scale: standard}
  window: {sequence_length: 6, horizon: 2, group: station, order_by: hour}
model:
  layers:
    - gru: {units: 6}
    - dense: {units: 1}
compile: {optimizer: {adam: {learning_rate: 0.02}}, loss: mse, metrics: [mae]}
fit: {batch_size: 16, epochs: 6, validation_split: 0.2}
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("t.csv", &stations(100));
    folder.write("w.yaml", CONFIG);
    folder
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_windowed_lstm_trains_as_in_keras() {
    let folder = Folder::new();
    let files = project("tests/files/windows");
    let keras = json(&std::fs::read_to_string(files.join("keras.json")).unwrap());
    for name in ["table.csv", "weights.safetensors"] {
        folder.write_bytes(name, &std::fs::read(files.join(name)).unwrap());
    }
    folder.write(
        "k.yaml",
        "
data:
  train: table.csv
  features: [{columns: [a, b], scale: standard}]
  target: c
  window: {sequence_length: 6, horizon: 2, sampling_rate: 2}
model: {layers: [{lstm: {units: 5}}, {dense: {units: 1}}]}
compile: {optimizer: {adam: {learning_rate: 0.01}}, loss: mse, metrics: [mae]}
fit: {batch_size: 8, epochs: 3, shuffle: false, validation_split: 0.25}
",
    );
    folder.ok("train k.yaml --out run --init-weights weights.safetensors -q");
    let metrics = json(&folder.read("run/metrics.json"));
    let counts = [&metrics["data"]["samples"], &metrics["data"]["validation_samples"]];
    assert_eq!(counts, [&keras["windows"][0], &keras["windows"][1]]);
    let history = folder.read("run/history.csv");
    let names: Vec<&str> = history.lines().next().unwrap().split(',').collect();
    for (key, values) in keras["history"].as_object().unwrap() {
        let column = names.iter().position(|name| name == key).unwrap();
        for (line, theirs) in history.lines().skip(1).zip(values.as_array().unwrap()) {
            let ours: f64 = line.split(',').nth(column).unwrap().parse().unwrap();
            let theirs = theirs.as_f64().unwrap();
            assert!((ours - theirs).abs() < 1e-4 * theirs.max(1.0), "{key}: {ours} {theirs}");
        }
    }
    // every window that has a target in the table, then the forecast
    let each = folder.ok("predict run table.csv --each-row");
    let forecast = folder.ok("predict run table.csv");
    let theirs = keras["predictions"].as_array().unwrap();
    assert_eq!((each.lines().count(), theirs.len()), (1 + 68, 70));
    let ours = |line: &str| -> f64 { line.rsplit(',').next().unwrap().parse().unwrap() };
    for (place, (line, theirs)) in each.lines().skip(1).zip(theirs).enumerate() {
        assert!(line.starts_with(&format!("{},", place + 12)), "{line}");
        assert!((ours(line) - theirs.as_f64().unwrap()).abs() < 1e-4, "{line} {theirs}");
    }
    assert_eq!(forecast.lines().next(), Some("prediction"));
    let last = ours(forecast.lines().nth(1).unwrap());
    assert!((last - theirs[69].as_f64().unwrap()).abs() < 1e-4, "{forecast}");
}

#[test]
fn a_forecast_for_each_series_and_a_prediction_for_each_row() {
    let folder = folder();
    let said = folder.ok("check w.yaml");
    assert!(said.contains("146 windows to train on, 40 to validate on"), "{said}");
    assert!(said.contains("input (None, 6, 2), output (None, 1)"), "{said}");
    folder.ok("train w.yaml --out run -q");
    let metrics = json(&folder.read("run/metrics.json"));
    assert_eq!(metrics["baseline"]["prediction"], "always the last value");
    let (model, last) = (&metrics["final"]["val_mae"], &metrics["baseline"]["logs"]["val_mae"]);
    assert!(model.as_f64() < last.as_f64(), "{metrics}"); // in the level's own unit
    let by_hand: f64 = {
        let level =
            |hour: usize, phase: f64| ((hour as f64 / 4.0 + phase).sin() * 10.0 + 50.0) * 1000.0;
        let error =
            |hour, phase| (level(hour, phase).round() - level(hour - 2, phase).round()).abs();
        (80..100).map(|hour| error(hour, 0.0) + error(hour, 1.5)).sum::<f64>() / 40_000.0
    };
    assert!((last.as_f64().unwrap() - by_hand).abs() < 1e-4, "{last} {by_hand}");

    let forecast = folder.ok("predict run t.csv");
    let lines: Vec<&str> = forecast.lines().collect();
    assert_eq!(lines[0], "station,prediction");
    assert!(lines.len() == 3 && lines[1].starts_with("north,") && lines[2].starts_with("south,"));
    let kept = folder.ok("predict run t.csv --keep-columns");
    assert!(kept.starts_with("station,hour,level,flow,w,prediction\nnorth,99,"), "{kept}");
    let as_json = json(&folder.ok("predict run t.csv --json"));
    assert_eq!(as_json["predictions"][1]["series"], "south");

    let each = folder.ok("predict run t.csv --each-row --keep-columns");
    assert_eq!(each.lines().count(), 1 + 2 * 93);
    let near = each.lines().skip(1).filter(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |place: usize| cells[place].parse::<f64>().unwrap();
        (number(2) - number(5)).abs() < 4.0 // the level of that very row
    });
    assert!(near.count() > 150, "{each}");
    // the table in another order gives the same forecasts
    let table = folder.read("t.csv");
    let (head, rows) = table.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_by_key(|row| (row.starts_with("north"), row.len(), row.to_string()));
    folder.write("sorted.csv", &format!("{head}\n{}\n", rows.join("\n")));
    let of_sorted = folder.ok("predict run sorted.csv");
    assert!(lines[1..].iter().all(|line| of_sorted.contains(line)), "{of_sorted}");
}

#[test]
fn windows_are_the_same_at_any_number_of_threads_and_after_a_resume() {
    let folder = folder();
    folder.ok("train w.yaml --out whole -q --threads 1");
    folder.ok("train w.yaml --out two -q --threads 2");
    folder.ok("train w.yaml --out part -q --set fit.epochs=3");
    folder.ok("train --resume part -q --set fit.epochs=6");
    let model = |run: &str| folder.read_bytes(&format!("{run}/model.safetensors"));
    assert!(model("whole") == model("two"), "threads");
    assert!(model("whole") == model("part"), "resume");
    assert_eq!(folder.read("whole/history.csv"), folder.read("part/history.csv"));
    let toml = folder.run("train w.yaml --out other -q --set data.window.sequence_stride=2");
    assert_eq!(toml.code, 0, "{}", toml.stderr);
    let other = folder.run("train --resume part --set data.window.horizon=3 --set fit.epochs=7");
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("window"), "{}", other.stderr);
}

#[test]
fn every_verb_takes_a_run_of_windows() {
    let folder = folder();
    let weighted = CONFIG.replace("  window:", "  sample_weight: w\n  window:");
    let two = weighted.replace(
        "{column: level, scale: standard}\n  sample",
        "{columns: [level, flow], scale: standard}\n  sample",
    );
    folder.write("w.yaml", &two.replace("- dense: {units: 1}", "- dense: {units: 2}"));
    folder.ok("train w.yaml --out run -q");
    let evaluated = folder.ok("evaluate run --json");
    let whole = folder.ok("evaluate run t.csv --json");
    assert_eq!(
        (json(&evaluated)["rows"].as_u64(), json(&whole)["rows"].as_u64()),
        (Some(40), Some(186))
    );
    let forecast = folder.ok("predict run t.csv");
    assert!(forecast.starts_with("station,prediction_level,prediction_flow\n"), "{forecast}");
    folder.ok("report run");
    let page = folder.read("run/report.html");
    assert!(page.contains("40 windows") && page.contains("Permutation importance"));
    let said = folder.ok("data w.yaml");
    assert!(said.contains("146 windows to train on, 40 to validate on"), "{said}");
    folder.ok("data w.yaml -o seen.csv");
    let seen = folder.read("seen.csv");
    let head = seen.lines().next().unwrap();
    assert!(
        head.starts_with("split,level_0,flow_0,level_1,")
            && head.ends_with(",level,flow,sample_weight"),
        "{head}"
    );
    assert_eq!(seen.lines().count(), 1 + 186);
    folder.ok("data w.yaml -o seen.npz");
    folder.ok("summary run");
    folder.ok("inspect run");
    for cv in ["{folds: 3, by: time}", "{folds: 3}", "{folds: 2, by: {group: station}}"] {
        let call = folder.call(&[
            "train",
            "w.yaml",
            "--out",
            "cv",
            "-q",
            "--set",
            "fit.validation_split=0",
            "--set",
            &format!("fit.cv={cv}"),
            "--set",
            "fit.epochs=1",
        ]);
        assert_eq!(call.code, 0, "{cv} {}", call.stderr);
        let predictions = folder.read("cv/oof.csv");
        let rows: Vec<usize> = predictions
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap().parse().unwrap())
            .collect();
        assert!(rows.windows(2).all(|two| two[0] < two[1]) && rows.len() > 90, "{cv}");
        std::fs::remove_dir_all(folder.path("cv")).unwrap();
    }
}

#[test]
fn a_model_of_windows_is_exported() {
    let folder = folder();
    folder.ok("train w.yaml --out run -q --set fit.epochs=1");
    #[cfg(feature = "onnx")]
    for which in ["--with-preprocessing", "--without-preprocessing"] {
        let said = folder.ok(&format!("export run --to onnx -o m.onnx {which} --verify"));
        assert!(said.contains("largest difference"), "{said}");
        let inspected = String::from_utf8_lossy(&folder.read_bytes("m.onnx")).into_owned();
        let is_told = inspected.contains("6 rows, the oldest first, of level, flow");
        assert_eq!(is_told, which == "--with-preprocessing");
    }
    folder.ok("export run --to torch -o torch --verify");
    let script = folder.read("torch/model.py");
    assert!(script.contains("6 rows of each window, the oldest first"), "{script}");
    #[cfg(feature = "keras")]
    folder.ok("export run --to keras -o m.keras --verify");

    // a column of texts: an input for each column
    let text = CONFIG.replace(
        "scale: standard}\n  target",
        "scale: standard}\n    - {column: station, encode: one_hot}\n  target",
    );
    folder.write("text.yaml", &text);
    folder.ok("train text.yaml --out text -q --set fit.epochs=1");
    #[cfg(feature = "onnx")]
    folder.ok("export text --to onnx -o t.onnx --verify");
}

#[test]
fn what_a_user_gets_wrong_is_told() {
    let folder = folder();
    folder.ok("train w.yaml --out run -q --set fit.epochs=1");
    let refused = |arguments: &str, words: &str| {
        let call = folder.run(arguments);
        assert_eq!(call.code, 1, "{arguments}: {}", call.stderr);
        assert!(call.stderr.contains(words), "{arguments}: {}", call.stderr);
    };
    folder.write("short.csv", &stations(5));
    refused(
        "predict run short.csv",
        "a forecast is made of the last 6 rows, but the longest series has 5 rows",
    );
    refused("evaluate run short.csv", "it needs 8 rows, but the longest series has 5 rows");
    let table = folder.read("t.csv");
    folder.write("new.csv", &format!("{table}east,0,50,1,1\n"));
    refused("predict run new.csv", "1 of 3 series are too short for a window: `east`");
    let call = folder.run("predict run new.csv --on-error skip");
    assert_eq!((call.code, call.stdout.lines().count()), (0, 3));
    assert!(call.stderr.contains("`east`"), "{}", call.stderr);
    folder.write("bad.csv", &table.replacen("north,50,", "north,x,", 1));
    refused("predict run bad.csv", "`hour` holds `x`, which is no time");
    folder.write("gap.csv", &table.replacen("north,50,", "north,50,?", 1));
    refused("predict run gap.csv --on-error skip", "no row of a series");
    folder.write("no.csv", "hour,level,flow\n1,2,3\n");
    refused("predict run no.csv", "column `station` is missing");
    folder.write("random.yaml", &CONFIG.replace("split: 0.2", "split: {random: 0.2}"));
    refused("check random.yaml", "can't be divided at random");
    refused(
        "check w.yaml --set data.window.sequence_length=200",
        "needs 202 rows, but the longest series has 100 rows",
    );
    refused("check w.yaml --set data.window.sequence_lenth=3", "did you mean `sequence_length`");
    refused("check w.yaml --set data.window.horizon=0", "`horizon` must be between 1 and");
    refused(
        "check w.yaml --set model.input_shape=[5,2]",
        "a window of the features, (None, 6, 2), holds 12",
    );
    let call = folder.run("check w.yaml --set fit.intervals=0.9");
    assert!(call.stderr.contains("a series that changes"), "{}", call.stderr);

    folder.write(
        "flat.yaml",
        &CONFIG
            .replace(
                "  window: {sequence_length: 6, horizon: 2, group: station, order_by: hour}\n",
                "",
            )
            .replace("[level, flow]", "[flow]")
            .replace("gru: {units: 6}", "dense: {units: 6}"),
    );
    folder.ok("train flat.yaml --out flat -q --set fit.epochs=1");
    refused("predict flat t.csv --each-row", "`--each-row` is for models of windows");
}
