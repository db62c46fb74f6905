//! Parquet, Arrow and zstd: the formats of the feature `full`.

use crate::support::{Folder, project};

const CONFIG: &str = "\
data:
  train: plain.csv
  features:
    - {column: age, missing: mean, scale: standard}
    - income
    - {column: colour, encode: one_hot}
    - {column: day, date: {parts: [month, weekday], since: 2026-01-01}}
  target: {column: bought, encode: boolean}
model:
  layers: [{dense: {units: 4, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
compile: {loss: binary_crossentropy, optimizer: adam}
fit: {epochs: 1}
";

/// A folder with the tables that Arrow's own library wrote.
fn folder() -> Folder {
    let folder = Folder::new();
    for file in std::fs::read_dir(project("tests/files/tables")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        folder.write_bytes(&name, &std::fs::read(&path).unwrap());
    }
    folder.write("t.yaml", CONFIG);
    folder
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_which_build_reads_it() {
    let folder = folder();
    for (file, what) in [
        ("plain.parquet", "it is a Parquet file"),
        ("plain.arrow", "it is an Arrow file"),
        ("plain.arrows", "it is an Arrow stream"),
    ] {
        let call = folder.run(&format!("check t.yaml --set data.train={file}"));
        assert_eq!(call.code, 1, "{file}");
        assert!(call.stderr.contains(what), "{file}: {}", call.stderr);
        assert!(call.stderr.contains("`cargo build --release --features full`"), "{}", call.stderr);
    }
}

#[cfg(feature = "parquet")]
mod with {
    use std::io::Write;
    use std::process::Stdio;

    use super::*;

    const FILES: [&str; 6] = [
        "plain.parquet",
        "small.parquet",
        "large.parquet",
        "plain.arrow",
        "view.feather",
        "plain.arrows",
    ];

    #[test]
    fn parquet_and_arrow_read_as_the_csv_file() {
        let folder = folder();
        let seen = |file: &str| folder.ok(&format!("data t.yaml --set data.train={file} -o -"));
        let want = seen("plain.csv");
        for file in FILES {
            assert_eq!(seen(file), want, "{file}");
        }
    }

    #[test]
    fn a_model_trained_on_parquet_predicts_and_evaluates_by_all_of_them() {
        let folder = folder();
        folder.ok("train t.yaml --set data.train=plain.parquet -q --out run");
        let want = folder.ok("predict run plain.csv -o -");
        let loss = folder.ok("evaluate run plain.csv");
        for file in FILES {
            assert_eq!(folder.ok(&format!("predict run {file} -o -")), want, "{file}");
            assert_eq!(folder.ok(&format!("evaluate run {file}")), loss, "{file}");
        }
        let kept = folder.ok("predict run plain.parquet --keep-columns -o -");
        assert!(kept.starts_with("age,income,colour,day,bought,"), "{kept}");
        assert!(kept.contains("\n20,1000.5,red,2026-01-01,true,"), "{kept}");
        let mut command = folder.command(&["predict", "run", "-", "-o", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&folder.read_bytes("plain.parquet")).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), want);
    }

    #[test]
    fn init_drafts_a_configuration_of_a_parquet_file() {
        let folder = folder();
        folder.ok("init plain.parquet --target bought -o drafted.yaml");
        let drafted = folder.read("drafted.yaml");
        assert!(drafted.contains("column: colour, encode: one_hot"), "{drafted}");
        assert!(drafted.contains("column: day, date:"), "{drafted}");
        folder.ok("check drafted.yaml");
        folder.ok("init plain.arrows --target income -o income.yaml");
        let call = folder.run("check plain.parquet");
        assert!(call.stderr.contains("`lanthorn init plain.parquet`"), "{}", call.stderr);
        folder.ok("train plain.parquet --target bought -q");
        assert!(folder.path("plain.yaml").exists());
    }

    #[test]
    fn what_the_model_sees_is_written_as_parquet() {
        let folder = folder();
        folder.ok("data t.yaml -o seen.csv");
        folder.ok("data t.yaml -o seen.parquet");
        folder.ok("data t.yaml -o again.parquet");
        assert!(folder.read_bytes("seen.parquet") == folder.read_bytes("again.parquet"));
        let config = "data:\n  train: seen.csv\n  features: [{columns: \"*\", exclude: [split]}]\n  \
                      target: bought\nmodel:\n  layers: [{dense: {units: 1}}]\n\
                      compile: {loss: mean_squared_error, optimizer: adam}\nfit: {epochs: 1}\n";
        folder.write("seen.yaml", config);
        let read = |file: &str| folder.ok(&format!("data seen.yaml --set data.train={file} -o -"));
        assert_eq!(read("seen.parquet"), read("seen.csv"));
    }

    fn of_types(folder: &Folder, file: &str, feature: &str) -> crate::support::Call {
        folder.write(
            "u.yaml",
            &format!(
                "data:\n  train: {file}\n  features: [{feature}]\n  target: y\n\
                 model:\n  layers: [{{dense: {{units: 1}}}}]\n\
                 compile: {{loss: mean_squared_error, optimizer: adam}}\nfit: {{epochs: 1}}\n"
            ),
        );
        folder.run("data u.yaml -o -")
    }

    #[test]
    fn parquet_columns_of_each_type_are_numbers_or_texts() {
        let folder = folder();
        let missing = "missing: {constant: 9}";
        let date = "missing: drop_row, date: {parts: [year, hour, second]}";
        for (feature, want) in [
            (format!("{{column: bool, {missing}}}"), "1 0 9"),
            ("{column: bool, encode: label, missing: drop_row}".into(), "1 0"),
            (format!("{{column: i8, {missing}}}"), "-5 7 9"),
            ("{column: u64, encode: label, missing: drop_row}".into(), "1 0"),
            (format!("{{column: f16, {missing}}}"), "0.5 -2 9"),
            (format!("{{column: f32, {missing}}}"), "0.1 2 9"),
            ("{column: text, encode: label, missing: drop_row}".into(), "0 1"),
            ("{column: dictionary, encode: label, missing: drop_row}".into(), "0 1"),
            (format!("{{column: numbers, {missing}}}"), "0.5 7 9"),
            (format!("{{column: decimal, {missing}}}"), "1.25 -7 9"),
            ("{column: date, missing: drop_row, date: {parts: [year]}}".into(), "2026 1969"),
            (format!("{{column: moment, {date}}}"), "2026,18,5.25 1969,0,0"),
            (format!("{{column: zoned, {date}}}"), "2026,20,5.25 1969,2,0"),
            (format!("{{column: berlin, {date}}}"), "2026,18,5.25 1969,0,0"),
            ("{column: vector, missing: drop_row, vector: {length: 2}}".into(), "1,2.5 3,4"),
            ("{column: list, missing: drop_row, vector: {length: 2}}".into(), "1,2 3,4"),
            ("{column: tags, missing: drop_row, encode: multi_hot}".into(), "1,1 0,0"),
            (
                "{column: torn, missing: drop_row, encode: {multi_hot: {separator: \"|\"}}}".into(),
                "1,0 0,1",
            ),
        ] {
            for file in ["types.parquet", "types.arrow"] {
                let call = of_types(&folder, file, &feature);
                assert_eq!(call.code, 0, "{file} {feature}: {}", call.stderr);
                let row = |line: &str| {
                    let cells: Vec<&str> = line.split(',').collect();
                    cells[1..cells.len() - 1].join(",")
                };
                let rows: Vec<String> = call.stdout.lines().skip(1).map(row).collect();
                assert_eq!(rows.join(" "), want, "{file} {feature}");
            }
        }
    }

    #[test]
    fn parquet_columns_that_cant_be_read_are_refused_by_name() {
        let folder = folder();
        for (feature, words) in [
            ("struct", "column `struct`: expected a value in each cell, found structs"),
            ("map", "flatten it"),
            ("bytes", "found bytes"),
            ("nested", "flatten it"),
            ("duration", "such as seconds"),
            ("vector", "`{column: vector, vector: {length: 2}}`"),
            ("tags", "`encode: multi_hot`"),
            ("{column: torn, missing: drop_row, encode: multi_hot}", "the label `a;b`"),
            ("i8", "types.parquet:3: column `i8`: the cell is empty"),
            ("text", "row 1 `a`, row 2 `b`"),
            ("moment", "these look like dates"),
        ] {
            let call = of_types(&folder, "types.parquet", feature);
            assert_eq!(call.code, 1, "{feature}");
            assert!(call.stderr.contains(words), "{feature}: {}", call.stderr);
        }
        for packed in ["gzip.parquet", "lz4.parquet"] {
            let call = of_types(&folder, packed, "a");
            assert_eq!(call.code, 0, "{packed}: {}", call.stderr);
        }
        let call = of_types(&folder, "brotli.parquet", "a");
        for words in [
            "column `a` is compressed by brotli, which this program can't unpack",
            "compressed by snappy, gzip, lz4 or zstd",
        ] {
            assert!(call.stderr.contains(words), "{}", call.stderr);
        }
        assert_eq!(of_types(&folder, "types.parquet", "u64").code, 1, "ids as numbers");
    }

    #[test]
    fn broken_parquet_and_arrow_files_are_refused() {
        let folder = folder();
        for file in FILES {
            let whole = folder.read_bytes(file);
            for bytes in [&whole[..whole.len() - 9], &whole[..whole.len() / 2], &whole[..12]] {
                folder.write_bytes("broken", bytes);
                let call = folder.run("check t.yaml --set data.train=broken");
                assert_eq!(call.code, 1, "{file}: {}", call.stderr);
                assert!(call.stderr.contains("broken: "), "{file}: {}", call.stderr);
            }
        }
        folder.write("a.parquet", "a,b\n1,2\n");
        let call = folder.run("check t.yaml --set data.train=a.parquet");
        assert!(
            call.stderr.contains("expected Parquet, as the file's name says"),
            "{}",
            call.stderr
        );
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn parquet_builds_read_what_zstd_has_compressed() {
        let folder = folder();
        let want = folder.ok("data t.yaml -o -");
        for file in ["plain.csv", "plain.parquet"] {
            let packed = zstd::encode_all(&folder.read_bytes(file)[..], 3).unwrap();
            folder.write_bytes("t.zst", &packed);
            assert_eq!(folder.ok("data t.yaml --set data.train=t.zst -o -"), want, "{file}");
            folder.write_bytes("t.zst", &packed[..packed.len() / 2]);
            let call = folder.run("data t.yaml --set data.train=t.zst -o -");
            assert_eq!(call.code, 1);
            assert!(call.stderr.contains("t.zst: it can't be unpacked"), "{}", call.stderr);
        }
        folder.write_bytes("t.zst", &zstd::encode_all(&vec![b'1'; 50_000_000][..], 3).unwrap());
        let call = folder.run("data t.yaml --set data.train=t.zst -o -");
        assert!(call.stderr.contains("more than 1100 times its size"), "{}", call.stderr);
    }
}
