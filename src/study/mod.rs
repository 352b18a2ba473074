//! A question as a grid: TOML in, cells out, in an order that depends on nothing but the study.

pub mod adversary;
mod curves;
mod exhibit;
mod grid;
mod layout;
mod reduce;
mod run;
mod tables;
mod worst;

pub use curves::{Cost, Curves, FIGURE, FLOOR, JOINT, MAX, P99, curve_rows};
pub use exhibit::{Column, Error, Exhibit, Figure, Key, Kind, Selection, Take, Value};
pub use grid::{Filter, GroupSpec, Study, StudyError};
pub use layout::Layout;
pub use reduce::{CellFile, Cells, Reduction, reduce};
pub use run::{CELLS, Groups, Progress, Run, RunError, cell_header, measure_all, run};
pub use tables::{Clips, Summaries, summary_rows};
pub use worst::{Find, Worst, keep_finds};

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
