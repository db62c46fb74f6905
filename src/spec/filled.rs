//! What a configuration leaves to the data, filled in once the data is known.

use serde_json::Value;

use crate::config::{Node, shortened};
use crate::data::Loaded;
use crate::layers::fill;
use crate::optimizers::schedules::fill_decay_steps;
use crate::sections::Config;
use crate::sections::run_config::as_json;

/// The configuration with the shape of the features' array as its input shape, where it names none.
pub(crate) fn with_shape(mut config: Config, shape: Option<&[usize]>) -> Config {
    let first = config.model.layers.first().and_then(|layer| layer.common.input_shape.as_ref());
    if config.model.input_shape.is_none() && first.is_none() {
        config.model.input_shape = shape.map(<[usize]>::to_vec);
    }
    config
}

/// The configuration with the number of ids in place of an Embedding's `auto`, where it is known.
pub(crate) fn with_ids(config: Config, ids: Option<usize>) -> Config {
    let Some(ids) = ids else { return config };
    rewritten(config, |json| fill(&mut json["model"], ids))
}

/// The configuration with the steps of the training in place of a schedule's `auto`; as it is while
/// `fit.budget` has not been settled.
pub(crate) fn with_decay_steps(config: Config, loaded: Option<&Loaded>) -> Config {
    let fit = &config.fit;
    if fit.budget.is_some() {
        return config;
    }
    let steps = loaded.map_or(1, |data| data.train.len().div_ceil(fit.batch_size.max(1)));
    let epochs = fit.epochs;
    rewritten(config, |json| {
        let all = steps.saturating_mul(epochs);
        // the steps of a callback's schedule are epochs
        for (section, steps) in [("/compile", all), ("/fit/callbacks", epochs)] {
            if let Some(section) = json.pointer_mut(section) {
                fill_decay_steps(section, steps);
            }
        }
    })
}

/// The configuration after a change of its JSON.
fn rewritten(config: Config, change: impl Fn(&mut Value)) -> Config {
    let Ok(before) = as_json(&config) else { return config };
    let mut json = before.clone();
    change(&mut json);
    if json == before {
        return config;
    }
    Node::from_json(&shortened(&json)).read().unwrap_or(config)
}
