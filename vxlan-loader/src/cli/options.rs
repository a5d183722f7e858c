//! The options of a VTEP, which `attach`, `link add` and `link set` share.

use std::net::IpAddr;

use clap::Args;
use vxlan_common::{Df, Mac};

use super::value::{self, AllowWord, TosWord, TtlWord};
use crate::vtep::Mode;

/// Options of a VTEP, as typed.
#[derive(Args, Debug, Default)]
pub struct VtepOptions {
    /// VTEP that gets everything not known; several times: a list of them
    #[arg(long, value_name = "ADDR", value_parser = value::address)]
    pub remote: Vec<IpAddr>,
    /// Multicast group that gets everything not known
    #[arg(long, value_name = "ADDR", value_parser = value::address)]
    pub group: Option<IpAddr>,
    /// Source address of what is sent
    #[arg(long, value_name = "ADDR", value_parser = value::address)]
    pub local: Option<IpAddr>,
    /// UDP port to send to and to listen on [default: 4789]
    #[arg(long, value_name = "PORT", value_parser = value::number)]
    pub dstport: Option<u64>,
    /// UDP ports to send from, as two words [default: 49152 65535]
    #[arg(long, value_name = "MIN> <MAX", value_parser = value::range)]
    pub srcport: Option<(u64, u64)>,
    /// Outer TTL: 1 to 255, auto or inherit
    #[arg(long, value_name = "TTL", value_parser = value::ttl)]
    pub ttl: Option<TtlWord>,
    /// Outer TOS, in hexadecimal, or inherit
    #[arg(long, value_name = "TOS", value_parser = value::tos)]
    pub tos: Option<TosWord>,
    /// Outer DF bit: unset, set or inherit
    #[arg(long, value_name = "DF", value_parser = value::df)]
    pub df: Option<Df>,
    /// Outer IPv6 flow label
    #[arg(long, value_name = "LABEL", value_parser = value::number)]
    pub flowlabel: Option<u64>,
    /// Forget a learned address after so many seconds; none: never [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = value::ageing)]
    pub ageing: Option<u64>,
    /// Most addresses to learn, or unlimited
    #[arg(long, value_name = "NUMBER", value_parser = value::limit)]
    pub maxaddress: Option<u64>,
    /// Most neighbours to learn at each port, with neighlearn [default: 256]
    #[arg(long, value_name = "NUMBER", value_parser = value::number)]
    pub maxneigh: Option<u64>,
    /// MTU of the device
    #[arg(long, value_name = "MTU", value_parser = value::number)]
    pub mtu: Option<u64>,
    /// Ethernet address of the device
    #[arg(long, value_name = "MAC", value_parser = value::mac)]
    pub address: Option<Mac>,
    /// Hooks to use: auto, tc or xdp
    #[arg(long, value_name = "MODE", value_parser = value::mode)]
    pub mode: Option<Mode>,
    /// Stations that the tables of this network namespace have room for, half of them learned; said with the first overlay
    /// [default: 131072]
    #[arg(long, value_name = "NUMBER", value_parser = value::number)]
    pub fdb_size: Option<u64>,
    /// VTEPs to believe: any, known or PREFIX; several times: all of them
    #[arg(long, value_name = "WHOM", value_parser = value::allow)]
    pub allow: Vec<AllowWord>,
    /// What can be on or off.
    #[command(flatten)]
    pub switches: Switches,
}

/// Pairs of flags, one for on and one for off.
macro_rules! switches {
    ($($on:ident $off:ident $long:literal $no_long:literal: $help:literal;)*) => {
        /// What can be on or off.
        #[derive(Args, Debug, Default)]
        pub struct Switches {
            $(
                #[arg(long = $long, help = $help, conflicts_with = stringify!($off))]
                $on: bool,
                #[arg(long = $no_long, help = concat!("The opposite of --", $long))]
                $off: bool,
            )*
        }

        impl Switches {
            $(
                #[doc = concat!("`", $long, "`, if it was said.")]
                pub fn $on(&self) -> Option<bool> {
                    (self.$on || self.$off).then_some(self.$on)
                }
            )*
        }
    };
}

switches! {
    learning no_learning "learning" "no-learning": "Learn which station is behind which VTEP [default: on]";
    proxy no_proxy "proxy" "no-proxy": "Answer ARP and ND from the neighbour table";
    rsc no_rsc "rsc" "no-rsc": "Short-circuit routes";
    l2miss no_l2miss "l2miss" "no-l2miss": "Report unknown Ethernet addresses";
    l3miss no_l3miss "l3miss" "no-l3miss": "Report unknown neighbours";
    udpcsum no_udpcsum "udpcsum" "no-udpcsum": "Send UDP checksums over IPv4";
    udp6zerocsumtx no_udp6zerocsumtx "udp6zerocsumtx" "no-udp6zerocsumtx": "Send no UDP checksums over IPv6";
    udp6zerocsumrx no_udp6zerocsumrx "udp6zerocsumrx" "no-udp6zerocsumrx": "Take packets without UDP checksum over IPv6";
    gbp no_gbp "gbp" "no-gbp": "Carry the group policy";
    localbypass no_localbypass "localbypass" "no-localbypass": "Short cut to VTEPs of this host [default: on]";
    suppress no_suppress "suppress" "no-suppress": "Do not flood ARP and ND that the proxy cannot answer";
    neighlearn no_neighlearn "neighlearn" "no-neighlearn": "Learn neighbours from what stations at local ports say of themselves";
}

impl VtepOptions {
    /// Those of the options that a device takes at its creation only and that were given.
    pub(super) fn fixed(&self) -> Option<&'static str> {
        let switches = &self.switches;
        [
            ("dstport", self.dstport.is_some()),
            ("srcport", self.srcport.is_some()),
            ("ttl inherit", self.ttl == Some(TtlWord::Inherit)),
            ("maxaddress", self.maxaddress.is_some()),
            ("fdbsize", self.fdb_size.is_some()),
            ("proxy", switches.proxy().is_some()),
            ("rsc", switches.rsc().is_some()),
            ("l2miss", switches.l2miss().is_some()),
            ("l3miss", switches.l3miss().is_some()),
            ("udpcsum", switches.udpcsum().is_some()),
            ("udp6zerocsumtx", switches.udp6zerocsumtx().is_some()),
            ("udp6zerocsumrx", switches.udp6zerocsumrx().is_some()),
            ("gbp", switches.gbp().is_some()),
        ]
        .into_iter()
        .find_map(|(option, given)| given.then_some(option))
    }
}
