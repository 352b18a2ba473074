//! A question as a grid: TOML in, cells out, in an order that depends on nothing but the study.

mod grid;
mod run;
mod tables;
mod worst;

pub use grid::{Filter, GroupSpec, Study, StudyError};
pub use run::{Progress, RunError, run};
pub use tables::{clip_rows, summary_rows};
pub use worst::keep_worst;

/// Forgets what a finished run kept for the case that it is killed.
pub fn forget_parts(folder: &std::path::Path) -> Result<(), crate::table::TableError> {
    run::forget(folder)
}

/// The studies that are compiled in, by name.
pub const BUILT_IN: &[(&str, &str)] = &[("boundary", include_str!("../../studies/boundary.toml"))];
