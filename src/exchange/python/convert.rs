//! From code to Keras's JSON, and from there to a configuration.

use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use super::block::{Block, StatementKind, statements};
use super::evaluate::Given;
use super::note::{CodeNote, ConvertedCode, SectionLines};
use super::objects::CodeModel;
use super::reader::CodeReader;
use super::values::PyValue;
use crate::exchange::keras::read_json;

/// Reads literal Keras code. The error says that no model was found, or what it can't be.
pub fn convert(code: &str) -> Result<ConvertedCode, String> {
    let block = statements(code);
    let mut reader = CodeReader::default();
    reader.run(&block);
    if reader.models.is_empty() {
        reader.follow_the_uncalled(&block);
    }
    let Some(index) = reader.chosen() else {
        return Err("no `Sequential([...])` and no `Model(inputs, outputs)` was found".into());
    };
    let count = reader.models.iter().filter(|model| !model.is_inside).count();
    let model = reader.models[index].clone();
    if count > 1 {
        reader.note_at(
            model.line,
            format!("the code makes {count} models: that of line {} is here", model.line),
        );
    }
    let mut json = reader.model_json(&model);
    let added = reader.image_layers(model.fit.as_ref().and_then(|fit| fit.images));
    let shift = added.len();
    insert_before_layers(&mut json, added);
    if let Some(line) = reader.channels_first {
        reader.channels_last(&mut json, line);
    }
    let converted = read_json::model(&json, &Json::Null)?;
    for message in converted.notes {
        reader.note_at(model.line, message);
    }
    let mut sections = Map::from_iter([("model".to_string(), converted.model)]);
    if let Some(arguments) = reader.compile_json(&model) {
        let mut notes = Vec::new();
        sections.insert("compile".into(), read_json::compile(&arguments, &mut notes));
        for message in notes {
            reader.note_at(model.compile_line, message);
        }
    }
    let lines = SectionLines {
        model: model.line,
        compile: model.compile_line,
        fit: model.fit.as_ref().map_or(0, |fit| fit.line),
    };
    if let Some(fit) = reader.models[index].fit.clone() {
        if fit.times > 1 {
            reader.note_at(fit.line, format!(
                "a loop calls `fit` {} times: its epochs are added up, and callbacks run through \
                 them once",
                fit.times
            ));
        }
        if !fit.section.is_empty() {
            sections.insert("fit".into(), Json::Object(fit.section));
        }
    }
    let notes = placed(reader.notes, index, shift);
    Ok(ConvertedCode { config: Json::Object(sections), notes, lines })
}

/// The notes by line; those of another model's layers without a place.
fn placed(notes: Vec<(CodeNote, Option<usize>)>, model: usize, shift: usize) -> Vec<CodeNote> {
    let place = |(note, of): (CodeNote, Option<usize>)| CodeNote {
        layer: note.layer.filter(|_| of == Some(model)).map(|layer| layer + shift),
        ..note
    };
    let mut notes: Vec<CodeNote> = notes.into_iter().map(place).collect();
    notes.sort_by_key(|note| if note.line == 0 { usize::MAX } else { note.line });
    notes
}

/// Puts layers before the others, behind the input; the shape of the input is theirs, then.
fn insert_before_layers(json: &mut Json, added: Vec<Json>) {
    let Some(Json::Array(layers)) = json["config"].get_mut("layers") else { return };
    if added.is_empty() {
        return;
    }
    let behind =
        usize::from(layers.first().is_some_and(|layer| layer["class_name"] == "InputLayer"));
    let mut added = added;
    if behind == 0
        && let (Some(first), Some(own)) = (added.first_mut(), layers.first())
    {
        for key in ["input_shape", "batch_input_shape", "batch_shape"] {
            if let Some(shape) = own["config"].get(key) {
                first["config"][key] = shape.clone();
            }
        }
    }
    layers.splice(behind..behind, added);
}

impl CodeReader {
    /// Code that only defines: its functions are followed, and its models made.
    fn follow_the_uncalled(&mut self, block: &Block) {
        for statement in block {
            let (name, is_class) = match &statement.kind {
                StatementKind::Define(function) => (&function.name, false),
                StatementKind::Class(class) => (&class.name, true),
                _ => continue,
            };
            if self.called.contains(name) {
                continue;
            }
            match self.lookup(name) {
                PyValue::Function(closure) => {
                    drop(self.function(&Rc::clone(&closure), None, &Given::default()));
                }
                class @ PyValue::Class(_) if is_class => {
                    if let PyValue::Instance(index) = self.call(class, &Given::default()) {
                        self.model_of(index, "call");
                    }
                }
                _ => {}
            }
        }
    }

    /// The model that the code is about: the last that was compiled or fitted, or the last.
    fn chosen(&self) -> Option<usize> {
        let used = |model: &CodeModel| model.compile.is_some() || model.fit.is_some();
        let whole = |model: &CodeModel| !model.is_inside;
        let models = || self.models.iter();
        models()
            .rposition(used)
            .or_else(|| models().rposition(whole))
            .or(models().rposition(|_| true))
    }

    /// An input of images whose channels stand first, as it is here.
    fn channels_last(&mut self, json: &mut Json, line: usize) {
        let first = json["config"]["layers"].get_mut(0);
        let shapes = first.and_then(|layer| layer["config"].as_object_mut()).into_iter().flatten();
        let mut turned = None;
        for (key, shape) in shapes {
            if let (
                "input_shape" | "shape" | "batch_input_shape" | "batch_shape",
                Json::Array(axes),
            ) = (key.as_str(), shape)
            {
                let channels = usize::from(key.starts_with("batch"));
                if axes.len() == 3 + channels {
                    axes[channels..].rotate_left(1);
                    turned = Some(json!(axes[channels..]));
                }
            }
        }
        if let Some(shape) = turned {
            self.note_at(line, format!(
                "the code's images have their channels first, here they are last: `input_shape: \
                 {shape}`; turn the data likewise"
            ));
        }
    }
}
