//! Dropout and its relatives over slices: `y = x · factor + addend` with drawn factors and addends.

use super::broadcast::Broadcast;
use super::kernel::{Backward, Kernel, Pass, Saved};
use super::parallel;
use super::simd::vectorize;
use crate::random::Random;

/// Numbers of a piece that is worked on by one thread.
const PIECE: usize = 1 << 14;
/// What a draw or a product costs, in multiplications.
const WORK: usize = 4;

/// What is drawn for a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DropoutRule {
    /// Keep with probability 1 - rate and divide by it, or give 0.
    Dropout {
        /// The share that is dropped.
        rate: f64,
    },
    /// Multiply by a normal number of mean 1 and variance rate / (1 - rate).
    Gaussian {
        /// The rate of a dropout with the same variance.
        rate: f64,
    },
    /// Add a normal number of mean 0.
    Additive {
        /// Its standard deviation.
        stddev: f64,
    },
    /// Keep, or give SELU's limit, then scale and shift so that mean and variance stay.
    Alpha {
        /// The share that is dropped.
        rate: f64,
    },
}

impl DropoutRule {
    fn is_nothing(self) -> bool {
        match self {
            DropoutRule::Dropout { rate }
            | DropoutRule::Gaussian { rate }
            | DropoutRule::Alpha { rate } => rate == 0.0,
            DropoutRule::Additive { stddev } => stddev == 0.0,
        }
    }

    /// True where there is something to add, too.
    fn adds(self) -> bool {
        matches!(self, DropoutRule::Additive { .. } | DropoutRule::Alpha { .. })
    }
}

/// One layer's noise.
#[derive(Debug, Clone)]
pub struct DropoutKernel {
    /// What is drawn.
    pub rule: DropoutRule,
    /// The layer's name, which keys its stream.
    pub layer: String,
    /// The layer's own seed, in place of the run's.
    pub seed: Option<u64>,
    /// How the draws of a sample are spread over its numbers.
    pub spread: Broadcast,
    /// True where one draw serves all samples of a batch.
    pub shared: bool,
}

impl DropoutKernel {
    /// True where nothing is done in training mode either.
    pub fn is_nothing(&self) -> bool {
        self.rule.is_nothing()
    }

    /// How many draws a batch takes.
    pub fn draws(&self, batch: usize) -> usize {
        self.spread.small() * if self.shared { 1 } else { batch }
    }

    /// Draws the factors and, where the rule adds something, the addends of a step.
    pub fn draw(&self, random: &Random, step: u64, factors: &mut [f32], addends: &mut [f32]) {
        if let Some((keep, others)) = self.keeps(*random, step) {
            keep.fill(factors);
            let Some(others) = others else { return };
            for (addend, factor) in addends.iter_mut().zip(factors) {
                *addend = if *factor == 0.0 { others.dropped } else { others.kept };
            }
            return;
        }
        let mut stream = Random::keyed(self.key(*random, step));
        match self.rule {
            DropoutRule::Gaussian { rate } => {
                let deviation = (rate / (1.0 - rate)).sqrt() as f32;
                factors.iter_mut().for_each(|factor| *factor = 1.0 + deviation * stream.normal());
            }
            DropoutRule::Additive { stddev } => {
                factors.fill(1.0);
                addends.iter_mut().for_each(|addend| *addend = stddev as f32 * stream.normal());
            }
            DropoutRule::Dropout { .. } | DropoutRule::Alpha { .. } => {}
        }
    }

    /// What draws the factors of a step, and the addends where there are some; None where they are
    /// not one of two numbers.
    pub(crate) fn keeps(&self, random: Random, step: u64) -> Option<(Keep, Option<Keep>)> {
        let keep = |rate: f64, kept: f32, dropped: f32| {
            let least = u32::try_from((rate * 4_294_967_296.0) as u64).unwrap_or(u32::MAX);
            Keep { key: self.key(random, step), least, kept, dropped }
        };
        match self.rule {
            DropoutRule::Dropout { rate } => {
                let scale = if rate < 1.0 { (1.0 / (1.0 - rate)) as f32 } else { 0.0 };
                Some((keep(rate, scale, 0.0), None))
            }
            DropoutRule::Alpha { rate } => {
                let limit = -1.673_263_242_354_377_2 * 1.050_700_987_355_480_5; // α'
                let scale = ((1.0 - rate) * (1.0 + rate * limit * limit)).powf(-0.5); // a
                let shift = -scale * limit * rate; // b
                let addends = keep(rate, shift as f32, (scale * limit + shift) as f32);
                Some((keep(rate, scale as f32, 0.0), Some(addends)))
            }
            DropoutRule::Gaussian { .. } | DropoutRule::Additive { .. } => None,
        }
    }

    fn key(&self, random: Random, step: u64) -> [u8; 32] {
        self.seed.map_or(random, Random::new).key("dropout", &self.layer, step)
    }

    /// How many addends a batch takes.
    pub fn addends(&self, batch: usize) -> usize {
        if self.rule.adds() { self.draws(batch) } else { 0 }
    }

    /// `out = x · factor (+ addend)`
    fn apply(&self, x: &[f32], factors: &[f32], addends: &[f32], out: &mut [f32]) {
        if factors.len() == x.len() {
            return run(x, factors, addends, out);
        }
        let (width, small) = (self.spread.width(), self.spread.small());
        let sample = self.spread.large();
        if sample == 0 {
            return;
        }
        for (n, (x, out)) in x.chunks_exact(sample).zip(out.chunks_exact_mut(sample)).enumerate() {
            let first = if self.shared { 0 } else { n * small };
            let rows = x.chunks_exact(width).zip(out.chunks_exact_mut(width));
            for ((x, out), start) in rows.zip(self.spread.starts()) {
                let place = first + start;
                if self.spread.is_wide() {
                    let addends = addends.get(place..place + width).unwrap_or(&[]);
                    run(x, &factors[place..place + width], addends, out);
                } else {
                    let (factor, addend) =
                        (factors[place], addends.get(place).copied().unwrap_or(0.0));
                    out.iter_mut().zip(x).for_each(|(out, x)| *out = x * factor + addend);
                }
            }
        }
    }
}

/// Draws a word for each number, which is `kept` where the word is at least `least`, else `dropped`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Keep {
    /// The key of the stream.
    pub(crate) key: [u8; 32],
    pub(crate) least: u32,
    pub(crate) kept: f32,
    pub(crate) dropped: f32,
}

impl Keep {
    /// Draws.
    pub(crate) fn fill(&self, values: &mut [f32]) {
        const BLOCK: usize = 256;
        let Keep { least, kept, dropped, .. } = *self;
        let (stream, work) = (Random::keyed(self.key), WORK * values.len());
        parallel::chunks(values, PIECE, work, |piece, values| {
            let mut words = [0; BLOCK];
            for (index, block) in values.chunks_mut(BLOCK).enumerate() {
                let words = &mut words[..block.len()];
                stream.words_from((piece * PIECE + index * BLOCK) as u64, words);
                vectorize(
                    #[inline(always)]
                    move || {
                        for (value, word) in block.iter_mut().zip(words) {
                            *value = if *word >= least { kept } else { dropped };
                        }
                    },
                );
            }
        });
    }
}

fn run(x: &[f32], factors: &[f32], addends: &[f32], out: &mut [f32]) {
    let work = WORK * x.len();
    parallel::chunks(out, PIECE, work, |piece, out| {
        let part = piece * PIECE..piece * PIECE + out.len();
        let addends = addends.get(part.clone()).unwrap_or(&[]);
        let pairs = out.iter_mut().zip(&x[part.clone()]).zip(&factors[part]);
        vectorize(move || {
            if addends.is_empty() {
                pairs.for_each(|((out, x), factor)| *out = x * factor);
            } else {
                pairs.zip(addends).for_each(|(((out, x), f), addend)| *out = x * f + addend);
            }
        });
    });
}

impl Kernel for DropoutKernel {
    fn forward(&self, pass: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], saved: &mut Saved) {
        if self.is_identity(pass.training) {
            return y.copy_from_slice(x);
        }
        let (draws, addends) = (self.draws(pass.batch), self.addends(pass.batch));
        let [factors, addends] = saved.buffers([draws, addends]);
        self.draw(pass.random, pass.step, factors, addends);
        self.apply(x, factors, addends, y);
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        if self.is_identity(pass.training) {
            return dx.copy_from_slice(io.dy);
        }
        let factors = &io.saved.buffer(0)[..self.draws(pass.batch)];
        self.apply(io.dy, factors, &[], dx);
    }

    fn is_identity(&self, training: bool) -> bool {
        !training || self.is_nothing()
    }
}
