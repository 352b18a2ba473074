//! Cells on their way to few numbers: they pass twice, one after the other, and what is kept of them does not grow with them.

use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::measure::Outcome;
use crate::table::{CellRow, TableError, read_each};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Cells in their order, as often as they are asked for.
pub trait Cells {
    fn each(&self, cell: &mut dyn FnMut(&CellRow)) -> Result<(), TableError>;
}

impl Cells for [CellRow] {
    fn each(&self, cell: &mut dyn FnMut(&CellRow)) -> Result<(), TableError> {
        self.iter().for_each(cell);
        Ok(())
    }
}

/// The cells of a table on disk.
pub struct CellFile(PathBuf);

impl CellFile {
    pub fn new(path: &Path) -> Self {
        CellFile(path.to_owned())
    }
}

impl Cells for CellFile {
    /// # Errors
    /// If the table cannot be read, or names what there is not.
    fn each(&self, cell: &mut dyn FnMut(&CellRow)) -> Result<(), TableError> {
        let mut known = [const { BTreeSet::new() }; 3];
        read_each(&self.0, |row: CellRow| {
            check(&row, &mut known)?;
            cell(&row);
            Ok(())
        })
    }
}

/// That a row's model, arithmetic and outcome are some of ours; those that are `known` to be need not be looked at again.
fn check(row: &CellRow, [models, scalars, outcomes]: &mut [BTreeSet<String>; 3]) -> Result<(), String> {
    if !models.contains(&row.model) {
        row.model.parse::<Model>().map_err(|error| error.to_string())?;
        models.insert(row.model.clone());
    }
    if !scalars.contains(&row.scalar) {
        row.scalar.parse::<Arithmetic>().map_err(|error| error.to_string())?;
        scalars.insert(row.scalar.clone());
    }
    if !outcomes.contains(&row.outcome) {
        if !Outcome::ALL.iter().any(|outcome| outcome.to_string() == row.outcome) {
            return Err(format!("unknown outcome `{}`", row.outcome));
        }
        outcomes.insert(row.outcome.clone());
    }
    Ok(())
}

/// What is made of cells that pass twice.
pub trait Reduction {
    fn first(&mut self, cell: &CellRow);
    /// Between the two.
    fn settle(&mut self);
    fn second(&mut self, cell: &CellRow);
}

/// Has all cells pass through all reductions.
pub fn reduce(cells: &(impl Cells + ?Sized), reductions: &mut [&mut dyn Reduction]) -> Result<(), TableError> {
    cells.each(&mut |cell| reductions.iter_mut().for_each(|reduction| reduction.first(cell)))?;
    reductions.iter_mut().for_each(|reduction| reduction.settle());
    cells.each(&mut |cell| reductions.iter_mut().for_each(|reduction| reduction.second(cell)))
}

/// Order statistics of sizes (numbers ≥ 0, or NaN beyond all) that pass twice: the first time they are counted by their first
/// 16 bits, of which there are few, the second time those are kept that share them with a statistic that is asked for. As
/// [`crate::measure::order_statistic`] of all of them, sorted.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    shares: &'static [f64],
    n: u64,
    counts: BTreeMap<u16, u64>,
    /// For each share its first 16 bits, and how many with the same bits come before it.
    places: Vec<(u16, u64)>,
    kept: BTreeMap<u64, u64>,
}

/// The first 16 bits of a size: sign, exponent and 4 bits of its fraction.
fn prefix(bits: u64) -> u16 {
    (bits >> 48) as u16
}

impl Statistics {
    pub fn new(shares: &'static [f64]) -> Self {
        Statistics { shares, n: 0, counts: BTreeMap::new(), places: Vec::new(), kept: BTreeMap::new() }
    }

    pub fn first(&mut self, size: f64) {
        self.n += 1;
        *self.counts.entry(prefix(size.abs().to_bits())).or_default() += 1;
    }

    pub fn settle(&mut self) {
        let place = |share: &f64| {
            let mut rank = ((share * self.n as f64).ceil() as u64).saturating_sub(1);
            for (bits, count) in &self.counts {
                if rank < *count {
                    return Some((*bits, rank));
                }
                rank -= count;
            }
            None
        };
        self.places = self.shares.iter().filter_map(place).collect();
        self.counts = BTreeMap::new();
    }

    pub fn second(&mut self, size: f64) {
        let bits = size.abs().to_bits();
        if self.places.iter().any(|(found, _)| *found == prefix(bits)) {
            *self.kept.entry(bits).or_default() += 1;
        }
    }

    /// The statistic of the `i`-th share; `None` where no size has passed.
    pub fn get(&self, i: usize) -> Option<f64> {
        let (bits, mut rank) = *self.places.get(i)?;
        for (size, count) in self.kept.range(u64::from(bits) << 48..) {
            if rank < *count {
                return Some(f64::from_bits(*size));
            }
            rank -= count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::order_statistic;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_statistics_are_those_of_all_sorted(
            sizes in proptest::collection::vec(prop_oneof![0.0..10.0f64, 1.0..1.01f64, Just(0.0), Just(f64::INFINITY)], 0..300)
        ) {
            const SHARES: &[f64] = &[0.0, 0.5, 0.99, 1.0];
            let mut statistics = Statistics::new(SHARES);
            sizes.iter().for_each(|size| statistics.first(*size));
            statistics.settle();
            sizes.iter().for_each(|size| statistics.second(*size));
            let mut sorted = sizes.clone();
            sorted.sort_by(f64::total_cmp);
            for (i, share) in SHARES.iter().enumerate() {
                prop_assert_eq!(statistics.get(i), order_statistic(&sorted, *share));
            }
        }
    }

    #[test]
    fn names_that_are_none_of_ours_are_a_fault_of_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cells.csv");
        let row = CellRow { model: "klein".into(), scalar: "f32".into(), outcome: "ok".into(), ..CellRow::default() };
        let all = |row: &CellRow| {
            let mut bytes = b"# a comment\n".to_vec();
            crate::table::write_rows(&mut bytes, std::slice::from_ref(row), true).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let mut n = 0;
            CellFile::new(&path).each(&mut |_| n += 1).map(|()| n)
        };
        assert_eq!(all(&row).unwrap(), 1);
        for bad in [
            CellRow { model: "kline".into(), ..row.clone() },
            CellRow { scalar: "f17".into(), ..row.clone() },
            CellRow { outcome: "good".into(), ..row.clone() },
        ] {
            let error = all(&bad).unwrap_err().to_string();
            assert!(error.contains("cells.csv: line 3: unknown "), "{error}");
        }
    }
}
