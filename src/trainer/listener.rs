//! `Listener`: who is told what happens in a training. A callback decides; a listener watches.

use super::parts::Trainer;
use crate::diagnostics::Diagnostic;
use crate::error::Result;
use crate::trainer::events::Event;

/// Who is told what happens in a training.
pub trait Listener: Send {
    /// Something has happened; the trainer stands where it has.
    fn on_event(&mut self, event: &Event, trainer: &Trainer) -> Result<()>;

    /// False where several batches that take less than a millisecond together may be told of as one,
    /// after the last of them.
    fn watches_batches(&self) -> bool {
        true
    }

    /// Asked before each epoch and after what is told as a batch, of validation too:
    /// [`Flow::Interrupt`] ends the training here, to be resumed.
    fn flow(&mut self) -> Flow {
        Flow::Continue
    }

    /// What the others should be told of: asked after each batch.
    fn take_warnings(&mut self) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop after this batch, to be resumed.
    Interrupt,
}

/// The listeners of a training, in the order in which they are told.
pub struct Listeners<'a> {
    all: Vec<&'a mut dyn Listener>,
}

impl<'a> Listeners<'a> {
    /// These listeners.
    pub fn new(all: impl IntoIterator<Item = &'a mut dyn Listener>) -> Self {
        Listeners { all: all.into_iter().collect() }
    }

    /// Nobody listens.
    pub fn none() -> Self {
        Listeners { all: Vec::new() }
    }

    /// Tells every listener.
    pub fn tell(&mut self, event: &Event, trainer: &Trainer) -> Result<()> {
        self.all.iter_mut().try_for_each(|listener| listener.on_event(event, trainer))
    }

    /// Tells every listener of a batch, or of several, then what they have to say.
    pub(crate) fn batch(&mut self, trainer: &Trainer) -> Result<()> {
        self.tell(&Event::Batch, trainer)?;
        let warnings = self.all.iter_mut().flat_map(|listener| listener.take_warnings());
        for warning in warnings.collect::<Vec<_>>() {
            self.tell(&Event::Diagnostic(warning), trainer)?;
        }
        Ok(())
    }

    /// True where one of them must be told of each batch.
    pub(crate) fn watch_batches(&self) -> bool {
        self.all.iter().any(|listener| listener.watches_batches())
    }

    /// Interrupts where one of them does.
    pub(crate) fn flow(&mut self) -> Flow {
        let interrupts = self.all.iter_mut().any(|listener| listener.flow() == Flow::Interrupt);
        if interrupts { Flow::Interrupt } else { Flow::Continue }
    }
}
