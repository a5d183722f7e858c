//! Whether values make sense: each check gives the typed value or says what is wrong and with what.

use std::net::IpAddr;

use vxlan_common::{Mac, Vni};

use super::Refusal;
use super::options::VtepOptions;
use super::value::{AllowWord, TosWord, TtlWord};
use crate::vtep::{Allow, Tos, Ttl};

/// A name that the kernel gives to no device is refused here, before anything is looked up: `dev_valid_name`.
pub(super) fn new_name(name: &str) -> Result<String, Refusal> {
    let bad = |byte: u8| byte == b'/' || byte == b':' || byte.is_ascii_whitespace() || byte == 0x0b;
    if name.is_empty() || name.len() > 15 || name == "." || name == ".." || name.bytes().any(bad) {
        return Err(Refusal::Name { name: name.into() });
    }
    Ok(name.into())
}

/// The name of a device that exists; an alternative one may have 127 bytes.
pub(super) fn existing_name(name: &str) -> Result<String, Refusal> {
    if name.is_empty() || name.len() > 127 {
        return Err(Refusal::Name { name: name.into() });
    }
    Ok(name.into())
}

/// Checks values of the options of `object`.
pub(super) struct Check<'a> {
    pub(super) object: &'a str,
}

impl Check<'_> {
    pub(super) fn vni(&self, number: u64) -> Result<Vni, Refusal> {
        let wrong = || Refusal::Vni { object: self.object.into(), number };
        u32::try_from(number).ok().and_then(|id| Vni::new(id).ok()).ok_or_else(wrong)
    }

    /// A number from `min` to `max`, which the result's type must hold.
    pub(super) fn option<T: TryFrom<u64>>(
        &self,
        number: Option<u64>,
        option: &'static str,
        min: u64,
        max: u64,
    ) -> Result<Option<T>, Refusal> {
        let Some(number) = number else { return Ok(None) };
        let wrong = || Refusal::Range { object: self.object.into(), option, number, min, max };
        if !(min..=max).contains(&number) {
            return Err(wrong());
        }
        T::try_from(number).map(Some).map_err(|_| wrong())
    }

    pub(super) fn source_ports(&self, range: Option<(u64, u64)>) -> Result<Option<(u16, u16)>, Refusal> {
        let port = |number| self.option::<u16>(Some(number), "srcport", 0, 65535);
        let Some((min, max)) = range else { return Ok(None) };
        match (port(min)?, port(max)?) {
            // As in `ip`, 0 0 is "the default".
            (Some(0), Some(0)) => Ok(None),
            (Some(0), Some(_)) => self.option(Some(0), "srcport", 1, 65535).map(|_: Option<u16>| None),
            (Some(min), Some(max)) if min > max => {
                Err(Refusal::EmptyRange { object: self.object.into(), min, max })
            }
            (min, max) => Ok(min.zip(max)),
        }
    }

    pub(super) fn ttl(&self, ttl: Option<TtlWord>) -> Result<Option<Ttl>, Refusal> {
        Ok(match ttl {
            None => None,
            Some(TtlWord::Auto) => Some(Ttl::Auto),
            Some(TtlWord::Inherit) => Some(Ttl::Inherit),
            // As in `ip`, 0 is `auto`.
            Some(TtlWord::Number(number)) => self
                .option(Some(number), "ttl", 0, 255)?
                .map(|ttl| if ttl == 0 { Ttl::Auto } else { Ttl::Fixed(ttl) }),
        })
    }

    pub(super) fn tos(&self, tos: Option<TosWord>) -> Result<Option<Tos>, Refusal> {
        Ok(match tos {
            None => None,
            // The kernel's device takes a TOS of 1 for `inherit`.
            Some(TosWord::Inherit | TosWord::Number(1)) => Some(Tos::Inherit),
            Some(TosWord::Number(number)) => self.option(Some(number), "tos", 0, 255)?.map(Tos::Fixed),
        })
    }

    pub(super) fn mtu(&self, mtu: Option<u64>) -> Result<Option<u32>, Refusal> {
        self.option(mtu, "mtu", 68, 65535)
    }

    pub(super) fn station(&self, mac: Option<Mac>) -> Result<Option<Mac>, Refusal> {
        match mac {
            Some(mac) if !mac.is_station() => Err(Refusal::Station { object: self.object.into(), mac }),
            mac => Ok(mac),
        }
    }

    pub(super) fn flowlabel(&self, options: &VtepOptions) -> Result<Option<u32>, Refusal> {
        let label: Option<u32> = self.option(options.flowlabel, "flowlabel", 0, 0xf_ffff)?;
        let outer = options.remote.iter().chain(&options.group).chain(&options.local).next();
        if label.is_some_and(|label| label != 0) && !outer.is_some_and(IpAddr::is_ipv6) {
            return Err(
                self.needs("flowlabel", "an IPv6 address as remote, group or local: IPv4 has no flow label")
            );
        }
        Ok(label)
    }

    pub(super) fn allow(&self, words: &[AllowWord]) -> Result<Vec<Allow>, Refusal> {
        if words.contains(&AllowWord::Any) && words.len() > 1 {
            return Err(self.both("allow any", "the other allow"));
        }
        let one = |&word: &AllowWord| match word {
            AllowWord::Any => Ok(Allow::Any),
            AllowWord::Known => Ok(Allow::Known),
            AllowWord::Prefix(base, length) => {
                let bits = if base.is_ipv4() { 32 } else { 128 };
                let length: Option<u8> = self.option(Some(length), "allow PREFIX length", 0, bits)?;
                Ok(Allow::Prefix(base, length.unwrap_or_default()))
            }
        };
        words.iter().map(one).collect()
    }

    /// `remote`, `group` and `local` fit each other.
    pub(super) fn addresses(&self, options: &VtepOptions, has_device: bool) -> Result<(), Refusal> {
        for &remote in &options.remote {
            self.host("remote", remote, "use `group` for it")?;
        }
        if let Some(local) = options.local {
            self.host("local", local, "name an address of this host")?;
        }
        if let Some(group) = options.group {
            if !options.remote.is_empty() {
                return Err(self.both("remote", "group"));
            }
            if !group.is_multicast() {
                return Err(Refusal::NoGroup { object: self.object.into(), address: group });
            }
            if !has_device {
                return Err(self.needs("group", "the underlay device: add `dev DEV`"));
            }
        }
        let mut all = named(options);
        if let Some((first_option, first)) = all.next()
            && let Some((option, address)) = all.find(|(_, address)| address.is_ipv4() != first.is_ipv4())
        {
            let object = self.object.into();
            return Err(Refusal::Family {
                object,
                option: first_option,
                address: first,
                other_option: option,
                other: address,
            });
        }
        let link_local = |(option, address)| {
            matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()).then_some(option)
        };
        match named(options).find_map(link_local) {
            Some(option) if !has_device => {
                Err(self.needs(option, "the underlay device, as it is link-local: add `dev DEV`"))
            }
            _ => Ok(()),
        }
    }

    /// An address that one host can have.
    pub(super) fn host(
        &self,
        option: &'static str,
        address: IpAddr,
        remedy: &'static str,
    ) -> Result<(), Refusal> {
        let object = self.object.into();
        if address.is_multicast() {
            return Err(Refusal::Multicast { object, option, address, remedy });
        }
        let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        if address.is_unspecified() || broadcast {
            return Err(Refusal::NoHost { object, option, address });
        }
        Ok(())
    }

    pub(super) fn both(&self, one: &'static str, other: &'static str) -> Refusal {
        Refusal::Both { object: self.object.into(), one, other }
    }

    pub(super) fn needs(&self, option: &'static str, needs: &'static str) -> Refusal {
        Refusal::Needs { object: self.object.into(), option, needs }
    }
}

/// The addresses of the outer header, with their options.
fn named(options: &VtepOptions) -> impl Iterator<Item = (&'static str, IpAddr)> {
    let remotes = options.remote.iter().map(|&address| ("remote", address));
    let group = options.group.map(|address| ("group", address));
    let local = options.local.map(|address| ("local", address));
    remotes.chain(group).chain(local)
}
