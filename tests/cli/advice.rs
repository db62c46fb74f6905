//! Warnings: what is allowed and seldom meant is told by check and train, with one line of remedy;
//! and the tables that a configuration names besides the one to train on.

use crate::support::{Folder, LOAN};

/// A folder with t.csv, whose rows are these, and t.yaml.
fn folder(header: &str, row: impl Fn(usize) -> String, features: &str, target: &str) -> Folder {
    let folder = Folder::new();
    let rows: String = (0..60).map(|i| row(i) + "\n").collect();
    folder.write("t.csv", &format!("{header}\n{rows}"));
    let (loss, units) = if target.contains("label") {
        ("binary_crossentropy", "units: 1, activation: sigmoid")
    } else {
        ("mse", "units: 1")
    };
    folder.write(
        "t.yaml",
        &format!(
            "data: {{train: t.csv, features: [{features}], target: {target}}}
model: {{layers: [{{dense: {{{units}}}}}]}}
compile: {{optimizer: adam, loss: {loss}}}
fit: {{epochs: 1, validation_split: {{random: 0.2}}}}
"
        ),
    );
    folder
}

/// What check and train warn of, which must be the same.
#[track_caller]
fn warnings(folder: &Folder) -> String {
    let check = folder.run("check t.yaml");
    assert_eq!(check.code, 0, "{}", check.stderr);
    let train = folder.run("train t.yaml -q");
    assert_eq!(train.code, 0, "{}", train.stderr);
    // at its end a training adds how its metrics compare with the baselines
    assert!(train.stderr.starts_with(&check.stderr), "{}{}", check.stderr, train.stderr);
    check.stderr
}

#[track_caller]
fn holds(text: &str, fragments: &[&str]) {
    for fragment in fragments {
        assert!(text.contains(fragment), "`{fragment}` is missing in\n{text}");
    }
}

const LABEL: &str = "{column: y, encode: label}";

/// An order of the numbers from 0 to 59 that doesn't rise.
fn mixed(i: usize) -> usize {
    i * 37 % 60
}

fn yes(i: usize) -> &'static str {
    ["no", "yes"][mixed(i) / 7 % 2]
}

#[test]
fn an_ordinary_table_has_no_warning() {
    let row = |i| format!("{}.5,{},{}", mixed(i), ["red", "green"][i % 2], yes(i));
    let features = "{column: a, scale: standard}, {column: c, encode: one_hot}";
    assert_eq!(warnings(&folder("a,c,y", row, features, LABEL)), "");
    let counted =
        folder("0,1,y", |i| format!("{}.5,{},{}", mixed(i), i % 3, yes(i)), "0, 1", LABEL);
    assert_eq!(warnings(&counted), "");
}

#[test]
fn names_that_look_like_a_row_are_told() {
    let row = |i| format!("{},{},{},{}", i % 9, mixed(i), 30 - i % 30, i % 2);
    let text =
        warnings(&folder("6,48,35,1", row, "{columns: \"*\"}", "{column: 1, encode: label}"));
    holds(
        &text,
        &["the first line of", "looks like a row: `6`, `48`, `35`, `1`", "`csv: {header: false}`"],
    );
}

#[test]
fn columns_that_are_seldom_meant_are_told() {
    let row = |i| format!("{},{},7,{},{}", i, mixed(i) * 50, i % 3, yes(i));
    let text = warnings(&folder("n,income,k,a,y", row, "n, income, k, a", LABEL));
    holds(&text, &["column `n` has another whole number in every row", "leave it out"]);
    holds(&text, &["column `k` has the same value in every row"]);
    holds(
        &text,
        &[
            "column `income` holds large numbers and is not scaled",
            "goes from 0 to 2950",
            "`scale: standard`",
        ],
    );
    assert!(!text.contains("`a`"), "{text}");
    let row =
        |i| format!("u{i},{},{},{}", mixed(i) % 7, if yes(i) == "yes" { 3 } else { 1 }, yes(i));
    let ids = folder("id,a,copy,y", row, "{column: id, encode: one_hot}, a, copy", LABEL);
    ids.write("t.yaml", &ids.read("t.yaml").replace("{random: 0.2}", "0")); // all ids are known
    let text = warnings(&ids);
    holds(
        &text,
        &[
            "column `id` has ",
            "categories in",
            "column `copy` has one value for each value of the target",
        ],
    );
    let row = |i| format!("{},{}", mixed(i) % 7, mixed(i) * 100);
    holds(
        &warnings(&folder("a,y", row, "a", "y")),
        &["the target `y` goes from", "`{column: y, scale: standard}`"],
    );
    let row = |i| format!("{},{}", mixed(i) % 7, i % 2);
    holds(
        &warnings(&folder("a,y", row, "a", "y")),
        &["the target `y` holds 0 and 1", "encode: label"],
    );
    let row = |i| format!("{},{}", ["small", "medium", "large"][i % 3], yes(i));
    let text = warnings(&folder("size,y", row, "{column: size, encode: label}", LABEL));
    holds(
        &text,
        &[
            "numbers its 3 categories in the order of their letters, `large`, `medium`, `small` first",
            "one_hot",
        ],
    );
}

#[test]
fn numbers_of_the_rows_in_any_order_are_told() {
    // 60 different whole numbers, of which some are left out
    let row = |i| format!("{},{},{}", 1000 + mixed(i) + mixed(i) / 9, mixed(i) % 7, yes(i));
    let text = warnings(&folder("a,b,y", row, "{column: a, scale: standard}, b", LABEL));
    holds(&text, &["column `a` has another whole number in every row"]);
    // incomes are all different, too
    let row = |i| format!("{},{},{}", 1000 + mixed(i) * 7, mixed(i) % 7, yes(i));
    assert_eq!(warnings(&folder("a,b,y", row, "{column: a, scale: standard}, b", LABEL)), "");
}

#[test]
fn a_configuration_that_cannot_be_trained_is_told() {
    let folder = Folder::with_loan();
    let config = folder.read("loan.yaml");
    let (start, rest) = config.split_once("compile:").unwrap();
    folder.write("t.yaml", &format!("{start}fit:{}", rest.split_once("fit:").unwrap().1));
    let call = folder.run("check t.yaml");
    assert_eq!(call.code, 0, "{}", call.stderr);
    holds(
        &call.stderr,
        &["no `compile` section: the configuration can't be trained", "`compile: {"],
    );
    let call = folder.run("train t.yaml");
    assert_eq!(call.code, 1);
    holds(&call.stderr, &["no `compile` section"]);
}

#[test]
fn rows_that_keep_their_order_are_never_to_be_drawn() {
    let row = |i| format!("{},{}", mixed(i), if i == 59 { "maybe" } else { yes(i) });
    let folder = folder("a,y", row, "{column: a, scale: standard}", LABEL);
    let config = folder.read("t.yaml").replace("{random: 0.2}", "0.1");
    let sorted = config.replace("fit: {", "fit: {shuffle: false, ");
    folder.write("t.yaml", &config);
    holds(&folder.run("check t.yaml").stderr, &["`validation_split: {stratified: 0.1}`"]);
    folder.write("t.yaml", &sorted);
    let call = folder.run("check t.yaml");
    holds(&call.stderr, &["`maybe` was not seen", "which `validation_split: 0.1` holds back"]);
    for none in ["stratified", "random", "draw"] {
        assert!(!call.stderr.contains(none), "{}", call.stderr);
    }
}

#[test]
fn categories_that_may_be_one_are_told() {
    let with = |words: &'static [&'static str]| {
        let row = move |i: usize| format!("{},{},{}", words[i % words.len()], mixed(i) % 7, yes(i));
        warnings(&folder("c,a,y", row, "{column: c, encode: one_hot}, a", LABEL))
    };
    holds(
        &with(&["Red", "red", "RED"]),
        &["column `c`: `RED` and `Red` differ only by case", "so is 1 more"],
    );
    holds(&with(&["1.1", "1.10", "2"]), &["`1.1` and `1.10` are one number, and two categories"]);
    holds(&with(&["1E3", "1000"]), &["`1000` and `1E3` are one number"]);
    assert_eq!(with(&["4321113141090630389", "4321113141090630390"]), "");
    holds(
        &with(&["caf\u{e9}", "cafe\u{301}", "th\u{e9}"]),
        &["two categories look like `caf\u{e9}`", "NFC"],
    );
    holds(
        &with(&["red", "\u{200b}red"]),
        &["looks like `red` holds the invisible character U+200B"],
    );
    holds(&with(&["'red'", "'blue'"]), &["the single quotes of `'blue'` belong to the category"]);
    holds(
        &with(&["red", "unknown"]),
        &["`unknown` is a category like others", "`data.missing_values`"],
    );
    holds(
        &with(&["TRUE", "False", "yes", "0"]),
        &["4 spellings of true and false", "encode: boolean"],
    );
    // where they make classes too many, the mistake tells of them
    let row = |i: usize| format!("{},{}", mixed(i), ["no", "maybe", "Maybe"][i % 3]);
    let call = folder("a,y", row, "a", LABEL).run("check t.yaml");
    assert_eq!(call.code, 1);
    holds(&call.stderr, &["3 classes", "`Maybe` and `maybe` differ only by case"]);
    // dates would be numbered by the days that are met
    let row = |i: usize| format!("2026-01-{:02},{}", 1 + i % 28, yes(i));
    let call = folder("day,y", row, "{column: day, encode: label}", LABEL).run("check t.yaml");
    assert_eq!(call.code, 1);
    holds(&call.stderr, &["column `day` holds dates", "date: {parts: [month, weekday]}"]);
}

#[test]
fn trainings_that_are_seldom_meant_are_told() {
    let row = |i| format!("{},{}", mixed(i) % 7, yes(i));
    let plain = folder("a,y", row, "a", LABEL);
    let with = |set: &[&str]| {
        let mut call = vec!["check", "t.yaml"];
        set.iter().for_each(|set| call.extend(["--set", set]));
        let call = plain.call(&call);
        assert_eq!(call.code, 0, "{}", call.stderr);
        call.stderr
    };
    assert_eq!(with(&[]), "");
    holds(
        &with(&["compile.optimizer.adam.learning_rate=5"]),
        &["a learning rate of 5.0 is high for `adam`"],
    );
    holds(&with(&["compile.optimizer.adam.learning_rate=1e-9"]), &["is low for `adam`"]);
    assert_eq!(with(&["compile.optimizer=sgd", "compile.optimizer.sgd.learning_rate=0.5"]), "");
    let none = with(&["fit.validation_split=0"]);
    holds(&none, &["there is nothing to validate on", "{stratified: 0.1}"]);
    // rows whose order counts are never to be drawn
    let in_time = with(&["fit.validation_split=0", "fit.shuffle=false"]);
    holds(&in_time, &["there is nothing to validate on", "hold the last rows back"]);
    assert!(!in_time.contains("random") && !in_time.contains("stratified"), "{in_time}");
    let sorted = folder(
        "a,y",
        |i| format!("{},{}", mixed(i) % 7, if i < 40 { "no" } else { "yes" }),
        "a",
        LABEL,
    );
    let text = sorted
        .call(&[
            "check",
            "t.yaml",
            "--set",
            "fit.validation_split=0.3",
            "--set",
            "fit.shuffle=false",
        ])
        .stderr;
    holds(&text, &["are not like the others", "rows in the order of time are not drawn"]);
    assert!(!text.contains("stratified:"), "{text}");
    let rare = folder(
        "a,y",
        |i| format!("{},{}", mixed(i) % 7, if i == 7 || i == 30 || i == 50 { "yes" } else { "no" }),
        "a",
        LABEL,
    );
    rare.write("t.yaml", &rare.read("t.yaml").replace("random", "stratified"));
    holds(
        &rare.run("check t.yaml").stderr,
        &["the class `yes` has", "`fit.class_weight: balanced`"],
    );
}

#[test]
fn tiny_and_huge_columns_are_scaled_right() {
    let values = |scale: &str, unit: f64| {
        let row = |i: usize| format!("{:e},{}", unit * (1.0 + mixed(i) as f64), yes(i));
        let features = format!("{{column: a, scale: {scale}}}");
        let shown = folder("a,y", row, &features, LABEL).ok("check t.yaml");
        let lines: Vec<&str> = shown.lines().skip(9).take(5).collect();
        lines.join("\n")
    };
    for scale in ["min_max", "standard"] {
        let ordinary = values(scale, 1.0);
        assert!(ordinary.contains("0.") || ordinary.contains("1."), "{ordinary}");
        for unit in [1e-16, 1e-30, 1e-200, 1e30, 1e80, 1e200] {
            assert_eq!(values(scale, unit), ordinary, "{scale} of {unit:e}");
        }
    }
    // unscaled, 32 bits don't hold them
    let row = |i: usize| format!("{:e},{}", 1e-42 * (1.0 + mixed(i) as f64), yes(i));
    let call = folder("a,y", row, "a", LABEL).run("check t.yaml");
    holds(&call.stderr, &["48 different values become 1", "scale: standard"]);
}

#[test]
fn the_test_table_is_checked_and_evaluated() {
    let folder = Folder::with_loan();
    let rows: Vec<String> = folder.read("loan.csv").lines().map(str::to_string).collect();
    folder.write("test.csv", &([&rows[..1], &rows[200..250]].concat().join("\n") + "\n"));
    let with_test = LOAN.replace("train: loan.csv\n", "train: loan.csv\n  test: test.csv\n");
    folder.write("loan.yaml", &with_test);
    holds(
        &folder.ok("check loan.yaml"),
        &["270 rows to train on, 30 to validate on, 50 to test on"],
    );
    folder.ok("train loan.yaml -q --out run");
    let call = folder.run("evaluate run");
    assert_eq!(call.code, 0, "{}", call.stderr);
    holds(&call.stderr, &["`data.test`", "test.csv"]);
    assert_eq!(call.stdout, folder.ok("evaluate run test.csv"));
    holds(&folder.ok("evaluate run --json"), &["\"part\":\"`data.test`", "\"rows\":50"]);
    // without a test table, the validation's; without that, the rows that were held back
    folder.write(
        "valid.yaml",
        &with_test.replace("test:", "validation:").replace("  validation_split: 0.1\n", ""),
    );
    folder.ok("train valid.yaml -q --out valid");
    holds(&folder.run("evaluate valid").stderr, &["`data.validation`"]);
    folder.write("split.yaml", LOAN);
    folder.ok("train split.yaml -q --out split");
    let call = folder.run("evaluate split");
    holds(&call.stderr, &["`fit.validation_split` held back"]);
    holds(&call.stdout, &["rows: 30"]);
    let history = folder.read("split/history.csv");
    let lines: Vec<Vec<&str>> = history.lines().map(|line| line.split(',').collect()).collect();
    let column = lines[0].iter().position(|name| *name == "val_loss").unwrap();
    let loss: f64 = lines.last().unwrap()[column].parse().unwrap();
    holds(&call.stdout, &[&format!("loss: {loss:.4}")]);
    // what can't be found or read is told
    folder.write("test.csv", "age,area,application_outcome\n1,nowhere,approved\n");
    let call = folder.run("check loan.yaml");
    assert_eq!(call.code, 1, "{}", call.stdout);
    holds(&call.stderr, &["test.csv:2", "nowhere"]);
    std::fs::remove_file(folder.path("test.csv")).unwrap();
    holds(&folder.run("check loan.yaml").stderr, &["data.test", "there is no file `test.csv`"]);
    let call = folder.run("evaluate run");
    assert_eq!(call.code, 1);
    holds(&call.stderr, &["test.csv", "`lanthorn evaluate RUN TABLE`"]);
    let call = folder.run("evaluate run/model.safetensors");
    assert_eq!(call.code, 1);
    holds(&call.stderr, &["name a table"]);
}
