//! Runs the loops of an instruction set.

#[cfg(target_arch = "aarch64")]
use super::aarch64;
use super::call::KernelCall;
use super::cost::Cost;
use super::portable;
use super::records::update_all;
use super::simd_level::SimdLevel;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Run the loops of an instruction set.
///
/// # Safety
/// The contract of [`super::call`], and this machine has the instructions of `level`.
pub(super) unsafe fn run<const FROZEN: usize>(call: &KernelCall, level: SimdLevel) -> Cost {
    // SAFETY: the caller keeps the contract. Every aarch64 has NEON, and the portable loops need no special
    // instructions.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => x86::avx512::<FROZEN>(call),
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => x86::avx2::<FROZEN>(call),
            #[cfg(target_arch = "aarch64")]
            SimdLevel::Neon => aarch64::neon::<FROZEN>(call),
            _ => update_all::<portable::Eight, FROZEN>(call),
        }
    }
}
