//! Values as Python writes them.

use crate::layers::NumberList;

/// `(2, 3,)`
pub(super) fn tuple(sizes: &[usize]) -> String {
    let items: Vec<String> = sizes.iter().map(usize::to_string).collect();
    format!("({},)", items.join(", "))
}

/// `True` or `False`
pub(super) fn python(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

/// A number, or a tensor of several; JSON's numbers are Python's.
pub(super) fn constant(numbers: &NumberList) -> String {
    let json = serde_json::json!(numbers);
    match numbers {
        NumberList::One(_) => json.to_string(),
        NumberList::Many(_) => format!("torch.tensor({json})"),
    }
}
