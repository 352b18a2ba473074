//! How well a score that should be high on the known set and low on a foreign one tells the two apart.

/// Three figures of one comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    /// Kolmogorov and Smirnov's distance of the two distributions: the largest gap of their cumulative shares.
    pub ks: f64,
    /// The chance that a known image scores above a foreign one, ties counting half.
    pub auroc: f64,
    /// The share of foreign images that pass at the threshold that 95 % of the known pass.
    pub fpr95: f64,
}

/// The share of the known set that the threshold of FPR95 lets pass.
const KEPT: f64 = 0.95;

/// Compares scores of a known and of a foreign set; scores that are not numbers count as the lowest.
pub fn confidence(known: &[f64], foreign: &[f64]) -> Confidence {
    let (known, foreign) = (ascending(known), ascending(foreign));
    let (n, m) = (known.len() as f64, foreign.len() as f64);
    let below = |sorted: &[f64], x: f64| sorted.partition_point(|y| *y < x) as f64;
    let upto = |sorted: &[f64], x: f64| sorted.partition_point(|y| *y <= x) as f64;
    let gap = |x: &f64| (upto(&known, *x) / n - upto(&foreign, *x) / m).abs();
    let ks = known.iter().chain(&foreign).map(gap).fold(0.0, f64::max);
    // Mann and Whitney's U.
    let wins: f64 = known.iter().map(|x| (below(&foreign, *x) + upto(&foreign, *x)) / 2.0).sum();
    // The largest threshold that at least 95 % of the known set reach.
    let threshold = known[(n - (KEPT * n).ceil()) as usize];
    let fpr95 = 1.0 - below(&foreign, threshold) / m;
    Confidence { ks, auroc: wins / (n * m), fpr95 }
}

fn ascending(scores: &[f64]) -> Vec<f64> {
    let mut scores: Vec<f64> = scores.iter().map(|x| if x.is_nan() { f64::NEG_INFINITY } else { *x }).collect();
    scores.sort_by(f64::total_cmp);
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_are_apart_are_told_apart() {
        let known: Vec<f64> = (100..200).map(f64::from).collect();
        let foreign: Vec<f64> = (0..50).map(f64::from).collect();
        assert_eq!(confidence(&known, &foreign), Confidence { ks: 1.0, auroc: 1.0, fpr95: 0.0 });
        assert_eq!(confidence(&foreign, &known).auroc, 0.0);
    }

    #[test]
    fn equal_scores_tell_nothing() {
        let c = confidence(&[1.0; 40], &[1.0; 7]);
        assert_eq!((c.ks, c.auroc, c.fpr95), (0.0, 0.5, 1.0));
    }

    #[test]
    fn a_small_case_by_hand() {
        // Pairs (known > foreign): 3>2, 5>2, 5>4, and 2=2 for half: (0.5 + 1 + 2)/6; NaN is the lowest.
        let c = confidence(&[2.0, 3.0, 5.0], &[4.0, 2.0]);
        assert!((c.auroc - 3.5 / 6.0).abs() < 1e-15);
        assert_eq!(c.fpr95, 1.0);
        assert_eq!(confidence(&[1.0], &[f64::NAN]).auroc, 1.0);
        // The widest gap is at 4: two thirds of the known lie at or below it, and all of the foreign.
        assert!((c.ks - 1.0 / 3.0).abs() < 1e-15);
    }
}
