//! Layers that change images at random in training, and do nothing elsewhere.

mod random_contrast;
mod random_flip;
mod random_rotation;
mod random_translation;
mod random_zoom;

pub use random_contrast::RandomContrast;
pub use random_flip::{Flips, RandomFlip};
pub use random_rotation::RandomRotation;
pub use random_translation::RandomTranslation;
pub use random_zoom::RandomZoom;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::augment::{Beyond, Draws, Image, MAP, WarpKernel};
use crate::layers::layer::{Context, Forward, Signal};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

/// A range to draw from: one number for both ends, or `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or two numbers, the ends of a range")]
pub enum Factor {
    /// From minus the number to the number.
    One(f64),
    /// From one to the other.
    Range([f64; 2]),
}

/// No change.
impl Default for Factor {
    fn default() -> Self {
        Factor::One(0.0)
    }
}

impl Factor {
    /// Its ends in order, each within ±`most`.
    fn ends(self, key: &str, least: f64, most: f64) -> Result<(f64, f64), Problem> {
        let (low, high) = match self {
            Factor::One(number) => (-number.abs(), number.abs()),
            Factor::Range([a, b]) => (a.min(b), a.max(b)),
        };
        let low = if let Factor::One(_) = self { low.max(least) } else { low };
        let written = if let Factor::One(number) = self { number } else { low };
        for end in [written, low, high] {
            if !(least..=most).contains(&end) {
                let message = format!("`{key}` must be between {least} and {most}, got {end}");
                return Err(Problem::at(key, message));
            }
        }
        Ok((low, high))
    }
}

/// How points outside an image are filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FillMode {
    /// `d c b a | a b c d | d c b a`
    #[default]
    Reflect,
    /// `a b c d | a b c d | a b c d`
    Wrap,
    /// `k k k k | a b c d | k k k k`, k being `fill_value`.
    Constant,
    /// `a a a a | a b c d | d d d d`
    Nearest,
}

impl FillMode {
    fn beyond(self, value: f64) -> Beyond {
        match self {
            FillMode::Reflect => Beyond::Reflect,
            FillMode::Wrap => Beyond::Wrap,
            FillMode::Nearest => Beyond::Nearest,
            FillMode::Constant => Beyond::Constant(value as f32),
        }
    }
}

/// How values between pixels are interpolated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// The nearest pixel.
    Nearest,
    /// The four pixels around, mixed.
    #[default]
    Bilinear,
}

/// The output's shape, which is the input's: an image.
fn check(layer: &str, input: &Shape, fill_value: f64) -> Result<Shape, Problem> {
    checks::finite("fill_value", fill_value)?;
    if input.rank() != 3 {
        let message =
            format!("{layer} takes an input (None, height, width, channels), got {input}");
        return Err(Problem::at("", message).help("a `reshape` before it gives it one"));
    }
    super::axes::no_empty_axis(layer, input)?;
    Ok(input.clone())
}

fn image(input: &Shape, format: DataFormat) -> Image {
    let dims = input.dims();
    let channels_first = format == DataFormat::ChannelsFirst;
    let (height, width, channels) =
        if channels_first { (dims[1], dims[2], dims[0]) } else { (dims[0], dims[1], dims[2]) };
    Image { height, width, channels, channels_first }
}

fn draws(seed: Option<u64>, scope: &Scope<'_>) -> Draws {
    Draws { layer: scope.layer().to_string(), seed }
}

/// The runtime half of a layer that moves pixels.
struct Warped(WarpKernel);

impl Forward for Warped {
    /// Output = Σ over neighbours of share · input pixel, gathered row by row of a batch of pixels.
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        if !context.training || input.tensor.elem_count() == 0 {
            return Ok(input);
        }
        let (x, warp) = (&input.tensor, &self.0);
        let (batch, Image { height, width, channels, channels_first }) = (x.dim(0)?, warp.image);
        let x = if channels_first { x.permute((0, 2, 3, 1))? } else { x.clone() };
        let pixels = x.reshape((batch * height * width, channels))?;
        let mut maps = vec![0.0; MAP * batch];
        let (random, step) = context.host_draws();
        warp.draw(&random, step, &mut maps);
        let neighbours = if warp.bilinear { 4 } else { 1 };
        let mut places = vec![Vec::new(); neighbours];
        let mut shares = vec![Vec::new(); neighbours];
        let mut filled = vec![0f32; batch * height * width];
        for (sample, map) in maps.chunks_exact(MAP).enumerate() {
            let first = sample * height * width;
            let mut next = 0;
            warp.each(map, |to, from, share| {
                places[next].push((first + from.unwrap_or(0)) as u32);
                shares[next].push(if from.is_some() { share } else { 0.0 });
                filled[first + to] += if from.is_some() { 0.0 } else { share * warp.fill() };
                next = (next + 1) % neighbours;
            });
        }
        let column = |values: Vec<f32>| {
            let n = values.len();
            Tensor::from_vec(values, (n, 1), x.device())?.to_dtype(x.dtype())
        };
        let mut output = column(filled)?.broadcast_as(pixels.shape())?;
        for (places, shares) in places.into_iter().zip(shares) {
            let n = places.len();
            let picked = pixels.index_select(&Tensor::from_vec(places, n, x.device())?, 0)?;
            output = (output + picked.broadcast_mul(&column(shares)?)?)?;
        }
        let output = output.reshape((batch, height, width, channels))?;
        let output =
            if channels_first { output.permute((0, 3, 1, 2))?.contiguous()? } else { output };
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(BoundKernel::new(self.0.clone(), Vec::new()))
    }
}

/// The layer of a configuration with the arguments of all that move pixels, and a `motion`.
macro_rules! warped {
    ($layer:ident, $name:literal) => {
        impl $crate::layers::layer::Layer for $layer {
            fn output_shape(
                &self,
                input: &$crate::shape::Shape,
            ) -> Result<$crate::shape::Shape, $crate::error::Problem> {
                self.motion()?;
                $crate::layers::augmentation::check($name, input, self.fill_value)
            }

            fn build(
                &self,
                input: &$crate::shape::Shape,
                scope: &mut $crate::weights::Scope<'_>,
            ) -> $crate::error::Result<Box<dyn $crate::layers::layer::Forward>> {
                Ok(Box::new($crate::layers::augmentation::Warped(
                    $crate::kernels::augment::WarpKernel {
                        image: $crate::layers::augmentation::image(input, self.data_format),
                        motion: $crate::layers::layer::checked(self.motion())?,
                        beyond: self.fill_mode.beyond(self.fill_value),
                        bilinear: self.interpolation == Sampling::Bilinear,
                        draws: $crate::layers::augmentation::draws(self.seed, scope),
                    },
                )))
            }
        }
    };
}
use warped;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::augment::Motion;
    use crate::kernels::{Kernel, Pass, Saved};
    use crate::random::Random;

    /// One image (1, 4, 1) through a motion.
    fn run(motion: Motion, fill: FillMode) -> Vec<f32> {
        let image = Image { height: 1, width: 4, channels: 1, channels_first: false };
        let (beyond, draws) = (fill.beyond(9.0), Draws { layer: "l".into(), seed: None });
        let warp = WarpKernel { image, motion, beyond, bilinear: true, draws };
        let random = Random::new(1);
        let pass = Pass::of_training(1, &random);
        let mut y = vec![0.0; 4];
        warp.forward(&pass, &[1.0, 2.0, 3.0, 4.0], &[], &mut y, &mut Saved::default());
        y
    }

    #[test]
    fn what_stands_beyond_the_edges_is_as_keras_draws_it() {
        let right = |fill| run(Motion::Translation((0.0, 0.0), (0.5, 0.5)), fill);
        assert_eq!(right(FillMode::Reflect), [2.0, 1.0, 1.0, 2.0]);
        assert_eq!(right(FillMode::Wrap), [3.0, 4.0, 1.0, 2.0]);
        assert_eq!(right(FillMode::Nearest), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!(right(FillMode::Constant), [9.0, 9.0, 1.0, 2.0]);
    }

    #[test]
    fn a_zoom_of_one_doubles_the_view() {
        let zoomed = run(Motion::Zoom((1.0, 1.0), None), FillMode::Nearest);
        assert_eq!(zoomed, [1.0, 1.5, 3.5, 4.0]);
    }

    #[test]
    fn a_half_turn_mirrors_a_row() {
        let turned = run(Motion::Rotation((0.5, 0.5)), FillMode::Nearest);
        for (y, expected) in turned.iter().zip([4.0, 3.0, 2.0, 1.0]) {
            assert!((y - expected).abs() < 1e-5, "{turned:?}");
        }
    }

    #[test]
    fn a_factor_has_its_bounds() {
        assert_eq!(Factor::One(-0.2).ends("f", -1.0, 1.0).unwrap(), (-0.2, 0.2));
        assert_eq!(Factor::One(0.2).ends("f", 0.0, 1.0).unwrap(), (0.0, 0.2));
        assert_eq!(Factor::Range([0.3, -0.2]).ends("f", -1.0, 1.0).unwrap(), (-0.2, 0.3));
        assert!(Factor::Range([0.3, 1.2]).ends("f", -1.0, 1.0).is_err());
        assert!(Factor::One(f64::NAN).ends("f", -1.0, 1.0).is_err());
    }
}
