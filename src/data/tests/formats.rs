//! Other formats than CSV read as the same table in CSV does; broken files of them are refused.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn load_file(name: &str, bytes: &[u8], section: &Value) -> Result<Loaded> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let mut section = section.clone();
    section["train"] = json!(name);
    load_in(folder.path(), section, None)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const ROWS: usize = 3000;

/// The cells of a row: two numbers, a category and the target.
fn row(row: usize) -> (f64, u8, &'static str, u8) {
    (
        row as f64 * 0.37 - 5.0,
        (row * 31 % 251) as u8,
        ["red", "blue", "green"][row % 3],
        (row % 2) as u8,
    )
}

fn csv() -> String {
    let rows = (0..ROWS).map(row).map(|(a, b, c, y)| format!("{a},{b},{c},{y}\n"));
    format!("a,b,c,y\n{}", rows.collect::<String>())
}

fn section() -> Value {
    json!({
        "features": [{ "column": "a", "scale": "standard" }, "b", { "column": "c", "encode": "label" }],
        "target": { "column": "y", "encode": "label" },
    })
}

#[test]
fn json_lines_and_compressed_files_read_as_the_csv_file() {
    let want = load_file("t.csv", csv().as_bytes(), &section()).unwrap();
    let lines: String = (0..ROWS)
        .map(row)
        .map(|(a, b, c, y)| format!("{{\"a\": {a}, \"b\": {b},\"c\":\"{c}\", \"y\": {y}}}\n"))
        .collect();
    for (name, bytes) in [
        ("t.csv.gz", gzip(csv().as_bytes())),
        ("any", gzip(csv().as_bytes())),
        ("t.zip", zipped(&[("inner/t.csv", csv().as_bytes())])),
        ("t.jsonl", lines.clone().into_bytes()),
        ("t.json", lines.replace('\n', "\r\n\n").into_bytes()),
        ("t.jsonl.gz", gzip(lines.as_bytes())),
    ] {
        let loaded = load_file(name, &bytes, &section()).unwrap();
        assert_eq!(loaded.train, want.train, "{name}");
        assert_eq!(loaded.preprocessing, want.preprocessing, "{name}");
        assert_eq!(loaded.head(2).model, want.head(2).model, "{name}");
    }
}

/// A file of more than two megabytes is read in pieces, and begins in the middle of a line then.
#[test]
fn large_json_lines_read_as_the_csv_file() {
    let rows = || (0..40_000).map(row);
    let csv: String = rows().map(|(a, b, c, y)| format!("{a},{b},{c},{y}\n")).collect();
    let want = load_file("t.csv", format!("a,b,c,y\n{csv}").as_bytes(), &section()).unwrap();
    let note = "ä".repeat(20);
    let lines: String = rows()
        .map(|(a, b, c, y)| {
            format!(
                "{{\"a\": {a}, \"b\": {b}, \"c\": \"{c}\", \"y\": {y}, \"note\": \"{note}\"}}\n"
            )
        })
        .collect();
    assert!(lines.len() > 3 << 20);
    assert_eq!(load_file("t.jsonl", lines.as_bytes(), &section()).unwrap().train, want.train);
    let late = lines + "{\"a\": 1, \"b\": 2, \"c\": \"red\", \"y\": 0, \"late\": 5}\n";
    let mut section = section();
    section["features"] = json!([{ "column": "late", "missing": { "constant": 0 } }]);
    let error = load_file("t.jsonl", late.as_bytes(), &section).unwrap_err().to_string();
    assert!(error.contains("the columns are the keys of the first lines"), "{error}");
}

#[test]
fn keys_within_keys_are_columns_and_what_isnt_there_is_missing() {
    let text = "{\"p\": {\"q\": 1.5, \"r\": {\"s\": \"x\"}}, \"ok\": true, \"y\": 0}\n\
                {\"y\": 1, \"ok\": false, \"p\": {\"r\": {\"s\": \"z\"}, \"q\": 2}}\n";
    let section = json!({
        "features": ["p.q", { "column": "p.r.s", "encode": "label" }, { "column": "ok", "encode": "boolean" }],
        "target": "y",
    });
    let loaded = load_file("t.jsonl", text.as_bytes(), &section).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.5, 0.0, 1.0, 2.0, 1.0, 0.0]);
    for (line, words) in [
        ("{\"y\": 1, \"ok\": true}", "t.jsonl:3: column `p.q`: the cell is empty"),
        (
            "{\"y\": 1, \"ok\": true, \"p\": {\"q\": \"a\", \"r\": {\"s\": \"x\"}}}",
            "expected a number, found `a`",
        ),
        (
            "{\"y\": 1, \"ok\": true, \"p\": {\"q\": [1], \"r\": {\"s\": \"x\"}}}",
            "expected a number, found `[1]`",
        ),
        ("[1, 2]", "t.jsonl:3: expected an object, found a list"),
        ("{\"y\": 1,", "t.jsonl:3: the line is not JSON"),
    ] {
        let error =
            load_file("t.jsonl", (text.to_string() + line).as_bytes(), &section).unwrap_err();
        assert!(error.to_string().contains(words), "{line}: {error}");
    }
}

#[test]
fn lists_are_vectors_and_labels() {
    let text = "{\"v\": [1, 2.5], \"tags\": [\"a\", \"b\"], \"y\": 0}\n\
                {\"v\": [3, -4], \"tags\": [], \"y\": 1}\n";
    let section = json!({
        "features": [
            { "column": "v", "encode": { "vector": { "length": 2 } } },
            { "column": "tags", "encode": "multi_hot" },
        ],
        "target": "y",
    });
    let loaded = load_file("t.jsonl", text.as_bytes(), &section).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.0, 2.5, 1.0, 1.0, 3.0, -4.0, 0.0, 0.0]);
    let torn = text.replace("[]", "[\"c;d\"]");
    let error = load_file("t.jsonl", torn.as_bytes(), &section).unwrap_err().to_string();
    assert!(error.contains("t.jsonl:2") && error.contains("the label `c;d`"), "{error}");
}

/// A .npy file of numbers.
fn npy(descr: &str, shape: &str, order: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let mut header = header.into_bytes();
    header.resize((header.len() + 10).next_multiple_of(64) - 10, b' ');
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], &header, bytes].concat()
}

#[test]
fn arrays_read_as_the_csv_file() {
    let section = json!({ "features": [{ "columns": "x_*", "scale": "standard" }], "target": "t" });
    let text: String = (0..ROWS).map(row).map(|(a, b, _, y)| format!("{a},{b},{y}\n")).collect();
    let want = load_file("t.csv", format!("x_0,x_1,t\n{text}").as_bytes(), &section).unwrap();
    let x: Vec<f64> = (0..ROWS).map(row).flat_map(|(a, b, ..)| [a, f64::from(b)]).collect();
    let y: Vec<u8> = (0..ROWS).map(|i| row(i).3).collect();
    let little: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
    let big: Vec<u8> = x.iter().flat_map(|x| x.to_be_bytes()).collect();
    let columns: Vec<u8> =
        (0..2).flat_map(|c| x[c..].iter().step_by(2)).flat_map(|x| x.to_le_bytes()).collect();
    let shape = format!("({ROWS}, 2)");
    let of_y = npy("|u1", &format!("({ROWS},)"), "False", &y);
    let mut tensors = Vec::new();
    let view = |shape: Vec<usize>, dtype, data| {
        safetensors::tensor::TensorView::new(dtype, shape, data).unwrap()
    };
    tensors.push(("x", view(vec![ROWS, 2, 1], safetensors::Dtype::F64, &little)));
    tensors.push(("t", view(vec![ROWS], safetensors::Dtype::U8, &y)));
    let files = [
        ("t.npz", zipped(&[("x.npy", &npy("<f8", &shape, "False", &little)), ("t.npy", &of_y)])),
        ("t.npz", zipped(&[("x.npy", &npy(">f8", &shape, "False", &big)), ("t.npy", &of_y)])),
        ("t.npz", zipped(&[("x.npy", &npy("<f8", &shape, "True", &columns)), ("t.npy", &of_y)])),
        ("t.safetensors", safetensors::serialize(tensors, None).unwrap()),
    ];
    for (name, bytes) in files {
        let loaded = load_file(name, &bytes, &section).unwrap();
        assert_eq!(loaded.train, want.train, "{name}");
        assert_eq!(loaded.preprocessing, want.preprocessing, "{name}");
    }
}

#[test]
fn one_array_has_numbered_columns() {
    let section = json!({ "features": ["0", "1"], "target": "2" });
    let bytes: Vec<u8> = (0..12).collect();
    let want = load_file("t.csv", b"0,1,2\n0,1,2\n3,4,5\n6,7,8\n9,10,11\n", &section).unwrap();
    let idx = [&[0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 3][..], &bytes].concat();
    for (name, file) in [
        ("t.npy", npy("|u1", "(4, 3)", "False", &bytes)),
        ("t-ubyte", idx.clone()),
        ("t-ubyte.gz", gzip(&idx)),
    ] {
        assert_eq!(load_file(name, &file, &section).unwrap().train, want.train, "{name}");
    }
}

#[test]
fn broken_files_of_each_format_are_refused() {
    let section = json!({ "features": ["0"], "target": "1" });
    let array = npy("|u1", "(2, 2)", "False", &[1, 2, 3, 4]);
    let mut torn = gzip(csv().as_bytes());
    torn.truncate(torn.len() / 2);
    let bomb = gzip(&vec![b'1'; 5_000_000]);
    for (name, bytes, words) in [
        ("a.npy", array[..array.len() - 1].to_vec(), "takes 4 bytes, found 3"),
        ("a.npy", array[..20].to_vec(), "ends within its header"),
        (
            "a.npy",
            npy("<U3", "(2,)", "False", &[0; 24]),
            "expected numbers, found NumPy's type `<U3`",
        ),
        ("a.npy", npy("|u1", "(99999999999, 99999999999)", "False", &[]), "more than there can be"),
        ("a.npy", npy("|u1", "(1, 9999999)", "False", &vec![0; 9_999_999]), "make more than"),
        ("a.npy", npy("|u1", "(0, 2)", "False", &[]), "it holds no numbers"),
        ("a.npy", b"a,b\n1,2\n".to_vec(), "expected .npy, as the file's name says"),
        ("a-ubyte", vec![0, 0, 8, 3, 0, 0], "ends within its header"),
        ("a.idx", vec![0, 0, 8, 1, 255, 255, 255, 255, 1], "takes 4294967295 bytes, found 1"),
        ("a.csv.gz", torn, "can't be unpacked"),
        ("a.gz", bomb, ""),
        ("a.gz", gzip(&gzip(b"a,b\n1,2\n")), "compressed twice"),
        ("a.zip", zipped(&[("a.csv", b"a\n1\n"), ("b.csv", b"a\n1\n")]), "found 2 files"),
        ("a.xlsx", zipped(&[("[Content_Types].xml", b""), ("b", b"")]), "an Excel workbook"),
        ("a.zip", b"PK\x03\x04 and no more".to_vec(), "a.zip"),
        (
            "a.safetensors",
            b"\x20\0\0\0\0\0\0\0{\"x\": 1}                  ".to_vec(),
            "a.safetensors",
        ),
        ("a.jsonl", b"{\"0\": 1, \"1\": 2".to_vec(), "not JSON"),
    ] {
        let error = load_file(name, &bytes, &section).unwrap_err().to_string();
        assert!(error.contains(words), "{name}: {error}");
    }
    let other = npy("|u1", "(3,)", "False", &[1, 2, 3]);
    let both = zipped(&[("a.npy", &npy("|u1", "(2,)", "False", &[1, 2])), ("b.npy", &other)]);
    let section = json!({ "features": ["a"], "target": "b" });
    let error = load_file("t.npz", &both, &section).unwrap_err().to_string();
    assert!(error.contains("`a` and `b` have 2 and 3 rows"), "{error}");
}

#[test]
fn several_files_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("p1.csv", "a,y\n1,0\n2,1\n");
    write("p2.csv", "a,y\n3,0\n\n4,1\n");
    write("p10.csv.gz", "");
    std::fs::write(folder.path().join("p3.csv.gz"), gzip(b"a,y\n5,1\n")).unwrap();
    std::fs::remove_file(folder.path().join("p10.csv.gz")).unwrap();
    let section = json!({ "train": "p*", "features": ["a"], "target": "y" });
    let loaded = load_in(folder.path(), section.clone(), None).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.0, 2.0, 3.0, 4.0, 5.0]);
    write("p2.csv", "a,y\n3,0\n\nx,1\n");
    let error = load_in(folder.path(), section.clone(), None).unwrap_err().to_string();
    assert!(error.contains("p2.csv:4: column `a`: expected a number, found `x`"), "{error}");
    write("p2.csv", "a,z\n3,0\n");
    let error = load_in(folder.path(), section, None).unwrap_err().to_string();
    assert!(error.contains("p2.csv") && error.contains("it has no column `y`"), "{error}");
    let none = json!({ "train": "q*", "features": ["a"], "target": "y" });
    let error = load_in(folder.path(), none, None).unwrap_err().to_string();
    assert!(error.contains("no file matches"), "{error}");
}

/// Columns are found by their names in each of several files, whatever their order there.
#[test]
fn files_of_a_list_may_have_their_columns_in_another_order() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (first, second) = ("n,a,c,y\ni1,1,x,0\ni2,2,y,1\n", "i3,3,\"y, z\",0\ni4,4.5,x,1\n");
    write("all.csv", &format!("{first}{second}"));
    write("p1.csv", first);
    write("p2.csv", "c,y,n,a\n\"y, z\",0,i3,3\nx,1,i4,4.5\n");
    write(
        "p2.jsonl",
        "{\"c\":\"y, z\",\"y\":0,\"n\":\"i3\",\"a\":3}\n{\"c\":\"x\",\"y\":1,\"n\":\"i4\",\"a\":4.5}\n",
    );
    let section = |train: Value| {
        json!({
            "train": train,
            "features": ["a", { "column": "c", "encode": "one_hot" }],
            "target": "y",
            "id": "n",
        })
    };
    let want = load_in(folder.path(), section(json!("all.csv")), None).unwrap();
    for other in ["p2.csv", "p2.jsonl"] {
        let section = section(json!(["p1.csv", other]));
        let loaded = load_in(folder.path(), section.clone(), None).unwrap();
        assert_eq!((&loaded.train, &loaded.preprocessing), (&want.train, &want.preprocessing));
        let section: DataConfig = Node::from_json(&section).read().unwrap();
        let cells = read(&section, folder.path(), None).unwrap();
        assert_eq!(cells.id_cells(&[0, 2, 3]).unwrap(), [["i1"], ["i3"], ["i4"]]);
    }
    let error_of = |text: &str| {
        write("p2.csv", text);
        let section = section(json!(["p1.csv", "p2.csv"]));
        load_in(folder.path(), section, None).unwrap_err().to_string()
    };
    let error = error_of("c,y,n,a\nx,0,i3,3\nx,1,i4,word\n");
    assert!(error.contains("p2.csv:3: column `a`: expected a number, found `word`"), "{error}");
    let error = error_of("c,y,n,a\nx,0,i3\n");
    assert!(error.contains("p2.csv:2: expected 4 cells, as in the header, found 3"), "{error}");
    let error = error_of("c,y,n,a,b\nx,0,i3,3,1\n");
    assert!(error.contains("it has a column `b`, which the first has not"), "{error}");
}

#[test]
fn a_format_is_asked_for_by_a_name_of_the_list() {
    let with = |format: &str| {
        let mut section = section();
        section["format"] = json!(format);
        load_file("t.csv", csv().as_bytes(), &section)
    };
    for name in ["auto", "csv", "CSV"] {
        assert!(with(name).is_ok(), "{name}");
    }
    for name in format_names().into_iter().filter(|name| !["auto", "csv", "tsv"].contains(name)) {
        let error = with(name).unwrap_err().to_string();
        assert!(error.contains(&format!("expected {name}, but")), "{error}");
    }
    let error = with("parqet").unwrap_err().to_string();
    assert!(error.contains("data.format") && error.contains("unknown format `parqet`"), "{error}");
    assert!(error.contains("did you mean `parquet`"), "{error}");
}
