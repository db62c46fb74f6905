//! `Course`: what a view knows of a training: how far it is, how fast, and its curves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lanthorn::callbacks::Logs;
use lanthorn::training::Trainer;
use serde::Deserialize;
use serde_json::Value;

/// A training as a view follows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    /// The epoch at which training ends.
    pub(crate) epochs: usize,
    /// The batches of an epoch.
    pub(crate) steps: usize,
    /// The samples of an epoch.
    pub(crate) samples: usize,
    /// Epochs that are done, and batches of the epoch at hand.
    pub(crate) at: (usize, usize),
    /// The loss and the metrics of the epoch at hand so far.
    pub(crate) running: Logs,
    /// (epoch, value) for each key of the logs.
    pub(crate) curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// (epoch, rate).
    #[cfg_attr(not(feature = "tui"), allow(dead_code))]
    pub(crate) rates: Vec<(f64, f64)>,
    /// The learning rate of the step at hand.
    #[cfg_attr(not(feature = "tui"), allow(dead_code))]
    pub(crate) rate: Option<f64>,
    /// (epoch, seconds of a step).
    #[cfg_attr(not(feature = "tui"), allow(dead_code))]
    pub(crate) step_times: Vec<(f64, f64)>,
    /// When it was first seen to move, and how many epochs were done by then.
    pub(super) begun: Option<(Instant, f64)>,
    /// The time since then when it was last seen to move.
    pub(crate) moved: Duration,
    pub(super) best: Option<(usize, f64)>,
}

impl Course {
    /// Adds an epoch that is done, from 1.
    pub(crate) fn epoch(&mut self, epoch: usize, logs: &Logs, rate: f32) {
        let fresh = epoch > self.curves.values().map(Vec::len).max().unwrap_or(0);
        if !fresh {
            return;
        }
        for (key, value) in logs.iter() {
            let curve = self.curves.entry(key.to_string()).or_default();
            curve.push((epoch as f64, value));
        }
        self.rates.push((epoch as f64, f64::from(rate)));
        self.rate = Some(f64::from(rate));
        if let Some(value) = logs.get(self.monitor()).filter(|value| !value.is_nan())
            && self.best.is_none_or(|(_, best)| value < best)
        {
            self.best = Some((epoch, value));
        }
        self.running = logs.clone();
        self.move_to((epoch, 0));
    }

    /// The training stands here.
    pub(crate) fn move_to(&mut self, at: (usize, usize)) {
        self.at = at;
        let done = self.done();
        let (started, _) = *self.begun.get_or_insert_with(|| (Instant::now(), done));
        self.moved = started.elapsed();
    }

    /// The steps of an epoch, from 1, took so long.
    #[cfg(feature = "tui")]
    pub(crate) fn step_took(&mut self, epoch: usize, seconds: f64) {
        self.step_times.push((epoch as f64, seconds));
    }

    /// Takes over what a trainer has done before.
    pub(crate) fn resume(&mut self, trainer: &Trainer) {
        let rate = trainer.optimizer().learning_rate();
        for epoch in &trainer.history.epochs {
            self.epoch(epoch.epoch, &epoch.logs, rate);
        }
        self.begun = None;
    }

    /// Takes over where a trainer stands; the first time, what it has done before too.
    pub(crate) fn follow(&mut self, trainer: &Trainer) {
        if self.begun.is_none() {
            self.resume(trainer);
        }
        let position = trainer.position();
        self.rate = Some(f64::from(trainer.optimizer().learning_rate()));
        if let Ok(logs) = trainer.running_logs() {
            self.running = logs; // else the next step tells why
        }
        self.move_to((position.epoch, position.batch));
    }

    /// Takes over what a line of events.jsonl tells.
    pub(crate) fn read(&mut self, event: &Value) {
        let number = |key: &str| event[key].as_u64().unwrap_or(0) as usize;
        let logs = || Logs::deserialize(&event["logs"]).unwrap_or_default();
        let rate = || event["learning_rate"].as_f64();
        match event["event"].as_str().unwrap_or_default() {
            "run_start" => {
                let (epochs, steps, samples) =
                    (number("epochs"), number("steps"), number("samples"));
                *self = Course { epochs, steps, samples, ..Course::default() };
            }
            "epoch" => {
                self.epoch(number("epoch"), &logs(), rate().unwrap_or_default() as f32);
            }
            "progress" => {
                (self.running, self.rate) = (logs(), rate());
                self.move_to((number("epoch").saturating_sub(1), number("batch")));
            }
            _ => {} // of a later version
        }
    }

    /// Epochs that are done, the part of the one at hand included.
    pub(crate) fn done(&self) -> f64 {
        self.at.0 as f64 + self.at.1 as f64 / self.steps.max(1) as f64
    }

    /// The part of the whole training that is done, from 0 to 1.
    pub(crate) fn part(&self) -> f64 {
        (self.done() / self.epochs.max(1) as f64).min(1.0)
    }

    /// Seconds of an epoch, from what was seen; None before there is enough.
    pub(crate) fn seconds_per_epoch(&self) -> Option<f64> {
        let (_, begin) = self.begun?;
        let (took, done) = (self.moved.as_secs_f64(), self.done() - begin);
        (took > 0.2 && done > 0.0).then(|| took / done)
    }

    /// Seconds until the last epoch ends.
    pub(crate) fn seconds_left(&self) -> Option<f64> {
        Some(self.seconds_per_epoch()? * (self.epochs as f64 - self.done()).max(0.0))
    }

    /// Samples in a second.
    pub(crate) fn speed(&self) -> Option<f64> {
        Some(self.samples as f64 / self.seconds_per_epoch()?)
    }

    /// The key by which an epoch is the best.
    pub(crate) fn monitor(&self) -> &'static str {
        if self.curves.contains_key("val_loss") { "val_loss" } else { "loss" }
    }

    /// The best epoch, from 1, and its value.
    pub(crate) fn best(&self) -> Option<(usize, f64)> {
        self.best
    }
}

/// A curve in braille, two values in a column, of the last point that is at most `columns` wide.
pub(super) fn braille(curve: &[(f64, f64)], columns: usize) -> String {
    const DOTS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]]; // from below
    let finite: Vec<f64> = curve.iter().map(|(_, y)| *y).filter(|y| y.is_finite()).collect();
    let (least, most) =
        finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), y| (a.min(*y), b.max(*y)));
    let places = (columns * 2).min(finite.len());
    if places == 0 {
        return String::new();
    }
    let range = if most > least { most - least } else { 1.0 };
    let height = |place: usize| {
        let from = place * finite.len() / places;
        let to = ((place + 1) * finite.len() / places).max(from + 1);
        let mean = finite[from..to].iter().sum::<f64>() / (to - from) as f64;
        ((mean - least) / range * 3.0).round() as usize
    };
    let cell = |column: usize| {
        let dots = (0..2).filter(|side| column * 2 + side < places);
        let bits = dots.fold(0, |bits, side| bits | DOTS[side][height(column * 2 + side).min(3)]);
        char::from_u32(0x2800 + bits).unwrap_or(' ')
    };
    (0..places.div_ceil(2)).map(cell).collect()
}

/// A time as short as it can be read: `8s`, `3m20s`, `2h05m`, `3d04h`.
pub(crate) fn brief(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        3600..86_400 => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d{:02}h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// A large number in four characters or so: `980`, `9.8k`, `84k`, `1.2M`.
pub(super) fn rounded(value: f64) -> String {
    for (size, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value >= size {
            let short = value / size;
            return if short < 10.0 {
                format!("{short:.1}{letter}")
            } else {
                format!("{short:.0}{letter}")
            };
        }
    }
    format!("{value:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_from_left_to_right_and_from_below() {
        let curve =
            |values: &[f64]| -> Vec<(f64, f64)> { values.iter().map(|y| (0.0, *y)).collect() };
        assert_eq!(braille(&curve(&[0.0, 3.0]), 4), "\u{2848}");
        assert_eq!(braille(&curve(&[3.0, 2.0, 1.0, 0.0]), 4), "⠑⢄");
        assert_eq!(braille(&curve(&[1.0, 1.0]), 4), "⣀");
        assert_eq!(braille(&curve(&[f64::NAN]), 4), "");
        let long: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(braille(&curve(&long), 4).chars().count(), 4);
    }

    #[test]
    fn times_and_numbers_are_short() {
        let times: Vec<String> = [8.2, 200.0, 7500.0, 273_600.0].into_iter().map(brief).collect();
        assert_eq!(times, ["8s", "3m20s", "2h05m", "3d04h"]);
        let numbers: Vec<String> =
            [980.0, 9800.0, 84_000.0, 1.2e6].into_iter().map(rounded).collect();
        assert_eq!(numbers, ["980", "9.8k", "84k", "1.2M"]);
    }

    #[test]
    fn the_best_epoch_is_the_one_of_the_least_loss() {
        let mut course = Course { epochs: 4, steps: 10, samples: 100, ..Course::default() };
        for (epoch, loss) in [(1, 0.5), (2, 0.2), (3, 0.3)] {
            course.epoch(epoch, &Logs::from_iter([("val_loss", loss), ("loss", 0.1)]), 0.01);
        }
        assert_eq!(course.best(), Some((2, 0.2)));
        course.move_to((3, 5));
        assert_eq!(course.part(), 3.5 / 4.0);
    }
}
