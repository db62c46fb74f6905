//! Arguments as JSON, and the classes and functions that names stand for.

use serde_json::{Map, Value, json};

use super::convert::{Arguments, Object, Reader};
use super::expression::Expression;
use crate::exchange::signatures::{self, Class};

impl Reader {
    /// A constructor's call as Keras's JSON; arguments that aren't literal are noted and left out.
    pub(super) fn object(&mut self, class: Class, args: &[Expression], named: &Arguments) -> Value {
        let mut config = Map::new();
        let order: Vec<&str> = class.arguments().collect();
        if args.len() > order.len() {
            self.note(format!(
                "`{}` takes {} arguments, {} are given",
                class.name,
                order.len(),
                args.len()
            ));
        }
        let by_place = order.iter().map(ToString::to_string).zip(args.iter().cloned());
        for (key, expression) in by_place.chain(named.iter().cloned()) {
            match self.value(&expression) {
                Some(value) => drop(config.insert(key, value)),
                None => self.note(format!(
                    "`{key}` of `{}` is not literal: {}",
                    class.name,
                    describe(&expression)
                )),
            }
        }
        json!({ "module": class.module, "class_name": class.name, "config": config })
    }

    /// An argument's value as JSON; None where it isn't literal.
    pub(super) fn value(&mut self, expression: &Expression) -> Option<Value> {
        Some(match expression {
            Expression::None => Value::Null,
            Expression::Bool(value) => json!(value),
            Expression::Int(value) => json!(value),
            Expression::Float(value) => json!(value),
            Expression::Text(text) => json!(text),
            Expression::List(items) => {
                Value::Array(items.iter().map(|item| self.value(item)).collect::<Option<_>>()?)
            }
            Expression::Dict(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = match key {
                        Expression::Text(text) => text.clone(),
                        Expression::Int(number) => number.to_string(),
                        _ => return None,
                    };
                    map.insert(key, self.value(value)?);
                }
                Value::Object(map)
            }
            Expression::Path(path) => match self.evaluate(expression) {
                Some(Object::Keras(value)) => value,
                Some(_) => return None,
                None => self.function(path)?,
            },
            Expression::Call(..) => match self.evaluate(expression)? {
                Object::Keras(value) => value,
                _ => return None,
            },
            Expression::Attribute(..) | Expression::Opaque => return None,
        })
    }

    /// A function that stands for its name: `tf.nn.relu`, `keras.losses.mean_squared_error`; or a
    /// class that stands for its instance: `optimizer=Adam`.
    fn function(&mut self, path: &[String]) -> Option<Value> {
        let full = self.resolve(path);
        let [.., parent, name] = full.as_slice() else { return None };
        if matches!(parent.as_str(), "nn" | "activations" | "functional") {
            return Some(json!(name));
        }
        let class = signatures::module(parent)?.find(name)?;
        match name.starts_with(char::is_uppercase) {
            true => Some(json!({ "module": class.module, "class_name": class.name, "config": {} })),
            false => Some(json!(name)),
        }
    }

    pub(super) fn resolve(&self, path: &[String]) -> Vec<String> {
        match path.split_first() {
            Some((first, rest)) => match self.aliases.get(first) {
                Some(module) => module.iter().chain(rest).cloned().collect(),
                None => path.to_vec(),
            },
            None => Vec::new(),
        }
    }
}

/// The class that a dotted name means.
pub(super) fn class_of(path: &[String]) -> Option<Class> {
    let (name, before) = path.split_last()?;
    let module = before.last().and_then(|module| signatures::module(module));
    match module {
        Some(module) => module.find(name),
        None => signatures::class_anywhere(name),
    }
}

/// An expression in a few words.
pub(super) fn describe(expression: &Expression) -> String {
    match expression {
        Expression::Path(path) => format!("`{}`", path.join(".")),
        Expression::Call(function, ..) => match function.as_ref() {
            Expression::Path(path) => format!("`{}(…)`", path.join(".")),
            _ => "a call".into(),
        },
        Expression::Attribute(_, name) => format!("`….{name}`"),
        Expression::List(items) => {
            items.iter().map(describe).next().unwrap_or_else(|| "a list".into())
        }
        Expression::Opaque => "an expression".into(),
        _ => "a literal".into(),
    }
}
