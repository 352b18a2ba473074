//! hypprec: the precision laboratory for hyperbolic geometry in machine learning.
//!
//! A formula is written once and runs in any arithmetic: the one that is studied, the one that proves the truth, and the
//! duals that differentiate it. See [`arithmetic`] and [`formula`]; [`measure`] takes one cell apart.

pub mod arithmetic;
pub mod batch;
#[cfg(feature = "cli")]
pub mod cmd;
#[cfg(feature = "train")]
pub mod data;
pub mod formula;
pub mod guard;
#[cfg(feature = "truth")]
pub mod measure;
pub mod model;
#[cfg(feature = "truth")]
pub mod oracle;
#[cfg(feature = "cli")]
pub mod report;
#[cfg(feature = "cli")]
pub mod study;
#[cfg(feature = "cli")]
pub mod table;
#[cfg(feature = "train")]
pub mod train;
pub mod verdict;

pub use batch::Batch;
pub use model::{Hyperbolic, Klein, Lorentz, PoincareBall};
pub use verdict::choose::{Need, choose};

/// The README's Rust runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
