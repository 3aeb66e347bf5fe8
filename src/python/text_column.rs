//! Which column of a table in Arrow's format holds the text, by its name or by the types of all columns.

use arrow_schema::{DataType, Fields};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// What the rows of a column hold, if they are not null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Words,
    Nothing,
}

/// The error for a column that can hold neither text nor lists of words.
pub fn not_text(kind: &DataType) -> PyErr {
    PyTypeError::new_err(format!(
        "source must be a column of strings or of lists of strings, got {kind}"
    ))
}

/// What a column of this type holds; `None` if it cannot hold text or lists of words and is not a column of nulls.
fn holds(kind: &DataType) -> Option<Holds> {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Holds::Text),
        DataType::Null => Some(Holds::Nothing),
        DataType::Dictionary(_, values) => holds(values),
        DataType::RunEndEncoded(_, values) => holds(values.data_type()),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            let tokens = holds(item.data_type())?;
            (tokens != Holds::Words).then_some(Holds::Words)
        }
        _ => None,
    }
}

/// Refuse a column whose type can hold neither text nor lists of words, and a table in which [`text_column`] finds no
/// column. A column of nulls without a type is accepted. Called before a row is read. `column` is the name of the
/// column, if the caller chose it by its name.
pub fn check(kind: &DataType, column: Option<&str>) -> PyResult<()> {
    match (kind, column) {
        (_, Some(name)) if holds(kind).is_none() => Err(PyValueError::new_err(format!(
            "column must name a column of text or of lists of words, but {name:?} has the type {}",
            type_text(kind)
        ))),
        (DataType::Struct(fields), None) => text_column(fields).map(|_| ()),
        (other, _) => holds(other).map(|_| ()).ok_or_else(|| not_text(other)),
    }
}

/// The position of the column `name` in a table. "a.b" is the column with this name or, if there is none, the
/// field "b" of the column "a".
pub fn named_column(table: &DataType, name: &str) -> PyResult<Vec<usize>> {
    let DataType::Struct(fields) = table else {
        return Err(PyValueError::new_err(format!(
            "column must be left out, got {name:?}: the source is a column itself, not a table"
        )));
    };
    find(fields, name).ok_or_else(|| {
        let columns: Vec<_> = fields
            .iter()
            .map(|field| format!("{}: {}", field.name(), type_text(field.data_type())))
            .collect();
        PyValueError::new_err(format!(
            "column must name a column of the source, got {name:?}; the source has {}",
            if columns.is_empty() {
                "no columns".to_owned()
            } else {
                columns.join(", ")
            }
        ))
    })
}

fn find(fields: &Fields, name: &str) -> Option<Vec<usize>> {
    let position = |name: &str| fields.iter().position(|field| field.name() == name);
    if let Some(found) = position(name) {
        return Some(vec![found]);
    }
    name.match_indices('.').find_map(|(dot, _)| {
        let outer = position(&name[..dot])?;
        let DataType::Struct(inner) = fields[outer].data_type() else {
            return None;
        };
        let mut path = find(inner, &name[dot + 1..])?;
        path.insert(0, outer);
        Some(path)
    })
}

/// The type of the column at a path that [`named_column`] returned.
pub fn column_type<'a>(table: &'a DataType, path: &[usize]) -> &'a DataType {
    path.iter().fold(table, |kind, field| match kind {
        DataType::Struct(fields) => fields[*field].data_type(),
        other => other,
    })
}

/// The name of a type, as pyarrow writes it for the common types.
fn type_text(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 => "string".into(),
        DataType::LargeUtf8 => "large_string".into(),
        DataType::Utf8View => "string_view".into(),
        DataType::Float16 => "halffloat".into(),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "bool".into(),
        DataType::List(item) => format!("list<{}>", type_text(item.data_type())),
        DataType::LargeList(item) => format!("large_list<{}>", type_text(item.data_type())),
        DataType::Struct(fields) => {
            let fields = fields.iter();
            let fields: Vec<_> = fields
                .map(|field| format!("{}: {}", field.name(), type_text(field.data_type())))
                .collect();
            format!("struct<{}>", fields.join(", "))
        }
        other => other.to_string().to_lowercase(),
    }
}

/// The position of the only column of text or of lists of words in a table. If there is no such column and only
/// one column of nulls without a type, the position of the column of nulls.
pub fn text_column(fields: &Fields) -> PyResult<usize> {
    let of = |wanted: &dyn Fn(Holds) -> bool| -> Vec<usize> {
        let fields = fields.iter().enumerate();
        fields
            .filter(|(_, field)| holds(field.data_type()).is_some_and(wanted))
            .map(|(column, _)| column)
            .collect()
    };
    let texts = of(&|holds| holds != Holds::Nothing);
    let nulls = of(&|holds| holds == Holds::Nothing);
    match (&texts[..], &nulls[..]) {
        ([only], _) | ([], [only]) => Ok(*only),
        _ => Err(PyValueError::new_err(format!(
            "source must have one column of text, or column= must name one; it has {} among its \
             columns {:?}",
            texts.len(),
            fields.iter().map(|field| field.name()).collect::<Vec<_>>()
        ))),
    }
}
