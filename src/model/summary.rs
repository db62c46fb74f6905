//! `summary`: Keras 3's table of a model's layers, shapes and parameters.

pub use crate::limits::free_memory::bytes;
use crate::model::network::Network;
use crate::spec::LayerSpec;

/// Keras's summary at a line length (Keras: 80 columns in a file, the terminal's width less 4, at
/// most 88, on a terminal). `optimizer_parameters` are counted once the optimizer is built.
pub fn summary(model: &Network, line_length: usize, optimizer_parameters: Option<usize>) -> String {
    let widths = column_widths(line_length);
    let mut table = format!("Model: \"{}\"\n", model.spec().name);
    table += &rule(&widths, ['┏', '━', '┳', '┓']);
    table += &row(&widths, ["Layer (type)", "Output Shape", "Param #"], '┃');
    table += &rule(&widths, ['┡', '━', '╇', '┩']);
    for (index, layer) in model.spec().layers.iter().enumerate() {
        if index > 0 {
            table += &rule(&widths, ['├', '─', '┼', '┤']);
        }
        table += &layer_rows(model, layer, "", &widths);
    }
    table += &rule(&widths, ['└', '─', '┴', '┘']);
    let all = count(model, |_| true);
    let trainable = count(model, |weight| weight.trainable);
    let optimizer = optimizer_parameters.unwrap_or(0);
    table += &total("Total params", all + optimizer);
    table += &total("Trainable params", trainable);
    table += &total("Non-trainable params", all - trainable);
    if optimizer_parameters.is_some() {
        table += &total("Optimizer params", optimizer);
    }
    table
}

/// A layer's rows; below a residual's own, those of the layers inside it: `└` on its way, `+` on its
/// shortcut.
fn layer_rows(model: &Network, layer: &LayerSpec, before: &str, widths: &[usize; 3]) -> String {
    let class = layer.entry.kind.class_name;
    let names: Vec<String> = layer.with_inner().into_iter().map(|layer| layer.name).collect();
    let parameters = count(model, |weight| names.contains(&weight.layer));
    let (shape, text) = (layer.output.to_string(), thousands(parameters));
    let name = format!("{before}{}", layer.name);
    let title = format!("{name} ({class})");
    let mut rows = if title.chars().count() <= widths[0] - 2 {
        row(widths, [&title, &shape, &text], '│')
    } else {
        let indent = " ".repeat(before.chars().count());
        row(widths, [&name, &shape, &text], '│')
            + &row(widths, [&format!("{indent}({class})"), "", ""], '│')
    };
    let indent = " ".repeat(before.chars().count());
    for (way, mark) in layer.ways().iter().zip(["└ ", "+ "]) {
        for inner in way {
            rows += &layer_rows(model, inner, &format!("{indent}{mark}"), widths);
        }
    }
    rows
}

fn count(model: &Network, which: impl Fn(&crate::weights::Weight) -> bool) -> usize {
    model
        .weights()
        .iter()
        .filter(|weight| which(weight))
        .map(crate::weights::Weight::elements)
        .sum()
}

/// The widths between the bars, Keras's own arithmetic.
fn column_widths(line_length: usize) -> [usize; 3] {
    let line = line_length.clamp(40, 200);
    let first = line * 45 / 100;
    let second = line * 80 / 100;
    [first - 1, second - first - 2, line - second - 1]
}

fn rule(widths: &[usize; 3], [left, line, middle, right]: [char; 4]) -> String {
    let cells = widths.map(|width| line.to_string().repeat(width));
    format!("{left}{}{right}\n", cells.join(&middle.to_string()))
}

fn row(widths: &[usize; 3], cells: [&str; 3], bar: char) -> String {
    let [first, second, third] = cells;
    let (first, second) = (fit(first, widths[0] - 2), fit(second, widths[1] - 2));
    let third = format!("{third:>width$}", width = widths[2] - 2);
    format!("{bar} {first} {bar} {second} {bar} {third} {bar}\n")
}

/// Padded to a width, or cut with `…`.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    let cut: String = text.chars().take(width - 1).collect();
    format!("{cut}…")
}

fn total(label: &str, parameters: usize) -> String {
    format!(" {label}: {} ({})\n", thousands(parameters), bytes(parameters * 4))
}

/// `1234567` → `1,234,567`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_keras_writes_them() {
        assert_eq!(thousands(34826), "34,826");
        assert_eq!(thousands(999), "999");
    }

    #[test]
    fn the_table_is_as_wide_as_asked() {
        for line in 40..131 {
            assert_eq!(column_widths(line).iter().sum::<usize>() + 4, line);
        }
    }
}
