//! Pages and plots, made from tables alone.

mod clip;
mod dots;
mod index;
mod page;
mod peers;
mod plot;
mod scan;
mod study;

pub use clip::clip;
pub use index::{Entry, entries, index};
pub use peers::peers;
pub use scan::{Section, scan, sections};
pub use study::{answer, study_page};

use crate::table::TableError;
use std::path::PathBuf;

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{}: {message}", path.display())]
    Plot { path: PathBuf, message: String },
}
