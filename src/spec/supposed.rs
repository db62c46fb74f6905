//! What a model's columns are where it was made without a table: by another tool, or by a program
//! that trained it on arrays of its own.

use crate::data::Preprocessing;
use crate::error::Result;
use crate::sections::CompileConfig;
use crate::spec::ModelSpec;
use crate::target::Target;

impl ModelSpec {
    /// Features are numbers in columns `x0`, `x1`, …; classes, where the loss says that there are
    /// some, are `0`, `1`, ….
    pub fn supposed_preprocessing(&self, compile: Option<&CompileConfig>) -> Result<Preprocessing> {
        Preprocessing::plain(self.input.elements(), self.supposed_target(compile))
    }

    /// What the target must be, by the loss and the output.
    fn supposed_target(&self, compile: Option<&CompileConfig>) -> Target {
        let output = self.output();
        match compile {
            Some(compile) => compile.loss.item.supposed_target(output),
            None => Target::Numbers(output.elements()),
        }
    }
}
