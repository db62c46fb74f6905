//! model.py makes of raw cells the numbers that the model sees.

use std::process::Command;

use crate::support::Folder;

/// Every transform that has a form in Python, and one that has none.
const CONFIG: &str = "seed: 1
data:
  train: t.csv
  features:
    - {column: age, missing: median, indicator: true, scale: standard}
    - {column: price, scale: [log1p, robust]}
    - {column: score, scale: {min_max: {range: [-1, 1], clip: true}}}
    - {column: size, encode: {ordinal: {categories: [small, medium, large]}}, scale: max_abs}
    - {column: city, encode: {label: {min_frequency: 6}}, unknown: other}
    - {column: colour, encode: one_hot, unknown: ignore}
    - {column: shop, encode: frequency}
    - {column: age2, encode: {discretize: {num_bins: 4}}}
    - {column: active, encode: boolean}
    - {column: code, encode: label, missing: {constant: none}}
    - {column: day, date: {parts: [month, weekday]}}
    - {column: bmi, missing: mean, missing_values: [0, -0.1], indicator: true}
    - {column: kind, encode: one_hot, missing: most_frequent, missing_values: [x]}
  target: bought
model: {layers: [{dense: {units: 1}}]}
compile: {loss: mse}
";

fn folder() -> Folder {
    let folder = Folder::new();
    let mut table =
        "age,price,score,size,city,colour,shop,age2,active,code,day,bmi,kind,bought\n".to_string();
    for i in 0..60_usize {
        let age = if i % 11 == 0 { "NA".to_string() } else { (20 + i % 37).to_string() };
        let size = ["small", "large", "medium"][i % 3];
        let city =
            if i < 4 { format!("hamlet {i}") } else { ["Bonn", "Köln \"K\""][i % 2].into() };
        let colour = ["red", "blue", "green"][i % 3];
        let (active, code) = (["Yes", "no", "T", "0"][i % 4], ["01", "1", "1.0", ""][i % 4]);
        table += &format!(
            "{age},{},{},{size},{city},{colour},s{},{},{active},{code},2026-{:02}-{:02},{},{},{}\n",
            i * i,
            i as f64 * 0.37 - 3.0,
            i % 5,
            i * 7 % 60,
            1 + i % 12,
            1 + i % 28,
            ["0", "20.5", "0.0", "30", "-0.1"][i % 5],
            ["a", "b", "x", "a"][i % 4],
            i % 2
        )
        .replace("Köln \"K\"", "\"Köln \"\"K\"\"\"");
    }
    folder.write("t.csv", &table);
    folder.write("t.yaml", CONFIG);
    folder.ok("train t.yaml -q --out run");
    folder.ok("export run --to torch -o torch");
    folder.ok("data t.yaml -o seen.csv");
    folder
}

#[test]
fn each_column_is_written_with_its_steps() {
    let folder = folder();
    let code = folder.read("torch/model.py");
    for line in [
        "    (\"price\", None, False, [(\"number\",), (\"log1p\",), (\"affine\", ",
        "(\"clip\", -1.0, 1.0)]),",
        "[(\"label\", {\"small\": 0, \"medium\": 1, \"large\": 2}, as_text), (\"affine\", 0.5, 0.0)]),",
        "    (\"active\", None, False, [(\"label\", {False: 0, True: 1}, as_boolean)]),",
        "(\"one_hot\", 3)]),",
        "    (\"day\", None, False, [(\"prepared\",)]),  # give a list of 2: ",
        "    \"bmi\": [0.0, -0.1],\n    \"kind\": [\"x\"],\n",
        "import math\n",
    ] {
        assert!(code.contains(line), "{line}\n{code}");
    }
    assert!(code.contains("(\"age\", ") && code.contains(", True, [(\"number\",), (\"affine\", "));
}

/// Where there is a Python, with the one class of torch that `features` needs.
#[test]
fn python_makes_the_numbers_that_the_model_sees() {
    let is_there = Command::new("python3").arg("--version").output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        return;
    }
    let folder = folder();
    folder.write(
        "check.py",
        r#"
import csv, sys, types

class Rows(list):
    def reshape(self, *_):
        return self

class Numbers(list):
    def flatten(self):
        return self
    def tolist(self):
        return [float(number) for number in self]

torch = types.ModuleType("torch")
torch.tensor, torch.no_grad = Rows, lambda: (lambda function: function)
torch.float32, torch.as_tensor = None, lambda numbers, dtype: Numbers(numbers)
nn = types.ModuleType("torch.nn")
nn.Module = object
file = types.ModuleType("safetensors.torch")
file.load_file = None
torch.nn, nn.functional = nn, types.ModuleType("torch.nn.functional")
sys.modules.update({"torch": torch, "torch.nn": nn, "torch.nn.functional": nn.functional,
                    "safetensors": types.ModuleType("safetensors"), "safetensors.torch": file})
sys.path.insert(0, "torch")
import model

rows = list(csv.DictReader(open("t.csv", encoding="utf-8")))
seen = list(csv.reader(open("seen.csv", encoding="utf-8")))
names = seen[0]
at = names.index("day_month")
for row, numbers in zip(rows, seen[1:]):
    row["day"] = numbers[at:at + 2]
    ours = model.features([row])[0]
    theirs = [float(number) for number in numbers[1:-1]]
    assert len(ours) == len(theirs), (ours, theirs)
    for name, a, b in zip(names[1:], ours, theirs):
        assert abs(a - b) <= 1e-6 * max(1, abs(b)), (name, row, a, b)
unknown = dict(rows[5], city="Ulm", colour="pink", shop="none")
model.features([unknown])
for column, cell, words in [("code", "2", "not seen"), ("price", "", "missing"), ("size", "huge", "not seen")]:
    try:
        model.features([dict(rows[5], **{column: cell})])
        raise SystemExit(f"{column} took {cell!r}")
    except ValueError as error:
        assert column in str(error) and words in str(error), error
print("right")
"#,
    );
    let mut python = Command::new("python3");
    let output = python.arg("check.py").current_dir(folder.path("")).output().unwrap();
    let (out, err) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(String::from_utf8_lossy(&out).trim(), "right", "{err}");
}

/// The bin of a hash has no form in Python: a cell that looks like one isn't taken for it.
#[test]
fn a_cell_is_not_taken_for_what_the_caller_makes_of_it() {
    let folder = Folder::new();
    folder.write("t.csv", &format!("code,y\n{}", "013,1\n2,0\n".repeat(10)));
    folder.write(
        "t.yaml",
        "data: {train: t.csv, features: [{column: code, encode: {hashing: {num_bins: 7}}}], target: y}
model: {layers: [{dense: {units: 1}}]}
compile: {loss: mse}
",
    );
    folder.ok("train t.yaml -q --out run");
    folder.ok("export run --to torch -o torch");
    let code = folder.read("torch/model.py");
    for line in [
        "    (\"code\", None, False, [(\"given\",)",
        "    \"given\": given,\n",
        "    if isinstance(number, str):\n        raise ValueError(",
    ] {
        assert!(code.contains(line), "{line}\n{code}");
    }
}
