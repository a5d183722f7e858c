//! The two kinds of host, and the words that are the same on both.
//!
//! | method | on a kernel host | on a vxbpf host |
//! | --- | --- | --- |
//! | `link_add("vxlan1", OPTIONS)` | `ip link add vxlan1 type vxlan OPTIONS` | `vxbpf -n NS link add vxlan1 type vxlan OPTIONS` |
//! | `link_set(ARGUMENTS)` | `ip link set ARGUMENTS` | `vxbpf -n NS link set ARGUMENTS` |
//! | `fdb(ARGUMENTS)` | `bridge fdb ARGUMENTS` | `vxbpf -n NS fdb ARGUMENTS` |
//! | `neigh(ARGUMENTS)` | `ip neigh ARGUMENTS` | `vxbpf -n NS neigh ARGUMENTS` |

use std::{env, path::PathBuf};

use crate::{
    Host,
    command::{self, Output},
    wait::SOON,
    wait_until,
};

/// Whose VXLAN tunnel endpoint a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The kernel's own vxlan device: the reference.
    Kernel,
    /// This project.
    Vxbpf,
}

impl Host {
    /// Adds a vxlan device.
    #[track_caller]
    pub fn link_add(&self, name: &str, options: &str) -> Output {
        let names_mode = options.split(' ').any(|word| word == "mode");
        let options = match self.side() {
            Side::Vxbpf if !names_mode => format!("mode {} {options}", mode()),
            Side::Vxbpf | Side::Kernel => options.to_owned(),
        };
        self.speak("ip link", "link", &format!("add {name} type vxlan {options}"))
    }

    /// Changes a vxlan device: `link_set("vxlan1 type vxlan ageing 10")`.
    #[track_caller]
    pub fn link_set(&self, arguments: &str) -> Output {
        self.speak("ip link", "link", &format!("set {arguments}"))
    }

    /// Changes or asks the forwarding table: `fdb("append MAC dev vxlan0 dst A")`.
    #[track_caller]
    pub fn fdb(&self, arguments: &str) -> Output {
        self.speak("bridge fdb", "fdb", arguments)
    }

    /// Changes or asks the neighbour table: `neigh("add A lladdr MAC dev vxlan0")`.
    #[track_caller]
    pub fn neigh(&self, arguments: &str) -> Output {
        self.speak("ip neigh", "neigh", arguments)
    }

    /// The lines that `bridge fdb` or `vxbpf fdb` prints for the table of `device` itself. Where the
    /// device is the port of a bridge, the bridge's own entries (`master br0`) are left out.
    pub fn show_fdb(&self, device: &str) -> Vec<String> {
        let printed = self.fdb("show");
        let lines = printed.lines().into_iter().filter(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            words.windows(2).any(|pair| pair == ["dev", device]) && words.contains(&"self")
        });
        lines.map(Into::into).collect()
    }

    /// Waits until `show_fdb` has exactly this line among its lines.
    #[track_caller]
    pub fn wait_for_fdb(&self, device: &str, line: &str) {
        let what = format!("{line:?} in the fdb of {}", self.name());
        wait_until(&what, SOON, || self.show_fdb(device).iter().any(|shown| shown == line));
    }

    /// Runs `vxbpf -n NAMESPACE ARGUMENTS`, from outside the namespace, as its user would.
    ///
    /// # Panics
    /// When it fails, or this is a kernel host.
    #[track_caller]
    pub fn vxbpf(&self, arguments: &str) -> Output {
        self.try_vxbpf(arguments).expect_success()
    }

    /// As [`Host::vxbpf`], whatever comes of it.
    ///
    /// # Panics
    /// When this is a kernel host.
    #[track_caller]
    pub fn try_vxbpf(&self, arguments: &str) -> Output {
        assert_eq!(self.side(), Side::Vxbpf, "host {} has no vxbpf", self.name());
        let (binary, netns) = (vxbpf_binary(), self.netns().name());
        command::run(&format!("{} -n {netns} {arguments}", binary.display()))
    }

    /// Says the same to either kind of host, in its own words.
    #[track_caller]
    fn speak(&self, kernel: &str, vxbpf: &str, arguments: &str) -> Output {
        match self.side() {
            Side::Kernel => self.run(&format!("{kernel} {arguments}")),
            Side::Vxbpf => self.vxbpf(&format!("{vxbpf} {arguments}")),
        }
    }
}

/// The mode that VTEP devices are made with: `$VXBPF_MODE`, else `auto`. The same scenarios run in each.
///
/// # Panics
/// When it is no mode.
pub fn mode() -> String {
    let mode = env::var("VXBPF_MODE").unwrap_or_else(|_| "auto".into());
    assert!(["auto", "tc", "xdp"].contains(&mode.as_str()), "$VXBPF_MODE is {mode}: not auto, tc or xdp");
    mode
}

/// The binary under test: `$VXBPF`, else the workspace's release build.
///
/// # Panics
/// When there is none.
pub fn vxbpf_binary() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let built = || PathBuf::from(manifest).join("../target/release/vxbpf");
    let binary = env::var_os("VXBPF").map_or_else(built, PathBuf::from);
    assert!(binary.is_file(), "no vxbpf at {}: build it, or name it in $VXBPF", binary.display());
    binary
}
