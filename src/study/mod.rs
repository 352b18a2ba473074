//! A question as a grid: TOML in, cells out, in an order that depends on nothing but the study.

mod curves;
mod exhibit;
mod grid;
mod run;
mod tables;
mod worst;

pub use curves::{Cost, FIGURE, FLOOR, JOINT, MAX, P99, curve_rows};
pub use exhibit::{Column, Error, Exhibit, Figure, Key, Kind, Selection, Take, Value};
pub use grid::{Filter, GroupSpec, Study, StudyError};
pub use run::{Progress, RunError, measure_all, run};
pub use tables::{clip_rows, summary_rows};
pub use worst::keep_worst;

/// Forgets what a finished run kept for the case that it is killed.
pub fn forget_parts(folder: &std::path::Path) -> Result<(), crate::table::TableError> {
    run::forget(folder)
}

/// The studies that are compiled in, by name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("boundary", include_str!("../../studies/boundary.toml")),
    ("gate", include_str!("../../studies/gate.toml")),
    ("models", include_str!("../../studies/models.toml")),
    ("formulas", include_str!("../../studies/formulas.toml")),
    ("conversions", include_str!("../../studies/conversions.toml")),
    ("gradients", include_str!("../../studies/gradients.toml")),
    ("curvature", include_str!("../../studies/curvature.toml")),
    ("dimension", include_str!("../../studies/dimension.toml")),
    ("precision", include_str!("../../studies/precision.toml")),
    ("midpoints", include_str!("../../studies/midpoints.toml")),
];
