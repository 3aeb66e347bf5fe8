//! The memory that the system allows this process. The system can limit the address space (`ulimit -v`)
//! and the memory of the control groups of the process, which containers use. The limit that a caller sets is in
//! `limit.rs`.

use memmap2::MmapMut;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Number of bytes that stay free for small allocations, because the process ends if one of them fails. All
/// threads together are assumed to allocate less than this between two checks.
pub(crate) const MARGIN: u64 = 16 << 20;

/// Whether the system limits the address space of this process, or limits its memory to less than
/// the machine has.
pub(crate) fn is_limited() -> bool {
    address_space().is_some() || !control_groups().is_empty()
}

/// Whether `bytes` more can be allocated while the margin stays free.
pub(crate) fn admits(bytes: u64) -> bool {
    room().is_none_or(|room| room >= bytes.saturating_add(MARGIN))
}

/// Whether the margin is free. This takes one system call, or several if there is a limit.
pub(crate) fn has_margin() -> bool {
    // The surest check of the address space is to map that many bytes.
    (address_space().is_none() || MmapMut::map_anon(MARGIN as usize).is_ok())
        && control_groups()
            .iter()
            .all(|group| group.room().is_none_or(|room| room >= MARGIN))
}

/// The memory limit of counting and training if the caller sets none but the system does: half of
/// what is free in the control groups or a quarter of the free address space, whichever is smaller.
/// The rest is for vocabularies and parameters. The fraction of the address space is smaller,
/// because threads reserve much of it without use.
pub(crate) fn default_limit() -> Option<u64> {
    let space = address_space().map(|limit| limit.saturating_sub(address_space_used()) / 4);
    let groups = control_groups()
        .iter()
        .filter_map(ControlGroup::room)
        .map(|room| room / 2);
    space.into_iter().chain(groups).min()
}

/// Number of bytes that may still be used; `None` if there is no limit.
pub(crate) fn room() -> Option<u64> {
    let space = address_space().map(|limit| limit.saturating_sub(address_space_used()));
    let groups = control_groups().iter().filter_map(ControlGroup::room);
    space.into_iter().chain(groups).min()
}

#[cfg(unix)]
fn address_space() -> Option<u64> {
    // Not cached: a process can lower its own limit.
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn address_space_used() -> u64 {
    0
}

#[cfg(unix)]
fn address_space_used() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .next()
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.map_or(0, |pages| pages * rustix::param::page_size() as u64)
}

/// A control group with a limit.
struct ControlGroup {
    folder: PathBuf,
    limit: u64,
    files: &'static Files,
}

/// The names of files and fields in a version of control groups.
struct Files {
    root: &'static str,
    limit: &'static str,
    used: &'static str,
    // Fields of memory.stat: the bytes of the file cache, and the bytes of it that the system cannot drop,
    // because they are not on a disk (shared memory, tmpfs).
    cache: &'static str,
    undroppable: &'static str,
}

const VERSION_2: Files = Files {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    cache: "file ",
    undroppable: "shmem ",
};
const VERSION_1: Files = Files {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: "total_cache ",
    undroppable: "total_shmem ",
};

impl ControlGroup {
    /// Bytes that the group may still use. If less than a quarter of the limit seems free, the file cache
    /// counts as free too, except its undroppable part: the system drops the rest when memory is short.
    fn room(&self) -> Option<u64> {
        let used = number_in(&self.folder.join(self.files.used))?;
        let room = self.limit.saturating_sub(used);
        if room >= self.limit / 4 {
            return Some(room);
        }
        let stat = std::fs::read_to_string(self.folder.join("memory.stat")).unwrap_or_default();
        let entry = |name: &str| {
            let found = stat.lines().find_map(|line| line.strip_prefix(name));
            found
                .and_then(|n| n.trim().parse::<u64>().ok())
                .unwrap_or(0)
        };
        let cache = entry(self.files.cache).saturating_sub(entry(self.files.undroppable));
        Some(room + cache)
    }
}

/// The control groups of this process, and those above them, that limit memory to less than the machine has. They
/// are looked up once: a process is rarely moved to other groups.
fn control_groups() -> &'static [ControlGroup] {
    static GROUPS: OnceLock<Vec<ControlGroup>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let machine = machine_bytes();
        let mut groups = Vec::new();
        for line in own.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
                continue;
            };
            let files = match controllers {
                "" => &VERSION_2,
                _ if controllers.split(',').any(|name| name == "memory") => &VERSION_1,
                _ => continue,
            };
            for path in Path::new(path).ancestors() {
                let inside = path.strip_prefix("/").unwrap_or(path);
                let folder = Path::new(files.root).join(inside);
                match number_in(&folder.join(files.limit)) {
                    Some(limit) if limit < machine => groups.push(ControlGroup {
                        folder,
                        limit,
                        files,
                    }),
                    _ => {}
                }
            }
        }
        groups
    })
}

/// The number in a file. `None` if there is no file, or if its text is not a number, such as "max".
fn number_in(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Bytes of main memory.
fn machine_bytes() -> u64 {
    let table = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = table
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = total.and_then(|n| n.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map_or(u64::MAX, |n| n << 10)
}
