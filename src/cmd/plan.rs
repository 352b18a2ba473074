//! `hypprec plan`: what a study will take, from a sample of it that is measured now.

use super::Failure;
use super::filters::Filters;
use super::named::{Named, place};
use crate::study::{Layout, measure_all};
use serde_json::json;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Estimate the time, the memory and the disk of a study, and into how many shards to cut it.
///
/// Runs of groups of cells, spread evenly over the study, are measured on one core. Time grows linearly with the cells; a shard
/// keeps no rows in memory, whatever the study's size. The tables and pages that a sweep and `merge` make at the end are not in
/// the estimate.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec plan boundary
  hypprec plan gate --wall 2h --cores 16")]
pub struct Plan {
    /// A built-in study's name, or a TOML file
    #[arg(default_value = "boundary")]
    study: String,
    #[command(flatten)]
    filters: Filters,
    /// How long a shard may take, such as 90s, 45m, 2h, 1h30m or 02:00:00
    #[arg(long, value_name = "TIME")]
    wall: Option<Wall>,
    /// Cores of the machine that a shard runs on [default: this machine's]
    #[arg(long)]
    cores: Option<usize>,
    /// Groups to measure
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u64).range(2..))]
    sample: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What is left of a shard's time for starting, writing its table and being slower than the sample.
const RESERVE: f64 = 0.8;
/// Standard errors of the mean on either side of the estimate: 95 %.
const SIGMAS: f64 = 2.0;

/// A wished time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wall(Duration);

impl FromStr for Wall {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is no time; write 90s, 45m, 2h, 1h30m or 02:00:00");
        let parts: Vec<&str> = text.split(':').collect();
        if let [hours, minutes, seconds] = parts.as_slice() {
            let numbers: Result<Vec<u64>, _> = [hours, minutes, seconds].iter().map(|part| part.parse()).collect();
            let [h, m, s] = numbers.map_err(|_| fault())?.try_into().map_err(|_| fault())?;
            return seconds_of(&[(h, 3600), (m, 60), (s, 1)]).ok_or_else(fault);
        }
        let (mut found, mut digits) = (Vec::new(), String::new());
        for c in text.chars() {
            let unit = match c {
                'h' => 3600,
                'm' => 60,
                's' => 1,
                c if c.is_ascii_digit() => {
                    digits.push(c);
                    continue;
                }
                _ => return Err(fault()),
            };
            found.push((digits.parse().map_err(|_| fault())?, unit));
            digits.clear();
        }
        if digits.is_empty() { seconds_of(&found).ok_or_else(fault) } else { Err(fault()) }
    }
}

fn seconds_of(parts: &[(u64, u64)]) -> Option<Wall> {
    let sum = parts.iter().try_fold(0u64, |sum, (n, unit)| sum.checked_add(n.checked_mul(*unit)?))?;
    (sum > 0).then_some(Wall(Duration::from_secs(sum)))
}

/// Nothing is shown of the sample.
struct Silent;

impl crate::study::Progress for Silent {
    fn finished(&self, _cells: u64) {}
}

/// What a sample took.
struct Sampled {
    groups: u64,
    /// Core seconds of a group, and the standard error of that mean.
    mean: f64,
    error: f64,
    /// Of a row of the table.
    bytes: f64,
}

/// Neighbouring groups that are measured together, as a sweep does: alone each would pay for what they share.
const RUN: u64 = 8;

fn sample(layout: &Layout, wished: u64) -> Result<Sampled, Failure> {
    let n = layout.groups();
    let run = RUN.min(n);
    let runs = (wished / run).max(2).min(n / run);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let measured = |start: u64| {
        let groups: Vec<_> = (start..start + run).map(|i| layout.group(i)).collect();
        let started = Instant::now();
        let cells = pool.install(|| measure_all(&groups, &Silent))?;
        Ok::<_, Failure>((started.elapsed().as_secs_f64() / run as f64, cells))
    };
    // What is made once in a process is not the groups' own.
    measured(0)?;
    let (mut times, mut bytes, mut rows) = (Vec::new(), 0, 0);
    for i in 0..runs {
        // The middle of each of `runs` equal pieces.
        let middle = (u128::from(n - run) * u128::from(2 * i + 1) / u128::from(2 * runs)) as u64;
        let (time, cells) = measured(middle)?;
        times.push(time);
        let mut text = Vec::new();
        crate::table::write_rows(&mut text, &cells, false)?;
        (bytes, rows) = (bytes + text.len(), rows + cells.len());
    }
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let spread = times.iter().map(|time| (time - mean) * (time - mean)).sum::<f64>() / (count - 1.0).max(1.0);
    let error = (spread / count).sqrt();
    Ok(Sampled { groups: runs * run, mean, error, bytes: bytes as f64 / rows.max(1) as f64 })
}

/// The most memory that this process has had, in bytes, where the system says.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

impl Plan {
    pub fn run(self) -> Result<(), Failure> {
        let named = Named::open(&self.study)?;
        let layout = named.study.layout(&self.filters.filter()?).map_err(|error| place(&self.study, &error))?;
        let cores = self.cores.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        let sampled = sample(&layout, self.sample)?;
        let groups = layout.groups() as f64;
        let (core, error) = (groups * sampled.mean, SIGMAS * groups * sampled.error);
        let wall = core / cores as f64;
        // The parts and the table that is made of them.
        let disk = 2.0 * sampled.bytes * layout.cells() as f64;
        let shards = self
            .wall
            .map(|Wall(wish)| ((core + error) / cores as f64 / (RESERVE * wish.as_secs_f64())).ceil().max(1.0));
        if self.json {
            let value = json!({
                "study": named.name,
                "cells": layout.cells(),
                "groups": layout.groups(),
                "measured_groups": sampled.groups,
                "core_seconds": core,
                "core_seconds_error": error,
                "cores": cores,
                "wall_seconds": wall,
                "memory_bytes": peak(),
                "disk_bytes": disk,
                "shards": shards,
            });
            return super::print(&format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        let mut text = format!(
            "cells   {} in {} groups; {} groups were measured\ntime    {} ± {} on one core; {} on {cores}\n",
            layout.cells(),
            layout.groups(),
            sampled.groups,
            time(core),
            time(error),
            time(wall)
        );
        if let Some(peak) = peak() {
            let mib = peak.div_ceil(1 << 20);
            text +=
                &format!("memory  {mib} MiB of a shard, whatever the number of cells; tables and page come after\n");
        }
        text += &format!("disk    {:.1} MiB, half of it until the end\n", disk / f64::from(1 << 20));
        if let (Some(shards), Some(Wall(wish))) = (shards, self.wall) {
            text += &format!(
                "shards  {shards}, for {} each on {cores} cores: --shard I/{shards}, or an array of 1-{shards}\n",
                time(wish.as_secs_f64())
            );
        }
        super::print(&text)
    }
}

/// A time as people say it.
fn time(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_and_schedulers_write_them() {
        for (text, seconds) in [("90s", 90), ("45m", 2700), ("1h30m", 5400), ("02:00:01", 7201), ("2h", 7200)] {
            assert_eq!(text.parse(), Ok(Wall(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["", "2", "h", "1d", "-1h", "1:2", "0s", "99999999999999999999h"] {
            assert!(text.parse::<Wall>().is_err(), "{text}");
        }
    }
}
