//! The preprocessing in the file: raw columns in, classes, probabilities or numbers out.

use super::basic::reshaped;
use super::flow::signed;
use super::graph::{
    DOUBLE, Dim, FLOAT, GraphBuilder, STRING, float, float_list, int, text_list, value,
};
use super::inputs::{self, free};
use super::proto::ValueInfoProto;
use crate::data::{FittedColumn, Preprocessing};
use crate::error::{Error, Result};
use crate::exchange::portable::Portable;
use crate::transforms::{Classes, Fill, Inverse, Primitive, Unit};

/// Adds an input for each column, and the nodes that make the model's input of them.
pub(super) fn features(
    graph: &mut GraphBuilder,
    preprocessing: &Preprocessing,
    shape: &[usize],
    all: &mut Vec<ValueInfoProto>,
) -> String {
    if let Some((place, image)) = preprocessing.image() {
        // pictures keep their shape
        let name = free(preprocessing, &format!("{}_prepared", preprocessing.features[place].name));
        let mut dims = vec![Dim::Named("batch")];
        dims.extend(image.shape().map(Dim::Of));
        let doc_string = Some(image.in_words());
        all.push(ValueInfoProto { doc_string, ..value(&name, FLOAT, &dims) });
        return name;
    }
    let names = inputs::add(graph, preprocessing, all);
    let parts: Vec<String> = preprocessing
        .features
        .iter()
        .zip(&names)
        .map(|(column, name)| numbers(graph, preprocessing, column, name))
        .collect();
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
    match portable.classes(preprocessing) {
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
            let names = graph.strings(&classes);
            graph.nodes_of("", "Gather", &[&names, &index], &[class], vec![int("axis", 0)]);
            Ok(vec![value(class, STRING, &[Dim::Named("batch")]), value(numbers, FLOAT, &out)])
        }
        None => {
            let mut out = in_original_unit(graph, &preprocessing.target_units(), last);
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

/// The output in the unit of the target. All of its columns are scaled in the same steps.
fn in_original_unit(graph: &mut GraphBuilder, units: &[Unit], last: &str) -> String {
    let steps = units.first().map(Unit::steps).unwrap_or_default();
    if steps.is_empty() {
        return last.to_string();
    }
    let mut wide = graph.node("Cast", &[last], vec![int("to", i64::from(DOUBLE))]);
    for (place, step) in steps.iter().enumerate() {
        wide = match step {
            Inverse::Expm1 => {
                let power = graph.node("Exp", &[&wide], vec![]);
                let one = graph.doubles(&[], &[1.0]);
                graph.node("Sub", &[&power, &one], vec![])
            }
            Inverse::Affine { .. } => {
                let of = |unit: &Unit| match unit.steps().get(place) {
                    Some(Inverse::Affine { factor, offset }) => (*factor, *offset),
                    _ => (1.0, 0.0),
                };
                let (factors, offsets): (Vec<f64>, Vec<f64>) = units.iter().map(of).unzip();
                let factors = graph.doubles(&[factors.len()], &factors);
                let offsets = graph.doubles(&[offsets.len()], &offsets);
                let scaled = graph.node("Mul", &[&wide, &factors], vec![]);
                graph.node("Add", &[&scaled, &offsets], vec![])
            }
        };
    }
    graph.node("Cast", &[&wide], vec![int("to", i64::from(FLOAT))])
}

/// What stands for each class in a table, and the class's number: `1` and `1.0` are one class where
/// all are numbers.
fn spellings(classes: &Classes) -> (Vec<String>, Vec<usize>) {
    let numbers: Option<Vec<f64>> = classes.names.iter().map(|class| class.parse().ok()).collect();
    let mut keys = Vec::new();
    let mut values = Vec::new();
    let other = classes.other();
    for (place, class) in classes.names.iter().enumerate() {
        if Some(place) == other {
            continue;
        }
        let mut own = vec![class.clone()];
        if let Some(number) = numbers.as_ref().map(|numbers| numbers[place]) {
            own.extend([number.to_string(), format!("{number:?}")]);
        }
        own.sort();
        own.dedup();
        values.extend(own.iter().map(|_| place));
        keys.extend(own);
    }
    keys.extend(classes.folded().iter().cloned());
    values.extend(classes.folded().iter().filter_map(|_| other));
    (keys, values)
}

/// (batch, 1), or (batch, classes), of f32.
fn numbers(
    graph: &mut GraphBuilder,
    preprocessing: &Preprocessing,
    column: &FittedColumn,
    input: &str,
) -> String {
    let marks = if column.fills() && !column.is_text() {
        preprocessing.missing_marks(column)
    } else {
        Vec::new()
    };
    let input = &unmarked(graph, input, &marks);
    let mut last = input.clone();
    let primitives = column.export();
    let mut fill = None;
    for primitive in &primitives {
        last = match primitive {
            Primitive::Fill(Fill::Number(number)) => filled(graph, &last, column, *number),
            Primitive::Fill(own) => {
                fill = Some(*own);
                last
            }
            Primitive::Affine { factor, offset, clip } => {
                scaled(graph, &last, *factor, *offset, *clip)
            }
            Primitive::Log1p => log1p(graph, &last),
            Primitive::Bins(boundaries) => bins(graph, &last, boundaries),
            Primitive::Lookup(classes) => {
                let number = |index: usize| index as f64;
                lookup(graph, &last, classes, &missing_of(preprocessing, column, fill), &number)
            }
            Primitive::Values(classes, values) => {
                let number = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
                lookup(graph, &last, classes, &missing_of(preprocessing, column, fill), &number)
            }
            Primitive::OneHot(count) => one_hot(graph, &last, *count),
            Primitive::Opaque { .. } => {
                graph.node("Cast", &[&last], vec![int("to", i64::from(FLOAT))])
            }
            Primitive::Prepared { .. } => return last,
        };
    }
    // a number is cast even where it is one of 32 bits, and a label where it is not scaled
    let last = match primitives.last() {
        None | Some(Primitive::Lookup(_) | Primitive::Values(..) | Primitive::Fill(_)) => {
            graph.node("Cast", &[&last], vec![int("to", i64::from(FLOAT))])
        }
        _ => last,
    };
    if !column.indicator {
        return last;
    }
    let missing = if column.is_text() {
        let tokens = missing_tokens(preprocessing, column);
        let ones = vec![1.0; tokens.len()];
        encoded(graph, input, &tokens, &ones, 0.0)
    } else {
        let is_there = graph.node("Equal", &[input, input], vec![]);
        let is_missing = graph.node("Not", &[&is_there], vec![]);
        graph.node("Cast", &[&is_missing], vec![int("to", i64::from(FLOAT))])
    };
    graph.node("Concat", &[&last, &missing], vec![int("axis", 1)])
}

/// The texts that are missing cells, each of which is taken as the text that stands for them.
type MissingTexts<'a> = Option<(Vec<String>, &'a str)>;

fn missing_of<'a>(
    preprocessing: &Preprocessing,
    column: &FittedColumn,
    fill: Option<&'a Fill>,
) -> MissingTexts<'a> {
    match fill {
        Some(Fill::Text(text)) => Some((missing_tokens(preprocessing, column), text)),
        _ => None,
    }
}

fn missing_tokens(preprocessing: &Preprocessing, column: &FittedColumn) -> Vec<String> {
    let mut tokens = vec![String::new()];
    tokens.extend(preprocessing.missing_texts().iter().cloned());
    tokens.extend(column.missing_values.0.iter().cloned());
    tokens
}

/// The numbers of a column, of which those that mark a missing value are none.
fn unmarked(graph: &mut GraphBuilder, name: &str, marks: &[f64]) -> String {
    if marks.is_empty() {
        return name.to_string();
    }
    // as it stands, and as an input of 32 bits has it
    let mut marks: Vec<f64> = marks.iter().flat_map(|m| [*m, f64::from(*m as f32)]).collect();
    marks.dedup();
    let mut last = graph.node("Cast", &[name], vec![int("to", i64::from(DOUBLE))]);
    for mark in marks {
        let (mark, none) = (graph.doubles(&[], &[mark]), graph.doubles(&[], &[f64::NAN]));
        let is_mark = graph.node("Equal", &[&last, &mark], vec![]);
        last = graph.node("Where", &[&is_mark, &none, &last], vec![]);
    }
    last
}

/// The number, or what stands for one that is missing: that is not a number.
fn filled(graph: &mut GraphBuilder, name: &str, column: &FittedColumn, number: f64) -> String {
    let is_there = graph.node("Equal", &[name, name], vec![]);
    let wide = graph.node("Cast", &[name], vec![int("to", i64::from(DOUBLE))]);
    let number = graph.doubles(&[], &[number]);
    let filled = graph.node("Where", &[&is_there, &wide, &number], vec![]);
    if column.encode.is_none() && !column.is_scaled() {
        graph.node("Cast", &[&filled], vec![int("to", i64::from(FLOAT))])
    } else {
        filled
    }
}

/// How many of the boundaries are at most the number.
fn bins(graph: &mut GraphBuilder, name: &str, boundaries: &[f64]) -> String {
    let wide = graph.node("Cast", &[name], vec![int("to", i64::from(DOUBLE))]);
    let boundaries = graph.doubles(&[boundaries.len()], boundaries);
    let is_above = graph.node("Greater", &[&boundaries, &wide], vec![]); // (batch, boundaries)
    let is_below = graph.node("Not", &[&is_above], vec![]);
    let ones = graph.node("Cast", &[&is_below], vec![int("to", i64::from(FLOAT))]);
    let axis = graph.ints(&[1]);
    graph.node("ReduceSum", &[&ones, &axis], vec![int("keepdims", 1)])
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

/// The number of each cell's class, or one that stands for the class.
fn lookup(
    graph: &mut GraphBuilder,
    name: &str,
    classes: &Classes,
    missing: &MissingTexts<'_>,
    number: &dyn Fn(usize) -> f64,
) -> String {
    let (mut keys, mut places) = spellings(classes);
    if let Some((texts, fill)) = missing
        && let Some(place) = classes.find(fill)
    {
        let more: Vec<String> = texts.iter().filter(|text| !keys.contains(text)).cloned().collect();
        places.extend(more.iter().map(|_| place));
        keys.extend(more);
    }
    let numbers: Vec<f32> = places.into_iter().map(|place| number(place) as f32).collect();
    // an unseen class must not look like a known one
    let default = classes.of_unknown().map_or(f64::NAN, number);
    encoded(graph, name, &keys, &numbers, default)
}

/// A number for each text.
fn encoded(
    graph: &mut GraphBuilder,
    name: &str,
    keys: &[String],
    numbers: &[f32],
    default: f64,
) -> String {
    let output = graph.fresh("label");
    let attributes = vec![
        text_list("keys_strings", keys),
        float_list("values_floats", numbers),
        float("default_float", default),
    ];
    graph.nodes_of("ai.onnx.ml", "LabelEncoder", &[name], &[&output], attributes);
    output
}

fn log1p(graph: &mut GraphBuilder, name: &str) -> String {
    let wide = graph.node("Cast", &[name], vec![int("to", i64::from(DOUBLE))]);
    let one = graph.doubles(&[], &[1.0]);
    let more = graph.node("Add", &[&wide, &one], vec![]);
    let log = graph.node("Log", &[&more], vec![]);
    graph.node("Cast", &[&log], vec![int("to", i64::from(FLOAT))])
}

fn scaled(
    graph: &mut GraphBuilder,
    name: &str,
    factor: f64,
    offset: f64,
    clip: Option<(f64, f64)>,
) -> String {
    let wide = graph.node("Cast", &[name], vec![int("to", i64::from(DOUBLE))]);
    let factor = graph.doubles(&[], &[factor]);
    let offset = graph.doubles(&[], &[offset]);
    let scaled = graph.node("Mul", &[&wide, &factor], vec![]);
    let mut moved = graph.node("Add", &[&scaled, &offset], vec![]);
    if let Some((low, high)) = clip {
        let (low, high) = (graph.doubles(&[], &[low]), graph.doubles(&[], &[high]));
        moved = graph.node("Clip", &[&moved, &low, &high], vec![]);
    }
    graph.node("Cast", &[&moved], vec![int("to", i64::from(FLOAT))])
}
