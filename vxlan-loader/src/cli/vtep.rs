//! `attach` and `link add`: a VTEP to be made.

use clap::Args;
use vxlan_common::{Df, UdpPort};

use super::Refusal;
use super::check::{Check, existing_name, new_name};
use super::options::VtepOptions;
use super::value;
use crate::vtep::{Mode, VtepSpec};

/// `vxbpf attach DEV --vni ID ...`
#[derive(Args, Debug)]
pub struct Attach {
    /// Underlay device
    #[arg(value_name = "DEV")]
    pub device: String,
    /// Its VNI
    #[arg(long, visible_alias = "id", value_name = "ID", value_parser = value::number)]
    pub vni: u64,
    /// Name of the VTEP device [default: the first of vxlan1, vxlan2, ... that is free]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The rest.
    #[command(flatten)]
    pub options: VtepOptions,
}

/// `vxbpf link add NAME type vxlan id ID ... dev DEV`
#[derive(Args, Debug)]
pub struct LinkAdd {
    /// Name of the VTEP device [default: the first of vxlan1, vxlan2, ... that is free]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// vxlan
    #[arg(long = "type", value_name = "TYPE", value_parser = value::kind)]
    pub kind: Option<()>,
    /// Its VNI
    #[arg(long, visible_alias = "id", value_name = "ID", value_parser = value::number)]
    pub vni: u64,
    /// Underlay device
    #[arg(long, value_name = "DEV")]
    pub dev: Option<String>,
    /// Bring the device up
    #[arg(long, conflicts_with = "down")]
    pub up: bool,
    /// Leave the device down, as is done anyway
    #[arg(long)]
    pub down: bool,
    /// The rest.
    #[command(flatten)]
    pub options: VtepOptions,
}

impl Attach {
    /// The VTEP, and its name if the user chose one.
    pub fn spec(&self) -> Result<(VtepSpec, Option<String>), Refusal> {
        let name = self.name.as_deref();
        let object = name.map_or_else(|| format!("attach {}", self.device), str::to_owned);
        make(&object, name, self.vni, Some(&self.device), &self.options)
    }

    /// Stations that there is to be room for, if the user said how many.
    pub fn fdb_size(&self) -> Result<Option<u32>, Refusal> {
        fdb_size(&self.device, &self.options)
    }
}

impl LinkAdd {
    /// The VTEP, and its name if the user chose one.
    pub fn spec(&self) -> Result<(VtepSpec, Option<String>), Refusal> {
        let name = self.name.as_deref();
        make(name.unwrap_or("link add"), name, self.vni, self.dev.as_deref(), &self.options)
    }

    /// Stations that there is to be room for, if the user said how many.
    pub fn fdb_size(&self) -> Result<Option<u32>, Refusal> {
        fdb_size(self.name.as_deref().unwrap_or("link add"), &self.options)
    }
}

fn fdb_size(object: &str, options: &VtepOptions) -> Result<Option<u32>, Refusal> {
    const MOST: u64 = 1 << 24;
    Check { object }.option(options.fdb_size, "fdbsize", 1024, MOST)
}

fn make(
    object: &str,
    name: Option<&str>,
    vni: u64,
    device: Option<&str>,
    options: &VtepOptions,
) -> Result<(VtepSpec, Option<String>), Refusal> {
    let check = Check { object };
    let name = name.map(new_name).transpose()?;
    let device = device.map(existing_name).transpose()?;
    let switches = &options.switches;
    check.addresses(options, device.is_some())?;
    let mut spec = VtepSpec::new(check.vni(vni)?);
    spec.device = device;
    for &remote in &options.remote {
        if !spec.remotes.contains(&remote) {
            spec.remotes.push(remote);
        }
    }
    spec.group = options.group;
    spec.local = options.local;
    // As in `ip`, port 0 is "the default".
    spec.dstport = check
        .option(options.dstport, "dstport", 0, 65535)?
        .filter(|&port| port != 0)
        .map_or(spec.dstport, UdpPort);
    spec.srcport = check.source_ports(options.srcport)?;
    spec.ttl = check.ttl(options.ttl)?.unwrap_or_default();
    spec.tos = check.tos(options.tos)?.unwrap_or(spec.tos);
    spec.df = options.df.unwrap_or(Df::Unset);
    spec.flowlabel = check.flowlabel(options)?.unwrap_or(0);
    spec.learning = switches.learning().unwrap_or(true);
    spec.ageing = check.option(options.ageing, "ageing", 0, u32::MAX.into())?.unwrap_or(spec.ageing);
    spec.maxaddress = check.option(options.maxaddress, "maxaddress", 0, u32::MAX.into())?.unwrap_or(0);
    spec.proxy = switches.proxy().unwrap_or(false);
    spec.rsc = switches.rsc().unwrap_or(false);
    spec.l2miss = switches.l2miss().unwrap_or(false);
    spec.l3miss = switches.l3miss().unwrap_or(false);
    spec.udpcsum = switches.udpcsum();
    spec.udp6zerocsumtx = switches.udp6zerocsumtx().unwrap_or(false);
    spec.udp6zerocsumrx = switches.udp6zerocsumrx().unwrap_or(false);
    spec.gbp = switches.gbp().unwrap_or(false);
    spec.localbypass = switches.localbypass();
    spec.mtu = check.mtu(options.mtu)?;
    spec.address = check.station(options.address)?;
    spec.mode = options.mode.unwrap_or(Mode::Auto);
    spec.allow = check.allow(&options.allow)?;
    spec.suppress = switches.suppress().unwrap_or(false);
    spec.neighlearn = switches.neighlearn().unwrap_or(false);
    spec.maxneigh = check.option(options.maxneigh, "maxneigh", 1, 65535)?.unwrap_or(spec.maxneigh);
    Ok((spec, name))
}
