//! Expressions followed: from what stands in the code to what it is, as far as that is known.

use super::arithmetic::{compare, item, operate, slice};
use super::expression::{CallArguments, Expression, Suffix};
use super::reader::CodeReader;
use super::values::PyValue;

/// A call's arguments, evaluated.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) by_place: Vec<Argument>,
    pub(super) by_name: Vec<(String, Argument)>,
}

/// An argument, and how it is written.
#[derive(Clone)]
pub(super) struct Argument {
    pub(super) value: PyValue,
    pub(super) text: String,
}

impl Given {
    /// The argument at a place, or of a name.
    pub(super) fn get(&self, place: usize, name: &str) -> Option<&PyValue> {
        self.by_place.get(place).map(|argument| &argument.value).or_else(|| self.named(name))
    }

    pub(super) fn named(&self, name: &str) -> Option<&PyValue> {
        self.by_name.iter().find(|(key, _)| key == name).map(|(_, argument)| &argument.value)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Argument> {
        self.by_place.iter().chain(self.by_name.iter().map(|(_, argument)| argument))
    }

    /// Each with its name, those by place named in order.
    pub(super) fn under<'a>(
        &'a self,
        names: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a Argument)> {
        let by_place = names.iter().copied().zip(&self.by_place);
        by_place.chain(self.by_name.iter().map(|(name, argument)| (name.as_str(), argument)))
    }
}

impl CodeReader {
    pub(super) fn evaluate(&mut self, expression: &Expression) -> PyValue {
        if !self.may_go_on() {
            return PyValue::Unknown;
        }
        self.depth += 1;
        let value = self.value_of(expression);
        self.depth -= 1;
        value.limited()
    }

    fn value_of(&mut self, expression: &Expression) -> PyValue {
        match expression {
            Expression::None => PyValue::None,
            Expression::Bool(value) => PyValue::Bool(*value),
            Expression::Int(value) => PyValue::Int(*value),
            Expression::Float(value) => PyValue::Float(*value),
            Expression::Text(text) => PyValue::Text(text.clone()),
            Expression::Pattern(parts) => self.pattern(parts),
            Expression::List(items) => match self.list(items) {
                Some(items) => PyValue::List(items),
                None => PyValue::Unknown,
            },
            Expression::Dict(entries) => self.dict(entries),
            Expression::Name(name) => self.lookup(name),
            Expression::Starred(_) | Expression::Opaque => PyValue::Unknown,
            Expression::Postfix(base, suffixes) => self.evaluate_behind(base, suffixes),
            Expression::Arithmetic(first, others) => {
                let mut value = self.evaluate(first);
                for (sign, other) in others {
                    let other = self.evaluate(other);
                    if matches!(value, PyValue::Tensor(_)) || matches!(other, PyValue::Tensor(_)) {
                        self.note(format!("`{sign}` over tensors is not carried: a model is a chain of layers here"));
                    }
                    value = operate(sign, &value, &other).limited();
                }
                value
            }
            Expression::Negative(inner) => {
                let value = self.evaluate(inner);
                operate("-", &PyValue::Int(0), &value)
            }
            Expression::Not(inner) => {
                self.evaluate(inner).truth().map_or(PyValue::Unknown, |truth| PyValue::Bool(!truth))
            }
            Expression::All(items) => self.first_that(items, false),
            Expression::Any(items) => self.first_that(items, true),
            Expression::Compare(first, others) => {
                let mut left = self.evaluate(first);
                let mut all = Some(true);
                for (comparison, right) in others {
                    let right = self.evaluate(right);
                    match compare(*comparison, &left, &right) {
                        Some(false) => return PyValue::Bool(false),
                        Some(true) => {}
                        None => all = None,
                    }
                    left = right;
                }
                all.map_or(PyValue::Unknown, PyValue::Bool)
            }
            Expression::Conditional(parts) => {
                let [test, yes, no] = parts.as_ref();
                match self.evaluate(test).truth() {
                    Some(true) => self.evaluate(yes),
                    Some(false) => self.evaluate(no),
                    None => PyValue::Unknown,
                }
            }
            Expression::Comprehension { item, target, items, conditions } => {
                self.comprehension(item, target, items, conditions)
            }
        }
    }

    /// `and` and `or`: the first value that decides, else the last.
    fn first_that(&mut self, items: &[Expression], decides: bool) -> PyValue {
        let mut last = PyValue::Unknown;
        let mut is_known = true;
        for item in items {
            last = self.evaluate(item);
            match last.truth() {
                Some(truth) if truth == decides && is_known => return last,
                Some(truth) if truth == decides => return PyValue::Bool(decides),
                Some(_) => {}
                None => is_known = false,
            }
        }
        if is_known { last } else { PyValue::Unknown }
    }

    fn pattern(&mut self, parts: &[Expression]) -> PyValue {
        let mut text = String::new();
        for part in parts {
            match self.evaluate(part) {
                PyValue::Text(part) => text += &part,
                PyValue::Int(number) => text += &number.to_string(),
                _ => return PyValue::Unknown,
            }
        }
        PyValue::Text(text)
    }

    fn list(&mut self, items: &[Expression]) -> Option<Vec<PyValue>> {
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Expression::Starred(inner) => {
                    let inner = self.evaluate(inner);
                    all.extend(items_of(&inner)?);
                }
                item => all.push(self.evaluate(item)),
            }
        }
        Some(all)
    }

    fn dict(&mut self, entries: &[(Option<Expression>, Expression)]) -> PyValue {
        let mut whole = PyValue::Dict(Vec::new());
        for (key, value) in entries {
            let value = self.evaluate(value);
            let added = match (key, value) {
                (Some(key), value) => vec![(self.evaluate(key), value)],
                (None, PyValue::Dict(entries)) => entries,
                (None, _) => return PyValue::Unknown,
            };
            for (key, value) in added {
                match super::arithmetic::with_item(whole, &key, value) {
                    Some(changed) => whole = changed,
                    None => return PyValue::Unknown,
                }
            }
        }
        whole
    }

    fn comprehension(
        &mut self,
        item: &[Expression],
        target: &Expression,
        items: &Expression,
        conditions: &[Expression],
    ) -> PyValue {
        let each = self.evaluate(items);
        let Some(each) = items_of(&each) else { return PyValue::Unknown };
        let outside = self.scope().clone();
        let mut list = Vec::new();
        let mut dict = Vec::new();
        for one in each {
            if !self.may_go_on() {
                return PyValue::Unknown;
            }
            self.assign(target, one);
            let mut holds = Some(true);
            for condition in conditions {
                holds = match self.evaluate(condition).truth() {
                    Some(truth) => holds.map(|holds| holds && truth),
                    None => None,
                };
            }
            match (holds, item) {
                (None, _) => return PyValue::Unknown,
                (Some(false), _) => {}
                (_, [key, value]) => dict.push((self.evaluate(key), self.evaluate(value))),
                (_, [item, ..]) => list.push(self.evaluate(item)),
                (_, []) => return PyValue::Unknown,
            }
        }
        *self.scope() = outside;
        if item.len() == 2 { PyValue::Dict(dict) } else { PyValue::List(list) }
    }

    /// A value with what stands behind it: attributes, calls, items.
    pub(super) fn evaluate_behind(&mut self, base: &Expression, suffixes: &[Suffix]) -> PyValue {
        let mut value = self.evaluate(base);
        let mut at = 0;
        while let Some(suffix) = suffixes.get(at) {
            if !self.may_go_on() {
                return PyValue::Unknown;
            }
            value = match (suffix, suffixes.get(at + 1)) {
                (Suffix::Attribute(name), Some(Suffix::Call(arguments)))
                    if !matches!(value, PyValue::Path(_)) =>
                {
                    let given = self.given(arguments);
                    let place = match at {
                        0 => base.clone(),
                        _ => Expression::Postfix(Box::new(base.clone()), suffixes[..at].to_vec()),
                    };
                    at += 1;
                    self.method(value, name, &given, &place)
                }
                (Suffix::Attribute(name), _) => self.attribute(&value, name),
                (Suffix::Call(arguments), _) => {
                    let given = self.given(arguments);
                    match (&value, arguments.by_place.as_slice()) {
                        // `K.set_value(model.optimizer.learning_rate, 0.01)`
                        (PyValue::Path(path), [place, _])
                            if path.last().is_some_and(|name| name == "set_value") =>
                        {
                            self.assign(place, given.by_place[1].value.clone());
                            PyValue::None
                        }
                        _ => self.call(value, &given),
                    }
                }
                (Suffix::Index(index), _) => {
                    let index = self.evaluate(index);
                    item(&value, &index)
                }
                (Suffix::Slice(bounds), _) => {
                    let bounds = bounds.each_ref().map(|bound| {
                        bound.as_ref().map_or(PyValue::None, |bound| self.evaluate(bound))
                    });
                    slice(&value, bounds)
                }
            };
            at += 1;
        }
        value
    }

    /// A call's arguments; what is behind `*` or `**` and not known has no name.
    fn given(&mut self, arguments: &CallArguments) -> Given {
        let mut given = Given::default();
        for expression in &arguments.by_place {
            let text = expression.describe();
            match expression {
                Expression::Starred(inner) => {
                    let inner = self.evaluate(inner);
                    let items = items_of(&inner).unwrap_or_else(|| vec![PyValue::Unknown]);
                    let arguments =
                        items.into_iter().map(|value| Argument { value, text: text.clone() });
                    given.by_place.extend(arguments);
                }
                _ => given.by_place.push(Argument { value: self.evaluate(expression), text }),
            }
        }
        for (name, expression) in &arguments.by_name {
            let text = expression.describe();
            let value = self.evaluate(expression);
            match (name.as_str(), value) {
                ("", PyValue::Dict(entries)) => {
                    for (key, value) in entries {
                        let PyValue::Text(key) = key else { continue };
                        given.by_name.push((key, Argument { value, text: text.clone() }));
                    }
                }
                (_, value) => given.by_name.push((name.clone(), Argument { value, text })),
            }
        }
        given
    }
}

/// What a loop over a value goes through; None where it isn't known.
pub(super) fn items_of(value: &PyValue) -> Option<Vec<PyValue>> {
    match value {
        PyValue::List(items) => Some(items.clone()),
        PyValue::Text(text) => Some(text.chars().map(|c| PyValue::Text(c.to_string())).collect()),
        PyValue::Dict(entries) => Some(entries.iter().map(|(key, _)| key.clone()).collect()),
        _ => None,
    }
}
