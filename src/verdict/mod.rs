//! Verdicts: measured errors turned into answers that people act on.

#[cfg(feature = "cli")]
pub mod audit;
pub mod bound;
#[cfg(feature = "cli")]
pub mod check;
pub mod choose;
#[cfg(feature = "cli")]
pub mod judge;
#[cfg(feature = "cli")]
pub mod scan;
pub mod search;
