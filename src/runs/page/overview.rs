//! What the run is: its configuration, its data, its layers, and where it was trained.

use std::path::Path;

use serde_json::Value;

use super::html::{Chapter, escape, number, paragraph, table};
use crate::activations::Activation;
use crate::data::{ColumnProfile, Profile};
use crate::model::artifact::Model;
use crate::model::network::Network;
use crate::spec::LayerSpec;
use crate::weights::Weight;

/// Columns of a profile that are shown.
const MOST_COLUMNS: usize = 60;
/// Classes of a target that are shown.
const MOST_CLASSES: usize = 20;

/// The configuration as text.
pub(super) fn configuration(text: &str) -> Chapter {
    Chapter { title: "Configuration", body: format!("<pre>{}</pre>\n", escape(text.trim_end())) }
}

/// What the columns of the table to train on are like; None where it isn't there any more.
pub(super) fn data(table_path: &Path, model: &Model) -> Option<Chapter> {
    let preprocessing = model.preprocessing.as_ref()?;
    let profile = Profile::read(table_path).ok()?;
    let targets = preprocessing.target_names();
    let features = preprocessing.feature_columns();
    let role = |name: &str| match name {
        name if features.contains(&name) => "feature",
        name if targets.iter().any(|target| target == name) => "target",
        name if preprocessing.id_columns().iter().any(|id| id == name) => "id",
        _ => "not used",
    };
    let row = |column: &ColumnProfile| {
        let is_of_numbers = column.numbers == column.present() && column.present() > 0;
        let range = if is_of_numbers {
            format!("{} to {}", number(column.range.0), number(column.range.1))
        } else {
            examples(column)
        };
        let kind = if is_of_numbers { "numbers" } else { "text" };
        let counts = [column.missing.to_string(), column.distinct().to_string()];
        let mut cells =
            vec![super::chart::shortened(&column.name, 40), role(&column.name).to_string()];
        cells.extend([kind.to_string(), range]);
        cells.extend(counts);
        cells
    };
    let mut columns: Vec<&ColumnProfile> = profile.columns.iter().collect();
    columns.sort_by_key(|column| {
        ["target", "feature", "id", "not used"].map(|r| r != role(&column.name))
    });
    let rows: Vec<Vec<String>> =
        columns.iter().take(MOST_COLUMNS).map(|column| row(column)).collect();
    let file = table_path.file_name().unwrap_or_default().to_string_lossy();
    let mut body =
        paragraph(&format!("{file}: {} rows, {} columns.", profile.rows, profile.columns.len()));
    let names = ["column", "role", "kind", "values", "missing", "different"];
    body += &table(&names, 4, &rows);
    if columns.len() > MOST_COLUMNS {
        body += &paragraph(&format!(
            "The first {MOST_COLUMNS} of {} columns are shown.",
            columns.len()
        ));
    }
    if preprocessing.classes().is_some() {
        body += &shares(targets.first().and_then(|name| profile.column(name)), profile.rows);
    }
    Some(Chapter { title: "Data", body })
}

/// The commonest cells of a column of text.
fn examples(column: &ColumnProfile) -> String {
    let Some(counts) = column.counts() else { return column.text.clone().unwrap_or_default() };
    let mut counts: Vec<&(String, usize)> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown: Vec<String> =
        counts.iter().take(3).map(|(cell, _)| super::chart::shortened(cell, 20)).collect();
    shown.join(", ") + if counts.len() > 3 { ", …" } else { "" }
}

/// How many rows each class of the target has.
fn shares(target: Option<&ColumnProfile>, rows: usize) -> String {
    let Some(counts) = target.and_then(ColumnProfile::counts) else { return String::new() };
    if counts.len() > MOST_CLASSES {
        return String::new();
    }
    let mut html = String::from(
        "<div class=\"scroll\"><table>\n<thead><tr><th>class</th>\
         <th class=\"n\">rows</th><th class=\"n\">share</th><th></th></tr></thead>\n<tbody>\n",
    );
    for (class, count) in counts {
        let share = *count as f64 / rows.max(1) as f64;
        html += &format!(
            "<tr><td>{}</td><td class=\"n\">{count}</td><td class=\"n\">{:.1} %</td>\
             <td><span class=\"share\" style=\"width:{:.0}px\"></span></td></tr>\n",
            escape(class),
            share * 100.0,
            share * 240.0
        );
    }
    html + "</tbody></table></div>\n"
}

/// The layers.
pub(super) fn layers(network: &Network) -> Chapter {
    let mut rows = Vec::new();
    for layer in &network.spec().layers {
        add(network, layer, 0, &mut rows);
    }
    let all = network.weights().count();
    let trainable: usize = network.weights().trainable().map(Weight::elements).sum();
    let body = table(&["layer", "kind", "output", "parameters"], 3, &rows)
        + &paragraph(&format!("{all} parameters, of which {trainable} are trained."));
    Chapter { title: "Model", body }
}

fn add(network: &Network, layer: &LayerSpec, depth: usize, rows: &mut Vec<Vec<String>>) {
    let names: Vec<String> = layer.with_inner().into_iter().map(|layer| layer.name).collect();
    let own = |weight: &&Weight| {
        let layer = weight.layer.split('.').next().unwrap_or_default();
        names.iter().any(|name| name == layer || *name == weight.layer)
    };
    let count: usize = network.weights().iter().filter(own).map(Weight::elements).sum();
    let activation = layer.entry.item.activation().map(Activation::name);
    let kind = match activation.filter(|name| *name != "linear" && *name != layer.entry.kind.name) {
        Some(activation) => format!("{}, {activation}", layer.entry.kind.name),
        None => layer.entry.kind.name.to_string(),
    };
    let name = "\u{a0}\u{a0}".repeat(depth) + &layer.name;
    rows.push(vec![name, kind, layer.output.to_string(), count.to_string()]);
    for inner in layer.ways().iter().flatten() {
        add(network, inner, depth + 1, rows);
    }
}

/// The machine and the times, of which a run's metrics.json tells; None without it.
pub(super) fn environment(metrics: &Value) -> Option<Chapter> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(value) => value.as_f64().map(number),
        _ => None,
    };
    let (timing, machine) = (&metrics["timing"], &metrics["machine"]);
    let facts = [
        ("Lanthorn", text(&metrics["version"])),
        ("processor", text(&machine["cpu"])),
        (
            "system",
            text(&machine["os"])
                .zip(text(&machine["architecture"]))
                .map(|(a, b)| format!("{a}, {b}")),
        ),
        ("threads", text(&machine["threads"])),
        ("training time", timing["seconds"].as_f64().map(duration)),
        ("time per epoch", timing["seconds_per_epoch"].as_f64().map(duration)),
        ("samples per second", text(&timing["samples_per_second"])),
        ("started or resumed", text(&timing["sessions"]).map(|times| format!("{times} ×"))),
        ("fingerprint of the data", text(&metrics["data"]["fingerprint"])),
    ];
    let rows: Vec<Vec<String>> = facts
        .into_iter()
        .filter_map(|(name, value)| Some(vec![name.to_string(), value?]))
        .collect();
    let chapter = Chapter { title: "Environment", body: table(&["", ""], 2, &rows) };
    (!rows.is_empty()).then_some(chapter)
}

/// `2 h 3 min`, `4 min 5 s`, `1.23 s`.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{} s", number(seconds)),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}
