//! `hypprec report`: pages rebuilt from the tables beside them, and the page that links them.

use super::Failure;
use crate::report;
use crate::study::Study;
use crate::table::{self, ClipRow, CurveRow, PAGE, Provenance, TableError};
use std::fs;
use std::path::{Path, PathBuf};

/// Rebuild pages and plots from their tables.
///
/// A folder that `sweep` wrote is rebuilt from its study.toml, curves.csv and clip.csv, and that of `make peers` from its
/// results.csv and ceilings.csv, to the same bytes; that of a grid of `train` (in a build with the feature) from
/// its results.csv, epochs.csv and stopped.csv, and that of `fewshot` from its results.csv, curves.csv and differences.csv. Of
/// a folder of such folders the page that links theirs is written (index.html and README.md), and theirs are left as they are:
/// name them to rebuild them. Files that hypprec did not write are not replaced.
#[derive(clap::Args)]
pub struct Report {
    /// Folders that `sweep` wrote, or folders of these
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Before that, put the tables of these grids of `train` together in FOLDERS, which is then one folder
    #[cfg(feature = "train")]
    #[arg(long, value_name = "FOLDER", value_delimiter = ',')]
    runs: Vec<PathBuf>,
    /// Also replace pages that hypprec did not write
    #[arg(long)]
    force: bool,
}

/// The title of the page that links pages.
const TITLE: &str = "Reports";

/// The study of a page, as it was when its cells were measured.
pub const STUDY: &str = "study.toml";
/// What the page of the audited libraries is drawn from.
const PEERS: [&str; 2] = ["results.csv", "ceilings.csv"];
/// What a study's page is drawn from.
pub const CURVES: &str = "curves.csv";
pub const CLIP: &str = "clip.csv";

impl Report {
    pub fn run(self) -> Result<(), Failure> {
        #[cfg(feature = "train")]
        if !self.runs.is_empty() {
            return self.together();
        }
        for folder in &self.folders {
            if is_page(folder) {
                let _claim = table::claim(folder, &PAGE, self.force)?;
                super::print(&format!("{}\n", super::shown(&rebuild(folder)?)))?;
                continue;
            }
            let inside = fs::read_dir(folder).map_err(TableError::io(folder))?;
            if !inside.flatten().any(|entry| is_page(&entry.path())) {
                let what = format!("{}: no {STUDY} in it, nor in a folder in it", folder.display());
                return Err(Failure(what));
            }
            let _claim = table::claim(folder, &PAGE, self.force)?;
            let page = report::index(folder, TITLE, &report::entries(folder)?)?;
            super::print(&format!("{}\n", super::shown(&page)))?;
        }
        Ok(())
    }
}

#[cfg(feature = "train")]
impl Report {
    fn together(&self) -> Result<(), Failure> {
        let [folder] = self.folders.as_slice() else {
            return Err(Failure("--runs puts tables together in one folder".to_owned()));
        };
        let mut tables = super::train::Tables::default();
        self.runs.iter().try_for_each(|of| tables.read(of))?;
        let _claim = table::claim(folder, &[&super::train::TABLES[..], &PAGE].concat(), self.force)?;
        let from = self.runs.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(",");
        let command = format!("hypprec report {} --runs {from}", folder.display());
        let provenance = super::named::provenance(command, 0);
        tables.write(folder, &provenance)?;
        super::print(&format!("{}\n", super::shown(&rebuild(folder)?)))
    }
}

/// Whether a folder has the tables of few-shot runs.
fn is_few_shot(folder: &Path) -> bool {
    #[cfg(feature = "train")]
    return folder.join(super::fewshot::DIFFERENCES).is_file();
    #[cfg(not(feature = "train"))]
    return {
        let _ = folder;
        false
    };
}

/// Whether a folder has the tables of grids of `train`.
fn is_training(folder: &Path) -> bool {
    #[cfg(feature = "train")]
    return folder.join(super::train::EPOCHS).is_file();
    #[cfg(not(feature = "train"))]
    return {
        let _ = folder;
        false
    };
}

fn is_page(folder: &Path) -> bool {
    is_training(folder)
        || is_few_shot(folder)
        || folder.join(STUDY).is_file()
        || PEERS.iter().all(|name| folder.join(name).is_file())
}

/// Draws a page from the tables in its folder.
fn rebuild(folder: &Path) -> Result<PathBuf, Failure> {
    let text = |name: &str| {
        let path = folder.join(name);
        table::read_text(&path).map_err(TableError::io(&path))
    };
    let provenance = |name: &str| {
        let headless =
            || Failure(format!("{}: it does not begin with where it comes from", folder.join(name).display()));
        Provenance::read(&text(name)?).ok_or_else(headless)
    };
    #[cfg(feature = "train")]
    if is_few_shot(folder) {
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return super::fewshot::Tables::read(folder)?.page(folder, &name, &provenance(super::train::RESULTS)?);
    }
    #[cfg(feature = "train")]
    if is_training(folder) {
        let mut tables = super::train::Tables::default();
        tables.read(folder)?;
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return tables.page(folder, &name, &provenance(super::train::RESULTS)?);
    }
    if !folder.join(STUDY).is_file() {
        let [results, ceilings] = PEERS;
        let (rows, tops) = (table::read(&folder.join(results))?, table::read(&folder.join(ceilings))?);
        return Ok(report::peers(folder, &provenance(results)?, &rows, &tops)?);
    }
    let toml = folder.join(STUDY);
    let study = Study::parse(&text(STUDY)?).map_err(|error| Failure(format!("{}: {error}", toml.display())))?;
    let curves: Vec<CurveRow> = table::read(&folder.join(CURVES))?;
    let clip: Vec<ClipRow> = table::read(&folder.join(CLIP))?;
    Ok(report::study_page(folder, &study, &provenance(CURVES)?, &curves, &clip)?)
}
