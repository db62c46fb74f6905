//! Words of the neighbours (PyTorch, scikit-learn, Lightning, Keras 1, plain English) in a
//! configuration or on the command line: the error says what to type here.

use crate::support::{Folder, LOAN};

/// What stands in loan.yaml, what is written instead, and what the help says.
const WORDS: &[(&str, &str, &str)] = &[
    ("{learning_rate: 0.01}", "{lr: 0.01}", "did you mean `learning_rate`?"),
    ("- dense: {units: 8,", "- Linear: {units: 8,", "did you mean `dense`?"),
    ("- dense: {units: 8,", "- fc: {units: 8,", "did you mean `dense`?"),
    ("{units: 8, activation: relu}", "{in_features: 2, units: 8}", "leave it out"),
    ("{units: 8, activation: relu}", "{out_features: 8}", "did you mean `units`?"),
    ("- dropout: {rate: 0.1}", "- BatchNorm1d: {}", "did you mean `batch_normalization`?"),
    ("loss: sparse_categorical_crossentropy", "loss: CrossEntropyLoss", "{from_logits: true}"),
    ("loss: sparse_categorical_crossentropy", "loss: BCEWithLogitsLoss", "{from_logits: true}"),
    (
        "loss: sparse_categorical_crossentropy",
        "loss: MSELoss",
        "did you mean `mean_squared_error`?",
    ),
    ("scale: min_max", "scale: StandardScaler", "did you mean `standard`?"),
    ("scale: min_max", "scale: normalize", "did you mean `min_max`?"),
    ("scale: min_max", "normalize: true", "`scale: min_max`"),
    ("activation: relu", "activation: None", "leave the key out"),
    ("epochs: 4", "epochs: None", "leave the key out"),
    ("metrics: [accuracy]", "metrics: [f1]", "did you mean `f1_score`?"),
    ("metrics: [accuracy]", "metrics: [roc_auc]", "did you mean `auc`?"),
    ("metrics: [accuracy]", "metrics: [r2]", "did you mean `r2_score`?"),
    ("epochs: 4", "epochs: 4\n  callbacks: [StepLR]", "a schedule stands at the learning rate"),
    ("{learning_rate: 0.01}", "{learning_rate: {StepLR: {gamma: 0.1}}}", "`exponential_decay`?"),
    ("validation_split: 0.1", "test_size: 0.1", "did you mean `validation_split`?"),
    ("units: 8, activation: relu", "units: 8, dropout: 0.2", "`- dropout: {rate: 0.5}`"),
    ("metrics: [accuracy]\nfit:\n", "metrics: [accuracy]\n  fit:\n  ", "indent it less"),
    (
        "optimizer: {adam: {learning_rate: 0.01}}",
        "optimizer: adam\n  learning_rate: 0.1",
        "`optimizer: {adam: {learning_rate: 0.001}}`",
    ),
    (
        "- dense: {units: 8, activation: relu}",
        "- Dense(16, activation=\"relu\")",
        "write `dense: {units: 16, activation: relu}`",
    ),
    (
        "optimizer: {adam: {learning_rate: 0.01}}",
        "optimizer: SGD(lr=0.1)",
        "`sgd: {learning_rate: 0.1}`",
    ),
    ("rate: 0.1", "rate: 20", "20 percent is written 0.2"),
    ("rate: 0.1", "rate: 20%", "write `0.2`"),
    ("- dropout: {rate: 0.1}", "- zebra: {}", "`…_normalization`"),
    ("epochs: 4", "nb_epoch: 4", "did you mean `epochs`?"),
    ("fit:\n", "training:\n", "did you mean `fit`?"),
    // keys of another section, in its own words or others'
    ("  train: loan.csv\n", "  train: loan.csv\n  batch_size: 3\n", "`fit: {batch_size: …}`"),
    ("  train: loan.csv\n", "  train: loan.csv\n  test_size: 0.2\n", "{validation_split: …}`"),
    ("  train: loan.csv\n", "  train: loan.csv\n  optimizer: adam\n", "`compile: {optimizer: …}`"),
    ("epochs: 4", "epochs: 4\n  random_state: 1", "`seed` stands at the top"),
    ("epochs: 4", "epochs: 4\n  metrics: [accuracy]", "`compile: {metrics: …}`"),
    ("model:\n", "epochs: 3\nmodel:\n", "`fit: {epochs: …}`"),
    ("model:\n", "loss: mse\nmodel:\n", "`compile: {loss: …}`"),
    ("  metrics: [accuracy]\n", "  epochs: 3\n", "`fit: {epochs: …}`"),
    ("  metrics: [accuracy]\n", "  scheduler: cosine\n", "a schedule stands at the learning rate"),
    ("{adam: {learning_rate: 0.01}}", "{type: adam, lr: 0.1}", "`adam: {lr: …}`"),
    ("{adam: {learning_rate: 0.01}}", "{name: adam}", "by its name alone"),
    ("{adam: {learning_rate: 0.01}}", "{adam: {decay: 0.1}}", "inverse_time_decay"),
    ("metrics: [accuracy]", "metrics: [confusion_matrix]", "evaluate RUN --report"),
    ("scale: min_max", "fillna: 0", "`{column: age, missing: mean}`"),
    ("epochs: 4", "epochs: 4\n  callbacks: [tensorboard]", "`logging: {tensorboard: true}`"),
    ("scale: min_max", "dtype: float", "leave it out"),
    ("units: 8, activation: relu", "units: 8, W_regularizer: l2", "`kernel_regularizer`?"),
    ("epochs: 4", "epochs: 4\n  max_grad_norm: 1", "global_clipnorm"),
];

#[test]
fn a_configuration_in_others_words_is_told_ours() {
    let folder = Folder::with_loan();
    for (ours, theirs, told) in WORDS {
        assert!(LOAN.contains(ours), "{ours}");
        folder.write("t.yaml", &LOAN.replacen(ours, theirs, 1));
        let call = folder.run("check t.yaml");
        assert_eq!(call.code, 1, "{theirs}: {}", call.stdout);
        // help is wrapped at the terminal's width
        let said = call.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(told), "{theirs}: {}", call.stderr);
    }
}

/// Keys and names that are planned: what stands in loan.yaml, what is written instead, the word that
/// the error points at, and what it says to do today.
const PLANNED: &[(&str, &str, &str, &str)] = &[
    ("  train: loan.csv", "  train: loan.csv\n  streaming: auto", "streaming", "leave it out"),
    (
        "  train: loan.csv",
        "  train: loan.csv\n  shuffle_limit: 4GB",
        "shuffle_limit",
        "leave it out",
    ),
    ("  train: loan.csv", "  train: loan.csv\n  cache: auto", "cache", "leave it out"),
];

#[test]
fn words_that_are_planned_say_so_and_what_to_do_today() {
    let folder = Folder::with_loan();
    for (ours, theirs, word, told) in PLANNED {
        assert!(LOAN.contains(ours), "{ours}");
        folder.write("t.yaml", &LOAN.replacen(ours, theirs, 1));
        let call = folder.run("check t.yaml");
        let said = call.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(call.code, 1, "{theirs}: {}", call.stdout);
        let first = format!("error: `{word}` is not supported yet");
        assert!(said.starts_with(&first), "{theirs}: {}", call.stderr);
        assert!(said.contains(told), "{theirs}: {}", call.stderr);
        assert_eq!(said.matches("error: ").count(), 1, "{theirs}: {}", call.stderr);
        let call = folder.run("check t.yaml --json");
        assert!(call.stdout.contains("\"L015\""), "{}", call.stdout);
    }
}

#[test]
fn an_unknown_layer_lists_families_not_names() {
    let folder = Folder::with_loan();
    folder.write("t.yaml", &LOAN.replacen("dropout", "zebra", 1));
    let said = folder.run("check t.yaml").stderr;
    assert!(!said.contains("gaussian_noise"), "{said}");
}

#[test]
fn careless_calls_are_told_what_to_type() {
    let folder = Folder::with_loan();
    folder.write("configs/iris.yaml", LOAN);
    std::fs::create_dir_all(folder.path("runs/loan-001")).unwrap();
    for (call, code, told) in [
        ("train loan.yaml --lr 5", 2, "`--set compile.optimizer.adam.learning_rate=5`"),
        ("train loan.yaml --epochs=7", 2, "`--set fit.epochs=7`"),
        ("train loan", 1, "there is `loan.yaml`"),
        ("train iris", 1, "there is `configs/iris.yaml`"),
        ("configs/iris.yaml", 2, "`lanthorn train configs/iris.yaml`"),
        ("train --config loan.yaml", 2, "`lanthorn train loan.yaml`"),
        ("train loan.yaml --resume runs/loan-001", 2, "`lanthorn train --resume RUN`"),
        ("fit loan.yaml", 2, "`lanthorn train`"),
        ("evaluate runs/missing loan.csv", 1, "`runs/loan-001`"),
        ("predict loan.csv runs/loan-001", 1, "`lanthorn predict MODEL TABLE`"),
        ("check loan.csv", 1, "`lanthorn init loan.csv`"),
        ("check loan.yaml -o out.txt", 2, "write `… > FILE`"),
        ("train loan.yaml epochs=5", 2, "did you mean `--set fit.epochs=5`?"),
        ("train loan.yaml fit.batch_size=5", 2, "did you mean `--set fit.batch_size=5`?"),
        ("train", 2, "`lanthorn init TABLE --target COLUMN` writes a configuration"),
        ("train loan.yaml --gpu", 2, "`--device cuda`"),
        ("train loan.yaml --num-workers 4", 2, "`--threads N`"),
        ("train loan.yaml --output-dir x", 2, "`--out DIR`"),
        ("train loan.yaml --checkpoint x", 2, "`--resume RUN`"),
        ("train loan.yaml --patience 3", 2, "early_stopping"),
        ("train loan.yaml --dry-run", 2, "`lanthorn check CONFIG`"),
        ("check loan.yaml --target area", 2, "`data: {target: COLUMN}`"),
        ("train loan.yaml --watch -q", 2, "cannot be used with"),
        ("explain lr", 1, "`learning_rate`"),
        ("explain nb_epoch", 1, "`epochs`"),
    ] {
        let found = folder.run(call);
        assert_eq!(found.code, code, "{call}: {}", found.stderr);
        assert!(found.stderr.contains(told), "{call}: {}", found.stderr);
    }
    // a configuration where a table belongs
    folder.ok("train loan.yaml -q -o run");
    let call = folder.run("predict run loan.yaml");
    assert!(call.stderr.contains("is a configuration, where a table"), "{}", call.stderr);
    let call = folder.run("train loan.yaml --lr 5 --json");
    let document: serde_json::Value = serde_json::from_str(&call.stdout).unwrap();
    assert_eq!((call.code, document["kind"].as_str()), (2, Some("usage")));
}
