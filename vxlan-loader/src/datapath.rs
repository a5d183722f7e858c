//! The kernel's half of vxbpf: programs, links and tables of one network namespace, and the pins that keep them
//! alive without a process. The only user of aya.
//!
//! Nothing here knows what an overlay is: what goes into the tables is decided in [`crate::overlays`].

mod bpf;
mod directory;
mod hook;
mod kernel;
mod link;
mod listener;
mod lock;
mod names;
mod object;
mod sweep;
mod table;
mod tables;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use vxlan_common::{IfIndex, OverlayKey, Seconds};

use directory::Directory;
use lock::Lock;

pub use hook::Hook;
pub use link::Pinned;
pub use listener::Ears;
pub use object::Sizes;
use table::Alien;

pub use tables::{Tables, Text};

/// The data path of one network namespace.
pub struct Datapath {
    bpffs: PathBuf,
    cookie: u64,
    directory: Directory,
    _lock: Option<Lock>,
    tables: Option<Tables>,
    /// Why the tables, which are there, cannot be used.
    alien: Option<String>,
}

impl Drop for Datapath {
    /// What was changed is seen at once, also where a program remembers how it was.
    fn drop(&mut self) {
        if self._lock.is_some()
            && let Some(Err(error)) = self.tables.as_mut().map(Tables::forget_hits)
        {
            log::debug!("programs see what was changed a second later: {error:#}");
        }
    }
}

impl Datapath {
    /// For questions: takes no lock and changes nothing.
    pub fn look(bpffs: PathBuf, cookie: u64) -> Result<Self> {
        let directory = Directory::new(&bpffs, cookie);
        if let Err(error) = directory.path().metadata()
            && error.kind() == ErrorKind::PermissionDenied
        {
            bail!("not permitted to look into {}: run as root", bpffs.display());
        }
        let mut datapath = Self { bpffs, cookie, directory, _lock: None, tables: None, alien: None };
        datapath.open()?;
        Ok(datapath)
    }

    /// For changes: waits until no other command changes anything, and holds that for as long as it lives.
    pub fn change(bpffs: PathBuf, cookie: u64) -> Result<Self> {
        kernel::check()?;
        let directory = Directory::new(&bpffs, cookie);
        let lock = Lock::take(&bpffs)?;
        let mut datapath = Self { bpffs, cookie, directory, _lock: Some(lock), tables: None, alien: None };
        datapath.open()?;
        Ok(datapath)
    }

    fn open(&mut self) -> Result<()> {
        if self.tables.is_some() || !self.directory.exists() {
            return Ok(());
        }
        if self.directory.is_whole() {
            match Tables::open(&self.directory) {
                Ok(tables) => self.tables = Some(tables),
                Err(error) if error.is::<Alien>() => self.alien = Some(error.to_string()),
                // Another command took them away meanwhile.
                Err(_) if !self.directory.is_whole() => {}
                Err(error) => return Err(error),
            }
        } else if self.links()?.iter().any(Pinned::is_alive) {
            self.alien = Some(format!(
                "there are programs, but not all their tables, in {}: another version of vxbpf made them, or pins \
                 were removed by hand: `vxbpf detach --all` removes what is left, then attach again",
                self.directory.path().display()
            ));
        }
        Ok(())
    }

    /// The tables; `None`: nothing is loaded in this namespace. An error if they are not as this version of vxbpf
    /// knows them.
    pub fn tables(&self) -> Result<Option<&Tables>> {
        match &self.alien {
            Some(alien) => bail!("{alien}"),
            None => Ok(self.tables.as_ref()),
        }
    }

    /// Whether there are tables that this version of vxbpf cannot use.
    pub fn is_alien(&self) -> bool {
        self.alien.is_some()
    }

    /// The tables, to be changed.
    pub fn tables_mut(&mut self) -> Option<&mut Tables> {
        self.tables.as_mut()
    }

    /// Loads the object, if it is not.
    pub fn establish(&mut self, sizes: Sizes) -> Result<()> {
        if self.tables()?.is_some() {
            return Ok(());
        }
        self.directory.create()?;
        object::load(&self.directory, sizes)?;
        self.open()?;
        self.tables.as_ref().map(drop).context("another command took away what was just loaded: try again")
    }

    /// Whether a killed command left pins that are not whole and that nothing hangs by.
    pub fn is_wreck(&self) -> bool {
        self.tables.is_none() && !self.is_alien() && self.directory.exists()
    }

    /// A row of table `spec`, even where the other tables cannot be used.
    pub fn spec(&self, key: &OverlayKey) -> Option<Text> {
        Tables::open_own(&self.directory).ok()?.get(key).ok()?
    }

    /// Takes away all programs, links and tables of this namespace.
    pub fn remove(&mut self) -> Result<()> {
        self.tables = None;
        self.alien = None;
        self.directory.remove()
    }

    /// What the embedded programs are known by.
    pub fn version() -> String {
        object::fingerprint()
    }

    /// Puts the embedded programs in the place of those that hang there.
    pub fn renew(&self) -> Result<()> {
        object::renew(&self.directory)
            .context("cannot put this version's programs in the place of the old ones")
    }

    /// Hangs the program of `hook` at `device`, called `name`; false if it hangs there already.
    pub fn attach(&self, hook: Hook, device: IfIndex, name: &str) -> Result<bool> {
        link::attach(&self.directory, hook, device, name)
    }

    /// Takes the program of `hook` off `device`.
    pub fn detach(&self, hook: Hook, device: IfIndex) -> Result<()> {
        link::detach(&self.directory, hook, device)
    }

    /// All links.
    pub fn links(&self) -> Result<Vec<Pinned>> {
        link::all(&self.directory)
    }

    /// Removes what dead namespaces left; how many they were. `live` tells the cookies of those in sight.
    pub fn sweep(&self, live: impl FnOnce() -> Result<Vec<u64>>) -> Result<usize> {
        sweep::sweep(&self.bpffs, self.cookie, live)
    }

    /// Where the pins are.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Now, on the clock of the data path.
    pub fn now() -> Seconds {
        bpf::now()
    }

    /// Waits until every program that read a table before this call has ended.
    pub fn wait_for_programs() {
        bpf::wait_for_programs();
    }
}
