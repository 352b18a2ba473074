//! How a long run says that it goes on: a bar on a terminal, a line every tenth elsewhere.

use super::stop::Stop;
use crate::study::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Reporter {
    bar: ProgressBar,
    plain: bool,
    /// What is counted.
    what: &'static str,
    all: u64,
    done: AtomicU64,
    stop: Stop,
}

/// Plain progress lines over a run.
const LINES: u64 = 10;

impl Reporter {
    pub fn new(cells: u64) -> Self {
        Reporter::of("cells", cells)
    }
    /// For so many cells of a run that a signal can stop.
    pub fn stoppable(cells: u64, stop: Stop) -> Self {
        Reporter { stop, ..Reporter::new(cells) }
    }
    /// For so many of what is counted.
    pub fn of(what: &'static str, all: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(all) };
        let template = format!("{{wide_bar}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Reporter { bar, plain, what, all, done: AtomicU64::new(0), stop: Stop::default() }
    }
    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Reporter {
    fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }
    fn finished(&self, cells: u64) {
        self.bar.inc(cells);
        let before = self.done.fetch_add(cells, Ordering::Relaxed);
        let line = |done: u64| done * LINES / self.all.max(1);
        if self.plain && line(before + cells) > line(before) {
            super::say(&format!("{} of {} {}", before + cells, self.all, self.what));
        }
    }
}
