//! Operators, comparisons, items and slices of values that are known.

use super::expression::Comparison;
use super::values::Value;

/// `left sign right`; Unknown where it isn't literal.
pub(super) fn operate(sign: &str, left: &Value, right: &Value) -> Value {
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
            return Value::Int(value);
        }
    }
    match (sign, left, right) {
        ("+", Value::Text(a), Value::Text(b)) => Value::Text(format!("{a}{b}")).limited(),
        ("+", Value::List(a), Value::List(b)) => {
            Value::List(a.iter().chain(b).cloned().collect()).limited()
        }
        ("*", Value::List(items), times) | ("*", times, Value::List(items)) => match times {
            Value::Int(times @ 0..=4096) if items.len() * *times as usize <= 4096 => {
                let all = std::iter::repeat_n(items, *times as usize).flatten();
                Value::List(all.cloned().collect()).limited()
            }
            _ => Value::Unknown,
        },
        ("%", Value::Text(pattern), value) => formatted(pattern, value),
        _ => number(sign, left, right),
    }
}

fn number(sign: &str, left: &Value, right: &Value) -> Value {
    let (Some(a), Some(b)) = (left.as_float(), right.as_float()) else { return Value::Unknown };
    let value = match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => (a / b).floor(),
        "%" => a - b * (a / b).floor(),
        "**" => a.powf(b),
        _ => return Value::Unknown,
    };
    if value.is_finite() { Value::Float(value) } else { Value::Unknown }
}

/// `'layer_%d' % 3`, with one hole.
fn formatted(pattern: &str, value: &Value) -> Value {
    let value = match value {
        Value::List(items) if items.len() == 1 => &items[0],
        other => other,
    };
    let (hole, text) = match value {
        Value::Int(number) => {
            (if pattern.contains("%d") { "%d" } else { "%s" }, number.to_string())
        }
        Value::Text(text) => ("%s", text.clone()),
        _ => return Value::Unknown,
    };
    match pattern.split_once(hole) {
        Some((before, after)) if !before.contains('%') && !after.contains('%') => {
            Value::Text(format!("{before}{text}{after}")).limited()
        }
        _ => Value::Unknown,
    }
}

/// Whether a comparison holds, where that is known.
pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
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

fn contains(whole: &Value, item: &Value) -> Option<bool> {
    match (whole, item) {
        (Value::Text(whole), Value::Text(part)) => Some(whole.contains(part)),
        (Value::List(items), item) => any(items.iter(), item),
        (Value::Dict(entries), item) => any(entries.iter().map(|(key, _)| key), item),
        _ => None,
    }
}

fn any<'a>(mut items: impl Iterator<Item = &'a Value>, item: &Value) -> Option<bool> {
    let found = items.try_fold(false, |found, other| Some(found || other.equals(item)?))?;
    Some(found)
}

/// `whole[at]`
pub(super) fn item(whole: &Value, at: &Value) -> Value {
    match (whole, at) {
        (Value::List(items), Value::Int(at)) => {
            place(*at, items.len()).map_or(Value::Unknown, |at| items[at].clone())
        }
        (Value::Text(text), Value::Int(at)) => {
            let letters: Vec<char> = text.chars().collect();
            place(*at, letters.len())
                .map_or(Value::Unknown, |at| Value::Text(letters[at].to_string()))
        }
        (Value::Dict(entries), key) => entries
            .iter()
            .find(|(known, _)| known.equals(key) == Some(true))
            .map_or(Value::Unknown, |(_, value)| value.clone()),
        _ => Value::Unknown,
    }
}

/// The value with another one at `at`; None where it isn't a list or a dictionary.
pub(super) fn with_item(whole: Value, at: &Value, value: Value) -> Option<Value> {
    match (whole, at) {
        (Value::List(mut items), Value::Int(at)) => {
            let at = place(*at, items.len())?;
            items[at] = value;
            Some(Value::List(items))
        }
        (Value::Dict(mut entries), key) => {
            match entries.iter_mut().find(|(known, _)| known.equals(key) == Some(true)) {
                Some((_, old)) => *old = value,
                None => entries.push((key.clone(), value)),
            }
            Some(Value::Dict(entries))
        }
        _ => None,
    }
}

/// `whole[from:to:step]`
pub(super) fn slice(whole: &Value, [from, to, step]: [Value; 3]) -> Value {
    let Value::List(items) = whole else { return Value::Unknown };
    let bound = |value: &Value, otherwise: i64| match value {
        Value::None => Some(otherwise),
        Value::Int(at) if *at < 0 => Some((items.len() as i64).saturating_add(*at).max(-1)),
        Value::Int(at) => Some((*at).min(items.len() as i64)),
        _ => None,
    };
    let length = items.len() as i64;
    let Some(step) = (match step {
        Value::None => Some(1),
        Value::Int(step) if step != 0 => Some(step),
        _ => None,
    }) else {
        return Value::Unknown;
    };
    let (first, last) = if step > 0 { (0, length) } else { (length - 1, -1) };
    let (Some(mut at), Some(end)) = (bound(&from, first), bound(&to, last)) else {
        return Value::Unknown;
    };
    at = if step > 0 { at.max(0) } else { at.min(length - 1) };
    let mut result = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        match usize::try_from(at).ok().and_then(|at| items.get(at)) {
            Some(item) => result.push(item.clone()),
            None => break,
        }
        at = at.saturating_add(step);
    }
    Value::List(result)
}

fn place(at: i64, length: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(length as i64)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}
