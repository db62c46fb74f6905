//! Calls: functions and classes of the code are followed, Keras's are built, others are noted where
//! a model is given to them.

use std::rc::Rc;

use super::block::{ClassDefinition, StatementKind};
use super::evaluate::{Argument, Given};
use super::objects::{Object, class_of};
use super::reader::{CodeReader, Frame, Instance};
use super::run::End;
use super::values::{Bindings, Closure, PyValue};
use super::{built_in, wrapper};
use crate::exchange::signatures;

impl CodeReader {
    pub(super) fn call(&mut self, called: PyValue, given: &Given) -> PyValue {
        match called {
            PyValue::Path(path) => self.outside(&path, given),
            PyValue::Function(closure) => self.function(&closure, None, given),
            PyValue::Class(class) => self.instance(&class, given),
            PyValue::Object(layer) => self.apply(vec![layer], given),
            PyValue::Model(model) => {
                let layers = self.inside(model);
                self.apply(layers, given)
            }
            PyValue::Instance(_) => match self.own_method(&called, "call") {
                Some(closure) => self.function(&closure, Some(called), given),
                None => PyValue::Unknown,
            },
            _ => {
                self.note_given("a call", given);
                PyValue::Unknown
            }
        }
    }

    /// Something outside of the code: Keras's own, Python's own, or unknown.
    fn outside(&mut self, path: &[String], given: &Given) -> PyValue {
        let name = path.last().map(String::as_str).unwrap_or_default();
        if let Some(value) = built_in::call(self, path, given) {
            return value;
        }
        match name {
            "Sequential" => return self.sequential(given),
            "Model" | "Functional" => return self.functional(given),
            "Input" => {
                let input = self.object(signatures::Class::input(), given);
                return PyValue::Tensor(vec![input]);
            }
            "ImageDataGenerator" => return self.generator(given),
            "KerasClassifier" | "KerasRegressor" => return wrapper::wrap(self, name, given),
            _ => {}
        }
        if let Some(class) = class_of(path) {
            let object = if name.starts_with("Convolution") {
                self.object(class, &of_keras_1(given))
            } else {
                self.object(class, given)
            };
            return PyValue::Object(object);
        }
        self.note_given(&format!("`{}(…)`", path.join(".")), given);
        match name {
            "load_model" | "model_from_json" | "model_from_yaml" => self.note(format!(
                "`{name}(…)` is not carried: `lanthorn import` reads the file of a model"
            )),
            _ => {}
        }
        PyValue::Made(path.join("."))
    }

    /// Notes that a model was given to something that isn't followed.
    fn note_given(&mut self, what: &str, given: &Given) {
        const HARMLESS: [&str; 14] = [
            "print",
            "plot_model",
            "len",
            "str",
            "type",
            "save_model",
            "model_to_dot",
            "display",
            "dump",
            "isinstance",
            "hasattr",
            "id",
            "repr",
            "super",
        ];
        let name = what.trim_matches('`').trim_end_matches("(…)");
        let last = name.rsplit('.').next().unwrap_or(name);
        if !HARMLESS.contains(&last) && given.all().any(|argument| argument.value.holds_model()) {
            self.note(format!("{what} with a model or a layer's output is not carried"));
        }
    }

    /// One of Keras's objects. Arguments that aren't literal are noted and left out.
    pub(super) fn object(&mut self, class: signatures::Class, given: &Given) -> usize {
        let order: Vec<&str> = class.arguments().collect();
        if given.by_place.len() > order.len() {
            self.note(format!(
                "`{}` takes {} arguments, {} are given",
                class.name,
                order.len(),
                given.by_place.len()
            ));
        }
        let mut object = Object { class, config: Vec::new() };
        for (key, argument) in given.under(&order) {
            match (key, self.json(&argument.value)) {
                ("", _) => {
                    self.note(format!(
                        "`**` in `{}` is not literal: {}",
                        class.name, argument.text
                    ));
                }
                (_, Some(_)) => object.set(key, argument.value.clone()),
                (_, None) => self
                    .note(format!("`{key}` of `{}` is not literal: {}", class.name, argument.text)),
            }
        }
        self.changes += 1;
        self.objects.push(object);
        self.objects.len() - 1
    }

    /// Layers called on a tensor: the functional API.
    pub(super) fn apply(&mut self, layers: Vec<usize>, given: &Given) -> PyValue {
        match given.by_place.first().or(given.by_name.first().map(|(_, argument)| argument)) {
            Some(Argument { value: PyValue::Tensor(chain), .. }) => {
                PyValue::Tensor(chain.iter().copied().chain(layers).collect())
            }
            Some(Argument { value: PyValue::List(several), .. })
                if several.iter().any(PyValue::holds_model) =>
            {
                self.note(
                    "a layer with several inputs is not carried: a model is a chain of layers here",
                );
                PyValue::Unknown
            }
            _ => PyValue::Unknown,
        }
    }

    /// A function of the code, followed with what is given to it.
    pub(super) fn function(
        &mut self,
        closure: &Rc<Closure>,
        own: Option<PyValue>,
        given: &Given,
    ) -> PyValue {
        if !self.may_go_on() {
            return PyValue::Unknown;
        }
        let function = &closure.function;
        self.called.insert(function.name.clone());
        let mut frame = Frame { around: Some(Rc::clone(closure)), ..Frame::default() };
        let mut places =
            own.into_iter().chain(given.by_place.iter().map(|argument| argument.value.clone()));
        let mut others: Vec<(PyValue, PyValue)> = Vec::new();
        for (key, argument) in &given.by_name {
            let is_parameter =
                function.parameters.iter().any(|known| known.stars == 0 && known.name == *key);
            if !is_parameter && !key.is_empty() {
                others.push((PyValue::Text(key.clone()), argument.value.clone()));
            }
        }
        for (parameter, default) in function.parameters.iter().zip(&closure.defaults) {
            let value = match parameter.stars {
                1 => PyValue::List(places.by_ref().collect()),
                2 => PyValue::Dict(std::mem::take(&mut others)),
                _ => {
                    let by_name = given.named(&parameter.name).cloned();
                    let unknown = || PyValue::Path(vec![parameter.name.clone()]);
                    match by_name {
                        Some(value) => value,
                        None => places.next().or_else(|| default.clone()).unwrap_or_else(unknown),
                    }
                }
            };
            frame.names.insert(parameter.name.clone(), value);
        }
        drop(places);
        let line = self.line;
        self.locals.push(frame);
        let end = self.run(&function.body);
        self.locals.pop();
        self.line = line;
        match end {
            End::Return(value) => value,
            _ => PyValue::None,
        }
    }

    /// An instance of a class of the code: its `__init__` is followed.
    fn instance(&mut self, class: &Rc<ClassDefinition>, given: &Given) -> PyValue {
        self.called.insert(class.name.clone());
        let class = Rc::clone(class);
        self.instances.push(Instance { class, attributes: Bindings::new(), model: None });
        let instance = PyValue::Instance(self.instances.len() - 1);
        if let Some(closure) = self.own_method(&instance, "__init__") {
            self.function(&closure, Some(instance.clone()), given);
        }
        instance
    }

    /// A method that an instance's class defines.
    pub(super) fn own_method(&mut self, instance: &PyValue, name: &str) -> Option<Rc<Closure>> {
        let PyValue::Instance(index) = instance else { return None };
        let class = &self.instances[*index].class;
        let function = class.body.iter().find_map(|statement| match &statement.kind {
            StatementKind::Define(function) if function.name == name => Some(Rc::clone(function)),
            _ => None,
        })?;
        self.locals.push(Frame::default()); // defaults see the code's own names only
        let defaults = function
            .parameters
            .iter()
            .map(|parameter| parameter.default.as_ref().map(|value| self.evaluate(value)))
            .collect();
        self.locals.pop();
        Some(Rc::new(Closure { function, defaults, around: Bindings::new() }))
    }
}

/// Keras 1's `Convolution2D(32, 3, 3)`: the kernel's sides one by one.
fn of_keras_1(given: &Given) -> Given {
    let sides: Vec<PyValue> =
        given.by_place.iter().skip(1).map(|side| side.value.clone()).collect();
    let is_side = |side: &PyValue| matches!(side, PyValue::Int(_));
    if !(2..=3).contains(&sides.len()) || !sides.iter().all(is_side) {
        return given.clone();
    }
    let text = given.by_place[1].text.clone();
    let mut given = given.clone();
    given.by_place.truncate(1);
    given.by_place.push(Argument { value: PyValue::List(sides), text });
    given
}
