//! Decisions made from measured errors.

pub mod audit;
