//! ChaCha with 8 rounds, as many blocks at a time as the processor's registers hold: the words of
//! `rand_chacha`'s `ChaCha8Rng`, from any of them on.
//!
//! Source: D. J. Bernstein, "ChaCha, a variant of Salsa20", 2008.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use pulp::{Arch, Simd, WithSimd};

/// Words of a block.
const BLOCK: usize = 16;
/// The most blocks that are made at a time.
const LANES: usize = 16;

/// The words of the stream of a key, from `first` on.
pub(crate) fn fill_words(key: &[u8; 32], first: u64, words: &mut [u32]) {
    let key = std::array::from_fn(|i| {
        u32::from_le_bytes([key[4 * i], key[4 * i + 1], key[4 * i + 2], key[4 * i + 3]])
    });
    Arch::new().dispatch(FillWords { key, first, words });
}

struct FillWords<'a> {
    key: [u32; 8],
    first: u64,
    words: &'a mut [u32],
}

impl WithSimd for FillWords<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let FillWords { key, first, mut words } = self;
        let (mut block, mut skipped) = (first / BLOCK as u64, (first % BLOCK as u64) as usize);
        let mut made = [0; BLOCK * LANES];
        while !words.is_empty() {
            blocks(simd, &key, block, &mut made);
            let ready = &made[skipped..BLOCK * S::U32_LANES];
            let count = ready.len().min(words.len());
            let (now, later) = words.split_at_mut(count);
            now.copy_from_slice(&ready[..count]);
            (words, skipped) = (later, 0);
            block += S::U32_LANES as u64;
        }
    }
}

/// As many blocks as there are lanes, one after the other.
#[inline(always)]
fn blocks<S: Simd>(simd: S, key: &[u32; 8], first: u64, made: &mut [u32; BLOCK * LANES]) {
    let lanes = S::U32_LANES;
    let mut low = [0; LANES];
    let mut high = [0; LANES];
    for lane in 0..LANES {
        let counter = first + lane as u64;
        (low[lane], high[lane]) = (counter as u32, (counter >> 32) as u32);
    }
    let zero = simd.splat_u32s(0);
    let mut start = [zero; BLOCK];
    for (i, word) in [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574].into_iter().enumerate() {
        start[i] = simd.splat_u32s(word); // "expand 32-byte k"
    }
    for i in 0..8 {
        start[4 + i] = simd.splat_u32s(key[i]);
    }
    // SAFETY: both hold at least as many numbers as a register has lanes.
    unsafe {
        start[12] = low.as_ptr().cast::<S::u32s>().read_unaligned();
        start[13] = high.as_ptr().cast::<S::u32s>().read_unaligned();
    }
    let mut x = start;
    for _ in 0..4 {
        for i in 0..4 {
            quarter(simd, &mut x, [i, 4 + i, 8 + i, 12 + i]);
        }
        for i in 0..4 {
            quarter(simd, &mut x, [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4]);
        }
    }
    let mut words = [[0; LANES]; BLOCK];
    for i in 0..BLOCK {
        let sum = simd.add_u32s(x[i], start[i]);
        // SAFETY: a row holds at least as many numbers as a register has lanes.
        unsafe { words[i].as_mut_ptr().cast::<S::u32s>().write_unaligned(sum) };
    }
    for (lane, block) in made.chunks_exact_mut(BLOCK).take(lanes).enumerate() {
        for i in 0..BLOCK {
            block[i] = words[i][lane];
        }
    }
}

#[inline(always)]
fn quarter<S: Simd>(simd: S, x: &mut [S::u32s; BLOCK], [a, b, c, d]: [usize; 4]) {
    let turn = |x: S::u32s, by: u32| {
        let left = simd.wrapping_dyn_shl_u32s(x, simd.splat_u32s(by));
        simd.or_u32s(left, simd.wrapping_dyn_shr_u32s(x, simd.splat_u32s(32 - by)))
    };
    for (to, from, other, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        x[to] = simd.add_u32s(x[to], x[from]);
        x[other] = turn(simd.xor_u32s(x[other], x[to]), by);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    use super::*;

    #[test]
    fn words_are_those_of_the_generator_from_any_of_them_on() {
        let key = std::array::from_fn(|i| (i * 37 + 11) as u8);
        for first in [0u128, 1, 15, 16, 250, 1 << 20, (1 << 36) - 3, (1 << 36) + 5] {
            for count in [0, 1, 16, 17, 255, 256, 700] {
                let mut generator = ChaCha8Rng::from_seed(key);
                generator.set_word_pos(first);
                let expected: Vec<u32> = (0..count).map(|_| generator.next_u32()).collect();
                let mut words = vec![0; count];
                fill_words(&key, first as u64, &mut words);
                assert_eq!(words, expected, "{count} from {first}");
            }
        }
    }
}
