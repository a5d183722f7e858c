//! Data sent through the network and compared, byte for byte, at the far end.
//!
//! The sockets are made inside the two namespaces and used from outside; everything has a time
//! limit, so that a lost packet ends a test and does not hang it.

mod stream;
mod tcp;
mod udp;

use std::{fmt, time::Duration};

pub use tcp::tcp_transfer;
pub use udp::{udp_exchange, udp_gso_burst};

/// The size of a transfer that fills every queue on its way.
pub const BIG: u64 = 64 << 20;

/// A transfer in which nothing moves for so long has failed.
const STALLED: Duration = Duration::from_secs(10);

/// How much was moved, and in what time.
#[derive(Clone, Copy, Debug)]
pub struct Throughput {
    /// Bytes of payload.
    pub bytes: u64,
    /// From the first byte written to the last byte read.
    pub elapsed: Duration,
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = Duration::from_nanos(self.bytes * 8);
        let gbit_per_second = bits.div_duration_f64(self.elapsed);
        write!(f, "{} bytes in {:?}: {gbit_per_second:.2} Gbit/s", self.bytes, self.elapsed)
    }
}
