//! The idx layout of MNIST and its relatives, plain or gzip: a header that says what must follow, and nothing else.

use super::{DataError, Images, SIDE};
use flate2::read::GzDecoder;
use std::path::Path;

/// An array of bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;

/// The bytes of a file, unpacked where it is gzip.
pub(super) fn unpacked(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
    if bytes.get(..2) != Some(&GZIP) {
        return Ok(bytes);
    }
    let plain = crate::table::read_bytes(GzDecoder::new(bytes.as_slice()), super::MOST_BYTES);
    plain.map_err(|e| DataError::fault(path, format!("truncated or corrupt gzip: {e}")))
}

/// Reads an idx file of unsigned bytes, plain or gzip; `path` is for messages.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Idx, DataError> {
    let bytes = unpacked(path, bytes.to_vec())?;
    let fault = |what: String| DataError::fault(path, what);
    let header = bytes.get(..4).ok_or_else(|| fault(format!("{} bytes are no idx file", bytes.len())))?;
    if header[..2] != [0, 0] || header[2] != UNSIGNED_BYTE {
        return Err(fault(format!("not an idx file of unsigned bytes: it begins {header:02x?}")));
    }
    let axes = usize::from(header[3]);
    let start = 4 + 4 * axes;
    let lengths = bytes.get(4..start).ok_or_else(|| fault("truncated header".to_owned()))?;
    let shape: Vec<usize> = lengths.chunks(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect();
    let expected = shape.iter().try_fold(1usize, |product, length| product.checked_mul(*length));
    let found = bytes.len() - start;
    if expected != Some(found) {
        return Err(fault(format!("{found} bytes of data where the header's {shape:?} asks for another number")));
    }
    Ok(Idx { shape, bytes: bytes[start..].to_vec() })
}

/// Images and their labels.
pub(super) fn images(
    image_path: &Path,
    images: &[u8],
    label_path: &Path,
    labels: &[u8],
    classes: usize,
) -> Result<Images, DataError> {
    let (images, labels) = (read(image_path, images)?, read(label_path, labels)?);
    if images.shape.len() != 3 || images.shape[1..] != [SIDE, SIDE] {
        return Err(DataError::fault(image_path, format!("shape {:?}, not [n, {SIDE}, {SIDE}]", images.shape)));
    }
    if labels.shape != [images.shape[0]] {
        let what = format!("shape {:?} beside {} images", labels.shape, images.shape[0]);
        return Err(DataError::fault(label_path, what));
    }
    if let Some(i) = labels.bytes.iter().position(|label| usize::from(*label) >= classes) {
        let what = format!("label {} of image {i} where there are {classes} classes", labels.bytes[i]);
        return Err(DataError::fault(label_path, what));
    }
    let labels = labels.bytes.iter().map(|label| u16::from(*label)).collect();
    Ok(Images { pixels: images.bytes, labels, classes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    const TINY: &[u8] = &[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    fn message(bytes: &[u8]) -> String {
        read(Path::new("f"), bytes).err().map_or(String::new(), |e| e.to_string())
    }

    #[test]
    fn plain_and_gzip_read_the_same() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(TINY).unwrap();
        let packed = packed.finish().unwrap();
        let plain = read(Path::new("f"), TINY).unwrap();
        assert_eq!(plain, Idx { shape: vec![2, 3], bytes: vec![1, 2, 3, 4, 5, 6] });
        assert_eq!(read(Path::new("f"), &packed).unwrap(), plain);
        assert!(message(&packed[..packed.len() - 9]).starts_with("f: truncated or corrupt gzip"));
    }

    #[test]
    fn what_is_short_long_or_something_else_is_named() {
        assert!(message(&TINY[..17]).starts_with("f: 5 bytes of data"));
        assert!(message(&[TINY, &[7]].concat()).starts_with("f: 7 bytes of data"));
        assert!(message(&TINY[..9]).starts_with("f: truncated header"));
        assert!(message(b"PK\x03\x04").starts_with("f: not an idx file"));
        assert!(
            message(&[0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]).contains("asks for")
        );
    }

    #[test]
    fn labels_must_fit_the_images() {
        let images = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28][..], &[9; 784]].concat();
        let of = |labels: &[u8]| super::images(Path::new("i"), &images, Path::new("l"), labels, 10);
        assert_eq!(of(&[0, 0, 8, 1, 0, 0, 0, 1, 3]).unwrap().labels, [3]);
        assert!(of(&[0, 0, 8, 1, 0, 0, 0, 1, 10]).unwrap_err().to_string().starts_with("l: label 10 of image 0"));
        assert!(of(&[0, 0, 8, 1, 0, 0, 0, 2, 1, 1]).unwrap_err().to_string().starts_with("l: shape [2]"));
    }

    proptest! {
        #[test]
        fn the_reader_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            message(&bytes);
            message(&[&[0, 0, 8, 2][..], &bytes].concat());
            message(&[&GZIP[..], &bytes].concat());
        }
    }
}
