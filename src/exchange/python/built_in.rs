//! Functions of Python's, NumPy's and Keras's backend that are known.

#![warn(clippy::arithmetic_side_effects)] // of numbers that the code names

use super::evaluate::{Given, items_of};
use super::objects::class_of;
use super::reader::CodeReader;
use super::values::PyValue;

/// The longest `range` that is followed.
const LONGEST: u64 = 4000;

/// What a function gives; None where it isn't known here.
pub(super) fn call(reader: &mut CodeReader, path: &[String], given: &Given) -> Option<PyValue> {
    let name = path.last()?.as_str();
    let values: Vec<&PyValue> = given.by_place.iter().map(|argument| &argument.value).collect();
    if let Some(value) = backend(reader, name, &values) {
        return Some(value);
    }
    match path {
        [_] => python(reader, name, &values, given),
        [module, ..] if matches!(module.as_str(), "np" | "numpy" | "math") => {
            number(name, values.first()?)
        }
        _ => None,
    }
}

/// The order of an image's axes, and numbers that are set by a function.
fn backend(reader: &mut CodeReader, name: &str, values: &[&PyValue]) -> Option<PyValue> {
    match name {
        "image_data_format" | "image_dim_ordering" => {
            let first = reader.channels_first.is_some();
            let names = match name {
                "image_data_format" => ["channels_last", "channels_first"],
                _ => ["tf", "th"],
            };
            Some(PyValue::Text(names[usize::from(first)].into()))
        }
        "set_image_data_format" | "set_image_dim_ordering" => {
            if let Some(PyValue::Text(order)) = values.first() {
                let is_first = matches!(order.as_str(), "channels_first" | "th");
                reader.channels_first = is_first.then_some(reader.line);
            }
            Some(PyValue::None)
        }
        _ => None,
    }
}

fn python(
    reader: &mut CodeReader,
    name: &str,
    values: &[&PyValue],
    given: &Given,
) -> Option<PyValue> {
    let list = |at: usize| values.get(at).and_then(|value| items_of(value));
    Some(match (name, values) {
        ("range", _) => range(values)?,
        ("len", [value]) => PyValue::Int(items_of(value)?.len() as i64),
        ("enumerate", [_, ..]) => {
            let start = given.get(1, "start").map_or(Some(0), PyValue::as_int)?;
            let pair = |(at, item)| {
                Some(PyValue::List(vec![PyValue::Int(start.checked_add(at as i64)?), item]))
            };
            PyValue::List(list(0)?.into_iter().enumerate().map(pair).collect::<Option<_>>()?)
        }
        ("zip", [_, ..]) => {
            let all: Vec<Vec<PyValue>> =
                values.iter().map(|value| items_of(value)).collect::<Option<_>>()?;
            let shortest = all.iter().map(Vec::len).min()?;
            let row =
                |at: usize| PyValue::List(all.iter().map(|items| items[at].clone()).collect());
            PyValue::List((0..shortest).map(row).collect())
        }
        ("list" | "tuple", []) => PyValue::List(Vec::new()),
        ("list" | "tuple", [_]) => PyValue::List(list(0)?),
        ("reversed", [_]) => PyValue::List(list(0)?.into_iter().rev().collect()),
        ("dict", _) => {
            let mut entries = match values {
                [] => Vec::new(),
                [PyValue::Dict(entries)] => entries.clone(),
                _ => return None,
            };
            for (key, argument) in &given.by_name {
                if key.is_empty() {
                    return Some(PyValue::Unknown);
                }
                entries.push((PyValue::Text(key.clone()), argument.value.clone()));
            }
            PyValue::Dict(entries)
        }
        ("int", [value]) => match value {
            PyValue::Text(text) => PyValue::Int(text.trim().parse().ok()?),
            value => PyValue::Int(value.as_float()?.trunc() as i64),
        },
        ("float", [value]) => match value {
            PyValue::Text(text) => PyValue::Float(text.trim().parse().ok()?),
            value => PyValue::Float(value.as_float()?),
        },
        ("str", [PyValue::Int(value)]) => PyValue::Text(value.to_string()),
        ("str", [PyValue::Text(text)]) => PyValue::Text(text.clone()),
        ("bool", [value]) => PyValue::Bool(value.truth()?),
        ("abs", [PyValue::Int(value)]) => PyValue::Int(value.checked_abs()?),
        ("abs", [value]) => PyValue::Float(value.as_float()?.abs()),
        ("round", [value]) => PyValue::Int(value.as_float()?.round_ties_even() as i64),
        ("min" | "max" | "sum", _) => fold(name, values, &list(0))?,
        ("isinstance", [value, class]) => is_instance(reader, value, class),
        ("hasattr", [PyValue::Object(index), PyValue::Text(attribute)]) => {
            PyValue::Bool(reader.objects[*index].class.takes(attribute))
        }
        ("getattr", [owner, PyValue::Text(attribute), ..]) => reader.attribute(owner, attribute),
        ("setattr", [owner, PyValue::Text(attribute), value]) => {
            reader.set_attribute(owner, attribute, (*value).clone());
            PyValue::None
        }
        ("exit" | "quit" | "super" | "print", _) => PyValue::None,
        _ => return None,
    })
}

fn range(values: &[&PyValue]) -> Option<PyValue> {
    let numbers: Vec<i64> = values.iter().map(|value| value.as_int()).collect::<Option<_>>()?;
    let (start, end, step) = match numbers[..] {
        [end] => (0, end, 1),
        [start, end] => (start, end, 1),
        [start, end, step] if step != 0 => (start, end, step),
        _ => return None,
    };
    let (from, to) = if step > 0 { (start, end) } else { (end, start) };
    let distance = u64::try_from(i128::from(to).checked_sub(from.into())?).unwrap_or(0);
    let count = distance.div_ceil(step.unsigned_abs());
    if count > LONGEST {
        return None;
    }
    let at = |at: u64| Some(PyValue::Int(start.checked_add((at as i64).checked_mul(step)?)?));
    Some(PyValue::List((0..count).map(at).collect::<Option<_>>()?))
}

fn fold(name: &str, values: &[&PyValue], list: &Option<Vec<PyValue>>) -> Option<PyValue> {
    let items: Vec<PyValue> = match (values, list) {
        ([_], Some(items)) => items.clone(),
        _ => values.iter().map(|value| (*value).clone()).collect(),
    };
    let mut items = items.into_iter();
    let first = match name {
        "sum" => PyValue::Int(0),
        _ => items.next()?,
    };
    items.try_fold(first, |so_far, item| {
        let (a, b) = (so_far.as_float()?, item.as_float()?);
        Some(match name {
            "sum" => super::arithmetic::operate("+", &so_far, &item),
            "min" if b < a => item,
            "max" if b > a => item,
            _ => so_far,
        })
    })
}

/// Whether a layer is of one of Keras's classes.
fn is_instance(reader: &CodeReader, value: &PyValue, class: &PyValue) -> PyValue {
    let classes = match class {
        PyValue::List(classes) => classes.clone(),
        class => vec![class.clone()],
    };
    let PyValue::Object(index) = value else { return PyValue::Unknown };
    let mut is_known = true;
    for class in classes {
        match class {
            PyValue::Path(path) => match class_of(&path) {
                Some(class) if class.name == reader.objects[*index].class.name => {
                    return PyValue::Bool(true);
                }
                Some(_) => {}
                None => is_known = false,
            },
            _ => is_known = false,
        }
    }
    if is_known { PyValue::Bool(false) } else { PyValue::Unknown }
}

/// A function of a number, or of each number of a list.
fn number(name: &str, value: &PyValue) -> Option<PyValue> {
    let function: fn(f64) -> f64 = match name {
        "log" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "exp" => f64::exp,
        "sqrt" => f64::sqrt,
        "floor" => f64::floor,
        "ceil" => f64::ceil,
        "abs" | "fabs" => f64::abs,
        "array" | "asarray" | "float32" => |value| value,
        _ => return None,
    };
    let is_whole = matches!(name, "floor" | "ceil");
    match value {
        PyValue::List(items) => {
            let items = items.iter().map(|item| number(name, item));
            Some(PyValue::List(items.collect::<Option<_>>()?))
        }
        PyValue::Int(whole) if matches!(name, "array" | "asarray") => Some(PyValue::Int(*whole)),
        value => {
            let result = function(value.as_float()?);
            if !result.is_finite() {
                return None;
            }
            Some(if is_whole { PyValue::Int(result as i64) } else { PyValue::Float(result) })
        }
    }
}
