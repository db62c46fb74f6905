//! `Code`: the kinds of diagnostics, each with its stable number. The one table of them;
//! docs/errors.md is generated from it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes [`Code`] from a table: the kind, its number, its name in JSON, and what it means.
macro_rules! codes {
    ($($kind:ident $number:ident $name:literal $meaning:literal;)*) => {
        /// What kind of diagnostic it is. A number never changes its meaning, and none is reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $kind,)*
        }

        impl Code {
            /// Every code, in the order of the numbers.
            pub const ALL: &[Code] = &[$(Code::$kind),*];

            /// The number: `L010`.
            pub fn number(self) -> &'static str {
                match self { $(Code::$kind => stringify!($number),)* }
            }

            /// The name of the kind: `unknown_key`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$kind => $name,)* }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$kind => $meaning,)* }
            }
        }
    };
}

codes! {
    // the text of a configuration
    Syntax L001 "syntax" "The file is not valid YAML, TOML or JSON.";
    DuplicateKey L002 "duplicate_key" "A key is given twice in the same table.";
    TooDeep L003 "too_deep" "Lists and tables are nested too deeply.";
    NotAConfiguration L004 "not_a_configuration" "The file is not a configuration: it does not exist, is empty or is something else.";
    Override L005 "override" "A `--set` override cannot be applied.";
    // its keys and values
    UnknownKey L010 "unknown_key" "A key that does not exist here.";
    UnknownName L011 "unknown_name" "A layer, loss, metric or other name that does not exist.";
    MissingKey L012 "missing_key" "A required key is missing.";
    WrongType L013 "wrong_type" "A value of the wrong type, such as text where a number is expected.";
    InvalidValue L014 "invalid_value" "A value that is not allowed, such as a negative size.";
    Unsupported L015 "unsupported" "A key or name that Lanthorn does not support, or not yet.";
    SeveralNames L016 "several_names" "Several names where one is expected; often a mistake of indentation.";
    Conflict L017 "conflict" "Two keys that exclude each other.";
    // its sections against each other and the data
    Layer L020 "layer" "A layer cannot take the shape that reaches it.";
    InputShape L021 "input_shape" "The shape of the input is unknown, or is not that of the features.";
    LayerName L022 "layer_name" "A layer's name is used twice or is not allowed.";
    Optimizer L023 "optimizer" "The optimizer cannot be used as it is configured.";
    Loss L024 "loss" "The loss does not fit the model's output or the target.";
    Metric L025 "metric" "A metric does not fit the model's output or the target.";
    Callback L026 "callback" "A callback cannot be used with this training.";
    ClassWeight L027 "class_weight" "The class weights do not fit the target.";
    ValidationSplit L028 "validation_split" "The validation split cannot be made.";
    Decision L029 "decision" "Calibration, a threshold or intervals do not fit the model or the data.";
    // the data
    Data L100 "data" "The data cannot be used as the configuration asks.";
    NotATable L101 "not_a_table" "The file is not a table that can be read, or has no rows.";
    Column L102 "column" "A column is missing, is named twice or cannot be used.";
    Row L103 "row" "A row has more or fewer cells than the header.";
    Cell L104 "cell" "A cell is empty, or is not a number where one is expected.";
    Category L105 "category" "A category or class that the model has not seen in training.";
    OneClass L106 "one_class" "The target has a single class, so that there is nothing to learn.";
    TargetValue L107 "target_value" "A value of the target that the loss cannot take.";
    Picture L108 "picture" "A picture cannot be read: it is missing, broken, cut, too large or of another format.";
    SplitTail L150 "split_tail" "The rows at the end, held back for validation, are not like the others.";
    HeaderNames L151 "header_names" "The names of the columns look like a row of the table.";
    Spelling L152 "spelling" "Categories that may be the same: they differ by case, spelling or invisible characters.";
    Constant L153 "constant" "A column has the same value in every row.";
    Unscaled L154 "unscaled" "A column of large numbers is not scaled.";
    Identifier L155 "identifier" "A column has another value in nearly every row.";
    RareClass L156 "rare_class" "A class has few rows, and no class weights are set.";
    NoValidation L157 "no_validation" "There is nothing to validate on.";
    NotEncoded L158 "not_encoded" "A target of 0 and 1 is taken as a number.";
    LearningRate L159 "learning_rate" "The learning rate is unusual for the optimizer.";
    Activation L160 "activation" "The last layer's activation is unusual for the loss.";
    Labels L161 "labels" "A metric of classes over labels that do not exclude each other.";
    Leak L162 "leak" "A feature is the target itself, or tells it alone.";
    Precision L163 "precision" "Different numbers become the same in 32 bits.";
    CategoryOrder L164 "category_order" "Categories are numbered in an order that may mean nothing.";
    MissingMark L165 "missing_mark" "A number far from all others, such as -999, may mark missing values.";
    Thousands L166 "thousands" "Numbers with a point that may stand between thousands.";
    TotalRow L167 "total_row" "The last row may be the total of the others.";
    NoTraining L168 "no_training" "There is no `compile` section, so that the configuration can be checked, but not trained.";
    Optimistic L169 "optimistic" "The same rows choose the epoch and a threshold or intervals.";
    DuplicateRows L170 "duplicate_rows" "Rows that stand in the table more than once, or both in training and in validation.";
    AbsentClass L171 "absent_class" "A class of the target that no validation row has.";
    LeftOut L172 "left_out" "Files of a folder of pictures that are left out.";
    Window L173 "window" "Windows over rows in the order of time cannot be made as asked, or are not what they seem.";
    // models and runs
    Model L200 "model" "A model, checkpoint or weights file cannot be used.";
    Run L300 "run" "The command cannot be carried out.";
    NotFinite L301 "not_finite" "The loss is no longer a finite number.";
    Training L350 "training" "A callback has something to say about the training.";
    // the machine, and failures of our own
    Io L900 "io" "A file cannot be read or written.";
    Memory L901 "memory" "There is not enough memory.";
    Internal L990 "internal" "A failure of Lanthorn itself; please report it.";
}

#[allow(clippy::derivable_impls)] // the variants are made by the macro
impl Default for Code {
    fn default() -> Self {
        Code::InvalidValue
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_in_order() {
        let numbers: Vec<_> = Code::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
