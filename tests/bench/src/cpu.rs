//! Which core works.

use nix::{
    sched::{CpuSet, sched_setaffinity},
    unistd::Pid,
};

/// Keeps the calling thread on one core. What it wakes in the kernel, such as a NAPI poll, runs there too.
pub fn pin(core: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut set = CpuSet::new();
    set.set(core % cores).expect("a core");
    sched_setaffinity(Pid::from_raw(0), &set).expect("a core to stay on");
}
