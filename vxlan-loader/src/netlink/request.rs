//! One request and its answer: a change, a question about one object, a list.

use futures_util::StreamExt;
use libc::EINTR;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;

use super::Netlink;
use super::extack;

/// How often a list is asked for again that changed while it was read.
const LIST_ATTEMPTS: usize = 20;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The kernel said no.
    Errno {
        /// Positive errno.
        errno: i32,
        /// What the kernel says to it, if anything.
        message: Option<String>,
    },
    /// The answer did not come, or cannot be read.
    Lost,
}

impl Netlink {
    /// Asks for a change and waits until it is done. `flags`: `NLM_F_*` besides REQUEST and ACK.
    pub(super) fn change(&self, flags: u16, message: RouteNetlinkMessage) -> Result<(), Refusal> {
        self.request(NLM_F_REQUEST | NLM_F_ACK | flags, message).map(drop)
    }

    /// Asks about one object.
    pub(super) fn ask(&self, message: RouteNetlinkMessage) -> Result<RouteNetlinkMessage, Refusal> {
        // With ACK, so that an answer that netlink-packet-route cannot read is missed, not waited for.
        self.request(NLM_F_REQUEST | NLM_F_ACK, message)?.pop().ok_or(Refusal::Lost)
    }

    /// Asks for all objects of a kind; again if they changed meanwhile, so that the list is one state.
    pub(super) fn list(&self, message: &RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>, Refusal> {
        let mut attempts = 1;
        loop {
            match self.request(NLM_F_REQUEST | NLM_F_DUMP, message.clone()) {
                Err(Refusal::Errno { errno: EINTR, .. }) if attempts < LIST_ATTEMPTS => attempts += 1,
                answer => return answer,
            }
        }
    }

    fn request(&self, flags: u16, message: RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>, Refusal> {
        let mut request = NetlinkMessage::from(message);
        request.header.flags = flags;
        let mut handle = self.handle.clone();
        let mut answers = handle.request(request).map_err(|_| Refusal::Lost)?;
        self.runtime.block_on(async {
            let mut objects = Vec::new();
            let mut interrupted = false;
            while let Some(answer) = answers.next().await {
                interrupted |= answer.header.flags & NLM_F_DUMP_INTR != 0;
                let (code, message) = match answer.payload {
                    NetlinkPayload::InnerMessage(object) => {
                        objects.push(object);
                        continue;
                    }
                    NetlinkPayload::Error(error) => {
                        (error.raw_code(), extack::of_error(answer.header.flags, &error.header))
                    }
                    NetlinkPayload::Done(done) => (done.code, extack::message(&done.extended_ack)),
                    _ => return Err(Refusal::Lost),
                };
                return match code {
                    0 if interrupted => Err(Refusal::Errno { errno: EINTR, message: None }),
                    0 => Ok(objects),
                    code => Err(Refusal::Errno { errno: code.abs(), message }),
                };
            }
            Err(Refusal::Lost)
        })
    }
}
