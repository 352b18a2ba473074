//! One run at a time in a folder: a lock that the system lets go when its process ends, however it ends.

use super::TableError;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The lock's file, there while a run has the folder.
const LOCK: &str = ".hypprec.lock";

/// A folder held for one run, until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: Option<File>,
}

impl Lock {
    /// Takes a folder; a lock that a dead process left is taken over. On a file system without locks it is taken as it is:
    /// what runs write there is named by what they measure, so that none reads another's.
    ///
    /// # Errors
    /// If another run has it, and who.
    pub fn take(folder: &Path) -> Result<Lock, TableError> {
        /// Times that a lock is tried whose file another run is just taking away.
        const TRIES: u32 = 100;
        let path = folder.join(LOCK);
        let io = |source| TableError::Io { path: path.clone(), source };
        for _ in 0..TRIES {
            let mut file =
                File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    let write = |file: &mut File| {
                        file.set_len(0)?;
                        writeln!(file, "process {}", std::process::id())
                    };
                    write(&mut file).map_err(io)?;
                    return Ok(Lock { path, _file: Some(file) });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut who = String::new();
                    let _ = file.read_to_string(&mut who);
                    let who = if who.trim().is_empty() { "another process" } else { who.trim() }.to_owned();
                    return Err(TableError::Busy { path: folder.to_owned(), who });
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Lock { path, _file: None });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
        Err(io(io::Error::other("it is taken away as often as it is made")))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still held: who opens it from now on finds that it is not there any more, and makes another.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the file that was locked is still the one of this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if same(&a, &b))
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_and_a_lock_that_was_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())) && !error.contains('\n'), "{error}");
        drop(held);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // The file of a process that was killed: nobody holds it.
        fs::write(folder.path().join(LOCK), "process 1\n").unwrap();
        drop(Lock::take(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
