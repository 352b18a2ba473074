//! Pages and plots, made from tables alone.

mod boundary;
mod page;
mod plot;

pub use boundary::boundary;

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
