//! Methods: of lists, of texts, of Keras's objects, of instances.

#![warn(clippy::arithmetic_side_effects)] // of numbers that the code names

use super::evaluate::{Given, items_of};
use super::expression::Expression;
use super::images::generator_method;
use super::reader::CodeReader;
use super::values::PyValue;

impl CodeReader {
    /// `owner.name(…)`; `place` is how the owner is written.
    pub(super) fn method(
        &mut self,
        owner: PyValue,
        name: &str,
        given: &Given,
        place: &Expression,
    ) -> PyValue {
        if let ("assign", Some(value)) = (name, given.by_place.first()) {
            self.assign(place, value.value.clone()); // `model.optimizer.learning_rate.assign(0.01)`
            return PyValue::None;
        }
        match &owner {
            PyValue::Model(model) => return self.model_method(*model, name, given),
            PyValue::Wrapper(model) => return super::wrapper::method(self, *model, name, given),
            PyValue::Generator(index) => return generator_method(*index, name, given),
            PyValue::Object(index) => return self.object_method(*index, name, given, place),
            PyValue::Instance(index) => {
                if let Some(closure) = self.own_method(&owner, name) {
                    return self.function(&closure, Some(owner), given);
                }
                if let Some(called) = self.instances[*index].attributes.get(name).cloned() {
                    return self.call(called, given);
                }
                if let Some(model) = self.model_of(*index, name) {
                    return self.model_method(model, name, given);
                }
            }
            PyValue::List(items) => {
                if let Some((changed, value)) = self.list_method(items.clone(), name, given) {
                    self.assign(place, PyValue::List(changed).limited());
                    return value;
                }
            }
            PyValue::Dict(entries) => return self.dict_method(entries.clone(), name, given, place),
            PyValue::Text(text) => {
                return match name {
                    "lower" => PyValue::Text(text.to_lowercase()),
                    "upper" => PyValue::Text(text.to_uppercase()),
                    _ => PyValue::Unknown,
                };
            }
            _ => {}
        }
        self.unknown_method(&owner, name, given, place)
    }

    /// A method of something that isn't known: training it, or giving it a model, is told.
    fn unknown_method(
        &mut self,
        owner: &PyValue,
        name: &str,
        given: &Given,
        place: &Expression,
    ) -> PyValue {
        const PREPARES_DATA: [&str; 9] = [
            "Scaler",
            "Encoder",
            "Binarizer",
            "Transformer",
            "Imputer",
            "Vectorizer",
            "Tokenizer",
            "PCA",
            "Normalizer",
        ];
        let maker = match owner {
            PyValue::Made(maker) => maker.as_str(),
            _ => "",
        };
        let is_about_data = PREPARES_DATA.iter().any(|ending| maker.ends_with(ending));
        match name {
            "fit" | "fit_transform" if is_about_data => self.note(format!(
                "{} prepares the data and is not carried: write it as `scale` or `encode` at the \
                 features under `data`",
                place.describe()
            )),
            "compile" | "fit" | "fit_generator" | "load_weights" => {
                self.note(format!(
                    "`{name}` is not carried: what {} is could not be followed",
                    place.describe()
                ));
            }
            _ if given.all().any(|argument| argument.value.holds_model()) => self.note(format!(
                "`{name}` of {} with a model or a layer's output is not carried",
                place.describe()
            )),
            _ => {}
        }
        PyValue::Unknown
    }

    /// A method of a layer, an optimizer, …
    fn object_method(
        &mut self,
        index: usize,
        name: &str,
        given: &Given,
        place: &Expression,
    ) -> PyValue {
        let class = self.objects[index].class.name;
        match name {
            "adapt" => self.note(format!(
                "`adapt` of {} is not carried: leave the layer out and write `scale: standard` at \
                 the features under `data`, or give the layer its `mean` and `variance`",
                place.describe()
            )),
            "build" | "get_config" | "get_weights" | "count_params" | "compute_output_shape" => {}
            _ => self.note(format!("`{name}` of a `{class}` is not carried")),
        }
        if given.all().any(|argument| matches!(argument.value, PyValue::Tensor(_))) {
            self.note(format!("`{name}` of a `{class}` over a tensor is not carried"));
        }
        PyValue::Unknown
    }

    /// What a list's method leaves and gives; None where it isn't known.
    fn list_method(
        &mut self,
        mut items: Vec<PyValue>,
        name: &str,
        given: &Given,
    ) -> Option<(Vec<PyValue>, PyValue)> {
        let first = given.by_place.first().map(|argument| argument.value.clone());
        let mut result = PyValue::None;
        match (name, first) {
            ("append", Some(value)) => items.push(value),
            ("extend", Some(value)) => items.extend(items_of(&value)?),
            ("insert", Some(PyValue::Int(at))) => {
                let at = if at < 0 { at.saturating_add(items.len() as i64) } else { at };
                let at = usize::try_from(at.max(0)).unwrap_or(0).min(items.len());
                items.insert(at, given.get(1, "object")?.clone());
            }
            ("pop", None) => result = items.pop()?,
            ("reverse", None) => items.reverse(),
            ("copy", None) => result = PyValue::List(items.clone()),
            ("index", Some(value)) => {
                let at = items.iter().position(|item| item.equals(&value) == Some(true))?;
                result = PyValue::Int(at as i64);
            }
            _ => return None,
        }
        let changes = usize::from(matches!(name, "append" | "extend" | "insert"));
        self.changes = self.changes.saturating_add(changes);
        Some((items, result))
    }

    fn dict_method(
        &mut self,
        entries: Vec<(PyValue, PyValue)>,
        name: &str,
        given: &Given,
        place: &Expression,
    ) -> PyValue {
        match name {
            "items" => PyValue::List(
                entries.into_iter().map(|(key, value)| PyValue::List(vec![key, value])).collect(),
            ),
            "keys" => PyValue::List(entries.into_iter().map(|(key, _)| key).collect()),
            "values" => PyValue::List(entries.into_iter().map(|(_, value)| value).collect()),
            "copy" => PyValue::Dict(entries),
            "get" => match given.get(0, "key") {
                Some(wanted) => {
                    let found = entries.iter().find(|(key, _)| key.equals(wanted) == Some(true));
                    let otherwise = given.get(1, "default").cloned().unwrap_or(PyValue::None);
                    found.map_or(otherwise, |(_, value)| value.clone())
                }
                None => PyValue::Unknown,
            },
            "update" => {
                let mut added = match given.by_place.first().map(|argument| &argument.value) {
                    Some(PyValue::Dict(added)) => added.clone(),
                    Some(_) => {
                        self.assign(place, PyValue::Unknown);
                        return PyValue::None;
                    }
                    None => Vec::new(),
                };
                let by_name = given.by_name.iter();
                added.extend(
                    by_name.map(|(key, argument)| {
                        (PyValue::Text(key.clone()), argument.value.clone())
                    }),
                );
                let whole =
                    added.into_iter().try_fold(PyValue::Dict(entries), |whole, (key, value)| {
                        super::arithmetic::with_item(whole, &key, value)
                    });
                self.assign(place, whole.unwrap_or(PyValue::Unknown).limited());
                PyValue::None
            }
            _ => PyValue::Unknown,
        }
    }
}
