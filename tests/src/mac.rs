//! A MAC address, as these tests spell and send it.

use std::{fmt, str::FromStr};

/// Six bytes as they are on the wire; spelled `52:5e:55:58:9a:ab`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// All ones.
    pub const BROADCAST: Self = Self([0xff; 6]);
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Mac {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes: Option<Vec<u8>> = text.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
        let bytes = bytes.ok_or_else(|| format!("{text:?} is not a MAC address"))?;
        bytes.try_into().map(Self).map_err(|_| format!("{text:?} is not a MAC address"))
    }
}

/// The MAC address that `text` spells.
///
/// # Panics
/// When it spells none.
pub fn mac(text: &str) -> Mac {
    text.parse().expect("a MAC address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_spelled_as_it_was_read() {
        assert_eq!(mac("52:5e:55:58:9a:ab").to_string(), "52:5e:55:58:9a:ab");
        assert_eq!(mac("ff:ff:ff:ff:ff:ff"), Mac::BROADCAST);
    }

    #[test]
    fn five_bytes_are_no_mac() {
        assert!("52:5e:55:58:9a".parse::<Mac>().is_err());
    }
}
