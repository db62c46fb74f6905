//! predict and evaluate read a table some rows at a time, and can skip rows that can't be used.

use crate::support::Folder;

#[test]
fn rows_that_cant_be_used_stop_or_are_skipped() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    folder.write("n.csv", "id,age,area\n1,20,rural\n2,old,rural\n3,30,moon\n4,40,urban\n");
    let call = folder.run("predict run n.csv -o out.csv");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("n.csv:3: column `age`: expected a number"), "{}", call.stderr);
    assert!(!folder.path("out.csv").exists());
    let call = folder.run("predict run n.csv -o out.csv --on-error skip --keep-columns");
    assert_eq!(call.code, 0, "{}", call.stderr);
    for words in ["2 rows were skipped", "n.csv:3", "n.csv:4"] {
        assert!(call.stderr.contains(words), "{words}: {}", call.stderr);
    }
    let out = folder.read("out.csv");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("id,age,area,prediction,"), "{out}");
    assert!(lines[1].starts_with("1,20,rural,") && lines[2].starts_with("4,40,urban,"), "{out}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn many_rows_are_predicted_as_few_are() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let table = folder.read("loan.csv");
    let (header, rows) = table.split_once('\n').unwrap();
    let times = 20_000 / rows.lines().count();
    folder.write("many.csv", &format!("{header}\n{}", rows.repeat(times)));
    let (few, many) = (folder.ok("predict run loan.csv"), folder.ok("predict run many.csv"));
    let (names, few) = few.split_once('\n').unwrap();
    assert!(rows.lines().count() * times > 2 * 8192, "more than two steps");
    assert!(many == format!("{names}\n{}", few.repeat(times)), "the predictions differ");
    let twice = folder.ok("predict run many.csv --keep-columns");
    let lines = twice.lines().skip(1).zip(many.lines().skip(1)).zip(rows.lines().cycle());
    for ((both, prediction), row) in lines {
        assert_eq!(both, format!("{row},{prediction}"));
    }
}

#[test]
fn a_table_may_be_written_otherwise_than_the_training_s() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let table = folder.read("loan.csv");
    folder.write("other.csv", &table.replace(',', ";"));
    let call = folder.run("predict run other.csv");
    assert!(call.stderr.contains("set `csv: {delimiter: \";\"}`"), "{}", call.stderr);
    let same = folder.ok("predict run loan.csv");
    for set in ["csv.delimiter=;", "csv={delimiter: \";\"}", "data.csv.delimiter=;"] {
        let call = folder.call(&["predict", "run", "other.csv", "--set", set]);
        assert_eq!((call.code, &call.stdout), (0, &same), "{set}: {}", call.stderr);
    }
    let scores = folder.ok("evaluate run loan.csv");
    let call = folder.call(&["evaluate", "run", "other.csv", "--set", "csv.delimiter=;"]);
    assert_eq!((call.code, call.stdout), (0, scores), "{}", call.stderr);
    for (set, words) in [
        ("fit.epochs=3", "`fit.epochs` can't be set for a trained model"),
        ("csv.delimeter=;", "unknown key `delimeter`"),
        ("csv.delimiter=a", "can't be 'a'"),
        ("csv.delimiter", "expected KEY=VALUE"),
        ("csv.decimal=x", "`decimal` can't be 'x'"),
    ] {
        let call = folder.call(&["predict", "run", "other.csv", "--set", set]);
        assert_eq!(call.code, 1, "{set}: {}", call.stderr);
        assert!(call.stderr.contains(words), "{set}: {}", call.stderr);
    }
    assert_eq!(folder.run("evaluate run --set csv.delimiter=;").code, 2, "no table to be set");
}
