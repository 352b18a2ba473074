//! Pages, plots and notices of what was measured already: nothing here computes a figure.

mod clip;
mod dots;
#[cfg(feature = "train")]
mod episodes;
#[cfg(feature = "train")]
mod fewshot;
pub mod gate;
mod index;
mod intervals;
mod page;
mod peers;
#[cfg(feature = "train")]
mod picture;
mod plot;
mod scan;
mod study;
#[cfg(feature = "train")]
mod training;
#[cfg(feature = "train")]
mod training_grid;

pub use clip::clip;
#[cfg(feature = "train")]
pub use episodes::episodes;
#[cfg(feature = "train")]
pub use fewshot::few_shot;
pub use index::{Entry, entries, index};
pub use peers::peers;
#[cfg(feature = "train")]
pub use picture::Histogram;
pub use scan::{Section, scan, sections};
pub use study::{answer, study_page};
#[cfg(feature = "train")]
pub use training::{D0, MAX_SOFTMAX, ood, training};
#[cfg(feature = "train")]
pub use training_grid::training_grid;

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
