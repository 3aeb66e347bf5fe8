//! Stores the message of a panic for the exception that Python raises, instead of printing it.
//!
//! A panic unwinds to pyo3, which raises `PanicException`. `python/glove_rs/_boundary.py` turns this exception
//! into `InternalError` for the functions of the module `_core`, except `take_panic`, and for the methods and properties
//! of its classes. It cannot wrap a constructor (`#[new]`), so classes have a static method `new` instead.

use pyo3::prelude::*;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

/// Location and message of the last panic.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Install a panic hook that stores the message of a panic, and prints it only if `RUST_BACKTRACE` is set and is not 0.
/// Other extension modules have their own copy of the standard library and so their own hook.
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
        Some(location) => format!("{}:{}: {text}", location.file(), location.line()),
        None => text.to_owned(),
    }
}

/// Return location and message of the last panic, and forget them.
#[pyfunction]
pub fn take_panic() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
