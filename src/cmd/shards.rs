//! One part of a run: which it is, the folder that it writes to alone, and the manifest that says how far it is.

use super::stop::{Stop, stopped};
use super::{Failure, say};
use crate::table::{
    self, HEARTBEAT, Hashing, Identity, MANIFEST, Manifest, NoShard, Parts, Provenance, Shard, State, TableError,
    sha256,
};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Which part of the run to do.
#[derive(clap::Args)]
pub struct Sharded {
    /// Do only the I-th of N parts, into shard-I-of-N of the output folder; `hypprec merge` puts them together to the same
    /// bytes [default: what the variables of a Slurm array or a Kubernetes job say; all without them]
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
}

impl Sharded {
    /// Whether --shard was given.
    pub fn is_asked(&self) -> bool {
        self.shard.is_some()
    }
    /// The part that was asked for, or that a scheduler has given; says so.
    pub fn get(&self) -> Result<Option<Shard>, NoShard> {
        if self.shard.is_some() {
            return Ok(self.shard);
        }
        let given = Shard::of_environment(|name| std::env::var(name).ok())?;
        Ok(given.map(|(shard, source)| {
            say(&format!("shard {shard}, as {source} says"));
            shard
        }))
    }
}

/// The study of a shard, kept beside its rows.
pub const STUDY: &str = "study.toml";

/// What a run of a verb is told by.
pub fn identity(verb: &str, name: &str, text: &str, provenance: &Provenance) -> Identity {
    Identity {
        verb: verb.to_owned(),
        name: name.to_owned(),
        command: provenance.command.clone(),
        study: sha256(text.as_bytes()),
        version: provenance.version.clone(),
        revision: provenance.revision.clone(),
        seed: provenance.seed,
    }
}

/// What is asked for of a shard.
pub struct Asked<'a> {
    pub out: &'a Path,
    pub identity: Identity,
    /// The study's text.
    pub text: &'a str,
    pub provenance: &'a Provenance,
    pub shard: Shard,
    /// The table that it writes.
    pub file: &'static str,
    /// Rows, or pieces, of the whole.
    pub total: u64,
    pub resume: bool,
    pub force: bool,
}

/// A shard that is being measured.
pub struct Task {
    pub folder: PathBuf,
    pub parts: Parts,
    file: &'static str,
    started: Instant,
    manifest: Arc<Mutex<Manifest>>,
    heart: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Task {
    /// Begins; `None` where it is done already and is to be gone on with.
    pub fn begin(asked: Asked) -> Result<Option<Task>, Failure> {
        let Asked { out, identity, text, provenance, shard, file, total, resume, force } = asked;
        let folder = out.join(shard.folder());
        for (place, other) in if force { Vec::new() } else { shards_in(out)? } {
            let what = difference(&identity, &other.identity).unwrap_or_default();
            let is_other = !what.is_empty();
            if is_other || other.shard.of() != shard.of() {
                let what = if is_other { what } else { format!("{} shards, not {}", other.shard.of(), shard.of()) };
                return Err(Failure(format!("{}: a shard of another run: {what}", place.display())));
            }
        }
        let before = if force { None } else { Manifest::read(&folder)? };
        if let Some(before) = before.filter(|before| resume && before.state == State::Done) {
            match before.verify(&folder) {
                Ok(()) => {
                    super::print(&format!("{}: done already, {} rows\n", super::shown(&folder), before.rows))?;
                    return Ok(None);
                }
                Err(error) => super::say(&format!("hypprec: {error}; it is measured again")),
            }
        }
        table::own(&folder, &[file, STUDY, MANIFEST], force)?;
        let key = format!("{}\n{}\n{}\n{text}", identity.command, identity.version, identity.revision);
        let parts = Parts::open(&folder, &key, resume)?;
        table::keep_study(&folder.join(STUDY), text)?;
        let mut manifest = Manifest::begin(identity, shard, file, total, &provenance.host);
        manifest.write(&folder)?;
        let manifest = Arc::new(Mutex::new(manifest));
        let heart = beat(&manifest, &folder);
        Ok(Some(Task { folder, parts, file, started: Instant::now(), manifest, heart: Some(heart) }))
    }

    /// Writes the shard's table below its provenance, and that it is done.
    pub fn finish<E: From<TableError>>(
        mut self,
        provenance: &Provenance,
        write: impl FnOnce(&mut dyn Write) -> Result<u64, E>,
    ) -> Result<u64, E> {
        self.rest();
        let path = self.folder.join(self.file);
        let (mut rows, mut hash, mut fault) = (0, String::new(), None);
        let written = table::write_atomic(&path, |out| {
            let mut out = Hashing::new(out);
            provenance.write(&mut out)?;
            match write(&mut out) {
                Ok(n) => rows = n,
                Err(error) => {
                    fault = Some(error);
                    return Err(io::Error::other("stopped"));
                }
            }
            hash = out.sha256();
            Ok(())
        });
        if let Some(fault) = fault {
            return Err(fault);
        }
        written?;
        self.say(|manifest| (manifest.state, manifest.rows, manifest.sha256) = (State::Done, rows, hash))?;
        Parts::forget(&self.folder)?;
        Ok(rows)
    }

    /// Says that a signal has stopped it.
    pub fn interrupt(mut self, line: &str) -> Result<ExitCode, Failure> {
        self.rest();
        self.say(|manifest| manifest.state = State::Interrupted)?;
        Ok(stopped(&format!("{}: {line}", super::shown(&self.folder))))
    }

    fn say(&self, what: impl FnOnce(&mut Manifest)) -> Result<(), TableError> {
        let mut manifest = held(&self.manifest);
        what(&mut manifest);
        manifest.wall_seconds = self.started.elapsed().as_secs_f64();
        manifest.write(&self.folder)
    }

    /// Ends the signs of life.
    fn rest(&mut self) {
        if let Some((end, thread)) = self.heart.take() {
            drop(end);
            // A thread that has panicked has said its last; the manifest is written once more below.
            let _ = thread.join();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.rest();
    }
}

fn held(manifest: &Mutex<Manifest>) -> MutexGuard<'_, Manifest> {
    manifest.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says again and again that the run is alive, until the other end is dropped.
fn beat(manifest: &Arc<Mutex<Manifest>>, folder: &Path) -> (Sender<()>, JoinHandle<()>) {
    let (end, ended) = channel();
    let (manifest, folder, started) = (Arc::clone(manifest), folder.to_owned(), Instant::now());
    let thread = std::thread::spawn(move || {
        while ended.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            let mut manifest = held(&manifest);
            manifest.wall_seconds = started.elapsed().as_secs_f64();
            // What cannot be written now is written at the end, or is a fault there.
            let _ = manifest.write(&folder);
        }
    });
    (end, thread)
}

/// The table of a shard whose pieces are no cells: every line of a piece, after the piece's number.
pub const PIECES: &str = "pieces.csv";

/// Measures the pieces that are not kept yet, and keeps each; whether a signal has stopped it.
pub fn measure_pieces(
    parts: &Parts,
    pieces: impl Iterator<Item = u64>,
    stop: &Stop,
    mut measure: impl FnMut(u64) -> Result<String, Failure>,
) -> Result<bool, Failure> {
    for piece in pieces {
        if stop.is_asked() {
            return Ok(true);
        }
        if parts.read(piece).is_none() {
            let lines: String = measure(piece)?.lines().map(|line| format!("{piece},{line}\n")).collect();
            parts.write(piece, &lines)?;
        }
    }
    Ok(stop.is_asked())
}

/// The lines of pieces without the numbers of those.
pub fn unnumbered(lines: &str) -> String {
    lines.lines().map(|line| format!("{}\n", line.split_once(',').map_or("", |(_, line)| line))).collect()
}

/// Measures the pieces of a shard and writes them into its folder; `what` they are, in the plural.
pub fn part_of_pieces(
    asked: Asked,
    stop: &Stop,
    what: &str,
    measure: impl FnMut(u64) -> Result<String, Failure>,
) -> Result<ExitCode, Failure> {
    let (shard, total, provenance) = (asked.shard, asked.total, asked.provenance);
    let Some(task) = Task::begin(asked)? else { return Ok(ExitCode::SUCCESS) };
    let pieces = || (0..shard.share(total)).map(|i| shard.piece(i));
    if measure_pieces(&task.parts, pieces(), stop, measure)? {
        return task.interrupt(&format!("stopped; what was measured is kept: go on with --resume --shard {shard}"));
    }
    let (parts, place) = (task.parts.clone(), task.folder.clone());
    let rows = task.finish(provenance, |out| -> Result<u64, Failure> {
        for piece in pieces() {
            let lines = parts.read(piece).ok_or_else(|| Failure(format!("piece {piece} was lost while it ran")))?;
            out.write_all(lines.as_bytes())?;
        }
        Ok(shard.share(total))
    })?;
    super::print(&format!("shard {shard}: {rows} of {total} {what}; they are in {}\n", super::shown(&place)))?;
    Ok(ExitCode::SUCCESS)
}

/// The shards that lie in a folder, by their numbers.
pub fn shards_in(folder: &Path) -> Result<Vec<(PathBuf, Manifest)>, Failure> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(found) };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir()
            && let Some(manifest) = Manifest::read(&path)?
        {
            found.push((path, manifest));
        }
    }
    found.sort_by_key(|(_, manifest)| manifest.shard);
    Ok(found)
}

/// Whether two paths lead to one place.
pub fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The shards of folders: of each itself, or those in it.
pub fn shards_of(folders: &[PathBuf]) -> Result<Vec<(PathBuf, Manifest)>, Failure> {
    let mut found: Vec<(PathBuf, Manifest)> = Vec::new();
    for folder in folders {
        let inside = match Manifest::read(folder)? {
            Some(manifest) => vec![(folder.clone(), manifest)],
            None => shards_in(folder)?,
        };
        if inside.is_empty() {
            let what = format!("{}: no {MANIFEST} in it, nor in a folder in it", folder.display());
            return Err(Failure(what));
        }
        for (path, manifest) in inside {
            if !found.iter().any(|(known, _)| is_same(known, &path)) {
                found.push((path, manifest));
            }
        }
    }
    found.sort_by_key(|(_, manifest)| manifest.shard);
    Ok(found)
}

/// Where two runs differ, in words; `None` where they are one.
pub fn difference(a: &Identity, b: &Identity) -> Option<String> {
    let seeds = (a.seed.to_string(), b.seed.to_string());
    let fields = [
        ("verb", &a.verb, &b.verb),
        ("command", &a.command, &b.command),
        ("study", &a.name, &b.name),
        ("seed", &seeds.0, &seeds.1),
        ("study's SHA-256", &a.study, &b.study),
        ("version", &a.version, &b.version),
        ("revision", &a.revision, &b.revision),
    ];
    let (what, a, b) = fields.into_iter().find(|(_, a, b)| a != b)?;
    Some(format!("{what} `{b}`, not `{a}`"))
}
