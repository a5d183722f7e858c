//! Commands that say which overlay, device or port they are about.

use clap::Args;
use vxlan_common::UdpPort;

use super::Refusal;
use super::check::{Check, existing_name};
use super::value;
use crate::request::{PortSpec, Which};
use crate::vtep::Mode;

/// `vxbpf detach DEV [--vni ID]`, `vxbpf detach --all`
#[derive(Args, Debug)]
pub struct Detach {
    /// Underlay device, or a VTEP device itself
    #[arg(value_name = "DEV", required_unless_present = "all", conflicts_with = "all")]
    pub device: Option<String>,
    /// Only the overlay of this VNI
    #[arg(long, visible_alias = "id", value_name = "ID", value_parser = value::number, conflicts_with = "all")]
    pub vni: Option<u64>,
    /// Only the overlay on this UDP port
    #[arg(long, value_name = "PORT", value_parser = value::number, conflicts_with = "all")]
    pub dstport: Option<u64>,
    /// All of this network namespace
    #[arg(long)]
    pub all: bool,
}

/// `vxbpf link del NAME`
#[derive(Args, Debug)]
pub struct LinkDel {
    /// The VTEP device
    #[arg(value_name = "NAME")]
    pub name: String,
    /// vxlan
    #[arg(long = "type", value_name = "TYPE", value_parser = value::kind)]
    pub kind: Option<()>,
}

/// `vxbpf link show [dev NAME] [type vxlan] [up] [master DEV] [vni ID]`
#[derive(Args, Debug)]
pub struct LinkShow {
    /// Only this device
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only of this type; all are vxlan
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only devices that are up
    #[arg(long)]
    pub up: bool,
    /// Only ports of this bridge
    #[arg(long, value_name = "DEV")]
    pub master: Option<String>,
    /// Only the overlay of this VNI
    #[arg(long, visible_alias = "id", value_name = "ID", value_parser = value::number)]
    pub vni: Option<u64>,
}

/// An overlay among others.
#[derive(Args, Debug, Default)]
pub struct Overlay {
    /// VNI of the overlay
    #[arg(long, visible_alias = "id", value_name = "ID", value_parser = value::number)]
    pub vni: Option<u64>,
    /// VTEP device of the overlay
    #[arg(long, value_name = "VTEP")]
    pub dev: Option<String>,
    /// UDP port of the overlay
    #[arg(long, value_name = "PORT", value_parser = value::number)]
    pub dstport: Option<u64>,
}

/// `vxbpf port add DEV --vni ID [--mode MODE]`
#[derive(Args, Debug)]
pub struct PortAdd {
    /// The container's or VM's device on this host
    #[arg(value_name = "DEV")]
    pub device: String,
    /// Its overlay.
    #[command(flatten)]
    pub overlay: Overlay,
    /// Hook to use: auto, tc or xdp [default: the overlay's]
    #[arg(long, value_name = "MODE", value_parser = value::mode)]
    pub mode: Option<Mode>,
}

/// `vxbpf port del DEV [--vni ID]`
#[derive(Args, Debug)]
pub struct PortDel {
    /// The device
    #[arg(value_name = "DEV")]
    pub device: String,
    /// Only from this overlay.
    #[command(flatten)]
    pub overlay: Overlay,
}

/// `vxbpf port show [DEV] [--vni ID]`
#[derive(Args, Debug)]
pub struct PortShow {
    /// Only this device
    #[arg(value_name = "DEV")]
    pub device: Option<String>,
    /// Only of this overlay.
    #[command(flatten)]
    pub overlay: Overlay,
}

/// `vxbpf status`, `stats` and `drops`
#[derive(Args, Debug)]
pub struct Listing {
    /// Only this VTEP device
    #[arg(value_name = "VTEP", conflicts_with = "dev")]
    pub name: Option<String>,
    /// Only this overlay.
    #[command(flatten)]
    pub overlay: Overlay,
}

impl Overlay {
    fn which(&self, object: &str) -> Result<Which, Refusal> {
        let check = Check { object };
        Ok(Which {
            vni: self.vni.map(|vni| check.vni(vni)).transpose()?,
            dstport: check.option(self.dstport, "dstport", 1, 65535)?.map(UdpPort),
            vtep: self.dev.as_deref().map(existing_name).transpose()?,
            underlay: None,
        })
    }
}

impl Detach {
    /// The overlays, DEV taken for their underlay device; all of them if nothing is set.
    pub fn which(&self) -> Result<Which, Refusal> {
        let object = self.device.as_deref().unwrap_or("detach");
        let overlay = Overlay { vni: self.vni, dev: None, dstport: self.dstport };
        let underlay = self.device.as_deref().map(existing_name).transpose()?;
        Ok(Which { underlay, ..overlay.which(object)? })
    }
}

impl LinkShow {
    /// The overlays, whatever their devices are called.
    pub fn which(&self) -> Result<Which, Refusal> {
        let object = self.name.as_deref().unwrap_or("link show");
        Overlay { vni: self.vni, dev: None, dstport: None }.which(object)
    }
}

impl Listing {
    /// The overlays.
    pub fn which(&self) -> Result<Which, Refusal> {
        let object = self.name.as_deref().or(self.overlay.dev.as_deref()).unwrap_or("vxbpf");
        let which = self.overlay.which(object)?;
        Ok(Which { vtep: self.name.clone().or(which.vtep), ..which })
    }
}

impl PortAdd {
    /// The port.
    pub fn spec(&self) -> Result<PortSpec, Refusal> {
        let device = existing_name(&self.device)?;
        let overlay = self.overlay.which(&device)?;
        if overlay == Which::default() {
            return Err(
                Check { object: &device }.needs("port add", "the overlay: add `vni ID` or `dev VTEP`")
            );
        }
        Ok(PortSpec { device, overlay, mode: self.mode })
    }
}

impl PortDel {
    /// The overlay that the port is to leave.
    pub fn which(&self) -> Result<Which, Refusal> {
        self.overlay.which(&self.device)
    }
}

impl PortShow {
    /// The overlays whose ports are meant.
    pub fn which(&self) -> Result<Which, Refusal> {
        self.overlay.which(self.device.as_deref().unwrap_or("port show"))
    }
}
