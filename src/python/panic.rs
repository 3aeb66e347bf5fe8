//! Panics: remembered for the error that Python raises, instead of printed.
//!
//! A panic unwinds to pyo3, which raises `PanicException`; `python/glove_rs/_boundary.py` turns that
//! into `InternalError` for every function and method of this module.

use pyo3::prelude::*;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

/// Where the last panic was, and what it said.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From now on print panics only where a backtrace is asked for. The hook is that of this library
/// alone: other extension modules have their own standard library.
pub fn remember() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(described(info));
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            print(info);
        }
    }));
}

fn described(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("panic");
    match info.location() {
        Some(place) => format!("{}:{}: {text}", place.file(), place.line()),
        None => text.to_owned(),
    }
}

/// Return and forget where the last panic was and what it said.
#[pyfunction]
pub fn take_panic() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
