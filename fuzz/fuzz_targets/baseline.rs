//! Baselines: one that is read writes the same bytes again.
#![no_main]

use hypprec::verdict::check::Baseline;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    match Baseline::parse(&String::from_utf8_lossy(bytes), Path::new("f")) {
        Ok(found) => {
            let mut written = Vec::new();
            found.write(&mut written).unwrap();
            let again = Baseline::parse(&String::from_utf8(written).unwrap(), Path::new("f")).unwrap();
            assert_eq!(format!("{again:?}"), format!("{found:?}"));
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
});
