//! The examples that `lanthorn init --example` writes: those of `configs/`, with their tables.

use std::collections::BTreeMap;
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
    tables: &'static [(&'static str, &'static [u8])],
}

/// Where the tables are beside the configurations of the project.
const FOLDER: &str = "../examples/data/";

/// The same files of each class: the class's folder within that of all.
macro_rules! pictures {
    ($folder:literal; $($class:literal)*; $files:tt) => {
        pictures! { @ $folder $($class $files)* }
    };
    (@ $folder:literal $($class:literal [$($file:literal)*])*) => {
        &[$($((
            concat!($folder, "/", $class, "/", $file),
            include_bytes!(concat!("../../examples/data/", $folder, "/", $class, "/", $file)),
        ),)*)*]
    };
}

/// Configurations by name, each with its tables.
macro_rules! examples {
    ($($name:literal: $tables:tt;)*) => {
        &[$(Example {
            name: $name,
            config: include_str!(concat!("../../configs/", $name, ".yaml")),
            tables: examples!(@ $tables),
        }),*]
    };
    (@ $tables:ident) => { $tables };
    (@ [$($table:literal)+]) => {
        &[$(($table, include_bytes!(concat!("../../examples/data/", $table)))),+]
    };
}

const LIGHTS: &[(&str, &[u8])] = pictures! { "lights"; "candle" "lantern"; [
    "000.png" "001.jpg" "002.jpg" "003.jpg" "004.jpg" "005.jpg" "006.jpg" "007.jpg"
    "008.jpg" "009.jpg" "010.jpg" "011.jpg" "012.jpg" "013.jpg" "014.jpg" "015.jpg"
    "016.jpg" "017.jpg" "018.jpg" "019.jpg" "020.png" "021.jpg" "022.jpg" "023.jpg"
    "024.jpg" "025.jpg" "026.jpg" "027.jpg" "028.jpg" "029.jpg" "030.jpg" "031.jpg"
    "032.jpg" "033.jpg" "034.jpg" "035.jpg" "036.jpg" "037.jpg" "038.jpg" "039.jpg"
    "040.png" "041.jpg" "042.jpg" "043.jpg" "044.jpg" "045.jpg" "046.jpg" "047.jpg"
    "048.jpg" "049.jpg" "050.jpg" "051.jpg" "052.jpg" "053.jpg" "054.jpg" "055.jpg"
    "056.jpg" "057.jpg" "058.jpg" "059.jpg" "060.png" "061.jpg" "062.jpg" "063.jpg"
    "064.jpg" "065.jpg" "066.jpg" "067.jpg" "068.jpg" "069.jpg" "070.jpg" "071.jpg"
    "072.jpg" "073.jpg" "074.jpg" "075.jpg" "076.jpg" "077.jpg" "078.jpg" "079.jpg"
    "080.png" "081.jpg" "082.jpg" "083.jpg" "084.jpg" "085.jpg" "086.jpg" "087.jpg"
    "088.jpg" "089.jpg" "090.jpg" "091.jpg" "092.jpg" "093.jpg" "094.jpg" "095.jpg"
    "096.jpg" "097.jpg" "098.jpg" "099.jpg" "100.png" "101.jpg" "102.jpg" "103.jpg"
    "104.jpg" "105.jpg" "106.jpg" "107.jpg" "108.jpg" "109.jpg" "110.jpg" "111.jpg"
    "112.jpg" "113.jpg" "114.jpg" "115.jpg" "116.jpg" "117.jpg" "118.jpg" "119.jpg"
] };

const ALL: &[Example] = examples! {
    "loan": ["loan.csv" "loan_test.csv"];
    "iris": ["iris.csv"];
    "breast_cancer": ["breast_cancer.csv"];
    "wine_folds": ["wine.csv"];
    "diabetes": ["diabetes.csv"];
    "airline": ["airline.csv"];
    "digits": ["digits.csv"];
    "digits_cnn": ["digits.csv"];
    "bn_dropout": ["wine.csv"];
    "resnet8": ["pictures.csv"];
    "sequences_lstm": ["sequences.csv"];
    "reviews": ["reviews.csv"];
    "text_gru": ["sentences.csv"];
    "titanic": ["passengers.csv"];
    "buildings": ["buildings.csv"];
    "topics": ["articles.csv"];
    "lights": LIGHTS;
    "anomalies": ["breast_cancer.csv"];
};

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
    let mut files = vec![(config.as_str(), text.as_bytes())];
    files.extend(example.tables);
    for (file, bytes) in &files {
        let there = std::fs::read(file).ok();
        if there.is_some_and(|there| there != *bytes) && !force {
            let message = format!("{file} exists already, and is another file");
            let help = "run it in another folder, or replace the file by `--force`";
            return Err(Error::run(message).with_help(help).into());
        }
    }
    let (mut told, mut folders) = (String::new(), BTreeMap::new());
    for (file, bytes) in &files {
        let path = Path::new(file);
        match path.parent().and_then(Path::to_str).filter(|folder| !folder.is_empty()) {
            Some(folder) => {
                fs_err::create_dir_all(folder)?;
                *folders.entry(folder).or_insert(0usize) += 1;
            }
            None => told += &format!("wrote {file}\n"),
        }
        atomic_write(path, bytes)?;
    }
    for (folder, count) in folders {
        told += &format!("wrote {folder}: {count} files\n");
    }
    view::result(&format!("{told}next: lanthorn train {config}\n"))
}
