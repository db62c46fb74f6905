//! Numbers that may not be meant as they stand, and texts that may: each is told by check and train,
//! with one line of remedy, and an honest table isn't.

use crate::support::Folder;

/// t.csv with 60 rows of these cells, whose last is the target, and t.yaml over it.
fn folder(header: &str, row: impl Fn(usize) -> String, target: &str) -> Folder {
    let folder = Folder::new();
    let rows: String = (0..60).map(|i| row(i) + "\n").collect();
    folder.write("t.csv", &format!("{header}\n{rows}"));
    folder.write(
        "t.yaml",
        &format!(
            "data: {{train: t.csv, features: [{{columns: \"*\", scale: standard}}], target: {target}}}
model: {{layers: [{{dense: {{units: 1}}}}]}}
compile: {{optimizer: adam, loss: mse}}
fit: {{epochs: 1, validation_split: {{random: 0.2}}}}
"
        ),
    );
    folder
}

/// The warnings as JSON lines, which check and train share.
#[track_caller]
fn told(folder: &Folder) -> Vec<(String, String)> {
    let check = folder.run("check t.yaml");
    let train = folder.run("train t.yaml -q");
    assert_eq!((check.code, train.code), (0, 0), "{}{}", check.stderr, train.stderr);
    // at its end a training adds how its metrics compare with the baselines
    assert!(train.stderr.starts_with(&check.stderr), "{}{}", check.stderr, train.stderr);
    let document: serde_json::Value =
        serde_json::from_str(&folder.ok("check t.yaml --json")).unwrap();
    let warnings = document["diagnostics"].as_array().unwrap().iter();
    warnings
        .map(|warning| {
            assert!(!warning["help"].as_str().unwrap().is_empty(), "{warning}");
            (
                warning["kind"].as_str().unwrap().to_string(),
                format!("{}: {}", warning["message"], warning["help"]).replace('"', ""),
            )
        })
        .collect()
}

#[track_caller]
fn only(folder: &Folder, kind: &str, fragments: &[&str]) {
    let told = told(folder);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, kind, "{told:?}");
    for fragment in fragments {
        assert!(told[0].1.contains(fragment), "{fragment} is missing in {told:?}");
    }
}

/// Numbers from 0 to 52 that don't rise, some of them twice.
fn mixed(i: usize) -> usize {
    i * 37 % 53
}

/// A target like any other.
fn y(i: usize) -> String {
    format!("{}.5", i * 23 % 60)
}

#[test]
fn marks_of_missing_values_are_told() {
    for (mark, others, said) in [
        ("-999", 1000, "-999 stands in 7 of 60 rows"),
        ("-9999.0", 0, "-9999 stands in 7 of 60 rows"),
        ("-9", 0, "-9 stands in 7 of 60 rows"),
        ("99999", 10, "99999 stands in 7 of 60 rows"),
        ("100000000", 10, "100000000 stands in 7 of 60 rows"),
    ] {
        let cell = |i: usize| match i % 9 {
            0 => mark.to_string(),
            _ => (others + mixed(i)).to_string(),
        };
        let folder = folder("a,y", |i| format!("{},{}", cell(i), y(i)), "y");
        only(&folder, "missing_mark", &[said, "`data.missing_values: ["]);
        // and what it advises tells each of them
        let config = folder.read("t.yaml");
        folder.write(
            "t.yaml",
            &config.replace("{train", &format!("{{missing_values: [{mark}], train")),
        );
        let call = folder.run("check t.yaml");
        assert!(call.stderr.contains("7 cells of `a` are missing"), "{}", call.stderr);
    }
    // no marks: counts of which some are large, a sign, percentages, one outlier
    for cell in [
        |i: usize| (if i.is_multiple_of(9) { 60 + i / 9 } else { mixed(i) }).to_string(),
        |i: usize| (i as i64 % 3 - 1).to_string(),
        |i: usize| (40 + mixed(i)).min(99).to_string(),
        |i: usize| (if i == 30 { 900 } else { mixed(i) }).to_string(),
    ] {
        let folder = folder("a,y", |i| format!("{},{}", cell(i), y(i)), "y");
        assert_eq!(told(&folder), [], "{}", cell(9));
    }
}

#[test]
fn points_between_thousands_are_told() {
    let prices = |i: usize| format!("{}.{:03}", 1 + mixed(i), i * 7 % 1000);
    let folder = folder("a,y", |i| format!("{},{}", prices(i), y(i)), "y");
    only(&folder, "thousands", &["three digits behind the point, as in `1.000`", "write `1000`"]);
    // lengths of which some have fewer decimals, and some begin with 0
    for cell in [
        |i: usize| format!("{}.{}", 1 + mixed(i), i * 7 % 1000),
        |i: usize| format!("{}.{:03}", mixed(i), i * 7 % 1000),
    ] {
        let folder = self::folder("a,y", |i| format!("{},{}", cell(i), y(i)), "y");
        assert_eq!(told(&folder), []);
    }
}

#[test]
fn a_total_in_the_last_row_is_told_at_its_line() {
    for (total, said) in [
        (1519, "its `a`, 1519, is the sum of all others"),
        (9_999_999, "its `a` is 9999999, and all others go from 0 to 52"),
    ] {
        let folder = folder("a,y", |i| format!("{},{}", mixed(i), y(i)), "y");
        folder.write("t.csv", &(folder.read("t.csv") + &format!("{total},40\n")));
        only(&folder, "total_row", &[said, "remove the row"]);
        let call = folder.run("check t.yaml");
        assert!(call.stderr.contains("t.csv:62: the last row"), "{}", call.stderr);
    }
    let folder = folder("a,y", |i| format!("{},{}", mixed(i), y(i)), "y");
    folder.write("t.csv", &(folder.read("t.csv") + "75,40\n"));
    assert_eq!(told(&folder), []);
}

#[test]
fn digits_that_are_lost_are_told() {
    let id = |i: usize| 9_007_199_254_740_993u64 + mixed(i) as u64;
    let ids = folder("a,y", |i| format!("{},{}", id(i), y(i)), "y");
    let said = "`9007199254740993` is read as 9007199254740992";
    only(&ids, "precision", &[said, "as categories"]);
    ids.write("t.yaml", &ids.read("t.yaml").replace("scale: standard", "scale: none"));
    let call = ids.run("check t.yaml");
    assert_eq!(call.code, 1);
    assert!(!call.stderr.contains("scale: standard"), "{}", call.stderr);
    assert!(call.stderr.contains("64 bits lose digits"), "{}", call.stderr);
    // large numbers of few digits lose none
    let round = folder("a,y", |i| format!("{}e20,{}", mixed(i), y(i)), "y");
    assert_eq!(told(&round), []);
}

#[test]
fn the_target_among_the_features_is_told() {
    let copy = folder("a,b,y", |i| format!("{},{},{}", mixed(i) % 7, y(i), y(i)), "y");
    only(&copy, "leak", &["column `b` is the target `y` itself", "leave it out"]);
    let scaled = folder("b,y", |i| format!("{},{}", y(i), y(i)), "{column: y, scale: min_max}");
    only(&scaled, "leak", &["column `b` is the target `y` itself"]);
    // a line through the points is no copy
    let line = folder("a,y", |i| format!("{},{}", mixed(i), 2 * mixed(i) + 1), "y");
    assert!(told(&line).iter().all(|(kind, _)| kind != "leak"));
}

#[test]
fn copies_of_rows_are_told() {
    let row = |i: usize| format!("{}.25,{}", mixed(i), y(i));
    let twice = folder("a,y", |i| row(i / 2 % 20), "y");
    twice.write("t.yaml", &twice.read("t.yaml").replace("{random: 0.2}", "0.2"));
    let told_ = told(&twice);
    let of_copies: Vec<&String> =
        told_.iter().filter(|(kind, _)| kind == "duplicate_rows").map(|(_, words)| words).collect();
    assert_eq!(of_copies.len(), 2, "{told_:?}");
    assert!(of_copies[0].contains("28 of 48 training rows are exact copies"), "{told_:?}");
    assert!(of_copies[1].contains("12 of 12 validation rows are exact copies of training rows"));
    assert!(of_copies[1].contains("before it is split"));
    // a table of its own to validate on
    let apart = folder("a,y", row, "y");
    let validation: Vec<String> = apart.read("t.csv").lines().take(13).map(String::from).collect();
    apart.write("v.csv", &(validation.join("\n") + "\n"));
    let config = apart.read("t.yaml").replace(", validation_split: {random: 0.2}", "");
    apart.write("t.yaml", &config.replace("{train: t.csv", "{train: t.csv, validation: v.csv"));
    only(&apart, "duplicate_rows", &["12 of 12 validation rows", "from one of the tables"]);
}

#[test]
fn a_class_that_no_validation_row_has_is_told() {
    let class = |i: usize| if i == 10 || i == 20 { "rare" } else { ["no", "yes"][i % 2] };
    let config = |folder: &Folder, split: &str| {
        let text = folder.read("t.yaml");
        let text = text.replace("units: 1", "units: 3, activation: softmax");
        let text = text.replace("loss: mse", "loss: sparse_categorical_crossentropy");
        folder.write("t.yaml", &text.replace("{random: 0.2}", split));
    };
    let table = folder(
        "a,b,y",
        |i| format!("{}.5,{},{}", mixed(i), i % 7, class(i)),
        "{column: y, encode: label}",
    );
    config(&table, "0.34");
    // the last 21 rows hold none of them
    only(
        &table,
        "absent_class",
        &["the class `rare` is in no validation row", "{stratified: 0.34}"],
    );
    table.write("t.yaml", &table.read("t.yaml").replace("0.34", "{stratified: 0.5}"));
    assert!(told(&table).iter().all(|(kind, _)| kind != "absent_class"));
}

#[test]
fn a_feature_that_tells_the_target_alone_is_told() {
    let class = |i: usize| ["no", "yes"][i % 2];
    let of_classes = |cell: &dyn Fn(usize) -> String| {
        let table = folder(
            "a,days,y",
            |i| format!("{}.5,{},{}", mixed(i) % 11, cell(i), class(i)),
            "{column: y, encode: label}",
        );
        let text = table.read("t.yaml").replace("units: 1", "units: 1, activation: sigmoid");
        table.write("t.yaml", &text.replace("loss: mse", "loss: binary_crossentropy"));
        table.write(
            "t.csv",
            &(table.read("t.csv")
                + &table.read("t.csv").replace("a,days,y\n", "").replace(".5,", ".25,")),
        );
        table
    };
    // no days where nothing happened
    let known_after =
        of_classes(&|i| if i % 2 == 0 { "0".into() } else { (1 + mixed(i)).to_string() });
    only(
        &known_after,
        "leak",
        &["`days` alone tells the classes of the target apart", "leave it out"],
    );
    let honest = of_classes(&|i| mixed(i).to_string());
    assert_eq!(told(&honest), []);
    // another unit
    let unit = |i: usize| format!("{},{},{}", mixed(i) % 11, mixed(i) * 3 + 2, mixed(i));
    let table = folder("a,b,y", unit, "y");
    table.write("t.csv", &(table.read("t.csv") + &table.read("t.csv").replace("a,b,y\n", "")));
    assert!(told(&table).iter().any(|(kind, words)| {
        kind == "leak" && words.contains("`b` is the target in another unit")
    }));
}
