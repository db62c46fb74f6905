//! What every metric of the list keeps to.

use serde_json::{Value, json};

use super::metric::{Metric, MetricBatch, MetricEntry};
use crate::Shape;
use crate::activations::Activation;
use crate::config::{Catalog, Node};
use crate::target::{Output, Target};

/// Every kind, with the arguments that it can't do without.
fn every_metric() -> Vec<MetricEntry> {
    let entry = |name: &str| match name {
        "sensitivity_at_specificity" => json!({ name: {"specificity": 0.5} }),
        "specificity_at_sensitivity" => json!({ name: {"sensitivity": 0.5} }),
        "precision_at_recall" => json!({ name: {"recall": 0.5} }),
        "recall_at_precision" => json!({ name: {"precision": 0.5} }),
        "io_u" => json!({ name: {"num_classes": 3, "target_class_ids": [0, 1]} }),
        "one_hot_io_u" => json!({ name: {"num_classes": 3, "target_class_ids": [0, 1]} }),
        "mean_io_u" | "one_hot_mean_io_u" => json!({ name: {"num_classes": 3} }),
        name => json!(name),
    };
    let kinds = <dyn Metric>::kinds().iter();
    kinds.map(|kind| Node::from_json(&entry(kind.name)).read().unwrap()).collect()
}

#[test]
fn a_metric_comes_back_from_what_it_writes() {
    for metric in every_metric() {
        let written = serde_json::to_value(&metric).unwrap();
        let again: MetricEntry = Node::from_json(&written).read().unwrap();
        assert_eq!(again, metric, "{written}");
    }
}

#[test]
fn scores_for_each_column_stay_so_when_written() {
    let entry = json!({"r2_score": {"class_aggregation": null}});
    let metric: MetricEntry = Node::from_json(&entry).read().unwrap();
    let written = serde_json::to_value(&metric).unwrap();
    assert_eq!(written["r2_score"]["class_aggregation"], Value::from("none"));
    assert_eq!(Node::from_json(&written).read::<MetricEntry>().unwrap(), metric);
}

#[test]
fn the_state_does_not_grow_and_is_all_that_there_is() {
    let shape = Shape(vec![3]);
    let (target, prediction) = ([0.0, 1.0, 0.0, 0.0, 0.0, 1.0], [0.2, 0.5, 0.3, 0.6, 0.3, 0.1]);
    let batch = |weight| MetricBatch {
        target: &target,
        target_shape: &[2, 3],
        prediction: &prediction,
        prediction_shape: &[2, 3],
        weight,
    };
    for metric in every_metric() {
        let activation = Some(&Activation::Sigmoid);
        let output = Output { shape: &shape, activation, target: Target::OneHot(3) };
        let Ok(mut state) = metric.item.accumulator(&output) else { continue };
        let size = state.state().len();
        state.update(&batch(None));
        let mut other = metric.item.accumulator(&output).unwrap();
        other.set_state(&state.state());
        for state in [&mut state, &mut other] {
            state.update(&batch(Some(&[0.5, 2.0])));
            assert_eq!(state.state().len(), size, "{metric:?}");
        }
        assert_eq!(format!("{:?}", state.result()), format!("{:?}", other.result()), "{metric:?}");
    }
}

#[test]
fn class_numbers_count_as_one_column_a_class() {
    let (numbers, columns) = ([0.0, 1.0, 1.0], [1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    let prediction = [0.7, 0.3, 0.4, 0.6, 0.8, 0.2];
    let shape = Shape(vec![2]);
    for name in ["precision", "recall", "auc", "f1_score", "true_positives"] {
        let metric: MetricEntry = Node::from_json(&json!(name)).read().unwrap();
        let result = |kind: Target, target: &[f32], target_shape: &[usize]| {
            let activation = Some(&Activation::Softmax);
            let output = Output { shape: &shape, activation, target: kind };
            let mut state = metric.item.accumulator(&output).unwrap();
            let prediction_shape = &[3, 2];
            let prediction = &prediction;
            let batch =
                MetricBatch { target, target_shape, prediction, prediction_shape, weight: None };
            state.update(&batch);
            state.result()
        };
        let by_number = result(Target::Classes(2), &numbers, &[3]);
        assert_eq!(by_number, result(Target::OneHot(2), &columns, &[3, 2]), "{name}");
    }
}

#[test]
fn what_can_not_be_is_refused_at_its_key() {
    let one = Shape(vec![1]);
    for (entry, key) in [
        (json!({"precision": {"thresholds": [0.5, 1.5]}}), "thresholds"),
        (json!({"precision": {"class_id": 1}}), "class_id"),
        (json!({"recall": {"top_k": 0}}), "top_k"),
        (json!({"auc": {"num_thresholds": 1}}), "num_thresholds"),
        // what takes memory is bounded before it is made
        (json!({"auc": {"num_thresholds": 1_u64 << 31}}), "num_thresholds"),
        (
            json!({"recall_at_precision": {"precision": 1, "num_thresholds": 1_u64 << 40}}),
            "num_thresholds",
        ),
        (json!({"mean_io_u": {"num_classes": u64::MAX}}), "num_classes"),
        (json!({"io_u": {"num_classes": 1_u64 << 33, "target_class_ids": [0]}}), "num_classes"),
        (json!({"auc": {"num_labels": 1}}), "num_labels"),
        (json!({"fbeta_score": {"beta": 0}}), "beta"),
        (json!({"f1_score": {"threshold": 0}}), "threshold"),
        (json!("f1_score"), ""),
        (json!({"precision_at_recall": {"recall": 2}}), "recall"),
        (json!({"binary_io_u": {"target_class_ids": [2]}}), "target_class_ids"),
        (json!({"cosine_similarity": {"axis": 0}}), "axis"),
        (json!("pearson_correlation"), ""),
    ] {
        let metric: MetricEntry = Node::from_json(&entry).read().unwrap();
        let activation = Some(&Activation::Sigmoid);
        let output = Output { shape: &one, activation, target: Target::Classes(2) };
        match metric.item.accumulator(&output) {
            Err(problem) => assert_eq!(problem.key, key, "{entry}: {}", problem.message),
            Ok(_) => panic!("{entry} was accepted"),
        }
    }
}
