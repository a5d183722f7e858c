//! Datagrams: single ones of chosen sizes, and bursts that the kernel cuts into segments.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use nix::sys::socket::{
    setsockopt,
    sockopt::{RcvBufForce, UdpGsoSegment},
};

use crate::{Netns, wait::SOON};

use super::stream::Stream;

/// The largest payload of one `send`: 65535 less the IPv4 and UDP headers, in bytes.
const LARGEST: usize = 65507;

/// The most segments that the kernel cuts one `send` into (UDP_MAX_SEGMENTS was 64 until 6.10).
const MOST_SEGMENTS: usize = 64;

/// Sends one datagram of each size from one namespace to `address`, which is in the other, and
/// has it sent back; both ways the content is compared.
///
/// # Panics
/// When a datagram is lost or differs.
#[track_caller]
pub fn udp_exchange(from: &Netns, to: &Netns, address: impl Into<IpAddr>, sizes: &[usize]) {
    let (client, server) = sockets(from, to, address.into());
    let mut buffer = vec![0; 1 << 16];
    for &size in sizes {
        let payload = Stream::bytes(size as u64, size);
        client.send(&payload).unwrap_or_else(|error| panic!("cannot send {size} bytes: {error}"));
        let (length, back) = server
            .recv_from(&mut buffer)
            .unwrap_or_else(|error| panic!("a datagram of {size} bytes is lost on its way there: {error}"));
        assert!(buffer[..length] == payload, "a datagram of {size} bytes arrived changed, as {length} bytes");
        server.send_to(&payload, back).unwrap_or_else(|error| panic!("cannot answer {size} bytes: {error}"));
        let length = client
            .recv(&mut buffer)
            .unwrap_or_else(|error| panic!("a datagram of {size} bytes is lost on its way back: {error}"));
        assert!(
            buffer[..length] == payload,
            "a datagram of {size} bytes came back changed, as {length} bytes"
        );
    }
}

/// Sends `count` datagrams of `segment` bytes, in batches that the kernel segments (UDP_SEGMENT),
/// and returns how many arrived. A batch is awaited before the next is sent, so that no queue on
/// the way has a reason to drop one.
///
/// # Panics
/// When a datagram arrives changed, in another size, or twice.
#[track_caller]
pub fn udp_gso_burst(
    from: &Netns,
    to: &Netns,
    address: impl Into<IpAddr>,
    segment: u16,
    count: usize,
) -> usize {
    let (client, server) = sockets(from, to, address.into());
    setsockopt(&client, UdpGsoSegment, &segment.into()).expect("UDP_SEGMENT");
    setsockopt(&server, RcvBufForce, &(4 << 20)).expect("a large receive buffer");
    let length = usize::from(segment);
    let mut arrived = vec![false; count];
    let all: Vec<usize> = (0..count).collect();
    for batch in all.chunks(MOST_SEGMENTS.min(LARGEST / length)) {
        let payload: Vec<u8> = batch.iter().flat_map(|&number| datagram(number, length)).collect();
        client.send(&payload).unwrap_or_else(|error| panic!("cannot send {} bytes: {error}", payload.len()));
        if !receive_batch(&server, length, batch.len(), &mut arrived) {
            break;
        }
    }
    arrived.iter().filter(|arrived| **arrived).count()
}

/// Receives the datagrams of one batch; false when one of them did not come.
fn receive_batch(server: &UdpSocket, length: usize, batch: usize, arrived: &mut [bool]) -> bool {
    let mut buffer = vec![0; 1 << 16];
    for _ in 0..batch {
        let Ok(received) = server.recv(&mut buffer) else { return false };
        let received = &buffer[..received];
        assert_eq!(received.len(), length, "the size of a segment");
        let number = u64::from_be_bytes(*received.first_chunk().expect("eight bytes of number"));
        let number = usize::try_from(number).expect("a number that was sent");
        assert!(received == datagram(number, length), "segment {number} arrived changed");
        assert!(!arrived[number], "segment {number} arrived twice");
        arrived[number] = true;
    }
    true
}

/// A datagram that begins with its number.
fn datagram(number: usize, length: usize) -> Vec<u8> {
    let mut bytes = Stream::bytes(number as u64, length);
    *bytes.first_chunk_mut().expect("eight bytes for the number") = (number as u64).to_be_bytes();
    bytes
}

/// A socket in `from` that is connected to one in `to`, both with a time limit.
fn sockets(from: &Netns, to: &Netns, address: IpAddr) -> (UdpSocket, UdpSocket) {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let server = to.within(|| UdpSocket::bind((address, 0))).expect("a receiving socket");
    let client = from.within(|| UdpSocket::bind((any, 0))).expect("a sending socket");
    let target = server.local_addr().expect("the address of the receiver");
    client.connect(target).unwrap_or_else(|error| panic!("no route to {target}: {error}"));
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(SOON)).expect("a read timeout");
    }
    (client, server)
}
