//! Image sets in their usual public layouts: found or fetched, checked before use, read, and never changed on disk.

mod archive;
mod augment;
mod cache;
mod classes;
mod fetch;
mod folder;
mod idx;
mod omniglot;
mod picture;
mod resize;
mod sets;

pub use archive::Archive;
pub use cache::{Cache, Verdict};
pub use classes::{Augment, Classes, FEW_SHOT, Item, OMNIGLOT_SPLITS, Part, classes, omniglot_runs};
pub use fetch::{Progress, fetch};
pub use folder::read as read_folder;
pub use idx::{Idx, read as read_idx};
pub use omniglot::read as read_omniglot;
pub use sets::{DataSet, Layout, SETS, Split, set};

use std::path::{Path, PathBuf};

/// The most bytes of a file, packed or unpacked: MNIST's largest has 47 MB, Omniglot's archive 6 MB.
const MOST_BYTES: u64 = 1 << 28;

/// The most bytes of an archive that is kept in memory: miniImageNet's images as they are published are below 4 GB.
const MOST_ARCHIVE_BYTES: u64 = 1 << 32;

/// All bytes of a file, unless it is larger than any of a data set.
fn read_file(path: &Path) -> Result<Vec<u8>, DataError> {
    read_up_to(path, MOST_BYTES)
}

/// All bytes of a file, unless they are more than `most` or it is no file: a device has no end.
fn read_up_to(path: &Path, most: u64) -> Result<Vec<u8>, DataError> {
    let read = || {
        let file = std::fs::File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a file"));
        }
        crate::table::read_bytes(file, most)
    };
    read().map_err(DataError::io(path))
}

/// Side of the images that training takes, in pixels.
pub const SIDE: usize = 28;

/// Grey images of [`SIDE`] × [`SIDE`] pixels, ink white (255) on black (0), and a label for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// `[n, SIDE, SIDE]`, row by row.
    pub pixels: Vec<u8>,
    pub labels: Vec<u16>,
    pub classes: usize,
}

impl Images {
    pub fn len(&self) -> usize {
        self.labels.len()
    }
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
    /// The pixels of one image.
    pub fn image(&self, i: usize) -> &[u8] {
        &self.pixels[i * SIDE * SIDE..(i + 1) * SIDE * SIDE]
    }
    /// The first `n` images.
    pub fn first(mut self, n: usize) -> Images {
        self.pixels.truncate(n * SIDE * SIDE);
        self.labels.truncate(n);
        self
    }
}

/// Data that cannot be had or used, and why.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {what}", path.display())]
    Fault { path: PathBuf, what: String },
    #[error("unknown data set `{name}`; known: {}", SETS.iter().map(|set| set.id).collect::<Vec<_>>().join(", "))]
    Unknown { name: String },
    #[error("{set}: `{file}` is in none of {}; get it with `hypprec data fetch {set}{}`", folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", "), from(set))]
    Missing { set: &'static str, file: &'static str, folders: Vec<PathBuf> },
    #[error("--from {0}: no such file or folder, and no http:// or https:// address")]
    NoSuchSource(String),
    #[error("no few-shot set `{name}`: neither a folder nor one of {}", FEW_SHOT.join(", "))]
    NoFewShot { name: String },
    #[error("{set}: no folder `{set}` in {}; give --data or HYPPREC_DATA", root.display())]
    NoFolder { set: &'static str, root: PathBuf },
    #[error("{set}: no source gave `{file}`: {}", tried.join("; "))]
    NoSource { set: &'static str, file: &'static str, tried: Vec<String> },
}

/// What `data fetch` needs for a set that is published nowhere.
fn from(id: &str) -> &'static str {
    let is_published = |file: &sets::DataFile| !file.urls.is_empty() || file.package.is_some();
    match set(id).is_ok_and(|set| set.files.iter().all(is_published)) {
        true => "",
        false => " --from PLACE",
    }
}

impl DataError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DataError + use<> {
        let path = path.to_owned();
        move |source| DataError::Io { path, source }
    }
    fn fault(path: &Path, what: impl Into<String>) -> DataError {
        DataError::Fault { path: path.to_owned(), what: what.into() }
    }
}

/// Inputs of one split of a set, checked and read.
pub fn load(cache: &Cache, set: &DataSet, split: Split) -> Result<Images, DataError> {
    match set.layout {
        Layout::Embedded => sample(split),
        Layout::Idx => {
            let file = |kind: &str| cache.read(set, set.idx_file(split, kind)?);
            let (image_path, images) = file("images")?;
            let (label_path, labels) = file("labels")?;
            idx::images(&image_path, &images, &label_path, &labels, set.classes)
        }
        Layout::Omniglot => omniglot::read(&cache.locate(set, set.files[0].name)?),
    }
}

/// Images of the embedded sample that are for training; the rest are for testing.
const SAMPLE_TRAIN: usize = 400;
/// Ink in the embedded sample is 0 to this.
const SAMPLE_INK: u8 = 16;

/// The digits that are compiled in: 8×8 pixels enlarged to [`SIDE`].
fn sample(split: Split) -> Result<Images, DataError> {
    let name = |file: &str| PathBuf::from(format!("embedded {file}"));
    let (image_path, label_path) = (name("digits-images-idx3-ubyte.gz"), name("digits-labels-idx1-ubyte.gz"));
    let (images, labels) = (
        include_bytes!("sample/digits-images-idx3-ubyte.gz").as_slice(),
        include_bytes!("sample/digits-labels-idx1-ubyte.gz").as_slice(),
    );
    let images = idx::read(&image_path, images)?;
    let labels = idx::read(&label_path, labels)?;
    let side = images.shape[1];
    let range = match split {
        Split::Train => 0..SAMPLE_TRAIN,
        Split::Test => SAMPLE_TRAIN..images.shape[0],
    };
    let small = &images.bytes[range.start * side * side..range.end * side * side];
    let pixels = small
        .chunks(side * side)
        .flat_map(|image| {
            let ink: Vec<f32> = image.iter().map(|x| f32::from(*x) / f32::from(SAMPLE_INK)).collect();
            resize::bilinear(&ink, side, SIDE)
        })
        .collect();
    let labels = labels.bytes[range].iter().map(|label| u16::from(*label)).collect();
    Ok(Images { pixels, labels, classes: 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_sample_is_a_few_hundred_digits() {
        let (train, test) = (sample(Split::Train).unwrap(), sample(Split::Test).unwrap());
        assert_eq!((train.len(), test.len()), (400, 200));
        assert!((0..10).all(|digit| train.labels.contains(&digit) && test.labels.contains(&digit)));
        assert_eq!(train.pixels.len(), 400 * SIDE * SIDE);
        assert!(train.pixels.iter().any(|p| *p > 200) && train.pixels.contains(&0));
    }
}
