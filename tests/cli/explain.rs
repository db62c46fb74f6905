//! `lanthorn explain`: names, lists, keys and codes, from the same source as the reference.

use crate::support::Folder;

#[test]
fn names_lists_keys_and_codes_are_explained() {
    let folder = Folder::new();
    for (word, expected) in [
        ("dense", "units"),
        ("Conv2D", "conv2d (layer)"),
        ("mse", "mean_squared_error (loss)"),
        ("mse", "mean_squared_error (metric)"),
        ("layers", "max_pooling2d"),
        ("loss", "huber"),
        ("schedules", "exponential_decay"),
        ("L012", "missing_key"),
        ("leak", "L162"),
        ("fit.validation_split", "hold back for validation"),
        ("data.csv", "delimiter"),
        ("data.target.encode", "data.target.encode"),
        ("model.layers[0].dense.units", "model.layers[0].dense.units"),
        ("compile.optimizer.adam.learning_rate", "Default: 0.001"),
    ] {
        let text = folder.ok(&format!("explain {word}"));
        assert!(text.contains(expected), "{word}: {text}");
        assert!(!text.contains("```"), "{word}: {text}");
    }
}

#[test]
fn a_word_that_means_nothing_gets_the_nearest() {
    let folder = Folder::new();
    let call = folder.run("explain denss");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("did you mean `dense`?"), "{}", call.stderr);
    assert_eq!(folder.run("explain fit.nothing").code, 1);
}

#[test]
fn every_word_of_the_lists_and_every_key_has_its_explanation() {
    for word in lanthorn::sections::reference::words() {
        let text = lanthorn::sections::reference::explain(&word);
        assert!(text.is_some_and(|text| text.trim().lines().count() > 1), "{word}");
    }
    let schema = lanthorn::exchange::editors::schema();
    assert!(!schema.to_string().contains("```"), "Rust in a description");
    for section in ["DataConfig", "ModelConfig", "CompileConfig", "FitConfig"] {
        let keys = schema["$defs"][section]["properties"].as_object().unwrap();
        let name = section.trim_end_matches("Config").to_lowercase();
        for key in keys.keys() {
            let path = format!("{name}.{key}");
            assert!(lanthorn::sections::reference::explain(&path).is_some(), "{path}");
        }
    }
}
