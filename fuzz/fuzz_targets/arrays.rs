//! Arrays of .npy files and .npz archives.
#![no_main]

use hypprec::table::{Embedding, Reading};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for start in [&b""[..], b"\x93NUMPY\x01\x00", b"PK\x03\x04"] {
        let whole = [start, bytes].concat();
        match Embedding::of_bytes(whole, &Reading::default()) {
            Ok(found) => {
                let mut row = vec![0.0; found.width];
                found.row(found.points - 1, &mut row);
            }
            Err(error) => assert!(error.to_string().len() < 1000 && !error.to_string().contains(char::is_control)),
        }
    }
});
