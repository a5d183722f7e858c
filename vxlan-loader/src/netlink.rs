//! What the kernel knows of devices, addresses and forwarding entries, and how it is told to change them.
//!
//! A [`Netlink`] belongs to the network namespace that its thread was in when it was made, and stays there.
//! Its methods wait for the kernel's answer: the runtime that rtnetlink wants lives inside. Nothing is
//! decided here: every method is one question or one change, and an error says which.

mod address;
mod change;
mod create;
mod entry;
mod error;
mod extack;
mod fdb;
mod link;
mod links;
mod netdev;
mod request;
mod vxlan;

use rtnetlink::Handle;
use rtnetlink::sys::AsyncSocket;
use tokio::runtime::{Builder, Runtime};

pub use change::VxlanChange;
pub use entry::{FdbFlags, KernelFdb, NudState};
pub use error::Error;
pub use link::{Link, LinkDetails, LinkStats};
#[cfg(test)]
pub use link::{LinkMode, OperState};
pub use netdev::XdpFeatures;
pub use vxlan::Vxlan;

/// What a method of [`Netlink`] returns.
pub type Result<T> = std::result::Result<T, Error>;

/// A conversation with the kernel about one network namespace.
pub struct Netlink {
    runtime: Runtime,
    handle: Handle,
}

impl Netlink {
    /// Opens a socket in the network namespace of this thread.
    pub fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build().map_err(Error::Socket)?;
        let handle = {
            let _inside = runtime.enter();
            let (mut connection, handle, _) =
                rtnetlink::new_connection_with_strict_check().map_err(Error::Socket)?;
            connection.socket_mut().socket_mut().set_ext_ack(true).map_err(Error::Socket)?;
            // An answer that merely ends could be a lost one: ask for the mark at its end.
            connection.set_forward_ack(true);
            connection.set_forward_done(true);
            runtime.spawn(connection);
            handle
        };
        Ok(Self { runtime, handle })
    }
}
