//! x
use crate::study::Study;
use crate::table::*;
use std::path::*;
pub fn boundary(
    folder: &Path,
    _n: &str,
    _s: &Study,
    _p: &Provenance,
    _c: &[CellRow],
    _m: &[SummaryRow],
    _k: &[ClipRow],
) -> Result<PathBuf, TableError> {
    Ok(folder.join("index.html"))
}
