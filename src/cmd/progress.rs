//! How a long run says that it goes on: a bar on a terminal, a line every tenth elsewhere.

use crate::study::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Reporter {
    bar: ProgressBar,
    plain: bool,
    cells: u64,
    done: AtomicU64,
}

/// Plain progress lines over a run.
const LINES: u64 = 10;

impl Reporter {
    pub fn new(cells: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(cells) };
        let template = "{wide_bar} {pos}/{len} cells, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Reporter { bar, plain, cells, done: AtomicU64::new(0) }
    }
    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Reporter {
    fn finished(&self, cells: u64) {
        self.bar.inc(cells);
        let before = self.done.fetch_add(cells, Ordering::Relaxed);
        let line = |done: u64| done * LINES / self.cells.max(1);
        if self.plain && line(before + cells) > line(before) {
            super::say(&format!("{} of {} cells", before + cells, self.cells));
        }
    }
}
