//! Tables of our own that pages are drawn from.
#![no_main]

use hypprec::table::{CeilingRow, CellRow, ClipRow, CurveRow, PairRow, PeerRow, SummaryRow, read_rows};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fn read<R: serde::de::DeserializeOwned>(bytes: &[u8]) {
    if let Err(error) = read_rows::<R>(bytes, Path::new("f")) {
        assert!(!error.to_string().contains('\n'));
    }
}

fuzz_target!(|bytes: &[u8]| {
    read::<CellRow>(bytes);
    read::<SummaryRow>(bytes);
    read::<CurveRow>(bytes);
    read::<ClipRow>(bytes);
    read::<PairRow>(bytes);
    read::<PeerRow>(bytes);
    read::<CeilingRow>(bytes);
});
