//! Whether more of a metric is better, told from its key alone.

use serde_json::Value;

use super::MetricEntry;
use crate::config::Node;
use crate::error::Result;

/// Whether more of a metric is better, by its name: `val_auc_1` is the metric `auc`.
pub(crate) fn more_is_better(key: &str) -> bool {
    let name = key.strip_prefix("val_").unwrap_or(key);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    [name, plain].into_iter().any(|name| {
        let metric: Result<MetricEntry, _> = Node::from_json(&Value::from(name)).read();
        metric.is_ok_and(|metric| metric.item.higher_is_better())
    })
}
