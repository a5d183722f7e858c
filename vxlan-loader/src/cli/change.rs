//! `link set`: what changes while the device lives.

use clap::Args;

use super::Refusal;
use super::check::{Check, existing_name};
use super::options::VtepOptions;
use super::value;
use crate::request::VtepChange;

/// `vxbpf link set [dev] NAME [type vxlan] ...`
#[derive(Args, Debug)]
pub struct LinkSet {
    /// The VTEP device
    #[arg(value_name = "NAME")]
    pub name: String,
    /// vxlan
    #[arg(long = "type", value_name = "TYPE", value_parser = value::kind)]
    pub kind: Option<()>,
    /// Bring the device up
    #[arg(long, conflicts_with = "down")]
    pub up: bool,
    /// Take the device down
    #[arg(long)]
    pub down: bool,
    /// Cannot change: tells so
    #[arg(long, alias = "id", hide = true, value_parser = value::number)]
    pub vni: Option<u64>,
    /// Another underlay device
    #[arg(long, value_name = "DEV")]
    pub dev: Option<String>,
    /// The rest.
    #[command(flatten)]
    pub options: VtepOptions,
}

impl LinkSet {
    /// What is to change.
    pub fn change(&self) -> Result<VtepChange, Refusal> {
        let options = &self.options;
        let check = Check { object: &self.name };
        let fixed = self.vni.map(|_| "vni").or_else(|| options.fixed());
        if let Some(option) = fixed {
            return Err(Refusal::Fixed { object: self.name.clone(), option });
        }
        // Whether the device has an underlay already is known later.
        check.addresses(options, true)?;
        if options.remote.len() > 1 {
            let (object, option) = (self.name.clone(), "more than one remote");
            let remedy = "use `vxbpf fdb append 00:00:00:00:00:00 dev NAME dst ADDR` for the others";
            return Err(Refusal::Unsupported { object, option, remedy });
        }
        let switches = &options.switches;
        Ok(VtepChange {
            up: (self.up || self.down).then_some(self.up),
            mtu: check.mtu(options.mtu)?,
            address: check.station(options.address)?,
            device: self.dev.as_deref().map(existing_name).transpose()?,
            remote: options.remote.first().copied(),
            group: options.group,
            local: options.local,
            ttl: check.ttl(options.ttl)?,
            tos: check.tos(options.tos)?,
            df: options.df,
            flowlabel: check.option(options.flowlabel, "flowlabel", 0, 0xf_ffff)?,
            learning: switches.learning(),
            ageing: check.option(options.ageing, "ageing", 0, u32::MAX.into())?,
            localbypass: switches.localbypass(),
            mode: options.mode,
            allow: if options.allow.is_empty() { None } else { Some(check.allow(&options.allow)?) },
            suppress: switches.suppress(),
            neighlearn: switches.neighlearn(),
            maxneigh: check.option(options.maxneigh, "maxneigh", 1, 65535)?,
        })
    }
}
