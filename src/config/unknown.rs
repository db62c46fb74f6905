//! The problem of a name that isn't known, with what may be meant.

use super::names::{did_you_mean, suggested};
use super::{advice_words, synonyms};
use crate::diagnostics::Code;
use crate::error::Problem;

/// The problem of a name that is not in a list: "unknown layer `dens`", "did you mean `dense`? valid
/// layers: …".
pub fn unknown_name(noun: &str, found: &str, valid: &[&str]) -> Problem {
    unknown_name_near(noun, found, did_you_mean(found, valid), valid)
}

/// The problem of a key that a table doesn't have.
pub(super) fn unknown_key(found: &str, valid: &[&str]) -> Problem {
    let problem = unknown_name("key", found, valid);
    let code = match problem.code {
        Code::Unsupported => Code::Unsupported,
        _ => Code::UnknownKey,
    };
    let problem = Problem { key: found.to_string(), ..problem.code(code) };
    if found.bytes().all(|byte| byte.is_ascii_digit()) {
        return problem.help("a decimal number has a point, and no comma: `0.001`");
    }
    problem
}

/// [`unknown_name`], with the name that may be meant. Of a long list that is all the help.
pub(super) fn unknown_name_near(
    noun: &str,
    found: &str,
    near: Option<&str>,
    valid: &[&str],
) -> Problem {
    if let Some(problem) = advice_words::planned(noun, found, valid) {
        return problem;
    }
    let near = synonyms::meant(noun, found, valid).or(near);
    let list = valid.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let nouns = if noun.ends_with('s') { format!("{noun}es") } else { format!("{noun}s") };
    let advice = advice_words::advice(noun, found, valid).map(str::to_string);
    let has_name_here = synonyms::meant(noun, found, valid).is_some();
    let advice = match advice {
        None if noun == "key" && !has_name_here => advice_words::of_another_section(found, valid),
        None if ["name", "type", "class_name"].contains(&found) && noun != "key" => Some(format!(
            "write the {noun} by its name alone, or before its arguments, without `{found}:`"
        )),
        advice => advice,
    };
    let near = if advice.is_some() { None } else { near };
    let help = match near {
        _ if advice.is_some() => advice.unwrap_or_default(),
        None if noun == "layer" => FAMILIES.to_string(),
        _ if valid.is_empty() => format!("it takes no {nouns}"),
        near if near.is_some() && valid.len() > 24 => suggested(near, ""),
        near => suggested(near, &format!("valid {nouns}: {list}")),
    };
    let problem = Problem::at("", format!("unknown {noun} `{found}`")).help(help);
    Problem { near: near.map(str::to_string), ..problem.code(Code::UnknownName) }
}

/// What there is instead of a layer that isn't known: 80 names would say less.
const FAMILIES: &str = "layers are `dense`, `embedding`, `activation` and the like (`re_lu`, `softmax`), `conv…` \
     (`conv2d`), `…_pooling…` (`max_pooling2d`, `global_average_pooling2d`), `lstm`, `gru`, \
     `simple_rnn`, `bidirectional`, `…dropout…`, `…_normalization` (`batch_normalization`), \
     `flatten`, `reshape`, `cropping…`, `zero_padding…`, `up_sampling…`, `random_…`; all of them: \
     `lanthorn schema`, docs/reference.md";
