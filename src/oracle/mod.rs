//! Truth: points known exactly by construction, encoded with one rounding, and answers that are certified by intervals.

mod inputs;
mod sample;
mod truth;

pub use inputs::{Inputs, value_of};
pub use sample::{Direction, Sample, SampleValue};
pub use truth::{Uncertified, Value, certify, gradient_of, gradient_truth, truth};
