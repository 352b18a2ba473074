//! SIGTERM and SIGUSR1, with which a scheduler says that it is going to kill: the first lets a run finish what it measures and
//! keep it, the second ends it at once.

use super::Failure;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of a run that was stopped and can go on: `EX_TEMPFAIL` of sysexits.h, which asks to be tried again.
pub const EXIT_STOPPED: u8 = 75;

/// Whether a signal has asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Begins to listen.
    #[cfg(unix)]
    pub fn listen() -> Result<Stop, Failure> {
        use signal_hook::consts::{SIGTERM, SIGUSR1};
        use signal_hook::flag;
        let stop = Stop::default();
        for signal in [SIGTERM, SIGUSR1] {
            // Ends at once where the flag is up already; the next line puts it up.
            flag::register_conditional_shutdown(signal, EXIT_STOPPED.into(), stop.0.clone())?;
            flag::register(signal, stop.0.clone())?;
        }
        Ok(stop)
    }

    /// Elsewhere there are no such signals.
    #[cfg(not(unix))]
    pub fn listen() -> Result<Stop, Failure> {
        Ok(Stop::default())
    }

    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Says that a run was stopped.
pub fn stopped(line: &str) -> ExitCode {
    super::say(&format!("hypprec: {line}"));
    ExitCode::from(EXIT_STOPPED)
}
