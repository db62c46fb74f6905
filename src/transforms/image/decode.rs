//! The pixels of a file: PNG, JPEG, WebP.

use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::config::ColorMode;
use super::format::{Decoded, PictureFacts, PictureFormat, file_bytes, is_whole_jpeg};
use crate::error::Problem;

/// More pixels than these are no picture to train on, but an attack or a mistake. Pillow warns of as
/// many.
const MOST_PIXELS: u64 = 89_478_485;

/// What the beginning of a file says of its picture; none of its pixels is decoded.
pub(crate) fn facts_of(path: &Path) -> Result<PictureFacts, Problem> {
    let bytes = file_bytes(path)?;
    let format = PictureFormat::of(&bytes, path)?;
    let decoder = reader(&bytes, format).into_decoder();
    let decoder = decoder.map_err(|error| broken(format, &error))?;
    let (width, height) = decoder.dimensions();
    let is_gray = !decoder.color_type().has_color();
    Ok(PictureFacts { height: height as usize, width: width as usize, is_gray })
}

fn reader(bytes: &[u8], format: PictureFormat) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(
        Cursor::new(bytes),
        match format {
            PictureFormat::Png => ImageFormat::Png,
            PictureFormat::Jpeg => ImageFormat::Jpeg,
            PictureFormat::WebP => ImageFormat::WebP,
        },
    );
    reader.limits(Limits::default());
    reader
}

/// Decodes a file's bytes. As Keras's image utilities do: what is opaque is left out unless it is
/// wanted, palettes become colors, 16 bits the higher 8, and no orientation is looked at.
pub(super) fn decode(bytes: &[u8], path: &Path, channels: ColorMode) -> Result<Decoded, Problem> {
    let format = PictureFormat::of(bytes, path)?;
    let broken = |error: ImageError| broken(format, &error);
    if format == PictureFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(cut(format));
    }
    let decoder = reader(bytes, format).into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let message = format!(
            "it has {height} x {width} pixels, more than the {MOST_PIXELS} that are allowed"
        );
        return Err(Problem::at("", message).help("make it smaller, or remove it"));
    }
    if width == 0 || height == 0 {
        return Err(Problem::at("", "it has no pixels").help("remove it"));
    }
    let color = decoder.color_type();
    let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX)];
    // a decoder that fails on a file nobody has met must not end the program
    let read = catch_unwind(AssertUnwindSafe(|| decoder.read_image(&mut pixels)));
    read.unwrap_or_else(|_| Err(ImageError::IoError(ErrorKind::InvalidData.into())))
        .map_err(broken)?;
    let (from, pixels) = in_bytes(color, pixels)?;
    let pixels = with_channels(pixels, from, channels);
    Ok(Decoded { pixels, height: height as usize, width: width as usize })
}

/// How many channels there are, each a byte.
fn in_bytes(color: ColorType, pixels: Vec<u8>) -> Result<(usize, Vec<u8>), Problem> {
    let high = |pixels: Vec<u8>| -> Vec<u8> {
        let (pairs, _) = pixels.as_chunks::<2>();
        pairs.iter().map(|pair| (u16::from_ne_bytes(*pair) >> 8) as u8).collect()
    };
    Ok(match color {
        ColorType::L8 => (1, pixels),
        ColorType::La8 => (2, pixels),
        ColorType::Rgb8 => (3, pixels),
        ColorType::Rgba8 => (4, pixels),
        ColorType::L16 => (1, high(pixels)),
        ColorType::La16 => (2, high(pixels)),
        ColorType::Rgb16 => (3, high(pixels)),
        ColorType::Rgba16 => (4, high(pixels)),
        other => {
            let message = format!("its pixels are {other:?}, where bytes are expected");
            return Err(Problem::at("", message).help("save it with 8 bits a channel"));
        }
    })
}

/// The pixels with the channels that are wanted.
fn with_channels(pixels: Vec<u8>, from: usize, to: ColorMode) -> Vec<u8> {
    if from == to.count() {
        return pixels;
    }
    let mut out = Vec::with_capacity(pixels.len() / from * to.count());
    for pixel in pixels.chunks_exact(from) {
        let (red, green, blue) = match *pixel {
            [gray] | [gray, _] => (gray, gray, gray),
            [red, green, blue, ..] => (red, green, blue),
            [] => continue,
        };
        match to {
            ColorMode::Grayscale if from < 3 => out.push(red),
            ColorMode::Grayscale => out.push(brightness(red, green, blue)),
            ColorMode::Rgb => out.extend([red, green, blue]),
            ColorMode::Rgba => {
                let opaque = if from.is_multiple_of(2) { pixel[from - 1] } else { 255 };
                out.extend([red, green, blue, opaque]);
            }
        }
    }
    out
}

/// How bright a color is, as in Pillow's `convert("L")`.
fn brightness(red: u8, green: u8, blue: u8) -> u8 {
    let weighed = u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471;
    ((weighed + 0x8000) >> 16) as u8
}

fn cut(format: PictureFormat) -> Problem {
    Problem::at("", format!("the {} picture is cut: it ends too early", format.name()))
        .help("copy it again, or remove it")
}

/// What is wrong, in one line.
fn broken(format: PictureFormat, error: &ImageError) -> Problem {
    if let ImageError::IoError(error) = error
        && error.kind() == std::io::ErrorKind::UnexpectedEof
    {
        return cut(format);
    }
    if let ImageError::Limits(_) = error {
        let message = "it would take more than 512 MB of memory";
        return Problem::at("", message).help("make it smaller, or remove it");
    }
    let why = error.to_string();
    let why = why.lines().next().unwrap_or_default();
    Problem::at("", format!("the {} picture is broken: {why}", format.name()))
        .help("copy it again, or remove it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_those_of_pillow() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
        let recorded = std::fs::read_to_string(folder.join("pillow.json")).unwrap();
        let recorded: serde_json::Value = serde_json::from_str(&recorded).unwrap();
        let all = recorded.as_object().unwrap();
        assert!(all.len() >= 12);
        for (name, of_file) in all {
            let path = folder.join("pictures").join(name);
            let bytes = std::fs::read(&path).unwrap();
            let decoded = |channels| decode(&bytes, &path, channels).unwrap();
            let rgb = decoded(ColorMode::Rgb);
            assert_eq!(of_file["size"], serde_json::json!([rgb.height, rgb.width]), "{name}");
            for (mode, channels) in
                [("L", ColorMode::Grayscale), ("RGB", ColorMode::Rgb), ("RGBA", ColorMode::Rgba)]
            {
                let Some(expected) = of_file.get(mode) else { continue };
                assert_eq!(*expected, serde_json::json!(decoded(channels).pixels), "{name} {mode}");
            }
            let Some(means) = of_file["RGB_mean"].as_array() else { continue };
            for (channel, mean) in means.iter().enumerate() {
                let own = rgb.pixels.iter().skip(channel).step_by(3).map(|v| f64::from(*v));
                let own = own.sum::<f64>() / (rgb.pixels.len() / 3) as f64;
                assert!((own - mean.as_f64().unwrap()).abs() < 1.0, "{name}: {own} {mean}");
            }
        }
    }

    #[test]
    fn what_is_broken_is_told_and_never_a_panic() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/pictures");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            for cut in (0..bytes.len()).step_by(7) {
                let result = decode(&bytes[..cut], &path, ColorMode::Rgb);
                let is_nearly_whole = cut + 16 > bytes.len(); // PNG's last chunk says nothing
                assert!(result.is_err() || is_nearly_whole, "{} {cut}", path.display());
            }
            for at in (0..bytes.len()).step_by(3) {
                let mut bytes = bytes.clone();
                bytes[at] ^= 0xa5;
                drop(decode(&bytes, &path, ColorMode::Rgb));
            }
        }
        // 60,000 x 60,000 pixels in a few bytes
        let mut bomb = std::fs::read(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/pictures/rgb.png"),
        )
        .unwrap();
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let mut sum = flate2::Crc::new();
        sum.update(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.sum().to_be_bytes());
        let problem = decode(&bomb, Path::new("bomb.png"), ColorMode::Rgb).err().unwrap();
        assert!(problem.message.contains("60000 x 60000"), "{}", problem.message);
    }

    #[test]
    fn channels_are_those_of_keras() {
        let to = |pixel: &[u8], to| with_channels(pixel.to_vec(), pixel.len(), to);
        assert_eq!(to(&[10, 200, 30], ColorMode::Grayscale), [124]); // Pillow's
        assert_eq!(to(&[10, 200, 30, 0], ColorMode::Rgb), [10, 200, 30]);
        assert_eq!(to(&[10, 200, 30], ColorMode::Rgba), [10, 200, 30, 255]);
        assert_eq!(to(&[7, 9], ColorMode::Rgb), [7, 7, 7]);
        assert_eq!(to(&[7, 9], ColorMode::Rgba), [7, 7, 7, 9]);
        assert_eq!(to(&[7, 9], ColorMode::Grayscale), [7]);
        let sixteen: Vec<u8> = [0x0100u16, 0xfffe].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(in_bytes(ColorType::L16, sixteen).unwrap(), (1, vec![1, 255]));
    }
}
