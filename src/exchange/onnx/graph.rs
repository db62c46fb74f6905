//! A small builder of ONNX graphs: every call adds a node and gives the name of its output.

use candle_core::{DType, Tensor};

use super::proto::{
    AttributeProto, DimensionProto, GraphProto, NodeProto, TensorProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::error::Result;

/// f32
pub(super) const FLOAT: i32 = 1;
/// i64
pub(super) const INT64: i32 = 7;
/// text
pub(super) const STRING: i32 = 8;
/// f64
pub(super) const DOUBLE: i32 = 11;

/// A graph on its way.
#[derive(Default)]
pub(super) struct GraphBuilder {
    /// The nodes so far.
    pub(super) nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    count: usize,
    /// What the names of this graph start with.
    prefix: String,
}

impl GraphBuilder {
    /// A graph inside a node of another; their names differ by `prefix`.
    pub(super) fn inner(prefix: &str) -> GraphBuilder {
        GraphBuilder { prefix: format!("{prefix}/"), ..GraphBuilder::default() }
    }

    /// A name that is not taken.
    pub(super) fn fresh(&mut self, what: &str) -> String {
        self.count += 1;
        format!("/{}{what}_{}", self.prefix, self.count) // no column's name, by its start
    }

    /// One node with one output.
    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let output = self.fresh(op);
        self.nodes_of("", op, inputs, &[&output], attributes);
        output
    }

    /// One node with named outputs, of any set of operators.
    pub(super) fn nodes_of(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        let name = self.fresh("node");
        self.nodes.push(NodeProto {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: outputs.iter().map(ToString::to_string).collect(),
            name: Some(name),
            op_type: Some(op.to_string()),
            attribute: attributes,
            domain: (!domain.is_empty()).then(|| domain.to_string()),
        });
    }

    /// A weight under its own name.
    pub(super) fn weight(&mut self, name: &str, tensor: &Tensor) -> Result<String> {
        let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        Ok(self.named(name, tensor.dims(), FLOAT, raw(&values, f32::to_le_bytes)))
    }

    /// A constant of f32.
    pub(super) fn floats(&mut self, dims: &[usize], values: &[f32]) -> String {
        let name = self.fresh("constant");
        self.named(&name, dims, FLOAT, raw(values, f32::to_le_bytes))
    }

    /// A constant number.
    pub(super) fn scalar(&mut self, value: f64) -> String {
        self.floats(&[], &[value as f32])
    }

    /// A constant of f64.
    pub(super) fn doubles(&mut self, dims: &[usize], values: &[f64]) -> String {
        let name = self.fresh("constant");
        self.named(&name, dims, DOUBLE, raw(values, f64::to_le_bytes))
    }

    /// A constant list of whole numbers.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let name = self.fresh("constant");
        self.named(&name, &[values.len()], INT64, raw(values, i64::to_le_bytes))
    }

    /// A constant whole number.
    pub(super) fn whole(&mut self, value: i64) -> String {
        let name = self.fresh("constant");
        self.named(&name, &[], INT64, raw(&[value], i64::to_le_bytes))
    }

    /// A constant list of texts.
    pub(super) fn strings(&mut self, values: &[String]) -> String {
        let name = self.fresh("constant");
        self.initializers.push(TensorProto {
            dims: vec![values.len() as i64],
            data_type: Some(STRING),
            string_data: values.iter().map(|text| text.clone().into_bytes()).collect(),
            name: Some(name.clone()),
            raw_data: None,
        });
        name
    }

    fn named(&mut self, name: &str, dims: &[usize], kind: i32, raw: Vec<u8>) -> String {
        self.initializers.push(TensorProto {
            dims: dims.iter().map(|dim| *dim as i64).collect(),
            data_type: Some(kind),
            string_data: Vec::new(),
            name: Some(name.to_string()),
            raw_data: Some(raw),
        });
        name.to_string()
    }

    /// The finished graph.
    pub(super) fn finish(
        self,
        name: &str,
        input: Vec<ValueInfoProto>,
        output: Vec<ValueInfoProto>,
    ) -> GraphProto {
        GraphProto {
            node: self.nodes,
            name: Some(name.to_string()),
            initializer: self.initializers,
            input,
            output,
        }
    }
}

fn raw<T: Copy, const N: usize>(values: &[T], bytes: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| bytes(*value)).collect()
}

/// A size of an input's or an output's axis.
pub(super) enum Dim {
    /// Fixed.
    Of(usize),
    /// Known when the model is run.
    Named(&'static str),
}

/// What an input or an output is.
pub(super) fn value(name: &str, kind: i32, dims: &[Dim]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|dim| match dim {
            Dim::Of(size) => DimensionProto { dim_value: Some(*size as i64), dim_param: None },
            Dim::Named(name) => {
                DimensionProto { dim_value: None, dim_param: Some((*name).to_string()) }
            }
        })
        .collect();
    let shape = Some(TensorShapeProto { dim });
    let tensor_type = Some(TensorTypeProto { elem_type: Some(kind), shape });
    let r#type = Some(TypeProto { tensor_type });
    ValueInfoProto { name: Some(name.to_string()), r#type, doc_string: None }
}

fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: Some(name.to_string()), r#type: Some(kind), ..AttributeProto::default() }
}

/// An attribute that is a number.
pub(super) fn float(name: &str, value: f64) -> AttributeProto {
    AttributeProto { f: Some(value as f32), ..attribute(name, 1) }
}

/// An attribute that is a whole number.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, 2) }
}

/// An attribute that is a text.
pub(super) fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec()), ..attribute(name, 3) }
}

/// An attribute that is a graph.
pub(super) fn graph(name: &str, value: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(value), ..attribute(name, 5) }
}

/// An attribute that is a list of numbers.
pub(super) fn float_list(name: &str, values: &[f32]) -> AttributeProto {
    AttributeProto { floats: values.to_vec(), ..attribute(name, 6) }
}

/// An attribute that is a list of whole numbers.
pub(super) fn int_list(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, 7) }
}

/// An attribute that is a list of texts.
pub(super) fn text_list(name: &str, values: &[String]) -> AttributeProto {
    let strings = values.iter().map(|text| text.clone().into_bytes()).collect();
    AttributeProto { strings, ..attribute(name, 8) }
}
