//! Not yet: words of the configuration that are planned, each with what to do today. A word goes from
//! here once it is built.

use super::names::same_name;
use crate::diagnostics::Code;
use crate::error::Problem;

/// What it is (`key`, `scaling`, …), the word, a name that stands beside it where it is meant (or
/// none), and what to do today.
const WORDS: &[(&str, &str, &str, &str)] = &[
    // data
    ("key", "rows", "train", "write the rows to use into a table of their own"),
    ("key", "streaming", "train", "leave it out: a table is read into memory as a whole"),
    (
        "key",
        "shuffle_limit",
        "train",
        "leave it out: all rows are in memory, and shuffled as a whole",
    ),
    ("key", "cache", "train", "leave it out: a table is read anew for each training"),
];

/// The problem of a word that is planned; `beside` are the names that stand there.
pub(super) fn problem(noun: &str, found: &str, beside: &[&str]) -> Option<Problem> {
    let (_, word, _, help) = WORDS.iter().find(|(of, word, neighbour, _)| {
        *of == noun
            && same_name(word, found)
            && (neighbour.is_empty() || beside.contains(neighbour))
            && !beside.contains(word)
    })?;
    let problem = Problem::at("", format!("`{word}` is not supported yet")).help(*help);
    Some(problem.code(Code::Unsupported))
}
