//! The eBPF object: embedded, loaded once for each network namespace, pinned.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Error, Result, anyhow, bail};
use aya::maps::{MapError, MapInfo, ProgramArray};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::{Program, ProgramError};
use aya::{Ebpf, EbpfError, EbpfLoader};

use super::directory::{Directory, remove_pin};
use super::hook::Hook;
use super::names::{ANNOUNCE, MAPS, STAGE, XDP_STAGE};
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
        Self::stations(131_072)
    }
}

impl Sizes {
    /// Room for so many stations, of which half may be learned.
    pub const fn stations(fdb: u32) -> Self {
        Self { fdb, ring: fdb / 2 }
    }

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

/// Which of the object's programs: those of TC are all that is needed, those of XDP are loaded where they are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Tc,
    Xdp,
}

impl Part {
    /// The table of those that hang nowhere.
    fn table(self) -> &'static str {
        match self {
            Self::Tc => STAGE,
            Self::Xdp => XDP_STAGE,
        }
    }

    /// Those, in the order of their slots (`maps::stage` and `maps::xdp_stage` of the object).
    fn stages(self) -> &'static [&'static str] {
        match self {
            Self::Tc => &[
                "vxbpf_flood",
                "vxbpf_too_big",
                "vxbpf_local",
                "vxbpf_answer",
                "vxbpf_route",
                "vxbpf_forward",
                "vxbpf_onward",
                "vxbpf_arrive",
                "vxbpf_bind",
            ],
            Self::Xdp => &["vxbpf_xforward", "vxbpf_xarrive"],
        }
    }

    /// The hooks of others.
    fn hooks(self) -> impl Iterator<Item = Hook> {
        Hook::ALL.into_iter().filter(move |hook| hook.is_xdp() == (self == Self::Xdp))
    }

    /// All that are pinned: those with a hook, and the one that commands run.
    fn pinned(self) -> impl Iterator<Item = &'static str> {
        let run = (self == Self::Tc).then_some(ANNOUNCE);
        self.hooks().map(Hook::program).chain(run)
    }
}

/// Loads and pins all that is needed: maps first, programs last.
pub(super) fn load(directory: &Directory, sizes: Sizes) -> Result<()> {
    let mut object = open(directory, sizes)?;
    Tables::create_own(directory)?;
    load_part(&mut object, Part::Tc)?;
    pin_part(&mut object, directory, Part::Tc)
}

/// Loads and pins the programs of XDP, if they are not.
pub(super) fn load_xdp(directory: &Directory) -> Result<()> {
    if Part::Xdp.hooks().all(|hook| directory.program(hook.program()).exists()) {
        return Ok(());
    }
    let mut object = open(directory, Sizes::of(directory)?)?;
    load_part(&mut object, Part::Xdp)?;
    pin_part(&mut object, directory, Part::Xdp)
}

/// Puts this version's programs in the place of those that hang there, without a gap: same tables, same links.
/// What is killed here is done again from the start.
pub(super) fn renew(directory: &Directory) -> Result<()> {
    let mut object = open(directory, Sizes::of(directory)?)?;
    let links = directory.links()?;
    let has_xdp = Part::Xdp.hooks().any(|hook| directory.program(hook.program()).exists());
    for part in [Part::Tc, Part::Xdp] {
        if part == Part::Xdp && !has_xdp {
            continue;
        }
        load_part(&mut object, part)?;
        for hook in part.hooks() {
            let program = loaded(&mut object, hook.program())?;
            for (_, device, path) in links.iter().filter(|link| link.0 == hook) {
                // A link whose device went meanwhile cannot be changed, and need not be.
                if let Err(error) = take_over(program, path) {
                    log::debug!("{} of device {}: {error}", hook.name(), device.0);
                }
            }
        }
        pin_part(&mut object, directory, part)?;
    }
    Ok(())
}

/// Pins the programs of a part that hang somewhere or are run by commands, in the place of those that are there.
fn pin_part(object: &mut Ebpf, directory: &Directory, part: Part) -> Result<()> {
    for name in part.pinned() {
        let program = loaded(object, name)?;
        let (path, new) = (directory.program(name), directory.program("new"));
        remove_pin(&new)?;
        program.pin(&new).with_context(|| format!("cannot pin {}", new.display()))?;
        fs::rename(&new, &path).with_context(|| format!("cannot pin {}", path.display()))?;
    }
    Ok(())
}

/// Puts a program in the place of the one that hangs by the link pinned at `path`.
fn take_over(program: &mut Program, path: &Path) -> Result<()> {
    let link = FdLink::from(PinnedLink::from_pin(path)?);
    match program {
        Program::SchedClassifier(program) => {
            let id = program.attach_to_link(link.try_into()?)?;
            program.take_link(id).map(drop)?;
        }
        Program::Xdp(program) => {
            let id = program.attach_to_link(link.try_into()?)?;
            program.take_link(id).map(drop)?;
        }
        _ => bail!("it is neither of TC nor of XDP"),
    }
    Ok(())
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

/// Loads a part's programs and puts those that hang nowhere into their table, before anything can call them.
fn load_part(object: &mut Ebpf, part: Part) -> Result<()> {
    let names: Vec<_> = part.pinned().chain(part.stages().iter().copied()).collect();
    load_programs(object, &names)?;
    let programs = part
        .stages()
        .iter()
        .map(|name| loaded(object, name)?.fd()?.try_clone().map_err(Error::from))
        .collect::<Result<Vec<_>>>()?;
    let table = part.table();
    let map = object.map_mut(table).with_context(|| format!("the object has no table {table}"))?;
    let mut stage = ProgramArray::try_from(map)?;
    for ((slot, name), program) in (0..).zip(part.stages()).zip(&programs) {
        stage
            .set(slot, program, 0)
            .with_context(|| format!("cannot put program {name} into table {table}"))?;
    }
    Ok(())
}

/// Loads programs, several at a time: the verifier takes most of the time that a first attach takes.
fn load_programs(object: &mut Ebpf, names: &[&str]) -> Result<()> {
    let wanted = object.programs_mut().filter(|(name, _)| names.contains(name)).collect::<Vec<_>>();
    if wanted.len() != names.len() {
        bail!("the object lacks one of the programs {}", names.join(", "));
    }
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(wanted.len());
    let queue = Mutex::new(wanted);
    let next = || queue.lock().ok()?.pop();
    let work = || std::iter::from_fn(next).try_for_each(|(name, program)| load_program(name, program));
    thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mine = work();
        let theirs =
            others.into_iter().map(|other| other.join().unwrap_or_else(|_| bail!("a thread failed")));
        theirs.fold(mine, Result::and)
    })
}

fn load_program(name: &str, program: &mut Program) -> Result<()> {
    let loaded = match program {
        Program::SchedClassifier(program) => program.load(),
        Program::Xdp(program) => program.load(),
        _ => bail!("program {name} is neither of TC nor of XDP"),
    };
    loaded.map_err(|error| match error {
        ProgramError::LoadError { io_error, verifier_log } => {
            let log = verifier_log.to_string();
            log::debug!("{name}: {log}");
            anyhow!("the kernel refused program {name}: {io_error}: {}", reason(&log))
        }
        error => Error::new(error).context(format!("cannot load program {name}")),
    })
}

/// A program that was loaded.
fn loaded<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut Program> {
    object.program_mut(name).with_context(|| format!("the object has no program {name}"))
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
