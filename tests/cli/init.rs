//! `lanthorn init`: from a table to a configuration that trains as it is, with its reasons.

use std::fmt::Write;

use crate::support::{Folder, project};

/// A folder with one of the example tables.
fn with(table: &str) -> Folder {
    let folder = Folder::new();
    let text = std::fs::read(project(&format!("examples/data/{table}.csv"))).unwrap();
    folder.write_bytes(&format!("{table}.csv"), &text);
    folder
}

#[test]
fn each_example_table_gets_a_configuration_that_is_checked_without_a_warning() {
    for (table, target, expected) in [
        ("iris", "class", "dense: {units: 3, activation: softmax}"),
        ("wine", "class", "{columns: \"*\", scale: standard}"),
        ("breast_cancer", "class", "dense: {units: 1, activation: sigmoid}"),
        ("diabetes", "progression", "loss: mse"),
        ("digits", "digit", "input_shape: [8, 8, 1]"),
        ("loan", "application_outcome", "{column: area, encode: one_hot}"),
        ("sequences", "wave", "input_shape: [30, 2]"),
        ("sentences", "verdict", "embedding: {input_dim: 40, output_dim: 16, mask_zero: true}"),
    ] {
        let folder = with(table);
        let told = folder.ok(&format!("init {table}.csv --target {target}"));
        assert!(told.contains(&format!("next: lanthorn train {table}.yaml")), "{told}");
        let config = folder.read(&format!("{table}.yaml"));
        assert!(config.contains(expected), "{config}");
        let call = folder.run(&format!("check {table}.yaml"));
        assert_eq!((call.code, call.stderr.as_str()), (0, ""), "{table}");
    }
}

#[test]
fn a_table_trains_in_one_call_and_beats_its_baseline() {
    let folder = with("iris");
    folder.ok("train iris.csv --target class -q");
    let history = folder.read("runs/iris-001/history.csv");
    let names: Vec<&str> = history.lines().next().unwrap().split(',').collect();
    let place = names.iter().position(|name| *name == "val_accuracy").unwrap();
    let accuracy = |line: &str| line.split(',').nth(place).unwrap().parse::<f64>().unwrap();
    let best = history.lines().skip(1).map(accuracy).fold(0.0, f64::max);
    assert!(best > 0.9, "{best}");
    let again = folder.run("train iris.csv --target class");
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("lanthorn train iris.yaml"), "{}", again.stderr);
}

#[test]
fn the_same_configuration_in_toml_and_json() {
    let folder = with("loan");
    for name in ["a.yaml", "b.toml", "c.json"] {
        folder.ok(&format!("init loan.csv --target application_outcome -o {name}"));
        folder.ok(&format!("convert {name} {name}.json"));
    }
    assert_eq!(folder.read("a.yaml.json"), folder.read("b.toml.json"));
    assert_eq!(folder.read("a.yaml.json"), folder.read("c.json.json"));
    assert!(folder.read("b.toml").contains("# 2 categories: rural, urban"));
}

/// A table with a bit of everything.
fn mixed() -> Folder {
    let mut table = "id;when;size;city;note;gap;price;sold\n".to_string();
    for row in 0..60 {
        let gap = if row % 7 == 0 { "" } else { "1.5" };
        writeln!(
            table,
            "{};2026-01-{:02};{}.5;{};\"word {row} and; more words\";{gap};\"{},5\";{}",
            100 + row,
            row % 28 + 1,
            row * row % 53,
            ["Bonn", "Ulm", "Kiel"][row % 3],
            row * 3,
            ["yes", "no"][row % 2],
        )
        .unwrap();
    }
    let folder = Folder::new();
    folder.write("mixed.csv", &table);
    folder
}

#[test]
fn what_is_left_out_is_told_with_the_reason() {
    let folder = mixed();
    let told = folder.ok("init mixed.csv --target sold");
    for line in [
        "id: id: another value in each row: copied to the predictions",
        "when: dates: where in the year and in the week they are",
        "note: text: which of its words there are",
        "left out: gap: the same value in every row",
        "left out: price: 60 cells are not a number, such as `0,5`",
        "size: numbers from 0.5 to 52.5",
        "city: 3 categories",
        "target sold: 2 classes",
        "to beat: always `",
    ] {
        assert!(told.contains(line), "no `{line}` in\n{told}");
    }
    let config = folder.read("mixed.yaml");
    assert!(
        config.contains("csv: {delimiter: ;}") || config.contains("csv: {delimiter: \";\"}"),
        "{config}"
    );
    folder.ok("train mixed.yaml --set fit.epochs=2 -q -o run");
    assert!(folder.ok("predict run mixed.csv").starts_with("id,prediction,"));
}

#[test]
fn mistakes_say_what_to_type() {
    let folder = mixed();
    folder.write("a.yaml", "name: a\n");
    for (call, expected) in [
        ("init mixed.csv", "lanthorn init mixed.csv --target"),
        ("init mixed.csv --target solt", "did you mean `sold`?"),
        ("init mixed.csv --target note", "too many for classes"),
        ("init mixed.csv --target gap", "the target `gap` has 9 cells that are empty or missing"),
        ("init mixed.csv --target price", "is a column of numbers, but 60 cells are not"),
        ("init mixed.csv --target size,city", "several targets must all be numbers"),
        ("init mixd.csv --target sold", "did you mean `mixed.csv`?"),
        ("init a.yaml --target sold", "is a configuration"),
        ("init mixed.csv --target sold -o a.yaml", "a.yaml exists already"),
        ("init mixed.csv --target sold -o mixed.csv", "would overwrite the table"),
        ("init --example lone", "did you mean `loan`?"),
        ("train a.yaml --target sold", "`--target` doesn't go with a configuration"),
    ] {
        let call_of = folder.run(call);
        assert_eq!(call_of.code, 1, "{call}: {}", call_of.stderr);
        assert!(call_of.stderr.contains(expected), "{call}: {}", call_of.stderr);
    }
    assert_eq!(folder.read("a.yaml"), "name: a\n");
}

#[test]
fn an_example_comes_with_its_tables() {
    let folder = Folder::new();
    folder.ok("init --example loan");
    folder.ok("check loan.yaml");
    folder.ok("init --example loan"); // the same files are no obstacle
    folder.write("loan.csv", "mine\n");
    assert_eq!(folder.run("init --example loan").code, 1);
    assert_eq!(folder.read("loan.csv"), "mine\n");
    folder.ok("init --example loan --force");
}

#[test]
fn every_configuration_of_the_project_is_an_example() {
    for entry in std::fs::read_dir(project("configs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let folder = Folder::new();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            folder.ok(&format!("init --example {name}"));
        }
    }
}

#[test]
fn numbers_as_people_write_them_are_declared_and_used() {
    let folder = Folder::new();
    let mut german = "alter;einkommen;gekauft\n".to_string();
    let mut money = "price,discount,bought\n".to_string();
    for row in 0..120 {
        let (age, income) = (18 + row * 7 % 60, f64::from(row * 37 % 400) + 0.5);
        let bought = if income > 200.0 { "ja" } else { "nein" };
        writeln!(german, "{age};{};{bought}", income.to_string().replace('.', ",")).unwrap();
        let price = 1000 + row * 91 % 4000;
        let bought = if price < 3000 { "yes" } else { "no" };
        writeln!(money, "\"${},{:03}.50\",{}%,{bought}", price / 1000, price % 1000, row % 3 * 10)
            .unwrap();
    }
    folder.write("german.csv", &german);
    folder.write("money.csv", &money);
    for (table, target, declared) in
        [("german", "gekauft", "decimal: "), ("money", "bought", "strip: ")]
    {
        let told = folder.ok(&format!("init {table}.csv --target {target}"));
        assert!(!told.contains("left out"), "{told}");
        let config = folder.read(&format!("{table}.yaml"));
        assert!(config.contains(declared), "{config}");
        let said = folder.run(&format!("train {table}.yaml -q"));
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(!said.stderr.contains("learned nothing"), "{}", said.stderr);
    }
}

#[test]
fn a_column_of_text_is_a_feature_and_a_column_alone_is_told_what_it_lacks() {
    let folder = Folder::new();
    let mut table = "review,liked\n".to_string();
    for row in 0..120 {
        let word = if row % 2 == 0 { "lovely" } else { "dull" };
        writeln!(table, "the film number {row} was rather {word},{}", row % 2 == 0).unwrap();
    }
    folder.write("reviews.csv", &table);
    let told = folder.ok("init reviews.csv --target liked");
    assert!(told.contains("review: text: which of its words there are"), "{told}");
    let said = folder.ok("train reviews.yaml -q");
    assert!(said.contains("accuracy      1.0000"), "{said}");
    folder.write("alone.csv", "x\n1\n2\n3\n4\n");
    let call = folder.run("init alone.csv --target x");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("add columns, or name another target"), "{}", call.stderr);
}

#[test]
fn a_table_that_is_plainly_in_time_is_forecast() {
    let folder = Folder::new();
    let table = std::fs::read_to_string(project("examples/data/airline.csv")).unwrap();
    folder.write("airline.csv", &table);
    let told = folder.ok("init airline.csv --target passengers");
    for line in [
        "window: rows are in the order of `month`: the target is that of the row after these 12",
        "passengers: the target's past",
        "to beat: always the last value",
    ] {
        assert!(told.contains(line), "no `{line}` in\n{told}");
    }
    let config = folder.read("airline.yaml");
    assert!(
        config.contains("window: {sequence_length: 12, order_by: month} # rows are"),
        "{config}"
    );
    folder.ok("train airline.yaml --out run --set fit.epochs=2 -q");
    folder.ok("predict run airline.csv");

    // rows in another order are no series, and few rows make no windows
    let mut rows: Vec<&str> = table.lines().collect();
    rows.swap(3, 90);
    folder.write("mixed.csv", &rows.join("\n"));
    let told = folder.run("init mixed.csv --target passengers");
    assert!(!told.stdout.contains("window:"), "{}", told.stdout);
    folder.write("short.csv", &table.lines().take(40).collect::<Vec<_>>().join("\n"));
    let told = folder.run("init short.csv --target passengers");
    assert!(!told.stdout.contains("window:"), "{}", told.stdout);
}

#[test]
fn of_a_table_that_cant_be_trained_on_no_configuration_stays() {
    let folder = mixed();
    let table = folder.read("mixed.csv");
    folder.write("mixed.csv", &(table + "1;2026-01-01;3.5;Bonn\n"));
    let call = folder.run("train mixed.csv --target sold -q");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("mixed.csv:62: expected 8 cells"), "{}", call.stderr);
    assert!(!folder.path("mixed.yaml").exists());
    let call = folder.run("train mixed.csv --target size --set fit.epochz=3");
    assert!(call.code == 1 && call.stderr.contains("`epochz`"), "{}", call.stderr);
    assert!(!folder.path("mixed.yaml").exists());
}

/// A class of two rows in a thousand is no class of 0 %, and a word that stands for missing cells is
/// no mistake of the table's.
#[test]
fn rare_classes_have_a_share_and_a_fill_is_meant() {
    let folder = Folder::new();
    let mut table = "a,kind,fraud\n".to_string();
    for row in 0..1000 {
        let kind = ["x", "y", ""][row % 3];
        writeln!(table, "{}.5,{kind},{}", row * 7 % 100, u8::from(row % 500 == 3)).unwrap();
    }
    folder.write("t.csv", &table);
    let told = folder.ok("init t.csv --target fraud");
    assert!(told.contains("target fraud: 2 classes: 0 99.8 %, 1 0.2 %"), "{told}");
    assert!(folder.read("t.yaml").contains("missing: {constant: missing}"));
    let check = folder.run("check t.yaml");
    assert!(!check.stderr.contains("seems to stand for a missing value"), "{}", check.stderr);
}

/// As in the table of diabetes among the Pima, and in MNIST's files.
#[test]
fn zeros_far_from_all_other_numbers_and_arrays_without_labels_are_told() {
    let folder = Folder::new();
    let mut table = "glucose,visits,outcome\n".to_string();
    for row in 0..200 {
        let glucose = if row % 40 == 7 { 0 } else { 60 + row * 37 % 100 };
        writeln!(table, "{glucose},{},{}", row % 30, u8::from(glucose > 120)).unwrap();
    }
    folder.write("t.csv", &table);
    let told = folder.ok("init t.csv --target outcome");
    let hint = "5 cells are 0 and the others 60 or more: if 0 means missing, add \
                `missing_values: [0], missing: median`";
    assert!(told.contains(hint), "{told}");
    assert_eq!(folder.read("t.yaml").matches("if 0 means missing").count(), 1);
    let rule = "{column: glucose, scale: standard}";
    let config = folder.read("t.yaml");
    assert!(config.contains(rule), "{config}");
    let as_told = "{column: glucose, scale: standard, missing_values: [0], missing: median}";
    folder.write("t.yaml", &config.replace(rule, as_told));
    folder.ok("check t.yaml");

    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2];
    images.extend(0..36);
    folder.write_bytes("images.idx", &images);
    let refused = folder.run("init images.idx");
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("train: {x: FILE, y: LABELS}, x: x, y: y"),
        "{}",
        refused.stderr
    );
}
