//! Verdicts: measured errors turned into answers that people act on.

#[cfg(feature = "cli")]
pub mod audit;
#[cfg(feature = "cli")]
pub mod check;
pub mod choose;
#[cfg(feature = "cli")]
pub mod judge;
#[cfg(feature = "cli")]
mod pairs;
#[cfg(feature = "cli")]
pub mod scan;
