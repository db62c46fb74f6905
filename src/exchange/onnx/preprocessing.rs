//! The preprocessing in the file: raw columns in, classes, probabilities or numbers out.

use super::basic::reshaped;
use super::flow::signed;
use super::graph::{
    DOUBLE, Dim, FLOAT, GraphBuilder, INT64, STRING, float, float_list, int, text_list, value,
};
use super::proto::ValueInfoProto;
use crate::data::{FittedColumn, Preprocessing};
use crate::error::{Error, Result};
use crate::exchange::portable::Portable;
use crate::transforms::{Classes, Primitive};

/// Adds an input for each column, and the nodes that make the model's input of them.
pub(super) fn features(
    graph: &mut GraphBuilder,
    preprocessing: &Preprocessing,
    shape: &[usize],
    inputs: &mut Vec<ValueInfoProto>,
) -> String {
    let mut parts = Vec::with_capacity(preprocessing.features.len());
    for column in &preprocessing.features {
        let own = input(preprocessing, column);
        let name = own.name.clone().unwrap_or_default();
        inputs.push(own);
        parts.push(numbers(graph, column, &name));
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let row = match parts.as_slice() {
        [one] => (*one).to_string(),
        many => graph.node("Concat", many, vec![int("axis", 1)]),
    };
    match shape {
        [_] => row,
        _ => reshaped(graph, &row, &signed(-1, shape)),
    }
}

/// Adds the outputs.
pub(super) fn outputs(
    graph: &mut GraphBuilder,
    portable: &Portable,
    preprocessing: &Preprocessing,
    last: &str,
) -> Result<Vec<ValueInfoProto>> {
    let (shape, from_logits) = (portable.output(), portable.gives_logits());
    match preprocessing.classes() {
        Some(classes) => {
            let probabilities = match shape {
                [1] if classes.len() == 2 => {
                    let second = if from_logits {
                        graph.node("Sigmoid", &[last], vec![])
                    } else {
                        last.to_string()
                    };
                    let one = graph.scalar(1.0);
                    let first = graph.node("Sub", &[&one, &second], vec![]);
                    graph.node("Concat", &[&first, &second], vec![int("axis", 1)])
                }
                [width] if *width == classes.len() => {
                    if from_logits {
                        graph.node("Softmax", &[last], vec![int("axis", -1)])
                    } else {
                        last.to_string()
                    }
                }
                other => {
                    let message =
                        format!("the output {other:?} is not one of {} classes", classes.len());
                    return Err(Error::run(message));
                }
            };
            let out = vec![Dim::Named("batch"), Dim::Of(classes.len())];
            let shown = [free(preprocessing, "class"), free(preprocessing, "probabilities")];
            let [class, numbers] = [shown[0].as_str(), shown[1].as_str()];
            graph.nodes_of("", "Identity", &[&probabilities], &[numbers], vec![]);
            let attributes = vec![int("axis", 1), int("keepdims", 0)];
            let index = graph.node("ArgMax", &[numbers], attributes);
            let names = graph.strings(classes);
            graph.nodes_of("", "Gather", &[&names, &index], &[class], vec![int("axis", 0)]);
            Ok(vec![value(class, STRING, &[Dim::Named("batch")]), value(numbers, FLOAT, &out)])
        }
        None => {
            let unit = preprocessing.target_unit();
            let mut out = last.to_string();
            if unit.iter().any(|unit| *unit != (1.0, 0.0)) {
                let (factors, offsets): (Vec<f64>, Vec<f64>) = unit.iter().copied().unzip();
                let wide = graph.node("Cast", &[&out], vec![int("to", i64::from(DOUBLE))]);
                let factors = graph.doubles(&[factors.len()], &factors);
                let offsets = graph.doubles(&[offsets.len()], &offsets);
                let scaled = graph.node("Mul", &[&wide, &factors], vec![]);
                let moved = graph.node("Add", &[&scaled, &offsets], vec![]);
                out = graph.node("Cast", &[&moved], vec![int("to", i64::from(FLOAT))]);
            }
            if preprocessing.is_of_bits() && portable.gives_logits_of_labels() {
                out = graph.node("Sigmoid", &[&out], vec![]);
            }
            let name = free(preprocessing, "prediction");
            graph.nodes_of("", "Identity", &[&out], &[&name], vec![]);
            let mut dims = vec![Dim::Named("batch")];
            dims.extend(shape.iter().map(|dim| Dim::Of(*dim)));
            Ok(vec![value(&name, FLOAT, &dims)])
        }
    }
}

/// The name of an output or of a prepared input, with underscores where a column has it already.
fn free(preprocessing: &Preprocessing, name: &str) -> String {
    let mut name = name.to_string();
    while preprocessing.features.iter().any(|column| column.name == name) {
        name.push('_');
    }
    name
}
/// What stands for each class in a table, and the class's number: `1` and `1.0` are one class where
/// all are numbers.
fn spellings(classes: &Classes) -> (Vec<String>, Vec<f32>) {
    let numbers: Option<Vec<f64>> = classes.names.iter().map(|class| class.parse().ok()).collect();
    let mut keys = Vec::new();
    let mut values = Vec::new();
    for (place, class) in classes.names.iter().enumerate() {
        let mut own = vec![class.clone()];
        if let Some(number) = numbers.as_ref().map(|numbers| numbers[place]) {
            own.extend([number.to_string(), format!("{number:?}")]);
        }
        own.sort();
        own.dedup();
        values.extend(own.iter().map(|_| place as f32));
        keys.extend(own);
    }
    (keys, values)
}

/// The input of a column. What ONNX has no operator for, the caller prepares: the input then has a
/// name of its own, and says what it wants.
fn input(preprocessing: &Preprocessing, column: &FittedColumn) -> ValueInfoProto {
    let dims = [Dim::Named("batch"), Dim::Of(1)];
    let kind = match column.export().first() {
        Some(Primitive::Opaque { how, .. }) => {
            let name = free(preprocessing, &format!("{}_bin", column.name));
            let doc_string = Some(format!("{how} of `{}`", column.name));
            return ValueInfoProto { doc_string, ..value(&name, INT64, &dims) };
        }
        Some(Primitive::Lookup(_)) => STRING,
        Some(Primitive::Affine { offset, .. }) if wants_f64(*offset) => DOUBLE,
        _ => FLOAT,
    };
    value(&column.name, kind, &dims)
}

/// True where a column's numbers must be read as f64: they lie so far from 0, beside their spread,
/// that f32's rounding would be seen once they are scaled (timestamps).
fn wants_f64(offset: f64) -> bool {
    offset.abs() >= 256.0 // 256 · 2^-24 is 1.5e-5
}

/// (batch, 1), or (batch, classes), of f32.
fn numbers(graph: &mut GraphBuilder, column: &FittedColumn, input: &str) -> String {
    let mut last = input.to_string();
    let primitives = column.export();
    for primitive in &primitives {
        last = match primitive {
            Primitive::Affine { factor, offset } => scaled(graph, &last, *factor, *offset),
            Primitive::Lookup(classes) => label(graph, &last, classes),
            Primitive::OneHot(count) => one_hot(graph, &last, *count),
            Primitive::Opaque { .. } => {
                graph.node("Cast", &[&last], vec![int("to", i64::from(FLOAT))])
            }
        };
    }
    // a number is cast even where it is one of 32 bits, and a label where it is not scaled
    match primitives.last() {
        None | Some(Primitive::Lookup(_)) => {
            graph.node("Cast", &[&last], vec![int("to", i64::from(FLOAT))])
        }
        _ => last,
    }
}

/// 1 at the place of the number, 0 elsewhere; no numbers where it is none.
fn one_hot(graph: &mut GraphBuilder, label: &str, count: usize) -> String {
    let all: Vec<f32> = (0..count).map(|class| class as f32).collect();
    let all = graph.floats(&[all.len()], &all);
    let equal = graph.node("Equal", &[label, &all], vec![]); // (batch, classes)
    let ones = graph.node("Cast", &[&equal], vec![int("to", i64::from(FLOAT))]);
    let unseen = graph.node("Sub", &[label, label], vec![]); // 0, or not a number
    graph.node("Add", &[&ones, &unseen], vec![])
}

/// The number of each cell's class.
fn label(graph: &mut GraphBuilder, name: &str, classes: &Classes) -> String {
    let output = graph.fresh("label");
    let (keys, numbers) = spellings(classes);
    let attributes = vec![
        text_list("keys_strings", &keys),
        float_list("values_floats", &numbers),
        float("default_float", f64::NAN), // an unseen class must not look like a known one
    ];
    graph.nodes_of("ai.onnx.ml", "LabelEncoder", &[name], &[&output], attributes);
    output
}

fn scaled(graph: &mut GraphBuilder, name: &str, factor: f64, offset: f64) -> String {
    let wide = graph.node("Cast", &[name], vec![int("to", i64::from(DOUBLE))]);
    let factor = graph.doubles(&[], &[factor]);
    let offset = graph.doubles(&[], &[offset]);
    let scaled = graph.node("Mul", &[&wide, &factor], vec![]);
    let moved = graph.node("Add", &[&scaled, &offset], vec![]);
    graph.node("Cast", &[&moved], vec![int("to", i64::from(FLOAT))])
}
