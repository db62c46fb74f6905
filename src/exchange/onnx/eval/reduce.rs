//! Sums, means, maxima and what else goes along an axis.

use super::graph::OperatorCall;
use super::value::{ElementType, Evaluated, TensorValue, axis_of, for_each, place};

pub(super) fn sum(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    Along::of(call, &call.ints(1)?)?.folded(call, 0.0, |sum, x| sum + x, |sum, _| sum)
}

pub(super) fn mean(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let axes = call.int_list("axes")?.ok_or("it has no axes")?;
    let mean = |sum: f64, count: usize| sum / count as f64;
    Along::of(call, axes)?.folded(call, 0.0, |sum, x| sum + x, mean)
}

pub(super) fn max(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let axes = call.int_list("axes")?.ok_or("it has no axes")?;
    let larger = |most: f64, x: f64| if x > most || x.is_nan() { x } else { most };
    Along::of(call, axes)?.folded(call, f64::NEG_INFINITY, larger, |most, _| most)
}

/// The axes that go, in a value.
struct Along<'a> {
    x: &'a TensorValue,
    numbers: &'a [f64],
    axes: Vec<usize>,
    /// The shape with 1 for those axes.
    kept: Vec<usize>,
}

impl<'a> Along<'a> {
    fn of(call: &'a OperatorCall<'_>, axes: &[i64]) -> Evaluated<Along<'a>> {
        let (x, numbers) = (call.input(0)?, call.numbers(0)?);
        let axes = axes.iter().map(|axis| axis_of(*axis, x.dims.len()));
        let axes = axes.collect::<Evaluated<Vec<usize>>>()?;
        let kept = x.dims.iter().enumerate();
        let kept = kept.map(|(axis, dim)| if axes.contains(&axis) { 1 } else { *dim }).collect();
        Ok(Along { x, numbers, axes, kept })
    }

    /// Every number with the place of what it goes into, in order.
    fn for_each(&self, mut each: impl FnMut(usize, &[usize], f64)) {
        let mut numbers = self.numbers.iter();
        for_each(&self.x.dims, |at| {
            if let Some(number) = numbers.next() {
                each(place(&self.kept, at), at, *number);
            }
        });
    }

    fn size(&self) -> usize {
        self.kept.iter().product()
    }

    fn folded(
        &self,
        call: &OperatorCall<'_>,
        start: f64,
        step: fn(f64, f64) -> f64,
        end: fn(f64, usize) -> f64,
    ) -> Evaluated<Vec<TensorValue>> {
        let mut parts = vec![start; self.size()];
        self.for_each(|place, _, x| parts[place] = step(parts[place], x));
        let count = self.axes.iter().map(|axis| self.x.dims[*axis]).product();
        for part in &mut parts {
            *part = end(*part, count);
        }
        self.shaped(call, self.x.kind(), parts)
    }

    /// With or without the axes that are 1 now.
    fn shaped(
        &self,
        call: &OperatorCall<'_>,
        kind: ElementType,
        numbers: Vec<f64>,
    ) -> Evaluated<Vec<TensorValue>> {
        let mut dims = self.kept.clone();
        if call.int("keepdims", 1)? == 0 {
            let kept = dims.iter().enumerate().filter(|(axis, _)| !self.axes.contains(axis));
            dims = kept.map(|(_, dim)| *dim).collect();
        }
        Ok(vec![TensorValue::new(kind, dims, numbers)?])
    }
}

/// Where the first of the largest numbers is.
pub(super) fn arg_max(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let along = Along::of(call, &[call.int("axis", 0)?])?;
    let mut best = vec![(f64::NEG_INFINITY, 0); along.size()];
    along.for_each(|place, at, x| {
        if x > best[place].0 {
            best[place] = (x, at[along.axes[0]]);
        }
    });
    let places = best.into_iter().map(|(_, place)| place as f64).collect();
    along.shaped(call, ElementType::Int64, places)
}

pub(super) fn softmax(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    exponentials(call, |below, sum| below.exp() / sum)
}

pub(super) fn log_softmax(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    exponentials(call, |below, sum| below - sum.ln())
}

/// A function of how far each number is below the largest, and of the sum of the exponentials.
fn exponentials(
    call: &OperatorCall<'_>,
    function: fn(f64, f64) -> f64,
) -> Evaluated<Vec<TensorValue>> {
    let along = Along::of(call, &[call.int("axis", -1)?])?;
    let mut most = vec![f64::NEG_INFINITY; along.size()];
    along.for_each(|place, _, x| most[place] = most[place].max(x));
    let mut sums = vec![0.0; along.size()];
    along.for_each(|place, _, x| sums[place] += (x - most[place]).exp());
    let mut numbers = Vec::with_capacity(along.numbers.len());
    along.for_each(|place, _, x| numbers.push(function(x - most[place], sums[place])));
    Ok(vec![TensorValue::new(along.x.kind(), along.x.dims.clone(), numbers)?])
}

pub(super) fn cum_sum(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let [axis] = call.ints(1)?[..] else { return Err("its axis must be one".to_string()) };
    let along = Along::of(call, &[axis])?;
    let mut sums = vec![0.0; along.size()];
    let mut numbers = Vec::with_capacity(along.numbers.len());
    along.for_each(|place, _, x| {
        sums[place] += x;
        numbers.push(sums[place]);
    });
    Ok(vec![TensorValue::new(along.x.kind(), along.x.dims.clone(), numbers)?])
}

/// The k largest of the last axis, largest first, and where they were.
pub(super) fn top_k(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, numbers) = (call.input(0)?, call.numbers(0)?);
    let [k] = call.ints(1)?[..] else { return Err("its size must be one".to_string()) };
    let axis = axis_of(call.int("axis", -1)?, x.dims.len())?;
    let n = x.dims[axis];
    let k = usize::try_from(k).ok().filter(|k| *k <= n);
    let Some(k) = k.filter(|_| axis + 1 == x.dims.len()) else {
        return Err("it takes no more than there are, of the last axis".to_string());
    };
    let (mut values, mut places) = (Vec::new(), Vec::new());
    for row in numbers.chunks(n.max(1)) {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| row[*b].total_cmp(&row[*a])); // equal ones stay in order
        values.extend(order[..k].iter().map(|place| row[*place]));
        places.extend(order[..k].iter().map(|place| *place as f64));
    }
    let mut dims = x.dims.clone();
    dims[axis] = k;
    let values = TensorValue::new(x.kind(), dims.clone(), values)?;
    Ok(vec![values, TensorValue::new(ElementType::Int64, dims, places)?])
}
