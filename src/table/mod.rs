//! Tables on disk: rows with named columns below lines that say where they came from, written whole or not at all.

mod embedding;
mod lines;
mod lock;
mod manifest;
mod ours;
mod pair;
mod parts;
mod place;
mod shard;
mod words;

pub use embedding::{Columns, Dtype, Embedding, EmbeddingError, Reading, STDIN, Unused};
pub use lines::{Lines, read_bytes, read_text};
use lock::Lock;
pub use manifest::{HEARTBEAT, Hashing, Identity, MANIFEST, Manifest, ManifestError, State, sha256, sha256_of};
pub use ours::{Claim, GENERATOR, MARKDOWN_MARK, PAGE, claim, keep_study, own, without_mark};
pub use pair::PairRow;
pub use parts::{Parts, PartsError, part_rows};
pub use place::{make_atomic, writable, write_atomic, write_part};
pub use shard::{NoShard, Shard, array_spec};
pub use words::{line, listed, printable, short};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Where a table came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub command: String,
    pub version: String,
    pub revision: String,
    pub seed: u64,
    pub host: String,
}

impl Provenance {
    /// Name and value of each line, in order.
    pub fn lines(&self) -> [(&'static str, String); 5] {
        [
            ("command", shown(&self.command)),
            ("version", shown(&self.version)),
            ("revision", shown(&self.revision)),
            ("seed", self.seed.to_string()),
            ("host", shown(&self.host)),
        ]
    }
    /// `# name: value` lines.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.lines().iter().try_for_each(|(name, value)| writeln!(out, "# {name}: {value}"))
    }
}

/// One cell of a sweep. Radius and separation are in units of 1/√c.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
    pub index: u64,
    pub model: String,
    pub scalar: String,
    pub op: String,
    pub variant: String,
    pub guard: String,
    pub c: f64,
    pub dim: usize,
    pub radius: f64,
    pub separation: f64,
    pub direction: String,
    pub sample: u64,
    /// The sample's answer; of a vector, its first two coordinates.
    pub truth: String,
    pub value: String,
    pub error_representation: Option<f64>,
    pub error_off_model: Option<f64>,
    pub error_guard: Option<f64>,
    pub error_rounding: Option<f64>,
    pub error_total: Option<f64>,
    pub ulps: Option<f64>,
    pub bits: Option<f64>,
    pub outcome: String,
}

/// The cells of one variant under one guard in few numbers: |error| is what the computation added to storing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryRow {
    pub model: String,
    pub scalar: String,
    pub op: String,
    pub variant: String,
    pub guard: String,
    pub n: usize,
    pub ok_share: f64,
    pub median_ulps: Option<f64>,
    pub p99_ulps: Option<f64>,
    pub max_ulps: Option<f64>,
    pub max_bits: Option<f64>,
    pub median_total: Option<f64>,
    pub max_total: Option<f64>,
    /// The index of the cell with the most ulps, and its value in hexadecimal.
    pub witness: Option<u64>,
    pub witness_value: String,
}

/// A hostile row that is a fault. Of each kind the worst few are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindRow {
    pub index: u64,
    /// uncertified, truth false, second path undecided, no answer or too far off.
    pub fault: String,
    /// Rows of this operation, model and arithmetic with this fault.
    pub rows: u64,
    pub op: String,
    pub model: String,
    pub scalar: String,
    /// In hexadecimal.
    pub inputs: String,
    /// In ulps of numbers, in u of points, vectors and gradients.
    pub error: Option<f64>,
    pub got: String,
    pub right: String,
}

/// One point of what a study's page shows: an exhibit or a figure, reduced from many cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    pub exhibit: String,
    /// The values of the columns by which the exhibit is repeated.
    pub facet: String,
    pub series: String,
    pub x: String,
    /// The cells behind it.
    pub n: usize,
    /// Empty where they gave no answer.
    pub value: Option<f64>,
}

/// How far out a variant holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipRow {
    pub model: String,
    pub scalar: String,
    pub variant: String,
    pub guard: String,
    /// far: independent directions; near: separations of 0.001 to 0.1.
    pub pairs: String,
    pub tolerance: f64,
    /// The largest radius of the grid up to which every cell keeps the total relative error below the tolerance; 0 if none.
    pub radius_holds: f64,
    /// The same for storing alone, whatever the formula.
    pub radius_floor: f64,
    /// The clip that keeps points within `radius_holds`: 1 − √c‖x‖ on a ball, √c‖s‖ on the hyperboloid.
    pub clip: Option<f64>,
}

/// What one library gave for one operation at one radius. Errors are over the values that are ok: relative to the exact
/// answer for the points as stored, and total, relative to what the points were meant to give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerRow {
    pub library: String,
    pub version: String,
    pub op: String,
    pub model: String,
    pub scalar: String,
    /// far: independent directions; near: separations of 0.001 to 0.1; unit: one unit apart.
    pub pairs: String,
    pub radius: f64,
    pub n: u64,
    /// Samples whose points the arithmetic cannot hold in this model.
    pub unstorable: u64,
    pub ok_share: f64,
    /// Values that are exactly 0 in every component.
    pub zeros: u64,
    pub median_relative: Option<f64>,
    pub p99_relative: Option<f64>,
    pub max_relative: Option<f64>,
    pub median_ulps: Option<f64>,
    pub p99_ulps: Option<f64>,
    pub max_ulps: Option<f64>,
    pub median_total: Option<f64>,
    pub max_total: Option<f64>,
}

/// A distance that a library gives again and again for far pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CeilingRow {
    pub library: String,
    pub version: String,
    pub model: String,
    pub scalar: String,
    pub ceiling: f64,
    /// Pairs that got it, of n.
    pub ties: u64,
    /// The least distance that was turned into it.
    pub from: f64,
    pub n: u64,
}

/// A table that cannot be read or written, and where.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: line {line}: {message}", path.display())]
    Row { path: PathBuf, line: u64, message: String },
    #[error("{}: hypprec did not write it, so it stays as it is; --force replaces it", .0.display())]
    Foreign(PathBuf),
    #[error("{}: another run ({who}) is writing there", path.display())]
    Busy { path: PathBuf, who: String },
}

impl TableError {
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> TableError + '_ {
        move |source| TableError::Io { path: path.to_owned(), source }
    }
}

/// Writes rows below the lines of their provenance.
pub fn write<R: Serialize>(path: &Path, provenance: &Provenance, rows: &[R]) -> Result<(), TableError> {
    write_atomic(path, |out| {
        provenance.write(out)?;
        write_rows(out, rows, true)
    })
}

/// Rows as CSV, with or without the line of column names.
pub fn write_rows<R: Serialize>(out: &mut dyn Write, rows: &[R], header: bool) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(header).from_writer(out);
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(io::Error::other)?;
    writer.flush()
}

/// Rows as the lines of a table, without a header.
pub fn row_lines<R: Serialize>(rows: &[R]) -> io::Result<String> {
    let mut lines = Vec::new();
    write_rows(&mut lines, rows, false)?;
    String::from_utf8(lines).map_err(io::Error::other)
}

/// The rows of lines that [`row_lines`] made; `path` is what a fault names.
pub fn rows_of_lines<R: DeserializeOwned>(lines: &str, path: &Path) -> Result<Vec<R>, TableError> {
    deserialised(csv::ReaderBuilder::new().has_headers(false).from_reader(lines.as_bytes()), path)
}

impl Provenance {
    /// The lines at the head of a table; `None` where one is missing or not its turn.
    pub fn read(table: &str) -> Option<Provenance> {
        let mut lines = table.lines();
        let mut value = |name: &str| {
            let line = lines.next()?.strip_prefix("# ")?.strip_prefix(name)?;
            Some(line.strip_prefix(": ")?.to_owned())
        };
        Some(Provenance {
            command: value("command")?,
            version: value("version")?,
            revision: value("revision")?,
            seed: value("seed")?.parse().ok()?,
            host: value("host")?,
        })
    }
}

/// Where the table of a file comes from, by its first lines; `None` where there is no such file or it does not say.
pub fn provenance_of(path: &Path) -> Option<Provenance> {
    ours::head(path).ok().and_then(|head| Provenance::read(&head))
}

/// 16 hexadecimal digits that change with any byte: FNV-1a of 64 bits (Fowler, Noll and Vo), which is the same everywhere and
/// in every version. It finds accidents, not forgers.
pub fn fingerprint(bytes: &[u8]) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    format!("{:016x}", bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME)))
}

/// Reads all rows of a table; lines that begin with # are skipped.
pub fn read<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, TableError> {
    let lines = File::open(path).and_then(Lines::new).map_err(TableError::io(path))?;
    read_rows(BufReader::new(lines), path)
}

/// Reads all rows of a table from anywhere; `path` is what a fault names.
pub fn read_rows<R: DeserializeOwned>(input: impl BufRead, path: &Path) -> Result<Vec<R>, TableError> {
    deserialised(csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(input), path)
}

fn deserialised<R: DeserializeOwned>(
    mut reader: csv::Reader<impl io::Read>,
    path: &Path,
) -> Result<Vec<R>, TableError> {
    let row = |row: Result<R, csv::Error>| {
        row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            TableError::Row { path: path.to_owned(), line, message: one_line(&error.to_string()) }
        })
    };
    reader.deserialize().map(row).collect()
}

/// A line as it is written: a file's name may have line breaks in it.
fn shown(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Gives every row of a table to `take` as it is read, so that a table of any size can be; a complaint of `take` is one of
/// that row's line.
pub fn read_each<R: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(R) -> Result<(), String>,
) -> Result<(), TableError> {
    let file = File::open(path).map_err(TableError::io(path))?;
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(BufReader::new(file));
    let fault = |line: u64, message: &str| TableError::Row { path: path.to_owned(), line, message: one_line(message) };
    let headers = reader.headers().map_err(|error| fault(1, &error.to_string()))?.clone();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(fault(line, &error.to_string())),
        }
        let line = record.position().map_or(line, csv::Position::line);
        let row: R = record.deserialize(Some(&headers)).map_err(|error| fault(line, &error.to_string()))?;
        take(row).map_err(|message| fault(line, &message))?;
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    fn row() -> ClipRow {
        ClipRow {
            model: "poincare".into(),
            scalar: "f32".into(),
            variant: "B4, \"quoted\"".into(),
            guard: "none".into(),
            pairs: "far".into(),
            tolerance: 0.01,
            radius_holds: 0.1,
            radius_floor: 1e-300,
            clip: None,
        }
    }

    #[test]
    fn a_table_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.csv");
        let provenance = Provenance {
            command: "hypprec sweep".into(),
            version: "0".into(),
            revision: "none".into(),
            seed: 1,
            host: "here".into(),
        };
        write(&path, &provenance, &[row(), row()]).unwrap();
        assert_eq!(read::<ClipRow>(&path).unwrap(), [row(), row()]);
        assert!(fs::read_to_string(&path).unwrap().starts_with("# command: hypprec sweep\n# version: 0\n"));
    }

    #[test]
    fn a_truncated_table_is_one_line_that_names_the_place() {
        let mut bytes = Vec::new();
        write_rows(&mut bytes, &[row(), row()], true).unwrap();
        bytes.truncate(bytes.len() - 12);
        let error = read_rows::<ClipRow>(bytes.as_slice(), Path::new("clip.csv")).unwrap_err().to_string();
        assert!(error.starts_with("clip.csv: line 3: ") && !error.contains('\n'), "{error}");
    }

    proptest! {
        #[test]
        fn the_reader_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_rows::<ClipRow>(bytes.as_slice(), Path::new("x.csv"));
        }
    }
}
