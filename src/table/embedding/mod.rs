//! Embeddings on disk: n points of the same number of coordinates each, from CSV, .npy or .npz, kept as the file has them.

mod columns;
mod npy;
mod text;

pub use columns::{Columns, Unused};

use super::Lines;
use super::words::listed;
use half::f16;
use npy::{Array, NPY_MAGIC, ZIP_MAGIC, transpose};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use text::Decimals;

/// The number type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    F16,
    F32,
    F64,
    /// Decimals in a text, each rounded once to whatever arithmetic is asked about.
    Decimal,
}

impl Dtype {
    /// Significant bits; of decimals those of the f64 nearest to each.
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
            Dtype::Decimal => "decimal",
        })
    }
}

/// Coordinates, row after row.
enum Values {
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Decimal(Decimals),
}

impl Values {
    /// From columns to rows.
    fn transposed(self, rows: usize, width: usize) -> Result<Values, String> {
        Ok(match self {
            Values::F16(values) => Values::F16(transpose(&values, rows, width)?),
            Values::F32(values) => Values::F32(transpose(&values, rows, width)?),
            Values::F64(values) => Values::F64(transpose(&values, rows, width)?),
            Values::Decimal(_) => return Err("a text has no order of columns".to_owned()),
        })
    }

    /// Only these of `width` numbers a row.
    fn selected(self, width: usize, keep: &[usize]) -> Values {
        fn of<T: Copy>(values: &[T], width: usize, keep: &[usize]) -> Vec<T> {
            values.chunks_exact(width).flat_map(|row| keep.iter().map(|i| row[*i])).collect()
        }
        match self {
            Values::F16(values) => Values::F16(of(&values, width, keep)),
            Values::F32(values) => Values::F32(of(&values, width, keep)),
            Values::F64(values) => Values::F64(of(&values, width, keep)),
            Values::Decimal(decimals) => Values::Decimal(decimals),
        }
    }
}

/// The most numbers of an array: as many take eight gigabytes as f64.
const MOST_NUMBERS: usize = 1 << 30;

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Which array of an archive.
    pub array: Option<&'a str>,
    /// The columns of the coordinates, by name or by number from 1 where there are no names; none: as the names tell.
    pub columns: &'a [String],
    /// Whether time is one of the coordinates.
    pub time: bool,
    /// What is a number in a text, and the f64 nearest to it: an arithmetic may read more than Rust does.
    pub number: fn(&str) -> Option<f64>,
}

impl Default for Reading<'_> {
    fn default() -> Self {
        Reading { array: None, columns: &[], time: false, number: |text| text.parse().ok() }
    }
}

/// n points as they stand in a file.
pub struct Embedding {
    pub file: PathBuf,
    /// The array's name in an archive.
    pub array: Option<String>,
    /// n.
    pub points: usize,
    /// Coordinates of each.
    pub width: usize,
    pub dtype: Dtype,
    /// Which columns they are.
    pub columns: Columns,
    /// The curvature that the file itself states, in a column `c`, and as it is written there.
    pub c: Option<f64>,
    pub c_text: Option<String>,
    values: Values,
    /// Of a text, the line of each point.
    lines: Option<Vec<u64>>,
    /// Whether the last coordinate of a row is given first.
    last_first: bool,
}

/// Why a file is not an embedding, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", super::words::printable(&file.display().to_string()))]
pub struct EmbeddingError {
    pub file: PathBuf,
    pub message: String,
}

/// What stands for standard input among files.
pub const STDIN: &str = "-";
/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// An input that has no other places to go to.
struct Stream<R>(R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R> Seek for Stream<R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::Error::new(io::ErrorKind::NotSeekable, "an archive has to be a file"))
    }
}

impl Embedding {
    /// Reads an array `[n, d]` of f16, f32 or f64 from a .npy or .npz file, or points from a text; `-` is standard input.
    ///
    /// A text is CSV, or names and numbers separated by tabs or spaces; lines that begin with # are comments. A first line
    /// with a cell that is not a number names the columns (so does 0, 1, 2, …, as pandas writes it), unless its numbers are
    /// no names. Coordinates are then the columns that are numbered on from one prefix (`dim_0`, `x1`, `3`), or `x`, `y` and
    /// `z`, or all whose name or text does not say otherwise (`label`, `id`, `weight`); a column `x` by itself holds a point
    /// in each cell, numbers separated by spaces. A column `c` is the curvature, one for all.
    ///
    /// # Errors
    /// If the file is not that, or which columns are meant cannot be told, in one line. Numbers that are not finite are no
    /// error here.
    pub fn read(file: &Path, reading: &Reading) -> Result<Embedding, EmbeddingError> {
        let fault = |message: String| EmbeddingError { file: file.to_owned(), message };
        let parsed = match file.to_str() {
            Some(STDIN) => {
                let fault = |message| EmbeddingError { file: PathBuf::from("standard input"), message };
                Embedding::parse(Stream(io::stdin()), None, reading).map_err(fault)
            }
            _ => {
                let input = File::open(file).map_err(|error| fault(error.to_string()))?;
                let extension = file.extension().and_then(|extension| extension.to_str());
                Embedding::parse(input, extension, reading).map_err(fault)
            }
        }?;
        Ok(Embedding { file: file.to_owned(), ..parsed })
    }

    /// The same from bytes.
    pub fn of_bytes(bytes: Vec<u8>, reading: &Reading) -> Result<Embedding, EmbeddingError> {
        let fault = |message| EmbeddingError { file: PathBuf::from("bytes"), message };
        Embedding::parse(Cursor::new(bytes), None, reading).map_err(fault)
    }

    fn parse(
        input: impl Read + Seek + Send + 'static,
        extension: Option<&str>,
        reading: &Reading,
    ) -> Result<Embedding, String> {
        let mut input = BufReader::with_capacity(CHUNK, input);
        let start = input.fill_buf().map_err(|error| error.to_string())?;
        if start.is_empty() {
            return Err("empty file".to_owned());
        }
        let (is_npy, is_zip) = (start.starts_with(NPY_MAGIC), start.starts_with(ZIP_MAGIC));
        match extension {
            Some("npy") if !is_npy => Err("not a .npy file: it does not begin with \\x93NUMPY".to_owned()),
            Some("npz") if !is_zip => Err("not a .npz archive: it does not begin with PK".to_owned()),
            _ if is_zip => Embedding::of_array(npy::npz(input, reading.array)?, reading),
            _ if reading.array.is_some() => Err("--array is for .npz archives".to_owned()),
            _ if is_npy => Embedding::of_array(npy::npy(input)?, reading),
            _ => {
                let lines = Lines::new(input).map_err(|error| error.to_string())?;
                Ok(Embedding::of_text(text::text(lines, reading)?))
            }
        }
    }

    fn of_array(array: Array, reading: &Reading) -> Result<Embedding, String> {
        let Array { name, points, width, dtype, values } = array;
        let mut columns = Columns::numbered(width);
        let (mut values, mut kept) = (values, width);
        if !reading.columns.is_empty() {
            let keep = columns::chosen(reading.columns, &columns.coordinates)?;
            values = values.selected(width, &keep);
            kept = keep.len();
            let (names, all) = (columns.coordinates, 0..width);
            let unused = |i: usize| Unused { name: names[i].clone(), why: "not asked for".to_owned() };
            let left_out = all.filter(|i| !keep.contains(i)).map(unused).collect();
            columns = Columns { coordinates: keep.iter().map(|i| names[*i].clone()).collect(), left_out };
        }
        let width = kept;
        Ok(Embedding {
            file: PathBuf::new(),
            array: name,
            points,
            width,
            dtype,
            columns,
            c: None,
            c_text: None,
            values,
            lines: None,
            last_first: false,
        })
    }

    fn of_text(text: text::Text) -> Embedding {
        let (c, c_text) = text.c.unzip();
        Embedding {
            file: PathBuf::new(),
            array: None,
            points: text.lines.len(),
            width: text.width,
            dtype: Dtype::Decimal,
            columns: text.columns,
            c,
            c_text,
            values: Values::Decimal(text.decimals),
            lines: Some(text.lines),
            last_first: false,
        }
    }

    /// The same points with the last coordinate of each before the others.
    pub fn last_first(self) -> Embedding {
        Embedding { last_first: true, ..self }
    }

    /// Whether the last coordinate of a row in the file is given first.
    pub fn is_last_first(&self) -> bool {
        self.last_first
    }

    /// The coordinates of a point: exactly, or of decimals the nearest f64s.
    pub fn row(&self, point: usize, out: &mut [f64]) {
        let range = point * self.width..(point + 1) * self.width;
        match &self.values {
            Values::F16(values) => out.iter_mut().zip(&values[range]).for_each(|(out, x)| *out = x.to_f64()),
            Values::F32(values) => out.iter_mut().zip(&values[range]).for_each(|(out, x)| *out = f64::from(*x)),
            Values::F64(values) => out.copy_from_slice(&values[range]),
            Values::Decimal(decimals) => out.copy_from_slice(&decimals.near[range]),
        }
        if self.last_first {
            out.rotate_right(1);
        }
    }

    /// A coordinate as it is written, where the file is a text.
    pub fn written(&self, point: usize, coordinate: usize) -> Option<&str> {
        let Values::Decimal(decimals) = &self.values else { return None };
        let shift = if self.last_first { self.width - 1 } else { 0 };
        Some(decimals.text(point * self.width + (coordinate + shift) % self.width))
    }

    /// The name of a coordinate.
    pub fn coordinate(&self, i: usize) -> String {
        let names = &self.columns.coordinates;
        let place = if self.last_first { (i + self.width - 1) % self.width } else { i };
        match names.as_slice() {
            names if names.len() == self.width => names[place].clone(),
            names => format!("{}, number {}", listed(names), place + 1),
        }
    }

    /// Where a point stands in the file.
    pub fn place(&self, point: usize) -> String {
        match &self.lines {
            Some(lines) => format!("line {}", lines[point]),
            None => format!("row {point}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &[u8]) -> Result<Embedding, String> {
        Embedding::of_bytes(text.to_vec(), &Reading::default()).map_err(|error| error.message)
    }

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
            "\"\",\"1\",\"2\"\n7,0.1,0.2\n8,-0.3,4\n",
            "x,y\n0.1,0.2\n-0.3,4\n",
            "label,y,x,c\na,0.1,0.2,1\nb,-0.3,4,1\n",
            "id,dim_0,dim_1,label\n3,0.1,0.2,1\n4,-0.3,4,0\n",
            "Unnamed: 0,x[0],x[1]\n3,0.1,0.2\n4,-0.3,4\n",
            "u,v,cluster_id,tau,Weight\n0.1,0.2,3,1,2\n-0.3,4,4,1,2\n",
            "u,v,what\n0.1,0.2,cat\n-0.3,4,dog\n",
            "cat,0.1,0.2\ndog,-0.3,4\n",
            "cat\t0.1\t0.2\ndog\t-0.3\t4\n",
            "cat 0.1 0.2\ndog -0.3 4\n",
            "node d1 d2\ncat 0.1 0.2\ndog -0.3 4\n",
            "\"a,b\",d1,d2\ncat,0.1,0.2\ndog,-0.3,4\n",
            "d1,d2,c\n.1,2e-1,1\n-.3,4.,1\n",
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
            ("d1,d2,d1\n1,2,3\n", "line 1: column `d1` appears twice"),
            ("u,v,u\n1,2,3\n", "line 1: column `u` appears twice"),
            ("x,y\n0.1 0.3,0.2 0.4\n", "line 1: columns `x` and `y`"),
            ("x0,x1,y0,y1\n1,2,3,4\n", "line 1: columns are numbered on from each of x0, y0"),
            ("node,2019,2020\na,1,2\n", "line 1: its numbers could be names or coordinates"),
            ("u,v\n0.1,cat\n0.1,0.2\n", "line 3: column `v`: `0.2` is a number where line 2 has text"),
            ("id,label\n1,2\n", "line 1: no column of coordinates"),
            ("# a\nu,v\n\n# b\n1,2\n1,z\n", "line 6: column `v`: `z` is not a number"),
            ("c\n1\n", "line 1: no column of coordinates"),
            ("a,b\n", "empty: no points"),
            ("# nothing\n", "empty: no points"),
        ] {
            let got = rows(layout).unwrap_err();
            assert!(got.starts_with(expected) && !got.contains('\n'), "{layout:?}: {got}");
        }
        assert_eq!(text(b"0.1\n\xff\n").err().unwrap(), "line 2: not text in UTF-8");
    }

    #[test]
    fn columns_are_those_that_are_asked_for() {
        let columns = |asked: &[&str], text: &[u8]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            let reading = Reading { columns: &asked, ..Reading::default() };
            Embedding::of_bytes(text.to_vec(), &reading).map(|found| {
                let mut row = vec![0.0; found.width];
                found.row(0, &mut row);
                (row, found.columns.left_out.len())
            })
        };
        let text = b"id,a,b,d\n7,1,2,3\n";
        assert_eq!(columns(&["d", "a"], text).unwrap(), (vec![3.0, 1.0], 2));
        assert_eq!(columns(&["a..d"], text).unwrap(), (vec![1.0, 2.0, 3.0], 1));
        assert_eq!(columns(&["3", "1"], b"7,1,2\n").unwrap(), (vec![2.0, 7.0], 1));
        for (asked, expected) in [
            (&["e"][..], "bytes: line 1: no column `e`; there are: id, a, b, d"),
            (&["d..a"], "bytes: line 1: no column `d..a`"),
            (&["a", "a"], "bytes: line 1: column `a` is asked for twice"),
            (&["a..b", "b"], "bytes: line 1: column `b` is asked for twice"),
        ] {
            let error = columns(asked, text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn decimals_are_kept_as_they_are_written() {
        let found = text(b"u,v\n0.10000000000000000001,1e400\n2,3\n").unwrap().last_first();
        let written: Vec<&str> = (0..2).filter_map(|i| found.written(0, i)).collect();
        assert_eq!(written, ["1e400", "0.10000000000000000001"]);
        assert_eq!((found.coordinate(0), found.coordinate(1)), ("v".to_owned(), "u".to_owned()));
        let mut row = [0.0; 2];
        found.row(1, &mut row);
        assert_eq!(row, [3.0, 2.0]);
    }

    proptest! {
        #[test]
        fn no_reader_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = text(&bytes);
            let _ = npy::npy(bytes.as_slice());
            let _ = npy::npz(io::Cursor::new(&bytes), None);
        }
    }
}
