//! Memory: what a training needs, added up before the first of it is taken, and what is free.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::network::Network;
use crate::optimizers::OptimizerState;
use crate::spec::{ModelSpec, Spec};
use crate::summary::bytes;

/// What a training needs at the least, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Need {
    /// The weights.
    pub weights: u64,
    /// What the optimizer keeps for them.
    pub optimizer: u64,
    /// Their gradients.
    pub gradients: u64,
    /// What the layers give for one batch.
    pub activations: u64,
}

/// Of an f32.
const BYTES: u64 = 4;

/// Below this nobody asks what is free.
const WORTH_ASKING: u64 = 64 << 20;

impl Need {
    /// What training a model on batches of so many samples needs. Nothing of it is taken.
    pub fn of_training(spec: &Spec, samples: usize) -> Result<Need> {
        let network = Network::planned(&spec.model)?;
        let weights = network.weights();
        let numbers = |n: usize| (n as u64).saturating_mul(BYTES);
        let Some(train) = &spec.train else {
            let activations = numbers(of_one_sample(&spec.model));
            return Ok(Need { weights: numbers(weights.count()), activations, ..Need::default() });
        };
        let batch = train.batch_size.min(samples.max(1));
        let trainable = weights.trainable().map(crate::weights::Weight::elements);
        Ok(Need {
            weights: numbers(weights.count()),
            optimizer: numbers(OptimizerState::numbers(&train.optimizer, weights)),
            gradients: numbers(trainable.fold(0, usize::saturating_add)),
            activations: numbers(of_one_sample(&spec.model).saturating_mul(batch)),
        })
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        let parts = [self.weights, self.optimizer, self.gradients, self.activations];
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// What is wrong where less is free.
    pub fn problem(&self) -> Option<Diagnostic> {
        let total = self.total();
        let free = if total < WORTH_ASKING { None } else { free() }?;
        if total <= free {
            return None;
        }
        let message = format!("training needs {} of memory, {} are free", size(total), size(free));
        let help = format!("it takes {self}; use smaller layers or a smaller `fit.batch_size`");
        Some(Diagnostic::error(Code::Memory, message).with_help(help))
    }

    /// An error where less is free.
    pub fn check(&self) -> Result<()> {
        self.problem().map_or(Ok(()), |problem| Err(Error::from(problem)))
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Need { weights, optimizer, gradients, activations } = self;
        let [weights, optimizer, gradients, activations] =
            [weights, optimizer, gradients, activations].map(|n| size(*n));
        write!(
            f,
            "{weights} for the weights, {gradients} for their gradients, {optimizer} for the \
             optimizer and {activations} for a batch's activations"
        )
    }
}

/// How many numbers the layers give for one sample, the input included.
pub(crate) fn of_one_sample(spec: &ModelSpec) -> usize {
    let outputs = spec.layers.iter().map(|layer| layer.output.elements());
    outputs.fold(spec.input.elements(), usize::saturating_add)
}

/// What a model's file may ask for one sample, however little it holds.
const SAMPLE: usize = 1 << 20;
/// How many times as much as it holds and takes in.
const TIMES: usize = 4096;

/// An error where a model's file, which holds `numbers`, asks for far more memory for one sample than
/// any model of its size would: a damaged or hostile file.
pub(crate) fn check_file(path: &Path, spec: &ModelSpec, numbers: usize) -> Result<()> {
    let held = numbers.saturating_add(spec.input.elements());
    let asked = of_one_sample(spec);
    if asked <= held.saturating_mul(TIMES).max(SAMPLE) {
        return Ok(());
    }
    let message = format!(
        "its layers ask for {} of memory for one sample, but it holds {} of weights",
        size((asked as u64).saturating_mul(BYTES)),
        size((numbers as u64).saturating_mul(BYTES))
    );
    Err(Error::model(path, message).with_help("the file may be damaged; copy it again"))
}

fn size(n: u64) -> String {
    bytes(usize::try_from(n).unwrap_or(usize::MAX))
}

/// Memory that is free: the machine's, or what a container or `ulimit -v` leaves of it. None where
/// that can't be known.
pub fn free() -> Option<u64> {
    let limits = [free_on_the_machine(), free_in_the_container(), free_for_the_process()];
    limits.into_iter().flatten().min()
}

/// Linux's own estimate of what can be had without swapping, and what can be swapped.
fn free_on_the_machine() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let swap = kilobytes(&text, "SwapFree:").unwrap_or(0);
    Some(kilobytes(&text, "MemAvailable:")?.saturating_add(swap))
}

fn free_for_the_process() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?; // or `unlimited`
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(limit.saturating_sub(kilobytes(&status, "VmSize:")?))
}

/// `MemAvailable:   1234 kB`, in bytes.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()?.saturating_mul(1024))
}

/// What the control groups leave, ours and all above it.
fn free_in_the_container() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut least = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(kinds), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let version = match kinds {
            "" => &SECOND,
            kinds if kinds.split(',').any(|kind| kind == "memory") => &FIRST,
            _ => continue,
        };
        let mut folder = PathBuf::from(format!("{}{path}", version.root));
        // a container may see its own group as the root
        while folder.starts_with(version.root) {
            least = least.into_iter().chain(version.free(&folder)).min();
            folder.pop();
        }
    }
    least
}

/// Where a version of control groups has its numbers.
struct Version {
    root: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// Of `memory.stat`: what is kept of files, and given back first.
    files: [&'static str; 2],
}

const FIRST: Version = Version {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    files: ["total_inactive_file", "total_active_file"],
};

const SECOND: Version = Version {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    usage: "memory.current",
    files: ["inactive_file", "active_file"],
};

impl Version {
    /// What one group leaves; None where it has no limit.
    fn free(&self, folder: &Path) -> Option<u64> {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok(); // or `max`
        let (limit, used) = (number(self.limit)?, number(self.usage)?);
        let facts = read("memory.stat").unwrap_or_default();
        let of = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            self.files.contains(&name).then(|| value.trim().parse::<u64>().ok())?
        };
        let files = facts.lines().filter_map(of).fold(0, u64::saturating_add);
        Some(limit.saturating_sub(used.saturating_sub(files)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_leaves_its_limit_less_what_is_used_but_for_files() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(SECOND.free(folder.path()), None);
        write("memory.max", "max\n");
        write("memory.current", "700\n");
        write("memory.stat", "anon 400\ninactive_file 200\nactive_file 50\n");
        assert_eq!(SECOND.free(folder.path()), None);
        write("memory.max", "1000\n");
        assert_eq!(SECOND.free(folder.path()), Some(1000 - (700 - 250)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn something_is_free_here() {
        assert!(free().unwrap() > 1 << 20);
    }
}
