//! Messy tables: what is read right, what is refused with its true cause, and nothing wrong without
//! a word.

use crate::support::{Call, Folder};

pub const HEADER: &str = "age,income,colour,bought";

/// Sixty rows: a number with decimals, a whole number, one of three colours, yes or no.
fn rows() -> Vec<[String; 4]> {
    let row = |i: usize| {
        let age = 20.0 + (i * 7 % 50) as f64 + (i % 3) as f64 * 0.5;
        let bought = if (age > 45.0) ^ i.is_multiple_of(7) { "yes" } else { "no" };
        let colour = ["red", "green", "blue"][i % 3];
        [format!("{age:?}"), (1000 + i * 137 % 9000).to_string(), colour.into(), bought.into()]
    };
    (0..60).map(row).collect()
}

/// The table with each row as `line` writes it.
pub fn table(header: &str, line: impl Fn(usize, &[String; 4]) -> String) -> String {
    let rows: String =
        rows().iter().enumerate().map(|(i, row)| format!("{}\n", line(i, row))).collect();
    format!("{header}\n{rows}")
}

/// The table with one more column.
pub fn with_column(name: &str, cell: impl Fn(usize) -> String) -> String {
    table(&format!("{HEADER},{name}"), |i, row| format!("{},{}", row.join(","), cell(i)))
}

/// A folder with t.csv and t.yaml, whose features are these and `more`.
pub fn folder(csv: &str, data: &str, more: &str) -> Folder {
    let folder = Folder::new();
    folder.write("t.csv", csv);
    folder.write("t.yaml", &config(data, more));
    folder
}

pub fn config(data: &str, more: &str) -> String {
    format!(
        "seed: 1
data:
  train: t.csv
{data}  features: [{{column: age, scale: standard}}, {{column: income, scale: min_max}}, {{column: colour, encode: one_hot}}{more}]
  target: {{column: bought, encode: label}}
model: {{layers: [{{dense: {{units: 8, activation: relu}}}}, {{dense: {{units: 2, activation: softmax}}}}]}}
compile: {{optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}}
fit: {{batch_size: 16, epochs: 1}}
"
    )
}

#[track_caller]
pub fn refused(call: &Call, fragments: &[&str]) {
    assert_eq!(call.code, 1, "{}{}", call.stdout, call.stderr);
    assert!(call.stderr.starts_with("error: "), "{}", call.stderr);
    let text = call.stderr.replace('\n', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for fragment in fragments {
        assert!(text.contains(fragment), "`{fragment}` is missing in\n{}", call.stderr);
    }
}

#[test]
fn a_quote_that_is_never_closed_loses_no_rows() {
    let good = with_column("note", |_| "ok".into());
    let folder = folder(&good, "", "");
    folder.ok("train t.yaml -q --out run");
    for open in [1, 30, 59] {
        let bad = with_column("note", |i| if i == open { "\"open".into() } else { "ok".into() });
        let place = format!("t.csv:{}: a `\"` begins a quoted cell here that never ends", open + 2);
        folder.write("t.csv", &bad);
        for verb in ["check t.yaml", "train t.yaml -q", "predict run t.csv", "evaluate run t.csv"] {
            refused(&folder.run(verb), &[&place, "close it"]);
        }
        // the rows before it are quoted as well
        folder.write("t.csv", &bad.replacen(",ok", ",\"say \"\"ok\"\"\"", 1));
        refused(&folder.run("predict run t.csv"), &[&place]);
    }
    folder.write("t.csv", "\"age,income,colour,bought\n1,2,red,yes\n");
    refused(&folder.run("predict run t.csv"), &["t.csv:1: a `\"` begins"]);
}

#[test]
fn rows_within_a_quoted_cell_are_told() {
    let good = with_column("note", |_| "ok".into());
    let folder = folder(&good, "", "");
    folder.ok("train t.yaml -q --out run");
    let quoted = |rows: &[usize]| {
        with_column("note", |i| if rows.contains(&i) { "\"x".into() } else { "ok".into() })
    };
    for (rows, line) in [(&[30, 40][..], 32), (&[5, 6], 7), (&[58, 59], 60)] {
        folder.write("t.csv", &quoted(rows));
        for verb in ["check t.yaml", "predict run t.csv"] {
            let place = format!("t.csv:{line}: a cell in quotes that begins in this row runs over");
            refused(&folder.run(verb), &[&place, "a `\"` is missing or one too many"]);
        }
    }
    // what is meant to run over lines does, and a quote within a cell is a quote
    let prose = with_column("note", |i| match i % 3 {
        0 => "\"line one\nline \"\"two\"\", and more\n\n3, 4\"".into(),
        1 => "5\" pipe".into(),
        _ => "\"a, b\"".into(),
    });
    folder.write("t.csv", &prose);
    assert_eq!(folder.ok("predict run t.csv").lines().count(), 61);
}

#[test]
fn numbers_that_are_one_in_32_bits_are_refused_with_the_remedy() {
    for (cell, left) in [(16_777_216_u64, "31"), (1_764_288_000_000, "2")] {
        let step = if left == "2" { 1000 } else { 1 };
        let csv = with_column("id", |i| (cell + i as u64 * step).to_string());
        let raw = folder(&csv, "", ", id");
        let words = format!("`id`: 60 different values become {left} when rounded to the 32 bits");
        refused(&raw.run("train t.yaml -q"), &[&words, "`{column: id, scale: standard}`"]);
        let scaled = folder(&csv, "", ", {column: id, scale: standard}");
        scaled.ok("train t.yaml -q --out run");
    }
    // decimals that 32 bits round are as different as before
    let csv = with_column("x", |i| format!("{}.123456789", i * 1000));
    folder(&csv, "", ", x").ok("check t.yaml");
    let times = with_column("t", |i| format!("{}.5", 1_764_288_000 + i));
    refused(&folder(&times, "", ", t").run("check t.yaml"), &["60 different values become 1 when"]);
}

#[test]
fn what_reads_as_missing_is_missing_in_every_column() {
    for word in ["NA", "N/A", "n/a", "null", "NULL", "?", "-", "NaN", "nan", "None", "<NA>", "#N/A"]
    {
        for (column, name) in ["age", "income", "colour", "bought"].iter().enumerate() {
            let csv = table(HEADER, |i, row| {
                let mut row = row.clone();
                if i == 20 {
                    row[column] = format!(" {word} ");
                }
                row.join(",")
            });
            let folder = folder(&csv, "", "");
            let place =
                format!("t.csv:22: column `{name}`: the value is missing, the cell is `{word}`");
            refused(&folder.run("check t.yaml"), &[&place, "fill it, or remove the row"]);
        }
    }
    // which words do is said, and kept with the model
    let namibia = |word: &str| {
        table(HEADER, |i, row| row.join(",").replace("red", if i == 0 { "red" } else { word }))
    };
    let folder = folder(&namibia("NA"), "  missing_values: [-999, none]\n", "");
    folder.ok("train t.yaml -q --out run");
    folder.ok("predict run t.csv");
    folder.write("t.csv", &namibia("NA").replacen("1137", "-999.0", 1));
    refused(&folder.run("predict run t.csv"), &["t.csv:3: column `income`: the value is missing"]);
    folder.write("t.csv", &namibia("none"));
    refused(
        &folder.run("check t.yaml"),
        &["t.csv:5: column `colour`: the value is missing", "19 cells"],
    );
}

#[test]
fn twenty_bad_cells_are_told_at_once() {
    let csv = table(HEADER, |i, row| match i {
        3..30 => row.join(",").replace(&row[1], "?"),
        40..43 => row.join(",").replace(&row[2], ""),
        _ => row.join(","),
    });
    let call = folder(&csv, "", "").run("check t.yaml");
    refused(
        &call,
        &[
            "t.csv:5: column `income`: the value is missing",
            "27 cells of `income` are missing: line 5 `?`, line 6 `?`",
        ],
    );
    refused(
        &call,
        &[
            "line 24 `?` and 7 more",
            "t.csv:42: column `colour`: the cell is empty 3 cells of `colour` are empty help",
        ],
    );
    assert!(!call.stderr.contains("line 25"), "{}", call.stderr);
}

#[test]
fn each_kind_of_number_that_is_none_has_its_own_remedy() {
    type Written = fn(usize, &[String; 4]) -> String;
    let cases: [(Written, &str); 11] = [
        (
            |_, row| format!("\"{}\"", row[0].replace('.', ",")),
            "decimal comma, as `20,0`: set `csv: {decimal: \",\"}`",
        ),
        (
            |_, row| format!("\"{},{}\"", &row[1][..1], &row[1][1..]),
            "set `csv: {thousands: \",\"}`",
        ),
        (
            |_, row| format!("${}", row[1]),
            "amounts of money, as `$1000`: set `csv: {strip: [\"$\"]}`",
        ),
        (|_, row| format!("{}%", row[0]), "percentages, as `20.0%`: set `csv: {strip: [\"%\"]}`"),
        (|_, row| format!("{}D+01", row[0]), "the exponent is written with a D: write `20.0e+01`"),
        (
            |_, row| format!("\u{2212}{}", row[0]),
            "the minus sign is not the ASCII one: write `-20.0`",
        ),
        (|i, _| format!("2026-01-{:02}", 1 + i % 28), "dates: write `date: {parts:"),
        (|i, _| format!("17:{i:02}:00"), "times of day: write `date: {format:"),
        (
            |i, _| if i % 2 == 0 { "FALSE".into() } else { "TRUE".into() },
            "booleans: add `encode: boolean` to `data.features[3]`",
        ),
        (
            |i, _| if i == 40 { "high".into() } else { i.to_string() },
            "59 of the 60 cells of `x` are numbers",
        ),
        (
            |i, _| format!("kind {}", i % 4),
            "if `x` holds categories, add `encode: label` or `encode: one_hot` to `data.features[3]`",
        ),
    ];
    for (cell, remedy) in cases {
        let csv =
            table(&format!("{HEADER},x"), |i, row| format!("{},{}", row.join(","), cell(i, row)));
        let call = folder(&csv, "", ", x").run("check t.yaml");
        refused(&call, &["column `x`: expected a number", remedy]);
        assert_eq!(
            call.stderr.contains("encode: label"),
            remedy.contains("encode: label"),
            "{}",
            call.stderr
        );
    }
}

#[test]
fn rows_of_another_length_have_their_true_cause() {
    let plain = |_: usize, row: &[String; 4]| row.join(",");
    for (csv, place, remedy) in [
        (
            table(&format!("{HEADER},"), plain),
            "t.csv:2",
            "the header ends with a `,` and the rows don't",
        ),
        (
            table(HEADER, |_, row| row.join(",") + ","),
            "t.csv:2",
            "the rows end with a `,` and the header doesn't",
        ),
        (
            table(HEADER, |i, row| if i == 5 { "# batch 2".into() } else { row.join(",") }),
            "t.csv:7",
            "looks like a comment",
        ),
        (
            table(HEADER, |i, row| if i == 5 { row[..2].join(",") } else { row.join(",") }),
            "t.csv:7",
            "cells are missing",
        ),
        (
            table(HEADER, |i, row| row.join(",") + if i == 5 { ",x" } else { "" }),
            "t.csv:7",
            "must be in double quotes",
        ),
        (
            table(&format!("{HEADER},note"), |_, row| row.join(",") + ",\"say \\\"hi\\\", ok\""),
            "t.csv:2",
            "is written twice",
        ),
        (
            table(HEADER, |i, row| if i == 0 { "years,EUR,,".into() } else { row.join(",") }),
            "t.csv:2",
            "a second line of headings",
        ),
        (
            table(HEADER, |i, row| if i == 30 { HEADER.into() } else { row.join(",") }),
            "t.csv:32",
            "repeats the header",
        ),
        (table(HEADER, plain) + "sum,99999,,\n", "t.csv:62", "is the last one a total?"),
    ] {
        refused(&folder(&csv, "", "").run("check t.yaml"), &[place, remedy]);
    }
    let lines = table(HEADER, |i, row| row.join(",") + if i % 10 == 0 { "\n   " } else { "" });
    folder(&lines, "", "").ok("check t.yaml");
}

#[test]
fn files_that_are_no_csv_are_named() {
    for (bytes, remedy) in [
        (&b"[{\"age\": 1}]"[..], "JSON"),
        #[cfg(not(feature = "parquet"))]
        (b"PAR1\x15\x04", "Parquet"),
        (b"a\0g\0e\0,\0b\0\n\0", "UTF-16"),
    ] {
        let folder = folder("", "", "");
        folder.write_bytes("t.csv", bytes);
        refused(&folder.run("check t.yaml"), &["expected a table", remedy]);
    }
    let whole = table(HEADER, |_, row| row.join(","));
    for (start, remedy) in [
        ("sep=;\n", "set `csv: {delimiter: \";\"}`"),
        ("# exported 2026-01-01\n# by tool\n", "set `csv: {comment: \"#\"}`"),
    ] {
        refused(&folder(&(start.to_string() + &whole), "", "").run("check t.yaml"), &[remedy]);
    }
    let tabs = whole.replace(',', "\t");
    refused(&folder(&tabs, "", "").run("check t.yaml"), &["set `csv: {delimiter: \"\\t\"}`"]);
    folder(&tabs, "  csv: {delimiter: \"\\t\"}\n", "").ok("check t.yaml");
}
