//! Image augmentation over slices: each sample by its own map, drawn anew at each step.

use super::kernel::{Backward, Kernel, Pass, Saved};
use crate::random::{Random, Stream};

/// How the numbers of an image (height, width, channels) lie in a sample.
#[derive(Debug, Clone, Copy)]
pub struct Image {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// True for (channels, height, width).
    pub channels_first: bool,
}

impl Image {
    /// How many numbers it has.
    pub fn numbers(self) -> usize {
        self.height * self.width * self.channels
    }

    fn pixels(self) -> usize {
        self.height * self.width
    }

    fn place(self, pixel: usize, channel: usize) -> usize {
        if self.channels_first {
            channel * self.pixels() + pixel
        } else {
            pixel * self.channels + channel
        }
    }
}

/// Where a layer's draws come from.
#[derive(Debug, Clone)]
pub struct Draws {
    /// The layer's name, which keys its stream.
    pub layer: String,
    /// The layer's own seed, in place of the run's.
    pub seed: Option<u64>,
}

impl Draws {
    fn stream(&self, random: Random, step: u64) -> Stream {
        self.seed.map_or(random, Random::new).stream("augment", &self.layer, step)
    }
}

/// What is drawn for a sample; each range is (low, high).
#[derive(Debug, Clone, Copy)]
pub enum Motion {
    /// With probability 1/2, mirrored along these axes.
    Flip {
        /// Left and right change places.
        horizontal: bool,
        /// Top and bottom change places.
        vertical: bool,
    },
    /// Turned around its middle, counterclockwise, by a share of a full turn.
    Rotation((f64, f64)),
    /// 1 + height and 1 + width of the view; no width: the height's.
    Zoom((f64, f64), Option<(f64, f64)>),
    /// Moved down and right by shares of height and width.
    Translation((f64, f64), (f64, f64)),
}

/// How points outside the image are filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beyond {
    /// `d c b a | a b c d | d c b a`
    Reflect,
    /// `a b c d | a b c d | a b c d`
    Wrap,
    /// `a a a a | a b c d | d d d d`
    Nearest,
    /// This value.
    Constant(f32),
}

/// Output place (x, y) shows input place (a · x + b · y + c, d · x + e · y + f).
#[derive(Debug, Clone)]
pub struct WarpKernel {
    /// The images.
    pub image: Image,
    /// What is drawn.
    pub motion: Motion,
    /// How points outside the image are filled.
    pub beyond: Beyond,
    /// False takes the nearest pixel, true mixes four.
    pub bilinear: bool,
    /// The source of draws.
    pub draws: Draws,
}

/// Numbers that describe the map of one sample: a … f.
pub const MAP: usize = 6;

impl WarpKernel {
    /// Draws the maps of a batch, `MAP` numbers for each sample.
    pub fn draw(&self, random: &Random, step: u64, maps: &mut [f32]) {
        let mut stream = self.draws.stream(*random, step);
        let (height, width) = (self.image.height as f64, self.image.width as f64);
        let mut within = |(low, high): (f64, f64)| low + (high - low) * f64::from(stream.uniform());
        for map in maps.chunks_exact_mut(MAP) {
            // the linear part, and how far the middle is moved
            let ([a, b, d, e], (right, down)) = match self.motion {
                Motion::Flip { horizontal, vertical } => {
                    let flips = within((0.0, 1.0)) < 0.5;
                    let sign = |is_on: bool| if flips && is_on { -1.0 } else { 1.0 };
                    ([sign(horizontal), 0.0, 0.0, sign(vertical)], (0.0, 0.0))
                }
                Motion::Rotation(range) => {
                    let (sin, cos) = (std::f64::consts::TAU * within(range)).sin_cos();
                    ([cos, -sin, sin, cos], (0.0, 0.0))
                }
                Motion::Zoom(rows, columns) => {
                    let tall = 1.0 + within(rows);
                    let wide = columns.map_or(tall, |columns| 1.0 + within(columns));
                    ([wide, 0.0, 0.0, tall], (0.0, 0.0))
                }
                Motion::Translation(rows, columns) => {
                    let down = within(rows) * height;
                    ([1.0, 0.0, 0.0, 1.0], (within(columns) * width, down))
                }
            };
            let (x, y) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
            let (c, f) = (x - a * x - b * y - right, y - d * x - e * y - down);
            map.copy_from_slice(&[a, b, c, d, e, f].map(|value| value as f32));
        }
    }

    /// Calls `each(output pixel, input pixel, weight)`; no input pixel where a constant stands.
    pub fn each(&self, map: &[f32], mut each: impl FnMut(usize, Option<usize>, f32)) {
        let Image { height, width, .. } = self.image;
        for row in 0..height {
            for column in 0..width {
                let (x, y) = (column as f32, row as f32);
                let from_x = map[0] * x + map[1] * y + map[2];
                let from_y = map[3] * x + map[4] * y + map[5];
                let pixel = row * width + column;
                let source =
                    |x: f32, y: f32| Some(self.inside(y, height)? * width + self.inside(x, width)?);
                if !self.bilinear {
                    each(pixel, source(from_x.round(), from_y.round()), 1.0);
                    continue;
                }
                let (left, top) = (from_x.floor(), from_y.floor());
                let (right, bottom) = (from_x - left, from_y - top);
                for (dy, share_y) in [(0.0, 1.0 - bottom), (1.0, bottom)] {
                    for (dx, share_x) in [(0.0, 1.0 - right), (1.0, right)] {
                        each(pixel, source(left + dx, top + dy), share_x * share_y);
                    }
                }
            }
        }
    }

    /// The place along an axis that stands for a whole number, which may lie beyond the edges.
    fn inside(&self, place: f32, size: usize) -> Option<usize> {
        let (place, size) = (place as i64, size as i64);
        let inside = match self.beyond {
            Beyond::Constant(_) if place < 0 || place >= size => return None,
            Beyond::Constant(_) => place,
            Beyond::Nearest => place.clamp(0, size - 1),
            Beyond::Wrap => place.rem_euclid(size),
            Beyond::Reflect => {
                let folded = place.rem_euclid(2 * size);
                if folded < size { folded } else { 2 * size - 1 - folded }
            }
        };
        Some(inside as usize)
    }

    /// What stands where there is no input pixel.
    pub fn fill(&self) -> f32 {
        if let Beyond::Constant(value) = self.beyond { value } else { 0.0 }
    }
}

impl Kernel for WarpKernel {
    fn forward(&self, pass: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], saved: &mut Saved) {
        if !pass.training {
            return y.copy_from_slice(x);
        }
        let [maps] = saved.buffers([MAP * pass.batch]);
        self.draw(pass.random, pass.step, maps);
        let (numbers, image, fill) = (self.image.numbers(), self.image, self.fill());
        y.fill(0.0);
        let samples = x.chunks_exact(numbers).zip(y.chunks_exact_mut(numbers));
        for ((x, y), map) in samples.zip(maps.chunks_exact(MAP)) {
            self.each(map, |to, from, share| {
                for c in 0..image.channels {
                    let value = from.map_or(fill, |from| x[image.place(from, c)]);
                    y[image.place(to, c)] += share * value;
                }
            });
        }
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        if !pass.training {
            return dx.copy_from_slice(io.dy);
        }
        let (numbers, image) = (self.image.numbers(), self.image);
        dx.fill(0.0);
        let samples = io.dy.chunks_exact(numbers).zip(dx.chunks_exact_mut(numbers));
        for ((dy, dx), map) in samples.zip(io.saved.buffer(0).chunks_exact(MAP)) {
            self.each(map, |to, from, share| {
                let Some(from) = from else { return };
                for c in 0..image.channels {
                    dx[image.place(from, c)] += share * dy[image.place(to, c)];
                }
            });
        }
    }

    fn is_identity(&self, training: bool) -> bool {
        !training
    }
}

/// `y = (x - mean) · factor + mean`, cut to a range; the mean of each channel of a sample.
#[derive(Debug, Clone)]
pub struct ContrastKernel {
    /// The images.
    pub image: Image,
    /// The factor's range.
    pub factor: (f64, f64),
    /// Smallest and largest output.
    pub range: (f32, f32),
    /// The source of draws.
    pub draws: Draws,
}

impl ContrastKernel {
    /// Draws a factor for each sample.
    pub fn draw(&self, random: &Random, step: u64, factors: &mut [f32]) {
        let mut stream = self.draws.stream(*random, step);
        let (low, high) = (self.factor.0 as f32, self.factor.1 as f32);
        factors.iter_mut().for_each(|factor| *factor = stream.uniform_in(low, high));
    }

    fn mean(&self, values: impl Fn(usize) -> f32, channel: usize) -> f32 {
        let pixels = self.image.pixels();
        let sum: f64 = (0..pixels).map(|p| f64::from(values(self.image.place(p, channel)))).sum();
        (sum / pixels.max(1) as f64) as f32
    }
}

impl Kernel for ContrastKernel {
    fn forward(&self, pass: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], saved: &mut Saved) {
        if !pass.training {
            return y.copy_from_slice(x);
        }
        let [factors] = saved.buffers([pass.batch]);
        self.draw(pass.random, pass.step, factors);
        let (numbers, image) = (self.image.numbers(), self.image);
        let samples = x.chunks_exact(numbers).zip(y.chunks_exact_mut(numbers));
        for ((x, y), factor) in samples.zip(&*factors) {
            for c in 0..image.channels {
                let mean = self.mean(|place| x[place], c);
                for place in (0..image.pixels()).map(|p| image.place(p, c)) {
                    let value = (x[place] - mean) * factor + mean;
                    y[place] = value.max(self.range.0).min(self.range.1);
                }
            }
        }
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        if !pass.training {
            return dx.copy_from_slice(io.dy);
        }
        let (numbers, image) = (self.image.numbers(), self.image);
        let factors = &io.saved.buffer(0)[..pass.batch];
        let samples = io.x.chunks_exact(numbers).zip(io.dy.chunks_exact(numbers));
        for (((x, dy), dx), factor) in samples.zip(dx.chunks_exact_mut(numbers)).zip(factors) {
            for c in 0..image.channels {
                let mean = self.mean(|place| x[place], c);
                let passed = |place: usize| {
                    let value = (x[place] - mean) * factor + mean;
                    let is_cut = value < self.range.0 || value > self.range.1;
                    if is_cut { 0.0 } else { dy[place] }
                };
                let level = self.mean(passed, c);
                for place in (0..image.pixels()).map(|p| image.place(p, c)) {
                    dx[place] = factor * passed(place) + (1.0 - factor) * level;
                }
            }
        }
    }

    fn is_identity(&self, training: bool) -> bool {
        !training
    }
}
