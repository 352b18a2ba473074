//! Rows side by side: N of them are one arithmetic, in which the same formulas run N at a time, as fast as the instruction set
//! allows.
//!
//! [`Lanes`] is a [`Real`](super::Real) per row, [`Pack`] a vector per row. Every operation is that of the scalar, row by row, and
//! a sum over coordinates is taken in one fixed order ([`Pack`]): a row's bytes do not depend on its neighbours, on N or on
//! the instruction set. Nothing is contracted. What a sum in lanes cannot do as exactly as the scalar core, it says
//! ([`Doubt`]), and the caller asks the scalar core.
//!
//! Each operation chooses its instruction set by itself, from the [`Level`] that its numbers carry: N is so large that the choice
//! costs nothing beside it, and formulas need not be inlined into the code that uses it.

mod functions;
mod pack;
mod real;

pub use pack::{Doubt, Pack};
pub use real::{Lane, Lanes};

use pulp::{Arch, Simd, WithSimd};
use std::fmt;

/// An instruction set that this machine has.
#[derive(Clone, Copy)]
pub struct Level(Arch);

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name = format!("{:?}", self.0);
        f.write_str(name.split('(').next().unwrap_or_default())
    }
}

impl Level {
    /// The widest.
    pub fn best() -> Level {
        Level(Arch::new())
    }
    /// All, the plainest first: what the target always has (SSE2, NEON), and on x86 AVX2 and AVX-512.
    pub fn all() -> Vec<Level> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut levels = vec![Level::plain()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(pulp::x86::V3::try_new().map(|set| Level(Arch::V3(set))));
            levels.extend(pulp::x86::V4::try_new().map(|set| Level(Arch::V4(set))));
        }
        levels
    }
    #[cfg(target_arch = "x86_64")]
    fn plain() -> Level {
        Level(Arch::Scalar)
    }
    #[cfg(not(target_arch = "x86_64"))]
    fn plain() -> Level {
        Level::best()
    }

    /// The numbers that `f` gives for 0 to N − 1; `f` is small enough to be inlined.
    #[inline(always)]
    fn each<T: Copy, const N: usize>(self, blank: T, f: impl Fn(usize) -> T) -> [T; N] {
        let mut out = [blank; N];
        self.0.dispatch(Each { out: &mut out, f });
        out
    }
}

struct Each<'a, T, F, const N: usize> {
    out: &'a mut [T; N],
    f: F,
}

impl<T, F: Fn(usize) -> T, const N: usize> WithSimd for Each<'_, T, F, N> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for i in 0..N {
            self.out[i] = (self.f)(i);
        }
    }
}
