//! Classes of images for few-shot learning: which image belongs to which class is known from the start, its pixels are decoded
//! when they are first asked for and kept, and what cannot be used is named.

use super::archive::Archive;
use super::{Cache, DataError, augment, folder, omniglot, picture};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// One part of a few-shot set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    pub const ALL: [Part; 3] = [Part::Train, Part::Validation, Part::Test];
    /// The names of its split file.
    fn files(self) -> &'static [&'static str] {
        match self {
            Part::Train => &["train"],
            Part::Validation => &["val", "validation"],
            Part::Test => &["test"],
        }
    }
}

/// Where an image lies.
#[derive(Clone, Debug)]
enum Place {
    Zip(Arc<Archive>, String),
    File(PathBuf),
}

impl Place {
    fn path(&self) -> PathBuf {
        match self {
            Place::Zip(archive, name) => archive.place(name),
            Place::File(path) => path.clone(),
        }
    }
}

/// What becomes of an image file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A drawing of Omniglot: one channel, ink white on black.
    Drawing,
    /// A photograph: three channels; cut to the box (left, top, width, height, in pixels) first.
    Photograph(Option<[f64; 4]>),
}

#[derive(Debug)]
struct Image {
    place: Place,
    kind: Kind,
    pixels: OnceLock<Box<[u8]>>,
}

/// Classes of images of one size.
#[derive(Debug)]
pub struct Classes {
    pub side: usize,
    pub channels: usize,
    /// Mean and standard deviation of each channel (0 to 1), by which pixels are normalised.
    pub normal: Vec<(f32, f32)>,
    /// Quarter turns that make a class of their own: 1 or 4.
    turns: usize,
    names: Vec<String>,
    members: Vec<Vec<Image>>,
}

/// An image of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    pub class: usize,
    pub member: usize,
}

/// Quarter turns of a square.
const QUARTERS: usize = 4;
/// The brightest pixel.
const WHITE: f32 = 255.0;

impl Classes {
    /// Classes, turned ones included: class k·turns + q is class k by q quarter turns.
    pub fn len(&self) -> usize {
        self.members.len() * self.turns
    }
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
    /// Images of a class.
    pub fn count(&self, class: usize) -> usize {
        self.members[class / self.turns].len()
    }
    pub fn name(&self, class: usize) -> String {
        let (name, turn) = (&self.names[class / self.turns], class % self.turns);
        if self.turns == 1 { name.clone() } else { format!("{name}/{}°", 360 / QUARTERS * turn) }
    }
    /// All images, class by class, and where each class begins.
    pub fn items(&self) -> (Vec<Item>, Vec<usize>) {
        let (mut items, mut starts) = (Vec::new(), Vec::new());
        for class in 0..self.len() {
            starts.push(items.len());
            items.extend((0..self.count(class)).map(|member| Item { class, member }));
        }
        (items, starts)
    }
    /// Numbers of an image.
    pub fn area(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// The pixels of an image, `[channels, side, side]`, as they lie in its file: not turned.
    fn pixels(&self, item: Item) -> Result<&[u8], DataError> {
        let image = &self.members[item.class / self.turns][item.member];
        if let Some(pixels) = image.pixels.get() {
            return Ok(pixels);
        }
        let pixels = self.decode(image)?.into_boxed_slice();
        Ok(image.pixels.get_or_init(|| pixels))
    }
    fn decode(&self, image: &Image) -> Result<Vec<u8>, DataError> {
        let path = image.place.path();
        let read;
        let bytes = match &image.place {
            Place::Zip(archive, name) => archive.read(name)?,
            Place::File(file) => {
                read = super::read_file(file)?;
                read.as_slice().into()
            }
        };
        match image.kind {
            Kind::Drawing => omniglot::drawing(&path, &bytes, self.side),
            Kind::Photograph(cut) => picture::square(&path, &bytes, self.side, cut),
        }
    }
    /// The pixels of an image as it is seen, turned where its class is: `[channels, side, side]`.
    pub fn picture(&self, item: Item) -> Result<Vec<u8>, DataError> {
        let (pixels, turn) = (self.pixels(item)?, item.class % self.turns);
        let plane = |plane: &[u8]| (0..plane.len()).map(|i| plane[turned(i, self.side, turn)]).collect::<Vec<u8>>();
        Ok(pixels.chunks_exact(self.side * self.side).flat_map(plane).collect())
    }
    /// The images' numbers, normalised, `[items, channels, side, side]`.
    pub fn batch(&self, items: &[Item]) -> Result<Vec<f32>, DataError> {
        self.batch_as(items, Augment::Nothing)
    }
    /// The same of images as they are seen.
    pub fn batch_as(&self, items: &[Item], augment: Augment) -> Result<Vec<f32>, DataError> {
        let mut numbers = vec![0.0f32; items.len() * self.area()];
        let filled = numbers.par_chunks_mut(self.area()).zip(items).enumerate().map(|(place, (to, item))| {
            let pixels = augment.seen(self.pixels(*item)?, self.side, place);
            let (turn, plane) = (item.class % self.turns, self.side * self.side);
            for ((to, from), (mean, deviation)) in
                to.chunks_exact_mut(plane).zip(pixels.chunks_exact(plane)).zip(&self.normal)
            {
                for (i, to) in to.iter_mut().enumerate() {
                    let pixel = from[turned(i, self.side, turn)];
                    *to = (f32::from(pixel) / WHITE - mean) / deviation;
                }
            }
            Ok(())
        });
        filled.collect::<Result<Vec<()>, DataError>>()?;
        Ok(numbers)
    }
    /// Decodes every image and says which cannot be.
    pub fn check(&self) -> Vec<DataError> {
        let images: Vec<&Image> = self.members.iter().flatten().collect();
        images.par_iter().filter_map(|image| self.decode(image).err()).collect()
    }
    /// Whether episodes of so many classes with so many images each can be drawn.
    pub fn suffices(&self, way: usize, images: usize, place: &Path) -> Result<(), DataError> {
        if way > self.len() {
            let what = format!("{} classes where an episode has {way}", self.len());
            return Err(DataError::fault(place, what));
        }
        let short = self.names.iter().zip(&self.members).filter(|(_, members)| members.len() < images);
        let short: Vec<String> = short.map(|(name, members)| format!("`{name}` has {}", members.len())).collect();
        match short.first() {
            None => Ok(()),
            Some(first) => {
                let what = format!(
                    "{} of {} classes have fewer than the {images} images that an episode takes: first {first}",
                    short.len(),
                    self.names.len()
                );
                Err(DataError::fault(place, what))
            }
        }
    }

    fn of(side: usize, look: &Look, turns: usize, classes: BTreeMap<String, Vec<(Place, Kind)>>) -> Classes {
        let image = |(place, kind)| Image { place, kind, pixels: OnceLock::new() };
        let (names, members): (Vec<_>, Vec<_>) =
            classes.into_iter().map(|(name, images)| (name, images.into_iter().map(image).collect())).unzip();
        Classes { side, channels: look.normal.len(), normal: look.normal.to_vec(), turns, names, members }
    }
}

/// The place in an unturned square of the pixel that a square, turned by so many quarters against the clock, has at `i`.
fn turned(i: usize, side: usize, quarters: usize) -> usize {
    let (y, x) = (i / side, i % side);
    let last = side - 1;
    let (y, x) = match quarters {
        0 => (y, x),
        1 => (x, last - y),
        2 => (last - y, last - x),
        _ => (last - x, y),
    };
    y * side + x
}

/// What becomes of images on their way to a backbone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Augment {
    Nothing,
    /// Another part, other colours, perhaps mirrored, by a seed and the number of an episode.
    Training {
        seed: u64,
        episode: u64,
    },
    /// The middle.
    Test,
}

impl Augment {
    /// The pixels of the `place`-th image of a batch.
    fn seen(self, pixels: &[u8], side: usize, place: usize) -> Cow<'_, [u8]> {
        match self {
            Augment::Nothing => pixels.into(),
            Augment::Training { seed, episode } => {
                augment::augmented(pixels, side, &mut augment::Draw::new(seed, episode, place)).into()
            }
            Augment::Test => augment::middle(pixels, side).into(),
        }
    }
}

/// How pixels are normalised.
struct Look {
    normal: &'static [(f32, f32)],
}
/// Ink from 0 to 1, as Snell et al. (2017) take Omniglot.
const INK: Look = Look { normal: &[(0.0, 1.0)] };
/// ImageNet's mean and standard deviation, as the released code has them.
const PHOTOGRAPHS: Look = Look { normal: &[(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)] };

/// The few-shot sets that are known by name; any other name is a folder of classes.
pub const FEW_SHOT: &[&str] = &["omniglot", "mini-imagenet", "cub"];
/// The splits of Omniglot.
pub const OMNIGLOT_SPLITS: &[&str] = &["shuffled", "background"];

/// Characters of Omniglot for training, validation and testing: Vinyals et al. (2016) have 1,200 for the first two.
const OMNIGLOT_PARTS: [usize; 2] = [1028, 172];
/// Of the shuffle of Omniglot's characters; fixed, so that every run of every version has the same split.
const OMNIGLOT_SEED: u64 = 1623;

/// One part of a few-shot set: of Omniglot by its split, of miniImageNet and CUB by the split files beside them, of a folder of
/// classes by its subfolders `train`, `val` and `test`, or by split files beside a folder `images`.
pub fn classes(cache: &Cache, dataset: &str, split: &str, part: Part, side: usize) -> Result<Classes, DataError> {
    match dataset {
        "omniglot" => omniglot_part(cache, split, part, side),
        "mini-imagenet" => listed(&cache.place("mini-imagenet")?, part, side),
        "cub" => cub(&cache.place("cub-200-2011")?, &cache.place("splits")?, part, side),
        other => {
            let root = Path::new(other);
            if !root.is_dir() {
                return Err(DataError::NoFewShot { name: other.to_owned() });
            }
            any_folder(root, part, side)
        }
    }
}

fn omniglot_part(cache: &Cache, split: &str, part: Part, side: usize) -> Result<Classes, DataError> {
    let root = cache.place("omniglot")?;
    let mut halves = Vec::new();
    for half in ["images_background", "images_evaluation"] {
        let (zip, plain) = (root.join(format!("{half}.zip")), root.join(half));
        halves.push(drawings(if zip.exists() || !plain.exists() { &zip } else { &plain })?);
    }
    // By name alone, whichever half a character comes from: alphabets do not repeat.
    let shuffle = |mut names: Vec<String>| {
        let mut random = ChaCha8Rng::seed_from_u64(OMNIGLOT_SEED);
        for i in (1..names.len()).rev() {
            names.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
        }
        names
    };
    let names = |half: &BTreeMap<String, Vec<(Place, Kind)>>| half.keys().cloned().collect::<Vec<_>>();
    let [train, validation] = OMNIGLOT_PARTS;
    let chosen: Vec<String> = match split {
        "shuffled" => {
            let mut all = names(&halves[0]);
            all.extend(names(&halves[1]));
            all.sort();
            let all = shuffle(all);
            let least = train + validation + 1;
            if all.len() < least {
                let what = format!("{} characters where the split has at least {least}", all.len());
                return Err(DataError::fault(&root, what));
            }
            match part {
                Part::Train => all[..train].to_vec(),
                Part::Validation => all[train..train + validation].to_vec(),
                Part::Test => all[train + validation..].to_vec(),
            }
        }
        "background" => {
            let background = shuffle(names(&halves[0]));
            let held = validation.min(background.len() / 2);
            match part {
                Part::Train => background[held..].to_vec(),
                Part::Validation => background[..held].to_vec(),
                Part::Test => names(&halves[1]),
            }
        }
        other => {
            let what = format!("unknown split `{other}`; known: {}", OMNIGLOT_SPLITS.join(", "));
            return Err(DataError::fault(&root, what));
        }
    };
    let mut all: BTreeMap<String, Vec<(Place, Kind)>> = halves.into_iter().flatten().collect();
    let chosen = chosen.into_iter().filter_map(|name| all.remove_entry(&name)).collect();
    Ok(Classes::of(side, &INK, QUARTERS, chosen))
}

/// What names the drawings of a one-shot run: a line a test, `runNN/test/item.png runNN/training/class.png`.
const RUN_LABELS: &str = "/class_labels.txt";

/// Omniglot's twenty published one-shot runs (Lake et al. 2015), from all_runs.zip: a class for each class of each run,
/// `runNN/classNN`, whose first image is the one that is learned from and whose others are asked.
pub fn omniglot_runs(cache: &Cache, side: usize) -> Result<Classes, DataError> {
    let path = cache.place("omniglot")?.join("all_runs.zip");
    let archive = Arc::new(Archive::open(&path)?);
    let mut classes: BTreeMap<String, Vec<(Place, Kind)>> = BTreeMap::new();
    for labels in archive.names().filter(|name| name.ends_with(RUN_LABELS)) {
        let place = archive.place(labels);
        let text = archive.read(labels)?;
        for (i, line) in String::from_utf8_lossy(&text).lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
        {
            let bad = |what: &str| DataError::fault(&place, format!("line {}: {what}", i + 1));
            let [item, known] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                return Err(bad(&format!("`{line}` is not `TEST TRAINING`")));
            };
            if let Some(missing) = [item, known].into_iter().find(|name| !archive.holds(name)) {
                return Err(bad(&format!("no `{missing}` in the archive")));
            }
            let image = |name: &str| (Place::Zip(archive.clone(), name.to_owned()), Kind::Drawing);
            let class = known.replace("/training", "").replace(".png", "");
            classes.entry(class).or_insert_with(|| vec![image(known)]).push(image(item));
        }
    }
    match classes.is_empty() {
        true => Err(DataError::fault(&path, "no `runNN/class_labels.txt` in it")),
        false => Ok(Classes::of(side, &INK, 1, classes)),
    }
}

/// Drawings by character, `Alphabet/characterNN`, of a zip or a folder.
fn drawings(path: &Path) -> Result<BTreeMap<String, Vec<(Place, Kind)>>, DataError> {
    let mut classes: BTreeMap<String, Vec<(Place, Kind)>> = BTreeMap::new();
    let mut add = |name: &str, place: Place| {
        if omniglot::is_drawing(name) {
            let character = omniglot::character(name);
            let short = character.rsplit('/').take(2).collect::<Vec<_>>();
            let short = short.into_iter().rev().collect::<Vec<_>>().join("/");
            classes.entry(short).or_default().push((place, Kind::Drawing));
        }
    };
    if path.is_dir() {
        let mut files = Vec::new();
        folder::walk(path, &mut files)?;
        files.sort();
        files.into_iter().for_each(|file| add(&file.to_string_lossy().replace('\\', "/"), Place::File(file)));
    } else {
        let archive = Arc::new(Archive::open(path)?);
        archive.names().for_each(|name| add(name, Place::Zip(archive.clone(), name.to_owned())));
    }
    if classes.is_empty() {
        return Err(DataError::fault(path, "no `characterNN/NNNN_NN.png` in it"));
    }
    Ok(classes)
}

/// The rows `filename,label` of a split file; further columns do not count.
fn split_rows(path: &Path) -> Result<Vec<(usize, String, String)>, DataError> {
    let text = crate::table::read_text(path).map_err(DataError::io(path))?;
    let mut rows = Vec::new();
    for (i, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let mut fields = line.split(',').map(str::trim);
        match (fields.next(), fields.next()) {
            (Some(file), Some(label)) if !file.is_empty() && !label.is_empty() => {
                rows.push((i + 1, file.to_owned(), label.to_owned()));
            }
            _ => return Err(DataError::fault(path, format!("line {}: `{line}` is not `filename,label`", i + 1))),
        }
    }
    if rows.is_empty() {
        return Err(DataError::fault(path, "no rows `filename,label` in it"));
    }
    Ok(rows)
}

/// The split file of a part in a folder.
fn split_file(root: &Path, prefix: &str, part: Part) -> PathBuf {
    let candidates = part.files().iter().map(|name| root.join(format!("{prefix}{name}.csv")));
    let first = root.join(format!("{prefix}{}.csv", part.files()[0]));
    candidates.into_iter().find(|path| path.exists()).unwrap_or(first)
}

/// A set in the layout of miniImageNet: `train.csv` (Ravi & Larochelle 2017) beside `train.zip`, `images.zip` or `images/`.
fn listed(root: &Path, part: Part, side: usize) -> Result<Classes, DataError> {
    let list = split_file(root, "", part);
    let rows = split_rows(&list)?;
    let zips = part.files().iter().chain(&["images"]).map(|name| root.join(format!("{name}.zip")));
    let zip = zips.into_iter().find(|path| path.exists());
    let archive = zip.map(|path| Archive::open(&path).map(Arc::new)).transpose()?;
    let mut classes: BTreeMap<String, Vec<(Place, Kind)>> = BTreeMap::new();
    for (line, file, label) in rows {
        let names = [format!("images/{file}"), file.clone(), format!("{label}/{file}")];
        let place = match &archive {
            Some(archive) => {
                let name = names.iter().find(|name| archive.holds(name));
                name.map(|name| Place::Zip(archive.clone(), name.clone()))
            }
            None => names.iter().map(|name| root.join(name)).find(|path| path.exists()).map(Place::File),
        };
        let place =
            place.ok_or_else(|| DataError::fault(&list, format!("line {line}: no image `{file}` beside it")))?;
        classes.entry(label).or_default().push((place, Kind::Photograph(None)));
    }
    Ok(Classes::of(side, &PHOTOGRAPHS, 1, classes))
}

/// CUB-200-2011 in its official layout (`images.txt`, `bounding_boxes.txt`, `images/`), cut to its boxes, and its few-shot
/// classes from `cub_train.csv`, `cub_val.csv`, `cub_test.csv` (or `train.csv`, …): the label of a row is the class.
fn cub(root: &Path, splits: &Path, part: Part, side: usize) -> Result<Classes, DataError> {
    let list = [root, splits]
        .iter()
        .flat_map(|folder| [split_file(folder, "cub_", part), split_file(folder, "", part)])
        .find(|path| path.exists())
        .unwrap_or_else(|| split_file(splits, "cub_", part));
    let labels: std::collections::BTreeSet<String> =
        split_rows(&list)?.into_iter().map(|(_, _, label)| label.to_lowercase()).collect();
    let table = |name: &str| -> Result<Vec<(String, Vec<String>)>, DataError> {
        let path = root.join(name);
        let text = crate::table::read_text(&path).map_err(DataError::io(&path))?;
        let row = |(i, line): (usize, &str)| {
            let mut fields = line.split_whitespace().map(str::to_owned);
            let id = fields.next().ok_or_else(|| DataError::fault(&path, format!("line {}: empty", i + 1)))?;
            Ok((id, fields.collect()))
        };
        text.lines().enumerate().map(row).collect()
    };
    let boxes_path = root.join("bounding_boxes.txt");
    let mut boxes = BTreeMap::new();
    for (i, (id, numbers)) in table("bounding_boxes.txt")?.into_iter().enumerate() {
        let parsed: Vec<f64> = numbers.iter().filter_map(|x| x.parse().ok()).filter(|x: &f64| x.is_finite()).collect();
        let cut: Result<[f64; 4], _> = parsed.try_into();
        let cut =
            cut.map_err(|_| DataError::fault(&boxes_path, format!("line {}: not `id left top width height`", i + 1)))?;
        boxes.insert(id, cut);
    }
    let mut classes: BTreeMap<String, Vec<(Place, Kind)>> = BTreeMap::new();
    for (i, (id, fields)) in table("images.txt")?.into_iter().enumerate() {
        let line = |what: &str| DataError::fault(&root.join("images.txt"), format!("line {}: {what}", i + 1));
        let name = fields.first().ok_or_else(|| line("not `id file`"))?;
        let class = name.split('/').next().unwrap_or_default();
        if labels.contains(&class.to_lowercase()) {
            let cut = *boxes.get(&id).ok_or_else(|| line("no bounding box of this image"))?;
            let file = root.join("images").join(name);
            if !file.exists() {
                return Err(line(&format!("no image `{}`", file.display())));
            }
            classes.entry(class.to_owned()).or_default().push((Place::File(file), Kind::Photograph(Some(cut))));
        }
    }
    let found: std::collections::BTreeSet<String> = classes.keys().map(|name| name.to_lowercase()).collect();
    if let Some(missing) = labels.difference(&found).next() {
        return Err(DataError::fault(&list, format!("class `{missing}` is not in images.txt")));
    }
    Ok(Classes::of(side, &PHOTOGRAPHS, 1, classes))
}

fn any_folder(root: &Path, part: Part, side: usize) -> Result<Classes, DataError> {
    let parted = part.files().iter().map(|name| root.join(name)).find(|path| path.is_dir());
    let Some(folder) = parted else { return listed(root, part, side) };
    let mut classes: BTreeMap<String, Vec<(Place, Kind)>> = BTreeMap::new();
    let mut files = Vec::new();
    folder::walk(&folder, &mut files)?;
    files.sort();
    for file in files {
        let inside = file.strip_prefix(&folder).unwrap_or(&file);
        if let Some(class) = inside.parent().filter(|class| !class.as_os_str().is_empty()) {
            let class = class.to_string_lossy().into_owned();
            classes.entry(class).or_default().push((Place::File(file), Kind::Photograph(None)));
        }
    }
    if classes.is_empty() {
        return Err(DataError::fault(&folder, "no `CLASS/IMAGE` in it"));
    }
    Ok(Classes::of(side, &PHOTOGRAPHS, 1, classes))
}
