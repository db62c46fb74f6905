//! Numbers between others, as NumPy has them.

/// A quantile of sorted numbers, between 0 and 1, as NumPy's `linear` method has it; 0 where there
/// are none.
pub(crate) fn quantile_of(sorted: &[f64], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = quantile * last as f64;
    let below = (place.floor() as usize).min(last);
    match (sorted.get(below), sorted.get((below + 1).min(last))) {
        (Some(low), Some(high)) => between(*low, *high, place - below as f64),
        _ => 0.0,
    }
}

/// The number so far from the first to the second, rounded as NumPy does.
pub(crate) fn between(low: f64, high: f64, weight: f64) -> f64 {
    let step = high - low;
    if weight >= 0.5 { high - step * (1.0 - weight) } else { low + step * weight }
}
