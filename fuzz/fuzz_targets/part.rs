//! The parts that a killed sweep leaves: what is read is what was written, and holds rows of cells or is refused.
#![no_main]

use hypprec::table::{CellRow, part_rows, read_rows};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    if let Some(rows) = part_rows(&String::from_utf8_lossy(bytes), 0) {
        let _ = read_rows::<CellRow>(rows.as_bytes(), Path::new("f"));
    }
});
