//! `embedding: {input_dim: auto}`: as many ids as the data has.

use crate::support::Folder;
use crate::tables::refused;

fn folder(feature: &str) -> Folder {
    let folder = Folder::new();
    let colours = ["red", "green", "blue", "black"];
    let row = |i: usize| format!("{},{},{}\n", colours[i * 5 % 7 % 4], i % 9, i % 2);
    let rows: String = (0..42).map(row).collect();
    folder.write("t.csv", &format!("colour,n,y\n{rows}"));
    folder.write("t.yaml", &config(feature));
    folder
}

fn config(feature: &str) -> String {
    format!(
        "seed: 1
data: {{train: t.csv, features: [{feature}], target: y}}
model: {{layers: [{{embedding: {{input_dim: auto, output_dim: 2}}}}, flatten, {{dense: {{units: 1}}}}]}}
compile: {{optimizer: adam, loss: mse}}
fit: {{batch_size: 8, epochs: 1}}
"
    )
}

#[test]
fn the_number_of_ids_is_that_of_the_classes_or_of_the_vocabulary() {
    for (feature, ids) in [
        ("{column: colour, encode: label}", 4),
        ("{column: colour, encode: {ordinal: {categories: [red, green, blue, black, white]}}}", 5),
        ("{column: colour, encode: {hashing: {num_bins: 7}}}", 7),
        ("{column: colour, text: {}}", 6), // padding, what is unknown, four words
    ] {
        let folder = folder(feature);
        folder.ok("train t.yaml -q --out run");
        let written = folder.read("run/config.yaml");
        assert!(written.contains(&format!("input_dim: {ids}\n")), "{feature}\n{written}");
        let shown = folder.ok("inspect run");
        assert!(shown.contains(&format!("[{ids}, 2]")), "{feature}\n{shown}");
        // the same as with the number itself, and a run goes on
        let text = config(feature).replace("auto", &ids.to_string());
        folder.write("n.yaml", &text);
        folder.ok("train n.yaml -q --out other");
        assert_eq!(folder.ok("predict run t.csv"), folder.ok("predict other t.csv"), "{feature}");
        folder.ok("train --resume run --set fit.epochs=2 -q");
    }
}

#[test]
fn auto_without_ids_is_refused_with_what_to_write() {
    let words = ["`auto` needs one feature column of ids", "such as `input_dim: 200`"];
    for feature in [
        "n",
        "{column: colour, encode: one_hot}",
        "{column: colour, encode: frequency}",
        "{column: colour, encode: label, scale: standard}",
        "{column: colour, encode: label}, {column: n, encode: label}",
    ] {
        refused(&folder(feature).run("check t.yaml"), &words);
    }
    let folder = folder("{column: color, encode: label}"); // one mistake, and not two
    let call = folder.run("check t.yaml");
    refused(&call, &["did you mean `colour`"]);
    assert!(!call.stderr.contains("auto"), "{}", call.stderr);
    folder.write(
        "a.yaml",
        "model: {input_shape: [3], layers: [{embedding: {input_dim: auto, output_dim: 2}}]}\n",
    );
    refused(&folder.run("summary a.yaml"), &words);
    folder.write("t.yaml", &config("n").replace("auto", "all"));
    refused(&folder.run("check t.yaml"), &["a whole number of at least 1, or `auto`"]);
}
