//! What the wrappers say of the layer inside them.

use crate::error::Problem;
use crate::layers::layer::LayerEntry;

/// The name of a layer inside another: its own, or that of its kind.
pub(crate) fn inner_name(entry: &LayerEntry) -> &str {
    entry.common.name.as_deref().unwrap_or(entry.kind.name)
}

/// Refuses what has no meaning on the layer at `key` inside another.
pub(crate) fn check_inner(key: &str, entry: &LayerEntry) -> Result<(), Problem> {
    for (name, given) in [
        ("input_shape", entry.common.input_shape.is_some()),
        ("input_dim", entry.common.input_dim.is_some()),
    ] {
        if given {
            let message = format!("`{name}` has no meaning on a layer inside another");
            let problem = within(key, entry)(Problem::at(name, message));
            return Err(problem.help("give it to the outer layer, or to the model"));
        }
    }
    if entry.common.name.as_deref().is_some_and(|name| name.is_empty() || name.contains('.')) {
        let message = "`name` must not be empty and must hold no dot";
        return Err(within(key, entry)(Problem::at("name", message)));
    }
    Ok(())
}

/// Moves a problem of the layer at `key` to its place in the outer layer: `layer.lstm.units`.
pub(crate) fn within(key: &str, entry: &LayerEntry) -> impl Fn(Problem) -> Problem {
    let (key, written) = (key.to_string(), entry.written.clone());
    move |problem| {
        let key = match problem.key.as_str() {
            "" => key.clone(),
            inner => format!("{key}.{written}.{inner}"),
        };
        Problem { key, ..problem }
    }
}
