//! One part of a run that is cut into N, counted from 1: which of its numbered pieces are its own depends on nothing else.

use std::fmt;
use std::str::FromStr;

/// The I-th of N parts. Piece i (from 0) belongs to part i mod N + 1, so that parts take equally long where neighbours do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    part: u64,
    of: u64,
}

/// What is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoShard(String);

/// How many shards an array of tasks makes, where its scheduler does not say or says it of those submitted again alone.
pub const COUNT: &str = "HYPPREC_SHARDS";

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { part: 1, of: 1 };

    /// Part `part` of `of`; `None` unless 1 ≤ part ≤ of.
    pub fn new(part: u64, of: u64) -> Option<Shard> {
        (1 <= part && part <= of).then_some(Shard { part, of })
    }
    pub fn part(self) -> u64 {
        self.part
    }
    pub fn of(self) -> u64 {
        self.of
    }
    /// Whether a piece is this part's.
    pub fn owns(self, piece: u64) -> bool {
        piece % self.of == self.part - 1
    }
    /// How many of `pieces` are this part's.
    pub fn share(self, pieces: u64) -> u64 {
        (pieces + self.of - self.part) / self.of
    }
    /// The number of this part's `i`-th piece, from 0.
    pub fn piece(self, i: u64) -> u64 {
        i * self.of + self.part - 1
    }
    /// The folder of this part within that of the whole.
    pub fn folder(self) -> String {
        format!("shard-{}-of-{}", self.part, self.of)
    }

    /// The part that a scheduler has given this process, and the variables that say so: a task of a Slurm array, or an index
    /// of a Kubernetes job, which does not say of how many (`COUNT` does). `None` outside both.
    ///
    /// # Errors
    /// If what the variables say is no part: an array with gaps, of which some were submitted again, counts those alone.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Option<(Shard, &'static str)>, NoShard> {
        let number = |name: &str| match variable(name).filter(|text| !text.is_empty()) {
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| NoShard(format!("{name}={text} is not a number"))),
            None => Ok(None),
        };
        let count = number(COUNT)?;
        let fault = |what: String| Err(NoShard(format!("{what}; say which part this is with --shard I/N")));
        if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
            const SOURCE: &str = "SLURM_ARRAY_TASK_ID";
            if let Some(of) = count {
                return match Shard::new(task, of) {
                    Some(shard) => Ok(Some((shard, SOURCE))),
                    None => fault(format!("task {task} of an array is not one of {COUNT}={of} parts")),
                };
            }
            let (Some(least), Some(of)) = (number("SLURM_ARRAY_TASK_MIN")?, number("SLURM_ARRAY_TASK_COUNT")?) else {
                return fault(format!("{SOURCE}={task} without SLURM_ARRAY_TASK_MIN and _COUNT"));
            };
            let most = number("SLURM_ARRAY_TASK_MAX")?;
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let has_gaps = most.is_some_and(|most| most < least || (most - least) / step + 1 != of);
            let part = task.checked_sub(least).filter(|past| past % step == 0).map(|past| past / step + 1);
            return match part.and_then(|part| Shard::new(part, of)).filter(|_| !has_gaps) {
                Some(shard) => Ok(Some((shard, SOURCE))),
                None => {
                    fault(format!("task {task} of an array of {of} with gaps says not of how many parts ({COUNT} may)"))
                }
            };
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            let shard = count.and_then(|of| Shard::new(index + 1, of));
            return match shard {
                Some(shard) => Ok(Some((shard, "JOB_COMPLETION_INDEX"))),
                None => fault(format!("JOB_COMPLETION_INDEX={index} counts from 0 to below {COUNT}, which is not so")),
            };
        }
        Ok(None)
    }
}

impl FromStr for Shard {
    type Err = NoShard;
    fn from_str(text: &str) -> Result<Self, NoShard> {
        let numbers = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        let shard = numbers.and_then(|(part, of)| Shard::new(part, of));
        shard.ok_or_else(|| NoShard("a shard is I/N with 1 ≤ I ≤ N, such as 1/2".to_owned()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

/// Numbers as schedulers take them: `3,7-9`.
pub fn array_spec(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let text = |run: &[u64]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    };
    runs.map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_of_one_part_and_parts_are_equal() {
        for of in 1..8 {
            for pieces in [0, 1, 5, 7, 20] {
                let shards: Vec<Shard> = (1..=of).map(|part| Shard::new(part, of).unwrap()).collect();
                for piece in 0..pieces {
                    assert_eq!(shards.iter().filter(|shard| shard.owns(piece)).count(), 1);
                }
                assert_eq!(shards.iter().map(|shard| shard.share(pieces)).sum::<u64>(), pieces);
                for shard in shards {
                    let own: Vec<u64> = (0..pieces).filter(|piece| shard.owns(*piece)).collect();
                    assert_eq!(own, (0..shard.share(pieces)).map(|i| shard.piece(i)).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn a_scheduler_says_which_part_this_is() {
        let of = |variables: &[(&str, &str)]| {
            let variables: Vec<(String, String)> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Shard::of_environment(|name| variables.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone()))
                .map(|found| found.map(|(shard, _)| shard.to_string()))
        };
        let slurm = |id: &'static str, min: &'static str, max: &'static str, count: &'static str| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ]
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&slurm("3", "1", "7", "7")), Ok(Some("3/7".into())));
        assert_eq!(of(&slurm("0", "0", "6", "7")), Ok(Some("1/7".into())));
        assert_eq!(
            of(&[&slurm("5", "1", "7", "4")[..], &[("SLURM_ARRAY_TASK_STEP", "2")]].concat()),
            Ok(Some("3/4".into()))
        );
        // 3,7-9 submitted again.
        assert!(of(&slurm("7", "3", "9", "4")).unwrap_err().to_string().contains("--shard I/N"));
        assert_eq!(of(&[&slurm("7", "3", "9", "4")[..], &[(COUNT, "9")]].concat()), Ok(Some("7/9".into())));
        assert!(of(&[("SLURM_ARRAY_TASK_ID", "1")]).is_err());
        assert!(of(&slurm("x", "3", "9", "4")).unwrap_err().to_string().contains("is not a number"));
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "0"), (COUNT, "3")]), Ok(Some("1/3".into())));
        assert!(of(&[("JOB_COMPLETION_INDEX", "3"), (COUNT, "3")]).is_err());
        assert!(of(&[("JOB_COMPLETION_INDEX", "0")]).is_err());
    }

    #[test]
    fn numbers_are_an_array_spec() {
        assert_eq!(array_spec(&[3, 7, 8, 9]), "3,7-9");
        assert_eq!(array_spec(&[1, 2, 4]), "1-2,4");
        assert_eq!(array_spec(&[]), "");
        assert!("0/3".parse::<Shard>().is_err() && "4/3".parse::<Shard>().is_err() && "1".parse::<Shard>().is_err());
    }
}
