//! How far out a norm is in each model: what a chart of hyperbolic space does to distances from the origin, in one place.
//!
//! A depth is √c d(0, x), a norm √c‖x‖ of the coordinates that say where a point lies (on the hyperboloid its space
//! coordinates), a margin 1 − √c‖x‖. These are f64: what a threshold, a table or a plot says, not what is studied.

use super::Model;

impl Model {
    /// Whether its points have a rim that they lie inside of: √c‖x‖ < 1.
    pub fn is_ball(self) -> bool {
        match self {
            Model::Poincare | Model::Klein => true,
            Model::Lorentz | Model::LorentzAmbient => false,
        }
    }

    /// How many coordinates stand before those that say where a point lies: the time, where it is stored.
    pub fn times(self) -> usize {
        match self {
            Model::LorentzAmbient => 1,
            Model::Poincare | Model::Lorentz | Model::Klein => 0,
        }
    }

    /// The numbers that a point of n dimensions is stored in.
    pub fn width(self, n: usize) -> usize {
        n + self.times()
    }

    /// The length of a unit vector at the origin: d(0, exp₀ v)/‖v‖. 2 on the Poincaré ball, whose metric there is 4 times
    /// Euclid's, and 1 in the other models: the same features lie twice as far out on the ball.
    pub fn scale_at_origin(self) -> f64 {
        match self {
            Model::Poincare => 2.0,
            Model::Lorentz | Model::LorentzAmbient | Model::Klein => 1.0,
        }
    }

    /// The norm at a depth: tanh(ρ/2) on the Poincaré ball, tanh ρ on Klein's, sinh ρ on the hyperboloid. Next to the rim it
    /// rounds to 1 long before the depths end: [`Model::margin_at`] says how far from it.
    pub fn norm_at(self, depth: f64) -> f64 {
        match self {
            Model::Poincare => pxfm::f_tanh(0.5 * depth),
            Model::Klein => pxfm::f_tanh(depth),
            Model::Lorentz | Model::LorentzAmbient => pxfm::f_sinh(depth),
        }
    }

    /// The depth of a norm: [`Model::norm_at`] the other way round. Infinite on a ball's rim, NaN outside.
    pub fn depth_of(self, norm: f64) -> f64 {
        match self {
            Model::Poincare => 2.0 * pxfm::f_atanh(norm),
            Model::Klein => pxfm::f_atanh(norm),
            Model::Lorentz | Model::LorentzAmbient => pxfm::f_asinh(norm),
        }
    }

    /// What is left to the rim at a depth: 1 − tanh x = 2/(e²ˣ + 1), written as 2e⁻²ˣ/(1 + e⁻²ˣ), which neither cancels nor
    /// overflows; x = ρ/2 on the Poincaré ball, ρ on Klein's. 0 only past depth 745 (Klein: 373), where no double is as small;
    /// `None` on the hyperboloid, which has no rim.
    pub fn margin_at(self, depth: f64) -> Option<f64> {
        let twice = match self {
            Model::Poincare => depth,
            Model::Klein => 2.0 * depth,
            Model::Lorentz | Model::LorentzAmbient => return None,
        };
        let e = pxfm::f_exp(-twice);
        Some(2.0 * e / (1.0 + e))
    }

    /// 1 − c‖x‖² at a depth, without cancelling: 1/cosh²(ρ/2) on the Poincaré ball, 1/cosh² ρ on Klein's; `None` on the
    /// hyperboloid.
    pub fn gap_at(self, depth: f64) -> Option<f64> {
        let x = match self {
            Model::Poincare => 0.5 * depth,
            Model::Klein => depth,
            Model::Lorentz | Model::LorentzAmbient => return None,
        };
        let cosh = pxfm::f_cosh(x);
        Some(1.0 / (cosh * cosh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_keeps_its_digits_where_the_norm_has_rounded_to_the_rim() {
        // 2/(e^ρ + 1) to 17 digits, by MPFR.
        for (model, depth, expected) in [
            (Model::Poincare, 36.0, 4.639_045_660_487_138e-16),
            (Model::Poincare, 1.0, 0.537_882_842_739_990_2),
            (Model::Poincare, 1e-3, 0.999_500_000_041_666_6),
            (Model::Poincare, 100.0, 7.440_151_952_041_672e-44),
            (Model::Poincare, 700.0, 1.971_935_308_751_954e-304),
            (Model::Klein, 18.0, 4.639_045_660_487_138e-16),
            (Model::Klein, 350.0, 1.971_935_308_751_954e-304),
        ] {
            let margin = model.margin_at(depth).unwrap();
            assert!((margin / expected - 1.0).abs() < 4.0 * f64::EPSILON, "{model} {depth}: {margin:e}");
        }
        assert_eq!(1.0 - Model::Poincare.norm_at(40.0), 0.0);
        assert!(Model::Poincare.margin_at(720.0).unwrap() > 0.0);
        assert_eq!(Model::Lorentz.margin_at(3.0), None);
        assert_eq!(Model::LorentzAmbient.margin_at(3.0), None);
    }

    #[test]
    fn norm_margin_gap_and_depth_agree_where_none_of_them_cancels() {
        for model in Model::ALL.iter().copied() {
            for depth in [1e-3, 0.1, 1.0, 2.5] {
                let norm = model.norm_at(depth);
                assert!((model.depth_of(norm) / depth - 1.0).abs() < 1e-14, "{model} {depth}");
                assert_eq!(model.margin_at(depth).is_some(), model.is_ball());
                assert_eq!(model.gap_at(depth).is_some(), model.is_ball());
                if let (Some(margin), Some(gap)) = (model.margin_at(depth), model.gap_at(depth)) {
                    assert!((margin - (1.0 - norm)).abs() < 1e-15, "{model} {depth}");
                    assert!((gap - (1.0 - norm * norm)).abs() < 1e-15, "{model} {depth}");
                }
            }
            assert_eq!(model.width(3), if model == Model::LorentzAmbient { 4 } else { 3 });
            // exp₀ of a short v lies √c d = scale · √c‖v‖ out, at the norm √c‖v‖.
            let (short, scale) = (1e-9, model.scale_at_origin());
            assert!((model.norm_at(scale * short) / short - 1.0).abs() < 1e-14, "{model}");
        }
    }
}
