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

/// A text as Python writes it; JSON's escapes are Python's.
pub(super) fn string(text: &str) -> String {
    serde_json::Value::String(text.to_string()).to_string()
}

/// A number, or a tensor of several; JSON's numbers are Python's.
pub(super) fn constant(numbers: &NumberList) -> String {
    let json = serde_json::json!(numbers);
    match numbers {
        NumberList::One(_) => json.to_string(),
        NumberList::Many(_) => format!("torch.tensor({json})"),
    }
}

/// An `nn.Sequential` of named modules, whose first line stands in a block that is indented by so
/// many blanks.
pub(super) fn sequential(modules: &[(String, String)], indent: usize) -> String {
    let blanks = " ".repeat(indent);
    let mut code = "nn.Sequential(OrderedDict([\n".to_string();
    for (name, module) in modules {
        // what stands on several lines inside is indented further
        let module = module.replace('\n', "\n    ");
        code += &format!("{blanks}    ({name:?}, {module}),\n");
    }
    code + &blanks + "]))"
}
