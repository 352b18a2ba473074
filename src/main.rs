//! The `hypprec` command.

fn main() -> std::process::ExitCode {
    hypprec::cmd::main(standard::output_is_closed())
}

/// Whether the process was given a standard output. Rust's runtime puts /dev/null in the place of a closed one before `main`,
/// so that what is written to it would be lost without an error: it is asked for before that.
#[cfg(target_os = "linux")]
mod standard {
    use std::sync::atomic::{AtomicBool, Ordering};

    static CLOSED: AtomicBool = AtomicBool::new(false);

    /// The loader calls what stands in this section before the runtime begins. Nothing here needs the runtime.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = {
        extern "C" fn look() {
            let has_descriptors = std::path::Path::new("/proc/self/fd").is_dir();
            let is_open = std::fs::symlink_metadata("/proc/self/fd/1").is_ok();
            CLOSED.store(has_descriptors && !is_open, Ordering::Relaxed);
        }
        look
    };

    pub fn output_is_closed() -> bool {
        CLOSED.load(Ordering::Relaxed)
    }
}

/// Elsewhere it is not known.
#[cfg(not(target_os = "linux"))]
mod standard {
    pub fn output_is_closed() -> bool {
        false
    }
}
