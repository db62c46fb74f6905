//! What an optimizer keeps for the weights, on their device, and the programs that update there: one
//! launch for all weights.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::in_place::in_place;
use crate::gpu::{Passed, Program, Status, StepWords, address, launch};

/// What is kept for a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptValue {
    /// A slot of the rule's.
    Slot(usize),
    Average,
    Accumulator,
}

/// All of it in rows of one tensor: the slots, then the averages, then the accumulators; in each, the
/// weights one after the other.
pub(super) struct OnDevice {
    /// The weights, whose values stay where they are.
    pub(super) vars: Vec<Var>,
    /// Where each weight begins in a row, and the end.
    pub(super) starts: Vec<usize>,
    pub(super) form: UpdateForm,
    state: Var,
    /// For each block of the program: the address of a weight's values, where they stand in a row, and
    /// how many.
    pieces: Option<Tensor>,
    update: Program,
    gather: Option<Program>,
}

/// What an optimizer does at each step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct UpdateForm {
    /// The rule in C, and its decay.
    pub(super) rule: &'static str,
    pub(super) decay: Option<&'static str>,
    pub(super) slots: usize,
    pub(super) clips: bool,
    pub(super) averages: bool,
    pub(super) accumulates: bool,
    pub(super) scales: bool,
}

/// The numbers of a step, as the program takes them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct StepNumbers {
    /// False where gradients are only added up.
    pub(crate) is_real: bool,
    pub(super) overwrites: bool,
    pub(super) learning_rate: f32,
    pub(super) decay: f32,
    pub(super) clip: f32,
    pub(super) momentum: f32,
    pub(super) scale: f32,
    pub(super) every: f32,
    pub(super) of_rule: [f32; 10],
}

/// Numbers that a block updates.
const PIECE: usize = 4096;

impl OnDevice {
    /// `rows`: what is kept so far, row after row.
    pub(super) fn new(form: UpdateForm, vars: Vec<Var>, rows: Vec<f32>) -> Result<OnDevice> {
        let mut starts = vec![0];
        for var in &vars {
            starts.push(starts[starts.len() - 1] + var.elem_count());
        }
        let device = vars.first().map_or(&Device::Cpu, |var| var.device());
        let count = rows.len();
        let state = match count {
            0 => Tensor::zeros(1, DType::F32, device)?, // a device has no memory of no size
            _ => Tensor::from_vec(rows, count, device)?,
        };
        let state = Var::from_tensor(&state)?;
        let mut pieces = Vec::new();
        if device.is_cuda() {
            for (var, start) in vars.iter().zip(&starts) {
                let first = address(var.as_tensor())?;
                for at in (0..var.elem_count()).step_by(PIECE) {
                    let here = PIECE.min(var.elem_count() - at);
                    let size = DType::F32.size_in_bytes();
                    pieces.extend([first + (at * size) as u64, (start + at) as u64, here as u64]);
                }
            }
        }
        let pieces: Vec<i64> = pieces.into_iter().map(u64::cast_signed).collect();
        let count = pieces.len();
        let pieces = (count > 0).then(|| Tensor::from_vec(pieces, count, device)).transpose()?;
        let gather = (form.accumulates || form.scales).then(|| form.gather());
        Ok(OnDevice { vars, starts, form, state, pieces, update: form.update(), gather })
    }

    fn total(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// What is kept for a weight.
    pub(super) fn values(&self, weight: usize, kept: KeptValue) -> Result<Vec<f32>> {
        let row = match kept {
            KeptValue::Slot(slot) => slot,
            KeptValue::Average => self.form.slots,
            KeptValue::Accumulator => self.form.slots + usize::from(self.form.averages),
        };
        let (start, end) = (self.starts[weight], self.starts[weight + 1]);
        self.state.narrow(0, row * self.total() + start, end - start)?.to_vec1()
    }

    /// Replaces everything that is kept, row after row.
    pub(super) fn set(&self, rows: &[f32]) -> crate::error::Result<()> {
        in_place(&self.state, &mut |state| {
            state[..rows.len()].copy_from_slice(rows);
            Ok(())
        })
    }

    /// The gradients divided by the loss's scale, and added up over batches: in place.
    pub(super) fn gather(&self, flat: &Tensor, step: &StepNumbers, status: &Status) -> Result<()> {
        let Some(program) = &self.gather else { return Ok(()) };
        let total = self.total();
        let row = self.form.slots + usize::from(self.form.averages);
        let sums = address(self.state.as_tensor())?
            + if self.form.accumulates { (row * total * 4) as u64 } else { 0 };
        let arguments = [
            Passed::Address(address(flat)?),
            Passed::Address(sums),
            Passed::Address(address(status.numbers())?),
            Passed::U64(total as u64),
            Passed::U32(u32::from(step.is_real)),
            Passed::F32(step.every),
            Passed::F32(step.scale),
        ];
        launch(flat.device(), program, total.div_ceil(PIECE) as u64, &arguments)
    }

    /// What is kept.
    pub(super) fn state(&self) -> &Tensor {
        self.state.as_tensor()
    }

    /// One step of all weights.
    pub(super) fn update(
        &self,
        flat: &Tensor,
        step: &StepNumbers,
        status: &Status,
        words: &StepWords,
    ) -> Result<()> {
        let Some(pieces) = &self.pieces else { return Ok(()) };
        let arguments = [
            Passed::Address(address(pieces)?),
            Passed::Address(address(flat)?),
            Passed::Address(address(self.state.as_tensor())?),
            Passed::Address(address(status.numbers())?),
            Passed::U64(self.total() as u64),
            Passed::Address(words.numbers()?),
            Passed::U32(u32::from(step.is_real)),
        ];
        let blocks = pieces.elem_count() / 3;
        launch(flat.device(), &self.update, blocks as u64, &arguments)
    }
}

impl StepNumbers {
    /// As the program reads them.
    pub(crate) fn list(&self) -> [f32; 16] {
        let mut list = [0.0; 16];
        list[..4].copy_from_slice(&[self.learning_rate, self.decay, self.clip, self.momentum]);
        list[4] = 1.0 - self.momentum;
        list[5..15].copy_from_slice(&self.of_rule);
        list[15] = f32::from(u8::from(self.overwrites));
        list
    }
}

impl UpdateForm {
    /// How many rows are kept.
    pub(super) fn rows(&self) -> usize {
        self.slots + usize::from(self.averages) + usize::from(self.accumulates)
    }

    /// The program that updates.
    pub(super) fn update(&self) -> Program {
        let each = |text: &dyn Fn(usize) -> String| (0..self.slots).map(text).collect::<String>();
        let numbers: String = (0..10).map(|i| format!(", c{i} = c->at[{}]", 5 + i)).collect();
        let loads = each(&|i| format!("float s{i} = state[{i} * total + at];\n            "));
        let stores = each(&|i| format!("state[{i} * total + at] = s{i};\n            "));
        let clip = if self.clips { "g = g < -clip ? -clip : (g > clip ? clip : g);" } else { "" };
        let decay = self.decay.unwrap_or_default();
        let rule = self.rule;
        let average = if self.averages {
            let row = self.slots;
            format!(
                "float average = c->at[3] * state[{row} * total + at] + c->at[4] * w;
        state[{row} * total + at] = average;
        if (c->at[15] != 0.0f) w = average;"
            )
        } else {
            String::new()
        };
        let text = format!(
            "/* One step of all weights, which updates them if it is real. */
KERNEL void update(const long long *pieces, const float *gradients, float *state,
                   const float *status, u64 total, const struct numbers *c,
                   u32 is_real) {{
    const long long *piece = pieces + 3 * (u64)blockIdx.x;
    float *values = (float *)piece[0];
    const u64 start = (u64)piece[1], count = (u64)piece[2];
    const float lr = c->at[0], decay = c->at[1], clip = c->at[2]{numbers};
    u64 i;
    if (status[0] == 0.0f) return;
    for (i = threadIdx.x; i < count; i += blockDim.x) {{
        const u64 at = start + i;
        float w = values[i];
        if (is_real) {{
            float g = gradients[at];
            {loads}{clip}
            {decay}
            {rule}
            {stores}
        }}
        {average}
        values[i] = w;
    }}
}}
"
        );
        Program { name: "update".to_string(), text }
    }

    /// The program that readies the gradients.
    pub(super) fn gather(&self) -> Program {
        let scale = if self.scales { "g = g * scale / scale;" } else { "" };
        let sum = if self.accumulates {
            "if (is_real) {
            g = (g + sums[i]) / every;
            sums[i] = 0.0f;
        } else {
            sums[i] = sums[i] + g;
        }"
        } else {
            ""
        };
        let text = format!(
            "/* Gradients divided by the loss's scale, and the mean of several batches'. */
KERNEL void gather(float *gradients, float *sums, const float *status, u64 total, u32 is_real,
                   float every, float scale) {{
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (status[0] == 0.0f) return;
    for (; i < total; i += (u64)gridDim.x * blockDim.x) {{
        float g = gradients[i];
        {scale}
        {sum}
        gradients[i] = g;
    }}
}}
"
        );
        Program { name: "gather".to_string(), text }
    }
}
