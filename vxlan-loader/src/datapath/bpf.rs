//! The few system calls that aya 0.14 and nix do not have. The only unsafe code of the loader.

#![expect(unsafe_code, reason = "system calls take pointers")]

use std::ffi::CString;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bytemuck::{Pod, Zeroable};
use vxlan_common::{IfIndex, Seconds};

const MAP_CREATE: libc::c_int = 0;
const MAP_UPDATE_ELEM: libc::c_int = 2;
const MAP_DELETE_ELEM: libc::c_int = 3;
const OBJ_GET: libc::c_int = 7;
const PROG_TEST_RUN: libc::c_int = 10;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const MAP_LOOKUP_BATCH: libc::c_int = 24;
const MAP_UPDATE_BATCH: libc::c_int = 26;

const MAP_TYPE_HASH: u32 = 1;
const MAP_TYPE_RINGBUF: u32 = 27;
const NO_PREALLOC: u32 = 1;
const LINK_TYPE_XDP: u32 = 6;
const LINK_TYPE_TCX: u32 = 11;

/// Bytes of rows to ask for at a time.
const ROOM: usize = 1 << 18;

/// What the kernel says of a link at a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DeviceLink {
    /// Number of the link.
    pub(super) id: u32,
    /// Number of its program.
    pub(super) program: u32,
    /// Its device, in whatever namespace that is now; none: the device is gone.
    pub(super) device: IfIndex,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct ObjGet {
    path: u64,
    fd: u32,
    flags: u32,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Info {
    fd: u32,
    size: u32,
    info: u64,
}

/// The head of `struct bpf_link_info`, with the union's `tcx`; `xdp` has the device at the same place.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct LinkInfo {
    kind: u32,
    id: u32,
    program: u32,
    padding: u32,
    device: u32,
    attach_type: u32,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct MapCreate {
    kind: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
    inner: u32,
    numa_node: u32,
    name: [u8; 16],
    device: u32,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Batch {
    from: u64,
    to: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Element {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct TestRun {
    program: u32,
    answer: u32,
    input_size: u32,
    output_size: u32,
    input: u64,
    output: u64,
    repeat: u32,
    duration: u32,
}

/// Runs one command of bpf(2).
///
/// # Safety
/// `attributes` are those of `command`, and its pointers lead to memory that the command may read and write.
unsafe fn bpf<T: Pod>(command: libc::c_int, attributes: &mut T) -> io::Result<libc::c_int> {
    // SAFETY: as the caller promises; the size is that of `attributes`.
    let answer = unsafe {
        libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>() as libc::c_uint)
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer as libc::c_int) }
}

/// The TCX or XDP link that is pinned at `path`.
pub(super) fn device_link(path: &Path) -> io::Result<DeviceLink> {
    let fd = pinned(path)?;
    let mut info = LinkInfo::zeroed();
    let mut ask = Info {
        fd: fd.as_raw_fd() as u32,
        size: size_of::<LinkInfo>() as u32,
        info: std::ptr::from_mut(&mut info) as u64,
    };
    // SAFETY: the kernel writes at most `size` bytes to `info`.
    unsafe { bpf(OBJ_GET_INFO_BY_FD, &mut ask)? };
    if ![LINK_TYPE_XDP, LINK_TYPE_TCX].contains(&info.kind) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no TCX or XDP link"));
    }
    Ok(DeviceLink { id: info.id, program: info.program, device: IfIndex(info.device) })
}

/// What is pinned at `path`.
pub(super) fn pinned(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut get = ObjGet { path: path.as_ptr() as u64, ..ObjGet::zeroed() };
    // SAFETY: `path` lives until the end of this function.
    let fd = unsafe { bpf(OBJ_GET, &mut get)? };
    // SAFETY: the kernel just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Runs a program for frames once, at `frame`, which goes nowhere.
pub(super) fn run(program: BorrowedFd<'_>, frame: &[u8]) -> io::Result<()> {
    let mut run = TestRun {
        program: program.as_raw_fd() as u32,
        input_size: frame.len() as u32,
        input: frame.as_ptr() as u64,
        repeat: 1,
        ..TestRun::zeroed()
    };
    // SAFETY: the kernel reads `input_size` bytes of `frame`, which lives until the call is over, and writes none.
    unsafe { bpf(PROG_TEST_RUN, &mut run) }.map(drop)
}

/// Makes a hash map whose rows take memory only while they are there.
pub(super) fn create_sparse_hash<K: Pod, V: Pod>(name: &str, max_entries: u32) -> io::Result<OwnedFd> {
    create(
        name,
        MapCreate {
            kind: MAP_TYPE_HASH,
            key_size: size_of::<K>() as u32,
            value_size: size_of::<V>() as u32,
            max_entries,
            flags: NO_PREALLOC,
            ..MapCreate::zeroed()
        },
    )
}

/// Makes a ring of `bytes`: a power of two, whole pages.
pub(super) fn create_ring(name: &str, bytes: u32) -> io::Result<OwnedFd> {
    create(name, MapCreate { kind: MAP_TYPE_RINGBUF, max_entries: bytes, ..MapCreate::zeroed() })
}

/// Puts a map into a slot of an array of maps.
pub(super) fn set_inner(array: BorrowedFd<'_>, slot: u32, inner: BorrowedFd<'_>) -> io::Result<()> {
    let inner = inner.as_raw_fd() as u32;
    let mut element = Element {
        map: array.as_raw_fd() as u32,
        key: std::ptr::from_ref(&slot) as u64,
        value: std::ptr::from_ref(&inner) as u64,
        ..Element::zeroed()
    };
    // SAFETY: key and value of an array of maps are four bytes each, which live until the call is over.
    unsafe { bpf(MAP_UPDATE_ELEM, &mut element) }.map(drop)
}

/// Empties a slot of an array of maps.
pub(super) fn remove_inner(array: BorrowedFd<'_>, slot: u32) -> io::Result<()> {
    let key = std::ptr::from_ref(&slot) as u64;
    let mut element = Element { map: array.as_raw_fd() as u32, key, ..Element::zeroed() };
    // SAFETY: the key of an array of maps is four bytes, which live until the call is over.
    match unsafe { bpf(MAP_DELETE_ELEM, &mut element) } {
        Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn create(name: &str, mut create: MapCreate) -> io::Result<OwnedFd> {
    // The last byte stays zero.
    for (to, from) in create.name[..15].iter_mut().zip(name.bytes()) {
        *to = from;
    }
    // SAFETY: there are no pointers.
    let fd = unsafe { bpf(MAP_CREATE, &mut create)? };
    // SAFETY: the kernel just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// All rows of a map that is not per-CPU, many a call. Unlike a walk from key to key it ends, and gives no row
/// twice, while the data path adds and removes some. Linux 5.6.
pub(super) fn rows<K: Pod, V: Pod>(map: BorrowedFd<'_>) -> io::Result<Vec<(K, V)>> {
    let mut room = (ROOM / (size_of::<K>() + size_of::<V>())).max(64);
    let mut rows = Vec::new();
    // Where to go on: a bucket's number or a key, whichever the map uses.
    let mut from = vec![0_u8; size_of::<K>().max(size_of::<u64>())];
    let mut to = from.clone();
    let mut is_first = true;
    loop {
        let mut keys = vec![K::zeroed(); room];
        let mut values = vec![V::zeroed(); room];
        let mut batch = Batch {
            from: if is_first { 0 } else { from.as_mut_ptr() as u64 },
            to: to.as_mut_ptr() as u64,
            keys: keys.as_mut_ptr() as u64,
            values: values.as_mut_ptr() as u64,
            count: room as u32,
            map: map.as_raw_fd() as u32,
            element_flags: 0,
            flags: 0,
        };
        // SAFETY: `keys` and `values` have room for `count` rows of the map's sizes (the tables check those when
        // they are opened), `from` and `to` for a key or a bucket's number.
        let answer = unsafe { bpf(MAP_LOOKUP_BATCH, &mut batch) };
        let is_last = match answer {
            Ok(_) => false,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
            // More rows share a bucket than there is room for.
            Err(error) if error.raw_os_error() == Some(libc::ENOSPC) && room < 1 << 20 => {
                room *= 2;
                continue;
            }
            Err(error) => return Err(error),
        };
        rows.extend(keys.into_iter().zip(values).take(batch.count as usize));
        if is_last {
            return Ok(rows);
        }
        std::mem::swap(&mut from, &mut to);
        is_first = false;
    }
}

/// Sets many rows of a map in one call, in their order, and whether there are such rows or not; an error comes with how
/// many were set before it. Linux 5.6.
pub(super) fn set_rows<K: Pod, V: Pod>(
    map: BorrowedFd<'_>,
    keys: &[K],
    values: &[V],
) -> Result<(), (usize, io::Error)> {
    let mut batch = Batch {
        keys: keys.as_ptr() as u64,
        values: values.as_ptr() as u64,
        count: keys.len().min(values.len()) as u32,
        map: map.as_raw_fd() as u32,
        ..Batch::zeroed()
    };
    // SAFETY: the kernel reads `count` rows of the map's sizes (the tables check those when they are opened) from `keys`
    // and `values`, and writes to `batch` only.
    match unsafe { bpf(MAP_UPDATE_BATCH, &mut batch) } {
        Ok(_) => Ok(()),
        Err(error) => Err((batch.count as usize, error)),
    }
}

/// Waits until every program that was running on any CPU has ended (`synchronize_rcu`).
pub(super) fn wait_for_programs() {
    const CMD_GLOBAL: libc::c_int = 1;
    // SAFETY: there are no pointers. Where the kernel refuses (nohz_full), there is nothing to wait for it with.
    unsafe { libc::syscall(libc::SYS_membarrier, CMD_GLOBAL, 0, 0) };
}

/// What CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, in nanoseconds.
pub(super) fn monotonic_began() -> i128 {
    clock(libc::CLOCK_REALTIME) - clock(libc::CLOCK_MONOTONIC)
}

fn clock(id: libc::clockid_t) -> i128 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec. These clocks cannot fail.
    unsafe { libc::clock_gettime(id, &raw mut now) };
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}

/// Now, on the clock of the data path.
pub(super) fn now() -> Seconds {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec. CLOCK_MONOTONIC cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
    Seconds(now.tv_sec as u32)
}
