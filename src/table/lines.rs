//! Text as it comes from anywhere: a byte order mark and carriage returns go, and neither a line nor a record outgrows memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line that is read, in bytes: longer is a file that is no table.
const LONGEST_LINE: usize = 64 << 20;
/// The longest record, in bytes: a quote that nobody closes would make one of all lines that follow.
const LONGEST_RECORD: usize = 2 * LONGEST_LINE;
/// The longest text that is read as a whole (a study, a recipe, a baseline), in bytes.
const LONGEST_TEXT: u64 = 64 << 20;

/// All bytes of an input, unless they are more than `most`.
pub fn read_bytes(input: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::new(io::ErrorKind::InvalidData, format!("longer than {} MiB", most >> 20))),
        false => Ok(bytes),
    }
}

/// The whole text of a file, unless it has no end.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = read_bytes(File::open(path)?, LONGEST_TEXT)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not text in UTF-8"))
}
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader whose lines end in `\n` alone, the last one too.
pub struct Lines {
    input: Box<dyn BufRead + Send>,
    /// Bytes of the present line so far.
    length: usize,
    /// Bytes since the last record was done.
    record: usize,
    line: u64,
}

impl Lines {
    pub fn new(input: impl Read + Send + 'static) -> io::Result<Lines> {
        let mut input = BufReader::new(input);
        let mut start = Vec::new();
        input.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
        if start == BYTE_ORDER_MARK {
            start.clear();
        }
        // A last line without an end gets one; a second end is an empty line, which is no row.
        let whole = BufReader::new(io::Cursor::new(start).chain(input).chain(&b"\n"[..]));
        Ok(Lines { input: Box::new(whole), length: 0, record: 0, line: 1 })
    }

    /// Of nothing.
    pub fn empty() -> Lines {
        Lines { input: Box::new(io::empty()), length: 0, record: 0, line: 1 }
    }

    /// The lines at the top that begin with `#`, without their ends.
    pub fn comments(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let (mut comments, mut bytes) = (Vec::new(), 0);
        while self.input.fill_buf()?.first() == Some(&b'#') {
            let mut comment = Vec::new();
            let read = self.input.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut comment)?;
            bytes += read;
            if read > LONGEST_LINE || bytes > LONGEST_RECORD {
                return Err(self.too_long());
            }
            self.line += 1;
            while comment.last().is_some_and(|byte| b"\r\n".contains(byte)) {
                comment.pop();
            }
            comments.push(comment);
        }
        Ok(comments)
    }

    /// Copies of the next lines, as many as there are.
    pub fn peek(&mut self, lines: usize) -> io::Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        for _ in 0..lines {
            let mut line = Vec::new();
            if self.input.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line)? > LONGEST_LINE {
                return Err(self.too_long());
            }
            found.push(line);
        }
        let rest = std::mem::replace(&mut self.input, Box::new(io::empty()));
        self.input = Box::new(io::Cursor::new(found.concat()).chain(rest));
        Ok(found)
    }

    /// A record was taken from what was read: the next may be as long again.
    pub fn record_done(&mut self) {
        self.record = 0;
    }

    /// Moves all but the carriage returns to the front; how many bytes they are.
    fn kept(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        for i in 0..bytes.len() {
            if bytes[i] != b'\r' {
                bytes[kept] = bytes[i];
                kept += 1;
            }
        }
        self.counted(&bytes[..kept])
    }

    /// Counts lines and what the last of them has so far; how many bytes they are.
    fn counted(&mut self, bytes: &[u8]) -> usize {
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                self.line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                self.length = bytes.len() - 1 - last;
            }
            None => self.length += bytes.len(),
        }
        bytes.len()
    }

    fn too_long(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {}: longer than {} MiB", self.line, LONGEST_LINE >> 20),
        )
    }
}

impl Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.input.read(out)?;
            let kept = match out[..read].contains(&b'\r') {
                true => self.kept(&mut out[..read]),
                false => self.counted(&out[..read]),
            };
            if self.length > LONGEST_LINE {
                return Err(self.too_long());
            }
            self.record += kept;
            if self.record > LONGEST_RECORD {
                let what = format!("a quoted cell that ends nowhere before line {}", self.line);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            // Nothing but carriage returns is not the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static [u8]) -> (Vec<Vec<u8>>, String) {
        let mut lines = Lines::new(text).unwrap();
        let comments = lines.comments().unwrap();
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        (comments, rest)
    }

    #[test]
    fn marks_and_carriage_returns_go_and_comments_come_apart() {
        let (comments, rest) = read(b"\xef\xbb\xbf# one\r\n#two\nc,x\r\n1,2");
        assert_eq!(comments, [b"# one".to_vec(), b"#two".to_vec()]);
        assert_eq!(rest, "c,x\n1,2\n");
        assert_eq!(read(b""), (vec![], "\n".to_owned()));
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut lines = Lines::new(io::Cursor::new(b"a\n".to_vec()).chain(io::repeat(b'x'))).unwrap();
        let error = io::copy(&mut lines, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "line 2: longer than 64 MiB");
    }
}
