//! The text of model.py.

use std::fmt::Write;

use super::modules::Modules;
use super::words::{python, sequential};
use crate::data::{FittedColumn, Preprocessing};
use crate::exchange::portable::Portable;
use crate::transforms::{Encoded, Inverse, Primitive, Unit};

/// Helpers by name, in the order in which they are written.
const HELPERS: [(&str, &str); 7] = [
    (
        "Function",
        "class Function(nn.Module):\n    \"\"\"A function as a module.\"\"\"\n\n    def __init__(self, function):\n        super().__init__()\n        self.function = function\n\n    def forward(self, x):\n        return self.function(x)\n",
    ),
    (
        "last_state",
        "def last_state(state):\n    \"\"\"The hidden state of every direction after its last step, side by side.\"\"\"\n    hidden = state[0] if isinstance(state, tuple) else state\n    return torch.cat(tuple(hidden), dim=-1)\n",
    ),
    (
        "padded_mean",
        "def padded_mean(pool, x, pads, size, strides):\n    \"\"\"The mean over the numbers of each window that are not padding.\"\"\"\n    share = pool(F.pad(torch.ones_like(x), pads), size, strides)\n    return pool(F.pad(x, pads), size, strides) / share\n",
    ),
    (
        "Residual",
        "class Residual(nn.Module):\n    \"\"\"The sum of two ways from one value.\"\"\"\n\n    def __init__(self, layers, shortcut):\n        super().__init__()\n        self.layers = layers\n        self.shortcut = shortcut\n\n    def forward(self, x):\n        return self.layers(x) + self.shortcut(x)\n",
    ),
    (
        "PReLU",
        "class PReLU(nn.Module):\n    \"\"\"Keras's PReLU: one slope for each feature.\"\"\"\n\n    def __init__(self, shape):\n        super().__init__()\n        self.alpha = nn.Parameter(torch.zeros(shape))\n\n    def forward(self, x):\n        return torch.relu(x) - self.alpha * torch.relu(-x)\n",
    ),
    (
        "EinsumDense",
        "class EinsumDense(nn.Module):\n    \"\"\"Keras's EinsumDense.\"\"\"\n\n    def __init__(self, equation, kernel, bias=None):\n        super().__init__()\n        self.equation = equation\n        self.kernel = nn.Parameter(torch.zeros(kernel))\n        self.bias = None if bias is None else nn.Parameter(torch.zeros(bias))\n\n    def forward(self, x):\n        y = torch.einsum(self.equation, x, self.kernel)\n        return y if self.bias is None else y + self.bias\n",
    ),
    (
        "Normalization",
        "class Normalization(nn.Module):\n    \"\"\"Keras's Normalization: statistics that are not trained.\"\"\"\n\n    def __init__(self, invert, **shapes):\n        super().__init__()\n        self.invert = invert\n        for name, shape in shapes.items():\n            self.register_buffer(name, torch.zeros(shape))\n\n    def forward(self, x):\n        deviation = self.variance.sqrt().clamp(min=1e-7)\n        if self.invert:\n            return x * deviation + self.mean\n        return (x - self.mean) / deviation\n",
    ),
];

pub(super) fn script(portable: &Portable, modules: &Modules) -> String {
    let mut code = String::from(
        "\"\"\"A model trained with Lanthorn, for PyTorch.\n\n    import model\n    network = model.load()      # an nn.Sequential with the weights beside this file\n",
    );
    if portable.preprocessing.is_some() {
        code +=
            "    model.predict(rows)         # rows of raw cells: [{\"column\": cell, ...}, ...]\n";
    }
    code += "\"\"\"\n\nfrom collections import OrderedDict\nfrom pathlib import Path\n\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom safetensors.torch import load_file\n\nWEIGHTS = Path(__file__).with_name(\"model.safetensors\")\n\n\n";
    for (name, text) in HELPERS {
        if modules.helpers.contains(name) {
            let _ = write!(code, "{text}\n\n");
        }
    }
    let input: Vec<usize> = if modules.input_is_first {
        let (channels, axes) = portable.input.split_last().unwrap_or((&1, &[]));
        std::iter::once(*channels).chain(axes.iter().copied()).collect()
    } else {
        portable.input.clone()
    };
    let _ = write!(code, "def build():\n    \"\"\"The network; its input is (batch, ");
    let input: Vec<String> = input.iter().map(usize::to_string).collect();
    let network = sequential(&modules.list, 4);
    let _ = write!(code, "{}).\"\"\"\n    return {network}\n", input.join(", "));
    code += "\n\ndef load(weights=WEIGHTS):\n    \"\"\"The network with its weights, for inference.\"\"\"\n    network = build()\n    network.load_state_dict(load_file(str(weights)), strict=True)\n    return network.eval()\n";
    if let Some(preprocessing) = &portable.preprocessing {
        code += &predict(portable, modules, preprocessing);
    }
    code
}

/// The preprocessing and `predict`.
fn predict(portable: &Portable, modules: &Modules, preprocessing: &Preprocessing) -> String {
    let mut code = String::from(
        "\n\n# name, classes (None for a number), one number for each class, factor, offset\nCOLUMNS = [\n",
    );
    let has_prepared = preprocessing.features.iter().any(is_prepared);
    if has_prepared {
        code.insert_str(
            2,
            "PREPARED = \"prepared\"  # the cells are numbers as the model sees them\n\n",
        );
    }
    for column in &preprocessing.features {
        code += &column_of(column);
    }
    code += "]\n";
    if let Some(classes) = preprocessing.classes() {
        let _ = writeln!(code, "CLASSES = {}", strings(classes));
    }
    code += "\n\ndef features(rows):\n    \"\"\"Rows of raw cells as the network's input.\"\"\"\n    numbers = []\n    for row in rows:\n        numbers.append([])\n        for name, classes, one_hot, factor, offset in COLUMNS:\n";
    if has_prepared {
        code += "            if classes == PREPARED:\n                numbers[-1] += torch.as_tensor(row[name], dtype=torch.float32).flatten().tolist()\n                continue\n";
    }
    code += "            cell = str(row[name]).strip()\n            if classes is None:\n                numbers[-1].append(float(cell) * factor + offset)\n                continue\n            label = label_of(classes, cell, name)\n            if one_hot:\n                numbers[-1] += [float(label == i) for i in range(len(classes))]\n            else:\n                numbers[-1].append(label * factor + offset)\n";
    let shape: Vec<String> = portable.input.iter().map(usize::to_string).collect();
    let _ = writeln!(code, "    x = torch.tensor(numbers).reshape(-1, {})", shape.join(", "));
    if modules.input_is_first {
        let rank = portable.input.len();
        let axes: Vec<String> =
            [rank].into_iter().chain(1..rank).map(|axis| axis.to_string()).collect();
        let _ = writeln!(code, "    return x.permute(0, {})  # channels first", axes.join(", "));
    } else {
        code += "    return x\n";
    }
    code += "\n\ndef label_of(classes, cell, name):\n    \"\"\"The number of a cell's class; where all classes are numbers, 1 and 1.0 are one.\"\"\"\n    if cell in classes:\n        return classes.index(cell)\n    try:\n        return [float(other) for other in classes].index(float(cell))\n    except ValueError:\n        raise ValueError(f\"column {name}: {cell!r} was not seen in training\") from None\n\n\n@torch.no_grad()\ndef predict(rows, network=None):\n    ";
    code += match preprocessing.classes() {
        Some(_) => "\"\"\"The probability of each of CLASSES, for every row.\"\"\"\n",
        None => "\"\"\"The numbers in their own unit, for every row.\"\"\"\n",
    };
    code += "    y = (network or load())(features(rows))\n";
    let units = preprocessing.target_units();
    if let Some(classes) = preprocessing.classes() {
        let is_one = portable.output() == [1] && classes.len() == 2;
        match (is_one, portable.gives_logits()) {
            (true, true) => code += "    y = y.sigmoid()\n",
            (false, true) => code += "    y = y.softmax(-1)\n",
            _ => {} // prepared, above
        }
        if is_one {
            code += "    y = torch.cat([1 - y, y], dim=1)\n";
        }
    } else if preprocessing.is_of_bits() && portable.gives_logits_of_labels() {
        code += "    y = y.sigmoid()\n";
    } else {
        code += &in_original_unit(&units);
    }
    code += "    return y\n";
    code
}

/// The lines that bring the output into the unit of the target; all of its columns are scaled in the
/// same steps.
fn in_original_unit(units: &[Unit]) -> String {
    let mut code = String::new();
    let steps = units.first().map(Unit::steps).unwrap_or_default();
    for (place, step) in steps.iter().enumerate() {
        if *step == Inverse::Expm1 {
            code += "    y = torch.expm1(y)\n";
            continue;
        }
        let of = |unit: &Unit| match unit.steps().get(place) {
            Some(Inverse::Affine { factor, offset }) => (*factor, *offset),
            _ => (1.0, 0.0),
        };
        let (factors, offsets): (Vec<f64>, Vec<f64>) = units.iter().map(of).unzip();
        let _ = writeln!(
            code,
            "    factors, offsets = torch.tensor({factors:?}), torch.tensor({offsets:?})\n    y = y * factors + offsets"
        );
    }
    code
}

/// Whether a column has a step that this text has no form for: its cells are then given as the
/// numbers that the model sees.
fn is_prepared(column: &FittedColumn) -> bool {
    column.indicator
        || column.export().iter().any(|step| match step {
            Primitive::Lookup(classes) => {
                classes.other().is_some() || classes.of_unknown().is_some()
            }
            Primitive::Affine { clip, .. } => clip.is_some(),
            Primitive::OneHot(_) | Primitive::Opaque { .. } => false,
            _ => true,
        })
        || column.scale.steps().len() > 1
}

/// A column's line of COLUMNS.
fn column_of(column: &FittedColumn) -> String {
    if is_prepared(column) {
        let (name, width) = (string(&column.name), column.width());
        if let Some(image) = column.encode.as_ref().and_then(Encoded::image) {
            let (shape, how) = (image.shape(), image.in_words());
            return format!(
                "    ({name}, PREPARED, False, 1.0, 0.0),  # give an array of the shape {shape:?}: {how}\n"
            );
        }
        let names = column.output_names().join(", ");
        return format!(
            "    ({name}, PREPARED, False, 1.0, 0.0),  # give the list of {width} that the model sees: {names}\n"
        );
    }
    let (mut classes, mut one_hot, mut line) = ("None".to_string(), false, (1.0, 0.0));
    let mut about = String::new();
    for primitive in column.export() {
        match primitive {
            Primitive::Lookup(own) => classes = strings(&own.names),
            Primitive::OneHot(_) => one_hot = true,
            Primitive::Affine { factor, offset, .. } => line = (factor, offset),
            Primitive::Opaque { count, how } => {
                classes = format!("range({count})");
                about = format!("  # give the number of {how}");
            }
            _ => {}
        }
    }
    let (factor, offset) = line;
    let name = string(&column.name);
    format!("    ({name}, {classes}, {}, {factor:?}, {offset:?}),{about}\n", python(one_hot))
}

fn strings(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A text as Python writes it; JSON's escapes are Python's.
fn string(text: &str) -> String {
    serde_json::Value::String(text.to_string()).to_string()
}
