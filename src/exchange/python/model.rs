//! Models: their layers, `compile`, `fit`, and what else is asked of them.

use serde_json::{Map, json};

use super::evaluate::Given;
use super::fit;
use super::objects::{CodeModel, Object};
use super::reader::CodeReader;
use super::values::PyValue;
use crate::exchange::signatures;

/// The most layers that a model may have.
const LAYERS: usize = 10_000;

impl CodeReader {
    /// `Sequential([…])`
    pub(super) fn sequential(&mut self, given: &Given) -> PyValue {
        let index = self.new_model(given);
        match given.get(0, "layers") {
            None | Some(PyValue::None) => {}
            Some(PyValue::List(items)) => {
                let text = given.by_place.first().map(|argument| argument.text.clone());
                for item in items.clone() {
                    self.add(index, &item, text.as_deref().unwrap_or("in its list"));
                }
            }
            Some(_) => self.note("the layers of `Sequential` are not a literal list"),
        }
        PyValue::Model(index)
    }

    /// `Model(inputs, outputs)`
    pub(super) fn functional(&mut self, given: &Given) -> PyValue {
        let outputs = given.named("outputs").or_else(|| given.named("output"));
        let outputs = match outputs.or_else(|| given.by_place.get(1).map(|a| &a.value)) {
            Some(PyValue::List(items)) if items.len() == 1 => items[0].clone(),
            Some(other) => other.clone(),
            None => return PyValue::Unknown,
        };
        let PyValue::Tensor(layers) = outputs else {
            self.note("the model is not a literal chain of layers");
            return PyValue::Unknown;
        };
        let index = self.new_model(given);
        self.models[index].layers = layers;
        PyValue::Model(index)
    }

    fn new_model(&mut self, given: &Given) -> usize {
        let name = match given.named("name") {
            Some(PyValue::Text(name)) => Some(name.clone()),
            _ => None,
        };
        self.changes += 1;
        self.models.push(CodeModel { line: self.line, name, ..CodeModel::default() });
        self.models.len() - 1
    }

    /// The model that an instance of a class of the code is: its `call`, followed.
    pub(super) fn model_of(&mut self, index: usize, asked: &str) -> Option<usize> {
        if let Some(model) = self.instances[index].model {
            return Some(model);
        }
        let is_model =
            |base: &String| matches!(base.as_str(), "Model" | "Sequential" | "Functional");
        if !self.instances[index].class.bases.iter().any(is_model) {
            return None;
        }
        if asked.starts_with("__") {
            return None;
        }
        let instance = PyValue::Instance(index);
        let closure = self.own_method(&instance, "call")?;
        let input =
            super::evaluate::Argument { value: PyValue::Tensor(Vec::new()), text: String::new() };
        let given = Given { by_place: vec![input], ..Given::default() };
        let PyValue::Tensor(layers) = self.function(&closure, Some(instance), &given) else {
            self.note(format!(
                "`{}` is not a literal chain of layers",
                self.instances[index].class.name
            ));
            return None;
        };
        let model = self.new_model(&Given::default());
        self.models[model].layers = layers;
        self.instances[index].model = Some(model);
        Some(model)
    }

    pub(super) fn is_input(&self, layer: usize) -> bool {
        self.objects[layer].class.name == "InputLayer"
    }

    pub(super) fn without_inputs(&self, layers: &[usize]) -> Vec<usize> {
        layers.iter().copied().filter(|layer| !self.is_input(*layer)).collect()
    }

    /// The layers of a model that stands in another one.
    pub(super) fn inside(&mut self, index: usize) -> Vec<usize> {
        self.models[index].is_inside = true;
        self.without_inputs(&self.models[index].layers)
    }

    /// The line of the `fit` of a model that this is part of.
    pub(super) fn trained_with(&self, object: usize) -> Option<usize> {
        let holds = |model: &&CodeModel| {
            model.layers.contains(&object)
                || matches!(model.compiled("optimizer"), Some(PyValue::Object(own)) if *own == object)
        };
        self.models.iter().filter(holds).find_map(|model| Some(model.fit.as_ref()?.line))
    }

    fn add(&mut self, index: usize, layer: &PyValue, text: &str) {
        self.changes += 1;
        self.steps += self.models[index].layers.len() / 16;
        let layers = match layer {
            PyValue::Model(inner) => self.inside(*inner),
            PyValue::Instance(inner) => match self.model_of(*inner, "call") {
                Some(inner) => self.inside(inner),
                None => Vec::new(),
            },
            PyValue::Object(layer) if self.is_layer(*layer) => vec![*layer],
            PyValue::Tensor(input) if input.len() == 1 => input.clone(), // keras.Input(…)
            _ => Vec::new(),
        };
        let count = self.without_inputs(&self.models[index].layers).len();
        if layers.is_empty() {
            let what = match layer {
                PyValue::Made(maker) => format!("`{maker}(…)`"),
                PyValue::Instance(inner) => format!("`{}(…)`", self.instances[*inner].class.name),
                _ => text.to_string(),
            };
            let message =
                format!("the layer {what} is not carried: it is not known, or not literal");
            self.note_layer(index, count, message);
            return;
        }
        let own = &self.models[index].layers;
        if let Some(again) = layers.iter().find(|layer| own.contains(layer)) {
            let class = self.objects[*again].class.name;
            let message =
                format!("the same `{class}` stands twice: here each has weights of its own");
            self.note_layer(index, count, message);
        }
        if self.models[index].layers.len() + layers.len() > LAYERS {
            self.note(format!("more than {LAYERS} layers are not carried"));
            return;
        }
        self.models[index].layers.extend(layers);
    }

    fn is_layer(&self, object: usize) -> bool {
        self.objects[object].class.module == signatures::LAYERS.path
    }

    pub(super) fn model_method(&mut self, index: usize, name: &str, given: &Given) -> PyValue {
        let trained = self.models[index].fit.as_ref().map(|fit| fit.line);
        match (name, trained) {
            ("add" | "pop" | "compile", Some(line)) => self.note(format!(
                "`{name}` is not carried: it comes after the `fit` of line {line}, and a \
                 configuration trains once"
            )),
            ("add", None) => {
                let first = given.by_place.first();
                let text = first.map_or("it", |argument| &argument.text);
                match given.get(0, "layer").cloned() {
                    Some(layer) => self.add(index, &layer, text),
                    None => self.note("`add` without a layer"),
                }
            }
            ("pop", None) => {
                self.changes += 1;
                return self.models[index].layers.pop().map_or(PyValue::Unknown, PyValue::Object);
            }
            ("compile", None) => {
                self.changes += 1;
                let compile = self.compile(given);
                self.models[index].compile = Some(compile);
                self.models[index].compile_line = self.line;
            }
            ("fit" | "fit_generator", _) => fit::fit(self, index, name, given),
            ("build", _) => {
                if let Some(shape) = given.get(0, "input_shape").cloned() {
                    self.models[index].built = Some(shape);
                }
            }
            ("get_layer", _) => return self.get_layer(index, given),
            ("load_weights", _) => {
                let file = match given.get(0, "filepath") {
                    Some(PyValue::Text(file)) => format!("`load_weights('{file}')`"),
                    _ => "`load_weights`".into(),
                };
                self.note(format!(
                    "{file} is not carried: `lanthorn import FILE --config CONFIG` makes a model of \
                     the weights, and `lanthorn train --init-weights` starts from it"
                ));
            }
            (
                "summary" | "evaluate" | "predict" | "predict_classes" | "predict_proba" | "save"
                | "save_weights" | "to_json" | "to_yaml" | "get_config" | "get_weights"
                | "evaluate_generator" | "predict_generator" | "predict_on_batch" | "test_on_batch"
                | "reset_states" | "reset_metrics" | "export" | "count_params",
                _,
            ) => {} // nothing of the model changes
            _ => self.note(format!("`{name}` of the model is not carried")),
        }
        match name {
            "fit" | "fit_generator" => PyValue::Made("fit".into()),
            _ => PyValue::Unknown,
        }
    }

    fn get_layer(&mut self, index: usize, given: &Given) -> PyValue {
        let layers = self.without_inputs(&self.models[index].layers);
        let by_name = given.by_place.first().map(|argument| &argument.value);
        let found = match (given.named("name").or(by_name), given.get(1, "index")) {
            (Some(PyValue::Text(name)), _) => {
                let name = name.clone();
                self.named_layer(&layers, &name)
            }
            (_, Some(PyValue::Int(at))) => {
                usize::try_from(*at).ok().and_then(|at| layers.get(at).copied())
            }
            _ => None,
        };
        if found.is_none() {
            self.note("`get_layer`: the layer was not found");
        }
        found.map_or(PyValue::Unknown, PyValue::Object)
    }

    /// The layer of this name, given or automatic.
    fn named_layer(&self, layers: &[usize], name: &str) -> Option<usize> {
        let given = |layer: &usize| match self.objects[*layer].get("name") {
            Some(PyValue::Text(given)) => Some(given.clone()),
            _ => None,
        };
        let classes = layers.iter().map(|layer| self.objects[*layer].class.name);
        let automatic = super::super::portable::file_keys(classes);
        let own = layers
            .iter()
            .zip(automatic)
            .map(|(layer, automatic)| (*layer, given(layer).unwrap_or(automatic)));
        own.into_iter().find(|(_, own)| own == name).map(|(layer, _)| layer)
    }

    /// The arguments of `compile`, those that are literal.
    pub(super) fn compile(&mut self, given: &Given) -> Vec<(String, PyValue)> {
        const ORDER: [&str; 5] =
            ["optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"];
        const HOW_KERAS_RUNS_IT: [&str; 4] =
            ["run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"];
        let mut compile: Vec<(String, PyValue)> = Vec::new();
        for (key, argument) in given.under(&ORDER) {
            if HOW_KERAS_RUNS_IT.contains(&key) {
                continue;
            }
            if !ORDER.contains(&key) {
                let key = if key.is_empty() { "**" } else { key };
                self.note(format!("`{key}` of `compile` is not carried"));
                continue;
            }
            let value = match (key, &argument.value) {
                ("metrics" | "weighted_metrics" | "loss_weights", PyValue::List(items)) => {
                    let is_literal = |item: &&PyValue| self.json(item).is_some();
                    let kept: Vec<PyValue> = items.iter().filter(is_literal).cloned().collect();
                    if kept.len() < items.len() {
                        self.note(format!("`{key}` of `compile`: not all of it is literal"));
                    }
                    PyValue::List(kept)
                }
                ("optimizer", PyValue::Text(name)) => self.optimizer(name),
                (_, value) if self.json(value).is_some() => value.clone(),
                _ => {
                    self.note(format!("`{key}` of `compile` is not literal: {}", argument.text));
                    continue;
                }
            };
            // Keras 2 had the metrics third
            let is_text = |value: &PyValue| match value {
                PyValue::List(items) => items.iter().any(|item| matches!(item, PyValue::Text(_))),
                _ => false,
            };
            let key = if key == "loss_weights" && is_text(&value) { "metrics" } else { key };
            compile.push((key.to_string(), value));
        }
        if !compile.iter().any(|(key, _)| key == "optimizer") {
            compile.push(("optimizer".into(), PyValue::Text("rmsprop".into())));
        }
        compile
    }

    /// An optimizer by its name, so that its learning rate can be set.
    fn optimizer(&mut self, name: &str) -> PyValue {
        let Some(class) = signatures::OPTIMIZERS.find(name) else {
            return PyValue::Text(name.to_string());
        };
        self.objects.push(Object { class, config: Vec::new() });
        PyValue::Object(self.objects.len() - 1)
    }

    /// A model's JSON, as Keras writes it.
    pub(super) fn model_json(&mut self, model: &CodeModel) -> serde_json::Value {
        let mut layers: Vec<serde_json::Value> = Vec::new();
        let mut lost = Vec::new();
        for layer in &model.layers {
            match self.json(&PyValue::Object(*layer)) {
                Some(layer) => layers.push(layer),
                None => lost.push(self.objects[*layer].class.name),
            }
        }
        for class in lost {
            self.note_at(model.line, format!("a `{class}` is not carried: it is not literal"));
        }
        let mut config = Map::from_iter([("layers".to_string(), json!(layers))]);
        if let Some(name) = &model.name {
            config.insert("name".into(), json!(name));
        }
        if let Some(shape) = model.built.as_ref().and_then(|shape| self.json(shape)) {
            config.insert("build_input_shape".into(), shape);
        }
        json!({ "class_name": "Sequential", "config": config })
    }

    /// The arguments of a model's `compile` as JSON, where it is compiled.
    pub(super) fn compile_json(&self, model: &CodeModel) -> Option<serde_json::Value> {
        let arguments = model.compile.as_ref()?.iter();
        let json = arguments.filter_map(|(key, value)| Some((key.clone(), self.json(value)?)));
        Some(serde_json::Value::Object(json.collect()))
    }
}
