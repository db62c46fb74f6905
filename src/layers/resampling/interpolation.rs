//! How resized numbers come from those around them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernels::resample::Parts;

/// How resized numbers come from those around them. All but `nearest` put output `i` of an axis that
/// becomes `size` times as long at input `(i + ½) / size - ½` and weigh the inputs by their distance,
/// without antialiasing; at the ends the weights that are left are scaled to sum to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The nearest number.
    #[default]
    Nearest,
    /// Linear along each axis.
    Bilinear,
    /// Keys's cubic with a = -½ along each axis.
    Bicubic,
    /// Lanczos's window of radius 3.
    Lanczos3,
    /// Lanczos's window of radius 5.
    Lanczos5,
}

impl Interpolation {
    /// What the outputs along an axis of this length are made of. Source: `jax.image.resize`.
    pub(crate) fn parts(self, length: usize, outputs: usize) -> Parts {
        let place = |output| (output as f64 + 0.5) * length as f64 / outputs as f64 - 0.5;
        self.parts_at(length, (0..outputs).map(place))
    }

    /// The same with these places among the inputs, of which there is at least one.
    pub(crate) fn parts_at(self, length: usize, places: impl Iterator<Item = f64>) -> Parts {
        if self == Interpolation::Nearest {
            let nearest = |place: f64| ((place + 0.5).floor().max(0.0) as usize).min(length - 1);
            return places.map(|place| vec![(nearest(place), 1.0)]).collect();
        }
        let radius = match self {
            Interpolation::Nearest | Interpolation::Bilinear => 1.0,
            Interpolation::Bicubic => 2.0,
            Interpolation::Lanczos3 => 3.0,
            Interpolation::Lanczos5 => 5.0,
        };
        let of = |place: f64| {
            let first = (place.floor() + 1.0 - radius).max(0.0) as usize;
            let last = (place + radius).floor().min(length as f64 - 1.0) as usize;
            let weighed =
                (first..=last).map(|input| (input, self.weight((place - input as f64).abs())));
            let parts: Vec<_> = weighed.filter(|(_, weight)| *weight != 0.0).collect();
            let sum: f64 = parts.iter().map(|(_, weight)| weight).sum();
            parts.into_iter().map(|(input, weight)| (input, (weight / sum) as f32)).collect()
        };
        places.map(of).collect()
    }

    /// The weight of an input at a distance.
    fn weight(self, x: f64) -> f64 {
        let lanczos = |radius: f64| {
            let pi_x = std::f64::consts::PI * x;
            match x {
                x if x > radius => 0.0,
                x if x > 1e-3 => radius * pi_x.sin() * (pi_x / radius).sin() / (pi_x * pi_x),
                _ => 1.0,
            }
        };
        match self {
            Interpolation::Nearest | Interpolation::Bilinear => (1.0 - x).max(0.0),
            Interpolation::Bicubic if x >= 2.0 => 0.0,
            Interpolation::Bicubic if x >= 1.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Interpolation::Bicubic => (1.5 * x - 2.5) * x * x + 1.0,
            Interpolation::Lanczos3 => lanczos(3.0),
            Interpolation::Lanczos5 => lanczos(5.0),
        }
    }
}
