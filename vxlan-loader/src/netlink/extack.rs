//! The sentence that the kernel adds to an error (NETLINK_EXT_ACK, Linux 4.12).

use netlink_packet_core::NlasIterator;

/// `NLM_F_CAPPED`: of the request only its header was sent back.
const CAPPED: u16 = 0x100;
/// `NLM_F_ACK_TLVS`: attributes follow what was sent back.
const ATTRIBUTES: u16 = 0x200;
/// `NLMSGERR_ATTR_MSG`.
const MESSAGE: u16 = 1;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// The kernel's sentence behind `sent_back`, which is the part of an NLMSG_ERROR after the code.
pub(super) fn of_error(flags: u16, sent_back: &[u8]) -> Option<String> {
    if flags & ATTRIBUTES == 0 {
        return None;
    }
    let length = u32::from_ne_bytes(*sent_back.first_chunk()?) as usize;
    let skip = if flags & CAPPED != 0 { HEADER } else { length.next_multiple_of(4) };
    message(sent_back.get(skip..)?)
}

/// The kernel's sentence among these attributes, in one line.
pub(super) fn message(attributes: &[u8]) -> Option<String> {
    let attribute = NlasIterator::new(attributes).flatten().find(|attribute| attribute.kind() == MESSAGE)?;
    let text = String::from_utf8_lossy(attribute.value());
    let text = text.trim_end_matches('\0').split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attribute of type 1 that says "no".
    const NO: [u8; 8] = [7, 0, 1, 0, b'n', b'o', 0, 0];

    fn sent_back(length: u32, rest: &[&[u8]]) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.resize(HEADER, 0);
        rest.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes
    }

    #[test]
    fn the_sentence_is_found_behind_the_whole_request() {
        let bytes = sent_back(18, &[&[0xaa; 4], &NO]);
        assert_eq!(of_error(ATTRIBUTES, &bytes).as_deref(), Some("no"));
    }

    #[test]
    fn the_sentence_is_found_behind_a_capped_request() {
        let bytes = sent_back(99, &[&NO]);
        assert_eq!(of_error(ATTRIBUTES | CAPPED, &bytes).as_deref(), Some("no"));
    }

    #[test]
    fn no_sentence_is_no_error() {
        assert_eq!(of_error(0, &sent_back(16, &[&NO])), None);
        assert_eq!(of_error(ATTRIBUTES, &sent_back(400, &[&NO])), None);
        assert_eq!(of_error(ATTRIBUTES, &[]), None);
        assert_eq!(message(&[1, 2, 3]), None);
    }
}
