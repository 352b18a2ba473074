//! A file is there whole or not at all: written beside its place under a lock, flushed to the disk and renamed.

use super::TableError;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What the name of an unfinished file ends with, after the name it is to have and the number of its process.
const TEMPORARY: &str = "tmp";
/// Links that are followed to where a file is to be: as many as Linux does, beyond which they go in a circle.
const MOST_LINKS: usize = 40;

/// Writes a file beside its place, flushes it to the disk and renames it: it is there whole or not at all. Through a link
/// the file that it points to is written, there yet or not; a device or a pipe, which nothing can replace, is written to as
/// it is. What a killed run left of the same file is removed.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), TableError> {
    let io = |source| TableError::Io { path: path.to_owned(), source };
    if is_stream(path) {
        let mut out = File::options().write(true).open(path).map_err(io)?;
        return write(&mut out).and_then(|()| out.flush()).map_err(io);
    }
    let attempt = || -> io::Result<()> {
        let place = destination(path)?;
        tidy(&place);
        whole(&place, write)
    };
    attempt().map_err(io)
}

/// As [`write_atomic`], for one of many files of a folder of our own: nothing is looked for but the file itself.
pub fn write_part(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), TableError> {
    whole(path, write).map_err(TableError::io(path))
}

/// Makes a file by a program that takes a path: it is given one beside the place, with the same extension, which is renamed
/// when it has done.
pub fn make_atomic<E: From<TableError>>(path: &Path, make: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let io = |source| E::from(TableError::Io { path: path.to_owned(), source });
    let place = destination(path).map_err(io)?;
    tidy(&place);
    let beside = Beside::new(&place, place.extension()).map_err(io)?;
    make(&beside.path)?;
    beside.rename().map_err(io)
}

/// Whether a file can be written here, found out before there is anything to write.
///
/// # Errors
/// If its folder is not there or may not be written to, or the place is a folder's.
pub fn writable(path: &Path) -> Result<(), TableError> {
    let attempt = || -> io::Result<()> {
        if is_stream(path) {
            return File::options().write(true).open(path).map(drop);
        }
        let place = destination(path)?;
        if place.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Beside::new(&place, None).map(drop)
    };
    attempt().map_err(TableError::io(path))
}

fn whole(place: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let beside = Beside::new(place, None)?;
    let mut out = BufWriter::new(&beside.file);
    write(&mut out)?;
    out.flush()?;
    drop(out);
    beside.file.sync_all()?;
    beside.rename()
}

/// Whether it is there and neither a file nor a folder.
fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Where a file of this path is, or will be, once its links have been followed.
fn destination(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&place) {
            // A relative link is read from where it stands.
            Ok(to) => place = place.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("too many levels of links"))
}

/// A file that is being written, beside the place where it will be; removed unless it gets there. A lock says that its
/// process is alive.
struct Beside {
    place: PathBuf,
    path: PathBuf,
    file: File,
    arrived: bool,
}

impl Beside {
    fn new(place: &Path, extension: Option<&OsStr>) -> io::Result<Beside> {
        /// Names that are tried: a killed process of the same number may have left the first.
        const TRIES: u32 = 100;
        let Some(name) = place.file_name() else { return Err(io::Error::from(io::ErrorKind::IsADirectory)) };
        let mut last = None;
        for i in 0..TRIES {
            let path = place.with_file_name(temporary(name, i, extension));
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    // Another process may just have taken it for one that was left; where nothing can be locked none does.
                    let taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
                    if !taken && path.exists() {
                        return Ok(Beside { place: place.to_owned(), path, file, arrived: false });
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists)))
    }

    fn rename(mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)?;
        self.arrived = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.arrived {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// NAME.PID.tmp, with the number of a further try after the process's, and an extension where one matters.
fn temporary(name: &OsStr, i: u32, extension: Option<&OsStr>) -> OsString {
    let mut name = name.to_owned();
    let again = if i == 0 { String::new() } else { format!("-{i}") };
    name.push(format!(".{}{again}.{TEMPORARY}", std::process::id()));
    if let Some(extension) = extension {
        name.push(".");
        name.push(extension);
    }
    name
}

/// Whether `found` is what a process called its unfinished file of this name.
fn is_temporary(found: &OsStr, name: &OsStr) -> bool {
    let (Some(found), Some(name)) = (found.to_str(), name.to_str()) else { return false };
    let Some(rest) = found.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else { return false };
    let mut parts = rest.splitn(3, '.');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    parts.next().is_some_and(is_number) && parts.next() == Some(TEMPORARY)
}

/// Removes what killed runs left of a file: unfinished ones that no process holds a lock on. What cannot be read or locked
/// stays.
fn tidy(place: &Path) {
    let (Some(name), Some(folder)) = (place.file_name(), place.parent()) else { return };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_temporary(&entry.file_name(), name)) {
        let path = entry.path();
        if File::options().write(true).open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        write_atomic(&path, |_| Err(io::Error::other("full"))).unwrap_err();
        writable(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn what_a_killed_run_left_of_a_file_is_removed_and_what_a_living_one_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["x.csv.123.tmp", "x.csv.123-1.tmp", "y.csv.123.tmp", "x.csv.tmp", "x.csv.1a.tmp", "x.csv.7.tmp"] {
            fs::write(at(name), "cut").unwrap();
        }
        let alive = File::options().write(true).open(at("x.csv.7.tmp")).unwrap();
        alive.try_lock().unwrap();
        write_atomic(&at("x.csv"), |out| out.write_all(b"new")).unwrap();
        assert_eq!(names(folder.path()), ["x.csv", "x.csv.1a.tmp", "x.csv.7.tmp", "x.csv.tmp", "y.csv.123.tmp"]);
    }

    #[test]
    fn what_a_process_of_the_same_number_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(folder.path().join(temporary(OsStr::new("x.csv"), 0, None)), "cut").unwrap();
        write_part(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_its_file_is_written_whether_or_not_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("x.csv"), "old").unwrap();
        let links = [("x.csv", "link"), ("nothing.csv", "dangling"), ("dangling2", "twice"), ("end.csv", "dangling2")];
        for (to, link) in links {
            std::os::unix::fs::symlink(to, at(link)).unwrap();
        }
        for (link, file) in [("link", "x.csv"), ("dangling", "nothing.csv"), ("twice", "end.csv")] {
            writable(&at(link)).unwrap();
            write_atomic(&at(link), |out| out.write_all(b"new")).unwrap();
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
            assert!(!fs::symlink_metadata(at(file)).unwrap().is_symlink(), "{file}");
            assert_eq!(fs::read_to_string(at(file)).unwrap(), "new");
        }
        std::os::unix::fs::symlink("circle", at("circle")).unwrap();
        let error = write_atomic(&at("circle"), |_| Ok(())).unwrap_err().to_string();
        assert!(error.ends_with("too many levels of links"), "{error}");
    }

    #[test]
    fn what_cannot_be_written_is_known_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| writable(path).unwrap_err().to_string();
        assert!(error(folder.path()).starts_with(&folder.path().display().to_string()));
        assert!(error(&folder.path().join("nowhere/x.csv")).contains("nowhere/x.csv: "));
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
