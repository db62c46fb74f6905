//! The text of model.py.

use std::fmt::Write;

use super::columns;
use super::modules::Modules;
use super::words::{sequential, string};
use crate::data::Preprocessing;
use crate::exchange::portable::Portable;
use crate::sections::WindowConfig;
use crate::transforms::{Inverse, Unit};

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
    if let Some(preprocessing) = &portable.preprocessing {
        code +=
            "    model.predict(rows)         # rows of raw cells: [{\"column\": cell, ...}, ...]\n";
        if let Some(window) = preprocessing.window() {
            let _ = write!(code, "{}", rows_of_windows(window));
        }
    }
    let preprocessing = portable.preprocessing.as_ref();
    let preprocessing = preprocessing.map(|own| predict(portable, modules, own));
    let math = preprocessing.as_ref().is_some_and(|code| code.contains("math."));
    code += "\"\"\"\n\n";
    code += if math { "import math\n" } else { "" };
    code += "from collections import OrderedDict\nfrom pathlib import Path\n\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom safetensors.torch import load_file\n\nWEIGHTS = Path(__file__).with_name(\"model.safetensors\")\n\n\n";
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
    code + &preprocessing.unwrap_or_default()
}

/// What the rows of a model of windows are.
fn rows_of_windows(window: &WindowConfig) -> String {
    let (steps, rate) = (window.sequence_length, window.sampling_rate);
    let apart = if rate == 1 { String::new() } else { format!(", {rate} rows apart") };
    format!(
        "                                # the {steps} rows of each window, the oldest first{apart},\n\
         \u{20}                               # then those of the next window; a prediction is for the row\n\
         \u{20}                               # {} after the last\n",
        window.horizon
    )
}

/// The preprocessing and `predict`.
fn predict(portable: &Portable, modules: &Modules, preprocessing: &Preprocessing) -> String {
    let shape: Vec<String> = portable.input.iter().map(usize::to_string).collect();
    let mut finish = format!("    x = torch.tensor(numbers).reshape(-1, {})\n", shape.join(", "));
    if modules.input_is_first {
        let rank = portable.input.len();
        let axes: Vec<String> =
            [rank].into_iter().chain(1..rank).map(|axis| axis.to_string()).collect();
        let _ = writeln!(finish, "    return x.permute(0, {})  # channels first", axes.join(", "));
    } else {
        finish += "    return x\n";
    }
    let mut code = columns::columns(preprocessing, &finish);
    let classes = portable.classes(preprocessing);
    if let Some(classes) = &classes {
        let classes: Vec<String> = classes.iter().map(|class| string(class)).collect();
        let _ = write!(code, "\n\nCLASSES = [{}]\n", classes.join(", "));
    }
    let labels = preprocessing.is_of_bits().then(|| preprocessing.label_names());
    if let Some(labels) = &labels {
        let labels: Vec<String> = labels.iter().map(|label| string(label)).collect();
        let _ = write!(code, "\n\nLABELS = [{}]\n", labels.join(", "));
    }
    code += "\n\n@torch.no_grad()\ndef predict(rows, network=None):\n    ";
    code += match &classes {
        Some(_) => "\"\"\"The probability of each of CLASSES, for every row.\"\"\"\n",
        None if labels.is_some() => "\"\"\"The number of each of LABELS, for every row.\"\"\"\n",
        None => "\"\"\"The numbers in their own unit, for every row.\"\"\"\n",
    };
    code += "    y = (network or load())(features(rows))\n";
    let units = preprocessing.target_units();
    if let Some(classes) = &classes {
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
