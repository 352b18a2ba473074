//! Verdicts: measured errors turned into answers that people act on.

#[cfg(feature = "cli")]
pub mod scan;
