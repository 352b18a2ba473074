//! In every cell of a study of all operations, guards and models the four parts are there and sum to the total.

use hypprec::formula::{Kind, Model, Op};
use hypprec::guard::GUARDS;
use hypprec::study::{Filter, Progress, Study, run};
use hypprec::table::CellRow;
use std::collections::BTreeSet;

/// Everything there is, on few samples: conversions and derivatives included.
const STUDY: &str = r#"
question = "Do the parts sum to the total?"
seed = 11

[[block]]
ops = ["distance", "origin_distance", "conformal_factor", "mlr"]
guards = "all"
models = ["poincare", "lorentz", "lorentz-ambient", "klein"]
scalars = ["bf16", "f32", "f64"]
radii = [0.5, 6, 14]
directions = ["radial", "tangential", "random", "antipodal", "self"]
separations = [1e-2]
dims = [2]
curvatures = [1, 0.05]

[[block]]
ops = ["add", "scale", "exp", "log", "exp0", "log0", "transport", "geodesic", "midpoint", "gyration", "convert", "round_trip", "project"]
guards = "all"
models = ["poincare", "lorentz", "lorentz-ambient", "klein"]
scalars = ["f32"]
radii = [0.5, 6]
directions = ["tangential", "random"]
separations = [1e-2]
dims = [3]
curvatures = [0.05]

[[block]]
ops = ["distance"]
gradient = "y"
models = ["poincare", "lorentz", "klein"]
scalars = ["f64"]
radii = [0.5, 6]
directions = ["tangential", "random"]
separations = [1e-2]
dims = [2]
curvatures = [0.05]
"#;

/// Parts are printed as f64: their sum may be off by a few roundings of the largest of them.
const SUM_TOLERANCE: f64 = 1e-14;

struct Silent;

impl Progress for Silent {
    fn finished(&self, _cells: u64) {}
}

fn cells() -> Vec<CellRow> {
    let groups = Study::parse(STUDY).unwrap().groups(&Filter::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    run(&groups, folder.path(), "cells", false, &Silent).unwrap()
}

/// Signed parts of numbers sum to the total; lengths obey the triangle inequality.
fn fault(cell: &CellRow) -> Option<String> {
    let parts = [cell.error_representation, cell.error_off_model, cell.error_guard, cell.error_rounding];
    let has_number = ["ok", "saturated"].contains(&cell.outcome.as_str());
    let (Some(total), [Some(a), Some(b), Some(c), Some(d)]) = (cell.error_total, parts) else {
        // Off its model, or under a guard, a published formula may have no exact answer; the own ones always have.
        let missing = cell.variant == "best" && cell.guard == "none" && has_number;
        return missing.then(|| "no parts".to_owned());
    };
    if !has_number {
        return Some(format!("parts of a value that is {}", cell.outcome));
    }
    let largest = [a, b, c, d, total].iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    if largest.is_infinite() {
        return None;
    }
    let sum = a + b + c + d;
    let scalar = cell.op.parse::<Op>().is_ok_and(|op| op.kind() == Kind::Scalar);
    let holds = match scalar {
        true => (sum - total).abs() <= SUM_TOLERANCE * largest,
        false => total >= 0.0 && total <= sum * (1.0 + SUM_TOLERANCE),
    };
    (!holds).then(|| format!("{a:e} + {b:e} + {c:e} + {d:e} is not {total:e}"))
}

#[test]
fn the_parts_of_every_cell_sum_to_the_total() {
    let cells = cells();
    let place = |cell: &CellRow| {
        format!(
            "{} {} {} {} under {}, radius {}, {}, c = {}",
            cell.model, cell.scalar, cell.op, cell.variant, cell.guard, cell.radius, cell.direction, cell.c
        )
    };
    let faults: Vec<String> =
        cells.iter().filter_map(|cell| fault(cell).map(|fault| format!("{}: {fault}", place(cell)))).collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cells.len(), faults.join("\n"));

    let seen = |name: fn(&CellRow) -> &str| cells.iter().map(name).map(str::to_owned).collect::<BTreeSet<_>>();
    for guard in GUARDS {
        assert!(seen(|cell| &cell.guard).contains(guard.id), "no cell under {}", guard.id);
    }
    for model in Model::ALL {
        assert!(seen(|cell| &cell.model).contains(model.name()), "no cell in {model}");
    }
    for op in Op::ALL {
        // "convert to poincare", "round_trip by klein".
        let first_word = |cell: &CellRow| cell.op.split(' ').next() == Some(op.name());
        assert!(cells.iter().any(first_word), "no cell of {op}");
    }
    let with_parts = cells.iter().filter(|cell| cell.error_total.is_some()).count();
    assert!(with_parts * 2 > cells.len(), "only {with_parts} of {} cells have parts", cells.len());
}
