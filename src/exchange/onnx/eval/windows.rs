//! Windows over the axes behind (batch, channels): convolutions, pooling, resizing.

use super::graph::OperatorCall;
use super::value::{Evaluated, TensorValue, count, for_each, place};

/// Sizes and steps along the axes behind the channels.
struct Window {
    kernel: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    before: Vec<usize>,
    after: Vec<usize>,
    /// The input's sizes.
    sizes: Vec<usize>,
}

impl Window {
    fn of(call: &OperatorCall<'_>) -> Evaluated<Window> {
        let dims = call.input(0)?.dims();
        let Some((&[_, _], sizes)) = dims.split_first_chunk::<2>() else {
            return Err(format!("{dims:?} has no batch and channels"));
        };
        let rank = sizes.len();
        let kernel = list(call, "kernel_shape", rank, 1)?;
        let strides = list(call, "strides", rank, 1)?;
        let dilations = list(call, "dilations", rank, 1)?;
        let pads = list(call, "pads", 2 * rank, 0)?;
        if kernel.contains(&0) || strides.contains(&0) || dilations.contains(&0) {
            return Err("a window's sizes and steps must be at least 1".to_string());
        }
        count(&kernel)?;
        let (before, after) = (pads[..rank].to_vec(), pads[rank..].to_vec());
        Ok(Window { kernel, strides, dilations, before, after, sizes: sizes.to_vec() })
    }

    /// How far a window reaches along an axis.
    fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilations[axis] + 1
    }

    /// The output's sizes.
    fn output(&self) -> Evaluated<Vec<usize>> {
        let size = |axis: usize| {
            let padded = self.sizes[axis] + self.before[axis] + self.after[axis];
            padded.checked_sub(self.reach(axis)).map(|free| free / self.strides[axis] + 1)
        };
        let output: Option<Vec<usize>> = (0..self.sizes.len()).map(size).collect();
        output.ok_or_else(|| "a window is larger than its input".to_string())
    }

    /// Where in the input an element of the window lies; None in the padding.
    fn source(&self, output: &[usize], tap: &[usize]) -> Option<usize> {
        let mut place = 0;
        for (axis, size) in self.sizes.iter().enumerate() {
            let at = output[axis] * self.strides[axis] + tap[axis] * self.dilations[axis];
            let at = at.checked_sub(self.before[axis]).filter(|at| at < size)?;
            place = place * size + at;
        }
        Some(place)
    }
}

/// An attribute of so many sizes; each has a bound, so that no product of three overflows.
fn list(
    call: &OperatorCall<'_>,
    name: &str,
    length: usize,
    default: usize,
) -> Evaluated<Vec<usize>> {
    let Some(list) = call.int_list(name)? else { return Ok(vec![default; length]) };
    let size = |n: &i64| usize::try_from(*n).ok().filter(|n| *n < 1 << 20);
    let sizes: Option<Vec<usize>> = list.iter().map(size).collect();
    let sizes = sizes.filter(|sizes| sizes.len() == length);
    sizes.ok_or_else(|| format!("`{name}` is {list:?}"))
}

/// `y[n, m, o] = b[m] + Σ x[n, c, o·stride + k·dilation - pad] · w[m, c, k]`, c in m's group.
pub(super) fn conv(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (window, groups) = (Window::of(call)?, call.int("group", 1)?);
    let (input, weight) = (call.input(0)?, call.input(1)?);
    let (x, w) = (call.numbers(0)?, call.numbers(1)?);
    let (batch, channels) = (input.dims[0], input.dims[1]);
    let groups =
        usize::try_from(groups).ok().filter(|groups| *groups > 0 && channels % groups == 0);
    let groups = groups.ok_or("its channels don't split into its groups")?;
    let filters = weight.dims.first().copied().unwrap_or(0);
    let own = channels / groups;
    if weight.dims != [&[filters, own], window.kernel.as_slice()].concat() || filters % groups != 0
    {
        return Err(format!("its weight is {:?}", weight.dims));
    }
    let biases = biases(call, filters)?;
    let output = window.output()?;
    let dims = [&[batch, filters], output.as_slice()].concat();
    let (space, taps) = (count(&window.sizes)?, count(&window.kernel)?);
    let mut numbers = Vec::with_capacity(count(&dims)?);
    for_each(&dims, |at| {
        let (m, mut sum, mut k) = (at[1], biases[at[1]], 0);
        let first = at[0] * channels + m / (filters / groups) * own;
        for_each(&window.kernel, |tap| {
            if let Some(place) = window.source(&at[2..], tap) {
                for c in 0..own {
                    sum += x[(first + c) * space + place] * w[(m * own + c) * taps + k];
                }
            }
            k += 1;
        });
        numbers.push(sum);
    });
    Ok(vec![TensorValue::new(input.kind(), dims, numbers)?])
}

fn biases(call: &OperatorCall<'_>, filters: usize) -> Evaluated<Vec<f64>> {
    let biases = match call.optional(2) {
        Some(_) => call.numbers(2)?.to_vec(),
        None => vec![0.0; filters],
    };
    if biases.len() == filters {
        Ok(biases)
    } else {
        Err("its bias is of another size".to_string())
    }
}

/// The transpose of a convolution from its output to its input: `x[n, c, i] · w[c, m, k]` goes to
/// `y[n, m, i·stride + k·dilation - pad]`.
pub(super) fn conv_transpose(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let window = Window::of(call)?;
    let (input, weight) = (call.input(0)?, call.input(1)?);
    let (x, w) = (call.numbers(0)?, call.numbers(1)?);
    let (batch, channels) = (input.dims[0], input.dims[1]);
    let filters = weight.dims.get(1).copied().unwrap_or(0);
    if weight.dims != [&[channels, filters], window.kernel.as_slice()].concat() {
        return Err(format!("its weight is {:?}", weight.dims));
    }
    let extra = list(call, "output_padding", window.sizes.len(), 0)?;
    let size = |axis: usize| {
        let scattered = window.sizes[axis].checked_sub(1)? * window.strides[axis];
        (scattered + window.reach(axis) + extra[axis])
            .checked_sub(window.before[axis] + window.after[axis])
    };
    let output: Option<Vec<usize>> = (0..window.sizes.len()).map(size).collect();
    let output = output.ok_or("its output is empty")?;
    let dims = [&[batch, filters], output.as_slice()].concat();
    let mut numbers = vec![0.0; count(&dims)?];
    let space = count(&output)?;
    for (channel, bias) in biases(call, filters)?.iter().cycle().take(batch * filters).enumerate() {
        numbers[channel * space..(channel + 1) * space].fill(*bias);
    }
    // the same window over what comes out, whose places in the input are where ours go
    let target = Window { sizes: output, ..window };
    let taps = count(&target.kernel)?;
    let mut given = x.iter();
    for_each(&input.dims, |at| {
        let (number, mut k) = (given.next().copied().unwrap_or(0.0), 0);
        for_each(&target.kernel, |tap| {
            if let Some(place) = target.source(&at[2..], tap) {
                for m in 0..filters {
                    let factor = w[(at[1] * filters + m) * taps + k];
                    numbers[(at[0] * filters + m) * space + place] += number * factor;
                }
            }
            k += 1;
        });
    });
    Ok(vec![TensorValue::new(input.kind(), dims, numbers)?])
}

pub(super) fn max_pool(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let larger = |most: f64, x: f64| if x > most || x.is_nan() { x } else { most };
    pool(call, f64::NEG_INFINITY, larger, |most, _| most)
}

/// The mean of what isn't padding.
pub(super) fn average_pool(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    pool(call, 0.0, |sum, x| sum + x, |sum, count| sum / count as f64)
}

fn pool(
    call: &OperatorCall<'_>,
    start: f64,
    step: fn(f64, f64) -> f64,
    end: fn(f64, usize) -> f64,
) -> Evaluated<Vec<TensorValue>> {
    let (window, input, x) = (Window::of(call)?, call.input(0)?, call.numbers(0)?);
    let dims = [&input.dims[..2], &window.output()?].concat();
    let space = count(&window.sizes)?;
    let mut numbers = Vec::with_capacity(count(&dims)?);
    for_each(&dims, |at| {
        let (mut part, mut count) = (start, 0);
        let channel = (at[0] * input.dims[1] + at[1]) * space;
        for_each(&window.kernel, |tap| {
            if let Some(place) = window.source(&at[2..], tap) {
                part = step(part, x[channel + place]);
                count += 1;
            }
        });
        numbers.push(end(part, count));
    });
    Ok(vec![TensorValue::new(input.kind(), dims, numbers)?])
}

/// An axis after the other, each output a weighted sum along it.
pub(super) fn resize(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let (x, scales) = (call.input(0)?, call.numbers(2)?);
    if scales.len() != x.dims.len() || call.inputs.len() > 3 || call.optional(1).is_some() {
        return Err("it goes by one scale for each axis".to_string());
    }
    let mut out = x.clone();
    for (axis, scale) in scales.iter().enumerate().filter(|(_, scale)| **scale != 1.0) {
        let size = (out.dims[axis] as f64 * scale).floor();
        if !(0.0..=f64::from(1 << 27)).contains(&size) {
            return Err(format!("its scale is {scale}"));
        }
        let mut dims = out.dims.clone();
        dims[axis] = size as usize;
        let total = count(&dims)?;
        let parts = (0..dims[axis]).map(|at| parts(call, at, out.dims[axis], *scale));
        let parts = parts.collect::<Evaluated<Vec<_>>>()?;
        let (old, inner) = (out.numbers().ok_or("its input must be numbers")?, &dims[axis + 1..]);
        let stride: usize = inner.iter().product();
        let mut numbers = Vec::with_capacity(total);
        for_each(&dims, |at| {
            let outer = place(&dims[..axis], &at[..axis]) * out.dims[axis];
            let rest = place(inner, &at[axis + 1..]);
            let part = |(from, weight): &(usize, f64)| old[(outer + from) * stride + rest] * weight;
            numbers.push(parts[at[axis]].iter().map(part).sum());
        });
        out = TensorValue::new(x.kind(), dims, numbers)?;
    }
    Ok(vec![out])
}

/// Which elements of an axis, with which weights, make the element `at` of the resized one.
fn parts(
    call: &OperatorCall<'_>,
    at: usize,
    length: usize,
    scale: f64,
) -> Evaluated<Vec<(usize, f64)>> {
    let last = length.checked_sub(1).ok_or("an axis is empty")? as f64;
    let known = [call.string("mode")?, call.string("coordinate_transformation_mode")?];
    let half_pixel = (at as f64 + 0.5) / scale - 0.5;
    let (low, t) = (half_pixel.floor(), half_pixel - half_pixel.floor());
    match known {
        ["nearest", "asymmetric"] if call.string("nearest_mode")? == "floor" => {
            Ok(vec![((at as f64 / scale).floor().min(last) as usize, 1.0)])
        }
        ["linear", "half_pixel"] => {
            let inside = |at: f64| at.clamp(0.0, last) as usize;
            Ok(vec![(inside(low), 1.0 - t), (inside(low + 1.0), t)])
        }
        ["cubic", "half_pixel"] if call.int("exclude_outside", 0)? == 1 => {
            let a = call.float("cubic_coeff_a", -0.75)?;
            let weight = |distance: f64| match distance.abs() {
                d if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
                d if d < 2.0 => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
                _ => 0.0,
            };
            let taps = [-1.0, 0.0, 1.0, 2.0].map(|tap| (low + tap, weight(tap - t)));
            let taps = taps.into_iter().filter(|(at, _)| (0.0..=last).contains(at));
            let taps: Vec<(f64, f64)> = taps.collect();
            let sum: f64 = taps.iter().map(|(_, weight)| weight).sum();
            Ok(taps.into_iter().map(|(at, weight)| (at as usize, weight / sum)).collect())
        }
        other => Err(format!("the modes {other:?} are unknown")),
    }
}
