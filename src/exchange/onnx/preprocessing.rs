//! The preprocessing in the file: raw columns in, classes, probabilities or numbers out.

use super::basic::reshaped;
use super::flow::signed;
use super::graph::{DOUBLE, Dim, FLOAT, Graph, STRING, float, float_list, int, text_list, value};
use super::proto::ValueInfoProto;
use crate::error::{Error, Result};
use crate::exchange::tables::{TableColumn, TableOutput, Tables};

impl Tables {
    /// Adds an input for each column, and the nodes that make the model's input of them.
    pub(super) fn features(
        &self,
        graph: &mut Graph,
        shape: &[usize],
        inputs: &mut Vec<ValueInfoProto>,
    ) -> Result<String> {
        let mut parts = Vec::with_capacity(self.features.len());
        for column in &self.features {
            let kind = if column.classes.is_empty() { FLOAT } else { STRING };
            inputs.push(value(&column.name, kind, &[Dim::Named("batch"), Dim::Of(1)]));
            parts.push(column.numbers(graph));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let row = match parts.as_slice() {
            [one] => (*one).to_string(),
            many => graph.node("Concat", many, vec![int("axis", 1)]),
        };
        Ok(match shape {
            [_] => row,
            _ => reshaped(graph, &row, &signed(-1, shape)),
        })
    }

    /// Adds the outputs.
    pub(super) fn outputs(
        &self,
        graph: &mut Graph,
        last: &str,
        shape: &[usize],
    ) -> Result<Vec<ValueInfoProto>> {
        match &self.output {
            TableOutput::Classes { classes, from_logits } => {
                let probabilities = match shape {
                    [1] if classes.len() == 2 => {
                        let second = match from_logits {
                            true => graph.node("Sigmoid", &[last], vec![]),
                            false => last.to_string(),
                        };
                        let one = graph.scalar(1.0);
                        let first = graph.node("Sub", &[&one, &second], vec![]);
                        graph.node("Concat", &[&first, &second], vec![int("axis", 1)])
                    }
                    [width] if *width == classes.len() => match from_logits {
                        true => graph.node("Softmax", &[last], vec![int("axis", -1)]),
                        false => last.to_string(),
                    },
                    other => {
                        let message =
                            format!("the output {other:?} is not one of {} classes", classes.len());
                        return Err(Error::run(message));
                    }
                };
                let out = vec![Dim::Named("batch"), Dim::Of(classes.len())];
                let shown = [self.free("class"), self.free("probabilities")];
                let [class, numbers] = [shown[0].as_str(), shown[1].as_str()];
                graph.nodes_of("", "Identity", &[&probabilities], &[numbers], vec![]);
                let attributes = vec![int("axis", 1), int("keepdims", 0)];
                let index = graph.node("ArgMax", &[numbers], attributes);
                let names = graph.strings(classes);
                graph.nodes_of("", "Gather", &[&names, &index], &[class], vec![int("axis", 0)]);
                Ok(vec![value(class, STRING, &[Dim::Named("batch")]), value(numbers, FLOAT, &out)])
            }
            TableOutput::Numbers { unit } => {
                let mut out = last.to_string();
                if unit.iter().any(|unit| *unit != (1.0, 0.0)) {
                    let (factors, offsets): (Vec<f64>, Vec<f64>) = unit.iter().copied().unzip();
                    let wide = graph.node("Cast", &[&out], vec![int("to", DOUBLE as i64)]);
                    let factors = graph.doubles(&[factors.len()], &factors);
                    let offsets = graph.doubles(&[offsets.len()], &offsets);
                    let scaled = graph.node("Mul", &[&wide, &factors], vec![]);
                    let moved = graph.node("Add", &[&scaled, &offsets], vec![]);
                    out = graph.node("Cast", &[&moved], vec![int("to", FLOAT as i64)]);
                }
                let name = self.free("prediction");
                graph.nodes_of("", "Identity", &[&out], &[&name], vec![]);
                let mut dims = vec![Dim::Named("batch")];
                dims.extend(shape.iter().map(|dim| Dim::Of(*dim)));
                Ok(vec![value(&name, FLOAT, &dims)])
            }
        }
    }

    /// An output's name, with underscores where a column has it already.
    fn free(&self, name: &str) -> String {
        let mut name = name.to_string();
        while self.features.iter().any(|column| column.name == name) {
            name.push('_');
        }
        name
    }
}

impl TableColumn {
    /// What stands for each class in a table, and the class's number: `1` and `1.0` are one class
    /// where all are numbers.
    fn spellings(&self) -> (Vec<String>, Vec<f32>) {
        let numbers: Option<Vec<f64>> =
            self.classes.iter().map(|class| class.parse().ok()).collect();
        let mut keys = Vec::new();
        let mut values = Vec::new();
        for (place, class) in self.classes.iter().enumerate() {
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

    /// (batch, 1), or (batch, classes), of f32.
    fn numbers(&self, graph: &mut Graph) -> String {
        let mut name = self.name.clone();
        if !self.classes.is_empty() {
            let output = graph.fresh("label");
            let (keys, numbers) = self.spellings();
            let attributes = vec![
                text_list("keys_strings", &keys),
                float_list("values_floats", &numbers),
                float("default_float", f64::NAN), // an unseen class must not look like a known one
            ];
            graph.nodes_of("ai.onnx.ml", "LabelEncoder", &[&name], &[&output], attributes);
            if self.one_hot {
                let all: Vec<f32> = (0..self.classes.len()).map(|class| class as f32).collect();
                let all = graph.floats(&[all.len()], &all);
                let equal = graph.node("Equal", &[&output, &all], vec![]); // (batch, classes)
                let ones = graph.node("Cast", &[&equal], vec![int("to", FLOAT as i64)]);
                let unseen = graph.node("Sub", &[&output, &output], vec![]); // 0, or not a number
                return graph.node("Add", &[&ones, &unseen], vec![]);
            }
            name = output;
        }
        match self.scaling {
            None => graph.node("Cast", &[&name], vec![int("to", FLOAT as i64)]),
            Some((factor, offset)) => {
                let wide = graph.node("Cast", &[&name], vec![int("to", DOUBLE as i64)]);
                let factor = graph.doubles(&[], &[factor]);
                let offset = graph.doubles(&[], &[offset]);
                let scaled = graph.node("Mul", &[&wide, &factor], vec![]);
                let moved = graph.node("Add", &[&scaled, &offset], vec![]);
                graph.node("Cast", &[&moved], vec![int("to", FLOAT as i64)])
            }
        }
    }
}
