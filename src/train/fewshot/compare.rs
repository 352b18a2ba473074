//! What sets runs apart that were asked the same test episodes: the mean difference of an episode, and its interval.

use super::judge::interval;
use super::methods::PROTONET;
use super::recipe::FewShot;
use super::rows::scalar;
use super::run::episodes_file;
use crate::table::{TableError, read};
use crate::train::Shape;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One run against another on one kind of test episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferenceRow {
    pub dataset: String,
    pub way: usize,
    pub shot: usize,
    /// Head or method, formulas, guard, arithmetic, c and seed of the two.
    pub run: String,
    pub against: String,
    /// Test episodes, the same for both.
    pub tests: u32,
    /// Accuracy of the first less that of the second, and 1.96 σ/√n over the episodes: other seeds of training are not in it.
    pub difference: f64,
    pub ci95: f64,
}

/// The accuracies of a run's test episodes of one shape; none where it has not been tested on them.
pub fn accuracies(folder: &Path, shape: Shape) -> Result<Vec<f64>, TableError> {
    #[derive(Deserialize)]
    struct Line {
        accuracy: f64,
    }
    let path = folder.join(episodes_file("", shape));
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(read::<Line>(&path)?.into_iter().map(|line| line.accuracy).collect())
}

/// What tells a run from others, in one line that begins with its model, or with its method where that is not prototypes.
pub fn told(recipe: &FewShot) -> String {
    let name = if recipe.method == PROTONET { &recipe.model } else { &recipe.method };
    let mut parts = vec![name.clone()];
    parts.extend(Some(recipe.variant()).filter(|variant| !variant.is_empty()));
    parts.extend((recipe.guard != "none").then(|| format!("under {}", recipe.guard)));
    parts.extend((scalar(recipe) != "f32").then(|| scalar(recipe)));
    parts.extend((recipe.seed != 0).then(|| format!("seed {}", recipe.seed)));
    parts.join(" ")
}

/// The difference of two runs that were tested on the same episodes.
pub fn difference((a, of_a): (&FewShot, &[f64]), (b, of_b): (&FewShot, &[f64]), shape: Shape) -> Option<DifferenceRow> {
    if a.dataset != b.dataset || of_a.len() != of_b.len() || of_a.is_empty() {
        return None;
    }
    let apart: Vec<f64> = of_a.iter().zip(of_b).map(|(a, b)| a - b).collect();
    let (difference, ci95) = interval(&apart);
    Some(DifferenceRow {
        dataset: a.dataset.clone(),
        way: shape.way,
        shot: shape.shot,
        run: told(a),
        against: told(b),
        tests: apart.len() as u32,
        difference,
        ci95,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Parsed;

    #[test]
    fn runs_are_compared_episode_by_episode() {
        let text = "dataset = \"omniglot\"\nmodel = \"klein\"\nway = 5\nshot = 1\nqueries = 5\nepochs = 1\nepisodes = 2\n\
                    test = [[5, 1]]\n";
        let of = |given: &[String]| <FewShot as Parsed>::parse(text, given).unwrap();
        let (a, b) = (of(&[]), of(&["model=euclidean".to_owned()]));
        let shape = a.tests()[0];
        // Every episode a tenth apart, however much the episodes themselves differ.
        let (x, y) = ([0.3, 0.9, 0.6], [0.2, 0.8, 0.5]);
        let row = difference((&a, &x), (&b, &y), shape).unwrap();
        assert!((row.difference - 0.1).abs() < 1e-12 && row.ci95 < 1e-12, "{row:?}");
        assert_eq!((row.run.as_str(), row.against.as_str()), ("klein best+best+best -d/1.0", "euclidean -d²/1.0"));
        assert!(difference((&a, &x), (&b, &y[..2]), shape).is_none());
    }
}
