//! The inputs of a file that holds the preprocessing: one of (batch, 1) for each column. A model of
//! windows has one of (batch, steps, columns) where all columns are numbers, else one of (batch, steps, 1)
//! for each column; inside, each step is a row of its own.

use super::basic::reshaped;
use super::graph::{DOUBLE, Dim, FLOAT, GraphBuilder, INT64, STRING, int, value};
use super::proto::ValueInfoProto;
use crate::data::{FittedColumn, Preprocessing};
use crate::transforms::Primitive;

/// Adds the inputs; gives the name of each column's cells, (batch, 1), or (batch · steps, 1).
pub(super) fn add(
    graph: &mut GraphBuilder,
    preprocessing: &Preprocessing,
    inputs: &mut Vec<ValueInfoProto>,
) -> Vec<String> {
    let columns = preprocessing.features.iter();
    let own: Vec<ValueInfoProto> = columns.map(|column| input(preprocessing, column)).collect();
    match steps_of_one(preprocessing) {
        Some(steps) => one(graph, preprocessing, steps, &own, inputs),
        None => own.into_iter().map(|own| of_column(graph, preprocessing, own, inputs)).collect(),
    }
}

/// The name of the one input of windows.
const INPUT: &str = "input";

/// How many rows a sample is, where all columns of a model of windows stand in one input.
pub(super) fn steps_of_one(preprocessing: &Preprocessing) -> Option<usize> {
    let is_number = |column: &FittedColumn| {
        let is_given = |step: &Primitive<'_>| {
            matches!(step, Primitive::Opaque { .. } | Primitive::Prepared { .. })
        };
        !column.is_text() && !column.export().iter().any(is_given)
    };
    let window = preprocessing.window()?;
    preprocessing.features.iter().all(is_number).then_some(window.sequence_length)
}

/// Adds the one input, whose numbers are f64 where one of the columns' must be; gives the name of each
/// column of it, (batch · steps, 1).
fn one(
    graph: &mut GraphBuilder,
    preprocessing: &Preprocessing,
    steps: usize,
    columns: &[ValueInfoProto],
    inputs: &mut Vec<ValueInfoProto>,
) -> Vec<String> {
    let count = columns.len();
    let is_wide = columns.iter().any(|column| column.kind() == Some(DOUBLE));
    let dims = [Dim::Named("batch"), Dim::Of(steps), Dim::Of(count)];
    let kind = if is_wide { DOUBLE } else { FLOAT };
    let names: Vec<&str> = preprocessing.feature_columns();
    let doc_string = Some(format!("{steps} rows, the oldest first, of {}", names.join(", ")));
    inputs.push(ValueInfoProto { doc_string, ..value(INPUT, kind, &dims) });
    let rows = reshaped(graph, INPUT, &[-1, count as i64]);
    (0..count)
        .map(|column| {
            let place = graph.ints(&[column as i64]);
            let own = graph.node("Gather", &[&rows, &place], vec![int("axis", 1)]);
            if is_wide && columns[column].kind() != Some(DOUBLE) {
                graph.node("Cast", &[&own], vec![int("to", i64::from(FLOAT))])
            } else {
                own
            }
        })
        .collect()
}

/// Adds the input of a column; gives its name, or that of its rows, one for each step of a window.
fn of_column(
    graph: &mut GraphBuilder,
    preprocessing: &Preprocessing,
    own: ValueInfoProto,
    inputs: &mut Vec<ValueInfoProto>,
) -> String {
    let (name, width) = (own.name.clone().unwrap_or_default(), own.width());
    inputs.push(own);
    match preprocessing.window() {
        Some(_) => reshaped(graph, &name, &[-1, width]),
        None => name,
    }
}

/// The input of a column. What ONNX has no operator for, the caller prepares: the input then has a
/// name of its own, and says what it wants.
fn input(preprocessing: &Preprocessing, column: &FittedColumn) -> ValueInfoProto {
    let steps = preprocessing.window().map(|window| Dim::Of(window.sequence_length));
    let mut dims: Vec<Dim> = [Dim::Named("batch")].into_iter().chain(steps).collect();
    let mut dims = |width: usize| {
        dims.push(Dim::Of(width));
        std::mem::take(&mut dims)
    };
    let mut prepared = |ending: &str, how: &str, kind: i32, width: usize| {
        let name = free(preprocessing, &format!("{}_{ending}", column.name));
        let doc_string = Some(format!("{how} of `{}`", column.name));
        ValueInfoProto { doc_string, ..value(&name, kind, &dims(width)) }
    };
    let steps = column.export();
    for step in &steps {
        match step {
            Primitive::Opaque { how, .. } => return prepared("bin", how, INT64, 1),
            Primitive::Prepared { how, width } => return prepared("prepared", how, FLOAT, *width),
            _ => {}
        }
    }
    let is_wide = |step: &Primitive<'_>| match step {
        Primitive::Affine { offset, .. } => wants_f64(*offset),
        Primitive::Bins(_) => true, // a number on a boundary must stay there
        _ => false,
    };
    let kind = if column.is_text() {
        STRING
    } else if steps.iter().any(is_wide) {
        DOUBLE
    } else {
        FLOAT
    };
    value(&column.name, kind, &dims(1))
}

/// True where a column's numbers must be read as f64: they lie so far from 0, beside their spread,
/// that f32's rounding would be seen once they are scaled (timestamps).
fn wants_f64(offset: f64) -> bool {
    offset.abs() >= 256.0 // 256 · 2^-24 is 1.5e-5
}

/// The name of an output or of a prepared input, with underscores where a column has it already.
pub(super) fn free(preprocessing: &Preprocessing, name: &str) -> String {
    let mut name = name.to_string();
    while preprocessing.features.iter().any(|column| column.name == name) {
        name.push('_');
    }
    name
}
