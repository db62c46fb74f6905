//! The draft of a folder of pictures: a small convolutional network.

use serde_json::{Value, json};

use super::comments::{Comments, Spot};
use super::goal::Goal;
use super::{Draft, network};
use crate::data::PictureProfile;
use crate::error::{Error, Result};

/// Larger pictures are made smaller: a first training is to take minutes.
const LARGEST: usize = 96;
const SMALLEST: usize = 16;
/// Convolutions go on until the picture is as small as this.
const LAST_SIDE: usize = 12;

impl Draft {
    /// The configuration of a folder of pictures, with a folder for each class; `train` is its path as
    /// the configuration names it.
    ///
    /// # Errors
    ///
    /// Where there is one class only.
    pub fn of_pictures(profile: &PictureProfile, name: &str, train: &str) -> Result<Draft> {
        if profile.classes.len() < 2 {
            let only = profile.classes.first().map_or("", |(name, _)| name.as_str());
            let message =
                format!("the pictures are of one class, `{only}`: there is nothing to learn");
            return Err(Error::data(train, message).with_help("add a folder for each other class"));
        }
        let rows = profile.pictures();
        let mut counts = profile.classes.clone();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
        let goal = Goal::Classes { target: "class".to_string(), counts, are_numbers: false };
        let [height, width] = size(profile);
        let mut image = json!({ "size": [height, width] });
        if profile.is_gray {
            image["channels"] = json!("grayscale");
        }
        let (target, why_target) = goal.target();
        let (last, loss, metrics) = network::head(&goal);
        let mut layers = body(height.min(width));
        layers.push(last);
        let (split, why_split) = network::split(rows, &goal, &[]);
        let mut fit = json!({ "batch_size": 32, "epochs": 30, "validation_split": split });
        if network::has_rare_class(&goal, rows) {
            fit["class_weight"] = json!("balanced");
        }
        fit["callbacks"] =
            json!([{ "early_stopping": { "patience": 5, "restore_best_weights": true } }]);
        let mut comments = Comments::default();
        comments.head = vec![
            format!("A first configuration of {train}: {rows} pictures."),
            format!("To beat: {}.", goal.baseline(rows)),
        ];
        let sides = sizes(profile);
        let why_size = format!("they are {sides}; resized, from 0 to 1");
        comments.push(Spot::Key("train"), "relative to this file; a folder for each class");
        comments.push(Spot::Item("features", 0), &why_size);
        comments.push(Spot::Key("target"), &why_target);
        comments.push(Spot::Key("validation_split"), &why_split);
        comments.push(Spot::Key("epochs"), "at most: early_stopping ends it before");
        let choices = vec![
            format!("path: pictures; {why_size}"),
            format!("target class: {why_target}"),
            format!("to beat: {}", goal.baseline(rows)),
        ];
        let tree = json!({
            "name": name,
            "seed": 42,
            "data": {
                "train": train, "features": [{ "column": "path", "image": image }],
                "target": target,
            },
            "model": { "layers": layers },
            "compile": {
                "optimizer": { "adam": { "learning_rate": 0.001 } }, "loss": loss, "metrics": metrics,
            },
            "fit": fit,
        });
        Ok(Draft { tree, choices, comments })
    }
}

/// The layers but the last.
fn body(side: usize) -> Vec<Value> {
    let (mut side, mut filters, mut layers) = (side, 16, Vec::new());
    loop {
        layers.push(json!({ "conv2d": {
            "filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu",
        }}));
        layers.push(json!("max_pooling2d"));
        side /= 2;
        if side <= LAST_SIDE {
            break;
        }
        filters = (filters * 2).min(64);
    }
    layers.push(json!("flatten"));
    layers.push(json!({ "dense": { "units": 64, "activation": "relu" } }));
    layers.push(json!({ "dropout": { "rate": 0.5 } }));
    layers
}

/// Height and width for the model: those that most pictures have, but not too large.
fn size(profile: &PictureProfile) -> [usize; 2] {
    let middle = |sides: &Vec<usize>| sides.get(sides.len() / 2).copied().unwrap_or(LARGEST);
    let [height, width] = [middle(&profile.sides[0]), middle(&profile.sides[1])];
    let are_alike = profile.sides.iter().all(|sides| sides.first() == sides.last());
    if are_alike && height.max(width) <= LARGEST {
        return [height.max(SMALLEST), width.max(SMALLEST)];
    }
    [height.min(width).clamp(SMALLEST, LARGEST) / 8 * 8; 2]
}

/// `64 x 64`, or `from 36 x 36 to 56 x 56`.
fn sizes(profile: &PictureProfile) -> String {
    let [heights, widths] = &profile.sides;
    let of = |height: Option<&usize>, width: Option<&usize>| {
        format!("{} x {}", height.copied().unwrap_or(0), width.copied().unwrap_or(0))
    };
    let (least, most) = (of(heights.first(), widths.first()), of(heights.last(), widths.last()));
    if least == most { least } else { format!("from {least} to {most}") }
}
