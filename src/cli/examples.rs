//! The examples that `lanthorn init --example` writes: those of `configs/`, with their tables.

use std::path::Path;

use anyhow::Result;
use lanthorn::Error;
use lanthorn::config::names::suggestion;
use lanthorn::runtime::files::atomic_write;

use super::view;

/// A configuration and its tables.
struct Example {
    name: &'static str,
    config: &'static str,
    tables: &'static [(&'static str, &'static str)],
}

/// Where the tables are beside the configurations of the project.
const FOLDER: &str = "../examples/data/";

const ALL: &[Example] = &[
    Example {
        name: "loan",
        config: include_str!("../../configs/loan.yaml"),
        tables: &[
            ("loan.csv", include_str!("../../examples/data/loan.csv")),
            ("loan_test.csv", include_str!("../../examples/data/loan_test.csv")),
        ],
    },
    Example {
        name: "iris",
        config: include_str!("../../configs/iris.yaml"),
        tables: &[("iris.csv", include_str!("../../examples/data/iris.csv"))],
    },
    Example {
        name: "breast_cancer",
        config: include_str!("../../configs/breast_cancer.yaml"),
        tables: &[("breast_cancer.csv", include_str!("../../examples/data/breast_cancer.csv"))],
    },
    Example {
        name: "wine_folds",
        config: include_str!("../../configs/wine_folds.yaml"),
        tables: &[("wine.csv", include_str!("../../examples/data/wine.csv"))],
    },
    Example {
        name: "diabetes",
        config: include_str!("../../configs/diabetes.yaml"),
        tables: &[("diabetes.csv", include_str!("../../examples/data/diabetes.csv"))],
    },
    Example {
        name: "digits",
        config: include_str!("../../configs/digits.yaml"),
        tables: &[("digits.csv", include_str!("../../examples/data/digits.csv"))],
    },
    Example {
        name: "digits_cnn",
        config: include_str!("../../configs/digits_cnn.yaml"),
        tables: &[("digits.csv", include_str!("../../examples/data/digits.csv"))],
    },
    Example {
        name: "bn_dropout",
        config: include_str!("../../configs/bn_dropout.yaml"),
        tables: &[("wine.csv", include_str!("../../examples/data/wine.csv"))],
    },
    Example {
        name: "resnet8",
        config: include_str!("../../configs/resnet8.yaml"),
        tables: &[("pictures.csv", include_str!("../../examples/data/pictures.csv"))],
    },
    Example {
        name: "sequences_lstm",
        config: include_str!("../../configs/sequences_lstm.yaml"),
        tables: &[("sequences.csv", include_str!("../../examples/data/sequences.csv"))],
    },
    Example {
        name: "reviews",
        config: include_str!("../../configs/reviews.yaml"),
        tables: &[("reviews.csv", include_str!("../../examples/data/reviews.csv"))],
    },
    Example {
        name: "text_gru",
        config: include_str!("../../configs/text_gru.yaml"),
        tables: &[("sentences.csv", include_str!("../../examples/data/sentences.csv"))],
    },
    Example {
        name: "reviews",
        config: include_str!("../../configs/reviews.yaml"),
        tables: &[("reviews.csv", include_str!("../../examples/data/reviews.csv"))],
    },
    Example {
        name: "anomalies",
        config: include_str!("../../configs/anomalies.yaml"),
        tables: &[("breast_cancer.csv", include_str!("../../examples/data/breast_cancer.csv"))],
    },
];

/// Writes an example and its tables into the current folder; what is there stays as it is.
pub(super) fn write(name: &str, force: bool) -> Result<()> {
    let names: Vec<&str> = ALL.iter().map(|example| example.name).collect();
    let Some(example) = ALL.iter().find(|example| example.name == name) else {
        let help = suggestion(name, &names, &format!("examples: {}", names.join(", ")));
        return Err(Error::run(format!("there is no example `{name}`")).with_help(help).into());
    };
    let config = format!("{name}.yaml");
    // the schema lies beside the project's configurations, not here
    let lines = example.config.split_inclusive('\n');
    let lines = lines.filter(|line| !line.starts_with("# yaml-language-server:"));
    let text = lines.collect::<String>().replace(FOLDER, "");
    let mut files = vec![(config.as_str(), text.as_str())];
    files.extend(example.tables);
    for (file, text) in &files {
        let there = std::fs::read(file).ok();
        if there.is_some_and(|there| there != text.as_bytes()) && !force {
            let message = format!("{file} exists already, and is another file");
            let help = "run it in another folder, or replace the file by `--force`";
            return Err(Error::run(message).with_help(help).into());
        }
    }
    let mut told = String::new();
    for (file, text) in &files {
        atomic_write(Path::new(file), text.as_bytes())?;
        told += &format!("wrote {file}\n");
    }
    view::result(&format!("{told}next: lanthorn train {config}\n"))
}
