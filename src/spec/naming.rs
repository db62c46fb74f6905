//! The names of layers: Keras's automatic ones around those that were given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::ConfigError;
use crate::config::names::snake_case;
use crate::diagnostics::Code;
use crate::layers::{LayerEntry, Residual};

/// The layers with their names: `dense`, `dense_1`, …, around those that were given. The layers
/// inside a residual carry theirs, as in one flat list: the residual, its `layers`, its `shortcut`.
pub(super) fn layer_names(
    layers: &[LayerEntry],
    indices: &[usize],
) -> Result<Vec<(String, LayerEntry)>, ConfigError> {
    let mut names = LayerNames::default();
    for (entry, index) in layers.iter().zip(indices) {
        names.take_given(entry, &format!("model.layers[{index}]"))?;
    }
    Ok(layers.iter().map(|entry| names.named(entry)).collect())
}

#[derive(Default)]
struct LayerNames {
    /// Those that were given.
    taken: BTreeSet<String>,
    /// How many automatic ones there are of each kind.
    counts: BTreeMap<String, usize>,
}

impl LayerNames {
    /// Takes the names that were given to an entry and to the layers inside it.
    fn take_given(&mut self, entry: &LayerEntry, path: &str) -> Result<(), ConfigError> {
        let path = format!("{path}.{}", entry.kind.name);
        if let Some(name) = &entry.common.name {
            let at = format!("{path}.name");
            if name.is_empty() || name.contains(['.', '/']) || name.chars().any(char::is_control) {
                let message = format!(
                    "a layer's name must be plain text without `.` and `/`, got \"{name}\""
                );
                return Err(ConfigError::at(at, message).with_code(Code::LayerName));
            }
            if !self.taken.insert(name.clone()) {
                return Err(ConfigError::at(at, format!("two layers are named `{name}`"))
                    .with_code(Code::LayerName)
                    .with_help("layer names must be unique in a model"));
            }
        }
        let ways = Residual::of(entry).map(Residual::ways);
        for (key, entries) in ways.into_iter().flatten() {
            for (index, inner) in entries.iter().enumerate() {
                self.take_given(inner, &format!("{path}.{key}[{index}]"))?;
            }
        }
        Ok(())
    }

    fn named(&mut self, entry: &LayerEntry) -> (String, LayerEntry) {
        let name = match &entry.common.name {
            Some(name) => name.clone(),
            None => self.automatic(entry),
        };
        let mut entry = entry.clone();
        if let Some(residual) = Residual::of(&entry) {
            let mut all = |entries: &[LayerEntry]| -> Vec<LayerEntry> {
                let named = entries.iter().map(|inner| {
                    let (name, mut inner) = self.named(inner);
                    inner.common.name = Some(name);
                    inner
                });
                named.collect()
            };
            let (layers, shortcut) = (all(&residual.layers), all(&residual.shortcut));
            entry.item = Arc::new(Residual { layers, shortcut });
        }
        (name, entry)
    }

    fn automatic(&mut self, entry: &LayerEntry) -> String {
        let base = snake_case(entry.kind.class_name);
        let count = self.counts.entry(base.clone()).or_insert(0);
        loop {
            let name = if *count == 0 { base.clone() } else { format!("{base}_{count}") };
            *count += 1;
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }
}
