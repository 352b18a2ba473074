//! Which cells of a study are kept, as flags that every verb over studies has alike.

use super::{Failure, options};
use crate::arithmetic::Arithmetic;
use crate::formula::{Model, Op};
use crate::study::Filter;

/// What is kept of a study; nothing named keeps everything.
#[derive(clap::Args)]
pub struct Filters {
    /// Keep only these models (may be repeated, as may the other filters)
    #[arg(long, value_delimiter = ',')]
    model: Vec<Model>,
    /// Keep only these arithmetics
    #[arg(long, value_delimiter = ',')]
    scalar: Vec<Arithmetic>,
    /// Keep only these operations
    #[arg(long, value_delimiter = ',')]
    op: Vec<Op>,
    /// Keep only these variants
    #[arg(long, value_delimiter = ',')]
    variant: Vec<String>,
    /// Keep only these guards
    #[arg(long, value_delimiter = ',')]
    guard: Vec<String>,
    /// Keep only these dimensions
    #[arg(long, value_delimiter = ',')]
    dim: Vec<usize>,
    /// Keep only these curvatures (c > 0 of curvature −c)
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    curvature: Vec<f64>,
}

impl Filters {
    /// # Errors
    /// If a curvature is none.
    pub fn filter(&self) -> Result<Filter, Failure> {
        self.curvature.iter().try_for_each(|c| options::curvature(*c).map(drop))?;
        Ok(Filter {
            models: self.model.clone(),
            scalars: self.scalar.clone(),
            ops: self.op.clone(),
            variants: self.variant.clone(),
            guards: self.guard.clone(),
            dims: self.dim.clone(),
            curvatures: self.curvature.clone(),
        })
    }

    /// The flags that keep the same, each with a space before it.
    pub fn words(&self) -> String {
        fn texts<T: ToString>(list: &[T]) -> Vec<String> {
            list.iter().map(ToString::to_string).collect()
        }
        let all = [
            ("model", texts(&self.model)),
            ("scalar", texts(&self.scalar)),
            ("op", texts(&self.op)),
            ("variant", self.variant.clone()),
            ("guard", self.guard.clone()),
            ("dim", texts(&self.dim)),
            ("curvature", texts(&self.curvature)),
        ];
        let given = all.into_iter().filter(|(_, values)| !values.is_empty());
        given.map(|(name, values)| format!(" --{name} {}", values.join(","))).collect()
    }
}
