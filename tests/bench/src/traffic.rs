//! What containers say to each other, from threads of this process: one core sends, the other receives.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use vxlan_tests::Net;

use crate::{cpu, series::Sample};

/// What is lost is missed after this.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a stream runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(150);

/// What one `write` or `read` moves: more than a 64 KB segment.
const PORTION: usize = 256 << 10;

/// What a question and its answer carry.
const QUESTION: usize = 64;

/// One TCP stream from c1 to c2 for as long as `window` says; Gbit/s of payload that c2 received.
pub fn stream(net: &Net, window: Duration) -> Sample {
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    let listener = c2.within(|| TcpListener::bind((c2.ipv4, 0))).expect("a listening socket");
    let target = listener.local_addr().expect("its address");
    let sender = c1.within(|| TcpStream::connect_timeout(&target, PATIENCE)).expect("a connection");
    let (receiver, _) = listener.accept().expect("the accepted connection");
    let rate = thread::scope(|scope| {
        scope.spawn(|| send(sender));
        scope.spawn(|| receive(receiver, window)).join().expect("the receiver")
    });
    Sample::whole(rate)
}

fn send(mut socket: TcpStream) {
    cpu::pin(0);
    socket.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
    let buffer = vec![0x5a; PORTION];
    // The receiver ends it.
    while socket.write_all(&buffer).is_ok() {}
}

fn receive(mut socket: TcpStream, window: Duration) -> f64 {
    cpu::pin(1);
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    read_for(&mut socket, WARM_UP);
    let (bytes, elapsed) = read_for(&mut socket, window);
    // A peer that is gone meanwhile is fine.
    let _ended = socket.shutdown(Shutdown::Both);
    bytes as f64 * 8.0 / elapsed.as_secs_f64() / 1e9
}

/// Reads what comes until `window` is over; how many bytes, and how long it was.
fn read_for(socket: &mut TcpStream, window: Duration) -> (usize, Duration) {
    let mut buffer = vec![0; PORTION];
    let (start, mut bytes) = (Instant::now(), 0);
    while start.elapsed() < window {
        let more = socket.read(&mut buffer).expect("a stream that flows");
        assert!(more > 0, "the stream ended before its time");
        bytes += more;
    }
    (bytes, start.elapsed())
}

/// A UDP socket in c2, and one in c1 that is connected to it.
fn sockets(net: &Net) -> (UdpSocket, UdpSocket) {
    let c2 = net.container("c2");
    let server = c2.within(|| UdpSocket::bind((c2.ipv4, 0))).expect("a socket");
    let client = client(net, server.local_addr().expect("its address"));
    server.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    (client, server)
}

fn client(net: &Net, server: SocketAddr) -> UdpSocket {
    let c1 = net.container("c1");
    let client = c1.within(|| UdpSocket::bind((c1.ipv4, 0))).expect("a socket");
    client.connect(server).expect("a way to c2");
    client.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    client
}

/// Answers until an empty datagram comes, or nothing for long.
fn echo(server: &UdpSocket) {
    let mut buffer = [0; QUESTION];
    while let Ok((length, from)) = server.recv_from(&mut buffer) {
        if length == 0 || server.send_to(&buffer[..length], from).is_err() {
            return;
        }
    }
}

/// Asks `count` questions, one after the other; the time of each in microseconds, sorted. Both ends stay on one core,
/// so that no core has to be woken: what differs between sides is the way.
pub fn ping_pong(net: &Net, count: u64) -> Vec<f64> {
    let (client, server) = sockets(net);
    let mut times = thread::scope(|scope| {
        scope.spawn(|| {
            cpu::pin(0);
            echo(&server);
        });
        let times = scope.spawn(|| {
            cpu::pin(0);
            let mut buffer = [0; QUESTION];
            let times: Vec<f64> = (0..count)
                .map(|_| {
                    let start = Instant::now();
                    client.send(&[0x5a; QUESTION]).expect("a question sent");
                    client.recv(&mut buffer).expect("an answer");
                    start.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            client.send(&[]).expect("the end");
            times
        });
        times.join().expect("the client")
    });
    times.sort_by(f64::total_cmp);
    times
}

/// How many flows ask at the same time.
pub const FLOWS: usize = 32;

/// How many questions a flow asks before another takes its place.
const QUESTIONS: u64 = 128;

/// [`FLOWS`] questions on their way at any time; `generations` times all flows are replaced by new ones; answers a
/// second.
pub fn many_flows(net: &Net, generations: u64) -> Sample {
    let (last, server) = sockets(net);
    let address = server.local_addr().expect("its address");
    let flows: Vec<Vec<UdpSocket>> =
        (0..generations).map(|_| (0..FLOWS).map(|_| client(net, address)).collect()).collect();
    let (answers, elapsed) = thread::scope(|scope| {
        scope.spawn(|| {
            cpu::pin(1);
            echo(&server);
        });
        let asking = scope.spawn(|| {
            cpu::pin(0);
            let start = Instant::now();
            let answers: u64 = flows.iter().map(|flows| ask(flows)).sum();
            let elapsed = start.elapsed();
            last.send(&[]).expect("the end");
            (answers, elapsed)
        });
        asking.join().expect("the client")
    });
    let sent = generations * FLOWS as u64 * QUESTIONS;
    Sample { value: answers as f64 / elapsed.as_secs_f64(), sent, arrived: answers }
}

/// Has each of some flows ask all its questions; how many were answered.
fn ask(flows: &[UdpSocket]) -> u64 {
    let mut buffer = [0; QUESTION];
    let mut answers = 0;
    for turn in 0..=QUESTIONS {
        for flow in flows {
            if turn > 0 {
                answers += u64::from(flow.recv(&mut buffer).is_ok());
            }
            if turn < QUESTIONS {
                flow.send(&[0x5a; QUESTION]).expect("a question sent");
            }
        }
    }
    answers
}
