//! Columns: without a header, of yes and no, and with a rule of their own.

use crate::tables::{HEADER, config, folder, refused, table, with_column};

#[test]
fn a_table_without_a_header_is_read_by_numbers_or_by_given_names() {
    let whole = table(HEADER, |_, row| row.join(","));
    let rows = whole.split_once('\n').unwrap().1;
    let named = folder(rows, "  csv: {header: [age, income, colour, bought]}\n", "");
    named.ok("train t.yaml -q --out run");
    let with_header = folder(&whole, "", "");
    with_header.ok("train t.yaml -q --out run");
    assert_eq!(named.ok("predict run t.csv"), with_header.ok("predict run t.csv"));
    let config = config("  csv: {header: false}\n", "")
        .replace("column: age", "column: 0")
        .replace("column: income", "column: 1")
        .replace("column: colour", "column: 2")
        .replace("column: bought", "column: 3");
    named.write("n.yaml", &config);
    named.ok("train n.yaml -q --out numbered");
    assert_eq!(named.ok("predict numbered t.csv"), with_header.ok("predict run t.csv"));
    assert!(named.ok("predict numbered t.csv --keep-columns").starts_with("0,1,2,3,prediction"));
    refused(&folder(rows, "", "").run("check t.yaml"), &["`csv: {header: false}`"]);
    let short = folder(rows, "  csv: {header: [age, income, bought]}\n", "");
    refused(&short.run("check t.yaml"), &["column `colour` is not in"]);
    for (key, words) in [
        ("headers: true", "did you mean `header`"),
        ("decimal: \";\"", "`decimal` can't be ';'"),
        ("thousands: x", "`thousands` can't be 'x'"),
        ("decimal: \",\", thousands: \",\"", "can't be `decimal` too"),
        ("quote: a", "`quote` can't be 'a'"),
        ("comment: \",\"", "`comment` can't be ','"),
        ("encoding: latin-9", "`latin1`"),
        ("trailing_delimiter: keep", "`drop`"),
    ] {
        let call = folder(&whole, &format!("  csv: {{{key}}}\n"), "").run("check t.yaml");
        refused(&call, &["t.yaml:4", words]);
    }
    let both = folder(&whole, "  delimiter: \",\"\n  csv: {delimiter: \";\"}\n", "");
    refused(&both.run("check t.yaml"), &["both given"]);
}

#[test]
fn booleans_are_one_kind() {
    let flags = ["TRUE", "False", "yes", "1", "true", "0"];
    let csv = with_column("flag", |i| flags[i % 6].into());
    let folder = folder(&csv, "", ", {column: flag, encode: boolean}");
    let shown = folder.ok("check t.yaml");
    let row = |n: usize| shown.lines().nth(n).unwrap().to_string();
    assert!(row(9).contains("flag  bought"), "{shown}");
    let column: Vec<String> =
        (10..15).map(|n| row(n).split_whitespace().nth(5).unwrap().to_string()).collect();
    assert_eq!(column, ["1", "0", "1", "1", "1"], "{shown}");
    folder.ok("train t.yaml -q --out run");
    folder.write("t.csv", &csv.replace("False", "maybe"));
    refused(
        &folder.run("predict run t.csv"),
        &["t.csv:3: column `flag`: expected a boolean, found `maybe`"],
    );
    refused(&folder.run("check t.yaml"), &["expected a boolean, found `maybe`"]);
}

#[test]
fn one_columns_rule_wins_over_a_patterns() {
    let csv = with_column("id", |i| i.to_string());
    let folder = folder(&csv, "", "");
    let with = |features: &str| {
        let config = config("", "");
        let (start, rest) = config.split_once("  features:").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        folder.write("t.yaml", &format!("{start}  features: {features}\n{rest}"));
        folder.run("check t.yaml")
    };
    let call = with(
        "[{columns: \"*\", exclude: [id], scale: standard}, {column: colour, encode: one_hot}]",
    );
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(call.stdout.contains("input (None, 5)"), "{}", call.stdout);
    let call =
        with("[{column: colour, encode: one_hot}, {columns: \"*\", exclude: [\"i?\", income]}]");
    assert!(call.stdout.contains("input (None, 4)"), "{}{}", call.stdout, call.stderr);
    refused(
        &with("[{columns: \"*\", exclude: [idd]}]"),
        &["exclude", "no column of", "did you mean `id`"],
    );
    refused(&with("[{columns: [age], exclude: [id]}]"), &["`exclude` goes with a pattern"]);
    refused(&with("all"), &["`features` is a list of columns", "`[{columns: \"*\"}]`"]);
    refused(&with("[{columns: [age, agee]}]"), &["column `agee` is not in", "did you mean `age`"]);
    refused(
        &with("[{columns: \"*\"}]"),
        &[
            "column `colour`",
            "a rule of its own beside the others: `- {column: colour, encode: one_hot}`",
        ],
    );
}
