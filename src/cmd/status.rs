//! `hypprec status`: how far the shards of a run are.

use super::Failure;
use super::merge::missing;
use super::shards::{difference, shards_of};
use crate::table::{Manifest, State, array_spec};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which shards of a run are done, running or missing.
///
/// The missing are those to submit again, as schedulers take them: `sbatch --array=$(hypprec status DIR --missing) …`.
/// A shard that is done is read and checked by its SHA-256; a damaged or lost one is missing, and `--resume` measures it again.
/// Exit codes: 0 all done; 1 not all; 2 no shards, or shards of several runs.
#[derive(clap::Args)]
pub struct Status {
    /// Shards, or folders of them
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Print the missing alone, and nothing where none is
    #[arg(long, conflicts_with = "json")]
    missing: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Not every shard is done.
const EXIT_UNFINISHED: u8 = 1;

impl Status {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let mut shards = shards_of(&self.folders)?;
        let mut damaged = Vec::new();
        for (path, manifest) in shards.iter_mut().filter(|(_, manifest)| manifest.state == State::Done) {
            if let Err(error) = manifest.verify(path) {
                super::say(&format!("hypprec: {error}"));
                damaged.push(manifest.shard.part());
                manifest.state = State::Interrupted;
            }
        }
        let (first, manifest) = &shards[0];
        for (path, other) in &shards {
            let what = difference(&manifest.identity, &other.identity)
                .or((other.shard.of() != manifest.shard.of()).then(|| format!("shard {}", other.shard)));
            if let Some(what) = what {
                return Err(Failure(format!("{}: not of the run of {}: {what}", path.display(), first.display())));
            }
        }
        let unfinished = missing(&shards);
        let parts = |keep: &dyn Fn(&Manifest) -> bool| -> Vec<u64> {
            let kept = shards.iter().filter(|(_, manifest)| keep(manifest));
            kept.map(|(_, manifest)| manifest.shard.part()).collect()
        };
        let done = parts(&|manifest| manifest.state == State::Done);
        let running = parts(&Manifest::is_alive);
        let missing: Vec<u64> = unfinished.iter().copied().filter(|part| !running.contains(part)).collect();
        let code = ExitCode::from(if unfinished.is_empty() { 0 } else { EXIT_UNFINISHED });
        if self.missing {
            let line = if missing.is_empty() { String::new() } else { array_spec(&missing) + "\n" };
            super::print(&line)?;
            return Ok(code);
        }
        let identity = &manifest.identity;
        if self.json {
            let shard = |(path, manifest): &(PathBuf, Manifest)| json!({"folder": path, "manifest": manifest, "alive": manifest.is_alive()});
            let value = json!({
                "verb": identity.verb,
                "name": identity.name,
                "of": manifest.shard.of(),
                "done": done,
                "running": running,
                "missing": missing,
                "damaged": damaged,
                "array": array_spec(&missing),
                "shards": shards.iter().map(shard).collect::<Vec<_>>(),
            });
            super::print(&format!("{}\n", serde_json::to_string_pretty(&value)?))?;
            return Ok(code);
        }
        let line = |what: &str, parts: &[u64]| match parts {
            [] => String::new(),
            parts => format!("{what:<9}{:>5}  {}\n", parts.len(), array_spec(parts)),
        };
        let sound = shards.iter().filter(|(_, manifest)| !damaged.contains(&manifest.shard.part()));
        let rows: u64 = sound.map(|(_, manifest)| manifest.rows).sum();
        super::print(&format!(
            "{}: {} shards, {rows} of {} rows\n{}{}{}{}",
            identity.command,
            manifest.shard.of(),
            manifest.total,
            line("done", &done),
            line("running", &running),
            line("missing", &missing),
            line("damaged", &damaged)
        ))?;
        Ok(code)
    }
}
