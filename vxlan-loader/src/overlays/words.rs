//! A [`VtepSpec`] in words, as the user has them, and back: how it is stored, and what two of them differ in.

use std::net::IpAddr;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};
use vxlan_common::{Df, OverlayKey};

use crate::vtep::{Allow, Mode, Tos, Ttl, VtepSpec};

/// What is not at its default, by option. The VNI and the UDP port are the row's key.
pub(super) fn of_spec(spec: &VtepSpec) -> Map<String, Value> {
    let default = VtepSpec::new(spec.vni);
    let text = |address: &IpAddr| Value::from(address.to_string());
    let options = [
        ("dev", spec.device.clone().map(Value::from)),
        ("remote", spec.remotes.first().map(text)),
        ("group", spec.group.as_ref().map(text)),
        ("local", spec.local.as_ref().map(text)),
        ("srcport", spec.srcport.map(|(min, max)| Value::from(vec![min, max]))),
        ("ttl", (spec.ttl != default.ttl).then(|| of_ttl(spec.ttl))),
        ("tos", (spec.tos != default.tos).then(|| of_tos(spec.tos))),
        ("df", (spec.df != default.df).then(|| of_df(spec.df).into())),
        ("flowlabel", (spec.flowlabel != default.flowlabel).then(|| spec.flowlabel.into())),
        ("learning", (spec.learning != default.learning).then(|| spec.learning.into())),
        ("ageing", (spec.ageing != default.ageing).then(|| spec.ageing.into())),
        ("maxaddress", (spec.maxaddress != default.maxaddress).then(|| spec.maxaddress.into())),
        ("proxy", spec.proxy.then(|| true.into())),
        ("rsc", spec.rsc.then(|| true.into())),
        ("l2miss", spec.l2miss.then(|| true.into())),
        ("l3miss", spec.l3miss.then(|| true.into())),
        ("udpcsum", spec.udpcsum.map(Value::from)),
        ("udp6zerocsumtx", spec.udp6zerocsumtx.then(|| true.into())),
        ("udp6zerocsumrx", spec.udp6zerocsumrx.then(|| true.into())),
        ("gbp", spec.gbp.then(|| true.into())),
        ("localbypass", spec.localbypass.map(Value::from)),
        ("mtu", spec.mtu.map(Value::from)),
        ("address", spec.address.map(|mac| mac.to_string().into())),
        ("mode", (spec.mode != default.mode).then(|| of_mode(spec.mode).into())),
        ("allow", (!spec.allow.is_empty()).then(|| spec.allow.iter().map(of_allow).collect())),
        ("suppress", spec.suppress.then(|| true.into())),
        ("neighlearn", spec.neighlearn.then(|| true.into())),
        ("maxneigh", (spec.maxneigh != default.maxneigh).then(|| spec.maxneigh.into())),
    ];
    options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The opposite of [`of_spec`].
pub(super) fn to_spec(key: OverlayKey, options: &Value) -> Result<VtepSpec> {
    let mut spec = VtepSpec::new(key.vni());
    spec.dstport = key.udp_port();
    for (name, value) in options.as_object().context("it has no options")? {
        take(&mut spec, name, value).with_context(|| format!("option {name} is {value}"))?;
    }
    Ok(spec)
}

fn take(spec: &mut VtepSpec, name: &str, value: &Value) -> Result<()> {
    match name {
        "dev" => spec.device = Some(word(value)?.to_owned()),
        "remote" => spec.remotes = vec![word(value)?.parse()?],
        "group" => spec.group = Some(word(value)?.parse()?),
        "local" => spec.local = Some(word(value)?.parse()?),
        "srcport" => spec.srcport = Some((number(&value[0])?, number(&value[1])?)),
        "ttl" => spec.ttl = to_ttl(value)?,
        "tos" => spec.tos = to_tos(value)?,
        "df" => spec.df = to_df(word(value)?)?,
        "flowlabel" => spec.flowlabel = number(value)?,
        "learning" => spec.learning = switch(value)?,
        "ageing" => spec.ageing = number(value)?,
        "maxaddress" => spec.maxaddress = number(value)?,
        "proxy" => spec.proxy = switch(value)?,
        "rsc" => spec.rsc = switch(value)?,
        "l2miss" => spec.l2miss = switch(value)?,
        "l3miss" => spec.l3miss = switch(value)?,
        "udpcsum" => spec.udpcsum = Some(switch(value)?),
        "udp6zerocsumtx" => spec.udp6zerocsumtx = switch(value)?,
        "udp6zerocsumrx" => spec.udp6zerocsumrx = switch(value)?,
        "gbp" => spec.gbp = switch(value)?,
        "localbypass" => spec.localbypass = Some(switch(value)?),
        "mtu" => spec.mtu = Some(number(value)?),
        "address" => spec.address = Some(word(value)?.parse().map_err(|error: String| anyhow!(error))?),
        "mode" => spec.mode = to_mode(word(value)?)?,
        "allow" => {
            let list = value.as_array().context("no list")?;
            spec.allow = list.iter().map(to_allow).collect::<Result<_>>()?;
        }
        "suppress" => spec.suppress = switch(value)?,
        "neighlearn" => spec.neighlearn = switch(value)?,
        "maxneigh" => spec.maxneigh = number(value)?,
        _ => bail!("this version of vxbpf does not know it"),
    }
    Ok(())
}

/// The first option in which `there` and `asked` differ, in words. The remotes are not looked at.
pub(super) fn difference(there: &VtepSpec, asked: &VtepSpec) -> Option<String> {
    let (there, asked) = (of_spec(there), of_spec(asked));
    let say = |options: &Map<String, Value>, name: &str| match options.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => {
            list.iter().map(|item| item.to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
        }
        Some(value) => value.to_string(),
        None => "not given".to_owned(),
    };
    let name = there
        .keys()
        .chain(asked.keys())
        .find(|name| *name != "remote" && there.get(*name) != asked.get(*name))?;
    Some(format!("{name} is {} there and {} here", say(&there, name), say(&asked, name)))
}

fn word(value: &Value) -> Result<&str> {
    value.as_str().context("no word")
}

fn switch(value: &Value) -> Result<bool> {
    value.as_bool().context("neither true nor false")
}

fn number<T: TryFrom<u64>>(value: &Value) -> Result<T> {
    value.as_u64().and_then(|number| T::try_from(number).ok()).context("no number that fits")
}

fn of_ttl(ttl: Ttl) -> Value {
    match ttl {
        Ttl::Auto => "auto".into(),
        Ttl::Inherit => "inherit".into(),
        Ttl::Fixed(ttl) => ttl.into(),
    }
}

fn to_ttl(value: &Value) -> Result<Ttl> {
    Ok(match value.as_str() {
        Some("auto") => Ttl::Auto,
        Some("inherit") => Ttl::Inherit,
        _ => Ttl::Fixed(number(value)?),
    })
}

fn of_tos(tos: Tos) -> Value {
    match tos {
        Tos::Inherit => "inherit".into(),
        Tos::Fixed(tos) => tos.into(),
    }
}

fn to_tos(value: &Value) -> Result<Tos> {
    Ok(if value == "inherit" { Tos::Inherit } else { Tos::Fixed(number(value)?) })
}

fn of_df(df: Df) -> &'static str {
    match df {
        Df::Unset => "unset",
        Df::Set => "set",
        Df::Inherit => "inherit",
    }
}

fn to_df(word: &str) -> Result<Df> {
    let all = [Df::Unset, Df::Set, Df::Inherit];
    all.into_iter().find(|df| of_df(*df) == word).context("no df")
}

fn of_mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto => "auto",
        Mode::Tc => "tc",
        Mode::Xdp => "xdp",
    }
}

fn to_mode(word: &str) -> Result<Mode> {
    let all = [Mode::Auto, Mode::Tc, Mode::Xdp];
    all.into_iter().find(|mode| of_mode(*mode) == word).context("no mode")
}

fn of_allow(allow: &Allow) -> Value {
    match allow {
        Allow::Any => "any".into(),
        Allow::Known => "known".into(),
        Allow::Prefix(address, bits) => format!("{address}/{bits}").into(),
    }
}

fn to_allow(value: &Value) -> Result<Allow> {
    Ok(match word(value)? {
        "any" => Allow::Any,
        "known" => Allow::Known,
        prefix => {
            let (address, bits) = prefix.split_once('/').context("no prefix")?;
            Allow::Prefix(address.parse()?, bits.parse()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use vxlan_common::{Mac, UdpPort, Vni};

    use super::*;

    fn full() -> VtepSpec {
        let v6: IpAddr = "2001:db8:1234:5678:9abc:def0:1234:5678".parse().expect("an address");
        VtepSpec {
            vni: Vni::from_wire([0, 1, 0xbc]),
            device: Some("fifteen-letters".into()),
            remotes: vec![v6],
            group: Some("ff05::100".parse().expect("a group")),
            local: Some(v6),
            dstport: UdpPort(8472),
            srcport: Some((49152, 65535)),
            ttl: Ttl::Fixed(7),
            tos: Tos::Inherit,
            df: Df::Inherit,
            flowlabel: 0xf_ffff,
            learning: false,
            ageing: 0,
            maxaddress: 1000,
            proxy: true,
            rsc: true,
            l2miss: true,
            l3miss: true,
            udpcsum: Some(true),
            udp6zerocsumtx: true,
            udp6zerocsumrx: true,
            gbp: true,
            localbypass: Some(false),
            mtu: Some(1450),
            address: Some(Mac([2, 0, 0, 0, 0, 1])),
            mode: Mode::Tc,
            allow: vec![Allow::Any, Allow::Known, Allow::Prefix(v6, 64)],
            suppress: true,
            neighlearn: true,
            maxneigh: 16,
        }
    }

    #[test]
    fn every_option_survives_the_round_trip() {
        let key = OverlayKey::new(full().vni, full().dstport);
        let there_and_back = |spec: &VtepSpec| to_spec(key, &of_spec(spec).into()).expect("it is a spec");
        assert_eq!(there_and_back(&full()), full());
        let mut plain = VtepSpec::new(full().vni);
        plain.dstport = full().dstport;
        assert_eq!(there_and_back(&plain), plain);
        assert!(of_spec(&plain).is_empty());
        plain.ttl = Ttl::Inherit;
        plain.tos = Tos::Fixed(0x10);
        assert_eq!(there_and_back(&plain), plain);
    }

    #[test]
    fn the_largest_spec_leaves_room_for_sixty_prefixes() {
        let mut spec = full();
        spec.allow = vec![spec.allow[2]; 60];
        let value = Value::Object(of_spec(&spec));
        assert!(super::super::record::to_text(&value).is_ok());
    }

    #[test]
    fn a_difference_is_told_in_the_users_words() {
        let plain = VtepSpec::new(full().vni);
        let mut other = plain.clone();
        assert_eq!(difference(&plain, &other), None);
        other.remotes.push(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(difference(&plain, &other), None);
        other.ttl = Ttl::Fixed(5);
        assert_eq!(difference(&plain, &other).as_deref(), Some("ttl is not given there and 5 here"));
        assert_eq!(difference(&other, &plain).as_deref(), Some("ttl is 5 there and not given here"));
    }
}
