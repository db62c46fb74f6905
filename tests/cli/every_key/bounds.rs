//! The bounds of the JSON Schema are those of the program: of a few values of each number, both take
//! the same ones.

use serde_json::Value;

use super::table;
use crate::support::Folder;

/// What depends on the shapes, the target or other keys, and can't stand in a schema.
const BY_THE_PROGRAM_ALONE: &[&str] =
    &["axis", "cropping", "output_padding", "input_dim", "num_labels", "num_classes", "groups"];

/// The part of a key's schema that is of numbers; bounds beside a reference count too.
fn of_numbers(schema: &Value, definitions: &Value) -> Option<Value> {
    let is_number = |kind: &Value| kind == "number" || kind == "integer";
    let kinds = &schema["type"];
    if is_number(kinds) || kinds.as_array().is_some_and(|kinds| kinds.iter().any(is_number)) {
        return Some(schema.clone());
    }
    let inner = schema["$ref"].as_str().map(|path| &definitions[path.rsplit('/').next().unwrap()]);
    let mut choices = schema["anyOf"].as_array().into_iter().flatten().chain(inner);
    let mut found = choices.find_map(|choice| of_numbers(choice, definitions))?;
    for (key, value) in schema.as_object()?.iter().filter(|(key, _)| key.ends_with("imum")) {
        found[key] = value.clone();
    }
    Some(found)
}

/// Whether the schema takes a number.
fn is_valid(schema: &Value, number: f64) -> bool {
    let is_whole = number.fract() == 0.0;
    let takes_fractions = schema["type"].to_string().contains("number");
    let of = |bound: &str| schema[bound].as_f64();
    (is_whole || takes_fractions)
        && of("minimum").is_none_or(|bound| number >= bound)
        && of("exclusiveMinimum").is_none_or(|bound| number > bound)
        && of("maximum").is_none_or(|bound| number <= bound)
        && of("exclusiveMaximum").is_none_or(|bound| number < bound)
}

/// Whether the program takes it: no mistake at this key.
fn is_taken(folder: &Folder, config: &str, key: &str) -> bool {
    folder.write("t.yaml", config);
    let call = folder.run("check t.yaml --json");
    assert!(call.code < 2, "{config}\n{}", call.stderr);
    let events = call.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut mistakes = events.filter(|event| event["event"] == "error");
    !mistakes.any(|mistake| {
        mistake["place"]["path"].as_str().is_some_and(|path| path.rsplit('.').next() == Some(key))
    })
}

#[test]
fn the_schemas_bounds_are_the_programs() {
    let schema: Value = serde_json::from_str(&Folder::new().ok("schema")).unwrap();
    let (definitions, table) = (&schema["$defs"], table());
    let (all, kinds): (Vec<_>, Vec<_>) = table.iter().partition(|kind| kind.name.ends_with('*'));
    let work = |kinds: &[&super::Kind]| {
        let mut wrong = String::new();
        let folder = Folder::new();
        folder.write("t.csv", &super::csv());
        for kind in kinds {
            let list = kind.name.split('.').next().unwrap();
            let all = all.iter().find(|all| all.name == format!("{list}.*")).unwrap();
            // what this one refuses belongs to the optimizer within it
            let is_outer = kind.name == "optimizer.loss_scale_optimizer";
            let keys = definitions[&kind.name]["properties"].as_object().unwrap();
            for (key, about) in keys.iter().filter(|_| !is_outer) {
                let Some(numbers) = of_numbers(about, definitions) else { continue };
                if BY_THE_PROGRAM_ALONE.contains(&key.as_str()) || key == "seed" {
                    continue;
                }
                let mut lines = kind.lines.iter().chain(&all.lines);
                let beside = lines.find(|line| line.key == *key).map_or("", |line| &line.beside);
                for number in [-1.0, 0.0, 0.5, 1.0, 2.0] {
                    let config = kind.config(&[beside, &format!("{key}: {number}")]);
                    let found = (is_valid(&numbers, number), is_taken(&folder, &config, key));
                    if found.0 != found.1 {
                        let name = &kind.name;
                        wrong += &format!("{name}.{key}: {number}: (schema, program): {found:?}\n");
                    }
                }
            }
        }
        wrong
    };
    let wrong = std::thread::scope(|scope| {
        let (first, second) = kinds.split_at(kinds.len() / 4);
        let other = scope.spawn(|| work(first));
        work(second) + &other.join().unwrap()
    });
    assert!(wrong.is_empty(), "{wrong}");
}
