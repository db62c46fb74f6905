//! `lanthorn convert`: every script of tests/convert becomes the configuration beside it, comments
//! included. `LANTHORN_BLESS=1` writes them anew.

use crate::support::{Folder, project};

#[test]
fn scripts_become_the_configurations_beside_them() {
    let folder = Folder::new();
    let mut scripts: Vec<_> = std::fs::read_dir(project("tests/convert"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "py"))
        .collect();
    scripts.sort();
    assert!(scripts.len() > 20);
    for script in scripts {
        let call = folder.call(&["convert", script.to_str().unwrap()]);
        assert_eq!(call.code, 0, "{}: {}", script.display(), call.stderr);
        let beside = script.with_extension("yaml");
        if std::env::var_os("LANTHORN_BLESS").is_some() {
            std::fs::write(&beside, &call.stdout).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap();
        assert_eq!(call.stdout, expected, "{}", script.display());
        // what `check` says of it is what convert said
        folder.write("model.yaml", &call.stdout);
        let is_refused = call.stdout.contains("`lanthorn check` refuses it");
        let check = folder.run("check model.yaml");
        assert_eq!(check.code != 0, is_refused, "{}: {}", script.display(), check.stderr);
        // and each note is told, too
        let notes = call.stdout.lines().filter(|line| line.trim().starts_with("# ")).count();
        let told = call.stderr.lines().filter(|line| line.starts_with("warning: ")).count();
        assert_eq!(notes, told, "{}: {}", script.display(), call.stderr);
    }
}

#[test]
fn convert_prints_json() {
    let folder = Folder::new();
    let script = "from keras import *\nm = Sequential([layers.Dense(3, input_shape=(2,)), mine()])\nm.compile('adam', 'nonsense')\n";
    folder.write("model.py", script);
    for (arguments, written) in [
        ("convert model.py --json", None),
        ("convert model.py model.toml --json", Some("model.toml")),
    ] {
        let call = folder.run(arguments);
        assert_eq!(call.code, 0, "{}", call.stderr);
        let document: serde_json::Value = serde_json::from_str(&call.stdout).unwrap();
        assert_eq!(document["config"]["model"]["layers"][0]["dense"]["units"], 3);
        assert_eq!(document["not_carried"][0]["line"], 2);
        assert_eq!(document["not_carried"][0]["before_layer"], 1);
        assert_eq!(document["written"].as_str(), written);
        assert!(document["refusal"].as_str().unwrap().contains("loss"), "{document}");
    }
    assert!(folder.read("model.toml").contains("units = 3"));
}

#[test]
fn a_converted_configuration_is_checked_where_it_is_written() {
    let folder = Folder::with_loan();
    assert!(!folder.run("convert loan.yaml loan.toml").stderr.contains("warning"));
    folder.write("elsewhere/.keep", "");
    let call = folder.run("convert loan.yaml elsewhere/loan.toml");
    assert!(call.stderr.contains("refuses it"), "{}", call.stderr);
    assert!(call.stderr.contains("loan.csv"), "{}", call.stderr);
}
