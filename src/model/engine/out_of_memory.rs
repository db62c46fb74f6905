//! A device without enough memory: what a batch needs, and what there is.

use crate::error::Error;
use crate::gpu;
use crate::limits::free_memory::bytes;
use crate::model::memory::of_one_sample;
use crate::model::network::Network;

/// The names by which CUDA and its libraries say that memory can't be had.
const CODES: [&str; 3] =
    ["CUDA_ERROR_OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED", "CURAND_STATUS_ALLOCATION_FAILED"];

/// The error of a step over so many rows: where it is one of memory, what the step needs.
pub(super) fn explained(error: Error, network: &Network, rows: usize, trains: bool) -> Error {
    if !is_of_memory(&error) {
        return error;
    }
    let free = gpu::free_memory(network.weights().device());
    out_of_memory(rows, needed(network, rows, trains), free)
}

fn is_of_memory(error: &Error) -> bool {
    let text = error.to_string();
    CODES.iter().any(|code| text.contains(code))
}

/// Bytes: the weights, and what the layers give for the rows; in training the gradients of both, too.
fn needed(network: &Network, rows: usize, trains: bool) -> u64 {
    let numbers = of_one_sample(network.spec()).saturating_mul(rows);
    let numbers = numbers.saturating_add(network.weights().count());
    (numbers as u64).saturating_mul(if trains { 8 } else { 4 })
}

/// `free`: bytes that are free, and all that there are.
fn out_of_memory(rows: usize, needed: u64, free: Option<(u64, u64)>) -> Error {
    let size = |n: u64| bytes(usize::try_from(n).unwrap_or(usize::MAX));
    let there_is = match free {
        Some((free, total)) => format!("; {} of its {} are free", size(free), size(total)),
        None => String::new(),
    };
    let needed = size(needed);
    Error::run(format!(
        "the GPU is out of memory: a batch of {rows} needs at least {needed}{there_is}"
    ))
    .with_help(
        "use a smaller `fit.batch_size` or smaller layers, end other programs that use the GPU \
         (`nvidia-smi` lists them), or use `--device cpu`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_batch_needs_and_what_there_is() {
        let error = out_of_memory(256, 3 << 30, Some((1 << 30, 80 << 30)));
        assert_eq!(
            error.to_string().lines().next().unwrap(),
            "the GPU is out of memory: a batch of 256 needs at least 3.00 GB; 1.00 GB of its \
             80.00 GB are free"
        );
        let unknown = out_of_memory(1, 1024, None).to_string();
        assert!(
            unknown.starts_with("the GPU is out of memory: a batch of 1 needs at least 1.00 KB")
        );
    }

    #[test]
    fn only_errors_of_memory_are_explained() {
        assert!(!is_of_memory(&Error::run("something else")));
        let text = "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")";
        assert!(is_of_memory(&Error::from(candle_core::Error::Msg(text.to_string()))));
    }
}
