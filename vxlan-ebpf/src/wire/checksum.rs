//! The Internet checksum (RFC 1071) and its update (RFC 1624).

/// Sum of the 16-bit words of `bytes`, not folded. An odd last byte counts as a high one. At most 64 KiB.
#[inline(always)]
pub fn sum(bytes: &[u8]) -> u32 {
    let (words, odd) = bytes.as_chunks::<2>();
    let last = odd.first().map_or(0, |&byte| u32::from(byte) << 8);
    words.iter().fold(last, |sum, &word| sum.wrapping_add(u32::from(u16::from_be_bytes(word))))
}

/// The sum in 16 bits.
#[inline(always)]
pub const fn fold(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}

/// The checksum field for a sum.
#[inline(always)]
pub const fn finish(sum: u32) -> [u8; 2] {
    (!fold(sum)).to_be_bytes()
}

/// The field after one 16-bit word of what it covers changed from `old` to `new`.
#[inline(always)]
pub const fn update(field: [u8; 2], old: u16, new: u16) -> [u8; 2] {
    let sum = (!u16::from_be_bytes(field)) as u32 + (!old) as u32 + new as u32;
    finish(sum)
}

/// Sum of a pseudo header over IPv4 (RFC 768).
#[inline(always)]
pub fn pseudo4(source: [u8; 4], destination: [u8; 4], protocol: u8, length: u16) -> u32 {
    sum(&source) + sum(&destination) + u32::from(protocol) + u32::from(length)
}

/// Sum of a pseudo header over IPv6 (RFC 8200 section 8.1).
#[inline(always)]
pub fn pseudo6(source: &[u8; 16], destination: &[u8; 16], next_header: u8, length: u16) -> u32 {
    sum(source) + sum(destination) + u32::from(next_header) + u32::from(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071() {
        assert_eq!(fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2);
    }

    #[test]
    fn an_odd_byte_is_padded_with_zero() {
        assert_eq!(sum(&[0x12, 0x34, 0x56]), 0x1234 + 0x5600);
    }

    #[test]
    fn the_example_of_rfc_1624() {
        assert_eq!(update([0xdd, 0x2f], 0x5555, 0x3285), [0x00, 0x00]);
    }
}
