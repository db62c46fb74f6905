//! Operators, comparisons, items and slices of values that are known.

#![warn(clippy::arithmetic_side_effects)] // of numbers that the code names

use super::expression::Comparison;
use super::values::PyValue;

/// `left sign right`; Unknown where it isn't literal.
pub(super) fn operate(sign: &str, left: &PyValue, right: &PyValue) -> PyValue {
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
        let whole = match sign {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "//" if b > 0 => Some(a.div_euclid(b)),
            "%" if b > 0 => Some(a.rem_euclid(b)),
            "**" => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            _ => None,
        };
        if let Some(value) = whole {
            return PyValue::Int(value);
        }
    }
    match (sign, left, right) {
        ("+", PyValue::Text(a), PyValue::Text(b)) => PyValue::Text(format!("{a}{b}")).limited(),
        ("+", PyValue::List(a), PyValue::List(b)) => {
            PyValue::List(a.iter().chain(b).cloned().collect()).limited()
        }
        ("*", PyValue::List(items), times) | ("*", times, PyValue::List(items)) => match times {
            PyValue::Int(times @ 0..=4096)
                if items.len().saturating_mul(*times as usize) <= 4096 =>
            {
                let all = std::iter::repeat_n(items, *times as usize).flatten();
                PyValue::List(all.cloned().collect()).limited()
            }
            _ => PyValue::Unknown,
        },
        ("%", PyValue::Text(pattern), value) => formatted(pattern, value),
        _ => number(sign, left, right),
    }
}

fn number(sign: &str, left: &PyValue, right: &PyValue) -> PyValue {
    let (Some(a), Some(b)) = (left.as_float(), right.as_float()) else { return PyValue::Unknown };
    let value = match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => (a / b).floor(),
        "%" => a - b * (a / b).floor(),
        "**" => a.powf(b),
        _ => return PyValue::Unknown,
    };
    if value.is_finite() { PyValue::Float(value) } else { PyValue::Unknown }
}

/// `'layer_%d' % 3`, with one hole.
fn formatted(pattern: &str, value: &PyValue) -> PyValue {
    let value = match value {
        PyValue::List(items) if items.len() == 1 => &items[0],
        other => other,
    };
    let (hole, text) = match value {
        PyValue::Int(number) => {
            (if pattern.contains("%d") { "%d" } else { "%s" }, number.to_string())
        }
        PyValue::Text(text) => ("%s", text.clone()),
        _ => return PyValue::Unknown,
    };
    match pattern.split_once(hole) {
        Some((before, after)) if !before.contains('%') && !after.contains('%') => {
            PyValue::Text(format!("{before}{text}{after}")).limited()
        }
        _ => PyValue::Unknown,
    }
}

/// Whether a comparison holds, where that is known.
pub(super) fn compare(comparison: Comparison, left: &PyValue, right: &PyValue) -> Option<bool> {
    let order = || left.as_float()?.partial_cmp(&right.as_float()?);
    Some(match comparison {
        Comparison::Equal | Comparison::Is => left.equals(right)?,
        Comparison::Unequal | Comparison::IsNot => !left.equals(right)?,
        Comparison::Less => order()?.is_lt(),
        Comparison::LessOrEqual => order()?.is_le(),
        Comparison::Greater => order()?.is_gt(),
        Comparison::GreaterOrEqual => order()?.is_ge(),
        Comparison::In => contains(right, left)?,
        Comparison::NotIn => !contains(right, left)?,
    })
}

fn contains(whole: &PyValue, item: &PyValue) -> Option<bool> {
    match (whole, item) {
        (PyValue::Text(whole), PyValue::Text(part)) => Some(whole.contains(part)),
        (PyValue::List(items), item) => any(items.iter(), item),
        (PyValue::Dict(entries), item) => any(entries.iter().map(|(key, _)| key), item),
        _ => None,
    }
}

fn any<'a>(mut items: impl Iterator<Item = &'a PyValue>, item: &PyValue) -> Option<bool> {
    let found = items.try_fold(false, |found, other| Some(found || other.equals(item)?))?;
    Some(found)
}

/// `whole[at]`
pub(super) fn item(whole: &PyValue, at: &PyValue) -> PyValue {
    match (whole, at) {
        (PyValue::List(items), PyValue::Int(at)) => {
            place(*at, items.len()).map_or(PyValue::Unknown, |at| items[at].clone())
        }
        (PyValue::Text(text), PyValue::Int(at)) => {
            let letters: Vec<char> = text.chars().collect();
            place(*at, letters.len())
                .map_or(PyValue::Unknown, |at| PyValue::Text(letters[at].to_string()))
        }
        (PyValue::Dict(entries), key) => entries
            .iter()
            .find(|(known, _)| known.equals(key) == Some(true))
            .map_or(PyValue::Unknown, |(_, value)| value.clone()),
        _ => PyValue::Unknown,
    }
}

/// The value with another one at `at`; None where it isn't a list or a dictionary.
pub(super) fn with_item(whole: PyValue, at: &PyValue, value: PyValue) -> Option<PyValue> {
    match (whole, at) {
        (PyValue::List(mut items), PyValue::Int(at)) => {
            let at = place(*at, items.len())?;
            items[at] = value;
            Some(PyValue::List(items))
        }
        (PyValue::Dict(mut entries), key) => {
            match entries.iter_mut().find(|(known, _)| known.equals(key) == Some(true)) {
                Some((_, old)) => *old = value,
                None => entries.push((key.clone(), value)),
            }
            Some(PyValue::Dict(entries))
        }
        _ => None,
    }
}

/// `whole[from:to:step]`
pub(super) fn slice(whole: &PyValue, [from, to, step]: [PyValue; 3]) -> PyValue {
    let PyValue::List(items) = whole else { return PyValue::Unknown };
    let bound = |value: &PyValue, otherwise: i64| match value {
        PyValue::None => Some(otherwise),
        PyValue::Int(at) if *at < 0 => Some((items.len() as i64).saturating_add(*at).max(-1)),
        PyValue::Int(at) => Some((*at).min(items.len() as i64)),
        _ => None,
    };
    let length = items.len() as i64;
    let Some(step) = (match step {
        PyValue::None => Some(1),
        PyValue::Int(step) if step != 0 => Some(step),
        _ => None,
    }) else {
        return PyValue::Unknown;
    };
    let at_end = length.saturating_sub(1);
    let (first, last) = if step > 0 { (0, length) } else { (at_end, -1) };
    let (Some(mut at), Some(end)) = (bound(&from, first), bound(&to, last)) else {
        return PyValue::Unknown;
    };
    at = if step > 0 { at.max(0) } else { at.min(at_end) };
    let mut result = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        match usize::try_from(at).ok().and_then(|at| items.get(at)) {
            Some(item) => result.push(item.clone()),
            None => break,
        }
        at = at.saturating_add(step);
    }
    PyValue::List(result)
}

fn place(at: i64, length: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(length as i64)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}
