//! Few-shot learning: a backbone trained by episodes, and tested on episodes of classes that it has never seen.

mod compare;
mod encoder;
mod heads;
mod judge;
mod methods;
mod recipe;
mod rows;
mod run;
mod show;
mod step;

pub use compare::{DifferenceRow, accuracies, difference, told};
pub use encoder::{Encoder, few_shot_hyperbolicity};
pub use heads::{HeadRow, heads};
pub use methods::{Method, NAMES as METHODS, PROTONET};
pub use recipe::{Curvature, FewShot, Protocol};
pub use rows::{FewShotRow, NotRunRow, ReportedRow, RunCurveRow};
pub use run::{BEST_CHECKPOINT, CurveRow, FewShotData, FewShotObserver, FewShotOutcome, TestRow, train};

pub use show::{ShownEpisode, ShownImage, ShownPoint, show};

/// The few-shot studies that are compiled in, by name.
pub const FEW_SHOT_STUDIES: &[(&str, &str)] = &[
    ("omniglot", include_str!("../../../studies/fewshot/omniglot.toml")),
    ("omniglot-reduced", include_str!("../../../studies/fewshot/omniglot-reduced.toml")),
    ("omniglot-methods", include_str!("../../../studies/fewshot/omniglot-methods.toml")),
    ("omniglot-runs", include_str!("../../../studies/fewshot/omniglot-runs.toml")),
    ("mini-imagenet-1shot", include_str!("../../../studies/fewshot/mini-imagenet-1shot.toml")),
    ("mini-imagenet-5shot", include_str!("../../../studies/fewshot/mini-imagenet-5shot.toml")),
    ("mini-imagenet-resnet18-1shot", include_str!("../../../studies/fewshot/mini-imagenet-resnet18-1shot.toml")),
    ("mini-imagenet-resnet18-5shot", include_str!("../../../studies/fewshot/mini-imagenet-resnet18-5shot.toml")),
    ("cub-1shot", include_str!("../../../studies/fewshot/cub-1shot.toml")),
    ("cub-5shot", include_str!("../../../studies/fewshot/cub-5shot.toml")),
];

/// What others report for the same tables.
pub const REPORTED: &str = include_str!("../../../studies/fewshot/reported.csv");

/// What is not run unless its command is, and what it would take.
pub const NOT_RUN: &str = include_str!("../../../studies/fewshot/not-run.csv");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Grid;

    #[test]
    fn the_built_in_studies_begin_with_what_to_expect_and_have_every_head_or_every_method() {
        for (name, text) in FEW_SHOT_STUDIES {
            assert!(text.starts_with("# Expect "), "{name}");
            let grid = Grid::<FewShot>::parse(text, &[]).unwrap().unwrap();
            if *name == "omniglot-methods" {
                for method in METHODS {
                    assert!(grid.cells.iter().any(|cell| cell.recipe.method == *method), "{name}: {method}");
                }
                continue;
            }
            for model in ["poincare", "lorentz", "klein", "euclidean", "fixed-radius"] {
                assert!(grid.cells.iter().any(|cell| cell.recipe.model == model), "{name}: {model}");
            }
        }
    }
}
