//! The text of COLUMNS in model.py: what becomes of the cells of each column, step by step.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::words::{python, string};
use crate::data::{FittedColumn, Preprocessing};
use crate::transforms::{CellRule, Classes, Encoded, Fill, Primitive};

/// What a step does with a value, by its name in COLUMNS.
const STEPS: [(&str, &str); 9] = [
    ("number", "float"),
    ("label", "label_of"),
    ("affine", "lambda x, factor, offset: x * factor + offset"),
    ("clip", "lambda x, low, high: min(max(x, low), high)"),
    ("log1p", "math.log1p"),
    ("bins", "lambda x, boundaries: sum(boundary <= x for boundary in boundaries)"),
    ("one_hot", "lambda x, count: [float(x == place) for place in range(count)]"),
    ("given", "given"),
    ("prepared", "lambda x: torch.as_tensor(x, dtype=torch.float32).flatten().tolist()"),
];

/// What two cells of one class have in common, by the name of the rule.
const RULES: [(CellRule, &str, &str); 4] = [
    (CellRule::Exact, "str", ""),
    (
        CellRule::AsTexts,
        "as_text",
        "def as_text(cell):\n    \"\"\"The cell; of a whole number without its `.0`.\"\"\"\n    whole, _, decimals = cell.partition(\".\")\n    digits = whole.removeprefix(\"-\")\n    is_whole = decimals and not decimals.strip(\"0\") and digits.isdecimal() and digits.isascii()\n    is_plain = is_whole and (digits == \"0\" or digits[0] != \"0\") and int(digits) < 2**53\n    return whole if is_plain else cell\n",
    ),
    (
        CellRule::AsNumbers,
        "as_number",
        "def as_number(cell):\n    \"\"\"The number of the cell.\"\"\"\n    return float(cell)\n",
    ),
    (
        CellRule::Booleans,
        "as_boolean",
        "def as_boolean(cell):\n    \"\"\"True, False, or what is neither.\"\"\"\n    word = cell.lower()\n    if word in {\"true\", \"t\", \"yes\", \"y\", \"1\", \"1.0\"}:\n        return True\n    return False if word in {\"false\", \"f\", \"no\", \"n\", \"0\", \"0.0\"} else word\n",
    ),
];

/// COLUMNS, and the function that makes of rows of raw cells what the network takes; `finish` are
/// the lines that return it.
pub(super) fn columns(preprocessing: &Preprocessing, finish: &str) -> String {
    let columns: Vec<CellSteps> = preprocessing.features.iter().map(CellSteps::of).collect();
    let steps: BTreeSet<&str> = columns.iter().flat_map(|column| column.names.clone()).collect();
    let has_labels = steps.contains("label");
    let mut code = String::from("\n\n");
    if has_labels {
        for (rule, _, text) in RULES {
            if rule != CellRule::Exact && columns.iter().any(|column| column.rule == Some(rule)) {
                let _ = write!(code, "{text}\n\n");
            }
        }
        code += "def label_of(cell, classes, rule, unknown=None):\n    \"\"\"The number of the class that a cell is of; `unknown` where training has not seen it.\"\"\"\n    label = classes.get(rule(cell), unknown)\n    if label is None:\n        raise ValueError(f\"{cell!r} was not seen in training\")\n    return label\n\n\n";
    }
    if steps.contains("given") {
        code += "def given(number):\n    \"\"\"A number that the caller has made of the cell.\"\"\"\n    if isinstance(number, str):\n        raise ValueError(f\"{number!r} is a cell: give the number that is made of it\")\n    return int(number)\n\n\n";
    }
    code += "# what each step of COLUMNS does\nSTEPS = {\n";
    for (name, text) in STEPS.iter().filter(|(name, _)| steps.contains(name)) {
        let _ = writeln!(code, "    {}: {text},", string(name));
    }
    code += "}\n";
    let mut missing = vec![String::new()];
    missing.extend(preprocessing.missing_texts().iter().cloned());
    let missing: Vec<String> = missing.iter().map(|text| string(text)).collect();
    let _ = writeln!(code, "# what reads as missing\nMISSING = {{{}}}", missing.join(", "));
    code += "# name, what stands for a missing cell, whether a number says that it was missing, steps\nCOLUMNS = [\n";
    for (column, text) in preprocessing.features.iter().zip(&columns) {
        let is_prepared = text.names.contains(&"prepared");
        let (name, indicator) = (string(&column.name), python(column.indicator && !is_prepared));
        let _ = writeln!(
            code,
            "    ({name}, {}, {indicator}, [{}]),{}",
            text.fill,
            text.steps.join(", "),
            text.about
        );
    }
    code += "]\n";
    code += "\n\ndef numbers_of(cell, fill, indicator, steps):\n    \"\"\"The numbers that the network is given for a cell.\"\"\"\n    value = cell\n    is_plain = cell is None or isinstance(cell, (str, int, float))\n    text = \"\" if cell is None else str(cell).strip()\n    is_missing = is_plain and text in MISSING\n    if is_missing and fill is None:\n        raise ValueError(f\"the cell is missing: {cell!r}\")\n    if is_missing:\n        value = fill\n    elif isinstance(cell, str):\n        value = cell.strip()\n    for step, *arguments in steps:\n        value = STEPS[step](str(value) if step == \"label\" else value, *arguments)\n    numbers = value if isinstance(value, list) else [float(value)]\n    return numbers + [float(is_missing)] if indicator else numbers\n";
    let cell = if let Some(marks) = marks(preprocessing) {
        code += &marks;
        "cell_of(row, name)"
    } else {
        "row[name]"
    };
    code += &"\n\ndef features(rows):\n    \"\"\"Rows of raw cells as the network's input.\"\"\"\n    numbers = []\n    for row in rows:\n        numbers.append([])\n        for name, fill, indicator, steps in COLUMNS:\n            try:\n                numbers[-1] += numbers_of(CELL, fill, indicator, steps)\n            except ValueError as error:\n                raise ValueError(f\"column {name}: {error}\") from None\n".replace("CELL", cell);
    code + finish
}

/// MARKS, and the function that reads them: what reads as missing in a column alone, and the numbers
/// that do in any. None where there is no such thing.
fn marks(preprocessing: &Preprocessing) -> Option<String> {
    let of_column = |column: &FittedColumn| {
        let marks: Vec<String> = if column.is_text() {
            column.missing_values.0.iter().map(|text| string(text)).collect()
        } else {
            let numbers = preprocessing.missing_marks(column);
            numbers.iter().map(|number| format!("{number:?}")).collect()
        };
        let line = format!("    {}: [{}],\n", string(&column.name), marks.join(", "));
        (!marks.is_empty()).then_some(line)
    };
    let lines: Vec<String> = preprocessing.features.iter().filter_map(of_column).collect();
    (!lines.is_empty()).then(|| {
        format!(
            "\n\n# what else reads as missing in a column\nMARKS = {{\n{}}}\n\n\ndef cell_of(row, name):\n    \"\"\"A cell; None where it marks a missing value.\"\"\"\n    cell = row[name]\n    for mark in MARKS.get(name, []):\n        try:\n            is_mark = str(cell).strip() == mark if isinstance(mark, str) else float(cell) == mark\n        except (TypeError, ValueError):\n            is_mark = False\n        if is_mark:\n            return None\n    return cell\n",
            lines.concat()
        )
    })
}

/// The line of a column.
struct CellSteps {
    fill: String,
    /// As Python writes them.
    steps: Vec<String>,
    /// The names of those.
    names: Vec<&'static str>,
    rule: Option<CellRule>,
    about: String,
}

impl CellSteps {
    fn of(column: &FittedColumn) -> CellSteps {
        let (steps, names) = (Vec::new(), Vec::new());
        let (fill, about) = ("None".to_string(), String::new());
        let mut own = CellSteps { fill, steps, names, rule: None, about };
        let primitives = column.export();
        let is_number = !column.is_text();
        if is_number && !matches!(primitives.first(), Some(Primitive::Prepared { .. })) {
            own.add("number", &[]);
        }
        for primitive in primitives {
            match primitive {
                Primitive::Fill(Fill::Number(number)) => own.fill = format!("{number:?}"),
                Primitive::Fill(Fill::Text(text)) => own.fill = string(text),
                Primitive::Fill(Fill::DropRow) => {}
                Primitive::Affine { factor, offset, clip } => {
                    own.add("affine", &[format!("{factor:?}"), format!("{offset:?}")]);
                    if let Some((low, high)) = clip {
                        own.add("clip", &[format!("{low:?}"), format!("{high:?}")]);
                    }
                }
                Primitive::Log1p => own.add("log1p", &[]),
                Primitive::Bins(boundaries) => own.add("bins", &[format!("{boundaries:?}")]),
                Primitive::Lookup(classes) => own.label(classes, &|class| class.to_string()),
                Primitive::Values(classes, values) => own.label(classes, &|class| {
                    values.get(class).map_or("None".to_string(), |value| format!("{value:?}"))
                }),
                Primitive::OneHot(count) => own.add("one_hot", &[count.to_string()]),
                Primitive::Opaque { how, .. } => {
                    own.add("given", &[]);
                    own.about = format!("  # give the number of {how}");
                }
                Primitive::Prepared { width, how } => {
                    own.add("prepared", &[]);
                    let how = how.replace('\n', " ");
                    own.about = match column.encode.as_ref().and_then(Encoded::image) {
                        Some(image) => {
                            let (shape, how) = (image.shape(), image.in_words());
                            format!("  # give an array of the shape {shape:?}: {how}")
                        }
                        None => format!("  # give a list of {width}: {how}"),
                    };
                }
            }
        }
        own
    }

    fn add(&mut self, name: &'static str, arguments: &[String]) {
        let all: Vec<String> =
            std::iter::once(string(name)).chain(arguments.iter().cloned()).collect();
        let comma = if all.len() == 1 { "," } else { "" };
        self.steps.push(format!("({}{comma})", all.join(", ")));
        self.names.push(name);
    }

    fn label(&mut self, classes: &Classes, number: &dyn Fn(usize) -> String) {
        let rule = classes.cell_rule();
        let key = |key: &str| match rule {
            CellRule::Exact | CellRule::AsTexts => string(key),
            CellRule::AsNumbers => format!("{:?}", key.parse::<f64>().unwrap_or(f64::NAN)),
            CellRule::Booleans => python(key == "true").to_string(),
        };
        let entries = classes.entries();
        let entries =
            entries.iter().map(|(text, class)| format!("{}: {}", key(text), number(*class)));
        let entries: Vec<String> = entries.collect();
        let name = RULES.iter().find(|(of, ..)| *of == rule).map_or("as_text", |(_, name, _)| name);
        let mut arguments = vec![format!("{{{}}}", entries.join(", ")), name.to_string()];
        arguments.extend(classes.of_unknown().map(number));
        self.add("label", &arguments);
        self.rule = Some(rule);
    }
}
