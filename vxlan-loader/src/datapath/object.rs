//! The eBPF object: embedded, loaded once for each network namespace, pinned.

use std::fs;

use anyhow::{Context, Error, Result, anyhow};
use aya::maps::{MapError, MapInfo, ProgramArray};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::{ProgramError, SchedClassifier};
use aya::{Ebpf, EbpfError, EbpfLoader};

use super::directory::{Directory, remove_pin};
use super::hook::Hook;
use super::names::{ANNOUNCE, MAPS, STAGE};
use super::table::errno;
use super::tables::Tables;

static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("VXBPF_OBJECT_FILE"));

/// How many rows the large tables have room for. They are given their room when the first overlay of a namespace
/// is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Stations of all overlays, learned and configured.
    pub fdb: u32,
    /// Of those, learned ones.
    pub ring: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { fdb: 131_072, ring: 65_536 }
    }
}

impl Sizes {
    /// Those of the tables that are pinned in `directory`.
    fn of(directory: &Directory) -> Result<Self> {
        let size = |name| MapInfo::from_pin(directory.map(name)).map(|info| info.max_entries());
        Ok(Self { fdb: size("fdb")?, ring: size("ring")? })
    }
}

/// What the embedded object is known by (FNV-1a).
pub(super) fn fingerprint() -> String {
    let hash = OBJECT.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Loads and pins all of it: maps first, programs last.
pub(super) fn load(directory: &Directory, sizes: Sizes) -> Result<()> {
    let mut object = open(directory, sizes)?;
    Tables::create_own(directory)?;
    fill_stages(&mut object)?;
    for name in Hook::ALL.map(Hook::program).into_iter().chain([ANNOUNCE]) {
        let program = load_program(&mut object, name)?;
        let path = directory.program(name);
        program.pin(&path).with_context(|| format!("cannot pin {}", path.display()))?;
    }
    Ok(())
}

/// Puts this version's programs in the place of those that hang there, without a gap: same tables, same links.
/// What is killed here is done again from the start.
pub(super) fn renew(directory: &Directory) -> Result<()> {
    let mut object = open(directory, Sizes::of(directory)?)?;
    let links = directory.links()?;
    fill_stages(&mut object)?;
    for hook in Hook::ALL {
        let program = load_program(&mut object, hook.program())?;
        for (_, device, path) in links.iter().filter(|link| link.0 == hook) {
            let link = PinnedLink::from_pin(path).map_err(ProgramLink::from).and_then(|old| {
                let id = program.attach_to_link(FdLink::from(old).try_into()?)?;
                Ok(program.take_link(id)?)
            });
            // A link whose device went meanwhile cannot be changed, and need not be.
            if let Err(ProgramLink(error)) = link {
                log::debug!("{} of device {}: {error}", hook.name(), device.0);
            }
        }
        exchange(directory, hook.program(), program)?;
    }
    exchange(directory, ANNOUNCE, load_program(&mut object, ANNOUNCE)?)
}

/// Puts the pin of a program in the place of the one that is there.
fn exchange(directory: &Directory, name: &str, program: &mut SchedClassifier) -> Result<()> {
    let (path, new) = (directory.program(name), directory.program("new"));
    remove_pin(&new)?;
    program.pin(&new).with_context(|| format!("cannot pin {}", new.display()))?;
    fs::rename(&new, &path).with_context(|| format!("cannot pin {}", path.display()))
}

/// Either kind of error of a link.
struct ProgramLink(Error);

impl<E: Into<Error>> From<E> for ProgramLink {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn open(directory: &Directory, sizes: Sizes) -> Result<Ebpf> {
    let mut loader = EbpfLoader::new();
    for name in MAPS {
        loader.map_pin_path(name, directory.map(name));
    }
    loader
        .map_max_entries("fdb", sizes.fdb)
        .map_max_entries("ring", sizes.ring)
        .override_global("RING_SLOTS", &sizes.ring, true)
        .load(OBJECT)
        .map_err(refused)
}

/// The programs that hang nowhere, in the order of the slots from which the others call them (`maps::stage` of the
/// object).
const STAGES: [&str; 6] =
    ["vxbpf_flood", "vxbpf_too_big", "vxbpf_local", "vxbpf_answer", "vxbpf_route", "vxbpf_bind"];

/// Loads them and puts them into table `stage`, before anything can call them.
fn fill_stages(object: &mut Ebpf) -> Result<()> {
    let programs = STAGES
        .iter()
        .map(|name| load_program(object, name)?.fd()?.try_clone().map_err(Error::from))
        .collect::<Result<Vec<_>>>()?;
    let table = object.map_mut(STAGE).with_context(|| format!("the object has no table {STAGE}"))?;
    let mut stage = ProgramArray::try_from(table)?;
    for ((slot, name), program) in (0..).zip(STAGES).zip(&programs) {
        stage
            .set(slot, program, 0)
            .with_context(|| format!("cannot put program {name} into table {STAGE}"))?;
    }
    Ok(())
}

fn load_program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut SchedClassifier> {
    let program: &mut SchedClassifier =
        object.program_mut(name).with_context(|| format!("the object has no program {name}"))?.try_into()?;
    program.load().map_err(|error| match error {
        ProgramError::LoadError { io_error, verifier_log } => {
            let log = verifier_log.to_string();
            log::debug!("{name}: {log}");
            anyhow!("the kernel refused program {name}: {io_error}: {}", reason(&log))
        }
        error => Error::new(error).context(format!("cannot load program {name}")),
    })?;
    Ok(program)
}

fn refused(error: EbpfError) -> Error {
    match error {
        EbpfError::MapError(MapError::CreateError { name, io_error }) => match io_error.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => {
                anyhow!(
                    "not permitted to create table {name}: run as root, or with CAP_BPF and CAP_NET_ADMIN"
                )
            }
            Some(libc::ENOMEM) => anyhow!("the kernel has no memory for table {name}"),
            _ => anyhow!("cannot create table {name}: {io_error}"),
        },
        EbpfError::MapError(error) => {
            let errno = errno(&error).map(|errno| format!(" (errno {errno})")).unwrap_or_default();
            anyhow!("cannot create the tables: {error}{errno}")
        }
        error => Error::new(error).context("cannot load the eBPF object"),
    }
}

/// The line in which the verifier says why: the last one before its statistics.
fn reason(log: &str) -> &str {
    let is_statistics = |line: &&str| {
        ["processed ", "verification time", "stack depth", "insns "]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let mut lines = log.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.rfind(|line| !is_statistics(line)).unwrap_or("the verifier gave no reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_verifiers_last_word_before_its_statistics() {
        let log = "0: (b7) r0 = 0\n1: (95) exit\nR1 invalid mem access 'scalar'\n\
                   verification time 30 usec\nstack depth 0\nprocessed 2 insns (limit 1000000)\n";
        assert_eq!(reason(log), "R1 invalid mem access 'scalar'");
        assert_eq!(reason(""), "the verifier gave no reason");
    }
}
