//! Many cells in few numbers: how many were ok, and how far off the others of them were.

use super::Outcome;

/// The distribution of an error over cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub n: usize,
    /// The share of cells whose outcome was ok.
    pub ok_share: f64,
    /// Over the ok cells; `None` without any.
    pub median: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
    /// The position, among the cells given, of the largest error.
    pub witness: Option<usize>,
}

/// Summarises |error| over cells given as (outcome, error); an error of `None` counts as not ok. Quantiles are order
/// statistics: the smallest value that at least the stated share of the ok cells does not exceed.
pub fn summarise(cells: impl IntoIterator<Item = (Outcome, Option<f64>)>) -> Summary {
    let mut n = 0;
    let mut errors: Vec<(f64, usize)> = Vec::new();
    for (index, (outcome, error)) in cells.into_iter().enumerate() {
        n += 1;
        if let (Outcome::Ok, Some(error)) = (outcome, error) {
            errors.push((error.abs(), index));
        }
    }
    errors.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let sorted: Vec<f64> = errors.iter().map(|(error, _)| *error).collect();
    let quantile = |share: f64| order_statistic(&sorted, share);
    Summary {
        n,
        ok_share: if n == 0 { 0.0 } else { errors.len() as f64 / n as f64 },
        median: quantile(0.5),
        p99: quantile(0.99),
        max: errors.last().map(|(error, _)| *error),
        witness: errors.last().map(|(_, index)| *index),
    }
}

/// The smallest of the sorted values that at least `share` of them do not exceed; `None` without any.
pub fn order_statistic(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Bits that an error costs: log₂(1 + ulps).
pub fn bits_lost(ulps: f64) -> f64 {
    pxfm::f_log1p(ulps) / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_order_statistics_and_failures_count() {
        let cells = (1..=100).map(|i| (Outcome::Ok, Some(f64::from(i)))).chain([(Outcome::Nan, None)]);
        let summary = summarise(cells);
        assert_eq!((summary.n, summary.median, summary.p99, summary.max), (101, Some(50.0), Some(99.0), Some(100.0)));
        assert_eq!(summary.witness, Some(99));
        assert!((summary.ok_share - 100.0 / 101.0).abs() < 1e-15);
    }

    #[test]
    fn nothing_has_no_quantiles() {
        let summary = summarise([(Outcome::Nan, None)]);
        assert_eq!((summary.n, summary.ok_share, summary.median, summary.max), (1, 0.0, None, None));
    }
}
