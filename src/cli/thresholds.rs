//! `--threshold CLASS=P`, which takes the place of the model's own thresholds.

use anyhow::Result;
use lanthorn::Error;
use lanthorn::config::unknown_name;
use lanthorn::model::{ClassThresholds, Predictions, Predictor};

/// The thresholds that were given; where none was, those that the model keeps.
pub(super) fn thresholds(given: &[String], predictor: &Predictor) -> Result<ClassThresholds> {
    if given.is_empty() {
        return Ok(predictor.thresholds());
    }
    if predictor.is_of_features() {
        return of_error(given);
    }
    let (noun, classes, usual) = match (predictor.classes(), predictor.labels()) {
        (Some(classes), _) => ("class", classes, 0.0),
        (None, Some(labels)) => ("label", labels, Predictions::LABEL_THRESHOLD),
        (None, None) => {
            let message = "`--threshold` needs classes or labels, but the model predicts numbers";
            let help = "a target of two classes has `encode: label`; labels are several columns of 0 and 1, with `binary_crossentropy`";
            return Err(Error::run(message).with_help(help).into());
        }
    };
    let mut thresholds = vec![None; classes.len()];
    for text in given {
        let parsed = text
            .rsplit_once('=')
            .and_then(|(class, p)| Some((class, p.trim().parse::<f32>().ok()?)));
        let Some((class, p)) = parsed.filter(|(_, p)| (0.0..=1.0).contains(p)) else {
            let message = format!("`--threshold` takes a {noun} and a probability, got `{text}`");
            let example = classes.last().map_or("approved", String::as_str);
            return Err(Error::run(message)
                .with_help(format!("write it as `{example}=0.7`, from 0 to 1"))
                .into());
        };
        let Some(index) = classes.iter().position(|name| name == class.trim()) else {
            let valid: Vec<&str> = classes.iter().map(String::as_str).collect();
            let problem = unknown_name(noun, class, &valid);
            return Err(Error::run(problem.message).with_help(problem.help).into());
        };
        thresholds[index] = Some(p);
    }
    if predictor.classes().is_some() {
        match thresholds.as_slice() {
            [Some(from), None] => return Ok(ClassThresholds::OfTwo { class: 0, from: *from }),
            [None, Some(from)] => return Ok(ClassThresholds::OfTwo { class: 1, from: *from }),
            _ => {}
        }
    }
    Ok(ClassThresholds::Each(thresholds.into_iter().map(|p| p.unwrap_or(usual)).collect()))
}

/// The error above which a row is an anomaly, for an autoencoder.
fn of_error(given: &[String]) -> Result<ClassThresholds> {
    let parsed = match given {
        [one] => one.split_once('=').filter(|(name, _)| name.trim() == "error"),
        _ => None,
    };
    let error = parsed.and_then(|(_, error)| error.trim().parse::<f32>().ok());
    match error.filter(|error| *error >= 0.0) {
        Some(error) => Ok(ClassThresholds::Error(error)),
        None => {
            let message = format!(
                "`--threshold` takes the error above which a row is an anomaly, got `{}`",
                given.join("`, `")
            );
            Err(Error::run(message).with_help("write it as `error=0.25`, 0 or more").into())
        }
    }
}
