//! Which variant of the distance each guard comes with, so that a library is judged as it is used.

use crate::formula::{BEST, Model, Op, Variant, variants};
use crate::guard::{Guard, NONE};

/// (guard, model, variant of the distance). The libraries in use by formula: Ganea et al.'s Möbius norm with artanh from two
/// logarithms (geoopt, hyptorch and what builds on it), built in (dalab, HTorch, hyperball, Keras); Nickel & Kiela's
/// arcosh; on the hyperboloid arcosh of the Minkowski product throughout.
const SHIPPED: &[(&str, Model, &str)] = &[
    ("geoopt", Model::Poincare, "B1-log"),
    ("hyptorch", Model::Poincare, "B1-log"),
    ("dalab", Model::Poincare, "B1"),
    ("poincare-embeddings", Model::Poincare, "B3a"),
    ("hyperbolix", Model::Poincare, "B2"),
    ("hyperbolix", Model::Klein, "K2"),
    ("htorch", Model::Poincare, "B1"),
    ("hyperball", Model::Poincare, "B1"),
    ("keras", Model::Poincare, "B1"),
    ("feature-1.0", Model::Poincare, "B1-log"),
    ("feature-1.0", Model::Lorentz, "L1"),
    ("feature-1.0", Model::LorentzAmbient, "L1"),
    ("feature-1.0", Model::Klein, "K1"),
    ("feature-2.3", Model::Poincare, "B1-log"),
    ("feature-2.3", Model::Lorentz, "L1"),
    ("feature-2.3", Model::LorentzAmbient, "L1"),
    ("feature-2.3", Model::Klein, "K1"),
    ("geoopt-lorentz", Model::LorentzAmbient, "L1"),
    ("geoopt-lorentz", Model::Lorentz, "L1"),
    ("hgcn-lorentz", Model::LorentzAmbient, "L1"),
    ("hgcn-lorentz", Model::Lorentz, "L1"),
    ("hyperboliccv", Model::LorentzAmbient, "L1"),
    ("hyperboliccv", Model::Lorentz, "L1"),
    ("meru", Model::Lorentz, "L1"),
    ("meru", Model::LorentzAmbient, "L1"),
    ("poincare-embeddings-lorentz", Model::LorentzAmbient, "L1"),
    ("poincare-embeddings-lorentz", Model::Lorentz, "L1"),
];

/// The variant that a guard comes with; of other operations than the distance the first published one. Without a guard, the
/// project's own.
pub fn shipped(guard: &Guard, op: Op, model: Model) -> Option<&'static Variant> {
    let listed = SHIPPED.iter().find(|(id, m, _)| *id == guard.id && *m == model).map(|(_, _, variant)| *variant);
    let published = variants(op, model).find(|variant| variant.id != BEST);
    match listed {
        _ if guard.id == NONE.id => variants(op, model).find(|variant| variant.id == BEST),
        Some(id) if op == Op::Distance => variants(op, model).find(|variant| variant.id == id),
        _ => published.or_else(|| variants(op, model).next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::GUARDS;

    #[test]
    fn every_guard_comes_with_a_variant_in_each_of_its_models() {
        for guard in GUARDS.iter().filter(|guard| guard.id != NONE.id) {
            for model in guard.models {
                let listed = SHIPPED.iter().any(|(id, m, _)| *id == guard.id && m == model);
                assert!(listed && shipped(guard, Op::Distance, *model).is_some(), "{} in {model}", guard.id);
            }
        }
        for (id, model, variant) in SHIPPED {
            let guard = crate::guard::guard(id).unwrap();
            assert!(guard.models.contains(model) && shipped(guard, Op::Distance, *model).unwrap().id == *variant);
        }
    }
}
