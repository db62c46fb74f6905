//! Files, and errors that have a path and no place.

use std::path::Path;

use crate::config::{ConfigError, Document, Format};

fn open(name: &str, bytes: &[u8]) -> Result<Document, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Document::open(&path)
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn the_extension_says_the_format() {
    for (name, text) in [
        ("a.yaml", "seed: 1"),
        ("a.YML", "seed: 1"),
        ("a.toml", "seed = 1"),
        ("a.json", "{\"seed\": 1}"),
        ("bom.yaml", "\u{feff}seed: 1"),
        ("bom.toml", "\u{feff}seed = 1"),
        ("bom.json", "\u{feff}{\"seed\": 1}"),
        ("crlf.yaml", "seed: 1\r\n"),
        ("crlf.toml", "seed = 1\r\n"),
    ] {
        let tree = open(name, text.as_bytes()).unwrap().root.to_json();
        assert_eq!(tree, serde_json::json!({"seed": 1}), "{name}");
    }
    assert_eq!(Format::of(Path::new("x/b.yml")).unwrap(), Format::Yaml);
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    for (name, bytes, expected) in [
        ("a.txt", &b"seed: 1"[..], "ends in .yaml, .yml, .toml or .json, got `a.txt`"),
        ("a", b"seed: 1", "ends in .yaml, .yml, .toml or .json, got `a`"),
        ("a.safetensors", b"", "this is a model"),
        ("a.csv", b"1", "this is a table: `lanthorn init a.csv`"),
        ("a.yaml", b"", "`a.yaml` has nothing in it"),
        ("a.toml", b" \n# no\n", "`a.toml` has nothing in it"),
        ("a.json", b" \n", "`a.json` has nothing in it"),
        ("a.yaml", b"a: 1\nb: \xff", "`a.yaml` is not UTF-8 text, from line 2 on"),
    ] {
        let error = open(name, bytes).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_missing_file_and_a_folder_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("loan.yaml"), "seed: 1").unwrap();
    let error = Document::open(&folder.path().join("laon.yaml")).unwrap_err().to_string();
    assert!(error.contains("there is no file `"), "{error}");
    assert!(error.contains("help: there is `") && error.contains("loan.yaml`"), "{error}");
    let error = Document::open(&folder.path().join("none/loan.yaml")).unwrap_err().to_string();
    assert!(error.contains("there is no folder `"), "{error}");
    std::fs::write(folder.path().join("config.yaml"), "seed: 1").unwrap();
    let error = Document::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is a folder, not a configuration"), "{error}");
    assert!(error.contains("config.yaml`"), "{error}");
}

#[test]
fn an_error_with_a_path_is_drawn_at_the_nearest_place() {
    let text = "model:\n  layers:\n    - dense: {units: 0}\n    - flatten\n    - Dense:\n        units: 1\n\
                compile:\n  loss: {ce: {axis: 3}}\nfit: {epochs: 3}\nempty:\n";
    let document = Document::parse(text, "loan.yaml", Format::Yaml).unwrap();
    for (path, place) in [
        ("model.layers[0].dense.units", "3:22"),
        ("model.layers[0].dense", "3:7"),
        ("model.layers[0].dense.activation", "3:7"),
        ("model.layers[1].flatten", "4:7"),
        ("model.layers[1].flatten.x", "4:7"),
        ("model.layers[2].dense.units", "6:16"),
        ("model.layers[2].dense", "5:7"),
        ("model.layers[9]", "2:3"),
        ("model.layers", "2:3"),
        ("model.inputShape", "1:1"),
        ("compile.loss.crossentropy.axis", "8:21"),
        ("compile.loss", "8:3"),
        ("fit.batch_size", "9:1"),
        ("empty", "10:1"),
        ("empty.x", "10:1"),
        ("data.train", ""),
        ("", ""),
    ] {
        let error = document.locate(ConfigError::at(path, "it is wrong").with_help("do this"));
        let drawn = error.render();
        assert!(drawn.starts_with("error: it is wrong\n"), "{drawn}");
        assert!(drawn.ends_with("= help: do this"), "{drawn}");
        let expected = if place.is_empty() {
            "--> loan.yaml\n".into()
        } else {
            format!(" --> loan.yaml:{place}\n")
        };
        assert!(drawn.contains(&expected), "{path}: {drawn}");
    }
}

#[test]
fn a_drawn_error_stays_as_it_is() {
    let document = Document::parse("a: 1", "a.yaml", Format::Yaml).unwrap();
    let drawn = document.locate(ConfigError::at("a", "it is wrong"));
    let other = Document::parse("b: 1", "b.yaml", Format::Yaml).unwrap();
    assert_eq!(other.locate(drawn.clone()), drawn);
}

#[test]
fn the_schema_names_every_spelling_of_an_entry() {
    let schema = crate::config::schema_of::<crate::losses::LossEntry>();
    let names = &schema["anyOf"][0]["enum"];
    for name in ["mse", "mean_squared_error", "MeanSquaredError"] {
        assert!(names.as_array().unwrap().contains(&name.into()), "{name}");
        assert!(schema["anyOf"][1]["properties"][name]["$ref"].is_string(), "{name}");
    }
    let layers = crate::config::schema_of::<Vec<crate::layers::LayerEntry>>();
    let dense = &layers["$defs"]["layer.dense"];
    assert_eq!(dense["required"], serde_json::json!(["units"]));
    assert!(dense["properties"]["trainable"].is_object());
    assert_eq!(
        layers["$defs"]["layer"]["anyOf"][0]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|name| **name == "dense")
            .count(),
        0
    );
}
