//! `fdb`: entries to be set, deleted, looked for.

use std::net::IpAddr;

use clap::Args;
use vxlan_common::{Mac, UdpPort, Vni};

use super::Refusal;
use super::check::{Check, existing_name};
use super::value;
use crate::request::{FdbSpec, FdbState, FdbVictim};

/// `vxbpf fdb add|append|replace MAC dev DEV dst IP ...`
#[derive(Args, Debug)]
pub struct FdbEntry {
    /// The station; 00:00:00:00:00:00: everything that is not known
    #[arg(value_name = "MAC", value_parser = value::mac)]
    pub mac: Mac,
    /// VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: String,
    /// VTEP behind which it is
    #[arg(long, value_name = "ADDR", value_parser = value::address, required_unless_present = "nhid")]
    pub dst: Option<IpAddr>,
    /// UDP port to send to [default: the overlay's]
    #[arg(long, value_name = "PORT", value_parser = value::number)]
    pub port: Option<u64>,
    /// VNI to send with [default: the overlay's]
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub vni: Option<u64>,
    /// VNI of the overlay
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub src_vni: Option<u64>,
    /// Device to send by [default: the routes']
    #[arg(long, value_name = "DEV")]
    pub via: Option<String>,
    /// Next hop group
    #[arg(long, hide = true, value_name = "ID", value_parser = value::number)]
    pub nhid: Option<u64>,
    /// It stays until it is deleted (the default)
    #[arg(long, visible_alias = "local", overrides_with = "permanent")]
    pub permanent: bool,
    /// It stays until it is deleted
    #[arg(long = "static", visible_alias = "temp", overrides_with = "fixed")]
    pub fixed: bool,
    /// It ages
    #[arg(long)]
    pub dynamic: bool,
    /// A control plane set it: learning does not change it
    #[arg(long)]
    pub extern_learn: bool,
    /// It never moves
    #[arg(long)]
    pub sticky: bool,
    /// Behind it is a router
    #[arg(long)]
    pub router: bool,
    /// It counts as used now
    #[arg(long = "use")]
    pub in_use: bool,
}

/// `vxbpf fdb del MAC dev DEV [dst IP]`
#[derive(Args, Debug)]
pub struct FdbDel {
    /// The station; 00:00:00:00:00:00: everything that is not known
    #[arg(value_name = "MAC", value_parser = value::mac)]
    pub mac: Mac,
    /// VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: String,
    /// Only the VTEP behind which it is
    #[arg(long, value_name = "ADDR", value_parser = value::address)]
    pub dst: Option<IpAddr>,
    /// Only with this UDP port
    #[arg(long, value_name = "PORT", value_parser = value::number)]
    pub port: Option<u64>,
    /// Only with this VNI
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub vni: Option<u64>,
    /// VNI of the overlay
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub src_vni: Option<u64>,
    /// Only by this device
    #[arg(long, value_name = "DEV")]
    pub via: Option<String>,
    /// What does not matter here, though `bridge` takes it.
    #[command(flatten)]
    pub rest: Moot,
}

/// Words that `bridge fdb del` takes and that change nothing.
#[derive(Args, Debug)]
pub struct Moot {
    #[arg(long, hide = true, value_parser = value::number)]
    nhid: Option<u64>,
    #[arg(long, hide = true)]
    permanent: bool,
    #[arg(long = "static", hide = true)]
    fixed: bool,
    #[arg(long, hide = true)]
    dynamic: bool,
    #[arg(long, hide = true)]
    extern_learn: bool,
    #[arg(long, hide = true)]
    sticky: bool,
    #[arg(long, hide = true)]
    router: bool,
    #[arg(long = "use", hide = true)]
    in_use: bool,
}

/// Which states `fdb show` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    /// `permanent`
    Permanent,
    /// `static`
    Static,
    /// `dynamic`, `reachable`: learned too
    Dynamic,
    /// `stale`: there is none
    Stale,
    /// `all`
    All,
}

/// `vxbpf fdb show [dev DEV] [state STATE] [dynamic] [vni VNI]`
#[derive(Args, Debug)]
pub struct FdbShow {
    /// Only of this VTEP device
    #[arg(long, visible_alias = "brport", value_name = "DEV")]
    pub dev: Option<String>,
    /// Only in this state: permanent, static, dynamic or all
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<StateFilter>,
    /// Only those that are not permanent
    #[arg(long)]
    pub dynamic: bool,
    /// Only of the overlay of this VNI
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub vni: Option<u64>,
}

/// `vxbpf fdb get MAC dev DEV`
#[derive(Args, Debug)]
pub struct FdbGet {
    /// The station
    #[arg(value_name = "MAC", value_parser = value::mac)]
    pub mac: Mac,
    /// VTEP device
    #[arg(long, visible_alias = "brport", value_name = "DEV")]
    pub dev: String,
    /// VNI of the overlay
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub vni: Option<u64>,
    /// Only if it is not permanent
    #[arg(long)]
    pub dynamic: bool,
}

fn state(text: &str) -> Result<StateFilter, String> {
    const STATES: [(&str, StateFilter); 7] = [
        ("permanent", StateFilter::Permanent),
        ("static", StateFilter::Static),
        ("temp", StateFilter::Static),
        ("stale", StateFilter::Stale),
        ("reachable", StateFilter::Dynamic),
        ("dynamic", StateFilter::Dynamic),
        ("all", StateFilter::All),
    ];
    let found = STATES.into_iter().find(|(name, _)| !text.is_empty() && name.starts_with(text));
    found
        .map(|(_, state)| state)
        .ok_or_else(|| format!("\"{text}\" is none of permanent, static, dynamic, all"))
}

pub(super) const NO_GROUPS: &str = "name the VTEP with `dst`";

impl FdbEntry {
    /// The entry to set.
    pub fn spec(&self) -> Result<FdbSpec, Refusal> {
        let object = format!("{} dev {}", self.mac, self.dev);
        let check = Check { object: &object };
        let Some(dst) = self.dst.filter(|_| self.nhid.is_none()) else {
            return Err(Refusal::Unsupported { object, option: "nhid", remedy: NO_GROUPS });
        };
        if dst.is_unspecified() {
            return Err(Refusal::NoHost { object, option: "dst", address: dst });
        }
        if self.mac.is_multicast() {
            return Err(Refusal::GroupMac { object, mac: self.mac });
        }
        // The list of those that get everything may hold a group; a station is behind one host.
        if !self.mac.is_zero() {
            check.host("dst", dst, "a station is behind one VTEP: name its address")?;
        }
        Ok(FdbSpec {
            device: existing_name(&self.dev)?,
            mac: self.mac,
            dst,
            port: port(&check, self.port)?,
            vni: self.vni.map(|vni| check.vni(vni)).transpose()?,
            src_vni: self.src_vni.map(|vni| check.vni(vni)).transpose()?,
            via: self.via.as_deref().map(existing_name).transpose()?,
            // As in `bridge`: permanent wins, and without any of them it is so.
            state: match (self.permanent, self.dynamic, self.fixed) {
                (true, _, _) | (false, false, false) => FdbState::Permanent,
                (false, true, _) => FdbState::Dynamic,
                (false, false, true) => FdbState::Static,
            },
            extern_learn: self.extern_learn,
            sticky: self.sticky,
            router: self.router,
            in_use: self.in_use,
        })
    }
}

impl FdbShow {
    /// The VNI of the overlay that is asked about.
    pub fn vni(&self) -> Result<Option<Vni>, Refusal> {
        let check = Check { object: self.dev.as_deref().unwrap_or("fdb show") };
        self.vni.map(|vni| check.vni(vni)).transpose()
    }
}

impl FdbGet {
    /// The VNI of the overlay that is asked about.
    pub fn vni(&self) -> Result<Option<Vni>, Refusal> {
        self.vni.map(|vni| Check { object: &self.dev }.vni(vni)).transpose()
    }
}

impl FdbDel {
    /// The entry to delete.
    pub fn victim(&self) -> Result<FdbVictim, Refusal> {
        let object = format!("{} dev {}", self.mac, self.dev);
        let check = Check { object: &object };
        Ok(FdbVictim {
            device: existing_name(&self.dev)?,
            mac: self.mac,
            dst: self.dst,
            port: port(&check, self.port)?,
            vni: self.vni.map(|vni| check.vni(vni)).transpose()?,
            src_vni: self.src_vni.map(|vni| check.vni(vni)).transpose()?,
            via: self.via.as_deref().map(existing_name).transpose()?,
        })
    }
}

/// A UDP port; 0 is, as in `bridge`, the overlay's.
pub(super) fn port(check: &Check<'_>, number: Option<u64>) -> Result<Option<UdpPort>, Refusal> {
    Ok(check.option(number, "port", 0, 65535)?.filter(|&port| port != 0).map(UdpPort))
}
