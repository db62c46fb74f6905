//! The schema of closed lists of names (activations, initializers, scales, …) as the reader takes
//! them: any case, with or without underscores, alone or with arguments; and the bounds of numbers
//! that the program checks after reading.

use serde_json::{Map, Value, json};

use super::bounds;

/// Other names that serde reads, which no schema shows: ours, the other.
const ALIASES: [(&str, &str); 4] = [
    ("random_uniform", "uniform"),
    ("random_normal", "normal"),
    ("zeros", "zero"),
    ("ones", "one"),
];

/// Lets every list of names within a schema take all of its spellings.
pub(crate) fn every_spelling(schema: &mut Value) {
    let definitions = schema["$defs"].clone();
    visit(schema, &definitions, "");
}

/// Goes through a part of the schema, which stands in the definition `place`.
fn visit(schema: &mut Value, definitions: &Value, place: &str) {
    match schema {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match (key.as_str(), inner) {
                    ("$defs", Value::Object(inner)) => {
                        for (name, inner) in inner.iter_mut() {
                            visit(inner, definitions, name);
                        }
                    }
                    (_, inner) => visit(inner, definitions, place),
                }
            }
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                bounds::add(properties, place);
            }
            let choices = map.get("oneOf").and_then(Value::as_array);
            if let Some(choices) = choices.and_then(|choices| Choices::of(choices, definitions)) {
                map.shift_remove("oneOf");
                map.insert("anyOf".to_string(), choices.into_schema());
            } else if let Some(names) = map.get("enum").and_then(Value::as_array).cloned()
                && map.get("type") == Some(&json!("string"))
                && !names.is_empty()
            {
                // a list whose names all stand alone
                let names =
                    Choices { alone: texts(&names), tables: Map::new(), others: Vec::new() };
                for key in ["enum", "type"] {
                    map.shift_remove(key);
                }
                map.insert("anyOf".to_string(), names.into_schema());
            }
        }
        Value::Array(items) => {
            for inner in items {
                visit(inner, definitions, place);
            }
        }
        _ => {}
    }
}

/// A list of names.
struct Choices {
    alone: Vec<String>,
    /// Those with arguments.
    tables: Map<String, Value>,
    /// Choices of another kind.
    others: Vec<Value>,
}

impl Choices {
    /// The names of a choice; None where it is no list of names.
    fn of(choices: &[Value], definitions: &Value) -> Option<Choices> {
        let mut names = Choices { alone: Vec::new(), tables: Map::new(), others: Vec::new() };
        for choice in choices {
            let table = choice["properties"].as_object().filter(|table| table.len() == 1);
            match (choice["const"].as_str(), choice["enum"].as_array(), table) {
                (Some(name), ..) => names.alone.push(name.to_string()),
                (_, Some(list), _) => names.alone.extend(texts(list)),
                (.., Some(table)) if choice["additionalProperties"] == json!(false) => {
                    for (name, arguments) in table {
                        let whole = match arguments["$ref"].as_str() {
                            Some(path) => definitions
                                .get(path.trim_start_matches("#/$defs/"))
                                .unwrap_or(arguments),
                            None => arguments,
                        };
                        let required = whole["required"].as_array().is_none_or(Vec::is_empty);
                        if required && whole["type"] == "object" {
                            names.alone.push(name.clone());
                        }
                        names.tables.insert(name.clone(), arguments.clone());
                    }
                }
                _ => names.others.push(choice.clone()),
            }
        }
        names.alone.sort();
        names.alone.dedup();
        (!names.alone.is_empty()).then_some(names)
    }

    fn into_schema(self) -> Value {
        let none = json!({ "type": ["object", "null"], "maxProperties": 0 });
        let mut tables = Map::new();
        for name in &self.alone {
            let arguments = self.tables.get(name).cloned();
            let arguments = arguments.map_or_else(
                || none.clone(),
                |arguments| json!({ "anyOf": [arguments, { "type": "null" }] }),
            );
            tables.insert(pattern(name), arguments);
        }
        for (name, arguments) in &self.tables {
            tables.entry(pattern(name)).or_insert_with(|| arguments.clone());
        }
        let spelled: Vec<String> = self.alone.iter().map(|name| pattern(name)).collect();
        let mut choices = vec![
            json!({ "type": "string", "enum": self.alone }), // what editors offer
            json!({ "type": "string", "pattern": spelled.join("|") }),
            json!({
                "type": "object",
                "patternProperties": tables,
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            }),
        ];
        choices.extend(self.others);
        Value::Array(choices)
    }
}

/// A name in any case, with or without underscores; and its aliases.
fn pattern(name: &str) -> String {
    let aliases = ALIASES.iter().filter(|(ours, _)| *ours == name).map(|(_, other)| *other);
    let spelled = |name: &str| {
        let letters = name.chars().filter(|c| *c != '_').map(|c| {
            if c.is_alphabetic() {
                format!("[{}{}]_*", c.to_lowercase(), c.to_uppercase())
            } else {
                format!("{c}_*")
            }
        });
        format!("^_*{}$", letters.collect::<String>())
    };
    std::iter::once(name).chain(aliases).map(spelled).collect::<Vec<_>>().join("|")
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(Value::as_str).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_alone_or_with_arguments_and_numbers_have_bounds() {
        let mut schema = json!({
            "properties": { "rate": { "type": "number" }, "scale": { "oneOf": [
                { "const": "standard", "type": "string" },
                {
                    "type": "object",
                    "properties": { "min_max": { "$ref": "#/$defs/MinMax" } },
                    "additionalProperties": false,
                },
            ] } },
            "$defs": { "MinMax": { "type": "object" } },
        });
        every_spelling(&mut schema);
        let rate = json!({ "type": "number", "minimum": 0, "maximum": 1 });
        assert_eq!(schema["properties"]["rate"], rate);
        let choices = &schema["properties"]["scale"]["anyOf"];
        assert_eq!(choices[0]["enum"], json!(["min_max", "standard"]));
        let tables = choices[2]["patternProperties"].as_object().unwrap();
        assert_eq!(tables.len(), 2);
        assert!(tables.contains_key(&pattern("MinMax")), "{tables:?}");
    }
}
