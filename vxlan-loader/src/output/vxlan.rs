//! The vxlan line of `ip -d link show` (`vxlan_print_opt` of iproute2 6.1).

use std::fmt::Write;

use serde_json::{Map, Value, json};
use vxlan_common::Df;

use crate::netlink::Vxlan;

/// What stands behind `vxlan ` in the line; every word has a blank behind it.
pub(super) fn text(vxlan: &Vxlan, underlay: Option<&str>) -> String {
    let mut out = String::new();
    flag(vxlan.external, "external ", &mut out);
    flag(vxlan.vnifilter, "vnifilter", &mut out);
    let _ = write!(out, "id {} ", vxlan.vni);
    if let Some(remote) = vxlan.remote.filter(|remote| !remote.is_unspecified()) {
        let word = if remote.is_multicast() { "group" } else { "remote" };
        let _ = write!(out, "{word} {remote} ");
    }
    if let Some(local) = vxlan.local.filter(|local| !local.is_unspecified()) {
        let _ = write!(out, "local {local} ");
    }
    if let Some(underlay) = underlay {
        let _ = write!(out, "dev {underlay} ");
    }
    let (low, high) = vxlan.srcport.unwrap_or_default();
    let _ = write!(out, "srcport {low} {high} dstport {} ", vxlan.dstport.0);
    flag(!vxlan.learning, "nolearning ", &mut out);
    flag(vxlan.proxy, "proxy ", &mut out);
    flag(vxlan.rsc, "rsc ", &mut out);
    flag(vxlan.l2miss, "l2miss ", &mut out);
    flag(vxlan.l3miss, "l3miss ", &mut out);
    match vxlan.tos {
        0 => {}
        1 => out.push_str("tos inherit "),
        tos => {
            let _ = write!(out, "tos {tos:#x} ");
        }
    }
    match vxlan.ttl {
        _ if vxlan.ttl_inherit => out.push_str("ttl inherit "),
        0 => out.push_str("ttl auto "),
        ttl => {
            let _ = write!(out, "ttl {ttl} ");
        }
    }
    match vxlan.df {
        Df::Unset => {}
        df @ (Df::Set | Df::Inherit) => {
            let _ = write!(out, "df {} ", df_word(df));
        }
    }
    if vxlan.flowlabel != 0 {
        let _ = write!(out, "flowlabel {:#x} ", vxlan.flowlabel);
    }
    match vxlan.ageing {
        0 => out.push_str("ageing none "),
        ageing => {
            let _ = write!(out, "ageing {ageing} ");
        }
    }
    if vxlan.maxaddress != 0 {
        let _ = write!(out, "maxaddr {} ", vxlan.maxaddress);
    }
    switch(vxlan.udpcsum, "udpcsum ", &mut out);
    switch(vxlan.udp6zerocsumtx, "udp6zerocsumtx ", &mut out);
    switch(vxlan.udp6zerocsumrx, "udp6zerocsumrx ", &mut out);
    flag(vxlan.remcsumtx, "remcsumtx ", &mut out);
    flag(vxlan.remcsumrx, "remcsumrx ", &mut out);
    flag(vxlan.gbp, "gbp ", &mut out);
    flag(vxlan.gpe, "gpe ", &mut out);
    out
}

/// `linkinfo.info_data`.
pub(super) fn json(vxlan: &Vxlan, underlay: Option<&str>) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.into(), value);
    };
    for (name, on) in [("external", vxlan.external), ("vnifilter", vxlan.vnifilter)] {
        if on {
            put(name, true.into());
        }
    }
    put("id", vxlan.vni.get().into());
    if let Some(remote) = vxlan.remote.filter(|remote| !remote.is_unspecified()) {
        let name = match (remote.is_multicast(), remote.is_ipv4()) {
            (true, true) => "group",
            (true, false) => "group6",
            (false, true) => "remote",
            (false, false) => "remote6",
        };
        put(name, remote.to_string().into());
    }
    if let Some(local) = vxlan.local.filter(|local| !local.is_unspecified()) {
        put(if local.is_ipv4() { "local" } else { "local6" }, local.to_string().into());
    }
    if let Some(underlay) = underlay {
        put("link", underlay.into());
    }
    let (low, high) = vxlan.srcport.unwrap_or_default();
    put("port_range", json!({"low": low, "high": high}));
    put("port", vxlan.dstport.0.into());
    put("learning", vxlan.learning.into());
    for (name, on) in
        [("proxy", vxlan.proxy), ("rsc", vxlan.rsc), ("l2miss", vxlan.l2miss), ("l3miss", vxlan.l3miss)]
    {
        if on {
            put(name, true.into());
        }
    }
    if vxlan.tos != 0 {
        put("tos", format!("{:#x}", vxlan.tos).into());
    }
    if !vxlan.ttl_inherit {
        put("ttl", vxlan.ttl.into());
    }
    put("df", df_word(vxlan.df).into());
    if vxlan.flowlabel != 0 {
        put("label", format!("{:#x}", vxlan.flowlabel).into());
    }
    put("ageing", vxlan.ageing.into());
    if vxlan.maxaddress != 0 {
        put("limit", vxlan.maxaddress.into());
    }
    put("udp_csum", vxlan.udpcsum.into());
    put("udp_zero_csum6_tx", vxlan.udp6zerocsumtx.into());
    put("udp_zero_csum6_rx", vxlan.udp6zerocsumrx.into());
    for (name, on) in [
        ("remcsum_tx", vxlan.remcsumtx),
        ("remcsum_rx", vxlan.remcsumrx),
        ("gbp", vxlan.gbp),
        ("gpe", vxlan.gpe),
    ] {
        if on {
            put(name, true.into());
        }
    }
    out.into()
}

fn flag(on: bool, word: &str, out: &mut String) {
    if on {
        out.push_str(word);
    }
}

fn switch(on: bool, word: &str, out: &mut String) {
    flag(!on, "no", out);
    out.push_str(word);
}

const fn df_word(df: Df) -> &'static str {
    match df {
        Df::Unset => "unset",
        Df::Set => "set",
        Df::Inherit => "inherit",
    }
}
