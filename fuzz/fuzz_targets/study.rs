//! Studies in TOML, and the cells that they ask for.
#![no_main]

use hypprec::study::Study;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Study::parse(&String::from_utf8_lossy(bytes)) {
        assert!(!error.to_string().contains('\n'));
    }
});
