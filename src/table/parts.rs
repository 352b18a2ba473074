//! Finished pieces of a run on disk, each with its number of rows and a checksum, under the fingerprint of what they belong
//! to: a killed run loses the piece that it was at, and no run takes another's.

use super::{TableError, fingerprint, write_part};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the pieces of all runs, inside their output folder.
const PARTS: &str = ".parts";

/// The pieces of one run.
#[derive(Clone, Debug)]
pub struct Parts {
    folder: PathBuf,
}

/// What can be wrong with the pieces that are there.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{}: the parts kept there belong to another study, version or choice of cells; run without --resume to start anew", .0.display())]
    Foreign(PathBuf),
}

impl Parts {
    /// The pieces of the run that `identity` tells from all others, in its output folder: those that are there, if it
    /// resumes, and else none.
    ///
    /// # Errors
    /// If it is to resume and what is there is another's.
    pub fn open(folder: &Path, identity: &str, resume: bool) -> Result<Parts, PartsError> {
        let (all, own) = (folder.join(PARTS), Self::place(folder, identity));
        if all.exists() && !(resume && own.is_dir()) {
            // Without any it is that of a run that was killed before it had measured anything.
            if resume && fs::read_dir(&all).map_err(TableError::io(&all))?.next().is_some() {
                return Err(PartsError::Foreign(all));
            }
            fs::remove_dir_all(&all).map_err(TableError::io(&all))?;
        }
        fs::create_dir_all(&own).map_err(TableError::io(&own))?;
        Ok(Parts { folder: own })
    }

    /// Whether a run with this identity was stopped in the folder before it was done.
    pub fn are_begun(folder: &Path, identity: &str) -> bool {
        Self::place(folder, identity).is_dir()
    }

    /// Forgets all pieces of a run whose tables have been written.
    pub fn forget(folder: &Path) -> Result<(), TableError> {
        let all = folder.join(PARTS);
        fs::remove_dir_all(&all).map_err(TableError::io(&all))
    }

    fn place(folder: &Path, identity: &str) -> PathBuf {
        folder.join(PARTS).join(fingerprint(identity.as_bytes()))
    }

    fn path(&self, piece: u64) -> PathBuf {
        self.folder.join(format!("{piece:06}.csv"))
    }

    /// The rows of a piece, each a line, as they were written; `None` where they are not there or not whole.
    pub fn read(&self, piece: u64) -> Option<String> {
        let mut text = fs::read_to_string(self.path(piece)).ok()?;
        let length = part_rows(&text, piece)?.len();
        text.truncate(length);
        Some(text)
    }

    /// Keeps the rows of a piece.
    pub fn write(&self, piece: u64, rows: &str) -> Result<(), TableError> {
        write_part(&self.path(piece), |out| {
            out.write_all(rows.as_bytes())?;
            out.write_all(trailer(piece, rows).as_bytes())
        })
    }
}

/// The rows of the text of a piece; `None` where it is not whole or another's.
pub fn part_rows(text: &str, piece: u64) -> Option<&str> {
    let length = text.strip_suffix('\n')?.rfind('\n').map_or(0, |at| at + 1);
    (text[length..] == trailer(piece, &text[..length])).then_some(&text[..length])
}

/// The last line, without which the rows are not whole, and which no other piece has.
fn trailer(piece: u64, rows: &str) -> String {
    let (count, checksum) = (rows.matches('\n').count(), fingerprint(rows.as_bytes()));
    format!("# part {piece}: {count} rows, checksum {checksum}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::open(folder.path(), "a", false).unwrap();
        let rows = "1,a\n2,b\n";
        assert_eq!(parts.read(0), None);
        parts.write(0, rows).unwrap();
        parts.write(1, "").unwrap();
        assert_eq!((parts.read(0).as_deref(), parts.read(1).as_deref()), (Some(rows), Some("")));
        let whole = fs::read(parts.path(0)).unwrap();
        for end in 0..whole.len() {
            fs::write(parts.path(0), &whole[..end]).unwrap();
            assert_eq!(parts.read(0), None, "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(parts.path(0), damaged).unwrap();
            assert_eq!(parts.read(0), None, "changed at {at}");
        }
        // Whole, but of another piece.
        fs::write(parts.path(1), whole).unwrap();
        assert_eq!(parts.read(1), None);
    }

    #[test]
    fn pieces_are_taken_by_a_run_that_resumes_and_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let open = |identity: &str, resume: bool| Parts::open(folder.path(), identity, resume);
        open("a", false).unwrap().write(3, "1\n").unwrap();
        assert!(Parts::are_begun(folder.path(), "a") && !Parts::are_begun(folder.path(), "b"));
        assert!(matches!(open("b", true), Err(PartsError::Foreign(_))));
        assert_eq!(open("a", true).unwrap().read(3).as_deref(), Some("1\n"));
        assert_eq!(open("a", false).unwrap().read(3), None);
        assert_eq!(open("b", false).unwrap().read(3), None);
        assert!(!Parts::are_begun(folder.path(), "a"));
    }
}
