//! What a shard has written, said beside it: of which study, version and part, how many rows, their SHA-256, and whether it
//! is done.

use super::{Shard, TableError, write_atomic};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of a manifest, and the version of its form; another one is foreign.
pub const MANIFEST: &str = "manifest.json";
const FORM: &str = "hypprec manifest 1";

/// How long a run may say nothing before it counts as killed: several times as long as it waits between two signs of life.
const SILENCE: Duration = Duration::from_secs(180);
/// How long a run waits between two signs of life.
pub const HEARTBEAT: Duration = Duration::from_secs(30);

/// What has become of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Running,
    /// Stopped by a signal: what it had measured is kept.
    Interrupted,
    Done,
}

/// What every shard of one run says alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// sweep, judge, choose, check, train.
    pub verb: String,
    /// What is run, by name.
    pub name: String,
    /// The command that makes the whole.
    pub command: String,
    /// SHA-256 of the study's text.
    pub study: String,
    pub version: String,
    pub revision: String,
    pub seed: u64,
}

/// The manifest of one shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    form: String,
    #[serde(flatten)]
    pub identity: Identity,
    /// I/N.
    #[serde(with = "text")]
    pub shard: Shard,
    /// What it writes, its rows and the SHA-256 of its bytes; 0 and empty until it is done.
    pub file: String,
    pub rows: u64,
    pub sha256: String,
    /// The rows of the whole.
    pub total: u64,
    /// What the figures were made on, as tables say it.
    pub host: String,
    /// The machine and the process, to tell a run that was killed.
    pub machine: String,
    pub process: u32,
    pub wall_seconds: f64,
    /// Seconds since 1970 when it was last written.
    pub updated: u64,
    pub state: State,
}

mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    pub fn serialize<S: Serializer>(shard: &super::Shard, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(shard)
    }
    pub fn deserialize<'a, D: Deserializer<'a>>(input: D) -> Result<super::Shard, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

/// A manifest, or a shard, that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{}: not a manifest of this version: {message}", path.display())]
    Form { path: PathBuf, message: String },
    #[error("{}: damaged: {message}", path.display())]
    Damaged { path: PathBuf, message: String },
}

impl Manifest {
    /// Of a shard that begins.
    pub fn begin(identity: Identity, shard: Shard, file: &str, total: u64, host: &str) -> Manifest {
        Manifest {
            form: FORM.to_owned(),
            identity,
            shard,
            file: file.to_owned(),
            rows: 0,
            sha256: String::new(),
            total,
            host: host.to_owned(),
            machine: machine(),
            process: std::process::id(),
            wall_seconds: 0.0,
            updated: now(),
            state: State::Running,
        }
    }

    /// Reads the manifest of a shard's folder; `None` where there is none.
    pub fn read(folder: &Path) -> Result<Option<Manifest>, ManifestError> {
        let path = folder.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            text => text.map_err(TableError::io(&path))?,
        };
        let form = |message: String| ManifestError::Form { path: path.clone(), message };
        let manifest: Manifest = serde_json::from_str(&text).map_err(|error| form(error.to_string()))?;
        match manifest.form == FORM {
            true => Ok(Some(manifest)),
            false => Err(form(format!("its form is `{}`", manifest.form))),
        }
    }

    /// Writes it into the shard's folder.
    pub fn write(&mut self, folder: &Path) -> Result<(), TableError> {
        self.updated = now();
        let path = folder.join(MANIFEST);
        let json = serde_json::to_string_pretty(self).map_err(|error| TableError::io(&path)(error.into()))?;
        write_atomic(&path, |out| writeln!(out, "{json}"))
    }

    /// Whether a run that says that it is running may still be: on this machine its process is there, on another it has said
    /// so of late.
    pub fn is_alive(&self) -> bool {
        if self.state != State::Running {
            return false;
        }
        let processes = Path::new("/proc");
        if self.machine == machine() && processes.join("self").exists() {
            return processes.join(self.process.to_string()).exists();
        }
        now().saturating_sub(self.updated) < SILENCE.as_secs()
    }

    /// That the file of a shard that is done is what it wrote.
    pub fn verify(&self, folder: &Path) -> Result<(), ManifestError> {
        let path = folder.join(&self.file);
        let found = sha256_of(&path)?;
        match found == self.sha256 {
            true => Ok(()),
            false => {
                let message = format!("its SHA-256 begins with {:.16}, its manifest says {:.16}", found, self.sha256);
                Err(ManifestError::Damaged { path, message })
            }
        }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The machine's own name, where it is known.
fn machine() -> String {
    let kernel = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel().or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    name.trim().to_owned()
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// SHA-256 of a file, read in pieces.
pub fn sha256_of(path: &Path) -> Result<String, TableError> {
    /// Bytes read at a time.
    const PIECE: usize = 1 << 16;
    let mut file = File::open(path).map_err(TableError::io(path))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut buffer).map_err(TableError::io(path))? {
            0 => return Ok(hexadecimal(hash)),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Passes bytes on and hashes them.
pub struct Hashing<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
}

impl<'a> Hashing<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Hashing { out, hash: Sha256::new() }
    }
    /// SHA-256 of what has passed.
    pub fn sha256(self) -> String {
        hexadecimal(self.hash)
    }
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let identity = Identity {
            verb: "sweep".into(),
            name: "boundary".into(),
            command: "hypprec sweep".into(),
            study: sha256(b"x"),
            version: "0".into(),
            revision: "r".into(),
            seed: 3,
        };
        Manifest::begin(identity, "2/7".parse().unwrap(), "cells.csv", 10, "linux")
    }

    #[test]
    fn a_manifest_reads_back_and_one_of_another_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Manifest::read(folder.path()).unwrap().is_none());
        let mut written = manifest();
        written.write(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join(MANIFEST)).unwrap();
        assert!(text.contains("\"shard\": \"2/7\"") && text.contains("\"state\": \"running\""), "{text}");
        assert_eq!(Manifest::read(folder.path()).unwrap().unwrap(), written);
        for bad in [text.replace("manifest 1", "manifest 2"), text.replace("2/7", "8/7"), text[..50].to_owned()] {
            fs::write(folder.path().join(MANIFEST), bad).unwrap();
            let error = Manifest::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains("manifest.json: not a manifest") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_what_was_written_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = Vec::new();
        let mut out = Hashing::new(&mut bytes);
        out.write_all(b"abc").unwrap();
        let mut manifest = manifest();
        manifest.sha256 = out.sha256();
        assert_eq!(manifest.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        fs::write(folder.path().join("cells.csv"), "abc").unwrap();
        manifest.verify(folder.path()).unwrap();
        fs::write(folder.path().join("cells.csv"), "abd").unwrap();
        assert!(manifest.verify(folder.path()).unwrap_err().to_string().contains("cells.csv: damaged"));
    }

    #[test]
    fn a_process_that_has_gone_is_not_running() {
        let mut manifest = manifest();
        assert!(manifest.is_alive());
        manifest.state = State::Done;
        assert!(!manifest.is_alive());
        (manifest.state, manifest.machine) = (State::Running, "elsewhere".into());
        assert!(manifest.is_alive());
        manifest.updated -= 10 * SILENCE.as_secs();
        assert!(!manifest.is_alive());
    }
}
