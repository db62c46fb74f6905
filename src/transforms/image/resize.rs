//! A picture in another size, as Keras's Resizing makes it: between the centers of pixels, in f32,
//! without antialiasing.

use super::config::ImageConfig;

/// How a picture of one size becomes one of another: what each row is made of, and each column.
pub(super) struct Resizer<'a> {
    config: &'a ImageConfig,
    rows: SampledAxis,
    columns: SampledAxis,
}

/// One axis.
struct SampledAxis {
    /// The places in the picture that are looked at, in their order.
    used: Vec<usize>,
    /// What each output is made of: a place among those, or the padding; and how much of it.
    parts: Vec<SampledPart>,
    /// Where the parts of each output end.
    ends: Vec<usize>,
}

/// One part of an output.
#[derive(Clone, Copy)]
struct SampledPart {
    /// None for the padding.
    place: Option<usize>,
    weight: f32,
}

/// What of a picture is resized: it may begin before the picture and end after it, in the padding.
#[derive(Clone, Copy)]
struct PictureFrame {
    start: isize,
    length: usize,
}

impl<'a> Resizer<'a> {
    /// For pictures of this height and width, which are not 0.
    pub(super) fn new(config: &'a ImageConfig, height: usize, width: usize) -> Resizer<'a> {
        let [to_height, to_width] = config.size;
        let frames = frames(config, height, width);
        let axis = |frame, length, outputs| SampledAxis::new(config, frame, length, outputs);
        Resizer {
            config,
            rows: axis(frames[0], height, to_height),
            columns: axis(frames[1], width, to_width),
        }
    }

    /// How many pixels of the picture are looked at.
    pub(super) fn used(&self) -> usize {
        self.rows.used.len() * self.columns.used.len()
    }

    /// The pixels of a picture of this width that are looked at, row after row.
    pub(super) fn pick(&self, pixels: &[u8], width: usize) -> Vec<u8> {
        match self.config.channels.count() {
            1 => self.pick_channels::<1>(pixels, width),
            3 => self.pick_channels::<3>(pixels, width),
            _ => self.pick_channels::<4>(pixels, width),
        }
    }

    fn pick_channels<const CHANNELS: usize>(&self, pixels: &[u8], width: usize) -> Vec<u8> {
        let (pixels, _) = pixels.as_chunks::<CHANNELS>();
        let mut picked = Vec::with_capacity(self.used());
        for row in &self.rows.used {
            let row = &pixels[row * width..][..width];
            picked.extend(self.columns.used.iter().map(|column| row[*column]));
        }
        picked.into_flattened()
    }

    /// Writes the resized picture of the pixels that [`Resizer::pick`] gave.
    pub(super) fn write(&self, picked: &[u8], out: &mut [f32]) {
        match self.config.channels.count() {
            1 => self.write_channels::<1>(picked, out),
            3 => self.write_channels::<3>(picked, out),
            _ => self.write_channels::<4>(picked, out),
        }
    }

    fn write_channels<const CHANNELS: usize>(&self, picked: &[u8], out: &mut [f32]) {
        let (picked, _) = picked.as_chunks::<CHANNELS>();
        let from = self.columns.used.len();
        let width = self.columns.ends.len();
        // the rows that were resized last, each in the slot of its place
        let slots = self.rows.most_parts().max(1);
        let mut resized = vec![[0f32; CHANNELS]; slots * width];
        let mut held = vec![None; slots];
        let padded = if self.config.pad_to_aspect_ratio { width } else { 0 };
        let padding = vec![[self.config.fill_value; CHANNELS]; padded];
        let factors = self.config.factors();
        let (out, _) = out.as_chunks_mut::<CHANNELS>();
        for (parts, out) in self.rows.each().zip(out.chunks_exact_mut(width)) {
            for (at, part) in parts.iter().enumerate() {
                let row = match part.place {
                    None => &padding[..],
                    Some(place) => {
                        let slot = place % slots;
                        let row = &mut resized[slot * width..][..width];
                        if held[slot].replace(place) != Some(place) {
                            self.write_row(&picked[place * from..][..from], row);
                        }
                        row
                    }
                };
                let first = at == 0;
                for (to, pixel) in out.iter_mut().zip(row) {
                    for (to, value) in to.iter_mut().zip(pixel) {
                        let weighed = value * part.weight;
                        *to = if first { weighed } else { *to + weighed };
                    }
                }
            }
            for to in out {
                for (to, (factor, offset)) in to.iter_mut().zip(&factors) {
                    *to = *to * factor + offset;
                }
            }
        }
    }

    /// Resizes one row along its columns.
    fn write_row<const CHANNELS: usize>(
        &self,
        picked: &[[u8; CHANNELS]],
        row: &mut [[f32; CHANNELS]],
    ) {
        for (parts, to) in self.columns.each().zip(row) {
            *to = [0.0; CHANNELS];
            for SampledPart { place, weight } in parts {
                for (channel, to) in to.iter_mut().enumerate() {
                    let value =
                        place.map_or(self.config.fill_value, |place| picked[place][channel].into());
                    *to += value * weight;
                }
            }
        }
    }
}

impl SampledAxis {
    fn new(
        config: &ImageConfig,
        frame: PictureFrame,
        length: usize,
        outputs: usize,
    ) -> SampledAxis {
        // in f32, as Keras computes the places
        let scale = frame.length as f32 / outputs as f32;
        let place = |output: usize| f64::from((output as f32 + 0.5) * scale - 0.5);
        let all = config.interpolation.parts_at(frame.length, (0..outputs).map(place));
        let in_picture = |input: usize| {
            let place = frame.start + input as isize;
            usize::try_from(place).ok().filter(|place| *place < length)
        };
        let mut used: Vec<usize> =
            all.iter().flatten().filter_map(|(input, _)| in_picture(*input)).collect();
        used.sort_unstable();
        used.dedup();
        let (mut parts, mut ends) = (Vec::new(), Vec::with_capacity(outputs));
        for of_output in &all {
            parts.extend(of_output.iter().map(|(input, weight)| {
                let place = in_picture(*input).and_then(|place| used.binary_search(&place).ok());
                SampledPart { place, weight: *weight }
            }));
            ends.push(parts.len());
        }
        SampledAxis { used, parts, ends }
    }

    /// The parts of each output.
    fn each(&self) -> impl Iterator<Item = &[SampledPart]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.parts[start..*end])
    }

    fn most_parts(&self) -> usize {
        self.each().map(<[SampledPart]>::len).max().unwrap_or(0)
    }
}

/// What of a picture is resized, along its rows and its columns. Source: `keras.ops.image.resize`.
fn frames(config: &ImageConfig, height: usize, width: usize) -> [PictureFrame; 2] {
    let [to_height, to_width] = config.size;
    let whole = |length| PictureFrame { start: 0, length };
    let fitting = |side: usize, to: usize, other: usize| (side * to / other).max(1);
    let (fit_height, fit_width) =
        (fitting(width, to_height, to_width), fitting(height, to_width, to_height));
    let cropped = |length: usize, of: usize| {
        let length = length.min(of);
        PictureFrame { start: ((of - length) / 2) as isize, length }
    };
    // as much on both sides, and along one axis only
    let padded = |length: usize, to: usize| {
        let margin = to.saturating_sub(length) / 2;
        PictureFrame { start: -(margin as isize), length: length + 2 * margin }
    };
    if config.crop_to_aspect_ratio {
        return [cropped(fit_height, height), cropped(fit_width, width)];
    }
    if config.pad_to_aspect_ratio {
        let rows = padded(height, fit_height);
        let columns = if rows.start < 0 { whole(width) } else { padded(width, fit_width) };
        return [rows, columns];
    }
    [whole(height), whole(width)]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::config::{ColorMode, PixelRange};
    use super::*;

    #[test]
    fn pictures_are_resized_as_keras_does() {
        let recorded = include_str!("../../../tests/files/resize.json");
        let cases: Vec<Value> = serde_json::from_str(recorded).unwrap();
        assert!(cases.len() >= 30);
        for case in &cases {
            let sizes =
                |key: &str| -> Vec<usize> { serde_json::from_value(case[key].clone()).unwrap() };
            let (from, to) = (sizes("from"), sizes("to"));
            let mut config = ImageConfig::new(to[0], to[1]);
            config.channels = [ColorMode::Grayscale, ColorMode::Rgb][usize::from(from[2] == 3)];
            config.rescale = PixelRange::None;
            config.crop_to_aspect_ratio = case["crop"].as_bool().unwrap();
            config.pad_to_aspect_ratio = case["pad"].as_bool().unwrap();
            config.fill_value = case["fill"].as_f64().unwrap() as f32;
            config.interpolation = serde_json::from_value(case["how"].clone()).unwrap();
            let pixels: Vec<u8> = serde_json::from_value(case["pixels"].clone()).unwrap();
            let expected: Vec<f32> = serde_json::from_value(case["resized"].clone()).unwrap();
            let resizer = Resizer::new(&config, from[0], from[1]);
            let picked = resizer.pick(&pixels, from[1]);
            assert_eq!(picked.len(), resizer.used() * from[2]);
            let mut out = vec![0.0; config.elements()];
            resizer.write(&picked, &mut out);
            assert_eq!(out.len(), expected.len());
            let how = &case["how"];
            let tolerance = if how == "bilinear" || how == "nearest" { 6e-5 } else { 5e-4 };
            for (found, expected) in out.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{how} {from:?} {to:?}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn pixels_become_numbers_of_the_range_that_is_asked_for() {
        let of = |json: &str, pixels: &[u8]| {
            let config: ImageConfig = serde_json::from_str(json).unwrap();
            let mut out = vec![0.0; config.elements()];
            Resizer::new(&config, 1, 1).write(pixels, &mut out);
            out
        };
        let gray = |more: &str| format!(r#"{{"size":[1,1],"channels":1{more}}}"#);
        assert_eq!(of(&gray(""), &[255]), [1.0]);
        assert_eq!(of(&gray(r#","rescale":"none""#), &[7]), [7.0]);
        assert_eq!(of(&gray(r#","rescale":"signed""#), &[0]), [-1.0]);
        let of_torch = r#"{"size":[1,1],"mean":[0.5,0.25,0.0],"std":[0.5,0.5,2.0]}"#;
        assert_eq!(of(of_torch, &[255, 0, 255]), [1.0, -0.5, 0.5]);
    }
}
