//! Truth: points known exactly by construction, encoded with one rounding, and answers that are certified by intervals.

mod hostile;
mod inputs;
mod sample;
mod seeded;
mod textbook;
mod truth;
mod zero;

pub use hostile::{ARITHMETICS, Hostile, Request, hostile, requests};
pub use inputs::{Inputs, beyond_the_rim, is_kink, value_of};
pub use sample::{Direction, FRACTION, Sample, SampleValue};
pub use seeded::Seeded;
pub use textbook::{Places, textbook};
pub use truth::{Uncertified, Value, certify, gradient_leg, gradient_of, gradient_truth, leg, truth};
pub use zero::least_exponent;
