//! Names: Keras's snake_case, its class spelling, and the nearest valid name for a mistyped one.

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

/// Help for a name that isn't there: "did you mean …?" where one is near, then what there is, if
/// anything is said of that.
pub fn suggestion(found: &str, valid: &[&str], others: &str) -> String {
    suggested(did_you_mean(found, valid), others)
}

/// The same where the near name is found already.
pub(crate) fn suggested(near: Option<&str>, others: &str) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`? {others}").trim_end().to_string(),
        None => others.to_string(),
    }
}

/// Names in backticks, the first twenty of them.
pub(crate) fn listed(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> =
        names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

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
