//! Numbers by themselves, with others, and in products.

use std::collections::BTreeMap;

use super::graph::OperatorCall;
use super::value::{ElementType, Evaluated, TensorValue, broadcast, count, for_each, place};

pub(super) fn relu(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x } // NaN stays
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub(super) fn shrink(x: f64, lambd: f64, bias: f64) -> f64 {
    match x {
        x if x < -lambd => x + bias,
        x if x > lambd => x - bias,
        x if x.is_nan() => x,
        _ => 0.0,
    }
}

pub(super) fn clip(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let ([low], [high]) = (call.numbers(1)?, call.numbers(2)?) else {
        return Err("its limits must be two numbers".to_string());
    };
    let within = |x: f64| match x {
        x if x < *low => *low,
        x if x > *high => *high,
        x => x,
    };
    Ok(vec![call.each(within)?])
}

/// `Where`
pub(super) fn choose(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (condition, a, b) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if condition.kind() != ElementType::Bool || a.kind() != b.kind() {
        return Err("it chooses by yes and no between two of a kind".to_string());
    }
    let (c, x, y) = (call.numbers(0)?, call.numbers(1)?, call.numbers(2)?);
    let dims = broadcast(&broadcast(&condition.dims, &a.dims)?, &b.dims)?;
    let mut numbers = Vec::with_capacity(count(&dims)?);
    for_each(&dims, |at| {
        let is_first = c[place(&condition.dims, at)] != 0.0;
        numbers.push(if is_first { x[place(&a.dims, at)] } else { y[place(&b.dims, at)] });
    });
    Ok(vec![TensorValue::new(a.kind(), dims, numbers)?])
}

/// Of the last two axes; the others go along with each other.
pub(super) fn matmul(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let (x, y) = (call.numbers(0)?, call.numbers(1)?);
    let ([outer_a @ .., m, k], [outer_b @ .., rows, n]) = (a.dims(), b.dims()) else {
        return Err("its inputs must be matrices".to_string());
    };
    if k != rows || a.kind() != b.kind() {
        return Err(format!("no product of the shapes {:?} and {:?}", a.dims, b.dims));
    }
    let outer = broadcast(outer_a, outer_b)?;
    let mut numbers = Vec::new();
    let dims = [outer.as_slice(), &[*m, *n]].concat();
    numbers.resize(count(&dims)?, 0.0);
    let mut at_row = 0;
    for_each(&outer, |at| {
        let (x, y) = (&x[place(outer_a, at) * m * k..], &y[place(outer_b, at) * k * n..]);
        for i in 0..*m {
            let row = &mut numbers[at_row..at_row + n];
            at_row += n;
            for p in 0..*k {
                let (factor, other) = (x[i * k + p], &y[p * n..(p + 1) * n]);
                for (sum, y) in row.iter_mut().zip(other) {
                    *sum += factor * y;
                }
            }
        }
    });
    Ok(vec![TensorValue::new(a.kind(), dims, numbers)?])
}

/// The sum over all axes whose letters the result lacks, of the products along equal letters.
pub(super) fn einsum(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let equation: String = call.string("equation")?.split_whitespace().collect();
    let (terms, result) = equation.split_once("->").ok_or("its equation has no `->`")?;
    let terms: Vec<&str> = terms.split(',').collect();
    let (a, b) = (call.input(0)?, call.input(1)?);
    let [first, second] = terms[..] else {
        return Err(format!("the equation `{equation}` has not two inputs"));
    };
    let more = |term: &str, value: &TensorValue| {
        let letters = term.chars().filter(char::is_ascii_alphabetic).count();
        value.dims.len().saturating_sub(letters)
    };
    let more = more(first, a).max(more(second, b));
    let mut sizes = BTreeMap::new();
    let mut letters_of = |term: &str, value: &TensorValue| -> Evaluated<Vec<char>> {
        let letters = letters(term, value.dims.len(), more)?;
        for (letter, size) in letters.iter().zip(&value.dims) {
            if *sizes.entry(*letter).or_insert(*size) != *size {
                return Err(format!("`{letter}` has two sizes in `{equation}`"));
            }
        }
        Ok(letters)
    };
    let (in_a, in_b) = (letters_of(first, a)?, letters_of(second, b)?);
    let explicit = result.chars().filter(char::is_ascii_alphabetic).count();
    let out = letters(result, explicit + if result.contains('.') { more } else { 0 }, more)?;
    let summed = sizes.keys().filter(|letter| !out.contains(letter));
    let all: Vec<char> = out.iter().chain(summed).copied().collect();
    let size = |letter: &char| {
        sizes.get(letter).copied().ok_or_else(|| format!("`{letter}` has no size in `{equation}`"))
    };
    let all_sizes = all.iter().map(size).collect::<Evaluated<Vec<_>>>()?;
    let (dims, rest) = all_sizes.split_at(out.len());
    let spot = |letters: &[char], value: &TensorValue, at: &[usize]| {
        letters.iter().zip(&value.dims).fold(0, |place, (letter, dim)| {
            let axis = all.iter().position(|other| other == letter).unwrap_or(0);
            place * dim + at[axis]
        })
    };
    let (x, y) = (call.numbers(0)?, call.numbers(1)?);
    let mut numbers = Vec::with_capacity(count(dims)?);
    for_each(dims, |at| {
        let (mut sum, mut full) = (0.0, at.to_vec());
        full.resize(all.len(), 0);
        for_each(rest, |rest| {
            full[at.len()..].copy_from_slice(rest);
            sum += x[spot(&in_a, a, &full)] * y[spot(&in_b, b, &full)];
        });
        numbers.push(sum);
    });
    Ok(vec![TensorValue::new(a.kind(), dims.to_vec(), numbers)?])
}

/// A letter for each axis; those of the dots are digits, of which the last is the last axis.
fn letters(term: &str, rank: usize, more: usize) -> Evaluated<Vec<char>> {
    let wrong = || format!("the term `{term}` doesn't fit {rank} axes");
    let explicit = term.replace("...", "");
    if !explicit.chars().all(|letter| letter.is_ascii_alphabetic()) || more > 10 {
        return Err(wrong());
    }
    let dots = rank.checked_sub(explicit.len()).filter(|dots| *dots <= more).ok_or_else(wrong)?;
    let digits: String = ('0'..='9').take(more).skip(more - dots).collect();
    let letters: Vec<char> = term.replacen("...", &digits, 1).chars().collect();
    if letters.len() == rank { Ok(letters) } else { Err(wrong()) }
}
