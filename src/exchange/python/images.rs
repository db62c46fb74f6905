//! Keras 2's `ImageDataGenerator`: rescaling and augmentation as layers before the model's own.

use serde_json::{Value as Json, json};

use super::evaluate::Given;
use super::objects::Images;
use super::reader::CodeReader;
use super::values::PyValue;

/// The arguments of its constructor, in order.
const ORDER: [&str; 24] = [
    "featurewise_center",
    "samplewise_center",
    "featurewise_std_normalization",
    "samplewise_std_normalization",
    "zca_whitening",
    "zca_epsilon",
    "rotation_range",
    "width_shift_range",
    "height_shift_range",
    "brightness_range",
    "shear_range",
    "zoom_range",
    "channel_shift_range",
    "fill_mode",
    "cval",
    "horizontal_flip",
    "vertical_flip",
    "rescale",
    "preprocessing_function",
    "data_format",
    "validation_split",
    "interpolation_order",
    "dtype",
    "seed",
];

impl CodeReader {
    /// `ImageDataGenerator(…)`
    pub(super) fn generator(&mut self, given: &Given) -> PyValue {
        self.changes += 1;
        let mut options = Vec::new();
        for (key, argument) in given.under(&ORDER) {
            if !argument.value.is_known() {
                self.note(format!(
                    "`{key}` of `ImageDataGenerator` is not literal: {}",
                    argument.text
                ));
                continue;
            }
            options.push((key.to_string(), argument.value.clone()));
        }
        self.images.push(Images { line: self.line, options });
        PyValue::Generator(self.images.len() - 1)
    }

    /// The layers that do what the generator of a model's `fit` does; of all that were made the
    /// first, where it isn't known which one that is.
    pub(super) fn image_layers(&mut self, of_fit: Option<usize>) -> Vec<Json> {
        let Some(chosen) = of_fit.or((!self.images.is_empty()).then_some(0)) else {
            return Vec::new();
        };
        let rescale = |images: &Images| {
            images.options.iter().find(|(key, _)| key == "rescale").and_then(|(_, v)| v.as_float())
        };
        let own = rescale(&self.images[chosen]);
        for (index, images) in self.images.clone().iter().enumerate() {
            let differs = rescale(images) != own
                || images.options.iter().any(|(key, value)| {
                    key != "rescale" && key != "validation_split" && value.truth() == Some(true)
                });
            if index != chosen && differs {
                let line = self.images[chosen].line;
                self.note_at(
                    images.line,
                    format!("this `ImageDataGenerator` is not carried: the one of line {line} is"),
                );
            }
        }
        let images = self.images[chosen].clone();
        self.layers_of(&images)
    }

    fn layers_of(&mut self, images: &Images) -> Vec<Json> {
        let option = |key: &str| {
            let found = images.options.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value.clone()).filter(|value| value.truth() != Some(false))
        };
        let fill = match option("fill_mode") {
            Some(PyValue::Text(mode)) => mode,
            _ => "nearest".into(),
        };
        let layer = |class: &str, mut config: Json| {
            if class != "RandomFlip" && class != "Rescaling" {
                config["fill_mode"] = json!(fill);
            }
            json!({ "module": "keras.layers", "class_name": class, "config": config })
        };
        let number = |key: &str| option(key).and_then(|value| value.as_float());
        let (mut layers, mut carried) = (Vec::new(), vec!["fill_mode", "cval", "dtype", "seed"]);
        let flips = (option("horizontal_flip").is_some(), option("vertical_flip").is_some());
        let mode = match flips {
            (true, true) => Some("horizontal_and_vertical"),
            (true, false) => Some("horizontal"),
            (false, true) => Some("vertical"),
            (false, false) => None,
        };
        carried.extend(["horizontal_flip", "vertical_flip", "interpolation_order"]);
        layers.extend(mode.map(|mode| layer("RandomFlip", json!({ "mode": mode }))));
        if let Some(degrees) = number("rotation_range") {
            carried.push("rotation_range");
            layers.push(layer("RandomRotation", json!({ "factor": degrees / 360.0 })));
        }
        let shifts = ["height_shift_range", "width_shift_range"].map(number);
        if shifts.iter().flatten().any(|shift| *shift > 0.0)
            && shifts.iter().flatten().all(|shift| *shift < 1.0)
        {
            carried.extend(["height_shift_range", "width_shift_range"]);
            let [height, width] = shifts.map(|shift| shift.unwrap_or(0.0));
            let config = json!({ "height_factor": height, "width_factor": width });
            layers.push(layer("RandomTranslation", config));
        }
        let zoom = match option("zoom_range") {
            Some(PyValue::List(bounds)) => match bounds.as_slice() {
                [low, high] => low
                    .as_float()
                    .zip(high.as_float())
                    .map(|(low, high)| json!([shorter(low - 1.0), shorter(high - 1.0)])),
                _ => None,
            },
            Some(value) => value.as_float().map(|zoom| json!(zoom)),
            None => None,
        };
        if let Some(zoom) = zoom {
            carried.push("zoom_range");
            let config = json!({ "height_factor": zoom, "width_factor": zoom });
            layers.push(layer("RandomZoom", config));
        }
        if let Some(scale) = number("rescale") {
            carried.push("rescale");
            layers.push(layer("Rescaling", json!({ "scale": scale })));
        }
        let left: Vec<&str> = images
            .options
            .iter()
            .filter(|(key, value)| {
                let is_channels_last =
                    matches!(value, PyValue::Text(text) if text == "channels_last");
                !carried.contains(&key.as_str())
                    && value.truth() != Some(false)
                    && !is_channels_last
            })
            .map(|(key, _)| key.as_str())
            .collect();
        for key in left {
            let remedy = match key {
                "validation_split" => ": it is `fit.validation_split` here",
                "height_shift_range" | "width_shift_range" => {
                    ": a shift in pixels has no layer; give a part of the image, such as 0.1"
                }
                _ => ": there is no layer for it",
            };
            self.note_at(
                images.line,
                format!("`{key}` of `ImageDataGenerator` is not carried{remedy}"),
            );
        }
        layers
    }
}

/// 0.19999999999999996 is 0.2.
fn shorter(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// `flow(…)`, `flow_from_directory(…)`
pub(super) fn generator_method(index: usize, name: &str, given: &Given) -> PyValue {
    if !name.starts_with("flow") {
        return PyValue::Unknown;
    }
    let batch_size = match given.named("batch_size") {
        Some(PyValue::Int(size)) => Some(*size),
        Some(_) => None,
        None => match (name, given.by_place.get(2).map(|argument| &argument.value)) {
            ("flow", Some(PyValue::Int(size))) => Some(*size),
            _ => Some(32),
        },
    };
    PyValue::Flow(index, batch_size)
}
