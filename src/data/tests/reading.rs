//! The fast way and the careful one read the same, and nothing panics.

use proptest::prelude::*;

use super::super::careful;
use super::super::chunk::Read;
use super::super::csv_text::Csv;
use super::super::faults::Faults;
use super::super::layout::{Layout, Wanted};
use super::super::text::TableText;
use super::*;
use crate::sections::MissingValues;

fn wanted(columns: &[(usize, bool)]) -> Vec<Wanted> {
    let column = |(index, text): &(usize, bool)| Wanted {
        name: format!("c{index}"),
        index: *index,
        text: *text,
        filling: String::new(),
        advice: String::new(),
        booleans: String::new(),
        limit: f64::from(f32::MAX),
        takes_missing: false,
        missing: Missing::default(),
        separator: None,
    };
    columns.iter().map(column).collect()
}

/// Numbers as bits and texts as texts, row after row, however the rows were cut into chunks.
fn cells(reads: &[Read]) -> (usize, Vec<u64>, Vec<String>) {
    let rows = reads.iter().map(|read| read.chunk.rows).sum();
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for Read { chunk, texts: dictionaries, .. } in reads {
        for row in 0..chunk.rows {
            numbers.extend(chunk.numbers.iter().map(|column| column.at(row).to_bits()));
            let codes = chunk.codes.iter().zip(dictionaries);
            texts.extend(codes.map(|(codes, all)| all.get(codes[row] as usize).to_string()));
        }
    }
    (rows, numbers, texts)
}

/// Both ways over a table, the fast one in small pieces: how many of those had to be read with care,
/// and how many errors there are.
fn both_ways(text: &str, columns: &[(usize, bool)], bytes: usize) -> Option<(usize, usize)> {
    let text_ = TableText::new("t.csv", text.as_bytes().to_vec()).ok()?;
    let csv = Csv::new(text_, &CsvConfig::default()).ok()?;
    let wanted = wanted(columns);
    if wanted.iter().any(|column| column.index >= csv.header.names.len()) {
        return None;
    }
    let missing = Missing::new(&MissingValues::usual());
    let mut layout = Layout::new(&csv.header, &wanted, &missing);
    layout.keeps_rows = true;
    let (mut faults, mut reads) = (Faults::new(&*csv.text, &layout), Vec::new());
    let with_care = csv.read_pieces(bytes, &layout, &mut faults, &mut |read| {
        reads.push(read);
        Ok(())
    });
    let mut faults_of_one = Faults::new(&*csv.text, &layout);
    let whole = csv.header.body..csv.text.len();
    let one = careful::read(&csv, whole, &layout, &mut faults_of_one);
    let one = match (&with_care, one) {
        (Ok(_), Ok((one, _))) => one,
        (Err(a), Err(b)) => {
            assert_eq!(a.to_string(), b.to_string(), "{text:?}");
            return None;
        }
        (a, b) => panic!("{text:?}: {a:?}, {:?}", b.err()),
    };
    let (a, b) = (faults.error(), faults_of_one.error());
    assert_eq!(a.as_ref().map(ToString::to_string), b.map(|b| b.to_string()), "{text:?}");
    if a.is_none() {
        let one = [one];
        assert_eq!(cells(&reads), cells(&one), "{text:?}");
        let kept = |reads: &[Read]| -> Vec<String> {
            reads.iter().flat_map(Read::kept_rows).map(str::to_string).collect()
        };
        assert_eq!(kept(&reads), kept(&one), "{text:?}");
        let places = |reads: &[Read]| -> Vec<usize> {
            let of = |read: &Read| {
                (0..read.chunk.rows).map(|row| read.chunk.place_of(row)).collect::<Vec<_>>()
            };
            reads.iter().flat_map(of).collect()
        };
        assert_eq!(places(&reads), places(&one), "{text:?}");
    }
    Some((with_care.unwrap_or_default(), a.map_or(0, |a| a.diagnostics().iter().count())))
}

#[test]
fn a_plain_table_goes_the_fast_way() {
    let text = "c0,c1,c2,c3\n1,x,2.5,9\r\n-1e3, y ,0.1,8\n\n 4,x,1e22,\n5,z,+7,q";
    for bytes in [1, 5, 10, 1000] {
        assert_eq!(both_ways(text, &[(2, false), (0, false), (1, true)], bytes), Some((0, 0)));
    }
    assert_eq!(both_ways(text, &[(3, false)], 1000), Some((1, 2)), "an empty cell, and a text");
    let quoted = "c0,\"c1\",c2\n\"1\",\"x, \"\"y\"\"\",2.5\n   \n3,5\" pipe,\"4\"\n\
                  7,\"two\nlines, \"\"or\"\"\n\n\nmore\n\",2\n\"8\",y,3\n9,\"\n1,2\",\"4\"\n";
    for bytes in [1, 2, 3, 7, 20, 1000] {
        let columns = [(2, false), (0, false), (1, true)];
        assert_eq!(both_ways(quoted, &columns, bytes), Some((0, 0)), "{bytes}");
    }
    assert_eq!(both_ways("c0\n1\n2\n", &[(0, false)], 1), Some((0, 0)));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let rows: String = (0..40_000)
        .map(|row| format!("{}.{},c{},{}\n", row, row * 7919 % 1000, row * 31 % 57, row % 3))
        .collect();
    let good = format!("a,c,y\n{rows}");
    let bad = format!("{good}1,,1\n{rows}2,c1,no\n{rows}");
    let section = || {
        json!({
            "features": [{ "column": "a", "scale": "standard" }, { "column": "c", "encode": "label" }],
            "target": "y",
        })
    };
    let with = |threads: usize, text: &str| {
        let pool = crate::threads::build(threads).unwrap();
        pool.install(|| load_text(text.as_bytes(), section(), Some(ValidationSplit::Random(0.3))))
    };
    assert_eq!(with(1, &good).unwrap(), with(4, &good).unwrap());
    let error = with(4, &bad).unwrap_err().to_string();
    assert!(error.contains("t.csv:40002: column `c`: the cell is empty"), "{error}");
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f32>().prop_filter("finite", |v| v.is_finite()).prop_map(|v| v.to_string()),
        (-1e6..1e6f64).prop_map(|v| format!("{v:.6}")),
        any::<i32>().prop_map(|v| v.to_string()),
        (-1e30..1e30f64).prop_map(|v| format!("{v:e}")),
        "[+-]?[0-9]{1,20}\\.?",
        " ?\\.[0-9]{1,9} ?",
    ]
}

proptest! {
    #[test]
    fn both_ways_agree_on_plain_tables(
        rows in prop::collection::vec((number(), "[ a-mé]{0,3}[a-m]", number(), "[^\"\r\n,]{0,4}"), 0..30),
        bytes in 1usize..200,
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("c0,c1,c2,c3{end}");
        for (a, b, c, d) in rows {
            text += &format!("{a},{b},{c},{d}{end}");
        }
        prop_assert_eq!(both_ways(&text, &[(1, true), (0, false), (2, false)], bytes), Some((0, 0)));
    }

    #[test]
    fn both_ways_agree_on_any_table(
        text in "c0,c1,c2\n([0-9.]{1,3}|x|,|,\"|\",|\"|\n|\r|\r\n| ){0,40}",
        bytes in 1usize..20,
    ) {
        both_ways(&text, &[(1, false), (2, true)], bytes);
        both_ways(&text, &[(0, true)], bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'"'), b'0'..=b'9',
        ], 0..200),
        split in prop_oneof![Just(None), (0.0..1.0).prop_map(|part| Some(ValidationSplit::Tail(part)))],
    ) {
        let section = json!({
            "features": [{ "columns": "[!y]*", "scale": "standard" }],
            "target": { "columns": "*", "encode": "one_hot" },
        });
        drop(load_text(&bytes, section.clone(), split.clone()));
        let mut named = b"a,b,y\n".to_vec();
        named.extend(&bytes);
        let labels = json!({
            "features": [{ "column": "a", "encode": "one_hot" }, { "column": "b", "scale": "min_max" }],
            "target": { "column": "y", "encode": "label" },
        });
        if let Ok(loaded) = load_text(&named, labels, split) {
            prop_assert!(loaded.train.x.values.iter().all(|value| value.is_finite()));
            prop_assert_eq!(loaded.head(3).raw.len(), loaded.train.len().min(3));
        }
    }
}

/// A table too large to be read at once, followed by `end`: what is read from the file, and the
/// whole text.
fn large(end: &str) -> (Result<Loaded>, Vec<u8>) {
    let mut text = "\u{feff}a,c,y\n".to_string();
    for row in 0..150_000 {
        text += &format!("{}.{},c{},{}\r\n", row, row * 7919 % 1000, row * 31 % 57, row % 3);
    }
    text += end;
    assert!(text.len() > 2 << 20);
    let section = json!({
        "features": [{ "column": "a", "scale": "standard" }, { "column": "c", "encode": "label" }],
        "target": "y",
    });
    (load_text(text.as_bytes(), section, None), text.into_bytes())
}

#[test]
fn a_large_file_reads_as_its_text_does() {
    for end in ["7.5,c1,2", "7.5,\"c1\",2\n"] {
        let (loaded, text) = large(end);
        let loaded = loaded.expect("loaded");
        let format = CsvConfig::default();
        let used = load_bytes_for_use("t.csv", text, &format, &loaded.preprocessing, true);
        assert_eq!(loaded.train, used.expect("used"));
        assert_eq!(loaded.train.len(), 150_001);
        assert_eq!(loaded.head(2).raw[1], ["1.919", "c31", "1"]);
    }
    let error = large("7.5,,2\n1,c1,1\n").0.expect_err("an empty cell").to_string();
    assert!(error.contains("t.csv:150002: column `c`: the cell is empty"), "{error}");
}
