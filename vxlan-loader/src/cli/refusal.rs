//! What can be read but makes no sense; found before anything is touched.

use std::net::{IpAddr, Ipv4Addr};

use vxlan_common::Mac;

/// Why a command is refused. `object` is the device or the entry that the command is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More than 24 bits.
    #[error("{object}: {} is no VNI: choose one from 0 to 16777215", shown(*.number))]
    Vni {
        /// The device.
        object: String,
        /// The number.
        number: u64,
    },
    /// A number that is too small or too large.
    #[error("{object}: {option} {} is out of range: choose {min} to {max}", shown(*.number))]
    Range {
        /// The device or entry.
        object: String,
        /// The option.
        option: &'static str,
        /// The number.
        number: u64,
        /// The smallest that is allowed.
        min: u64,
        /// The largest that is allowed.
        max: u64,
    },
    /// A range of ports whose ends are the wrong way round.
    #[error("{object}: srcport {min} {max} is empty: give the smaller port first")]
    EmptyRange {
        /// The device.
        object: String,
        /// What should be the smallest.
        min: u16,
        /// What should be the largest.
        max: u16,
    },
    /// The kernel allows no device of this name.
    #[error("\"{name}\" cannot be the name of a device: choose 1 to 15 bytes without spaces, \"/\" or \":\"")]
    Name {
        /// The name.
        name: String,
    },
    /// A station cannot have this address.
    #[error(
        "{object}: {mac} is no address of a station: choose one that is neither zero nor multicast, as in 02:00:00:00:00:01"
    )]
    Station {
        /// The device.
        object: String,
        /// The address.
        mac: Mac,
    },
    /// Frames to a group of stations have no entry of their own.
    #[error(
        "{object}: {mac} is a multicast address, and frames to those go to every VTEP that gets what is not known: \
         append the VTEP to 00:00:00:00:00:00"
    )]
    GroupMac {
        /// The entry.
        object: String,
        /// The address.
        mac: Mac,
    },
    /// A group where a host is meant.
    #[error("{object}: {option} {address} is a multicast group: {remedy}")]
    Multicast {
        /// The device or entry.
        object: String,
        /// The option.
        option: &'static str,
        /// The address.
        address: IpAddr,
        /// What to do.
        remedy: &'static str,
    },
    /// A host where a group is meant.
    #[error(
        "{object}: group {address} is no multicast group: use `remote {address}`, or a group of 224.0.0.0/4 or ff00::/8"
    )]
    NoGroup {
        /// The device.
        object: String,
        /// The address.
        address: IpAddr,
    },
    /// Neither a host nor a group.
    #[error("{object}: {option} {address} is no address of a host: name one, or leave {option} out")]
    NoHost {
        /// The device or entry.
        object: String,
        /// The option.
        option: &'static str,
        /// The address.
        address: IpAddr,
    },
    /// IPv4 and IPv6.
    #[error(
        "{object}: {option} {address} and {other_option} {other} are of different families: use IPv4 or IPv6 for both"
    )]
    Family {
        /// The device.
        object: String,
        /// One option.
        option: &'static str,
        /// Its address.
        address: IpAddr,
        /// The other option.
        other_option: &'static str,
        /// Its address.
        other: IpAddr,
    },
    /// Two options of which only one can be.
    #[error("{object}: {one} and {other} contradict each other: leave one of them out")]
    Both {
        /// The device or entry.
        object: String,
        /// One.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// An option that needs another one.
    #[error("{object}: {option} needs {needs}")]
    Needs {
        /// The device or entry.
        object: String,
        /// The option.
        option: &'static str,
        /// What is missing.
        needs: &'static str,
    },
    /// What a device takes at its creation only.
    #[error(
        "{object}: {option} cannot change while the device lives: delete it and add it again with the new {option}"
    )]
    Fixed {
        /// The device.
        object: String,
        /// The option.
        option: &'static str,
    },
    /// An address that no station is asked for.
    #[error("{object}: {address} is {what}, for which no station is asked: name the address of one station")]
    NoNeighbour {
        /// The entry.
        object: String,
        /// The address.
        address: IpAddr,
        /// What it is.
        what: &'static str,
    },
    /// An IPv4 address where an IPv6 one is meant.
    #[error("{object}: {address} is of the wrong family, an IPv4 address in IPv6: name {meant}")]
    Mapped {
        /// The entry.
        object: String,
        /// The address.
        address: IpAddr,
        /// The same in IPv4.
        meant: Ipv4Addr,
    },
    /// What is not there.
    #[error("{object}: {option} is not supported: {remedy}")]
    Unsupported {
        /// The device or entry.
        object: String,
        /// The option.
        option: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
}

/// A number, or what stands for one that no variable holds.
fn shown(number: u64) -> String {
    if number == u64::MAX { "a number of so many digits".into() } else { number.to_string() }
}
