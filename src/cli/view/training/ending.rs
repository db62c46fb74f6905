//! What is said at the end of a training: its course, and each number beside its baseline.

use lanthorn::callbacks::Logs;
use lanthorn::training::{Baseline, BestEpoch};

use super::super::keras_number;

/// What the reader must know of the numbers that follow: why the training stopped, whose weights they
/// are, and where the best were.
pub(super) fn course(
    stopped: Option<&str>,
    restored: Option<usize>,
    averaged: bool,
    best: Option<&BestEpoch>,
) -> String {
    let stopped = stopped.map(|why| format!(" ({why})")).unwrap_or_default();
    match (restored, averaged, best) {
        (Some(best), ..) => format!("{stopped}, weights restored from the best epoch, {best}"),
        (None, true, _) => format!("{stopped}, averaged weights (`use_ema`)"),
        (None, false, Some(BestEpoch { epoch, monitor, logs })) => {
            let value = logs.get(monitor).map(keras_number).unwrap_or_default();
            format!("{stopped}, best {monitor} {value} at epoch {epoch}")
        }
        (None, false, None) => stopped,
    }
}

/// Each metric in a line: on the rows that are trained on, on those that are validated on, and what
/// the baseline reaches.
pub(super) fn table(logs: &Logs, baseline: Option<&Baseline>) -> String {
    let constant = |name: &str| {
        let logs = &baseline?.logs;
        logs.get(&format!("val_{name}")).or_else(|| logs.get(name))
    };
    let rows: Vec<(&str, [Option<f64>; 3])> = names(logs)
        .into_iter()
        .map(|name| {
            let validation = logs.get(&format!("val_{name}"));
            (name, [logs.get(name), validation, constant(name)])
        })
        .collect();
    let heads = ["training", "validation", "baseline"];
    let is_used = |column: usize| rows.iter().any(|(_, values)| values[column].is_some());
    let used: Vec<usize> = (0..heads.len()).filter(|column| is_used(*column)).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("  {:width$}", "");
    used.iter().for_each(|column| text += &format!("  {:>10}", heads[*column]));
    for (name, values) in &rows {
        text += &format!("\n  {name:width$}");
        for column in &used {
            let value = values[*column].map_or("-".to_string(), keras_number);
            text += &format!("  {value:>10}");
        }
    }
    text += "\n";
    if let Some(Baseline { prediction, .. }) = baseline {
        text += &format!("  (baseline: {prediction})\n");
    }
    text
}

/// The metrics' names, without `val_`, in order; a learning rate is none.
fn names(logs: &Logs) -> Vec<&str> {
    let mut names: Vec<&str> = logs
        .iter()
        .map(|(key, _)| key.strip_prefix("val_").unwrap_or(key))
        .filter(|name| *name != "learning_rate")
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A time as people say it: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub(super) fn spoken(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_stands_beside_its_baseline() {
        let logs = Logs::from_iter([
            ("accuracy", 0.9),
            ("loss", 0.2),
            ("val_accuracy", 0.8),
            ("val_loss", 0.3),
            ("learning_rate", 0.1),
        ]);
        let baseline = Baseline {
            prediction: "always `no`".to_string(),
            logs: Logs::from_iter([("val_accuracy", 0.5), ("val_loss", 0.7)]),
        };
        assert_eq!(
            table(&logs, Some(&baseline)),
            "              training  validation    baseline\n  \
               accuracy      0.9000      0.8000      0.5000\n  \
               loss          0.2000      0.3000      0.7000\n  \
               (baseline: always `no`)\n"
        );
        let logs = Logs::from_iter([("loss", 0.2)]);
        assert_eq!(table(&logs, None), "          training\n  loss      0.2000\n");
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let said: Vec<String> = [0.04, 9.4, 61.0, 7500.0].into_iter().map(spoken).collect();
        assert_eq!(said, ["0.0 s", "9.4 s", "1 min 1 s", "2 h 5 min"]);
    }
}
