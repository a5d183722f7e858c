//! A pinned map, typed.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow};
use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, IterableMap, LpmTrie, Map, MapData, MapError};
use aya::sys::SyscallError;
use bytemuck::Pod;
use vxlan_common::{AllowKey, Known};

use super::bpf;

const ANY: u64 = 0;
const NOEXIST: u64 = 1;

/// A hash map.
#[derive(Debug)]
pub struct Table<K, V> {
    name: &'static str,
    map: HashMap<MapData, K, V>,
}

impl<K: Pod + aya::Pod, V: Pod + aya::Pod> Table<K, V> {
    /// Opens the map pinned at `path`.
    pub(super) fn open(name: &'static str, path: &Path) -> Result<Self> {
        let map = pinned(path).and_then(|data| Map::HashMap(data).try_into()).map_err(|e| broken(name, e))?;
        Ok(Self { name, map })
    }

    /// Makes a map that no program uses, and pins it at `path`.
    pub(super) fn create(name: &'static str, path: &Path, rows: u32) -> Result<()> {
        let made: OwnedFd = bpf::create_sparse_hash::<K, V>(name, rows)
            .with_context(|| format!("cannot create table {name}"))?;
        let data = MapData::from_fd(made).map_err(|error| broken(name, error))?;
        data.pin(path).with_context(|| format!("cannot pin table {name} at {}", path.display()))
    }

    /// The row of `key`.
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        match self.map.get(key, ANY) {
            Ok(value) => Ok(Some(value)),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(error) => Err(broken(self.name, error)),
        }
    }

    /// Sets the row of `key`.
    pub fn set(&mut self, key: &K, value: &V) -> Result<()> {
        self.map.insert(key, value, ANY).map_err(|error| self.refused(error))
    }

    /// Sets many rows, in their order; an error comes with how many were set before it.
    pub fn set_many(&mut self, keys: &[K], values: &[V]) -> Result<(), (usize, Error)> {
        bpf::set_rows(self.map.map().fd().as_fd(), keys, values)
            .map_err(|(done, error)| (done, self.refused(MapError::IoError(error))))
    }

    /// Adds the row of `key`; false if there is one, which stays.
    pub fn add(&mut self, key: &K, value: &V) -> Result<bool> {
        match self.map.insert(key, value, NOEXIST) {
            Ok(()) => Ok(true),
            Err(error) if errno(&error) == Some(libc::EEXIST) => Ok(false),
            Err(error) => Err(self.refused(error)),
        }
    }

    /// Removes the row of `key`; false if there is none.
    pub fn remove(&mut self, key: &K) -> Result<bool> {
        match self.map.remove(key) {
            Ok(()) => Ok(true),
            Err(error) if errno(&error) == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(broken(self.name, error)),
        }
    }

    /// All rows, in no order.
    pub fn rows(&self) -> Result<Vec<(K, V)>> {
        bpf::rows(self.map.map().fd().as_fd()).with_context(|| format!("cannot read table {}", self.name))
    }

    /// Removes the rows that `goes` is true of; how many they were.
    pub fn remove_where(&mut self, goes: impl Fn(&K, &V) -> bool) -> Result<usize> {
        let mut removed = 0;
        for (key, value) in self.rows()? {
            if goes(&key, &value) {
                removed += usize::from(self.remove(&key)?);
            }
        }
        Ok(removed)
    }

    /// How many rows it has room for.
    pub fn room(&self) -> Result<u32> {
        self.map.map().info().map(|info| info.max_entries()).map_err(|error| broken(self.name, error))
    }

    fn refused(&self, error: MapError) -> Error {
        match errno(&error) {
            Some(libc::E2BIG) => {
                let room = self.room().unwrap_or_default();
                anyhow!(
                    "table {} is full: it has room for {room} rows: remove some that are not needed",
                    self.name
                )
            }
            Some(libc::ENOMEM) => anyhow!("the kernel has no memory for another row of table {}", self.name),
            _ => broken(self.name, error),
        }
    }
}

/// An array.
pub struct Indexed<V: aya::Pod> {
    name: &'static str,
    map: Array<MapData, V>,
}

impl<V: Pod + aya::Pod> Indexed<V> {
    pub(super) fn open(name: &'static str, path: &Path) -> Result<Self> {
        let map = pinned(path).and_then(|data| Map::Array(data).try_into()).map_err(|e| broken(name, e))?;
        Ok(Self { name, map })
    }

    /// The value at `index`.
    pub fn get(&self, index: u32) -> Result<V> {
        self.map.get(&index, ANY).map_err(|error| broken(self.name, error))
    }

    /// Sets the value at `index`.
    pub fn set(&mut self, index: u32, value: V) -> Result<()> {
        self.map.set(index, value, ANY).map_err(|error| broken(self.name, error))
    }

    /// All values, by index.
    pub fn values(&self) -> Result<Vec<V>> {
        let mut rows: Vec<(u32, V)> = bpf::rows(IterableMap::<u32, V>::map(&self.map).fd().as_fd())
            .with_context(|| format!("cannot read table {}", self.name))?;
        rows.sort_by_key(|row| row.0);
        Ok(rows.into_iter().map(|row| row.1).collect())
    }
}

/// The prefixes that are admitted.
#[derive(Debug)]
pub struct Prefixes(LpmTrie<MapData, AllowKey, Known>);

impl Prefixes {
    const NAME: &'static str = "allow";

    pub(super) fn open(path: &Path) -> Result<Self> {
        let map =
            pinned(path).and_then(|data| Map::LpmTrie(data).try_into()).map_err(|e| broken(Self::NAME, e))?;
        Ok(Self(map))
    }

    /// All of them: how many bits count, and the key.
    pub fn all(&self) -> Result<Vec<(u32, AllowKey)>> {
        let keys: Result<Vec<Key<AllowKey>>, _> = self.0.keys().collect();
        let keys = keys.map_err(|error| broken(Self::NAME, error))?;
        Ok(keys.iter().map(|key| (key.prefix_len(), key.data())).collect())
    }

    /// Adds one.
    pub fn add(&mut self, bits: u32, key: AllowKey) -> Result<()> {
        self.0.insert(&Key::new(bits, key), Known { facts: 1 }, ANY).map_err(|error| match errno(&error) {
            Some(libc::ENOSPC) => anyhow!("table allow is full: name fewer prefixes with `allow`"),
            _ => broken(Self::NAME, error),
        })
    }

    /// Removes one.
    pub fn remove(&mut self, bits: u32, key: AllowKey) -> Result<()> {
        self.0.remove(&Key::new(bits, key)).map_err(|error| broken(Self::NAME, error))
    }
}

pub(super) fn pinned(path: &Path) -> Result<MapData, MapError> {
    MapData::from_pin(path)
}

pub(super) fn errno(error: &MapError) -> Option<i32> {
    match error {
        MapError::SyscallError(SyscallError { io_error, .. }) => io_error.raw_os_error(),
        MapError::IoError(io_error) => io_error.raw_os_error(),
        _ => None,
    }
}

/// A table that is not as this version of vxbpf knows it.
#[derive(Debug, thiserror::Error)]
#[error(
    "table {name} was made by another version of vxbpf: `vxbpf detach --all` removes what that one made, then attach again"
)]
pub(super) struct Alien {
    name: String,
}

/// The error for a table that cannot be used.
pub(super) fn broken(name: &str, error: MapError) -> Error {
    match error {
        MapError::InvalidKeySize { .. }
        | MapError::InvalidValueSize { .. }
        | MapError::InvalidMapType { .. } => Error::new(Alien { name: name.to_owned() }),
        error => match errno(&error) {
            Some(libc::EPERM | libc::EACCES) => {
                anyhow!("not permitted to use table {name}: run as root, or with CAP_BPF and CAP_NET_ADMIN")
            }
            _ => Error::new(error).context(format!("cannot use table {name}")),
        },
    }
}
