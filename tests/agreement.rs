//! Every variant of an operation is the same function: at 256 bits they agree with the sample's own answer.

use hypprec::arithmetic::{Mp, Number};
use hypprec::formula::{Answer, Clamps, Model, REGISTRY};
use hypprec::oracle::{Direction, Sample, value_of};
use rug::Float;

const BITS: u32 = 256;
/// What cancellation may cost at these radii, and what is left of 256 bits then.
const AGREE: f64 = 1e-50;
/// An answer below this is compared absolutely: x ⊕ (−x) is exactly 0.
const SMALLEST: f64 = 1e-20;

#[test]
fn all_variants_agree_with_the_sample_at_256_bits() {
    let mut failures = Vec::new();
    let mut compared = 0;
    for variant in REGISTRY {
        for &model in variant.models {
            let targets: Vec<Model> = match variant.op {
                op if op.has_target() => Model::ALL.iter().copied().filter(|to| *to != model).collect(),
                _ => vec![model],
            };
            for to in targets {
                for sample in samples() {
                    let inputs = sample.encode(variant.op, model, to, &Mp::new(BITS, 0));
                    let value = match value_of(variant, Clamps::NONE, &inputs) {
                        Answer::Scalar(x) => vec![x],
                        Answer::Vector(x) => x,
                    };
                    let truth = sample.truth(variant.op, model, to, BITS).unwrap();
                    let size = truth.iter().map(|x| x.clone().abs()).fold(Float::with_val(BITS, 0), |a, b| a.max(&b));
                    for (value, truth) in value.iter().zip(&truth) {
                        let error =
                            (value.to_float() - truth).abs() / size.clone().max(&Float::with_val(BITS, SMALLEST));
                        compared += 1;
                        if error.is_nan() || error >= AGREE {
                            failures.push(format!(
                                "{} {} {model}→{to} {sample:?}: {} for {}",
                                variant.op,
                                variant.id,
                                value.to_float().to_f64(),
                                truth.to_f64()
                            ));
                            break;
                        }
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(compared > 1000);
}

fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (seed, c) in [1.0, 0.25, 3.7].into_iter().enumerate() {
        for dim in [2, 5] {
            for direction in Direction::ALL.iter().copied().filter(|direction| *direction != Direction::Same) {
                for radius in [0.4, 2.5, 7.0] {
                    samples.push(Sample { c, dim, radius, separation: 0.7, direction, seed: seed as u64 });
                }
            }
        }
    }
    samples
}
