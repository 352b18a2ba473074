//! Photographs, PNG or JPEG of any size, as three square planes of red, green and blue.

use super::{DataError, resize};
use std::path::Path;

/// An image as it lies in its file: three numbers a pixel, row by row.
struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// What a JPEG begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];
const CHANNELS: usize = 3;

/// The planes `[3, side, side]` of an image, cut to the box (left, top, width, height) first where there is one. What is made
/// smaller is averaged by area, what is made larger interpolated; proportions are not kept.
pub(super) fn square(path: &Path, bytes: &[u8], side: usize, cut: Option<[f64; 4]>) -> Result<Vec<u8>, DataError> {
    let picture = if bytes.starts_with(&JPEG) { jpeg(path, bytes)? } else { png(path, bytes)? };
    let (x, y, width, height) = match cut {
        None => (0, 0, picture.width, picture.height),
        Some([left, top, width, height]) => {
            let inside = |from: f64, length: f64, most: usize| {
                let (from, to) = (from.max(0.0) as usize, (from + length).max(0.0).min(most as f64) as usize);
                (from.min(most), to.saturating_sub(from))
            };
            let ((x, width), (y, height)) = (inside(left, width, picture.width), inside(top, height, picture.height));
            if width == 0 || height == 0 {
                let what = format!("its box leaves nothing of {} × {} pixels", picture.width, picture.height);
                return Err(DataError::fault(path, what));
            }
            (x, y, width, height)
        }
    };
    let mut planes = Vec::with_capacity(CHANNELS * side * side);
    for channel in 0..CHANNELS {
        let plane: Vec<f32> = (0..width * height)
            .map(|i| f32::from(picture.rgb[((y + i / width) * picture.width + x + i % width) * CHANNELS + channel]))
            .collect();
        planes.extend(resize::plane(&plane, [height, width], side));
    }
    Ok(planes)
}

fn jpeg(path: &Path, bytes: &[u8]) -> Result<Picture, DataError> {
    use jpeg_decoder::PixelFormat;
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let bad = |what: String| DataError::fault(path, format!("truncated or corrupt JPEG: {what}"));
    let pixels = decoder.decode().map_err(|e| bad(e.to_string()))?;
    let info = decoder.info().ok_or_else(|| bad("no header".to_owned()))?;
    let rgb = match info.pixel_format {
        PixelFormat::RGB24 => pixels,
        PixelFormat::L8 => pixels.iter().flat_map(|grey| [*grey; CHANNELS]).collect(),
        other => return Err(DataError::fault(path, format!("a JPEG of {other:?}, not of colours or greys"))),
    };
    Ok(Picture { width: usize::from(info.width), height: usize::from(info.height), rgb })
}

fn png(path: &Path, bytes: &[u8]) -> Result<Picture, DataError> {
    let bad = |e: png::DecodingError| DataError::fault(path, format!("neither JPEG nor a sound PNG: {e}"));
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(bad)?;
    let size = reader.output_buffer_size().ok_or_else(|| DataError::fault(path, "too large"))?;
    let mut buffer = vec![0; size];
    let info = reader.next_frame(&mut buffer).map_err(bad)?;
    let channels = info.color_type.samples();
    // An alpha channel does not count.
    let colours =
        |pixel: &[u8]| if channels < CHANNELS { [pixel[0]; CHANNELS] } else { [pixel[0], pixel[1], pixel[2]] };
    let rgb = buffer[..info.buffer_size()].chunks_exact(channels).flat_map(colours).collect();
    Ok(Picture { width: info.width as usize, height: info.height as usize, rgb })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(width: usize, height: usize, colour: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let rgb: Vec<u8> = (0..width * height).flat_map(|i| colour(i % width, i / width)).collect();
        encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
        bytes
    }

    #[test]
    fn a_picture_becomes_square_planes_and_a_box_cuts_it_first() {
        // Red on the left half, blue on the right.
        let bytes = coloured(20, 10, |x, _| if x < 10 { [255, 0, 0] } else { [0, 0, 255] });
        let path = Path::new("x.png");
        let planes = square(path, &bytes, 4, None).unwrap();
        assert_eq!(planes[..4], [255, 255, 0, 0]);
        assert_eq!(planes[32..36], [0, 0, 255, 255]);
        let left = square(path, &bytes, 4, Some([0.0, 2.0, 10.0, 5.0])).unwrap();
        assert!(left[..16].iter().all(|red| *red == 255) && left[16..].iter().all(|other| *other == 0));
        let error = square(path, &bytes, 4, Some([25.0, 0.0, 5.0, 5.0])).unwrap_err().to_string();
        assert_eq!(error, "x.png: its box leaves nothing of 20 × 10 pixels");
    }

    #[test]
    fn a_file_that_is_no_picture_is_named() {
        for bytes in [&b""[..], b"GIF89a", &[0xff, 0xd8, 0xff, 0xe0, 0, 1]] {
            let error = square(Path::new("a/b.jpg"), bytes, 4, None).unwrap_err().to_string();
            assert!(error.starts_with("a/b.jpg: ") && !error.contains('\n'), "{error}");
        }
    }
}
