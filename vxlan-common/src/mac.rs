//! Ethernet addresses.

use core::fmt;

/// An Ethernet address, as its six bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// 00:00:00:00:00:00, the FDB's word for "everything that is not known".
    pub const ZERO: Self = Self([0; 6]);
    /// ff:ff:ff:ff:ff:ff.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether the group bit is set (broadcast included).
    #[inline(always)]
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether all six bytes are zero.
    #[inline(always)]
    pub const fn is_zero(self) -> bool {
        (self.0[0] | self.0[1] | self.0[2] | self.0[3] | self.0[4] | self.0[5]) == 0
    }

    /// Whether one station can have this address: neither multicast nor zero.
    #[inline(always)]
    pub const fn is_station(self) -> bool {
        !self.is_multicast() && !self.is_zero()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(feature = "user")]
impl core::str::FromStr for Mac {
    type Err = std::string::String;

    /// Six groups of one or two hex digits between colons, as `ip` and `bridge` take them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || std::format!("\"{text}\" is no MAC address: six hex bytes between colons are expected");
        let mut bytes = [0; 6];
        let mut groups = text.split(':');
        for byte in &mut bytes {
            let group = groups.next().filter(|group| (1..=2).contains(&group.len())).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(group, 16).map_err(|_| wrong())?;
        }
        if groups.next().is_some() { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_neither_multicast_nor_zero() {
        assert!(Mac([2, 0, 0, 0, 0, 1]).is_station());
        assert!(!Mac([3, 0, 0, 0, 0, 1]).is_station());
        assert!(!Mac::BROADCAST.is_station());
        assert!(!Mac::ZERO.is_station());
    }

    #[cfg(feature = "user")]
    #[test]
    fn a_mac_is_read_as_ip_prints_it() {
        assert_eq!("52:5e:55:58:9a:ab".parse(), Ok(Mac([0x52, 0x5e, 0x55, 0x58, 0x9a, 0xab])));
        for wrong in
            ["", "52:5e:55:58:9a", "52:5e:55:58:9a:ab:cd", "52:5e:55:58:9a:xyz", "+2:5e:55:58:9a:abc"]
        {
            assert!(wrong.parse::<Mac>().is_err(), "{wrong}");
        }
    }
}
