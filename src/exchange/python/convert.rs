//! From statements to Keras's JSON, and from there to a configuration.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::expression::Expression;
use super::token::{Token, lines};
use super::values::{class_of, describe};
use super::{Code, Note, fit};
use crate::exchange::keras::read_json;
use crate::exchange::signatures::{self, Class};

/// Reads literal Keras code. The error says that no model was found, or what it can't be.
pub fn convert(code: &str) -> Result<Code, String> {
    let mut reader = Reader::default();
    for line in lines(code) {
        reader.line = line.number;
        reader.statement(&line);
    }
    let Some(index) = reader.chosen() else {
        return Err("no `Sequential([...])` and no `Model(inputs, outputs)` was found".into());
    };
    let Reader { mut models, mut notes, .. } = reader;
    let count = models.iter().filter(|model| !model.is_inside).count();
    if count > 1 {
        let message = format!("the code makes {count} models: one of them is here");
        notes.push(Note { line: 0, message, layer: None });
    }
    let model = models.swap_remove(index);
    let mut config = Map::from_iter([("layers".to_string(), Value::Array(model.layers))]);
    if let Some(name) = model.name {
        config.insert("name".into(), json!(name));
    }
    let keras = json!({
        "class_name": "Sequential", "config": config, "compile_config": model.compile,
    });
    let converted = read_json::model(&keras, &Value::Null)?;
    let messages = converted.notes.into_iter();
    notes.extend(messages.map(|message| Note { line: 0, message, layer: None }));
    let mut sections = Map::from_iter([("model".to_string(), converted.model)]);
    if !converted.compile.is_null() {
        sections.insert("compile".into(), converted.compile);
    }
    if !model.fit.is_empty() {
        sections.insert("fit".into(), Value::Object(model.fit));
    }
    Ok(Code { config: Value::Object(sections), notes })
}

#[derive(Default)]
pub(super) struct Reader {
    pub(super) line: usize,
    pub(super) notes: Vec<Note>,
    /// Imported names: `L` → keras.layers.
    pub(super) aliases: BTreeMap<String, Vec<String>>,
    /// Names bound to literals.
    pub(super) literals: BTreeMap<String, Vec<Token>>,
    pub(super) objects: BTreeMap<String, Object>,
    models: Vec<Model>,
}

#[derive(Default)]
struct Model {
    name: Option<String>,
    layers: Vec<Value>,
    compile: Value,
    fit: Map<String, Value>,
    /// True where its layers stand in another model.
    is_inside: bool,
}

/// What a name may be bound to, beside literals.
#[derive(Clone)]
pub(super) enum Object {
    /// One of Keras's objects, as its JSON.
    Keras(Value),
    /// The layers that a tensor has come through.
    Tensor(Vec<Value>),
    /// A model, by number.
    Model(usize),
    /// A list whose items aren't all literal.
    List(Vec<Expression>),
}

pub(super) type Arguments = [(String, Expression)];

impl Reader {
    /// The model that the code is about: the last that was compiled or fitted, or the last.
    fn chosen(&self) -> Option<usize> {
        let used = |model: &Model| !model.compile.is_null() || !model.fit.is_empty();
        let whole = |model: &Model| !model.is_inside;
        let models = || self.models.iter();
        models()
            .rposition(used)
            .or_else(|| models().rposition(whole))
            .or(models().rposition(|_| true))
    }

    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.notes.push(Note { line: self.line, message: message.into(), layer: None });
    }

    pub(super) fn evaluate(&mut self, expression: &Expression) -> Option<Object> {
        match expression {
            Expression::Path(path) => match path.as_slice() {
                [name] => self.objects.get(name).cloned(),
                _ => None,
            },
            Expression::Call(function, args, named) => match function.as_ref() {
                Expression::Path(path) => self.call(path, args, named),
                Expression::Call(..) => {
                    let Object::Keras(layer) = self.evaluate(function)? else { return None };
                    self.apply(vec![layer], args)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A layer, or a model, called on a tensor: the functional API.
    fn apply(&mut self, layers: Vec<Value>, args: &[Expression]) -> Option<Object> {
        match args {
            [one] => match self.evaluate(one)? {
                Object::Tensor(mut chain) => {
                    chain.extend(layers);
                    Some(Object::Tensor(chain))
                }
                _ => None,
            },
            _ => {
                self.note(
                    "a layer with several inputs is not carried: a model is a chain of layers here",
                );
                None
            }
        }
    }

    fn call(&mut self, path: &[String], args: &[Expression], named: &Arguments) -> Option<Object> {
        if let [name, method] = path {
            match self.objects.get(name) {
                Some(Object::Model(index)) => {
                    self.method(*index, method, args, named);
                    return None;
                }
                Some(_) => return None,
                None => {}
            }
        }
        if let [name] = path {
            match self.objects.get(name).cloned() {
                Some(Object::Keras(layer)) => return self.apply(vec![layer], args),
                Some(Object::Model(index)) => {
                    let layers = self.inside(index);
                    return self.apply(layers, args);
                }
                _ => {}
            }
        }
        let full = self.resolve(path);
        match full.last().map(String::as_str)? {
            "Sequential" => {
                let mut model = Model { name: text_of(named, "name"), ..Model::default() };
                match args.first().or_else(|| find(named, "layers")) {
                    None | Some(Expression::None) => {}
                    Some(layers) => match self.items(layers) {
                        Some(items) => items.iter().for_each(|item| self.add(&mut model, item)),
                        None => self.note("the layers of `Sequential` are not a literal list"),
                    },
                }
                self.models.push(model);
                Some(Object::Model(self.models.len() - 1))
            }
            "Model" | "Functional" => {
                let outputs = find(named, "outputs").or_else(|| args.get(1))?;
                let outputs = match outputs {
                    Expression::List(items) if items.len() == 1 => &items[0],
                    other => other,
                };
                let Some(Object::Tensor(layers)) = self.evaluate(outputs) else {
                    self.note("the model is not a literal chain of layers");
                    return None;
                };
                let name = text_of(named, "name");
                self.models.push(Model { name, layers, ..Model::default() });
                Some(Object::Model(self.models.len() - 1))
            }
            "Input" => {
                let class = Class::input();
                let input = self.object(class, args, named);
                Some(Object::Tensor(vec![input]))
            }
            _ => {
                let class = class_of(&full)?;
                Some(Object::Keras(self.object(class, args, named)))
            }
        }
    }

    /// The items of a list, or of a name bound to one.
    pub(super) fn items(&self, expression: &Expression) -> Option<Vec<Expression>> {
        match expression {
            Expression::List(items) => Some(items.clone()),
            Expression::Path(path) => match self.objects.get(path.first()?) {
                Some(Object::List(items)) if path.len() == 1 => Some(items.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The layers of a model that stands in another one.
    fn inside(&mut self, index: usize) -> Vec<Value> {
        let model = &mut self.models[index];
        model.is_inside = true;
        let is_input = |layer: &&Value| layer["class_name"] == "InputLayer";
        model.layers.iter().filter(|layer| !is_input(layer)).cloned().collect()
    }

    fn add(&mut self, model: &mut Model, expression: &Expression) {
        let layer = match self.evaluate(expression) {
            Some(Object::Model(index)) => {
                let layers = self.inside(index);
                return model.layers.extend(layers);
            }
            Some(Object::Keras(layer)) => Some(layer),
            Some(Object::Tensor(mut input)) if input.len() == 1 => input.pop(), // keras.Input(…)
            _ => None,
        };
        match layer {
            Some(layer) if is_layer(&layer) => model.layers.push(layer),
            _ => {
                let what = describe(expression);
                let message =
                    format!("the layer {what} is not carried: it is not known, or not literal");
                let count = model.layers.iter().filter(|l| l["class_name"] != "InputLayer").count();
                self.notes.push(Note { line: self.line, message, layer: Some(count) });
            }
        }
    }

    fn method(&mut self, index: usize, method: &str, args: &[Expression], named: &Arguments) {
        match method {
            "add" => {
                let mut model = std::mem::take(&mut self.models[index]);
                if let Some(layer) = args.first().or_else(|| find(named, "layer")) {
                    self.add(&mut model, layer);
                }
                self.models[index] = model;
            }
            "pop" => drop(self.models[index].layers.pop()),
            "compile" => self.models[index].compile = self.compile(args, named),
            "fit" => {
                let section = fit::section(self, args, named);
                self.models[index].fit = section;
            }
            _ => {} // summary, evaluate, predict, save: nothing to carry
        }
    }

    fn compile(&mut self, args: &[Expression], named: &Arguments) -> Value {
        const ORDER: [&str; 5] =
            ["optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"];
        let mut config = Map::new();
        let by_place = ORDER.iter().map(ToString::to_string).zip(args.iter().cloned());
        for (key, expression) in by_place.chain(named.iter().cloned()) {
            if !ORDER.contains(&key.as_str()) {
                continue; // how Keras runs it, not what it computes
            }
            match self.value(&expression) {
                // Keras 2 had the metrics third
                Some(Value::Array(names))
                    if key == "loss_weights" && names.iter().any(Value::is_string) =>
                {
                    config.insert("metrics".into(), Value::Array(names));
                }
                Some(value) => drop(config.insert(key, value)),
                None => self.note(format!(
                    "`{key}` of `compile` is not literal: {}",
                    describe(&expression)
                )),
            }
        }
        if !config.contains_key("optimizer") {
            config.insert("optimizer".into(), json!("rmsprop"));
        }
        Value::Object(config)
    }
}

fn is_layer(value: &Value) -> bool {
    value["module"] == signatures::LAYERS.path
}

pub(super) fn find<'a>(named: &'a Arguments, name: &str) -> Option<&'a Expression> {
    named.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn text_of(named: &Arguments, name: &str) -> Option<String> {
    match find(named, name)? {
        Expression::Text(text) => Some(text.clone()),
        _ => None,
    }
}
