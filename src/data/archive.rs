//! Zip archives of images, their directory read once and an entry unpacked when it is asked for, by any number of threads.

use super::DataError;
use flate2::read::DeflateDecoder;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// A zip in memory as it is packed: the sets in use are stored or deflated once, and smaller than their pixels.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    bytes: Vec<u8>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    length: usize,
    /// Bytes when unpacked.
    size: usize,
    deflated: bool,
}

impl Archive {
    pub fn open(path: &Path) -> Result<Archive, DataError> {
        let fault = |what: &dyn std::fmt::Display| DataError::fault(path, format!("truncated or corrupt zip: {what}"));
        let bytes = super::read_up_to(path, super::MOST_ARCHIVE_BYTES)?;
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes.as_slice())).map_err(|e| fault(&e))?;
        let mut entries = BTreeMap::new();
        for i in 0..zip.len() {
            let file = zip.by_index_raw(i).map_err(|e| fault(&e))?;
            if file.is_dir() {
                continue;
            }
            let name = file.name().map_err(|e| fault(&e))?.into_owned();
            let deflated = match file.compression() {
                zip::CompressionMethod::Stored => false,
                zip::CompressionMethod::Deflated => true,
                other => return Err(fault(&format!("`{name}` is packed by {other:?}, not deflate"))),
            };
            let start = file.data_start().ok_or_else(|| fault(&format!("`{name}` has no beginning")))?;
            let (start, length) = (start as usize, file.compressed_size() as usize);
            if start.checked_add(length).is_none_or(|end| end > bytes.len()) {
                return Err(fault(&format!("`{name}` goes beyond the end")));
            }
            entries.insert(name, Entry { start, length, size: file.size() as usize, deflated });
        }
        Ok(Archive { path: path.to_owned(), bytes, entries })
    }
    /// The names of its files, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
    pub fn holds(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }
    /// Where an entry lies, for messages.
    pub fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
    /// The bytes of an entry.
    pub fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, DataError> {
        let entry = self.entries.get(name).ok_or_else(|| DataError::fault(&self.path, format!("no `{name}` in it")))?;
        let packed = &self.bytes[entry.start..entry.start + entry.length];
        if !entry.deflated {
            return Ok(Cow::Borrowed(packed));
        }
        let mut plain = Vec::with_capacity(entry.size);
        // A size that lies would unpack without end.
        let mut reader = DeflateDecoder::new(packed).take(entry.size as u64);
        let bad = |e: std::io::Error| DataError::fault(&self.place(name), format!("truncated or corrupt: {e}"));
        reader.read_to_end(&mut plain).map_err(bad)?;
        match plain.len() == entry.size {
            true => Ok(Cow::Owned(plain)),
            false => Err(bad(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn entries_read_back_whether_stored_or_deflated_and_a_truncated_archive_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, options) in [("x/a", stored), ("x/b", zip::write::SimpleFileOptions::default())] {
            writer.start_file(name, options).unwrap();
            writer.write_all(&[7; 1000]).unwrap();
        }
        let whole = writer.finish().unwrap().into_inner();
        std::fs::write(&path, &whole).unwrap();
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["x/a", "x/b"]);
        for name in ["x/a", "x/b"] {
            assert_eq!(archive.read(name).unwrap().as_ref(), [7; 1000]);
        }
        assert!(archive.read("x/c").unwrap_err().to_string().ends_with("a.zip: no `x/c` in it"));
        for end in [0, 10, whole.len() / 2, whole.len() - 5] {
            std::fs::write(&path, &whole[..end]).unwrap();
            let error = Archive::open(&path).unwrap_err().to_string();
            assert!(error.contains("a.zip: truncated or corrupt zip"), "{error}");
        }
    }
}
