//! Values as Python writes them.

/// `(2, 3,)`
pub(super) fn tuple(sizes: &[usize]) -> String {
    let items: Vec<String> = sizes.iter().map(usize::to_string).collect();
    format!("({},)", items.join(", "))
}

/// `True` or `False`
pub(super) fn python(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}
