//! Points in a text, with and without time, by their names and by what is asked for.
#![no_main]

use hypprec::table::{Embedding, Reading};
use hypprec::verdict::scan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let asked = ["x0".to_owned(), "2".to_owned()];
    for (time, columns) in [(false, &[][..]), (true, &[]), (false, &asked[..])] {
        let reading = Reading { time, columns, number: scan::number, array: None };
        match Embedding::of_bytes(bytes.to_vec(), &reading) {
            Ok(found) => {
                let mut row = vec![0.0; found.width];
                for point in [0, found.points - 1] {
                    found.row(point, &mut row);
                    for (i, near) in row.iter().enumerate() {
                        let text = found.written(point, i).unwrap();
                        assert_eq!(scan::number(text).unwrap().to_bits(), near.to_bits());
                        found.coordinate(i);
                    }
                    found.place(point);
                }
                scan::time_of(&found, 1.0);
            }
            Err(error) => assert!(!error.to_string().contains('\n')),
        }
    }
});
