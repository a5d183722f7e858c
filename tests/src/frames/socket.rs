//! Sending and receiving whole frames on a device (AF_PACKET, see packet(7)).

use std::{
    os::fd::{AsRawFd, OwnedFd},
    time::{Duration, Instant},
};

use nix::{
    ifaddrs::getifaddrs,
    sys::{
        socket::{
            AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvfrom, send,
            setsockopt, socket, sockopt::ReceiveTimeout,
        },
        time::TimeVal,
    },
};

use crate::Netns;

/// How long one question to the kernel may last, in microseconds: the grain of every time limit.
const PATIENCE: i64 = 20_000;

/// `sll_pkttype` of a frame that the device sent itself (PACKET_OUTGOING, see packet(7)).
const OUTGOING: u8 = 4;

/// A socket on one device of a namespace. It sends frames as they are, and receives what the
/// device receives, not what it sends.
///
/// The kernel takes an 802.1Q tag out of a received frame, so tags do not show here: to see them,
/// capture.
pub struct FrameSocket {
    socket: OwnedFd,
    device: usize,
}

impl FrameSocket {
    /// Opens it. Frames that the device receives from now on are kept until they are asked for.
    ///
    /// # Panics
    /// When there is no such device.
    pub fn open(netns: &Netns, device: &str) -> Self {
        netns.within(|| {
            let address = link_address(device).unwrap_or_else(|| panic!("no device {device}"));
            let kind = (SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll);
            let socket =
                socket(AddressFamily::Packet, SockType::Raw, kind.0, kind.1).expect("a packet socket");
            bind(socket.as_raw_fd(), &address)
                .unwrap_or_else(|error| panic!("cannot bind to {device}: {error}"));
            setsockopt(&socket, ReceiveTimeout, &TimeVal::new(0, PATIENCE)).expect("a receive timeout");
            Self { socket, device: address.ifindex() }
        })
    }

    /// Sends one frame.
    ///
    /// # Panics
    /// When the device refuses it.
    pub fn send(&self, frame: &[u8]) {
        assert_eq!(self.try_send(frame), Ok(frame.len()), "sending a frame");
    }

    /// Sends one frame that the device may refuse; returns whether it took it.
    pub fn offer(&self, frame: &[u8]) -> bool {
        self.try_send(frame) == Ok(frame.len())
    }

    fn try_send(&self, frame: &[u8]) -> nix::Result<usize> {
        send(self.socket.as_raw_fd(), frame, MsgFlags::empty())
    }

    /// The next frame that meets a condition, if it comes within `limit`. Others are dropped.
    pub fn receive(&self, limit: Duration, mut condition: impl FnMut(&[u8]) -> bool) -> Option<Vec<u8>> {
        let start = Instant::now();
        let mut buffer = vec![0; 1 << 16];
        while start.elapsed() < limit {
            // An error is the patience running out, or the device going down for a moment.
            let Ok((length, from)) = recvfrom::<LinkAddr>(self.socket.as_raw_fd(), &mut buffer) else {
                continue;
            };
            // Before it was bound the socket saw the frames of every device.
            let received =
                from.is_some_and(|from| from.ifindex() == self.device && from.pkttype() != OUTGOING);
            if received && condition(&buffer[..length]) {
                return Some(buffer[..length].to_vec());
            }
        }
        None
    }

    /// Everything received until a frame meets a condition, that frame included: what did not
    /// come before it did not come.
    ///
    /// # Panics
    /// When no such frame comes within `limit`.
    #[track_caller]
    pub fn receive_until(&self, limit: Duration, mut last: impl FnMut(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let found = self.receive(limit, |frame| {
            frames.push(frame.to_vec());
            last(frame)
        });
        assert!(found.is_some(), "the frame that was waited for is not among the {} received", frames.len());
        frames
    }
}

/// The link-layer address by which the kernel knows a device of this thread's namespace.
fn link_address(device: &str) -> Option<LinkAddr> {
    let mut addresses = getifaddrs().ok()?.filter(|address| address.interface_name == device);
    addresses.find_map(|address| address.address?.as_link_addr().copied())
}
