//! The arguments of a column of pictures.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::config::checks::{count_within, finite};
use crate::error::Problem;
use crate::layers::Interpolation;

/// Pictures, by the paths of their files (PNG, JPEG or WebP): decoded, resized, and scaled to the
/// range that the model sees. The input has the shape (height, width, channels). A picture column is
/// the only feature. Keras: `keras.utils.image_dataset_from_directory`, `keras.layers.Resizing`,
/// `keras.layers.Rescaling`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "image", deny_unknown_fields)]
pub struct ImageConfig {
    /// Height and width that every picture is resized to: `[96, 96]`.
    pub size: [usize; 2],
    /// `rgb` for 3 channels, `grayscale` for 1, `rgba` for 4. Colors are converted to gray as by
    /// Pillow (0.299 red, 0.587 green, 0.114 blue); without `rgba`, transparency is ignored.
    /// Default: rgb.
    #[serde(default, skip_serializing_if = "ColorMode::is_rgb")]
    pub channels: ColorMode,
    /// How pixels are interpolated: `bilinear`, `nearest`, `bicubic`, `lanczos3` or `lanczos5`, without
    /// antialiasing. Default: bilinear.
    #[serde(default = "bilinear", skip_serializing_if = "is_bilinear")]
    pub interpolation: Interpolation,
    /// Keep the aspect ratio: the parts that do not fit into the new shape are cropped on both
    /// sides. Default: false, the picture is stretched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub crop_to_aspect_ratio: bool,
    /// Keep the aspect ratio: the picture is padded on both sides with `fill_value`. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pad_to_aspect_ratio: bool,
    /// Value of the padding, from 0 to 255. Default: 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fill_value: f32,
    /// Range of the numbers: `unit` for 0 to 1, `signed` for -1 to 1, `none` for 0 to 255 as they are.
    /// Default: unit.
    #[serde(default, skip_serializing_if = "PixelRange::is_unit")]
    pub rescale: PixelRange,
    /// Subtracted from each channel after `rescale`: one number, or one for each channel. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f32>,
    /// Each channel is divided by it after `mean` was subtracted: one number, or one for each channel.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f32>,
}

/// The channels of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorMode {
    /// 1: how bright.
    Grayscale,
    /// 3: red, green, blue.
    #[default]
    Rgb,
    /// 4: red, green, blue, how opaque.
    Rgba,
}

/// The range of the numbers of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "rescale", rename_all = "snake_case")]
pub enum PixelRange {
    /// 0 to 255, as they are.
    None,
    /// 0 to 1.
    #[default]
    Unit,
    /// -1 to 1.
    Signed,
}

/// The largest height and width.
const MOST_PIXELS: usize = 1 << 14;

impl ImageConfig {
    /// Pictures of this height and width, everything else by default.
    pub fn new(height: usize, width: usize) -> ImageConfig {
        ImageConfig {
            size: [height, width],
            channels: ColorMode::Rgb,
            interpolation: Interpolation::Bilinear,
            crop_to_aspect_ratio: false,
            pad_to_aspect_ratio: false,
            fill_value: 0.0,
            rescale: PixelRange::Unit,
            mean: Vec::new(),
            std: Vec::new(),
        }
    }

    /// Height, width, channels.
    pub fn shape(&self) -> [usize; 3] {
        [self.size[0], self.size[1], self.channels.count()]
    }

    /// How many numbers a picture makes.
    pub fn elements(&self) -> usize {
        self.shape().iter().product()
    }

    /// What is wrong with the arguments.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.size.iter().try_for_each(|side| count_within("size", *side, 1..=MOST_PIXELS))?;
        if self.crop_to_aspect_ratio && self.pad_to_aspect_ratio {
            let message = "`crop_to_aspect_ratio` and `pad_to_aspect_ratio` are both true";
            return Err(Problem::at("pad_to_aspect_ratio", message).help("keep one of the two"));
        }
        if !(0.0..=255.0).contains(&self.fill_value) {
            let message =
                format!("`fill_value` must be between 0 and 255, got {}", self.fill_value);
            return Err(Problem::at("fill_value", message));
        }
        if self.fill_value != 0.0 && !self.pad_to_aspect_ratio {
            let message = "`fill_value` goes with `pad_to_aspect_ratio: true`";
            return Err(Problem::at("fill_value", message).help("remove it, or add that"));
        }
        let channels = self.channels.count();
        for (key, values) in [("mean", &self.mean), ("std", &self.std)] {
            if ![0, 1, channels].contains(&values.len()) {
                let of =
                    if channels == 1 { "1 number" } else { &format!("1 or {channels} numbers") };
                let message = format!("`{key}` must have {of}, got {}", values.len());
                return Err(Problem::at(key, message).help("give one for each channel"));
            }
            values.iter().try_for_each(|value| finite(key, f64::from(*value)))?;
        }
        match self.std.iter().find(|std| **std <= 0.0) {
            Some(std) => {
                Err(Problem::at("std", format!("`std` must be greater than 0, got {std}")))
            }
            None => Ok(()),
        }
    }

    /// What a pixel is multiplied by, and what is added then, for each channel.
    pub(super) fn factors(&self) -> Vec<(f32, f32)> {
        let (factor, offset) = match self.rescale {
            PixelRange::None => (1.0, 0.0),
            PixelRange::Unit => (1.0 / 255.0, 0.0),
            PixelRange::Signed => (1.0 / 127.5, -1.0),
        };
        let of = |values: &[f32], channel: usize, none: f32| match values {
            [] => f64::from(none),
            [one] => f64::from(*one),
            several => f64::from(several[channel]),
        };
        let each = (0..self.channels.count()).map(|channel| {
            let (mean, std) = (of(&self.mean, channel, 0.0), of(&self.std, channel, 1.0));
            ((factor / std) as f32, ((offset - mean) / std) as f32)
        });
        each.collect()
    }

    /// What is done to a file, for whoever has to do it elsewhere.
    pub(crate) fn in_words(&self) -> String {
        let [height, width, channels] = self.shape();
        let mut how = format!(
            "the picture with {channels} channel{} ({}), resized to {height} x {width} as Keras's \
             Resizing does (`interpolation=\"{}\"`",
            if channels == 1 { "" } else { "s" },
            self.channels.name(),
            name_of(self.interpolation),
        );
        if self.crop_to_aspect_ratio {
            how += ", `crop_to_aspect_ratio=True`";
        }
        if self.pad_to_aspect_ratio {
            how += &format!(", `pad_to_aspect_ratio=True, fill_value={}`", self.fill_value);
        }
        how += "; no antialiasing)";
        how += match self.rescale {
            PixelRange::None => ", from 0 to 255",
            PixelRange::Unit => ", divided by 255",
            PixelRange::Signed => ", divided by 127.5 and less 1",
        };
        if !self.mean.is_empty() {
            how += &format!(", less {:?}", self.mean);
        }
        if !self.std.is_empty() {
            how += &format!(", divided by {:?}", self.std);
        }
        how
    }
}

impl ColorMode {
    /// How many channels.
    pub fn count(self) -> usize {
        match self {
            ColorMode::Grayscale => 1,
            ColorMode::Rgb => 3,
            ColorMode::Rgba => 4,
        }
    }

    /// Its name, as in Keras.
    pub fn name(self) -> &'static str {
        match self {
            ColorMode::Grayscale => "grayscale",
            ColorMode::Rgb => "rgb",
            ColorMode::Rgba => "rgba",
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    fn is_rgb(&self) -> bool {
        *self == ColorMode::Rgb
    }
}

impl PixelRange {
    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    fn is_unit(&self) -> bool {
        *self == PixelRange::Unit
    }
}

/// Its name, as in Keras.
fn name_of(interpolation: Interpolation) -> &'static str {
    match interpolation {
        Interpolation::Nearest => "nearest",
        Interpolation::Bilinear => "bilinear",
        Interpolation::Bicubic => "bicubic",
        Interpolation::Lanczos3 => "lanczos3",
        Interpolation::Lanczos5 => "lanczos5",
    }
}

fn bilinear() -> Interpolation {
    Interpolation::Bilinear
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_bilinear(how: &Interpolation) -> bool {
    *how == Interpolation::Bilinear
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl<'de> Deserialize<'de> for ColorMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ColorModeVisitor)
    }
}

/// A name, or the number of channels.
struct ColorModeVisitor;

impl Visitor<'_> for ColorModeVisitor {
    type Value = ColorMode;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`rgb`, `grayscale`, `rgba`, or how many channels: 3, 1 or 4")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ColorMode, E> {
        match name {
            "rgb" => Ok(ColorMode::Rgb),
            "rgba" => Ok(ColorMode::Rgba),
            "grayscale" | "greyscale" | "gray" | "grey" => Ok(ColorMode::Grayscale),
            _ => Err(E::unknown_variant(name, &["rgb", "grayscale", "rgba"])),
        }
    }

    fn visit_u64<E: de::Error>(self, channels: u64) -> Result<ColorMode, E> {
        match channels {
            1 => Ok(ColorMode::Grayscale),
            3 => Ok(ColorMode::Rgb),
            4 => Ok(ColorMode::Rgba),
            _ => Err(E::invalid_value(de::Unexpected::Unsigned(channels), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, channels: i64) -> Result<ColorMode, E> {
        self.visit_u64(u64::try_from(channels).unwrap_or_default())
    }
}

impl JsonSchema for ColorMode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "channels".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["rgb", "grayscale", "rgba", 3, 1, 4] })
    }
}
