//! The callbacks of a training: called in order, and what each asks for is carried out.

use super::listener::Listeners;
use super::parts::Trainer;
use crate::callbacks::{Hook, Requests};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::Result;
use crate::trainer::events::Event;

impl Trainer {
    /// Calls every callback in order and carries out what each asks for.
    pub(super) fn hook(
        &mut self,
        listeners: &mut Listeners<'_>,
        mut call: impl FnMut(&mut dyn Hook, &mut Requests),
    ) -> Result<()> {
        let mut hooks = std::mem::take(&mut self.hooks);
        for hook in &mut hooks {
            let rate = self.optimizer.learning_rate();
            let learning_rate = (!self.optimizer.is_scheduled()).then_some(rate);
            let mut requests =
                Requests { learning_rate, epochs: self.spec.epochs, ..Requests::default() };
            call(hook.as_mut(), &mut requests);
            self.carry_out(requests, listeners)?;
        }
        self.hooks = hooks;
        Ok(())
    }

    fn carry_out(&mut self, requests: Requests, listeners: &mut Listeners<'_>) -> Result<()> {
        let warning = |text| Event::Diagnostic(Diagnostic::warning(Code::Training, text));
        let messages = requests.messages.into_iter().map(|message| Event::Message { message });
        for event in messages.chain(requests.warnings.into_iter().map(warning)) {
            listeners.tell(&event, self)?;
        }
        if let Some(rate) = requests.new_learning_rate {
            self.optimizer.set_learning_rate(rate);
        }
        if requests.keep_best {
            self.best = Some(self.engine.weights(&self.model)?);
            self.best_epoch = Some(self.position.epoch + 1);
        }
        if requests.restore_best
            && let Some(best) = &self.best
        {
            self.engine.set_weights(&self.model, best)?;
            if let Some(ending) = &mut self.ending {
                ending.best_epoch = self.best_epoch;
            }
        }
        let saved = requests.save.into_iter().map(|name| Event::Save { name });
        let written = requests.write.into_iter().map(|(name, text)| Event::Write { name, text });
        let added = requests.append.into_iter().map(|(name, text)| Event::Append { name, text });
        for event in saved.chain(written).chain(added) {
            listeners.tell(&event, self)?;
        }
        if self.stopped.is_none() {
            self.stopped = requests.stop;
        }
        Ok(())
    }
}
