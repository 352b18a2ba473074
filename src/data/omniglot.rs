//! Omniglot in its usual layout, `…/Alphabet/characterNN/NNNN_NN.png`, zipped or unpacked: 105×105 pixels, 1 bit, black ink on
//! white paper.
//!
//! Images are brought to 28×28 by the mean ink of the area that each new pixel covers, and inverted to white ink on black, as
//! MNIST is. Strokes of three pixels become less than one, so they are fainter than MNIST's: nothing is stretched.

use super::{DataError, Images, SIDE, folder, resize};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Side of a drawing, in pixels.
const DRAWING: usize = 105;

/// The most bytes of a drawing, which has a few hundred: an archive's directory may claim anything.
const MOST_OF_A_DRAWING: u64 = 1 << 20;

/// Reads every drawing of a zip or of a folder; a class is a character, in the order of their names.
pub fn read(path: &Path) -> Result<Images, DataError> {
    let mut drawings = if path.is_dir() { from_folder(path)? } else { from_zip(path)? };
    drawings.sort();
    if drawings.is_empty() {
        return Err(DataError::fault(path, "no `characterNN/NNNN_NN.png` in it"));
    }
    let mut classes = BTreeMap::new();
    for (name, _) in &drawings {
        let next = classes.len() as u16;
        classes.entry(character(name).to_owned()).or_insert(next);
    }
    let (mut pixels, mut labels) = (Vec::with_capacity(drawings.len() * SIDE * SIDE), Vec::new());
    for (name, png) in &drawings {
        pixels.extend(drawing(&path.join(name), png, SIDE)?);
        labels.push(classes[character(name)]);
    }
    Ok(Images { pixels, labels, classes: classes.len() })
}

/// The pixels of one drawing, `[to, to]`, ink white on black.
pub(super) fn drawing(path: &Path, png: &[u8], to: usize) -> Result<Vec<u8>, DataError> {
    let (side, grey) = folder::decode(path, png)?;
    if side != DRAWING {
        return Err(DataError::fault(path, format!("{side} pixels wide, not {DRAWING}")));
    }
    let ink: Vec<f32> = grey.iter().map(|paper| 1.0 - paper).collect();
    Ok(resize::area(&ink, side, to))
}

/// `Alphabet/characterNN` of a drawing.
pub(super) fn character(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

pub(super) fn is_drawing(name: &str) -> bool {
    name.ends_with(".png") && character(name).contains("character") && !name.contains("__MACOSX")
}

fn from_zip(path: &Path) -> Result<Vec<(String, Vec<u8>)>, DataError> {
    let fault = |what: zip::result::ZipError| DataError::fault(path, format!("truncated or corrupt zip: {what}"));
    let file = File::open(path).map_err(DataError::io(path))?;
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(fault)?;
    let mut drawings = Vec::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(fault)?;
        let name = entry.name().map_err(fault)?.into_owned();
        if is_drawing(&name) {
            let bad = |e| DataError::fault(&path.join(&name), format!("truncated or corrupt: {e}"));
            let bytes = crate::table::read_bytes(&mut entry, MOST_OF_A_DRAWING).map_err(bad)?;
            drawings.push((name, bytes));
        }
    }
    Ok(drawings)
}

fn from_folder(path: &Path) -> Result<Vec<(String, Vec<u8>)>, DataError> {
    let mut files = Vec::new();
    folder::walk(path, &mut files)?;
    let name = |file: &PathBuf| {
        let relative = file.strip_prefix(path).unwrap_or(file);
        relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    let drawings = files.iter().filter(|file| is_drawing(&name(file)));
    drawings.map(|file| Ok((name(file), super::read_file(file)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn drawing(ink_at: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, DRAWING as u32, DRAWING as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let row = DRAWING.div_ceil(8);
        let mut paper = vec![0xff; row * DRAWING];
        // Eight black pixels.
        paper[ink_at] = 0;
        encoder.write_header().unwrap().write_image_data(&paper).unwrap();
        bytes
    }

    fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn zips_and_folders_read_the_same_and_ink_is_white() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("images/Greek/character02/0002_01.png", drawing(0)),
            ("images/Greek/character01/0001_02.png", drawing(14)),
            ("images/Greek/character01/0001_01.png", drawing(700)),
        ];
        let zip = folder.path().join("o.zip");
        std::fs::write(&zip, zipped(&files)).unwrap();
        for (name, bytes) in &files {
            let path = folder.path().join("unpacked").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let images = read(&zip).unwrap();
        assert_eq!((images.len(), images.classes, images.labels.as_slice()), (3, 2, &[0, 0, 1][..]));
        assert_eq!(images, read(&folder.path().join("unpacked")).unwrap());
        // The first drawing of the second character has its ink in the upper left corner.
        assert!(images.image(2)[0] > 0 && images.image(2)[27] == 0);
    }

    #[test]
    fn a_truncated_archive_or_drawing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("o.zip");
        let whole = zipped(&[("A/character01/0001_01.png", drawing(3))]);
        std::fs::write(&path, &whole[..whole.len() - 30]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("o.zip: truncated or corrupt zip"));
        let short = drawing(3);
        std::fs::write(&path, zipped(&[("A/character01/0001_01.png", short[..60].to_vec())])).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("0001_01.png: "));
    }
}
