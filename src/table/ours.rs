//! What hypprec wrote says so itself: in the lines of its provenance, in a generator's mark, in a comment. Nothing else is
//! replaced unless that is asked for.

use super::{Lock, Provenance, TableError, writable, write_atomic};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What every page says in its head.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"hypprec\">";
/// The last line of a Markdown page that links others: it has no provenance of its own.
pub const MARKDOWN_MARK: &str = "<!-- written by hypprec -->";
/// The first line of a study that a sweep keeps beside its tables.
pub const STUDY_MARK: &str = "# The study, as it was when hypprec measured it.\n";

/// How pages and lists of pages began before they bore a mark: their style, their title.
const UNMARKED_HTML: &str = ":root { color-scheme: light dark; --ink: #1d2430";
const UNMARKED_LIST: &str = "# Reports\n\n- [";
/// How the tables begin that say nowhere where they come from: embeddings of a network, and what its run keeps to go on from.
const UNMARKED_TABLES: [&str; 3] = [
    "c,x,label,predicted,d0,confidence",
    "epoch,train_loss,train_accuracy,test_loss,test_accuracy,c,",
    "epoch,seconds",
];
/// What is in the metadata of a checkpoint of ours, which stands in the JSON that a safetensors file begins with.
const CHECKPOINT_MARK: &str = "\"__metadata__\":{\"hypprec\":";
/// How much of a file is looked at: every mark stands in its first lines, and a command can be long.
const HEAD: u64 = 1 << 16;

/// A page in its two forms.
pub const PAGE: [&str; 2] = ["index.html", "README.md"];
/// The folder of its plots.
const PLOTS: &str = "plots";

/// Takes the folder of a run, made where it is not there, and finds out, before anything is measured, whether it can be written to: that each of `files`
/// can be, and that what is there already is ours or may be replaced. The plots of a page are ours if anything beside them is.
///
/// # Errors
/// The first file that stands in the way, or the run that has the folder.
pub fn claim(folder: &Path, files: &[&str], force: bool) -> Result<Claim, TableError> {
    let made = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let mut claim = Claim { made: made.map(Path::to_owned).collect(), lock: None };
    fs::create_dir_all(folder).map_err(TableError::io(folder))?;
    own(folder, files, force)?;
    let plots = with_extension(&folder.join(PLOTS), &["svg", "png"]);
    match plots.into_iter().next().filter(|_| !force && files.iter().any(|name| PAGE.contains(name))) {
        Some(plot) if !with_extension(folder, &["csv", "html", "md"]).iter().any(|x| is_ours(x).unwrap_or(false)) => {
            return Err(TableError::Foreign(plot));
        }
        _ => {}
    }
    claim.lock = Some(Lock::take(folder)?);
    Ok(claim)
}

/// A folder that is held for one run; folders that were made for it and got nothing are taken away again.
#[derive(Debug)]
pub struct Claim {
    /// What was not there before, from the innermost.
    made: Vec<PathBuf>,
    lock: Option<Lock>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.lock = None;
        // One that is not empty stays, and so do those around it.
        let _ = self.made.iter().try_for_each(fs::remove_dir);
    }
}

/// Makes a folder and finds out that each of `files` can be written in it, and that what is there already is ours or may be
/// replaced: [`claim`] for a folder that needs no lock, because whoever writes to it writes the same.
pub fn own(folder: &Path, files: &[&str], force: bool) -> Result<(), TableError> {
    fs::create_dir_all(folder).map_err(TableError::io(folder))?;
    for name in files {
        let path = folder.join(name);
        writable(&path)?;
        if !force && path.exists() && !is_ours(&path).map_err(TableError::io(&path))? {
            return Err(TableError::Foreign(path));
        }
    }
    Ok(())
}

/// The files of a folder with one of these extensions, by name.
fn with_extension(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let has = |path: &Path| path.extension().is_some_and(|found| extensions.iter().any(|x| found == *x));
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| has(path)).collect();
    found.sort();
    found
}

/// Whether hypprec wrote a file, by what the file says.
fn is_ours(path: &Path) -> io::Result<bool> {
    let head = head(path)?;
    Ok(match path.extension().unwrap_or_default().to_string_lossy().as_ref() {
        "html" => head.contains(GENERATOR) || head.contains(UNMARKED_HTML),
        "md" => {
            let table: String =
                head.lines().map_while(|line| line.strip_prefix("    ")).map(|x| format!("# {x}\n")).collect();
            Provenance::read(&table).is_some() || head.trim_end().ends_with(MARKDOWN_MARK) || is_unmarked_list(&head)
        }
        "json" => is_json_of_ours(&fs::read(path)?),
        "toml" => head.starts_with(STUDY_MARK) || is_unmarked_study(path),
        "safetensors" => head.contains(CHECKPOINT_MARK),
        // Numbers alone: what is beside them tells whose they are.
        "npy" => head_is_of_table(&self::head(&path.with_extension("csv")).unwrap_or_default()),
        _ => head_is_of_table(&head),
    })
}

/// Whether a table beginning like this is ours.
fn head_is_of_table(head: &str) -> bool {
    let first = head.lines().next().unwrap_or_default();
    Provenance::read(head).is_some() || UNMARKED_TABLES.iter().any(|known| first.starts_with(known))
}

/// The beginning of a file as text.
pub(super) fn head(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_unmarked_list(head: &str) -> bool {
    let is_line = |line: &str| line.is_empty() || line.starts_with("- [") || line.starts_with("  ");
    head.starts_with(UNMARKED_LIST) && head.lines().skip(1).all(is_line)
}

/// A study without a mark beside tables and a page of ours that bear none either.
fn is_unmarked_study(path: &Path) -> bool {
    let beside = |name: &str| head(&path.with_file_name(name)).unwrap_or_default();
    let page = beside(PAGE[0]);
    page.contains(UNMARKED_HTML) && !page.contains(GENERATOR) && Provenance::read(&beside("curves.csv")).is_some()
}

/// What `scan` says of an embedding, with the version that said it, or the manifest of a shard.
fn is_json_of_ours(bytes: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else { return false };
    let has = |keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    has(&["file", "version", "model", "scalar", "standing"]) || has(&["form", "verb", "command", "shard", "sha256"])
}

/// A kept study's text without the mark.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(STUDY_MARK).unwrap_or(text)
}

/// Keeps a study beside the tables that were made from it, under its mark; the same text stays as it is.
pub fn keep_study(path: &Path, text: &str) -> Result<(), TableError> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let mark = if text.starts_with(STUDY_MARK) { "" } else { STUDY_MARK };
    write_atomic(path, |out| out.write_all(mark.as_bytes()).and_then(|()| out.write_all(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    #[test]
    fn every_committed_report_is_ours() {
        let mut files = 0;
        let mut folders = vec![repository("reports")];
        while let Some(folder) = folders.pop() {
            for name in PAGE.iter().copied().chain(["study.toml", "cells.csv", "summary.csv", "curves.csv", "clip.csv"])
            {
                let path = folder.join(name);
                if path.exists() {
                    assert!(is_ours(&path).unwrap(), "{}", path.display());
                    files += 1;
                }
            }
            folders.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|x| x.is_dir()));
        }
        assert!(files > 50, "{files}");
    }

    #[test]
    fn what_others_wrote_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("README.md", "# Reports\n\n- [mine](x)\n\nMy notes\n"),
            ("README.md", "    command: make\n"),
            ("README.md", ""),
            ("index.html", "<!doctype html><title>Reports</title>"),
            ("cells.csv", "a,b\n1,2\n"),
            ("cells.csv", "# command: hypprec sweep\n1,2\n"),
            ("embeddings.csv", "x,label\n"),
            ("embeddings.npy", "\u{93}NUMPY"),
            ("checkpoint.safetensors", "{\"__metadata__\":{\"format\":\"pt\"}}"),
            ("study.toml", "question = \"?\"\n"),
            ("scan.json", "{\"file\": 1, \"version\": 2}"),
            ("scan.json", "\u{0}"),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            assert!(!is_ours(&path).unwrap(), "{name}: {text}");
            let error = claim(folder.path(), &[name], false).unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()) && error.contains("--force"), "{error}");
            claim(folder.path(), &[name], true).unwrap();
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn plots_that_lie_beside_nothing_of_ours_stay() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("plots/mine.png");
        fs::create_dir(folder.path().join("plots")).unwrap();
        fs::write(&plot, "x").unwrap();
        let error = claim(folder.path(), &PAGE, false).unwrap_err().to_string();
        assert!(error.starts_with(&plot.display().to_string()), "{error}");
        claim(folder.path(), &["cells.csv"], false).unwrap();
        fs::write(folder.path().join("README.md"), MARKDOWN_MARK).unwrap();
        claim(folder.path(), &PAGE, false).unwrap();
    }

    #[test]
    fn a_study_is_kept_under_a_mark_once_and_stays_where_it_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        keep_study(&path, "seed = 1\n").unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(kept, format!("{STUDY_MARK}seed = 1\n"));
        keep_study(&path, &kept).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), kept);
        fs::write(&path, "seed = 2\n").unwrap();
        keep_study(&path, "seed = 2\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "seed = 2\n");
    }
}
