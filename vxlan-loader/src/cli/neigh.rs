//! `neigh`: entries to be set, deleted, looked for.

use std::net::IpAddr;

use clap::Args;
use vxlan_common::{Mac, Nud};

use super::Refusal;
use super::check::{Check, existing_name};
use super::value;
use crate::request::{NeighFilter, NeighSpec};

/// `vxbpf neigh add|change|replace ADDR lladdr MAC dev DEV [nud STATE] [router] [timeout SECONDS]`
#[derive(Args, Debug)]
pub struct NeighEntry {
    /// The station's IP address
    #[arg(value_name = "ADDR", value_parser = address)]
    pub address: IpAddr,
    /// Its Ethernet address [default: that of the entry that is there]
    #[arg(long, value_name = "MAC", value_parser = value::mac)]
    pub lladdr: Option<Mac>,
    /// VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: String,
    /// How long it is true: permanent, noarp, reachable or stale [default: permanent]
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub nud: Option<State>,
    /// It is a router
    #[arg(long)]
    pub router: bool,
    /// A control plane set it
    #[arg(long)]
    pub extern_learn: bool,
    /// Seconds for which a reachable one is true [default: the device's base_reachable_time]
    #[arg(long, value_name = "SECONDS", value_parser = value::number)]
    pub timeout: Option<u64>,
}

/// `vxbpf neigh del ADDR dev DEV`
#[derive(Args, Debug)]
pub struct NeighDel {
    /// The station's IP address
    #[arg(value_name = "ADDR", value_parser = address)]
    pub address: IpAddr,
    /// VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: String,
    /// What does not matter here, though `ip` takes it.
    #[command(flatten)]
    pub rest: Moot,
}

/// Words that `ip neigh del` takes and that change nothing.
#[derive(Args, Debug)]
pub struct Moot {
    #[arg(long, hide = true, value_parser = value::mac)]
    lladdr: Option<Mac>,
    #[arg(long, hide = true, value_parser = state)]
    nud: Option<State>,
    #[arg(long, hide = true)]
    router: bool,
    #[arg(long, hide = true)]
    extern_learn: bool,
    #[arg(long, hide = true, value_parser = value::number)]
    timeout: Option<u64>,
}

/// `vxbpf neigh get ADDR dev DEV`
#[derive(Args, Debug)]
pub struct NeighGet {
    /// The station's IP address
    #[arg(value_name = "ADDR", value_parser = address)]
    pub address: IpAddr,
    /// VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: String,
}

/// `vxbpf neigh flush [PREFIX] [dev DEV] [nud STATE]`, one of them at least
#[derive(Args, Debug)]
pub struct NeighFlush {
    /// Only addresses of this prefix
    #[arg(value_name = "PREFIX", value_parser = prefix, required_unless_present_any = ["dev", "nud"])]
    pub to: Option<(IpAddr, u64)>,
    /// Only of this VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: Option<String>,
    /// Only in this state (several times: in one of them) [default: reachable and stale]
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub nud: Vec<State>,
}

/// `vxbpf neigh show [PREFIX] [dev DEV] [nud STATE]`
#[derive(Args, Debug)]
pub struct NeighShow {
    /// Only addresses of this prefix
    #[arg(value_name = "PREFIX", value_parser = prefix)]
    pub to: Option<(IpAddr, u64)>,
    /// Only of this VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: Option<String>,
    /// Only in this state (several times: in one of them): permanent, noarp, reachable, stale or all
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub nud: Vec<State>,
}

/// A state, or what stands for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// One that an entry can have here.
    Nud(Nud),
    /// One that only a station that is asked can have.
    Asking(&'static str),
    /// `all`
    All,
}

fn state(text: &str) -> Result<State, String> {
    const STATES: [(&str, State); 10] = [
        ("permanent", State::Nud(Nud::Permanent)),
        ("reachable", State::Nud(Nud::Reachable)),
        ("noarp", State::Nud(Nud::Noarp)),
        ("none", State::Asking("nud none")),
        ("stale", State::Nud(Nud::Stale)),
        ("incomplete", State::Asking("nud incomplete")),
        ("delay", State::Asking("nud delay")),
        ("probe", State::Asking("nud probe")),
        ("failed", State::Asking("nud failed")),
        ("all", State::All),
    ];
    let found = STATES.into_iter().find(|(name, _)| *name == text);
    found
        .map(|(_, state)| state)
        .ok_or_else(|| format!("\"{text}\" is none of permanent, noarp, reachable, stale, all"))
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is no IP address"))
}

fn prefix(text: &str) -> Result<(IpAddr, u64), String> {
    match text.split_once('/') {
        Some((base, bits)) => Ok((value::address(base)?, value::number(bits)?)),
        None => value::address(text).map(|address| (address, if address.is_ipv4() { 32 } else { 128 })),
    }
}

/// An address for which a station may be asked.
fn neighbour(object: &str, address: IpAddr) -> Result<IpAddr, Refusal> {
    if let IpAddr::V6(v6) = address
        && let Some(meant) = v6.to_ipv4_mapped()
    {
        return Err(Refusal::Mapped { object: object.into(), address, meant });
    }
    let what = match address {
        _ if address.is_multicast() => "a multicast group",
        _ if address.is_unspecified() => "nobody's address",
        _ if address.is_loopback() => "a loopback address",
        IpAddr::V4(v4) if v4.is_broadcast() => "everybody's address",
        IpAddr::V4(_) | IpAddr::V6(_) => return Ok(address),
    };
    Err(Refusal::NoNeighbour { object: object.into(), address, what })
}

impl NeighEntry {
    /// The entry to set.
    pub fn spec(&self) -> Result<NeighSpec, Refusal> {
        let object = format!("{} dev {}", self.address, self.dev);
        let check = Check { object: &object };
        let nud = match self.nud {
            None => Nud::Permanent,
            Some(State::Nud(nud)) => nud,
            Some(State::All) => return Err(unsupported(&object, "nud all")),
            Some(State::Asking(option)) => return Err(unsupported(&object, option)),
        };
        if self.timeout.is_some() && nud != Nud::Reachable {
            return Err(check.needs("timeout", "`nud reachable`: no other state expires"));
        }
        Ok(NeighSpec {
            device: existing_name(&self.dev)?,
            address: neighbour(&object, self.address)?,
            mac: check.station(self.lladdr)?,
            nud,
            router: self.router,
            extern_learn: self.extern_learn,
            timeout: check.option(self.timeout, "timeout", 1, i32::MAX as u64)?,
        })
    }
}

fn unsupported(object: &str, option: &'static str) -> Refusal {
    let remedy = "vxbpf asks nobody: use permanent, noarp, reachable or stale";
    Refusal::Unsupported { object: object.into(), option, remedy }
}

impl NeighShow {
    /// Which entries are meant.
    pub fn filter(&self) -> Result<NeighFilter, Refusal> {
        filter("neigh show", self.to, self.dev.as_deref(), &self.nud)
    }
}

impl NeighFlush {
    /// Which entries are meant.
    pub fn filter(&self) -> Result<NeighFilter, Refusal> {
        filter("neigh flush", self.to, self.dev.as_deref(), &self.nud)
    }
}

fn filter(
    verb: &str,
    to: Option<(IpAddr, u64)>,
    dev: Option<&str>,
    states: &[State],
) -> Result<NeighFilter, Refusal> {
    let check = Check { object: dev.unwrap_or(verb) };
    let to = match to {
        None => None,
        Some((base, bits)) => {
            let most = if base.is_ipv4() { 32 } else { 128 };
            check.option(Some(bits), "PREFIX length", 0, most)?.map(|bits| (base, bits))
        }
    };
    let bits = states.iter().map(|state| match state {
        State::Nud(nud) => *nud as u8,
        State::Asking(_) => 0,
        State::All => u8::MAX,
    });
    Ok(NeighFilter {
        device: dev.map(existing_name).transpose()?,
        to,
        nud: if states.is_empty() { None } else { Some(bits.fold(0, |all, one| all | one)) },
    })
}
