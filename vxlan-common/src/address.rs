//! IP addresses of the underlay, both families in one type.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IP address as 16 bytes; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). All zero means "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
// Aligned, so that a program copies it by whole words: the verifier wants stack accesses aligned.
#[repr(C, align(8))]
pub struct Address(pub [u8; 16]);

impl Address {
    /// No address.
    pub const NONE: Self = Self([0; 16]);

    /// From the four bytes of an IPv4 header.
    #[inline(always)]
    pub const fn v4(b: [u8; 4]) -> Self {
        Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, b[0], b[1], b[2], b[3]])
    }

    /// The four bytes of an IPv4 address, if it is one.
    #[inline(always)]
    pub fn as_v4(&self) -> Option<[u8; 4]> {
        self.is_v4().then(|| self.v4_bytes())
    }

    /// The last four bytes, which are an IPv4 address where [`Self::is_v4`] says so.
    #[inline(always)]
    pub const fn v4_bytes(&self) -> [u8; 4] {
        [self.0[12], self.0[13], self.0[14], self.0[15]]
    }

    /// Whether this is an IPv4 address.
    #[inline(always)]
    pub fn is_v4(&self) -> bool {
        let b = &self.0;
        u64::from_ne_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) == 0
            && u32::from_ne_bytes([b[8], b[9], b[10], b[11]]) == u32::from_ne_bytes([0, 0, 0xff, 0xff])
    }

    /// Whether this is no address at all.
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        u128::from_ne_bytes(self.0) == 0
    }

    /// Whether this is a group (224.0.0.0/4, ff00::/8).
    #[inline(always)]
    pub fn is_multicast(&self) -> bool {
        if self.is_v4() { self.0[12] & 0xf0 == 0xe0 } else { self.0[0] == 0xff }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) if v4.is_unspecified() => Self::NONE,
            IpAddr::V4(v4) => Self::v4(v4.octets()),
            IpAddr::V6(v6) => Self(v6.octets()),
        }
    }
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> Self {
        match address.as_v4() {
            Some(v4) => Self::V4(Ipv4Addr::from(v4)),
            None => Self::V6(Ipv6Addr::from(address.0)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_survive_the_round_trip() {
        for text in ["192.168.1.100", "239.1.1.1", "fe80::1", "2001:db8::42"] {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(IpAddr::from(Address::from(address)), address);
        }
    }

    #[test]
    fn groups_are_told_from_hosts_in_both_families() {
        let group = |text: &str| Address::from(text.parse::<IpAddr>().expect(text)).is_multicast();
        assert!(group("239.1.1.1") && group("ff05::1"));
        assert!(!group("192.168.1.1") && !group("2001:db8::1"));
    }

    #[test]
    fn the_unspecified_address_is_none() {
        assert!(Address::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).is_none());
        assert!(Address::from(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).is_none());
    }
}
