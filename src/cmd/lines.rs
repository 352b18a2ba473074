//! Text as it comes from anywhere: a byte order mark and carriage returns go, and no line outgrows memory.

use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is read, in bytes: longer is a file that is no table.
const LONGEST_LINE: usize = 64 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader whose lines end in `\n` alone, the last one too.
pub struct Lines {
    input: Box<dyn BufRead + Send>,
    /// Bytes of the present line so far.
    length: usize,
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
        Ok(Lines { input: Box::new(whole), length: 0, line: 1 })
    }

    /// The lines at the top that begin with `#`, without their ends.
    pub fn comments(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut comments = Vec::new();
        while self.input.fill_buf()?.first() == Some(&b'#') {
            let mut comment = Vec::new();
            let read = self.input.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut comment)?;
            if read > LONGEST_LINE {
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
            let mut kept = 0;
            for i in 0..read {
                match out[i] {
                    b'\r' => continue,
                    b'\n' => (self.length, self.line) = (0, self.line + 1),
                    _ => self.length += 1,
                }
                out[kept] = out[i];
                kept += 1;
            }
            if self.length > LONGEST_LINE {
                return Err(self.too_long());
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
