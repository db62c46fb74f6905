//! The readers, each with its corpus and the form of its files.

use std::path::Path;
use std::sync::LazyLock;

use candle_core::Device;
use lanthorn::Error;
use lanthorn::config::{Document, Format};
use lanthorn::data::{load_bytes, load_bytes_for_use};
use lanthorn::exchange::python;
use lanthorn::model::{DataFacts, Model, Predictor};
use lanthorn::runtime::Random;
use lanthorn::runtime::files::{Inspection, TensorFile};
use lanthorn::sections::{Config, CsvConfig, DataConfig};
use lanthorn::training::{Checkpoint, Spec};

use super::{files, fuzz};

/// What messages call the input.
const NAME: &str = "input";

/// A failure of our own is no answer.
fn own_failure<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Internal(message)) => panic!("{message}"),
        Err(error) => {
            drop(error.to_string());
            None
        }
    }
}

/// A configuration: read, checked, and the same again as it is written.
fn configuration(bytes: &[u8], format: Format) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(document) = own_failure(Document::parse(text, NAME, format)) else { return };
    let Some(config) = own_failure(document.config::<Config>()) else { return };
    own_failure(Spec::resolve(
        &config,
        &DataFacts { has_validation: true, ..DataFacts::default() },
    ));
    let value = serde_json::to_value(&config).unwrap();
    let written = Format::Yaml.write(&value).unwrap();
    let again =
        Document::parse(&written, NAME, Format::Yaml).unwrap_or_else(|e| panic!("{e}\n{written}"));
    let again = again.config::<Config>().unwrap_or_else(|e| panic!("{e}\n{written}"));
    // of numbers, as they are written: an f32 in its own digits
    assert_eq!(Format::Yaml.write(&serde_json::to_value(&again).unwrap()).unwrap(), written);
}

#[test]
fn yaml() {
    let mut corpus = files("fuzz/corpus/yaml", &[".yaml"]);
    corpus.extend(files("../configs", &[".yaml"]));
    fuzz("yaml", &corpus, |m| m.text(), |bytes| configuration(bytes, Format::Yaml));
}

#[test]
fn toml() {
    let corpus = files("fuzz/corpus/toml", &[".toml"]);
    fuzz("toml", &corpus, |m| m.text(), |bytes| configuration(bytes, Format::Toml));
}

#[test]
fn json() {
    let corpus = files("fuzz/corpus/json", &[".json"]);
    fuzz("json", &corpus, |m| m.text(), |bytes| configuration(bytes, Format::Json));
}

#[test]
fn overrides() {
    let text = "model: {layers: [{dense: {units: 1}}]}\ncompile: {optimizer: adam, loss: mse}";
    let document = Document::parse(text, NAME, Format::Yaml).unwrap();
    let corpus = files("fuzz/corpus/override", &[".txt"]);
    fuzz(
        "overrides",
        &corpus,
        |m| m.text(),
        |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let mut document = document.clone();
            own_failure(document.set(text));
            own_failure(document.config::<Config>());
        },
    );
}

/// A trained model that a table is given to.
static LOAN: LazyLock<Predictor> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/forms/1.0/loan/run");
    Predictor::new(Model::load(&path, &Device::Cpu).unwrap()).unwrap()
});

#[test]
fn table() {
    let corpus = files("fuzz/corpus/table", &[".csv"]);
    let sections: Vec<DataConfig> = [
        "features: [{column: age}, {column: area, encode: label}], target: {column: y, encode: label}",
        "features: [{columns: '*', scale: standard}], target: y, missing_values: [x], csv: {header: false}",
        "features: [{columns: '*', encode: one_hot}], target: y, delimiter: ';'",
    ]
    .iter()
    .filter_map(|text| {
        let text = format!("{{train: a.csv, {text}}}");
        Document::parse(&text, NAME, Format::Yaml).unwrap().config().ok()
    })
    .collect();
    assert!(sections.len() >= 2);
    let preprocessing = LOAN.model().preprocessing.clone().unwrap();
    fuzz(
        "table",
        &corpus,
        |m| m.text(),
        |bytes| {
            own_failure(load_bytes_for_use(
                NAME,
                bytes.to_vec(),
                &CsvConfig::default(),
                &preprocessing,
                false,
            ));
            for section in &sections {
                let (bytes, random) = (bytes.to_vec(), Random::new(1));
                own_failure(load_bytes(bytes, section, Path::new("."), None, &random));
            }
        },
    );
}

#[test]
fn model() {
    let corpus = files("files", &["model.safetensors"]);
    fuzz(
        "model",
        &corpus,
        |m| m.tensors(),
        |bytes| {
            let path = Path::new(NAME);
            let Some(file) = own_failure(TensorFile::parse(path, bytes)) else { return };
            own_failure(file.verify(path));
            let Some(model) = own_failure(Model::of(&file, path, &Device::Cpu, false)) else {
                return;
            };
            own_failure(model.check());
            own_failure(model.to_bytes());
        },
    );
}

#[test]
fn checkpoint() {
    let corpus = files("files", &["checkpoint.safetensors"]);
    fuzz(
        "checkpoint",
        &corpus,
        |m| m.tensors(),
        |bytes| {
            let path = Path::new(NAME);
            let Some(file) = own_failure(TensorFile::parse(path, bytes)) else { return };
            let Some(checkpoint) = own_failure(Checkpoint::of(&file, path)) else { return };
            own_failure(checkpoint.to_bytes());
        },
    );
}

#[test]
fn tensors() {
    let corpus = files("fuzz/corpus/tensors", &[".safetensors"]);
    fuzz(
        "tensors",
        &corpus,
        |m| m.tensors(),
        |bytes| {
            if let Some(inspection) = own_failure(Inspection::parse(Path::new(NAME), bytes)) {
                inspection.parameters();
            }
        },
    );
}

#[test]
fn keras_json() {
    use lanthorn::exchange::keras::read_json;
    let mut corpus = files("fuzz/corpus/keras_json", &[".json"]);
    corpus.extend(files("golden/io", &[".json"]));
    fuzz(
        "keras_json",
        &corpus,
        |m| m.text(),
        |bytes| {
            let Ok(json) = serde_json::from_slice(bytes) else { return };
            drop(read_json::model(&json, &serde_json::Value::Null));
        },
    );
}

#[test]
fn convert() {
    let corpus = files("fuzz/corpus/python", &[".py"]);
    fuzz(
        "convert",
        &corpus,
        |m| m.text(),
        |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            drop(python::convert(text));
        },
    );
}

#[cfg(feature = "keras")]
mod keras {
    use std::io::{Cursor, Read, Write};

    use lanthorn::exchange::keras::{KerasFile, read_json};
    use serde_json::Value;

    use super::super::mutate::Mutations;
    use super::super::{files, fuzz};

    fn read(bytes: &[u8]) {
        let Ok(file) = KerasFile::parse(bytes.to_vec()) else { return };
        drop((file.inspection(), file.in_order(), file.numbers()));
        drop(read_json::model(&file.model, &Value::Null));
    }

    #[test]
    fn hdf5() {
        let corpus = files("golden/io", &["regression.h5", "regression.weights.h5"]);
        fuzz("hdf5", &corpus, |m| m.bytes(), read);
    }

    #[test]
    fn archive() {
        let mut corpus = files("fuzz/corpus/keras", &[".keras"]);
        corpus.extend(files("golden/io", &["regression.keras"]));
        fuzz("archive", &corpus, changed, read);
    }

    /// An archive with a member changed and packed again; or with changes of its bytes.
    fn changed(mutations: &mut Mutations<'_>) -> Vec<u8> {
        let seed = mutations.seed();
        let mut bytes = seed.to_vec();
        mutations.change_bytes(&mut bytes);
        if bytes.first() == seed.first() && bytes.len().is_multiple_of(2) {
            return bytes;
        }
        let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(seed)) else { return bytes };
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        for index in 0..archive.len() {
            let Ok(mut member) = archive.by_index(index) else { return bytes };
            let (name, mut content) = (member.name().map(|name| name.to_string()), Vec::new());
            let Ok(name) = name else { return bytes };
            if member.read_to_end(&mut content).is_err() {
                return bytes;
            }
            if name.contains(".json") {
                mutations.change_text(&mut content);
            } else {
                mutations.change_bytes(&mut content);
            }
            if out.start_file(name, options).and_then(|()| Ok(out.write_all(&content)?)).is_err() {
                return bytes;
            }
        }
        out.finish().map_or(bytes, Cursor::into_inner)
    }
}
