//! Shapes and places of elements; what they are stays as it is.

use super::graph::OperatorCall;
use super::value::{
    Data, ElementType, Evaluated, TensorValue, axis_of, count, for_each, kind, place,
};

pub(super) fn identity(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    Ok(vec![call.input(0)?.clone()])
}

pub(super) fn cast(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let kind = kind(i32::try_from(call.int("to", 0)?).ok())?;
    if kind == ElementType::String {
        return Err("numbers aren't cast to texts".to_string());
    }
    let mut numbers = call.numbers(0)?.to_vec();
    if kind == ElementType::Int64 {
        for number in &mut numbers {
            *number = number.trunc();
        }
    }
    Ok(vec![TensorValue::new(kind, call.input(0)?.dims.clone(), numbers)?])
}

pub(super) fn shape(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let dims: Vec<f64> = call.input(0)?.dims.iter().map(|dim| *dim as f64).collect();
    Ok(vec![TensorValue::new(ElementType::Int64, vec![dims.len()], dims)?])
}

/// Of zeros.
pub(super) fn constant_of_shape(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let dims = sizes(&call.ints(0)?)?;
    let zeros = vec![0.0; count(&dims)?];
    Ok(vec![TensorValue::new(ElementType::Float, dims, zeros)?])
}

fn sizes(numbers: &[i64]) -> Evaluated<Vec<usize>> {
    let sizes: Option<Vec<usize>> = numbers.iter().map(|n| usize::try_from(*n).ok()).collect();
    sizes.ok_or_else(|| format!("{numbers:?} are no sizes"))
}

/// 0 stays, -1 is what is left.
pub(super) fn reshape(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, wanted) = (call.input(0)?, call.ints(1)?);
    let known = |(axis, dim): (usize, &i64)| match *dim {
        0 => x.dims.get(axis).map_or(0, |dim| *dim as i64),
        -1 => 1,
        dim => dim,
    };
    let mut dims = sizes(&wanted.iter().enumerate().map(known).collect::<Vec<i64>>())?;
    let mut left = wanted.iter().enumerate().filter(|(_, dim)| **dim == -1);
    if let Some((axis, _)) = left.next() {
        dims[axis] = x.len() / count(&dims)?.max(1);
    }
    match left.next() {
        Some(_) => Err("only one axis can be what is left".to_string()),
        None => Ok(vec![x.reshaped(dims)?]),
    }
}

pub(super) fn flatten(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let x = call.input(0)?;
    let (rows, columns) = x.dims.split_at(axis_of(call.int("axis", 1)?, x.dims.len())?);
    Ok(vec![x.reshaped(vec![count(rows)?, count(columns)?])?])
}

pub(super) fn unsqueeze(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, axes) = (call.input(0)?, call.ints(1)?);
    let rank = x.dims.len() + axes.len();
    let axes = axes.iter().map(|axis| axis_of(*axis, rank)).collect::<Evaluated<Vec<_>>>()?;
    let mut old = x.dims.iter();
    let dims = (0..rank)
        .map(|axis| if axes.contains(&axis) { 1 } else { old.next().copied().unwrap_or(1) });
    Ok(vec![x.reshaped(dims.collect())?])
}

pub(super) fn squeeze(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, axes) = (call.input(0)?, call.ints(1)?);
    let axes = axes.iter().map(|axis| axis_of(*axis, x.dims.len()));
    let axes = axes.collect::<Evaluated<Vec<_>>>()?;
    if axes.iter().any(|axis| x.dims[*axis] != 1) {
        return Err(format!("the axes {axes:?} of {:?} are not of one element", x.dims));
    }
    let kept = x.dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    Ok(vec![x.reshaped(kept.map(|(_, dim)| *dim).collect())?])
}

pub(super) fn transpose(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let x = call.input(0)?;
    let order = sizes(call.int_list("perm")?.ok_or("it has no `perm`")?)?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..x.dims.len()).collect::<Vec<_>>() {
        return Err(format!("{order:?} is no order of {} axes", x.dims.len()));
    }
    let dims = order.iter().map(|axis| x.dims[*axis]).collect();
    let strides: Vec<usize> =
        order.iter().map(|axis| x.dims[axis + 1..].iter().product()).collect();
    let source = |at: &[usize]| at.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
    Ok(vec![x.arranged(dims, source)?])
}

/// Along an axis: which places of the old one stand in the new one.
fn taken(x: &TensorValue, axis: usize, places: &[usize]) -> Evaluated<TensorValue> {
    let mut dims = x.dims.clone();
    dims[axis] = places.len();
    if places.iter().any(|place| *place >= x.dims[axis]) {
        return Err(format!("an index lies outside of the {} of its axis", x.dims[axis]));
    }
    let inner: usize = x.dims[axis + 1..].iter().product();
    x.arranged(dims.clone(), |at| {
        let (outer, rest) = (place(&dims[..axis], &at[..axis]), &at[axis + 1..]);
        (outer * x.dims[axis] + places[at[axis]]) * inner + place(&dims[axis + 1..], rest)
    })
}

/// An axis is replaced by those of the indices.
pub(super) fn gather(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, indices) = (call.input(0)?, call.ints(1)?);
    let axis = axis_of(call.int("axis", 0)?, x.dims.len())?;
    let places: Vec<usize> =
        indices.iter().map(|i| axis_of(*i, x.dims[axis])).collect::<Evaluated<_>>()?;
    let dims = [&x.dims[..axis], call.input(1)?.dims(), &x.dims[axis + 1..]].concat();
    Ok(vec![taken(x, axis, &places)?.reshaped(dims)?])
}

pub(super) fn slice(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (mut x, starts, ends) = (call.input(0)?.clone(), call.ints(1)?, call.ints(2)?);
    let axes = match call.optional(3) {
        Some(_) => call.ints(3)?,
        None => (0..starts.len() as i64).collect(),
    };
    let steps = match call.optional(4) {
        Some(_) => call.ints(4)?,
        None => vec![1; starts.len()],
    };
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err("its starts, ends, axes and steps don't fit each other".to_string());
    }
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = axis_of(axis, x.dims.len())?;
        let dim = x.dims[axis] as i64;
        let (low, high) = if step > 0 { (0, dim) } else { (-1, dim - 1) };
        let bounded = |at: i64| (if at < 0 { at.saturating_add(dim) } else { at }).clamp(low, high);
        let (mut at, end) = (bounded(start).max(0), bounded(end));
        let mut places = Vec::new();
        while (step > 0 && at < end) || (step < 0 && at > end) {
            places.push(at as usize);
            at = at.saturating_add(step);
        }
        x = taken(&x, axis, &places)?;
    }
    Ok(vec![x])
}

/// Into equal parts.
pub(super) fn split(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let x = call.input(0)?;
    let axis = axis_of(call.int("axis", 0)?, x.dims.len())?;
    let (parts, dim) = (call.node.outputs.len(), x.dims[axis]);
    if parts == 0 || dim % parts != 0 || call.inputs.len() != 1 {
        return Err(format!("{dim} don't split into {parts} equal parts"));
    }
    let size = dim / parts;
    let part = |part: usize| taken(x, axis, &(part * size..(part + 1) * size).collect::<Vec<_>>());
    (0..parts).map(part).collect()
}

pub(super) fn tile(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, repeats) = (call.input(0)?, sizes(&call.ints(1)?)?);
    if repeats.len() != x.dims.len() {
        return Err(format!("{} repeats for {} axes", repeats.len(), x.dims.len()));
    }
    let dims: Vec<usize> =
        x.dims.iter().zip(&repeats).map(|(dim, times)| dim.saturating_mul(*times)).collect();
    let source =
        |at: &[usize]| at.iter().zip(&x.dims).fold(0, |place, (at, dim)| place * dim + at % dim);
    Ok(vec![x.arranged(dims, source)?])
}

pub(super) fn concat(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let first = call.input(0)?;
    let axis = axis_of(call.int("axis", 0)?, first.dims.len())?;
    let mut dims = first.dims.clone();
    dims[axis] = 0;
    for at in 0..call.inputs.len() {
        let (x, mut other) = (call.input(at)?, dims.clone());
        dims[axis] += x.dims.get(axis).copied().unwrap_or(0);
        other[axis] = x.dims.get(axis).copied().unwrap_or(0);
        if other != x.dims || x.kind() != first.kind() {
            return Err(format!("{:?} can't be joined with {:?}", x.dims, first.dims));
        }
    }
    let mut numbers = Vec::with_capacity(count(&dims)?);
    for outer in 0..count(&dims[..axis])? {
        for at in 0..call.inputs.len() {
            let width: usize = call.input(at)?.dims[axis..].iter().product();
            numbers.extend_from_slice(&call.numbers(at)?[outer * width..(outer + 1) * width]);
        }
    }
    Ok(vec![TensorValue::new(first.kind(), dims, numbers)?])
}

/// With zeros; all that go before, then all that go after.
pub(super) fn pad(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, pads) = (call.input(0)?, sizes(&call.ints(1)?)?);
    let rank = x.dims.len();
    if pads.len() != 2 * rank || call.string("mode")? != "constant" || call.inputs.len() != 2 {
        return Err("it pads with zeros, before and after each axis".to_string());
    }
    let size = |(axis, dim): (usize, &usize)| {
        dim.saturating_add(pads[axis]).saturating_add(pads[axis + rank])
    };
    let dims: Vec<usize> = x.dims.iter().enumerate().map(size).collect();
    let numbers = call.numbers(0)?;
    let mut padded = vec![0.0; count(&dims)?];
    let mut old = numbers.iter();
    for_each(&x.dims, |at| {
        let moved: Vec<usize> = at.iter().zip(&pads).map(|(at, before)| at + before).collect();
        let place = moved.iter().zip(&dims).fold(0, |place, (at, dim)| place * dim + at);
        padded[place] = old.next().copied().unwrap_or(0.0);
    });
    Ok(vec![TensorValue { dims, data: Data::Numbers(x.kind(), padded) }])
}
