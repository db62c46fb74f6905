//! Programs for a GPU: their text in CUDA's C, and their launch. Each has a host form beside it, which
//! is what defines it and what runs on the CPU.
//!
//! The text is also plain C, for which [`prelude.h`](PRELUDE) makes up what CUDA brings along: the
//! tests compile it by the machine's C compiler and compare it with the host forms bit for bit.

#[cfg_attr(not(feature = "cuda"), path = "without_cuda.rs")]
mod cuda;
mod keep;
mod memory;
#[cfg_attr(not(feature = "cuda"), path = "pinned_absent.rs")]
mod pinned;
mod product_op;
mod relu_op;
mod rows;
mod softmax_op;
mod staging;
mod status;
mod step_words;
mod table;
mod tensors;
mod tf32;

pub(crate) use cuda::{
    address, captured, free_memory, is_in_order, launch, made, prepare, remembered,
};
pub(crate) use keep::draw;
pub(crate) use memory::is_half_free;
pub(crate) use product_op::{product, product_of_rows};
pub(crate) use relu_op::{biased_relu, relu, relu_takes};
pub(crate) use rows::{RowLists, add_rows, add_rows_back, largest_row, rows_takes};
pub(crate) use softmax_op::{softmax, softmax_takes};
pub(crate) use staging::Staging;
pub(crate) use status::Status;
pub(crate) use step_words::StepWords;
pub(crate) use table::{pick, table_takes};
pub(crate) use tensors::made_like;
pub(crate) use tf32::Tf32;

/// What a device repeats by itself: once more.
pub(crate) type Repetition = Box<dyn Fn() -> candle_core::Result<()> + Send>;

/// What every program begins with.
pub(crate) const PRELUDE: &str = include_str!("prelude.h");

/// Threads in a block.
pub(crate) const THREADS: u32 = 256;

/// A program with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The name of its entry.
    pub(crate) name: String,
    /// Its text, without the prelude.
    pub(crate) text: String,
}

impl Program {
    /// All of its text.
    #[cfg_attr(not(any(test, feature = "cuda")), allow(dead_code))] // launched by CUDA alone
    pub(crate) fn whole(&self) -> String {
        format!("{PRELUDE}\n{}", self.text)
    }
}

/// What a program is called with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(not(feature = "cuda"), allow(dead_code))] // read by CUDA's launch alone
pub(crate) enum Passed {
    /// The address of numbers on the device.
    Address(u64),
    U32(u32),
    U64(u64),
    F32(f32),
    /// A struct of words, by value.
    Words([u32; 8]),
}

impl Passed {
    /// A size in 32 bits.
    pub(crate) fn size(size: usize) -> candle_core::Result<Passed> {
        match u32::try_from(size) {
            Ok(size) => Ok(Passed::U32(size)),
            Err(_) => candle_core::bail!("{size} rows, ids or channels are too many"),
        }
    }

    /// Several.
    pub(crate) fn sizes<const N: usize>(sizes: [usize; N]) -> candle_core::Result<Vec<Passed>> {
        sizes.into_iter().map(Passed::size).collect()
    }
}

/// Blocks for a program that makes so many numbers, each by one thread.
pub(crate) fn blocks(count: usize) -> u64 {
    count.div_ceil(THREADS as usize).min(1 << 20) as u64
}

#[cfg(test)]
pub(crate) mod compiled;
