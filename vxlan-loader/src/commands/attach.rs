//! `attach` and `detach`: an overlay in one line, and its end.

use anyhow::Result;
use serde_json::json;

use super::session::Session;
use crate::cli::{Attach, Detach};
use crate::overlays::Attached;
use crate::request::Which;
use crate::vtep::VtepSpec;

/// `vxbpf attach DEV --vni ID ...`
pub(super) fn attach(attach: &Attach, session: &mut Session<'_>) -> Result<()> {
    let (spec, name) = attach.spec()?;
    make(&spec, name.as_deref(), true, attach.fdb_size()?, session)
}

/// Makes an overlay. A device whose name the user did not choose is named.
pub(super) fn make(
    spec: &VtepSpec,
    name: Option<&str>,
    up: bool,
    fdb_size: Option<u32>,
    session: &mut Session<'_>,
) -> Result<()> {
    let made = session.change(|overlays| overlays.attach(spec, name, up, fdb_size))?;
    if name.is_some() {
        return Ok(());
    }
    let Attached { key, name, device, is_new } = &made;
    let (vni, dstport) = (key.vni().get(), key.udp_port().0);
    session.print(
        || format!("{name}\n"),
        || json!([{"ifindex": device.0, "ifname": name, "vni": vni, "dstport": dstport, "new": is_new}]),
    )
}

/// `vxbpf detach DEV [--vni ID]`, `vxbpf detach --all`
pub(super) fn detach(detach: &Detach, session: &mut Session<'_>) -> Result<()> {
    let which = detach.which()?;
    session.change(|overlays| {
        if detach.all {
            return overlays.detach_all().map(drop);
        }
        // DEV may be the VTEP device itself.
        let is_vtep = overlays.list()?.iter().any(|vtep| Some(&vtep.name) == detach.device.as_ref());
        let which = if is_vtep { Which { vtep: which.underlay, underlay: None, ..which } } else { which };
        overlays.detach(&which).map(drop)
    })
}
