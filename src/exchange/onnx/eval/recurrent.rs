//! ONNX's recurrent operators, and the loop over the steps of a sequence.

use super::graph::OperatorCall;
use super::math::{relu, sigmoid};
use super::value::{Data, ElementType, Evaluated, TensorValue, count};

/// Gates in the order input, output, forget, cell.
pub(super) fn lstm(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let cell = GateCell::of(call, 4)?;
    let [f, g, h] = functions(call)?[..] else { return Err("it has 3 activations".to_string()) };
    cell.run(2, |step, state| {
        let (old, c) = state.split_at(cell.hidden);
        let (mut new_h, mut new_c) = (Vec::new(), Vec::new());
        for (unit, c) in c.iter().enumerate() {
            let gate = |gate| cell.input(step, gate, unit) + cell.recurrent(old, gate, unit);
            let c = f(gate(2)) * c + f(gate(0)) * g(gate(3));
            new_c.push(c);
            new_h.push(f(gate(1)) * h(c));
        }
        [new_h, new_c].concat()
    })
}

/// Gates in the order update, reset, hidden.
pub(super) fn gru(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let cell = GateCell::of(call, 3)?;
    let [f, g] = functions(call)?[..] else { return Err("it has 2 activations".to_string()) };
    let is_linear_before = call.int("linear_before_reset", 0)? != 0;
    cell.run(1, |step, old| {
        let gate = |gate, unit| f(cell.input(step, gate, unit) + cell.recurrent(old, gate, unit));
        let reset: Vec<f64> = (0..cell.hidden).map(|unit| gate(1, unit)).collect();
        let kept: Vec<f64> = reset.iter().zip(old).map(|(reset, h)| reset * h).collect();
        let new = |(unit, h): (usize, &f64)| {
            let recurrent = if is_linear_before {
                reset[unit] * cell.recurrent(old, 2, unit)
            } else {
                cell.recurrent(&kept, 2, unit)
            };
            let (z, new) = (gate(0, unit), g(cell.input(step, 2, unit) + recurrent));
            (1.0 - z) * new + z * h
        };
        old.iter().enumerate().map(new).collect()
    })
}

pub(super) fn rnn(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let cell = GateCell::of(call, 1)?;
    let [f] = functions(call)?[..] else { return Err("it has 1 activation".to_string()) };
    cell.run(1, |step, old| {
        let new = |unit| f(cell.input(step, 0, unit) + cell.recurrent(old, 0, unit));
        (0..cell.hidden).map(new).collect()
    })
}

fn functions(call: &OperatorCall<'_>) -> Evaluated<Vec<fn(f64) -> f64>> {
    let function = |name: &str| -> Evaluated<fn(f64) -> f64> {
        Ok(match name {
            "Tanh" => f64::tanh,
            "Sigmoid" => sigmoid,
            "Relu" => relu,
            other => return Err(format!("the activation `{other}` is unknown")),
        })
    };
    call.text_list("activations")?.into_iter().map(function).collect()
}

/// The inputs of a recurrent operator of one direction.
struct GateCell<'a> {
    /// (time, batch, features)
    x: &'a [f64],
    /// (gates · hidden, features)
    w: &'a [f64],
    /// (gates · hidden, hidden)
    r: &'a [f64],
    /// Twice (gates · hidden), for the input and for the state.
    b: Vec<f64>,
    time: usize,
    batch: usize,
    width: usize,
    hidden: usize,
    gates: usize,
}

impl<'a> GateCell<'a> {
    fn of(call: &'a OperatorCall<'_>, gates: usize) -> Evaluated<GateCell<'a>> {
        let hidden = usize::try_from(call.int("hidden_size", 0)?).unwrap_or(0);
        let [time, batch, width] = call.input(0)?.dims[..] else {
            return Err("its input must be (time, batch, features)".to_string());
        };
        let rows = gates.checked_mul(hidden).ok_or("its hidden size is too large")?;
        let is_fitting = call.input(1)?.dims == [1, rows, width]
            && call.input(2)?.dims == [1, rows, hidden]
            && call.optional(3).is_none_or(|bias| bias.dims == [1, 2 * rows])
            && call.inputs.len() <= 4;
        if !is_fitting {
            return Err(format!("its weights don't fit {width} features and {hidden} units"));
        }
        let (x, w, r) = (call.numbers(0)?, call.numbers(1)?, call.numbers(2)?);
        let b = match call.optional(3) {
            Some(_) => call.numbers(3)?.to_vec(),
            None => vec![0.0; 2 * rows],
        };
        Ok(GateCell { x, w, r, b, time, batch, width, hidden, gates })
    }

    /// `x · Wᵀ + b` of one unit's gate; `step` is the step's place among all of all samples.
    fn input(&self, step: usize, gate: usize, unit: usize) -> f64 {
        let row = gate * self.hidden + unit;
        let x = &self.x[step * self.width..(step + 1) * self.width];
        dot(x, &self.w[row * self.width..]) + self.b[row]
    }

    /// `h · Rᵀ + b`
    fn recurrent(&self, h: &[f64], gate: usize, unit: usize) -> f64 {
        let row = gate * self.hidden + unit;
        dot(h, &self.r[row * self.hidden..]) + self.b[self.gates * self.hidden + row]
    }

    /// All steps, from a state of zeros, of so many vectors: the sequence and the last `h`.
    fn run(
        &self,
        states: usize,
        next: impl Fn(usize, &[f64]) -> Vec<f64>,
    ) -> Evaluated<Vec<TensorValue>> {
        let all = vec![self.time, 1, self.batch, self.hidden];
        let mut sequence = Vec::with_capacity(count(&all)?);
        let mut state = vec![vec![0.0; states * self.hidden]; self.batch];
        for step in 0..self.time * self.batch {
            let state = &mut state[step % self.batch];
            *state = next(step, state);
            sequence.extend_from_slice(&state[..self.hidden]);
        }
        let last = state.iter().flat_map(|state| &state[..self.hidden]).copied().collect();
        let sequence = TensorValue::new(ElementType::Float, all, sequence)?;
        Ok(vec![
            sequence,
            TensorValue::new(ElementType::Float, vec![1, self.batch, self.hidden], last)?,
        ])
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The body for each step: the states go from step to step, the other outputs are put together.
pub(super) fn scan(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let body = call.node.body.as_ref().ok_or("it has no body")?;
    let sequences = usize::try_from(call.int("num_scan_inputs", 0)?).unwrap_or(0);
    let all = (0..call.inputs.len()).map(|place| call.input(place));
    let all = all.collect::<Evaluated<Vec<&TensorValue>>>()?;
    let states = all.len().checked_sub(sequences).ok_or("it scans more inputs than it has")?;
    let (first, scanned) = all.split_at(states);
    let steps = scanned.first().and_then(|value| value.dims.first()).copied();
    let steps = steps.ok_or("it has nothing to scan")?;
    let mut state: Vec<TensorValue> = first.iter().map(|value| (*value).clone()).collect();
    let mut stacked: Vec<(Vec<usize>, Vec<f64>)> = Vec::new();
    for step in 0..steps {
        let parts = scanned.iter().map(|value| part(value, step, steps));
        state.extend(parts.collect::<Evaluated<Vec<_>>>()?);
        let mut outputs = body.run_within(state, Some(call.scope))?;
        if outputs.len() < states {
            return Err("its body gives too few states".to_string());
        }
        let shown = outputs.split_off(states);
        stacked.resize_with(shown.len(), || (Vec::new(), Vec::new()));
        for (value, (dims, numbers)) in shown.iter().zip(&mut stacked) {
            *dims = [&[steps], value.dims()].concat();
            count(dims)?;
            numbers.extend_from_slice(value.numbers().ok_or("it puts numbers together")?);
        }
        state = outputs;
    }
    for (dims, numbers) in stacked {
        state.push(TensorValue::new(ElementType::Float, dims, numbers)?);
    }
    Ok(state)
}

/// One step of a sequence.
fn part(value: &TensorValue, step: usize, steps: usize) -> Evaluated<TensorValue> {
    let (Data::Numbers(kind, numbers), Some((length, dims))) =
        (&value.data, value.dims.split_first())
    else {
        return Err("it scans numbers".to_string());
    };
    if *length != steps {
        return Err(format!("its sequences have {length} and {steps} steps"));
    }
    let size = count(dims)?;
    TensorValue::new(*kind, dims.to_vec(), numbers[step * size..(step + 1) * size].to_vec())
}
