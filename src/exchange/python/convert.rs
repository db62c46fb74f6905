//! From statements to Keras's JSON, and from there to a configuration.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::expression::{Expression, parse};
use super::token::{Line, Token, lines};
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
    if models.len() > 1 {
        let message = format!("the code makes {} models: one of them is here", models.len());
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
    literals: BTreeMap<String, Vec<Token>>,
    pub(super) objects: BTreeMap<String, Object>,
    models: Vec<Model>,
}

#[derive(Default)]
struct Model {
    name: Option<String>,
    layers: Vec<Value>,
    compile: Value,
    fit: Map<String, Value>,
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
}

pub(super) type Arguments = [(String, Expression)];

impl Reader {
    /// The model that the code is about: the last that was compiled or fitted, or the last.
    fn chosen(&self) -> Option<usize> {
        let used = |model: &Model| !model.compile.is_null() || !model.fit.is_empty();
        self.models.iter().rposition(used).or_else(|| self.models.len().checked_sub(1))
    }

    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.notes.push(Note { line: self.line, message: message.into(), layer: None });
    }

    fn statement(&mut self, line: &Line) {
        let tokens = line.tokens.as_slice();
        match tokens {
            [Token::Name(word), rest @ ..] if word == "import" => self.import(&[], rest),
            [Token::Name(word), rest @ ..] if word == "from" => {
                let split = rest.iter().position(|token| *token == Token::Name("import".into()));
                if let Some(split) = split {
                    self.import(&dotted(&rest[..split]), &rest[split + 1..]);
                }
            }
            [Token::Name(word), ..] if matches!(word.as_str(), "for" | "while") => {
                self.note(format!("a `{word}` loop: its body is read once"));
            }
            [Token::Name(word), ..]
                if matches!(
                    word.as_str(),
                    "def"
                        | "class"
                        | "if"
                        | "elif"
                        | "else"
                        | "try"
                        | "except"
                        | "with"
                        | "assert"
                        | "del"
                        | "raise"
                        | "pass"
                        | "global"
                        | "print"
                ) => {}
            [Token::Name(word), rest @ ..] if word == "return" => {
                if let Some(expression) = self.parse(rest) {
                    self.evaluate(&expression);
                }
            }
            [Token::Name(name), Token::Sign("="), rest @ ..] => self.assign(name, rest),
            _ => {
                if let Some(expression) = self.parse(tokens) {
                    self.evaluate(&expression);
                }
            }
        }
    }

    /// `from MODULE import a as b, c`, or `import a.b as c` where `module` is empty.
    fn import(&mut self, module: &[String], tokens: &[Token]) {
        for part in tokens.split(|token| *token == Token::Sign(",")) {
            let part: Vec<Token> = part
                .iter()
                .filter(|token| !matches!(token, Token::Sign("(" | ")")))
                .cloned()
                .collect();
            let split = part.iter().position(|token| *token == Token::Name("as".into()));
            let (names, alias) = match split {
                Some(at) => (dotted(&part[..at]), dotted(&part[at + 1..])),
                None => (dotted(&part), Vec::new()),
            };
            let Some(last) = alias.last().or(names.last()).cloned() else { continue };
            let path: Vec<String> = module.iter().chain(&names).cloned().collect();
            if !module.is_empty() || !alias.is_empty() {
                self.aliases.insert(last, path);
            }
        }
    }

    fn assign(&mut self, name: &str, tokens: &[Token]) {
        let tokens = self.with_literals(tokens);
        let Some(expression) = parse(&tokens) else { return };
        let object = self.evaluate(&expression); // first: `x = layer(x)`
        self.literals.remove(name);
        self.objects.remove(name);
        if is_literal(&expression) {
            // in brackets, so that `a = 1 + 2` in `2 * a` is one thing
            let mut bound = vec![Token::Sign("(")];
            bound.extend(tokens);
            bound.push(Token::Sign(")"));
            if bound.len() <= 4096 {
                self.literals.insert(name.to_string(), bound);
            }
        } else if let Some(object) = object {
            self.objects.insert(name.to_string(), object);
        }
    }

    fn parse(&self, tokens: &[Token]) -> Option<Expression> {
        parse(&self.with_literals(tokens))
    }

    /// The tokens with literals in the place of names bound to them.
    fn with_literals(&self, tokens: &[Token]) -> Vec<Token> {
        let mut result = Vec::with_capacity(tokens.len());
        for (i, token) in tokens.iter().enumerate() {
            let after_dot = i > 0 && tokens[i - 1] == Token::Sign(".");
            let is_key = tokens.get(i + 1) == Some(&Token::Sign("="));
            match token {
                Token::Name(name) if !after_dot && !is_key => match self.literals.get(name) {
                    Some(literal) if result.len() < 100_000 => result.extend_from_slice(literal),
                    _ => result.push(token.clone()),
                },
                _ => result.push(token.clone()),
            }
        }
        result
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
                    self.apply(layer, args)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A layer called on a tensor: the functional API.
    fn apply(&mut self, layer: Value, args: &[Expression]) -> Option<Object> {
        match args {
            [one] => match self.evaluate(one)? {
                Object::Tensor(mut chain) => {
                    chain.push(layer);
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
        if let [name] = path
            && let Some(Object::Keras(layer)) = self.objects.get(name).cloned()
        {
            return self.apply(layer, args);
        }
        let full = self.resolve(path);
        match full.last().map(String::as_str)? {
            "Sequential" => {
                let mut model = Model { name: text_of(named, "name"), ..Model::default() };
                let layers = args.first().or_else(|| find(named, "layers"));
                if let Some(Expression::List(items)) = layers {
                    for item in items {
                        self.add(&mut model, item);
                    }
                } else if let Some(other) = layers.filter(|other| **other != Expression::None) {
                    let _ = other;
                    self.note("the layers of `Sequential` are not a literal list");
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

    fn add(&mut self, model: &mut Model, expression: &Expression) {
        let layer = match self.evaluate(expression) {
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

fn is_literal(expression: &Expression) -> bool {
    match expression {
        Expression::None
        | Expression::Bool(_)
        | Expression::Int(_)
        | Expression::Float(_)
        | Expression::Text(_) => true,
        Expression::List(items) => items.iter().all(is_literal),
        Expression::Dict(entries) => {
            entries.iter().all(|(key, value)| is_literal(key) && is_literal(value))
        }
        _ => false,
    }
}

fn dotted(tokens: &[Token]) -> Vec<String> {
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Name(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
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
