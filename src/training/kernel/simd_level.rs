//! The instruction sets of the kernel: which ones this machine has, and which one is in use.

use crate::error::{Error, Result};
use std::sync::OnceLock;

/// An instruction set that the kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimdLevel {
    /// Plain Rust.
    Portable,
    /// AVX2 and FMA, 8 lanes.
    Avx2,
    /// AVX-512 F, DQ and VL, 16 lanes.
    Avx512,
    /// NEON, 4 lanes.
    Neon,
}

impl SimdLevel {
    const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    pub(super) fn is_usable(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_usable()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The levels that this machine has, the fastest first.
    pub fn usable() -> Vec<Self> {
        Self::ALL.into_iter().filter(|l| l.is_usable()).collect()
    }

    /// The level with this name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the usable names, for a name that is unknown or that this
    /// machine cannot run.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::usable()
            .into_iter()
            .find(|level| level.name() == name)
            .ok_or_else(|| {
                let usable: Vec<_> = Self::usable().iter().map(|l| l.name()).collect();
                Error::parameter(
                    "GLOVE_RS_SIMD",
                    format!("must be one of {usable:?} on this machine, got {name:?}"),
                )
            })
    }

    /// The level in use: the one that the environment variable `GLOVE_RS_SIMD` names, or else the
    /// fastest. It is decided at the first call and does not change afterwards.
    ///
    /// # Errors
    /// As for [`SimdLevel::from_name`].
    pub fn active() -> Result<Self> {
        static ACTIVE: OnceLock<std::result::Result<SimdLevel, String>> = OnceLock::new();
        let active = ACTIVE.get_or_init(|| match std::env::var_os("GLOVE_RS_SIMD") {
            Some(name) => {
                let name = name.to_string_lossy().into_owned();
                Self::from_name(&name).map_err(|_| name)
            }
            None => Ok(Self::usable()[0]),
        });
        match active {
            Ok(level) => Ok(*level),
            Err(name) => Self::from_name(name),
        }
    }
}
