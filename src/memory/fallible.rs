//! Allocation that returns an error if there is no memory. The standard collections end the process
//! instead. Therefore data that grows with the text or the matrix must be allocated by these functions
//! or by `HugeBuffer`.

use super::system;
use crate::error::{Error, Result};
use bytemuck::Zeroable;

/// An allocation of at least this many bytes is checked against the free memory of the control groups and of
/// the address space. The system does not check the limits of control groups at an allocation: it grants the
/// memory, and ends the process when the process uses more than the limit. The check also keeps a margin free
/// for small allocations, whose failure would end the process. If the system sets no limit, the check costs one
/// system call.
const LARGE: usize = 1 << 16;

/// Make room in `list` for `more` items.
#[inline]
pub(crate) fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<()> {
    if list.capacity() - list.len() < more {
        grow(list, more)?;
    }
    Ok(())
}

#[cold]
fn grow<T>(list: &mut Vec<T>, more: usize) -> Result<()> {
    let bytes = |items: usize| items.saturating_mul(size_of::<T>());
    let ample = more.max(list.capacity());
    if admits(bytes(ample)) && list.try_reserve(more).is_ok() {
        return Ok(());
    }
    // There is not enough memory to double the capacity: reserve only what is needed.
    let exact = bytes(list.len().saturating_add(more));
    if admits(bytes(more)) && list.try_reserve_exact(more).is_ok() {
        return Ok(());
    }
    Err(Error::Memory { bytes: exact })
}

fn admits(bytes: usize) -> bool {
    bytes < LARGE || system::admits(bytes as u64)
}

/// Append `more` to `text`.
pub(crate) fn push_text(text: &mut String, more: &str) -> Result<()> {
    let free = text.capacity() - text.len();
    let ample = text.capacity().max(more.len());
    if free < more.len() && !(admits(ample) && text.try_reserve(more.len()).is_ok()) {
        return Err(Error::Memory { bytes: ample });
    }
    text.push_str(more);
    Ok(())
}

/// Append `item`.
#[inline]
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) -> Result<()> {
    reserve(list, 1)?;
    list.push(item);
    Ok(())
}

/// An empty list with room for `length` items.
pub(crate) fn with_capacity<T>(length: usize) -> Result<Vec<T>> {
    let bytes = length.saturating_mul(size_of::<T>());
    let mut list = Vec::new();
    if admits(bytes) && list.try_reserve_exact(length).is_ok() {
        return Ok(list);
    }
    Err(Error::Memory { bytes })
}

/// `length` zeros, whose pages the system provides when they are touched.
pub(crate) fn zeroed<T: Zeroable>(length: usize) -> Result<Vec<T>> {
    let bytes = length.saturating_mul(size_of::<T>());
    if !admits(bytes) {
        return Err(Error::Memory { bytes });
    }
    bytemuck::allocation::try_zeroed_vec(length).map_err(|()| Error::Memory { bytes })
}

/// `length` copies of `item`.
pub(crate) fn filled<T: Clone>(item: T, length: usize) -> Result<Vec<T>> {
    let mut list = with_capacity(length)?;
    list.resize(length, item);
    Ok(list)
}

/// A list of the items of an iterator of known length.
pub(crate) fn collect<T>(items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    let mut list = with_capacity(items.len())?;
    list.extend(items);
    Ok(list)
}

/// A copy of `items`.
pub(crate) fn copied<T: Clone>(items: &[T]) -> Result<Vec<T>> {
    let mut list = with_capacity(items.len())?;
    list.extend_from_slice(items);
    Ok(list)
}

/// Give `list` this length: cut it, or append copies of `item`.
pub(crate) fn resize<T: Clone>(list: &mut Vec<T>, length: usize, item: T) -> Result<()> {
    reserve(list, length.saturating_sub(list.len()))?;
    list.resize(length, item);
    Ok(())
}

/// Make room in `table` for `more` items.
#[inline]
pub(crate) fn reserve_in_table<T>(
    table: &mut hashbrown::HashTable<T>,
    more: usize,
    hash: impl Fn(&T) -> u64,
) -> Result<()> {
    if table.capacity() - table.len() >= more {
        return Ok(());
    }
    let slots = (table.capacity() * 2).max(more).saturating_mul(8) / 7;
    let bytes = slots.saturating_mul(size_of::<T>() + 1);
    if admits(bytes) && table.try_reserve(more, hash).is_ok() {
        return Ok(());
    }
    Err(Error::Memory { bytes })
}

/// Make room in `map` for `more` items.
#[inline]
pub(crate) fn reserve_in_map<K: Eq + std::hash::Hash, V, S: std::hash::BuildHasher>(
    map: &mut hashbrown::HashMap<K, V, S>,
    more: usize,
) -> Result<()> {
    if map.capacity() - map.len() >= more {
        return Ok(());
    }
    let slots = (map.capacity() * 2).max(more).saturating_mul(8) / 7;
    let bytes = slots.saturating_mul(size_of::<(K, V)>() + 1);
    if admits(bytes) && map.try_reserve(more).is_ok() {
        return Ok(());
    }
    Err(Error::Memory { bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_any_machine_has_is_an_error() {
        let most = isize::MAX as usize / 8;
        assert!(with_capacity::<u64>(most).is_err());
        assert!(zeroed::<u64>(most).is_err());
        assert!(filled(1_u64, most).is_err());
        assert!(reserve(&mut vec![1_u64], most).is_err());
        let mut table = hashbrown::HashTable::<u64>::new();
        assert!(reserve_in_table(&mut table, most, |&n| n).is_err());
        let mut map = hashbrown::HashMap::<u64, u64, foldhash::fast::FixedState>::default();
        assert!(reserve_in_map(&mut map, most).is_err());
        let error = with_capacity::<u64>(most).unwrap_err().to_string();
        assert!(
            error.contains(&format!("could not allocate {} bytes", most * 8)),
            "{error}"
        );
    }
}
