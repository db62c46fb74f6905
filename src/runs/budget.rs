//! `fit.budget`: the time that a training may take, made into a number of epochs once and for all.

use std::time::{Duration, Instant};

use candle_core::Device;

use crate::config::Damage;
use crate::diagnostics::Diagnostic;
use crate::error::Result;
use crate::runs::cross_validation::CrossValidation;
use crate::spec::Spec;
use crate::spec::filled::with_decay_steps;
use crate::training::opened::all;
use crate::training::plan::{Plan, facts};

/// What a budget came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SettledBudget {
    /// The time that the training, or all folds together, may take.
    pub budget: Duration,
    /// How long an epoch took.
    pub seconds_per_epoch: f64,
    /// The epochs that fit into the time; at least 1.
    pub epochs: usize,
}

/// The part of the budget that the measuring may take, and the time that it takes at least and at
/// most.
const MEASURING: f64 = 0.02;
const LEAST: f64 = 0.05;
const MOST: f64 = 2.0;
/// What is left for checkpoints and for the model's file.
const RESERVE: f64 = 0.03;

impl Plan {
    /// Puts the number of epochs that `fit.budget` allows into the configuration in its place, and
    /// schedules that take all steps of the training follow it. None where there is no budget.
    pub fn settle_budget(&mut self, device: &Device) -> Result<Option<SettledBudget>> {
        let Some(settled) = self.measure(device, 1)? else { return Ok(None) };
        self.config.fit.budget = None;
        self.config.fit.epochs = settled.epochs;
        self.config = with_decay_steps(self.config.clone(), self.data.as_ref());
        let facts = facts(self.data.as_ref());
        match Spec::judge(&self.config, &facts, &Damage::default()) {
            (Some(spec), mistakes) if mistakes.is_empty() => self.spec = spec,
            (_, mistakes) => {
                return Err(all(mistakes.into_iter().map(Diagnostic::from).collect()));
            }
        }
        Ok(Some(settled))
    }

    /// What the budget comes to for each of so many trainings.
    fn measure(&self, device: &Device, trainings: usize) -> Result<Option<SettledBudget>> {
        let Some(budget) = self.config.fit.budget else { return Ok(None) };
        let (budget, started) = (budget.duration(), Instant::now());
        let time = (budget.as_secs_f64() * MEASURING).clamp(LEAST, MOST);
        let trainer = self.trainer(device)?;
        let data = self.training_data()?;
        let measured = trainer.seconds_per_epoch(&data, Duration::from_secs_f64(time))?;
        let seconds_per_epoch = measured.max(1e-9);
        let left = budget.saturating_sub(started.elapsed()).as_secs_f64() * (1.0 - RESERVE);
        let epochs = left / trainings.max(1) as f64 / seconds_per_epoch;
        Ok(Some(SettledBudget { budget, seconds_per_epoch, epochs: (epochs as usize).max(1) }))
    }
}

impl CrossValidation {
    /// The same for a cross-validation: the time is that of all folds together, and of the model of
    /// all rows; each is trained for as many epochs as the first fold's first steps allow.
    pub fn settle_budget(&mut self, device: &Device) -> Result<Option<SettledBudget>> {
        if self.config().fit.budget.is_none() {
            return Ok(None);
        }
        let trainings =
            self.folds() + usize::from(self.config().fit.cv.as_ref().is_some_and(|cv| cv.refit));
        let settled = self.fold(1)?.measure(device, trainings)?;
        if let Some(settled) = settled {
            let fit = &mut self.config_mut().fit;
            (fit.budget, fit.epochs) = (None, settled.epochs);
        }
        Ok(settled)
    }
}
