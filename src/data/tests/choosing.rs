//! `data.rows`: which rows of the tables are used.

use super::*;

const TABLE: &str = "v,x,kind,day,ok,w\n\
                     1,1,a,2026-01-01,yes,1\n\
                     2,2,b,2026-01-02,NO,1\n\
                     3,NA,a,2026-01-03,true,1\n\
                     4,oops,c,2026-02-01,False,1\n\
                     5,5,01,2026-02-02,1,7\n\
                     6,6,,2026-02-03,0,1\n";

fn chosen(rows: Value) -> Result<Loaded> {
    load_text(TABLE.as_bytes(), json!({ "rows": rows, "features": ["v"], "target": "w" }), None)
}

/// The lines of the rows that are used, and what is told.
fn lines(condition: &str) -> (Vec<usize>, String) {
    let section = json!({
        "train": "t.csv",
        "rows": { "where": condition },
        "features": ["v"],
        "target": "w",
    });
    let section: DataConfig = Node::from_json(&section).read().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), TABLE).unwrap();
    let cells = read(&section, folder.path(), None).unwrap();
    let lines = (0..cells.rows()).map(|row| cells.source.places().line(cells.table.place_of(row)));
    let told = cells.warnings().first().map(ToString::to_string).unwrap_or_default();
    (lines.collect(), told)
}

#[test]
fn a_condition_chooses_rows_by_numbers_texts_dates_and_booleans() {
    for (condition, expected) in [
        ("w == 1", vec![2, 3, 4, 5, 7]),
        ("not w == 1", vec![6]),
        ("1 < w <= 7", vec![6]),
        ("w in [7, 8]", vec![6]),
        ("kind == 'a'", vec![2, 4]),
        ("kind != 'a'", vec![3, 5, 6]),
        ("kind in ['01', 'b']", vec![3, 6]),
        ("kind not in ['01', 'b']", vec![2, 4, 5]),
        ("kind == '1'", vec![]),
        ("kind is missing", vec![7]),
        ("kind is not missing and w == 1", vec![2, 3, 4, 5]),
        ("day >= '2026-02-01'", vec![5, 6, 7]),
        ("'2026-01-01' < day < '2026-02-01 00:00'", vec![3, 4]),
        ("ok == true", vec![2, 4, 6]),
        ("ok != true", vec![3, 5, 7]),
        ("kind == 'a' or kind == 'b' and ok == true", vec![2, 4]),
        ("(kind == 'a' or kind == 'b') and ok == false", vec![3]),
        // a missing cell decides nothing, unless the other half does
        ("kind == 'a' or w == 1", vec![2, 3, 4, 5, 7]),
        ("not (kind == 'a' or w == 7)", vec![3, 5]),
    ] {
        if expected.is_empty() {
            let error = chosen(json!({ "where": condition })).unwrap_err().to_string();
            assert!(error.contains("the condition holds in none of 6 rows"), "{error}");
        } else {
            assert_eq!(lines(condition).0, expected, "{condition}");
        }
    }
}

#[test]
fn two_columns_are_compared_as_numbers() {
    let table = b"a,b,v\n1,2,1\n3,2,1\n2,2.0,1\n,2,1\n";
    let with = |condition: &str| {
        let section = json!({ "rows": { "where": condition }, "features": ["v"], "target": "b" });
        load_text(table, section, None).unwrap().train.len()
    };
    assert_eq!([with("a < b"), with("a == b"), with("a >= b")], [1, 1, 2]);
}

#[test]
fn how_many_rows_are_left_out_is_told() {
    let told = lines("kind != 'a'").1;
    assert!(
        told.contains(
            "3 rows are used: of 6 rows, `rows.where` leaves 3 out (1 of them since a cell that \
             it asks for is missing)"
        ),
        "{told}"
    );
    assert!(!lines("w > 0").1.contains("rows.where"));
    let told = |rows: Value| chosen(rows).unwrap().warnings[0].to_string();
    let said = told(json!({ "limit": 2 }));
    assert!(said.contains("the first 2 rows are used: any rows after them are not read"), "{said}");
    let said = told(json!({ "where": "w == 7", "limit": 1 }));
    assert!(
        said.contains("1 row is used: of the first 5 rows, `rows.where` leaves 4 out"),
        "{said}"
    );
}

/// `x` has a missing cell and a word: neither is asked of rows that are left out.
#[test]
fn rows_that_are_left_out_may_hold_anything() {
    let section = |rows: Value| json!({ "rows": rows, "features": ["x"], "target": "w" });
    let load = |rows: Value| load_text(TABLE.as_bytes(), section(rows), None);
    assert!(load(json!({ "where": "w > 0" })).is_err());
    let loaded = load(json!({ "where": "x is not missing and kind != 'c'" })).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.0, 2.0, 5.0]);
    let loaded = load(json!({ "limit": 2 })).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.0, 2.0]);
    assert_eq!(loaded.head(5).raw.len(), 2);
    // a row of another length is left out by the limit too, and no condition can be asked of it
    let ragged = TABLE.replace("6,,2026-02-03,0,1", "6,");
    let load = |rows: Value| load_text(ragged.as_bytes(), section(rows), None);
    assert!(load(json!({ "where": "kind == 'a'" })).unwrap_err().to_string().contains(":7"));
}

/// Rows are chosen first: the split, the fill and what is dropped know no others.
#[test]
fn rows_are_chosen_before_all_else() {
    let section = json!({
        "rows": { "where": "kind is not missing and kind != 'c'" },
        "features": [{ "column": "x", "missing": "drop_row", "scale": "standard" }],
        "target": "w",
        "id": "v",
    });
    let split = Some(ValidationSplit::Tail(0.33));
    let loaded = load_text(TABLE.as_bytes(), section, split).unwrap();
    assert_eq!((loaded.train.len(), loaded.validation.as_ref().unwrap().len()), (2, 1));
    // the row of the file, from 0
    assert_eq!(loaded.validation_rows(), [4]);
    assert_eq!(loaded.head(9).raw, [["1", "1"], ["2", "1"]]);
    let told: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("4 rows are used: of 6 rows"), "{told:?}");
    assert!(told[1].contains("1 of 4 rows are left out by `missing: drop_row`"), "{told:?}");
}

#[test]
fn what_cant_be_asked_is_refused_at_its_place() {
    let wrong = |condition: &str| {
        let error = chosen(json!({ "where": condition })).unwrap_err();
        error.to_string()
    };
    for (condition, told) in [
        ("x > 1", "t.csv:5: column `x`: expected a number, found `oops`"),
        ("colour == 'a'", "column `colour` is not in "),
        ("kind == a", "column `a` is not in "),
        ("kind == a", "`'a'`"),
        (
            "kind == true",
            "t.csv:2: column `kind`: `data.rows.where` expects true or false, found `a`",
        ),
        ("kind > '2026-01-01'", "expects a date such as 2026-01-31, found `a`"),
        ("ok == 1", "compare it with true or false"),
    ] {
        let found = wrong(condition);
        assert!(found.contains(told), "{condition}: {found}");
    }
    for (rows, told) in [
        (json!({}), "`rows` says nothing of which rows to use"),
        (json!({ "limit": 0 }), "`limit` must be at least 1, got 0"),
    ] {
        let error = chosen(rows).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let section = json!({ "train": "t.csv", "rows": { "where": "w = 1" } });
    let error = Node::from_json(&section).read::<DataConfig>().unwrap_err();
    assert_eq!(error.path, "rows.where");
    assert!(error.help.contains("`==`"), "{error}");
}

/// A large table is read in pieces: the rows after the limit may hold anything.
#[test]
fn the_limit_ends_the_reading() {
    let mut table = "x,y\n".to_string();
    for row in 0..400_000 {
        table += &format!("{row},{}\n", row % 7);
    }
    table += "word,1\n";
    let section = |rows: Value| json!({ "rows": rows, "features": ["x"], "target": "y" });
    let load = |rows: Value| load_text(table.as_bytes(), section(rows), None);
    assert!(load(json!({ "where": "y > 0" })).is_err());
    let loaded = load(json!({ "where": "y > 5", "limit": 20_000 })).unwrap();
    assert_eq!(loaded.train.len(), 20_000);
    assert_eq!(loaded.train.x.values[19_999], 139_999.0);
}

#[test]
fn tables_with_targets_are_chosen_from_and_others_are_not() {
    let loaded = chosen(json!({ "where": "kind != 'a'", "limit": 2 })).unwrap();
    assert_eq!(loaded.train.len(), 2);
    let new = b"v,kind,w\n0,a,1\n0,b,2\n0,c,x\n0,,4\n0,b,5\n".to_vec();
    let csv = CsvConfig::default();
    let use_it = |new: &[u8], with_target| {
        load_bytes_for_use("new.csv", new.to_vec(), &csv, &loaded.preprocessing, with_target)
    };
    let error = use_it(&new, true).unwrap_err().to_string();
    assert!(error.contains("new.csv:4: column `w`"), "{error}");
    let new = String::from_utf8(new).unwrap().replace("c,x", "a,x");
    assert_eq!(use_it(new.as_bytes(), true).unwrap().y.values[..], [2.0, 5.0]);
    let new = new.replace('x', "3");
    assert_eq!(use_it(new.as_bytes(), false).unwrap().len(), 5);
    let error = use_it(b"v,w\n0,1\n", true).unwrap_err().to_string();
    assert!(error.contains("column `kind` is not in new.csv"), "{error}");
}
