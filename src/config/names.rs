//! Names: Keras's snake_case, its class spelling, and the nearest valid name for a mistyped one.

use super::of_code::of_code;
use super::{not_yet, synonyms};
use crate::diagnostics::Code;
use crate::error::Problem;

/// Keras's automatic name for a class: `MaxPooling2D` → `max_pooling2d`, `PReLU` → `p_re_lu`.
pub fn snake_case(class_name: &str) -> String {
    let chars: Vec<char> =
        class_name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut name = String::new();
    for (i, &c) in chars.iter().enumerate() {
        let before_lower = chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        let after_lower = i > 0 && (chars[i - 1].is_lowercase() || chars[i - 1].is_numeric());
        let starts_word =
            c.is_uppercase() && (before_lower || (i > 0 && chars[i - 1].is_lowercase()));
        if i > 0 && starts_word && (before_lower || after_lower) && !name.ends_with('_') {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}

/// True where two names differ only in case and underscores: `MaxPooling2D` and `max_pooling2d`.
pub fn same_name(a: &str, b: &str) -> bool {
    fold(a).eq(fold(b))
}

fn fold(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase)
}

/// The valid name nearest to a mistyped one, where one is near enough to be meant: a few letters
/// off, or the beginning of it.
pub fn did_you_mean<'a>(found: &str, valid: &[&'a str]) -> Option<&'a str> {
    let found: String = fold(found).collect();
    let near = valid.iter().map(|name| (*name, fold(name).collect::<String>()));
    let slip = near
        .clone()
        .map(|(name, folded)| (strsim::damerau_levenshtein(&found, &folded), name, folded))
        .filter(|(distance, _, folded)| *distance <= 1 + folded.len().max(found.len()) / 4)
        .filter(|(distance, _, folded)| *distance < folded.chars().count())
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, name, _)| name);
    slip.or_else(|| {
        let mut longer = near.filter(|(_, folded)| found.len() >= 3 && folded.starts_with(&found));
        longer.next().map(|(name, _)| name)
    })
}

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
    Problem { key: found.to_string(), ..problem.code(code) }
}

/// [`unknown_name`], with the name that may be meant. Of a long list that is all the help.
pub(super) fn unknown_name_near(
    noun: &str,
    found: &str,
    near: Option<&str>,
    valid: &[&str],
) -> Problem {
    if let Some(problem) = not_yet::problem(noun, found, valid) {
        return problem;
    }
    let near = synonyms::meant(noun, found, valid).or(near);
    let list = valid.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let nouns = if noun.ends_with('s') { format!("{noun}es") } else { format!("{noun}s") };
    let code = of_code(noun, found).map(|entry| format!("write `{entry}`"));
    let advice = code.or_else(|| synonyms::advice(noun, found, valid).map(str::to_string));
    let near = if advice.is_some() { None } else { near };
    let help = match near {
        _ if advice.is_some() => advice.unwrap_or_default(),
        None if noun == "layer" => FAMILIES.to_string(),
        _ if valid.is_empty() => format!("it takes no {nouns}"),
        Some(near) if valid.len() > 24 => format!("did you mean `{near}`?"),
        Some(near) => format!("did you mean `{near}`? valid {nouns}: {list}"),
        None => format!("valid {nouns}: {list}"),
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

/// A noun with `a` or `an`.
pub(super) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_is_kerass() {
        for (class, name) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("MaxPooling2D", "max_pooling2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("ELU", "elu"),
            ("LSTM", "lstm"),
            ("SimpleRNN", "simple_rnn"),
            ("RMSNormalization", "rms_normalization"),
            ("BatchNormalization", "batch_normalization"),
            ("TimeDistributed", "time_distributed"),
        ] {
            assert_eq!(snake_case(class), name, "{class}");
        }
    }

    #[test]
    fn a_near_name_is_offered_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("dens", &["dense", "dropout"]), Some("dense"));
        assert_eq!(did_you_mean("unitss", &["units", "use_bias"]), Some("units"));
        assert_eq!(did_you_mean("Drop_Uot", &["dense", "dropout"]), Some("dropout"));
        assert_eq!(
            did_you_mean("BatchNorm", &["batch_normalization"]),
            Some("batch_normalization")
        );
        assert_eq!(did_you_mean("zebra", &["dense", "dropout"]), None);
        assert_eq!(did_you_mean("q", &["x"]), None);
    }
}
