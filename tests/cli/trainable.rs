//! What can't be learned or used is refused before training: losses over activations, targets and
//! metrics that don't fit. What checks and trains can predict, evaluate and report.

use crate::support::{Call, Folder};

/// A folder with t.csv: features a and b, a target y of this, and t.yaml.
fn folder(y: impl Fn(usize) -> String, target: &str, units: &str, loss: &str) -> Folder {
    let folder = Folder::new();
    let rows: String = (0..60).map(|i| format!("{i},{}.5,{}\n", i * 7 % 13, y(i))).collect();
    folder.write("t.csv", &format!("a,b,y\n{rows}"));
    folder.write("t.yaml", &config(target, units, loss));
    folder
}

fn config(target: &str, units: &str, loss: &str) -> String {
    format!(
        "data: {{train: t.csv, features: [{{columns: [a, b], scale: standard}}], target: {target}}}
model: {{layers: [{{dense: {{units: 4, activation: relu}}}}, {{dense: {{{units}}}}}]}}
compile: {{optimizer: adam, {loss}}}
fit: {{epochs: 1}}
"
    )
}

#[track_caller]
fn refused(call: &Call, fragments: &[&str]) {
    assert_eq!(call.code, 1, "{}{}", call.stdout, call.stderr);
    let text = call.stderr.replace('\n', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for fragment in fragments {
        assert!(text.contains(fragment), "`{fragment}` is missing in\n{}", call.stderr);
    }
}

const LABEL: &str = "{column: y, encode: label}";

#[test]
fn class_numbers_beyond_the_units_are_told_at_their_row() {
    let sparse = "loss: sparse_categorical_crossentropy, metrics: [accuracy]";
    let three = "units: 3, activation: softmax";
    let from_one = folder(|i| (1 + i % 3).to_string(), "y", three, sparse);
    for verb in ["check", "train -q"] {
        refused(
            &from_one.run(&format!("{verb} t.yaml")),
            &[
                "t.csv:4: column `y`",
                "wants class numbers from 0 to 2, found 3",
                "add `encode: label`",
            ],
        );
    }
    let validation = ["check", "t.yaml", "--set", "fit.validation_split=0.1"];
    let late =
        folder(|i| if i == 58 { "7".into() } else { (i % 3).to_string() }, "y", three, sparse);
    refused(&late.call(&validation), &["t.csv:60: column `y`", "found 7"]);
    for y in ["-1", "0.5"] {
        let bad =
            folder(|i| if i == 9 { y.into() } else { (i % 3).to_string() }, "y", three, sparse);
        refused(&bad.run("check t.yaml"), &["t.csv:11: column `y`", y]);
    }
    let scaled = folder(|i| (i % 3).to_string(), "{column: y, scale: standard}", three, sparse);
    refused(&scaled.run("check t.yaml"), &["the target is scaled", "remove `scale`"]);
    // four units over 1, 2 and 3: class 0 has no row, and everything works
    let four = folder(|i| (1 + i % 3).to_string(), "y", "units: 4, activation: softmax", sparse);
    four.ok("train t.yaml -q --out run");
    let csv = four.ok("predict run t.csv");
    assert!(csv.starts_with("prediction,p_0,p_1,p_2,p_3\n"), "{csv}");
    assert_eq!(csv.lines().count(), 61);
    four.ok("predict run t.csv --threshold 3=0.9");
    let report = four.ok("evaluate run t.csv --report");
    assert_eq!(report.lines().filter(|line| line.ends_with("20")).count(), 3, "{report}");
}

#[test]
fn outputs_and_classes_that_arent_as_many_are_refused() {
    let sparse = "loss: sparse_categorical_crossentropy";
    let more = folder(|i| (3 + i % 3).to_string(), LABEL, "units: 10, activation: softmax", sparse);
    refused(
        &more.run("train t.yaml -q"),
        &[
            "the target has 3 classes, but the last layer has 10 units",
            "give the last layer 3 units",
        ],
    );
    let two = folder(|i| ["p", "q"][i % 2].into(), LABEL, "units: 5, activation: softmax", sparse);
    refused(&two.run("check t.yaml"), &["2 classes", "5 units"]);
    let number = folder(|i| (i % 3).to_string(), LABEL, "units: 1", "loss: mse");
    refused(
        &number.run("check t.yaml"),
        &["the target has 3 classes, but the last layer has 1 unit"],
    );
    // vectors that stand for the samples are no predictions of a class
    let circle = folder(|i| (i % 3).to_string(), LABEL, "units: 5", "loss: circle");
    circle.ok("train t.yaml -q --out run");
    assert!(circle.ok("predict run t.csv").starts_with("prediction_y_0,prediction_y_1,"));
}

#[test]
fn losses_of_probabilities_want_activations_that_make_them() {
    let binary = "loss: binary_crossentropy";
    let y = |i: usize| (i % 2).to_string();
    for activation in
        ["tanh", "relu", "softplus", "exponential", "{leaky_relu: {negative_slope: 0.1}}"]
    {
        let bad = folder(y, LABEL, &format!("units: 1, activation: {activation}"), binary);
        let name = activation.trim_start_matches('{').split(':').next().unwrap();
        refused(
            &bad.run("check t.yaml"),
            &[
                "t.yaml:3",
                "wants probabilities",
                &format!("activation is `{name}`"),
                "`activation: sigmoid`",
            ],
        );
    }
    refused(
        &folder(y, LABEL, "units: 1, activation: softmax", binary).run("check t.yaml"),
        &["1 unit"],
    );
    let three = |i: usize| (i % 3).to_string();
    let sparse = "loss: sparse_categorical_crossentropy";
    let relu = folder(three, LABEL, "units: 3, activation: relu", sparse);
    refused(&relu.run("check t.yaml"), &["activation is `relu`", "`activation: softmax`"]);
    let sigmoid = folder(three, LABEL, "units: 3, activation: sigmoid", sparse);
    let call = sigmoid.run("check t.yaml");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(
        call.stderr.contains("warning: `sigmoid` gives each class a probability of its own"),
        "{}",
        call.stderr
    );
    folder(y, LABEL, "units: 1, activation: hard_sigmoid", binary).ok("check t.yaml");
    folder(y, LABEL, "units: 1, activation: tanh", "loss: hinge").ok("check t.yaml");
}

#[test]
fn targets_that_a_loss_cant_take_are_told_at_their_row() {
    let one = "units: 1, activation: sigmoid";
    for (y, target, units, loss, found, remedy) in [
        (
            ["1", "-1", "1"],
            "y",
            one,
            "binary_crossentropy",
            "t.csv:3: column `y`: `binary_crossentropy` wants numbers from 0 to 1, found -1",
            "add `encode: label`",
        ),
        (
            ["0", "1", "2"],
            "y",
            one,
            "binary_crossentropy",
            "t.csv:4",
            "3 units with `activation: softmax`",
        ),
        (["0.2", "0.7", "1.5"], "y", one, "binary_focal_crossentropy", "t.csv:4", "use `mse`"),
        (
            ["0", "1", "2"],
            "y",
            "units: 1",
            "hinge",
            "t.csv:4: column `y`: `hinge` wants -1 and 1, or 0 and 1, found 2",
            "",
        ),
        (
            ["0", "1", "-2"],
            "y",
            "units: 1, activation: exponential",
            "poisson",
            "t.csv:4: column `y`: `poisson` wants numbers of at least 0, found -2",
            "",
        ),
        (["0", "1", "-2"], "y", "units: 1, activation: relu", "msle", "found -2", ""),
    ] {
        let bad = folder(|i| y[i % 3].into(), target, units, &format!("loss: {loss}"));
        refused(&bad.run("train t.yaml -q"), &[found, remedy]);
    }
    folder(|i| ["1", "-1"][i % 2].into(), "y", "units: 1, activation: tanh", "loss: hinge")
        .ok("check t.yaml");
    folder(|i| ["0.1", "1"][i % 2].into(), "y", one, "loss: binary_crossentropy")
        .ok("check t.yaml");
}

#[test]
fn thresholds_over_logits_are_refused() {
    let logits = |metric: &str| {
        let loss = format!(
            "loss: {{binary_crossentropy: {{from_logits: true}}}}, metrics: [auc: {{from_logits: true}}, {metric}]"
        );
        folder(|i| (i % 2).to_string(), LABEL, "units: 1", &loss)
    };
    for metric in ["binary_accuracy", "{binary_accuracy: {threshold: 0.4}}", "binary_io_u"] {
        refused(
            &logits(metric).run("check t.yaml"),
            &["but the outputs are logits", "{threshold: 0}"],
        );
    }
    let zero = logits("{binary_accuracy: {threshold: 0}}");
    zero.ok("train t.yaml -q --out run");
    // what it counts is what predict says
    let accuracy = zero
        .ok("evaluate run t.csv")
        .lines()
        .find(|line| line.starts_with("binary_accuracy"))
        .unwrap()
        .to_string();
    let right = zero
        .ok("predict run t.csv")
        .lines()
        .skip(1)
        .enumerate()
        .filter(|(i, line)| line.starts_with(&(i % 2).to_string()))
        .count();
    assert_eq!(accuracy, format!("binary_accuracy: {:.4}", right as f64 / 60.0));
}

/// 1 or 0 for each label by its probability, over 0.5 or from the threshold on.
fn each_label_is_predicted(folder: &Folder) {
    let rows = |call: &str, toxic: &dyn Fn(f32) -> bool| {
        let predictions = folder.ok(call);
        let (header, rows) = predictions.split_once('\n').unwrap();
        assert_eq!(header, "prediction_toxic,prediction_threat,p_toxic,p_threat");
        for row in rows.lines() {
            let cells: Vec<f32> = row.split(',').map(|cell| cell.parse().unwrap()).collect();
            assert_eq!(cells[0] == 1.0, toxic(cells[2]), "{row}");
            assert_eq!(cells[1] == 1.0, cells[3] > 0.5, "{row}");
        }
        rows.lines().filter(|row| row.starts_with('1')).count()
    };
    let few = rows("predict run t.csv --threshold toxic=0.99", &|p| p >= 0.99);
    let all = rows("predict run t.csv --threshold toxic=0.01", &|p| p >= 0.01);
    let some = rows("predict run t.csv", &|p| p > 0.5);
    assert!(few <= some && some <= all && few < all, "{few} {some} {all}");
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("predict run t.csv --json")).unwrap();
    let row = &json["predictions"][0];
    let p = row["probabilities"]["toxic"].as_f64().unwrap();
    assert_eq!(row["prediction"]["toxic"], u8::from(p > 0.5));
    let call = folder.run("predict run t.csv --threshold toxicc=0.3");
    assert!(call.stderr.contains("unknown label `toxicc`"), "{}", call.stderr);
}

#[test]
fn labels_of_logits_are_predicted_and_exported_as_probabilities() {
    let folder = Folder::new();
    let rows: String =
        (0..60).map(|i| format!("{},{},{}\n", i * 7 % 13, i % 2, u8::from(i % 5 == 0))).collect();
    folder.write("t.csv", &format!("a,toxic,threat\n{rows}"));
    let loss = "loss: {binary_crossentropy: {from_logits: true}}";
    let config = config("{columns: [toxic, threat]}", "units: 2", loss).replace("[a, b]", "[a]");
    folder.write("t.yaml", &config);
    folder.ok("train t.yaml -q --out run");
    each_label_is_predicted(&folder);
    folder.ok("export run --to onnx --verify -o m.onnx");
    folder.ok("export run --to torch -o torch");
    // numbers from 0 to 1 that are no labels stay numbers
    folder.write("t.csv", &folder.read("t.csv").replace(",1\n", ",0.7\n"));
    folder.ok("train t.yaml -q --out numbers");
    let predictions = folder.ok("predict numbers t.csv");
    assert!(predictions.starts_with("prediction_toxic,prediction_threat\n"), "{predictions}");
    let call = folder.run("predict numbers t.csv --threshold toxic=0.3");
    assert!(call.stderr.contains("needs classes or labels"), "{}", call.stderr);
}

#[test]
fn labels_are_counted_each_on_its_own() {
    let folder = Folder::new();
    let rows: String = (0..60)
        .map(|i| format!("{i},{},{},{}\n", i * 7 % 13, i % 2, u8::from(i % 5 == 0)))
        .collect();
    folder.write("t.csv", &format!("a,b,toxic,threat\n{rows}"));
    let loss = "loss: binary_crossentropy, metrics: [accuracy, binary_accuracy]";
    for target in ["{columns: [toxic, threat]}", "{columns: [toxic, threat], encode: boolean}"] {
        folder.write("t.yaml", &config(target, "units: 2, activation: sigmoid", loss));
        let call = folder.run("train t.yaml -q --out run");
        assert_eq!(call.code, 0, "{}", call.stderr);
        assert!(call.stderr.contains("`accuracy` over 2 labels"), "{}", call.stderr);
        assert!(call.stderr.contains("use `binary_accuracy`"), "{}", call.stderr);
        let report = folder.ok("evaluate run t.csv --report");
        let label =
            |name: &str| report.lines().find(|line| line.starts_with(name)).unwrap().to_string();
        assert!(label("toxic").ends_with(" 30") && label("threat").ends_with(" 12"), "{report}");
        each_label_is_predicted(&folder);
        std::fs::remove_dir_all(folder.path("run")).unwrap();
    }
}

#[test]
fn all_categories_that_training_never_saw_are_told_at_once() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let rows = "37,rural,approved\n1,swamp,approved\n2,forest,perhaps\n3,swamp,approved\n";
    folder.write("new.csv", &format!("age,area,application_outcome\n{rows}"));
    let call = folder.run("evaluate run new.csv");
    refused(
        &call,
        &[
            "new.csv:3: column `area`: `swamp` was not seen in training",
            "of `area` there are `swamp` 2 times, `forest` once",
            "new.csv:4: column `application_outcome`: `perhaps` was not seen",
        ],
    );
}
