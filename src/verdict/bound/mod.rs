//! Bounds that are proved: what storing the inputs of an operation can cost at most, from geometry alone, and what the project's
//! own distances lose on stored points, from counting their roundings.
//!
//! All lengths are in units of 1/√c. A coordinate stored once is x(1 + e), |e| ≤ u, so a stored point has moved by no more
//! than u‖x‖ in the coordinates' own Euclidean sense. What that does to a distance depends on the model alone:
//!
//! **Theorem** (to first order in u; the functions here bound the rest too). Let x and y be at radii r₁ and r₂, d apart, h the
//! distance from the origin to the geodesic through them, α the angle at a point between geodesic and ray. Storing both
//! changes d by at most
//!
//! | model | |Δd| ≤ | largest of \|Δd\|/d for radii ≤ R and distances ≥ s |
//! |---|---|---|
//! | Poincaré's ball | u(sinh r₁ + sinh r₂) | 2u sinh R / s |
//! | hyperboloid, space coordinates | u(tanh r₁ + tanh r₂) cosh h | 2u sinh R / (s cosh(s/2)) |
//! | Klein's ball | u Σ sinh rᵢ √(1 + sinh² rᵢ cos² αᵢ) | between u sinh R cosh R / s and twice that |
//!
//! The hyperboloid is never worse than Poincaré's ball, which is never worse than Klein's; the hyperboloid wins by cosh(s/2),
//! for far pairs. *Proof.* With q(r) the radius of the coordinates, a move by δ along the ray is one by q′⁻¹(r)δ, across it one
//! by δ sinh r/q(r). The gradient of d at x is the unit vector away from y, so |Δd| ≤ u q(r) √((cos α/q′)² + (sin α sinh r/q)²)
//! a point: u sinh r √(w) with w = 1 on the ball, where q = tanh(r/2) and the two factors are one (it is conformal);
//! sin² α + cos² α/cosh² r on the hyperboloid, q = sinh r; sin² α + cos² α cosh² r on Klein's, q = tanh r. In the right-angled
//! triangle of origin, x and the foot of the perpendicular sinh h = sinh r sin α, which turns the second into tanh r cosh h and
//! the third into sinh r √(1 + sinh² r cos² α). A chord of length d in a disc of radius R is no farther from its centre than
//! cosh h = cosh R/cosh(d/2), and both ends are then at R; u tanh R cosh R/(d cosh(d/2)) falls in d. Cauchy and Schwarz's
//! inequality, Σ|xᵢ tᵢ| ≤ ‖x‖ for a unit vector t, is an equality where |tᵢ| is proportional to |xᵢ|, which some position of the
//! axes makes so in every dimension from 2: the bound is attained as nearly as the significands allow. ∎
//!
//! **Every other operation that `choose` knows** has its bound by the same geometry ([`storing`], with the proofs in the modules
//! `condition` and `inputs`): exp, log, add, transport, mlr and the gradient of the distance. Of points it is a distance, which
//! grows with the radius of the answer; of the others a share, which grows as 1/s. The largest, to first order:
//!
//! | operation | Poincaré's ball | hyperboloid | Klein's ball |
//! |---|---|---|---|
//! | exp, far out | u e^2R | ½u e^3R | (R − ¼)u e^2R |
//! | add, far out | ½u e^2R | ½u e^2R | ⅛u e^3R |
//! | log, gradient, close pairs | 2u sinh R / s | 2u sinh R / s, the gradient at most cosh R times that | between u sinh R cosh R / s and twice, the gradient at most cosh R times that |
//!
//! So the model that stores distances best does not store tangent vectors best: the hyperboloid's coordinates of a vector along
//! the ray are cosh r times as long as it is, and what is lost across the ray is a share of that.
//!
//! So the margin that a clip should leave on Poincaré's ball, for a tolerance τ and pairs no closer than s, is
//! 1 − √c‖x‖ ≥ 2/(e^R + 1) with sinh R = τs/(2u): about 2u/(τs).

mod condition;
mod distance;
mod inputs;
mod outward;
mod rounding;
mod storage;
mod triangle;

pub use distance::{Pair, Within, distance, distance_of_pair, margin, reach};
pub use inputs::storing;
pub use rounding::rounding;
pub use storage::Storage;
