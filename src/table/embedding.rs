//! Embeddings on disk: n points of the same number of coordinates each, from CSV, .npy or .npz, kept in the file's own type.

use half::f16;
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// The number type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    F16,
    F32,
    F64,
    /// Decimals in a text, each read as the nearest f64.
    Decimal,
}

impl Dtype {
    /// Significant bits.
    pub fn bits(self) -> u32 {
        match self {
            Dtype::F16 => f16::MANTISSA_DIGITS,
            Dtype::F32 => f32::MANTISSA_DIGITS,
            Dtype::F64 | Dtype::Decimal => f64::MANTISSA_DIGITS,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Dtype::F16 => "f16",
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
            Dtype::Decimal => "decimal, read as f64",
        })
    }
}

/// Coordinates, row after row.
#[derive(Clone, Debug)]
enum Values {
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Values {
    /// From columns to rows.
    fn transposed(self, rows: usize, width: usize) -> Values {
        match self {
            Values::F16(values) => Values::F16(transpose(&values, rows, width)),
            Values::F32(values) => Values::F32(transpose(&values, rows, width)),
            Values::F64(values) => Values::F64(transpose(&values, rows, width)),
        }
    }
}

/// n points as they stand in a file.
#[derive(Clone, Debug)]
pub struct Embedding {
    pub file: PathBuf,
    /// The array's name in an archive.
    pub array: Option<String>,
    /// n.
    pub points: usize,
    /// Coordinates of each.
    pub width: usize,
    pub dtype: Dtype,
    /// The curvature that the file itself states, in a column `c`.
    pub c: Option<f64>,
    values: Values,
    /// Of a text, the line of each point.
    lines: Option<Vec<u64>>,
}

/// Why a file is not an embedding, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct EmbeddingError {
    pub file: PathBuf,
    pub message: String,
}

const NPY_MAGIC: &[u8] = b"\x93NUMPY";
const ZIP_MAGIC: &[u8] = b"PK";
/// Bytes decoded at a time: a multiple of every number's size.
const CHUNK: usize = 1 << 20;

impl Embedding {
    /// Reads an array `[n, d]` of f16, f32 or f64 from a .npy or .npz file, or points from a text.
    ///
    /// A text is CSV; lines that begin with # are comments. A first line with a cell that is not a number names the columns
    /// (so does 0, 1, 2, …, as pandas writes it). If one of the names is `x`, its cells hold a point each, numbers separated
    /// by spaces, and a column `c` the curvature, one for all. Otherwise every column but those named `c` or not named at all
    /// is a coordinate. A line of one cell may hold a whole point, separated by spaces.
    ///
    /// # Errors
    /// If the file is not that, in one line. Numbers that are not finite are no error here.
    pub fn read(file: &Path, array: Option<&str>) -> Result<Embedding, EmbeddingError> {
        let fault = |message: String| EmbeddingError { file: file.to_owned(), message };
        let open = || -> io::Result<(BufReader<File>, u64)> {
            let file = File::open(file)?;
            let bytes = file.metadata()?.len();
            Ok((BufReader::with_capacity(CHUNK, file), bytes))
        };
        let (mut input, bytes) = open().map_err(|error| fault(error.to_string()))?;
        let start = input.fill_buf().map_err(|error| fault(error.to_string()))?;
        if start.is_empty() {
            return Err(fault("empty file".to_owned()));
        }
        let (is_npy, is_zip) = (start.starts_with(NPY_MAGIC), start.starts_with(ZIP_MAGIC));
        let parsed = match file.extension().and_then(|extension| extension.to_str()) {
            Some("npy") if !is_npy => Err("not a .npy file: it does not begin with \\x93NUMPY".to_owned()),
            Some("npz") if !is_zip => Err("not a .npz archive: it does not begin with PK".to_owned()),
            _ if is_zip => npz(input, array),
            _ if array.is_some() => Err("--array is for .npz archives".to_owned()),
            _ if is_npy => npy(input, bytes),
            _ => text(input),
        };
        let parsed = parsed.map_err(fault)?;
        Ok(Embedding { file: file.to_owned(), ..parsed })
    }

    /// The coordinates of a point, exactly.
    pub fn row(&self, point: usize, out: &mut [f64]) {
        let range = point * self.width..(point + 1) * self.width;
        match &self.values {
            Values::F16(values) => out.iter_mut().zip(&values[range]).for_each(|(out, x)| *out = x.to_f64()),
            Values::F32(values) => out.iter_mut().zip(&values[range]).for_each(|(out, x)| *out = f64::from(*x)),
            Values::F64(values) => out.copy_from_slice(&values[range]),
        }
    }

    /// Where a point stands in the file.
    pub fn place(&self, point: usize) -> String {
        match &self.lines {
            Some(lines) => format!("line {}", lines[point]),
            None => format!("row {point}"),
        }
    }

    fn new(points: usize, width: usize, dtype: Dtype, values: Values) -> Embedding {
        Embedding { file: PathBuf::new(), array: None, points, width, dtype, c: None, values, lines: None }
    }
}

// -------------------------------------------------------------------------------------------------------- .npy and .npz

/// The only array of an archive, or the one that is asked for.
fn npz(input: impl Read + Seek, array: Option<&str>) -> Result<Embedding, String> {
    let whole = |error: zip::result::ZipError| format!("not a whole .npz archive: {}", one_line(error));
    let mut archive = ZipArchive::new(input).map_err(whole)?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        names.extend(npyz::npz::array_name_from_file_name(&name.map_err(whole)?).map(str::to_owned));
    }
    names.sort();
    let name = match (array, names.as_slice()) {
        (Some(asked), names) if names.iter().any(|name| name == asked) => asked.to_owned(),
        (Some(asked), names) => return Err(format!("no array `{asked}`; there are: {}", names.join(", "))),
        (None, [only]) => only.clone(),
        (None, []) => return Err("an archive without arrays".to_owned()),
        (None, names) => return Err(format!("several arrays, choose one with --array: {}", names.join(", "))),
    };
    let entry = archive.by_name(&npyz::npz::file_name_from_array_name(&name)).map_err(whole)?;
    let bytes = entry.size();
    let embedding = npy(entry, bytes).map_err(|message| format!("array `{name}`: {message}"))?;
    Ok(Embedding { array: Some(name), ..embedding })
}

/// One array, `bytes` long with its header.
fn npy(mut input: impl Read, bytes: u64) -> Result<Embedding, String> {
    let header = NpyHeader::from_reader(&mut input).map_err(|error| format!("header: {}", one_line(error)))?;
    let (dtype, big) = dtype_of(&header.dtype())?;
    let (points, width) = match *header.shape() {
        [0, _] | [_, 0] => return Err(format!("empty: an array of shape {}", shape(header.shape()))),
        [points, width] => (points, width),
        _ => return Err(format!("an array of shape {} where [n, d] is needed", shape(header.shape()))),
    };
    let too_large = || format!("an array of shape {} is larger than memory", shape(header.shape()));
    let count = points.checked_mul(width).and_then(|count| usize::try_from(count).ok()).ok_or_else(too_large)?;
    let (points, width) = (points as usize, width as usize);
    let source = Source { count, bytes, big };
    let values = match dtype {
        Dtype::F16 => Values::F16(source.decode(&mut input, f16::from_le_bytes)?),
        Dtype::F32 => Values::F32(source.decode(&mut input, f32::from_le_bytes)?),
        Dtype::F64 | Dtype::Decimal => Values::F64(source.decode(&mut input, f64::from_le_bytes)?),
    };
    // Also where a checksum is compared.
    match input.read(&mut [0]) {
        Ok(0) => {}
        Ok(_) => return Err("bytes are left after the array".to_owned()),
        Err(error) => return Err(one_line(error)),
    }
    let values = if header.order() == Order::Fortran { values.transposed(points, width) } else { values };
    Ok(Embedding::new(points, width, dtype, values))
}

fn shape(shape: &[u64]) -> String {
    format!("[{}]", shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
}

/// The type of the numbers, and whether they are big-endian.
fn dtype_of(dtype: &DType) -> Result<(Dtype, bool), String> {
    let wrong = |what: &str| Err(format!("dtype {}: {what}; save it as float16, float32 or float64", dtype.descr()));
    let DType::Plain(plain) = dtype else { return wrong("an array of records") };
    let big = plain.endianness() == Endianness::Big;
    match (plain.type_char(), plain.size_field()) {
        (TypeChar::Float, 2) => Ok((Dtype::F16, big)),
        (TypeChar::Float, 4) => Ok((Dtype::F32, big)),
        (TypeChar::Float, 8) => Ok((Dtype::F64, big)),
        (TypeChar::Object, _) => wrong("an array of Python objects"),
        _ => wrong("not a floating-point type that is read here"),
    }
}

struct Source {
    count: usize,
    /// The most that can come.
    bytes: u64,
    big: bool,
}

impl Source {
    fn decode<T, const N: usize>(&self, input: &mut impl Read, number: fn([u8; N]) -> T) -> Result<Vec<T>, String> {
        // A header may claim more than there is: room is made for no more than can come.
        let mut values = Vec::with_capacity(self.count.min(self.bytes as usize / N));
        let mut buffer = vec![0; CHUNK];
        while values.len() < self.count {
            let wanted = (self.count - values.len()).min(CHUNK / N) * N;
            let got = fill(input, &mut buffer[..wanted]).map_err(one_line)?;
            for bytes in buffer[..got - got % N].chunks_exact(N) {
                let mut bytes: [u8; N] = bytes.try_into().expect("a chunk of that size");
                if self.big {
                    bytes.reverse();
                }
                values.push(number(bytes));
            }
            if got < wanted {
                return Err(format!("truncated: {} of {} numbers", values.len(), self.count));
            }
        }
        Ok(values)
    }
}

/// Reads until the buffer is full or the input ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn transpose<T: Copy>(columns: &[T], rows: usize, width: usize) -> Vec<T> {
    let mut out = columns.to_vec();
    // Rows in blocks, so that both sides stay in the cache.
    const BLOCK: usize = 64;
    for block in (0..rows).step_by(BLOCK) {
        let end = (block + BLOCK).min(rows);
        for column in 0..width {
            for row in block..end {
                out[row * width + column] = columns[column * rows + row];
            }
        }
    }
    out
}

fn one_line(error: impl fmt::Display) -> String {
    super::one_line(&error.to_string())
}

// ---------------------------------------------------------------------------------------------------------------- text

/// Which cells of a line are what.
struct Layout {
    /// The cells of the coordinates, and a name of each for messages.
    coordinates: Vec<(usize, String)>,
    c: Option<usize>,
}

fn text(mut input: impl BufRead) -> Result<Embedding, String> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    if input.fill_buf().is_ok_and(|start| start.starts_with(BYTE_ORDER_MARK)) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).comment(Some(b'#')).trim(csv::Trim::All).from_reader(input);
    let mut record = csv::StringRecord::new();
    let mut layout: Option<Layout> = None;
    let (mut values, mut lines, mut width, mut curvature) = (Vec::new(), Vec::new(), 0, None);
    while reader.read_record(&mut record).map_err(row_fault)? {
        let line = record.position().map_or(0, csv::Position::line);
        let fault = |column: &str, what: String| format!("line {line}: column `{column}`: {what}");
        let layout = match &mut layout {
            Some(layout) => layout,
            none => {
                let (found, is_header) = layout_of(&record).map_err(|what| format!("line {line}: {what}"))?;
                let layout = none.insert(found);
                if is_header {
                    continue;
                }
                layout
            }
        };
        let before = values.len();
        for (cell, name) in &layout.coordinates {
            let cell = &record[*cell];
            if cell.is_empty() {
                return Err(fault(name, "an empty cell where a number is needed".to_owned()));
            }
            for number in cell.split_whitespace() {
                values.push(number.parse().map_err(|_| fault(name, format!("`{}` is not a number", short(number))))?);
            }
        }
        let found = values.len() - before;
        if lines.is_empty() {
            width = found;
        } else if found != width {
            return Err(format!("line {line}: {found} coordinates where line {} has {width}", lines[0]));
        }
        if let Some(cell) = layout.c {
            let c: f64 = record[cell].parse().unwrap_or(f64::NAN);
            if !(c > 0.0 && c.is_finite()) {
                let what = format!("`{}` is not a positive number (curvature is −c, c > 0)", short(&record[cell]));
                return Err(fault("c", what));
            }
            if curvature.is_some_and(|first| first != c) {
                return Err(fault("c", format!("{c} where line {} has another: one curvature is scanned", lines[0])));
            }
            curvature = Some(c);
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return Err("empty: no points".to_owned());
    }
    let embedding = Embedding::new(lines.len(), width, Dtype::Decimal, Values::F64(values));
    Ok(Embedding { c: curvature, lines: Some(lines), ..embedding })
}

fn row_fault(error: csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line}: {len} cells where the lines above have {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("line {line}: not text in UTF-8"),
        _ => one_line(error),
    }
}

/// The layout that the first line tells, and whether it only names the columns.
fn layout_of(first: &csv::StringRecord) -> Result<(Layout, bool), String> {
    let is_number = |cell: &str| !cell.is_empty() && cell.split_whitespace().all(|x| x.parse::<f64>().is_ok());
    let named: Vec<(usize, String)> =
        first.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(i, cell)| (i, cell.to_owned())).collect();
    let counted = named.len() > 1 && named.iter().enumerate().all(|(i, (_, cell))| *cell == i.to_string());
    if first.iter().all(is_number) && !counted {
        let coordinates = (0..first.len()).map(|i| (i, (i + 1).to_string())).collect();
        return Ok((Layout { coordinates, c: None }, false));
    }
    let column = |name: &str| {
        let mut of = named.iter().filter(|(_, cell)| cell == name).map(|(i, _)| *i);
        match (of.next(), of.next()) {
            (_, Some(_)) => Err(format!("column `{name}` appears twice")),
            (found, None) => Ok(found),
        }
    };
    let (x, y, c) = (column("x")?, column("y")?, column("c")?);
    let coordinates: Vec<(usize, String)> = match (x, y) {
        (Some(_), Some(_)) => {
            let what = "columns `x` and `y`: a column `x` holds whole points; to scan pairs, keep `x` alone, and name coordinates otherwise (x0, x1)";
            return Err(what.to_owned());
        }
        (Some(x), None) => vec![(x, "x".to_owned())],
        (None, _) => named.into_iter().filter(|(i, _)| Some(*i) != c).collect(),
    };
    match coordinates.is_empty() {
        true => Err("no column of coordinates".to_owned()),
        false => Ok((Layout { coordinates, c }, true)),
    }
}

/// A cell as it is quoted in a message.
fn short(text: &str) -> String {
    const LONGEST: usize = 40;
    let clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect();
    if text.chars().count() > LONGEST { clean + "…" } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text_: &str) -> Result<Vec<Vec<f64>>, String> {
        let embedding = text(text_.as_bytes())?;
        let row = |i| {
            let mut row = vec![0.0; embedding.width];
            embedding.row(i, &mut row);
            row
        };
        Ok((0..embedding.points).map(row).collect())
    }

    #[test]
    fn texts_of_all_layouts_are_read() {
        let expected = vec![vec![0.1, 0.2], vec![-3e-1, 4.0]];
        for layout in [
            "0.1,0.2\n-3e-1,4\n",
            "\u{feff}# comment\na,b\r\n0.1,0.2\r\n-0.3,4\r\n",
            "c,x,label\n2,0.1 0.2,cat\n2,-0.3 4.0,dog\n",
            "c,u,v\n2,0.1,0.2\n2,-0.3,4\n",
            "0.1 0.2\n-0.3 4\n",
            "0.1\t0.2\n-0.3\t4\n",
            "0,1\n0.1,0.2\n-0.3,4\n",
            ",0,1\n7,0.1,0.2\n8,-0.3,4\n",
        ] {
            assert_eq!(rows(layout).unwrap(), expected, "{layout:?}");
        }
        assert_eq!(text("c,x\n2,0.1\n2.0,0.3\n".as_bytes()).unwrap().c, Some(2.0));
    }

    #[test]
    fn faults_of_texts_name_line_and_column() {
        for (layout, expected) in [
            ("0.1,0.2\n0.1\n", "line 2: 1 cells where the lines above have 2"),
            ("x\n0.1 0.2\n0.1\n", "line 3: 1 coordinates where line 2 has 2"),
            ("a,b\n0.1,z\n", "line 2: column `b`: `z` is not a number"),
            ("0.1,0.2\n0.1,z\n", "line 2: column `2`: `z` is not a number"),
            ("a,b\n0.1,\n", "line 2: column `b`: an empty cell"),
            ("c,x\n1,0.1\n2,0.1\n", "line 3: column `c`: 2 where line 2 has another"),
            ("c,x\n-1,0.1\n", "line 2: column `c`: `-1` is not a positive number"),
            ("x,x\n1,2\n", "line 1: column `x` appears twice"),
            ("x,y\n0.1,0.2\n", "line 1: columns `x` and `y`"),
            ("c\n1\n", "line 1: no column of coordinates"),
            ("a,b\n", "empty: no points"),
            ("# nothing\n", "empty: no points"),
        ] {
            let got = rows(layout).unwrap_err();
            assert!(got.starts_with(expected) && !got.contains('\n'), "{layout:?}: {got}");
        }
        assert_eq!(text(b"0.1\n\xff\n".as_slice()).unwrap_err(), "line 2: not text in UTF-8");
    }

    proptest! {
        #[test]
        fn no_reader_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = text(bytes.as_slice());
            let _ = npy(bytes.as_slice(), bytes.len() as u64);
            let _ = npz(io::Cursor::new(&bytes), None);
        }
    }
}
