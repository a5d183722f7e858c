//! One TCP stream, hashed at both ends.

use std::{
    io::{Read, Write},
    net::{IpAddr, Shutdown, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{Netns, wait::SOON};

use super::{STALLED, Throughput, stream::Stream};

/// No transfer takes longer, even when it crawls along without stalling.
const LIMIT: Duration = Duration::from_secs(120);

/// How much is written or read at once, in bytes: enough for full 64 KB segments.
const PORTION: usize = 256 << 10;

/// Sends `bytes` bytes over TCP from one namespace to `address`, which is in the other.
///
/// # Panics
/// When the connection cannot be made, stalls, is cut short, or what arrives is not what was sent
/// (SHA-256 at both ends).
#[track_caller]
pub fn tcp_transfer(from: &Netns, to: &Netns, address: impl Into<IpAddr>, bytes: u64) -> Throughput {
    let address = address.into();
    let listener = to.within(|| TcpListener::bind((address, 0))).expect("a listening socket");
    let target = listener.local_addr().expect("the address of the listener");
    let sender = from
        .within(|| TcpStream::connect_timeout(&target, SOON))
        .unwrap_or_else(|error| panic!("no connection from {} to {target}: {error}", from.name()));
    let (receiver, _) = listener.accept().expect("the accepted connection");

    let start = Instant::now();
    let (sent, received) = thread::scope(|scope| {
        let sending = scope.spawn(|| send(sender, bytes, start));
        let receiving = scope.spawn(|| receive(receiver, start));
        (sending.join().expect("the sender"), receiving.join().expect("the receiver"))
    });
    let elapsed = start.elapsed();
    assert_eq!(received.bytes, bytes, "bytes received of the {bytes} sent to {target}");
    assert_eq!(received.hash, sent.hash, "SHA-256 of {bytes} bytes received and sent to {target}");
    Throughput { bytes, elapsed }
}

/// What one end saw of the stream.
struct Seen {
    bytes: u64,
    hash: Vec<u8>,
}

fn send(mut socket: TcpStream, bytes: u64, start: Instant) -> Seen {
    socket.set_write_timeout(Some(STALLED)).expect("a write timeout");
    let (mut stream, mut hash) = (Stream::new(bytes), Sha256::new());
    let mut buffer = vec![0; PORTION];
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(PORTION).min(PORTION);
        let portion = &mut buffer[..length];
        stream.fill(portion);
        hash.update(&*portion);
        socket
            .write_all(portion)
            .unwrap_or_else(|error| panic!("sending stalled, {left} bytes left: {error}"));
        left -= length as u64;
        assert!(start.elapsed() < LIMIT, "sending takes too long, {left} bytes left");
    }
    socket.shutdown(Shutdown::Write).expect("the end of the stream");
    Seen { bytes, hash: hash.finalize().to_vec() }
}

fn receive(mut socket: TcpStream, start: Instant) -> Seen {
    socket.set_read_timeout(Some(STALLED)).expect("a read timeout");
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PORTION];
    let mut bytes = 0;
    loop {
        let length = socket
            .read(&mut buffer)
            .unwrap_or_else(|error| panic!("receiving stalled after {bytes} bytes: {error}"));
        if length == 0 {
            return Seen { bytes, hash: hash.finalize().to_vec() };
        }
        hash.update(&buffer[..length]);
        bytes += length as u64;
        assert!(start.elapsed() < LIMIT, "receiving takes too long, {bytes} bytes so far");
    }
}
