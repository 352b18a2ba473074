//! A study by its name or its file, and where a table made from it comes from.

use super::Failure;
use crate::study::{BUILT_IN, Study, StudyError};
use crate::table::{Provenance, TableError, printable, read_text, short};
use std::path::PathBuf;

/// A study that was asked for.
pub struct Named {
    pub name: String,
    pub text: String,
    pub study: Study,
}

impl Named {
    /// The built-in study of this name, or that of a file.
    pub fn open(asked: &str) -> Result<Named, Failure> {
        let (name, text) = match BUILT_IN.iter().find(|(name, _)| *name == asked) {
            Some((name, text)) => ((*name).to_owned(), (*text).to_owned()),
            None => read(asked)?,
        };
        let study = Study::parse(&text).map_err(|error| place(asked, &error))?;
        Ok(Named { name, text, study })
    }

    /// Whether it is the compiled-in study of its name, not a file's.
    pub fn text_is_built_in(&self) -> bool {
        BUILT_IN.contains(&(self.name.as_str(), self.text.as_str()))
    }

    /// Where a table that `command` makes of it comes from.
    pub fn provenance(&self, command: String) -> Provenance {
        provenance(command, self.study.seed)
    }
}

/// Where a table that `command` makes with this seed comes from.
pub fn provenance(command: String, seed: u64) -> Provenance {
    Provenance {
        // One line of a table's head, whatever a file is called.
        command: printable(&command),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: env!("HYPPREC_REVISION").to_owned(),
        seed,
        host: host(),
    }
}

/// Where a table comes from that depends on no draw and on no machine.
pub fn provenance_without_draws(command: String) -> Vec<(&'static str, String)> {
    let lines = provenance(command, 0).lines();
    lines.into_iter().filter(|(name, _)| !["seed", "host"].contains(name)).collect()
}

/// A fault of a study, with the name under which it was asked for.
pub fn place(asked: &str, error: &StudyError) -> Failure {
    Failure(format!("{asked}: {error}"))
}

fn read(asked: &str) -> Result<(String, String), Failure> {
    let path = PathBuf::from(asked);
    if !path.exists() {
        let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let what = format!("no study `{}`: neither a file nor one of: {}", short(asked), known.join(", "));
        return Err(Failure(what));
    }
    let text = read_text(&path).map_err(TableError::io(&path))?;
    let name = path.file_stem().map_or("study".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok((name, text))
}

/// What the figures were made on, as far as it could matter.
fn host() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)
}
