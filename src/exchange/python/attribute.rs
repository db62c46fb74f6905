//! Attributes, read and set: `trainable` and a learning rate are carried, others noted.

use super::objects::Object;
use super::reader::CodeReader;
use super::values::PyValue;
use crate::exchange::signatures;

impl CodeReader {
    pub(super) fn attribute(&mut self, owner: &PyValue, name: &str) -> PyValue {
        match owner {
            // nothing that is known has a longer name
            PyValue::Path(path) if path.len() >= 32 => PyValue::Unknown,
            PyValue::Path(path) => {
                let mut path = path.clone();
                path.push(name.to_string());
                PyValue::Path(path)
            }
            PyValue::Model(index) => {
                let model = &self.models[*index];
                match name {
                    "layers" => PyValue::List(
                        self.without_inputs(&model.layers)
                            .into_iter()
                            .map(PyValue::Object)
                            .collect(),
                    ),
                    "optimizer" => model.compiled("optimizer").cloned().unwrap_or(PyValue::Unknown),
                    "loss" => model.compiled("loss").cloned().unwrap_or(PyValue::Unknown),
                    "input" | "inputs" => {
                        let inputs = model.layers.iter().copied();
                        PyValue::Tensor(inputs.filter(|layer| self.is_input(*layer)).collect())
                    }
                    "output" | "outputs" => PyValue::Tensor(model.layers.clone()),
                    "name" | "_name" => model.name.clone().map_or(PyValue::Unknown, PyValue::Text),
                    _ => PyValue::Unknown,
                }
            }
            PyValue::Object(index) => {
                let object = &self.objects[*index];
                let name = if name == "lr" { "learning_rate" } else { name };
                match (name, object.get(name)) {
                    (_, Some(value)) => value.clone(),
                    ("trainable", None) => PyValue::Bool(true),
                    // the layers before it aren't known from here
                    _ => PyValue::Unknown,
                }
            }
            PyValue::Instance(index) => {
                let own = self.instances[*index].attributes.get(name).cloned();
                match (own, name) {
                    (Some(value), _) => value,
                    (None, "layers" | "optimizer") => match self.model_of(*index, name) {
                        Some(model) => self.attribute(&PyValue::Model(model), name),
                        None => PyValue::Unknown,
                    },
                    (None, _) => PyValue::Unknown,
                }
            }
            _ => PyValue::Unknown,
        }
    }

    /// `owner.name = value`
    pub(super) fn set_attribute(&mut self, owner: &PyValue, name: &str, value: PyValue) {
        match owner {
            PyValue::Model(index) => self.set_of_model(*index, name, value),
            PyValue::Object(index) => self.set_of_object(*index, name, value),
            PyValue::Instance(index) => match name {
                "trainable" => {
                    if let Some(model) = self.model_of(*index, name) {
                        self.set_of_model(model, name, value);
                    }
                }
                _ => {
                    self.instances[*index].attributes.insert(name.to_string(), value);
                }
            },
            PyValue::Wrapper(_) => self.note(format!("setting `{name}` of a model is not carried")),
            PyValue::List(_) if name == "trainable" => self.note(
                "`trainable` of a list has no effect, in Keras neither: set it on each layer",
            ),
            PyValue::Unknown | PyValue::Made(_)
                if matches!(name, "trainable" | "learning_rate" | "lr") =>
            {
                self.note(format!(
                    "setting `{name}` is not carried: what it is set on is not known"
                ));
            }
            _ => {}
        }
    }

    fn set_of_model(&mut self, index: usize, name: &str, value: PyValue) {
        match (name, &value) {
            ("trainable", PyValue::Bool(_)) => {
                for layer in self.models[index].layers.clone() {
                    self.set_of_object(layer, name, value.clone());
                }
            }
            ("name" | "_name", PyValue::Text(text)) => {
                self.models[index].name = Some(text.clone());
            }
            ("optimizer" | "loss", value) if self.json(value).is_some() => {
                self.note(format!(
                    "setting `{name}` of a model is not carried, in Keras it takes effect through \
                     `compile` only"
                ));
            }
            _ => self.note(format!("setting `{name}` of a model is not carried")),
        }
    }

    fn set_of_object(&mut self, index: usize, name: &str, value: PyValue) {
        let object: &Object = &self.objects[index];
        let is_layer = object.class.module == signatures::LAYERS.path;
        let is_optimizer = object.class.module == signatures::OPTIMIZERS.path;
        let class = object.class.name;
        if let Some(line) = self.trained_with(index) {
            self.note(format!(
                "setting `{name}` of a `{class}` is not carried: it comes after the `fit` of line \
                 {line}, and a configuration trains once"
            ));
            return;
        }
        let is_literal = self.json(&value).is_some();
        match name {
            "trainable" if is_layer && matches!(value, PyValue::Bool(_)) => {
                self.changes += 1;
                self.objects[index].set(name, value);
            }
            "learning_rate" | "lr" if is_optimizer && is_literal => {
                self.changes += 1;
                self.objects[index].set("learning_rate", value);
            }
            "trainable" | "learning_rate" | "lr" => self
                .note(format!("setting `{name}` of a `{class}` is not carried: it is not literal")),
            _ => self.note(format!("setting `{name}` of a `{class}` is not carried")),
        }
    }
}
