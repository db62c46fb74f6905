use serde_json::{Value, json};

use super::*;
use crate::config::Node;

fn read(json: Value) -> Result<Initializer, String> {
    Node::from_json(&json).read().map_err(|error| error.to_string())
}

fn draw(initializer: &Initializer, seed: u64, path: &str) -> Vec<f32> {
    initializer.values(&[3, 4], &Random::new(seed), path)
}

#[test]
fn names_are_kerass_in_every_spelling() {
    for (names, initializer) in [
        (["zeros", "Zeros", "zero"], Initializer::Zeros),
        (["ones", "Ones", "one"], Initializer::Ones),
        (["glorot_uniform", "GlorotUniform", "glorotUniform"], Initializer::default()),
        (["random_uniform", "RandomUniform", "uniform"], Initializer::random_uniform()),
        (["orthogonal", "Orthogonal", "OrthogonalInitializer"], Initializer::orthogonal()),
        (["identity", "Identity", "IdentityInitializer"], Initializer::Identity { gain: 1.0 }),
        (
            ["random_normal", "RandomNormal", "normal"],
            Initializer::RandomNormal { mean: 0.0, stddev: 0.05, seed: None },
        ),
    ] {
        for name in names {
            assert_eq!(read(json!(name)).unwrap(), initializer, "{name}");
            assert_eq!(read(json!({ name: {} })).unwrap(), initializer, "{name}");
        }
    }
}

#[test]
fn a_name_without_arguments_is_written_bare() {
    for written in [
        json!("he_normal"),
        json!({"he_normal": {"seed": 3}}),
        json!("zeros"),
        json!({"constant": {"value": 0.5}}),
    ] {
        assert_eq!(serde_json::to_value(read(written.clone()).unwrap()).unwrap(), written);
    }
}

#[test]
fn a_seed_of_its_own_rules_over_the_runs() {
    let own = read(json!({"he_normal": {"seed": 3}})).unwrap();
    assert_eq!(draw(&own, 1, "dense.kernel"), draw(&own, 2, "dense_1.kernel"));
    let other = read(json!({"he_normal": {"seed": 4}})).unwrap();
    assert_ne!(draw(&own, 1, "dense.kernel"), draw(&other, 1, "dense.kernel"));
    let runs = read(json!("he_normal")).unwrap();
    assert_eq!(draw(&runs, 1, "dense.kernel"), draw(&runs, 1, "dense.kernel"));
    assert_ne!(draw(&runs, 1, "dense.kernel"), draw(&runs, 2, "dense.kernel"));
    assert_ne!(draw(&runs, 1, "dense.kernel"), draw(&runs, 1, "dense_1.kernel"));
}

#[test]
fn fans_count_the_receptive_field() {
    assert_eq!(fans(&[]), (1.0, 1.0));
    assert_eq!(fans(&[7]), (7.0, 7.0));
    assert_eq!(fans(&[3, 5]), (3.0, 5.0));
    assert_eq!(fans(&[3, 3, 4, 8]), (36.0, 72.0));
}

#[test]
fn identity_is_the_diagonal_of_a_matrix_only() {
    let identity = Initializer::Identity { gain: 2.0 };
    let values = identity.values(&[2, 3], &Random::new(0), "");
    assert_eq!(values, [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
    let problem = identity.check_shape(&[3]).unwrap_err();
    assert_eq!(problem.message, "`identity` needs a matrix, got the shape [3]");
    assert!(Initializer::orthogonal().check_shape(&[3]).is_err());
    assert!(Initializer::orthogonal().check_shape(&[2, 2, 3]).is_ok());
}

#[test]
fn wrong_arguments_are_errors_as_they_are_read() {
    for (json, expected) in [
        (json!({"random_normal": {"stddev": -1}}), "`stddev` must be 0 or greater, got -1"),
        (
            json!({"random_uniform": {"minval": 1, "maxval": 0}}),
            "`minval` must be at most `maxval` (0), got 1",
        ),
        (json!({"variance_scaling": {"scale": 0}}), "`scale` must be greater than 0, got 0"),
        (json!({"he_normal": {"sed": 1}}), "unknown key `sed`"),
        (json!("he_norml"), "did you mean `he_normal`?"),
        (json!({"variance_scaling": {"mode": "fan"}}), "fan_in"),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn normal_means_truncated_normal_in_variance_scaling() {
    let read = read(json!({"variance_scaling": {"distribution": "normal"}})).unwrap();
    let Initializer::VarianceScaling { distribution, .. } = read else { panic!("{read:?}") };
    assert_eq!(distribution, Distribution::TruncatedNormal);
}

#[test]
fn the_schema_takes_a_name_alone_or_with_arguments() {
    let schema = serde_json::to_value(schemars::schema_for!(Initializer)).unwrap();
    let choices = schema["oneOf"].as_array().unwrap();
    assert!(choices[0]["enum"].as_array().unwrap().contains(&json!("he_normal")));
    let of_seed =
        |choice: &Value| choice["properties"]["he_normal"]["properties"]["seed"].is_object();
    assert!(choices.iter().any(of_seed), "{schema:#}");
    let written = |choice: &Value| choice["const"] == "zeros" || choice["enum"] == json!(["zeros"]);
    assert!(choices.iter().any(written), "{schema:#}");
}
