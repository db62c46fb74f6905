//! scikit-learn's wrappers around a function that makes a model: scikeras's and Keras 2's.

use super::evaluate::{Argument, Given};
use super::fit;
use super::objects::CodeFit;
use super::reader::CodeReader;
use super::values::PyValue;

/// What `compile` takes, where scikeras does it.
const OF_COMPILE: [&str; 3] = ["optimizer", "loss", "metrics"];

/// `KerasClassifier(model=create, epochs=100)`: the model that the function makes, with its training.
pub(super) fn wrap(reader: &mut CodeReader, class: &str, given: &Given) -> PyValue {
    let makes = ["model", "build_fn"].iter().find_map(|name| given.named(name));
    let Some(makes) = makes.or(given.by_place.first().map(|argument| &argument.value)).cloned()
    else {
        reader.note(format!("`{class}` without a model is not carried"));
        return PyValue::Unknown;
    };
    let model = match &makes {
        PyValue::Function(closure) => {
            let names: Vec<String> = closure
                .function
                .parameters
                .iter()
                .map(|parameter| parameter.name.clone())
                .collect();
            let own = |key: &str| {
                let key = key.strip_prefix("model__").unwrap_or(key);
                names.iter().any(|name| name == key).then(|| key.to_string())
            };
            let by_name = given.by_name.iter();
            let by_name = by_name.filter_map(|(key, argument)| Some((own(key)?, argument.clone())));
            let given = Given { by_place: Vec::new(), by_name: by_name.collect() };
            reader.function(closure, None, &given)
        }
        PyValue::Class(_) => reader.call(makes.clone(), &Given::default()),
        other => other.clone(),
    };
    let PyValue::Model(index) = model else {
        reader.note(format!(
            "`{class}` is not carried: the model that it wraps could not be followed"
        ));
        return PyValue::Unknown;
    };
    reader.note(format!("`{class}` is not carried, only its model and how it is trained"));
    if reader.models[index].compile.is_none() {
        let of_compile = |key: &str| OF_COMPILE.contains(&key);
        let by_name = given.by_name.iter().filter(|(key, _)| of_compile(key)).cloned().collect();
        let compile = reader.compile(&Given { by_place: Vec::new(), by_name });
        reader.models[index].compile = Some(compile);
    }
    train(reader, index, given);
    PyValue::Wrapper(index)
}

/// A wrapper's method.
pub(super) fn method(reader: &mut CodeReader, model: usize, name: &str, given: &Given) -> PyValue {
    match name {
        "fit" => {
            let by_name = given.by_name.clone();
            train(reader, model, &Given { by_place: Vec::new(), by_name });
        }
        "predict" | "predict_proba" | "score" | "get_params" => {}
        _ => reader.note(format!("`{name}` of the model's wrapper is not carried")),
    }
    PyValue::Unknown
}

/// The `fit` section from a wrapper's arguments; later ones stand for earlier ones.
fn train(reader: &mut CodeReader, model: usize, given: &Given) {
    let by_name: Vec<(String, Argument)> = given
        .by_name
        .iter()
        .map(|(key, argument)| {
            (key.strip_prefix("fit__").unwrap_or(key).to_string(), argument.clone())
        })
        .filter(|(key, _)| fit::CARRIED.contains(&key.as_str()) || key == "nb_epoch")
        .collect();
    let added = fit::section(reader, "fit", &Given { by_place: Vec::new(), by_name });
    let line = reader.line;
    let fit = reader.models[model].fit.get_or_insert_with(|| CodeFit::at(line));
    fit.section.extend(added);
}
