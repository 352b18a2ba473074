//! Pages and plots, made from tables alone.

mod boundary;
mod page;
mod plot;
mod scan;

pub use boundary::boundary;
pub use scan::{Section, scan, sections};

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
