//! Class weights: how much a sample counts by its class. Keras: `class_weight` of `fit`.

use super::dataset::Targets;
use crate::config::unknown_name;
use crate::error::Problem;
use crate::transforms::Classes;

/// How many targets there are of each class.
pub fn class_counts(y: &Targets, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for class in y.class_numbers() {
        if let Some(count) = counts.get_mut(class) {
            *count += 1;
        }
    }
    counts
}

/// The weight of each sample, by the name of its class; 1 for a class that isn't named.
pub fn class_weights(
    y: &Targets,
    classes: &[String],
    named: &[(String, f32)],
) -> Result<Vec<f32>, Problem> {
    let known = Classes::fit(classes.iter().map(String::as_str));
    let mut weights = vec![1.0; classes.len()];
    for (name, weight) in named {
        let Some(class) = known.find(name.trim()) else {
            let valid: Vec<&str> = classes.iter().map(String::as_str).collect();
            return Err(unknown_name("class", name, &valid));
        };
        if !(weight.is_finite() && *weight >= 0.0) {
            let message = format!("the weight of `{name}` must be 0 or more, got {weight}");
            return Err(Problem::at("class_weight", message));
        }
        weights[class] = *weight;
    }
    Ok(spread(y, &weights))
}

/// The weight of each sample: `n / (classes · count of its class)`. scikit-learn:
/// `class_weight="balanced"`.
pub fn balanced(y: &Targets, classes: usize) -> Vec<f32> {
    let counts = class_counts(y, classes);
    let n: usize = counts.iter().sum();
    let weight = |count: &usize| (n as f64 / (classes * (*count).max(1)) as f64) as f32;
    let weights: Vec<f32> = counts.iter().map(weight).collect();
    spread(y, &weights)
}

fn spread(y: &Targets, weights: &[f32]) -> Vec<f32> {
    y.class_numbers().map(|class| weights.get(class).copied().unwrap_or(1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn y() -> Targets {
        Targets::new(vec![0.0, 1.0, 1.0, 1.0], vec![])
    }

    #[test]
    fn classes_are_counted_in_either_encoding() {
        let one_hot = vec![1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        assert_eq!(class_counts(&y(), 3), [1, 3, 0]);
        assert_eq!(class_counts(&Targets::new(one_hot, vec![2]), 2), [1, 3]);
    }

    #[test]
    fn weights_are_by_name_and_1_where_none_is_given() {
        let classes = ["no".to_string(), "yes".to_string()];
        let named = [("yes".to_string(), 2.5)];
        assert_eq!(class_weights(&y(), &classes, &named).unwrap(), [1.0, 2.5, 2.5, 2.5]);
        let problem = class_weights(&y(), &classes, &[("yess".to_string(), 1.0)]).unwrap_err();
        assert_eq!(problem.message, "unknown class `yess`");
        assert_eq!(problem.help, "did you mean `yes`? valid classes: `no`, `yes`");
        assert!(class_weights(&y(), &classes, &[("no".to_string(), -1.0)]).is_err());
        assert!(class_weights(&y(), &classes, &[("no".to_string(), f32::NAN)]).is_err());
    }

    #[test]
    fn balanced_weights_add_up_to_the_number_of_samples() {
        let weights = balanced(&y(), 2);
        assert_eq!(weights, [2.0, 4.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0]);
    }
}
