//! hypprec: the precision laboratory for hyperbolic geometry in machine learning.

pub mod arithmetic;
pub mod formula;
pub mod guard;
#[cfg(feature = "truth")]
pub mod measure;
#[cfg(feature = "truth")]
pub mod oracle;
