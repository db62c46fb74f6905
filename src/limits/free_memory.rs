//! How much memory is free.

use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic};

/// Memory that is free: the machine's, or what a container or `ulimit -v` leaves of it. None where
/// that can't be known.
pub(crate) fn free() -> Option<u64> {
    let limits = [free_on_the_machine(), free_in_the_container(), free_for_the_process()];
    limits.into_iter().flatten().min()
}

/// Below this nobody asks what is free.
const WORTH_ASKING: u64 = 64 << 20;

/// What is wrong where less memory is free than `what` needs: `training needs 24.00 GB of memory,
/// 18.00 GB are free`.
pub(crate) fn lacking(what: &str, need: u64) -> Option<Diagnostic> {
    let free = if need < WORTH_ASKING { None } else { free() }?;
    let size = |n: u64| bytes(usize::try_from(n).unwrap_or(usize::MAX));
    let message = format!("{what} needs {} of memory, {} are free", size(need), size(free));
    (need > free).then(|| Diagnostic::error(Code::Memory, message))
}

/// `2663` → `2.60 KB`.
pub fn bytes(n: usize) -> String {
    let mut size = n as f64;
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if size < 1024.0 {
            return format!("{size:.2} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.2} PB")
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
    fn sizes_are_written_as_keras_writes_them() {
        assert_eq!(bytes(884), "884.00 B");
        assert_eq!(bytes(2660), "2.60 KB");
    }

    #[test]
    fn what_needs_more_than_there_is_is_told() {
        assert!(lacking("this", 1).is_none());
        let problem = lacking("this", u64::MAX).unwrap();
        assert!(problem.message.starts_with("this needs 16384.00 PB of memory, "), "{problem}");
    }

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
