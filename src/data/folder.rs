//! Folders of images, one folder a class, `CLASS/anything.png`: square grey or colour PNGs, white ink on black.

use super::{DataError, Images, SIDE, resize};
use std::path::{Path, PathBuf};

/// Reads every PNG below a folder; classes are the folders, in the order of their names.
pub fn read(root: &Path) -> Result<Images, DataError> {
    let mut folders: Vec<PathBuf> = entries(root)?.into_iter().filter(|path| path.is_dir()).collect();
    folders.sort();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (label, folder) in folders.iter().enumerate() {
        let mut files = Vec::new();
        walk(folder, &mut files)?;
        files.sort();
        for file in files {
            if file.extension().is_none_or(|e| !e.eq_ignore_ascii_case("png")) {
                return Err(DataError::fault(&file, "not a PNG"));
            }
            let bytes = super::read_file(&file)?;
            let (side, grey) = decode(&file, &bytes)?;
            pixels.extend(if side >= SIDE {
                resize::area(&grey, side, SIDE)
            } else {
                resize::bilinear(&grey, side, SIDE)
            });
            labels.push(label as u16);
        }
    }
    if labels.is_empty() {
        return Err(DataError::fault(root, "no folders with PNGs in it"));
    }
    Ok(Images { pixels, labels, classes: folders.len() })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let listing = std::fs::read_dir(folder).map_err(DataError::io(folder))?;
    listing.map(|entry| Ok(entry.map_err(DataError::io(folder))?.path())).collect()
}

/// Every file below a folder.
pub(super) fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for path in entries(folder)? {
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// The most bytes of a picture's pixels, whatever its header claims: a square of 4096 in colour.
const MOST_PIXELS: usize = 1 << 26;

/// The side of a square PNG and its brightness, 0 to 1.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<(usize, Vec<f32>), DataError> {
    let fault = |what: String| DataError::fault(path, what);
    let bad = |e: png::DecodingError| DataError::fault(path, format!("truncated or corrupt PNG: {e}"));
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(bad)?;
    let size = reader.output_buffer_size().filter(|size| *size <= MOST_PIXELS);
    let size = size.ok_or_else(|| fault("too large".to_owned()))?;
    let mut buffer = vec![0; size];
    let info = reader.next_frame(&mut buffer).map_err(bad)?;
    if info.width != info.height {
        return Err(fault(format!("{} × {} pixels: not square", info.width, info.height)));
    }
    let channels = info.color_type.samples();
    // Colours count alike; an alpha channel does not count.
    let counted = if channels % 2 == 0 { channels - 1 } else { channels };
    let brightness = |pixel: &[u8]| {
        let sum: u32 = pixel[..counted].iter().map(|x| u32::from(*x)).sum();
        sum as f32 / (255 * counted) as f32
    };
    let used = info.buffer_size();
    Ok((info.width as usize, buffer[..used].chunks(channels).map(brightness).collect()))
}
