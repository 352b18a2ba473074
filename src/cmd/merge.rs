//! `hypprec merge`: the shards of a run put together to the bytes of one run.

use super::Failure;
use super::named::place;
#[cfg(feature = "train")]
use super::runs::runs_of;
use super::shards::{STUDY, difference, is_same, shards_of, unnumbered};
use crate::study::{CELLS, CellFile, Study, Summaries, cell_header, reduce};
use crate::table::{self, Identity, Manifest, Provenance, State, TableError, array_spec};
use crate::verdict::check::Baseline;
use crate::verdict::choose::measure::Grid;
use crate::verdict::judge::study::ClipStudy;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Put the shards of a run together.
///
/// Every DIR is a shard, or a folder of shards. What one run would have written is written, to the same bytes, and its pages
/// after it; nothing is held in memory. Shards of another study, version or seed, damaged ones and missing ones are refused.
#[derive(clap::Args)]
pub struct Merge {
    /// Shards, or folders of them
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Where to write
    #[arg(long)]
    out: PathBuf,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
}

impl Merge {
    pub fn run(self) -> Result<(), Failure> {
        let shards = shards_of(&self.folders)?;
        if shards.iter().any(|(shard, _)| is_same(shard, &self.out)) {
            let out = super::shown(&self.out);
            return Err(Failure(format!("{out}: a shard that is to be merged, and no place for the whole")));
        }
        let whole = Whole::of(shards)?;
        match whole.identity.verb.as_str() {
            "sweep" => self.sweep(&whole),
            "check" => self.check(&whole),
            "judge" => self.judge(&whole),
            "choose" => self.choose(&whole),
            #[cfg(feature = "train")]
            "train" => self.train(&whole),
            #[cfg(feature = "train")]
            "fewshot" => self.fewshot(&whole),
            verb => Err(Failure(format!("this build does not know how to put shards of `{verb}` together"))),
        }
    }

    fn sweep(&self, whole: &Whole) -> Result<(), Failure> {
        let text = whole.text()?;
        let study = Study::parse(&text).map_err(|error| place(&whole.identity.name, &error))?;
        let provenance = whole.provenance();
        let (files, study_file) = super::sweep::files(&self.out, &text);
        let _claim = table::claim(&self.out, &files, self.force)?;
        let mut rows = 0;
        table::write_atomic(&self.out.join(CELLS), |out| {
            provenance.write(out)?;
            rows = whole.merged(&cell_header(), true, |line| out.write_all(line.as_bytes()))?;
            Ok(())
        })?;
        let page = super::sweep::finish(&self.out, &study, &provenance, rows, &mut [])?;
        table::keep_study(&study_file, &text)?;
        super::print(&format!("{rows} cells of {} shards; the page is {}\n", whole.shards.len(), super::shown(&page)))
    }
}

impl Merge {
    /// What `check --accept` would write: the rows of all cells, as a baseline.
    fn check(&self, whole: &Whole) -> Result<(), Failure> {
        let text = whole.text()?;
        let provenance = whole.provenance();
        let _claim = table::claim(&self.out, &[CELLS, super::check::MEASURED], self.force)?;
        let cells = self.out.join(CELLS);
        table::write_atomic(&cells, |out| {
            provenance.write(out)?;
            whole.merged(&cell_header(), true, |line| out.write_all(line.as_bytes())).map(drop)
        })?;
        let mut summaries = Summaries::new();
        reduce(&CellFile::new(&cells), &mut [&mut summaries])?;
        let rows = summaries.rows();
        let (study, fingerprint) = (whole.identity.name.clone(), table::fingerprint(text.as_bytes()));
        let measured = Baseline { provenance, study, fingerprint, rows };
        let path = self.out.join(super::check::MEASURED);
        table::write_atomic(&path, |out| measured.write(out))?;
        super::print(&format!("{} rows, for `hypprec check --measured {}`\n", measured.rows.len(), super::shown(&path)))
    }
}

impl Merge {
    /// What `judge --all` would write.
    fn judge(&self, whole: &Whole) -> Result<(), Failure> {
        let study = ClipStudy::parse(&whole.text()?)?;
        let _claim = table::claim(&self.out, &super::judge::FILES, self.force)?;
        super::judge::finish(&self.out, &study, &whole.provenance(), &whole.pieces()?)
    }

    /// What `choose --regenerate` would write, as table.csv.
    fn choose(&self, whole: &Whole) -> Result<(), Failure> {
        let grid = Grid::parse(&whole.text()?)?;
        let rows = unnumbered(&whole.pieces()?);
        let _claim = table::claim(&self.out, &[CHOICES], self.force)?;
        let (path, text) = (self.out.join(CHOICES), super::choose::table_of(&grid, &rows)?);
        table::write_atomic(&path, |out| out.write_all(text.as_bytes()))?;
        super::print(&format!("{} panels; the table is {}\n", whole.shards[0].1.total, super::shown(&path)))
    }
}

#[cfg(feature = "train")]
impl Merge {
    /// The tables and the page of a grid of runs.
    fn train(&self, whole: &Whole) -> Result<(), Failure> {
        use super::train::{RESULTS, TABLES, Tables};
        let runs = runs_of(whole, RESULTS, |text| crate::train::Recipe::parse(text, &[]))?;
        self.grid(whole, runs.len(), &TABLES, |provenance| {
            let tables = Tables::gather(&runs)?;
            tables.write(&self.out, provenance)?;
            tables.page(&self.out, &whole.identity.name, provenance)
        })
    }

    /// The tables and the page of a grid of few-shot runs.
    fn fewshot(&self, whole: &Whole) -> Result<(), Failure> {
        use super::fewshot::{TABLES, Tables};
        let runs = runs_of(whole, super::train::RESULTS, |text| crate::train::FewShot::parse(text, &[]))?;
        self.grid(whole, runs.len(), &TABLES, |provenance| {
            let tables = Tables::gather(&runs, &self.out)?;
            tables.write(&self.out, provenance)?;
            tables.page(&self.out, &whole.identity.name, provenance)
        })
    }

    /// Has the tables and the page of a grid written, and says where that is.
    fn grid(
        &self,
        whole: &Whole,
        runs: usize,
        tables: &[&str],
        write: impl FnOnce(&Provenance) -> Result<PathBuf, Failure>,
    ) -> Result<(), Failure> {
        let _claim = table::claim(&self.out, &[tables, &table::PAGE].concat(), self.force)?;
        let page = write(&whole.provenance())?;
        super::print(&format!("{runs} runs; the page is {}\n", super::shown(&page)))
    }
}

/// The table of `choose`.
const CHOICES: &str = "table.csv";

/// All shards of one run, each done and as it was written.
pub struct Whole {
    pub identity: Identity,
    pub shards: Vec<(PathBuf, Manifest)>,
}

impl Whole {
    /// # Errors
    /// If they are of several runs, or any is missing, not done, there twice or damaged.
    pub fn of(shards: Vec<(PathBuf, Manifest)>) -> Result<Whole, Failure> {
        let Some((first, manifest)) = shards.first() else { return Err(Failure("no shards".to_owned())) };
        let (identity, of) = (manifest.identity.clone(), manifest.shard.of());
        for (path, other) in &shards {
            if let Some(what) = difference(&identity, &other.identity) {
                return Err(Failure(format!("{}: not of the run of {}: {what}", path.display(), first.display())));
            }
            if other.shard.of() != of {
                let what = format!("shard {} where {} is {}", other.shard, first.display(), manifest.shard);
                return Err(Failure(format!("{}: {what}", path.display())));
            }
        }
        if let Some([(a, shard), (b, _)]) = shards.array_windows().find(|[a, b]| a.1.shard == b.1.shard) {
            return Err(Failure(format!("{}: shard {} again, after {}", b.display(), shard.shard, a.display())));
        }
        let missing = missing(&shards);
        if !missing.is_empty() {
            let what = if missing.len() == 1 { "is missing or not done" } else { "are missing or not done" };
            return Err(Failure(format!("{} of {of} shards {what}: {}", missing.len(), array_spec(&missing))));
        }
        for (path, manifest) in &shards {
            manifest.verify(path)?;
        }
        Ok(Whole { identity, shards })
    }

    /// The study, as its shards kept it.
    pub fn text(&self) -> Result<String, Failure> {
        let path = self.shards[0].0.join(STUDY);
        let text = fs::read_to_string(&path).map_err(TableError::io(&path))?;
        let text = table::without_mark(&text);
        if table::sha256(text.as_bytes()) != self.identity.study {
            return Err(Failure(format!("{}: not the study that its manifest names", path.display())));
        }
        Ok(text.to_owned())
    }

    /// The lines of all pieces in their order, each after its number.
    fn pieces(&self) -> Result<String, Failure> {
        let mut lines = String::new();
        self.merged("", false, |line| {
            lines += line;
            Ok(())
        })?;
        Ok(lines)
    }

    /// Where the whole comes from: what every shard says, made where they were.
    pub fn provenance(&self) -> Provenance {
        let mut hosts: Vec<&str> = Vec::new();
        for (_, manifest) in &self.shards {
            if !hosts.contains(&manifest.host.as_str()) {
                hosts.push(&manifest.host);
            }
        }
        let Identity { command, version, revision, seed, .. } = self.identity.clone();
        Provenance { command, version, revision, seed, host: hosts.join("; ") }
    }

    /// Gives every line of the shards' tables in the order of the number that it begins with, after `header`, and says how
    /// many rows they were. Where rows are single, each number comes once, and all of them.
    pub fn merged(&self, header: &str, single: bool, mut take: impl FnMut(&str) -> io::Result<()>) -> io::Result<u64> {
        let mut tables = self
            .shards
            .iter()
            .map(|(path, manifest)| Lines::open(&path.join(&manifest.file), header))
            .collect::<Result<Vec<_>, _>>()?;
        take(header)?;
        let (mut rows, mut last) = (0, None);
        loop {
            let next = tables.iter().enumerate().filter_map(|(i, table)| Some((table.number?, i))).min();
            let Some((number, i)) = next else { break };
            if last.is_some_and(|last| number < last || (single && number == last)) {
                return Err(tables[i].fault(&format!("row {number} comes after row {}", last.unwrap_or_default())));
            }
            take(&tables[i].line)?;
            (rows, last) = (rows + 1, Some(number));
            tables[i].next()?;
        }
        let total = self.shards[0].1.total;
        match single && rows != total {
            true => Err(io::Error::other(format!("the shards have {rows} rows where the whole has {total}"))),
            false => Ok(rows),
        }
    }
}

/// The shards that have to be run again, from 1.
pub fn missing(shards: &[(PathBuf, Manifest)]) -> Vec<u64> {
    let of = shards.first().map_or(0, |(_, manifest)| manifest.shard.of());
    let is_done =
        |part: u64| shards.iter().any(|(_, manifest)| manifest.shard.part() == part && manifest.state == State::Done);
    (1..=of).filter(|part| !is_done(*part)).collect()
}

/// The lines of a table, each with the number that it begins with.
struct Lines {
    path: PathBuf,
    input: BufReader<File>,
    line: String,
    number: Option<u64>,
}

impl Lines {
    /// At the first row below the provenance and the header.
    fn open(path: &Path, header: &str) -> io::Result<Lines> {
        let input = BufReader::new(File::open(path)?);
        let mut lines = Lines { path: path.to_owned(), input, line: String::new(), number: None };
        loop {
            lines.read()?;
            if !lines.line.starts_with('#') {
                break;
            }
        }
        if !header.is_empty() {
            if lines.line != header {
                return Err(lines.fault("its columns are not those of this version"));
            }
            lines.read()?;
        }
        lines.number()?;
        Ok(lines)
    }

    fn read(&mut self) -> io::Result<()> {
        self.line.clear();
        self.input.read_line(&mut self.line).map(drop)
    }

    fn next(&mut self) -> io::Result<()> {
        self.read()?;
        self.number()
    }

    fn number(&mut self) -> io::Result<()> {
        self.number = None;
        if !self.line.is_empty() {
            let number = self.line.split_once(',').and_then(|(number, _)| number.parse().ok());
            self.number = Some(number.ok_or_else(|| self.fault("a line without a number"))?);
        }
        Ok(())
    }

    fn fault(&self, what: &str) -> io::Error {
        io::Error::other(format!("{}: {what}", self.path.display()))
    }
}
