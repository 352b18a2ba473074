//! Arrays of .npy and .npz files: what a header or a directory claims is believed no further than bytes come.

use super::{Dtype, MOST_NUMBERS, Values};
use crate::table::words::{line, listed, short};
use half::f16;
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
use std::fmt;
use std::io::{self, Cursor, Read, Seek};
use zip::ZipArchive;

pub const NPY_MAGIC: &[u8] = b"\x93NUMPY";
pub const ZIP_MAGIC: &[u8] = b"PK";
/// Bytes decoded at a time: a multiple of every number's size.
const CHUNK: usize = 1 << 20;
/// The longest header that is parsed, in bytes (numpy itself reads 10,000), and how deep its brackets may nest: the parser
/// recurses.
const LONGEST_HEADER: u64 = 1 << 16;
const DEEPEST_HEADER: usize = 16;

/// An array as it stands in a file.
pub struct Array {
    /// Its name in an archive.
    pub name: Option<String>,
    pub points: usize,
    pub width: usize,
    pub dtype: Dtype,
    pub values: Values,
}

/// The only array of an archive, or the one that is asked for.
pub fn npz(input: impl Read + Seek, array: Option<&str>) -> Result<Array, String> {
    let whole = |error: zip::result::ZipError| format!("not a whole .npz archive: {}", one_line(error));
    let mut archive = ZipArchive::new(input).map_err(whole)?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        names.extend(npyz::npz::array_name_from_file_name(&name.map_err(whole)?).map(str::to_owned));
    }
    names.sort();
    let name = match (array, names.as_slice()) {
        (Some(asked), names) if names.iter().any(|name| name == asked) => asked.to_owned(),
        (Some(asked), names) => return Err(format!("no array `{}`; there are: {}", short(asked), listed(names))),
        (None, [only]) => only.clone(),
        (None, []) => return Err("an archive without arrays".to_owned()),
        (None, names) => return Err(format!("several arrays, choose one with --array: {}", listed(names))),
    };
    let entry = archive.by_name(&npyz::npz::file_name_from_array_name(&name)).map_err(whole)?;
    let found = npy(entry).map_err(|message| format!("array `{}`: {message}", short(&name)))?;
    Ok(Array { name: Some(name), ..found })
}

/// One array.
pub fn npy(mut input: impl Read) -> Result<Array, String> {
    let header = header(&mut input)?;
    let (dtype, big) = dtype_of(&header.dtype())?;
    let (points, width) = match *header.shape() {
        [0, _] | [_, 0] => return Err(format!("empty: an array of shape {}", shape(header.shape()))),
        [points, width] => (points, width),
        _ => return Err(format!("an array of shape {} where [n, d] is needed", shape(header.shape()))),
    };
    let count = points.checked_mul(width).filter(|count| *count <= MOST_NUMBERS as u64).ok_or_else(|| {
        format!(
            "an array of shape {} is larger than {MOST_NUMBERS} numbers, the most that are read",
            shape(header.shape())
        )
    })? as usize;
    let (points, width) = (points as usize, width as usize);
    let values = match dtype {
        Dtype::F16 => Values::F16(decode(&mut input, count, big, f16::from_le_bytes)?),
        Dtype::F32 => Values::F32(decode(&mut input, count, big, f32::from_le_bytes)?),
        Dtype::F64 | Dtype::Decimal => Values::F64(decode(&mut input, count, big, f64::from_le_bytes)?),
    };
    // Also where a checksum is compared.
    match input.read(&mut [0]) {
        Ok(0) => {}
        Ok(_) => return Err("bytes are left after the array".to_owned()),
        Err(error) => return Err(one_line(error)),
    }
    let values = if header.order() == Order::Fortran { values.transposed(points, width)? } else { values };
    Ok(Array { name: None, points, width, dtype, values })
}

/// The header, once it is known to be no longer and no deeper than one is.
fn header(input: &mut impl Read) -> Result<NpyHeader, String> {
    let wrong = |what: &dyn fmt::Display| format!("header: {}", one_line(what));
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>, wanted: u64| match input.by_ref().take(wanted).read_to_end(bytes) {
        Ok(got) if got as u64 == wanted => Ok(()),
        Ok(_) => Err(wrong(&"it ends too early")),
        Err(error) => Err(wrong(&error)),
    };
    // The magic bytes, two of the version, and the length, which versions from 2 on give four bytes.
    let fixed = NPY_MAGIC.len() + 2;
    more(&mut bytes, fixed as u64)?;
    if !bytes.starts_with(NPY_MAGIC) {
        return Err(wrong(&"it does not begin with \\x93NUMPY"));
    }
    let of_length = if bytes[fixed - 2] < 2 { 2 } else { 4 };
    more(&mut bytes, of_length)?;
    let length = bytes[fixed..].iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
    if length > LONGEST_HEADER {
        return Err(wrong(&format!("{length} bytes long, where {LONGEST_HEADER} are the most that are read")));
    }
    let start = bytes.len();
    more(&mut bytes, length)?;
    let mut depth = 0usize;
    for byte in &bytes[start..] {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_HEADER {
            return Err(wrong(&"brackets within brackets"));
        }
    }
    NpyHeader::from_reader(Cursor::new(bytes)).map_err(|error| wrong(&error))
}

fn shape(shape: &[u64]) -> String {
    const SHOWN: usize = 4;
    let shown = shape.iter().take(SHOWN).map(u64::to_string).collect::<Vec<_>>().join(", ");
    if shape.len() > SHOWN { format!("[{shown}, … {} axes]", shape.len()) } else { format!("[{shown}]") }
}

/// The type of the numbers, and whether they are big-endian.
fn dtype_of(dtype: &DType) -> Result<(Dtype, bool), String> {
    let wrong =
        |what: &str| Err(format!("dtype {}: {what}; save it as float16, float32 or float64", short(&dtype.descr())));
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

/// `count` numbers; room is made as their bytes come.
fn decode<T, const N: usize>(
    input: &mut impl Read,
    count: usize,
    big: bool,
    number: fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let mut values = Vec::new();
    let mut buffer = vec![0; CHUNK.min(count.saturating_mul(N))];
    while values.len() < count {
        let wanted = (count - values.len()).min(CHUNK / N) * N;
        let got = fill(input, &mut buffer[..wanted]).map_err(one_line)?;
        room(&mut values, got / N, count)?;
        for bytes in buffer[..got - got % N].chunks_exact(N) {
            let mut bytes: [u8; N] = bytes.try_into().expect("a chunk of that size");
            if big {
                bytes.reverse();
            }
            values.push(number(bytes));
        }
        if got < wanted {
            return Err(format!("truncated: {} of {count} numbers", values.len()));
        }
    }
    Ok(values)
}

/// Room for some more of `all`: twice what there was, so that it is made seldom, but never more than all.
fn room<T>(values: &mut Vec<T>, more: usize, all: usize) -> Result<(), String> {
    let needed = values.len() + more;
    if needed <= values.capacity() {
        return Ok(());
    }
    let wanted = (2 * values.capacity()).clamp(needed, all.max(needed));
    values.try_reserve_exact(wanted - values.len()).map_err(|_| format!("{all} numbers are larger than memory"))
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

/// From columns to rows.
pub fn transpose<T: Copy>(columns: &[T], rows: usize, width: usize) -> Result<Vec<T>, String> {
    let mut out = Vec::new();
    out.try_reserve_exact(columns.len()).map_err(|_| format!("{} numbers are larger than memory", columns.len()))?;
    out.extend_from_slice(columns);
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
    Ok(out)
}

/// What another reader says: it quotes the file.
fn one_line(error: impl fmt::Display) -> String {
    const LONGEST: usize = 160;
    line(&crate::table::one_line(&error.to_string()), LONGEST)
}
