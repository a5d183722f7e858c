//! Values as they are written: numbers, addresses, words. Whether a number is in range is not asked here.

use std::net::IpAddr;

use vxlan_common::{Df, Mac};

use crate::vtep::Mode;

/// A number as iproute2 reads it: decimal, 0x for hexadecimal, 0 for octal. One that is too large for 64 bits
/// becomes the largest, which is out of every range.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    in_radix(digits, radix).ok_or_else(|| format!("\"{text}\" is no number"))
}

fn in_radix(digits: &str, radix: u32) -> Option<u64> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(u64::from_str_radix(digits, radix).unwrap_or(u64::MAX))
}

/// An IPv4 or IPv6 address, without a prefix length.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    match text.parse() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("\"{text}\" is an IPv4 address: write it as one"))
        }
        Ok(address) => Ok(address),
        Err(_) => Err(format!("\"{text}\" is no IP address")),
    }
}

/// An Ethernet address.
pub(super) fn mac(text: &str) -> Result<Mac, String> {
    text.parse()
}

/// A TTL before its range is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlWord {
    /// `auto`
    Auto,
    /// `inherit`
    Inherit,
    /// A number.
    Number(u64),
}

pub(super) fn ttl(text: &str) -> Result<TtlWord, String> {
    match text {
        "auto" => Ok(TtlWord::Auto),
        "inherit" => Ok(TtlWord::Inherit),
        _ => number(text)
            .map(TtlWord::Number)
            .map_err(|_| format!("\"{text}\" is no TTL: a number, auto or inherit is")),
    }
}

/// A TOS before its range is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TosWord {
    /// `inherit`
    Inherit,
    /// A number.
    Number(u64),
}

/// As iproute2: the number is hexadecimal, with or without 0x.
pub(super) fn tos(text: &str) -> Result<TosWord, String> {
    if text == "inherit" {
        return Ok(TosWord::Inherit);
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let number = in_radix(digits, 16).map(TosWord::Number);
    number.ok_or_else(|| format!("\"{text}\" is no TOS: a hexadecimal number or inherit is"))
}

pub(super) fn df(text: &str) -> Result<Df, String> {
    match text {
        "unset" => Ok(Df::Unset),
        "set" => Ok(Df::Set),
        "inherit" => Ok(Df::Inherit),
        _ => Err(format!("\"{text}\" is none of unset, set, inherit")),
    }
}

pub(super) fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "auto" => Ok(Mode::Auto),
        "tc" => Ok(Mode::Tc),
        "xdp" => Ok(Mode::Xdp),
        _ => Err(format!("\"{text}\" is none of auto, tc, xdp")),
    }
}

/// Seconds, or `none`.
pub(super) fn ageing(text: &str) -> Result<u64, String> {
    if text == "none" { Ok(0) } else { number(text) }
}

/// How many, or `unlimited`.
pub(super) fn limit(text: &str) -> Result<u64, String> {
    if text == "unlimited" { Ok(0) } else { number(text) }
}

/// Two numbers with a comma between them, as [`crate::words`] writes `srcport MIN MAX`.
pub(super) fn range(text: &str) -> Result<(u64, u64), String> {
    let (min, max) = text.split_once(',').ok_or_else(|| format!("\"{text}\" is not MIN MAX"))?;
    Ok((number(min)?, number(max)?))
}

/// Whom to believe, before prefix lengths are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowWord {
    /// `any`
    Any,
    /// `known`
    Known,
    /// An address and how many of its bits count.
    Prefix(IpAddr, u64),
}

pub(super) fn allow(text: &str) -> Result<AllowWord, String> {
    let wrong = || format!("\"{text}\" is none of any, known, PREFIX (as in 10.0.0.0/8)");
    match text {
        "any" => Ok(AllowWord::Any),
        "known" => Ok(AllowWord::Known),
        _ => {
            let (base, length) = match text.split_once('/') {
                Some((base, length)) => (base, Some(length)),
                None => (text, None),
            };
            let base = address(base).map_err(|_| wrong())?;
            let whole = if base.is_ipv4() { 32 } else { 128 };
            let length = length.map_or(Ok(whole), number).map_err(|_| wrong())?;
            Ok(AllowWord::Prefix(base, length))
        }
    }
}

/// The only type of device that `vxbpf` makes.
pub(super) fn kind(text: &str) -> Result<(), String> {
    match text {
        "vxlan" => Ok(()),
        _ => Err(format!("\"{text}\" is not vxlan: `ip link` makes devices of other types")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_iproute2_reads_them() {
        assert_eq!(number("444"), Ok(444));
        assert_eq!(number("0x1bc"), Ok(444));
        assert_eq!(number("0674"), Ok(444));
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("99999999999999999999"), Ok(u64::MAX));
        for wrong in ["", "-1", "+1", "4a", "0x", "08", "1 "] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tos_is_hexadecimal() {
        assert_eq!(tos("10"), Ok(TosWord::Number(0x10)));
        assert_eq!(tos("0xb8"), Ok(TosWord::Number(0xb8)));
        assert!(tos("best").is_err());
    }

    #[test]
    fn an_address_is_of_one_family() {
        assert!(address("192.168.1.1").is_ok() && address("fd00::1").is_ok());
        for wrong in ["::ffff:10.0.0.1", "10.0.0.1/8", "any", "10.1", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_prefix_without_a_length_is_one_address() {
        assert_eq!(allow("10.0.0.1"), Ok(AllowWord::Prefix([10, 0, 0, 1].into(), 32)));
        assert_eq!(allow("10.0.0.0/8"), Ok(AllowWord::Prefix([10, 0, 0, 0].into(), 8)));
        assert!(allow("10.0.0.0/x").is_err());
    }
}
