//! The text of Python strings, and the names of types for messages.

use crate::corpus::OnInvalid;
use pyo3::exceptions::PyUnicodeEncodeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::borrow::Cow;

/// The text of a str. A str can hold a lone surrogate, which is no character. `errors` says whether a lone
/// surrogate is an error, is replaced or is left out.
pub fn text_of<'a>(text: &'a Bound<'_, PyString>, errors: OnInvalid) -> PyResult<Cow<'a, str>> {
    let error = match text.to_str() {
        Ok(text) => return Ok(text.into()),
        Err(error) => error,
    };
    if errors == OnInvalid::Strict || !error.is_instance_of::<PyUnicodeEncodeError>(text.py()) {
        return Err(error);
    }
    let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    let mut repaired = String::new();
    for chunk in bytes.cast::<PyBytes>()?.as_bytes().utf8_chunks() {
        repaired.push_str(chunk.valid());
        // A surrogate is encoded as three bytes. Each byte is an invalid chunk of its own, and only the first byte is
        // 0xed. So one character replaces each surrogate.
        if errors == OnInvalid::Replace && chunk.invalid().first() == Some(&0xed) {
            repaired.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Ok(repaired.into())
}

pub fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .name()
        .map_or_else(|_| "?".into(), |name| name.to_string())
}
