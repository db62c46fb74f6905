//! CSV files that are written in other ways read as the plain table does.

use super::*;

const PLAIN: &str =
    "age,income,colour,y\n20.5,1000,red,1\n-3,12500,blue,0\n41,900,red,1\n7.25,1000000,green,0\n";

fn section(csv: Value) -> Value {
    json!({
        "csv": csv,
        "features": [
            { "column": "age", "scale": "standard" }, "income", { "column": "colour", "encode": "one_hot" },
        ],
        "target": "y",
    })
}

fn plain() -> Loaded {
    load_text(PLAIN.as_bytes(), section(json!({})), None).unwrap()
}

#[test]
fn dialects_read_as_the_plain_table() {
    let semicolons = PLAIN.replace(',', ";").replace('.', ",");
    let money = "age,income,colour,y\n20.5,\"$1,000\",red,1\n-3,\"$12,500\",blue,0\n41%,$900,red,1\n\
                 7.25,\"$1,000,000\",green,0\n";
    let german = "age;income;colour;y\n20,5;1.000 €;red;1\n-3;12.500 €;blue;0\n41;900;red;1\n\
                  7,25;1.000.000 €;green;0\n";
    let comments = PLAIN
        .replace("41,", "# a \"batch\nunfinished\n41,")
        .replace("unfinished\n", "  # more, \"\n");
    let comments = format!("# exported\n{comments}# end");
    let blanks = PLAIN.replace(',', "  ").replace('\n', "  \n").replace("41 ", "  41 \t");
    let quotes = PLAIN.replace("red", "'re''d'").replace("re''d", "red").replace("41", "'41'");
    let header_twice = format!("made by a tool\n\n{PLAIN}");
    for (text, csv) in [
        (semicolons.as_str(), json!({ "delimiter": ";", "decimal": "," })),
        (money, json!({ "thousands": ",", "strip": ["$", "%"] })),
        (german, json!({ "delimiter": ";", "decimal": ",", "thousands": ".", "strip": ["€"] })),
        (&comments, json!({ "comment": "#" })),
        (&blanks, json!({ "delimiter": " " })),
        (&quotes, json!({ "quote": "'" })),
        (&PLAIN.replace('\n', ",\n"), json!({ "trailing_delimiter": "drop" })),
        (&PLAIN.replacen("y\n", "y,\n", 1), json!({ "trailing_delimiter": "drop" })),
        (
            &PLAIN.replace('\n', ",\n").replacen("y,", "y", 1),
            json!({ "trailing_delimiter": "drop" }),
        ),
        (&header_twice, json!({ "header": 2 })),
        (&format!("sep=,\n{PLAIN}"), json!({})),
        (PLAIN, json!({ "header": 0, "trailing_delimiter": "drop", "comment": "#", "quote": "'" })),
    ] {
        for end in ["\n", "\r\n"] {
            let text = text.replace('\n', end);
            let loaded = load_text(text.as_bytes(), section(csv.clone()), None);
            let loaded = loaded.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(loaded.train, plain().train, "{text}");
            assert_eq!(loaded.preprocessing, plain().preprocessing, "{text}");
        }
    }
}

#[test]
fn encodings_read_as_utf_8_does() {
    let text = PLAIN.replace("red", "grün").replace("blue", "é");
    let want = load_text(text.as_bytes(), section(json!({})), None).unwrap();
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [&b"\xff\xfe"[..], &utf16].concat();
    for (bytes, csv) in [
        (&latin, json!({ "encoding": "latin1" })),
        (&latin, json!({ "encoding": "windows-1252" })),
        (&utf16, json!({ "encoding": "utf-16" })),
        (&marked, json!({})),
    ] {
        let loaded = load_text(bytes, section(csv.clone()), None).unwrap();
        assert_eq!(
            (loaded.train, loaded.preprocessing),
            (want.train.clone(), want.preprocessing.clone())
        );
    }
    let error = load_text(&latin, section(json!({})), None).unwrap_err().to_string();
    assert!(error.contains("encoding: latin1"), "{error}");
}

#[test]
fn numbers_that_are_written_otherwise_are_errors_at_their_line() {
    for (text, csv, words) in [
        ("age,income,colour,y\n1,\"1,00\",a,1\n", json!({ "thousands": "," }), "found `1,00`"),
        (
            "age;income;colour;y\n1.5;1;a;1\n",
            json!({ "delimiter": ";", "decimal": "," }),
            "found `1.5`",
        ),
        ("age,income,colour,y\n1,€5,a,1\n", json!({ "strip": ["$"] }), "found `€5`"),
    ] {
        let error = load_text(text.as_bytes(), section(csv), None).unwrap_err().to_string();
        assert!(error.contains("t.csv:2: column") && error.contains(words), "{error}");
    }
}

#[test]
fn kept_cells_are_numbers_as_programs_write_them() {
    let text = PLAIN.replace(',', ";").replace('.', ",");
    let csv = json!({ "delimiter": ";", "decimal": "," });
    let loaded = load_text(text.as_bytes(), section(csv), None).unwrap();
    let (names, rows) = loaded.rows_for_a_test(2);
    assert_eq!(loaded.preprocessing.rows(&names, &rows).unwrap(), loaded.train.x.values[..10]);
    assert_eq!(loaded.head(1).raw, [["20.5", "1000", "red", "1"]]);
}
