//! Whatever is announced, where and when: nobody has more than its places, and nobody is believed for another.

use proptest::prelude::*;
use vxlan_common::Mac;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever is announced where and when, no port has more than its places, and each binding one of its own.
    #[test]
    fn places_are_never_shared_nor_too_many(
        limit in 1_u32..12,
        said in prop::collection::vec((0_u16..20, 0_usize..3, 0_u8..3, 0_u32..20), 0..120),
    ) {
        let host = binder(limit);
        let ports = [PORT_1, PORT_2, VTEP];
        for (address, port, mac, pause) in said {
            let mac = Mac([2, 7, 0, 0, 0, mac]);
            host.say(&announcement(mac, numbered(address)), ports[port]);
            host.wait(pause.saturating_sub(15));
            for port in ports {
                prop_assert!(host.learned_at(port) <= limit as usize);
            }
            host.assert_places_are_sound(limit);
        }
    }

    #[test]
    fn bent_announcements_end_in_one_counter_and_are_believed_of_their_source_only(
        options in prop::collection::vec(any::<u8>(), 0..60),
        is_arp in any::<bool>(),
        changes in prop::collection::vec((0_usize..130, any::<u8>()), 0..6),
        length in 0_usize..150,
        from_device in any::<bool>(),
    ) {
        let mut bytes = if is_arp {
            announcement(C1, ADDRESS).bytes()
        } else {
            advertisement(C1, v6(2)).bent(|na| na.options.extend(options)).bytes()
        };
        for (at, byte) in changes {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        bytes.truncate(length);
        let host = binder(4);
        let from = if from_device { VTEP } else { PORT_1 };
        prop_assert!(host.send(bytes.clone(), from).counted.is_some());
        for entry in host.neighbours.borrow().values() {
            prop_assert_eq!(&bytes[6..12], &entry.mac().0);
        }
    }
}
