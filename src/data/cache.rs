//! Where sets lie on this machine, and whether what lies there is what was published.

use super::idx::unpacked;
use super::sets::{DataFile, DataSet, Layout};
use super::{DataError, omniglot};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The environment variable that names the folder of the sets.
pub const VARIABLE: &str = "HYPPREC_DATA";

/// The folder of the sets; a set's files lie in it, in `SET/` or in `SET-test/`.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// What a check of one file found.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Sound(PathBuf),
    Missing,
    Corrupt(PathBuf, String),
}

impl Cache {
    /// The folder given, else the one that HYPPREC_DATA names, else the platform's cache.
    pub fn new(given: Option<&Path>) -> Cache {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        Cache { root: given.map(Path::to_owned).or(variable).unwrap_or_else(platform) }
    }
    /// Where fetched files of a set go.
    pub fn folder(&self, set: &DataSet) -> PathBuf {
        self.root.join(set.id)
    }
    /// The folder of a few-shot set.
    pub fn place(&self, set: &'static str) -> Result<PathBuf, DataError> {
        let folder = self.root.join(set);
        match folder.is_dir() {
            true => Ok(folder),
            false => Err(DataError::NoFolder { set, root: self.root.clone() }),
        }
    }
    fn folders(&self, set: &DataSet) -> Vec<PathBuf> {
        vec![self.folder(set), self.root.join(format!("{}-test", set.id)), self.root.clone()]
    }
    /// The path of a file of a set, plain or packed.
    pub fn locate(&self, set: &DataSet, name: &'static str) -> Result<PathBuf, DataError> {
        let folders = self.folders(set);
        let candidates = folders.iter().flat_map(|folder| spellings(name).map(|n| folder.join(n)));
        let found = candidates.into_iter().find(|path| path.exists());
        found.ok_or(DataError::Missing { set: set.id, file: name, folders })
    }
    /// The unpacked bytes of a file, checked against its checksum.
    pub(super) fn read(&self, set: &DataSet, file: &DataFile) -> Result<(PathBuf, Vec<u8>), DataError> {
        let path = self.locate(set, file.name)?;
        let bytes = checked(file, &path)?;
        Ok((path, bytes))
    }
    /// Checks one file of a set.
    pub fn verify(&self, set: &DataSet, file: &DataFile) -> Verdict {
        let Ok(path) = self.locate(set, file.name) else { return Verdict::Missing };
        match sound(set, file, &path) {
            Ok(()) => Verdict::Sound(path),
            Err(error) => Verdict::Corrupt(path, error.to_string()),
        }
    }
}

/// Names under which a file may lie: as it is, packed, or (a zip) unpacked into a folder.
pub(super) fn spellings(name: &str) -> [String; 3] {
    [name.to_owned(), format!("{name}.gz"), name.trim_end_matches(".zip").to_owned()]
}

/// Whether a file at a path is the file of the set.
pub(super) fn sound(set: &DataSet, file: &DataFile, path: &Path) -> Result<(), DataError> {
    match set.layout {
        Layout::Omniglot => {
            let images = omniglot::read(path)?;
            match images.classes == set.classes && images.len() == DRAWERS * set.classes {
                true => Ok(()),
                false => {
                    let what = format!("{} drawings of {} characters", images.len(), images.classes);
                    Err(DataError::fault(
                        path,
                        format!("{what} where there should be {DRAWERS} of each of {}", set.classes),
                    ))
                }
            }
        }
        _ => checked(file, path).map(drop),
    }
}

/// Drawings of each character of Omniglot.
const DRAWERS: usize = 20;

fn checked(file: &DataFile, path: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = unpacked(path, super::read_file(path)?)?;
    if let Some(expected) = file.sha256 {
        let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if found != expected {
            let what = format!("sha256 {found} where the published file has {expected}");
            return Err(DataError::fault(path, what));
        }
    }
    Ok(bytes)
}

fn platform() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || variable("HOME").unwrap_or_else(|| PathBuf::from("."));
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA").unwrap_or_else(home)
    } else if cfg!(target_os = "macos") {
        home().join("Library/Caches")
    } else {
        variable("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache"))
    };
    base.join("hypprec").join("data")
}
