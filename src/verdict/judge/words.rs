//! The paragraph that says why.

use super::{Judgement, ONE_BIT, RESOLUTION, Verdict, number};
use crate::verdict::judge::DEEPEST;

/// A radius in words.
fn radius(x: f64) -> String {
    if x >= DEEPEST { format!("beyond {DEEPEST}, the end of the scan") } else { format!("{x:.2}") }
}

/// Why a judgement is what it is.
pub fn why(j: &Judgement) -> String {
    let mut text = vec![format!(
        "Storing {model} points in {scalar} keeps pairs at least {separation} apart within {tolerance} to radius {floor}; the \
         variant {variant} of {op} holds to {holds}.",
        model = j.model,
        scalar = j.scalar,
        separation = number(j.separation),
        tolerance = number(j.tolerance),
        floor = radius(j.floor_radius),
        variant = j.variant,
        op = j.op,
        holds = radius(j.holds_radius_unguarded),
    )];
    if j.holds_radius < j.holds_radius_unguarded - RESOLUTION {
        let change = match j.clamps_change {
            Some(0.0) => String::new(),
            Some(change) => format!(", changing answers within the cap by up to {}", number(change)),
            None => ", changing answers without bound".to_owned(),
        };
        text.push(format!("The guard's own clamps take that down to {}{change}.", radius(j.holds_radius)));
    } else if j.holds_radius > j.holds_radius_unguarded + RESOLUTION {
        text.push(format!("The guard's own clamps bring that to {}.", radius(j.holds_radius)));
    }
    if let Some(ceiling) = j.ceiling {
        text.push(format!("Its clamps end every distance at {ceiling:.4}: farther pairs tie there."));
    }
    if j.holds_radius_unguarded < j.floor_radius - ONE_BIT {
        text.push(format!(
            "The formula gives away {:.1} of the radius that storing would allow: a better variant (`best`) helps more than any \
             threshold.",
            j.floor_radius.min(DEEPEST) - j.holds_radius_unguarded
        ));
    }
    text.push(match (j.cap, j.verdict) {
        (None, Verdict::TooLoose) => "Nothing stops points from going farther.".to_owned(),
        (None, _) => "No clip is needed.".to_owned(),
        (Some(cap), Verdict::TooLoose) => format!(
            "The cap {cap:.4} lets points {:.2} farther out, where {}.",
            cap - j.holds_radius,
            match j.at_cap.and_then(|at| at.clamped) {
                Some(error) => format!("the error can be {}", number(error)),
                None => "some pairs have no answer, or nothing bounds them".to_owned(),
            }
        ),
        (Some(cap), Verdict::TooTight) => format!(
            "The cap {cap:.4} gives away {:.2} of usable radius (one bit of the coordinates is {ONE_BIT:.2}): all points beyond \
             it are moved there and those on one ray become one point.",
            j.holds_radius.min(DEEPEST) - cap
        ),
        (Some(cap), Verdict::Sound) => {
            format!("The cap {cap:.4} is within one bit of the coordinates ({ONE_BIT:.2}) of what holds.")
        }
    });
    match (&j.recommended, j.holds_radius) {
        (Some(cut), _) => text.push(format!("Recommended: {cut}.")),
        (None, holds) if holds >= DEEPEST => text.push("Recommended: no clip.".to_owned()),
        (None, _) => text.push("No threshold makes this sound: it fails at the smallest radius already.".to_owned()),
    }
    text.join(" ")
}
