//! Pairs of names that the user gives: which module of a file is which layer.

use std::collections::HashMap;

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::weights::Weights;
use crate::weights::weights_file::file_names;

/// The tensors with the names of modules changed by pairs such as `layer_in=dense`; a pair may name
/// a single tensor, too. The error says what the file and the model have.
pub fn renamed(
    weights: &Weights,
    tensors: HashMap<String, Tensor>,
    pairs: &[String],
) -> Result<HashMap<String, Tensor>> {
    let mut own: Vec<String> = weights.iter().flat_map(file_names).collect();
    own.dedup();
    let mut result = HashMap::with_capacity(tensors.len());
    let mut rest = tensors;
    for pair in pairs {
        let wrong = |message: String, help: String| {
            Err(Error::run(format!("`--rename {pair}`: {message}")).with_help(help))
        };
        let Some((theirs, ours)) = pair.split_once('=') else {
            return wrong(
                "two names with `=` between them are expected".into(),
                "the file's first: `--rename layer_in=dense`".into(),
            );
        };
        if !own.iter().any(|name| behind(name, ours).is_some()) {
            let help = format!("the model's are {}", listed(own.iter()));
            return wrong(format!("the model has no layer `{ours}` with weights"), help);
        }
        let found: Vec<String> =
            rest.keys().filter(|name| behind(name, theirs).is_some()).cloned().collect();
        if found.is_empty() {
            let help = format!("the file's are {}", listed(rest.keys()));
            return wrong(
                format!("the file has no module `{theirs}`, or it is taken already"),
                help,
            );
        }
        for name in found {
            let (Some(tensor), Some(part)) = (rest.remove(&name), behind(&name, theirs)) else {
                continue;
            };
            if result.insert(format!("{ours}{part}"), tensor).is_some() {
                let help = "give each layer one module".to_string();
                return wrong(format!("`{ours}` has a module already"), help);
            }
        }
    }
    let mut rest: Vec<_> = rest.into_iter().collect();
    rest.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, tensor) in rest {
        if result.contains_key(&name) {
            let message = format!("`{name}` of the file stands in the way of `--rename`");
            let help = format!("name a layer for it, too: `--rename {}=LAYER`", module(&name));
            return Err(Error::run(message).with_help(help));
        }
        result.insert(name, tensor);
    }
    Ok(result)
}

/// What of a name stands behind another: `.weight`, or nothing where they are the same.
fn behind<'a>(name: &'a str, module: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(module)?;
    (rest.is_empty() || rest.starts_with('.')).then_some(rest)
}

fn module(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(module, _)| module)
}

/// The modules of names, in order.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let mut modules: Vec<&str> = names.map(|name| module(name)).collect();
    modules.sort_unstable();
    modules.dedup();
    modules.iter().map(|module| format!("`{module}`")).collect::<Vec<_>>().join(", ")
}
