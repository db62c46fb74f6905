//! One seed, named streams of random numbers.
//!
//! A stream is a pure function of (seed, purpose, name, step): `("init", "dense.kernel", 0)`,
//! `("shuffle", "", epoch)`, `("dropout", "dropout_1", step)`. A layer added elsewhere changes no
//! other layer's draws, a resumed run stores no generator, and every device draws the same.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use crate::numeric::chacha;

/// The source of every random draw of a run.
/// ```
/// use lanthorn::runtime::Random;
///
/// let random = Random::new(42);
/// let mut stream = random.stream("dropout", "dropout_1", 7);
/// let again = random.stream("dropout", "dropout_1", 7).uniform();
/// assert_eq!(stream.uniform(), again); // the same words give the same numbers
/// assert_ne!(random.stream("dropout", "dropout_2", 7).uniform(), again);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Random {
    seed: u64,
}

impl Random {
    /// All streams of this seed.
    pub fn new(seed: u64) -> Self {
        Random { seed }
    }

    /// The stream for one purpose, one name and one step; the same every time it is asked for.
    pub fn stream(&self, purpose: &str, name: &str, step: u64) -> Stream {
        Random::keyed(self.key(purpose, name, step))
    }

    /// What the draws of that stream are a function of.
    pub(crate) fn key(self, purpose: &str, name: &str, step: u64) -> [u8; 32] {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&fnv1a(purpose).to_le_bytes());
        key[16..24].copy_from_slice(&fnv1a(name).to_le_bytes());
        key[24..].copy_from_slice(&step.to_le_bytes());
        key
    }

    /// The stream of a key.
    pub(crate) fn keyed(key: [u8; 32]) -> Stream {
        Stream { generator: ChaCha8Rng::from_seed(key) }
    }
}

/// One stream of random numbers.
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// Uniform in [0, 1), 24 bits.
    pub fn uniform(&mut self) -> f32 {
        unit(self.word())
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// The words that as many calls of [`Stream::word`] would give, many times as fast.
    pub fn fill_words(&mut self, words: &mut [u32]) {
        let mut bytes = [0u8; 1024];
        for block in words.chunks_mut(256) {
            let bytes = &mut bytes[..4 * block.len()];
            self.generator.fill_bytes(bytes);
            for (word, bytes) in block.iter_mut().zip(bytes.chunks_exact(4)) {
                *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
    }

    /// The words of the stream from one of them on, the first being 0; where the stream itself stands
    /// doesn't matter, nor does it move.
    pub fn words_from(&self, first: u64, words: &mut [u32]) {
        chacha::fill_words(&self.generator.get_seed(), first, words);
    }

    /// The numbers that as many calls of [`Stream::uniform`] would give.
    pub fn fill_uniform(&mut self, values: &mut [f32]) {
        let mut words = [0; 256];
        for block in values.chunks_mut(256) {
            let words = &mut words[..block.len()];
            self.fill_words(words);
            for (value, word) in block.iter_mut().zip(words) {
                *value = unit(*word);
            }
        }
    }

    /// Uniform in [low, high).
    pub fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Normal with mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f32 {
        let draw: f64 = StandardNormal.sample(&mut self.generator);
        draw as f32
    }

    /// Normal with mean 0 and standard deviation 1, redrawn outside ±2.
    pub fn truncated_normal(&mut self) -> f32 {
        loop {
            let draw = self.normal();
            if draw.abs() <= 2.0 {
                return draw;
            }
        }
    }

    /// Uniform in 0..n. The remainder's bias is below 2⁻³² for every n that fits in memory.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.generator.next_u64()) * n as u128) >> 64) as usize
    }

    /// Fisher-Yates, from the end.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The upper 24 bits as a number in [0, 1).
fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// FNV-1a, 64 bits: a stable name for a string.
pub(crate) fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_a_function_of_its_key() {
        let random = Random::new(42);
        let draw = |purpose, name, step| random.stream(purpose, name, step).uniform();
        assert_eq!(draw("init", "dense", 0), draw("init", "dense", 0));
        assert_ne!(draw("init", "dense", 0), draw("init", "dense", 1));
        assert_ne!(draw("init", "dense", 0), draw("init", "dense_1", 0));
        assert_ne!(draw("init", "dense", 0), draw("dropout", "dense", 0));
    }

    /// The draws are part of the format: a model trained yesterday must train the same tomorrow.
    #[test]
    fn draws_never_change() {
        let mut stream = Random::new(1).stream("golden", "numbers", 7);
        let uniform: Vec<f32> = (0..3).map(|_| stream.uniform()).collect();
        let normal: Vec<f32> = (0..3).map(|_| stream.normal()).collect();
        let mut order: Vec<usize> = (0..8).collect();
        stream.shuffle(&mut order);
        assert_eq!(uniform, GOLDEN_UNIFORM);
        assert_eq!(normal, GOLDEN_NORMAL);
        assert_eq!(order, GOLDEN_ORDER);
    }

    const GOLDEN_UNIFORM: [f32; 3] = [0.6318043, 0.7009181, 0.3826278];
    const GOLDEN_NORMAL: [f32; 3] = [-0.16979328, 2.482806, 1.0816438];
    const GOLDEN_ORDER: [usize; 8] = [6, 5, 3, 4, 7, 2, 0, 1];

    #[test]
    fn numbers_in_bulk_are_those_drawn_one_by_one() {
        let mut one = Random::new(5).stream("dropout", "dropout", 3);
        let mut bulk = Random::new(5).stream("dropout", "dropout", 3);
        for n in [1, 7, 256, 1000, 3] {
            let (mut words, mut uniforms) = (vec![0; n], vec![0.0; n]);
            bulk.fill_words(&mut words);
            assert_eq!(words, (0..n).map(|_| one.word()).collect::<Vec<_>>());
            bulk.fill_uniform(&mut uniforms);
            assert_eq!(uniforms, (0..n).map(|_| one.uniform()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_shuffle_is_a_permutation() {
        let mut order: Vec<usize> = (0..100).collect();
        Random::new(3).stream("shuffle", "", 0).shuffle(&mut order);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
