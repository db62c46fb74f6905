//! What is known while code is read line by line: names, models, and what can't be carried.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::block;
use super::note::CodeNote;
use super::objects::{CodeModel, Images, Object};
use super::values::{Bindings, Closure, PyValue};

/// The state of reading.
#[derive(Clone, Default)]
pub(super) struct CodeReader {
    /// The line that is being read.
    pub(super) line: usize,
    /// What could not be carried, and the model that it is a layer of.
    pub(super) notes: Vec<(CodeNote, Option<usize>)>,
    noted: BTreeSet<(usize, String)>,
    pub(super) globals: Bindings,
    /// The names of the functions that are being followed, innermost last.
    pub(super) locals: Vec<Frame>,
    pub(super) objects: Vec<Object>,
    pub(super) models: Vec<CodeModel>,
    pub(super) instances: Vec<Instance>,
    pub(super) images: Vec<Images>,
    /// The functions that were called, by name.
    pub(super) called: BTreeSet<String>,
    /// The line of `set_image_data_format('channels_first')`, where it is so.
    pub(super) channels_first: Option<usize>,
    /// Counts what concerns models, so that branches that do can be told.
    pub(super) changes: usize,
    /// How much was read, and how deep it stands.
    pub(super) steps: usize,
    pub(super) depth: usize,
    is_stopped: bool,
}

/// A function's names, and those around it.
#[derive(Clone, Default)]
pub(super) struct Frame {
    pub(super) names: Bindings,
    pub(super) around: Option<Rc<Closure>>,
}

/// An instance of a class of the code.
#[derive(Clone)]
pub(super) struct Instance {
    pub(super) class: Rc<block::ClassDefinition>,
    pub(super) attributes: Bindings,
    /// The model that it is, once something was asked of it.
    pub(super) model: Option<usize>,
}

/// How much is read, and how deep: beyond it nothing is known.
const STEPS: usize = 200_000;
const DEPTH: usize = 90;

impl CodeReader {
    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.note_at(self.line, message);
    }

    pub(super) fn note_at(&mut self, line: usize, message: impl Into<String>) {
        let message = message.into();
        if self.noted.insert((line, message.clone())) {
            self.notes.push((CodeNote { line, message, layer: None }, None));
        }
    }

    /// A note that stands before a layer of a model.
    pub(super) fn note_layer(&mut self, model: usize, count: usize, message: String) {
        if self.noted.insert((self.line, message.clone())) {
            let note = CodeNote { line: self.line, message, layer: Some(count) };
            self.notes.push((note, Some(model)));
        }
    }

    /// One step on; false where too much was read, which is noted once.
    pub(super) fn may_go_on(&mut self) -> bool {
        self.steps = self.steps.saturating_add(1);
        if self.steps > STEPS {
            if !self.is_stopped {
                self.note("the code runs too long to be followed: what comes after is not carried");
                self.is_stopped = true;
            }
            return false;
        }
        self.depth < DEPTH
    }

    /// What a name is bound to; a name that isn't stands for itself, somewhere outside.
    pub(super) fn lookup(&self, name: &str) -> PyValue {
        let local = self.locals.last().and_then(|frame| {
            let around = frame.around.as_ref().and_then(|closure| closure.around.get(name));
            frame.names.get(name).or(around)
        });
        match local.or_else(|| self.globals.get(name)) {
            Some(value) => value.clone(),
            None if name == "__name__" => PyValue::Text("__main__".into()),
            None => PyValue::Path(vec![name.to_string()]),
        }
    }

    pub(super) fn bind(&mut self, name: &str, value: PyValue) {
        self.scope().insert(name.to_string(), value);
    }

    pub(super) fn scope(&mut self) -> &mut Bindings {
        match self.locals.last_mut() {
            Some(frame) => &mut frame.names,
            None => &mut self.globals,
        }
    }
}
