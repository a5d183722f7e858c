//! What XDP can do at a device: the generic netlink family `netdev` (Linux 6.3).

use futures_util::StreamExt;
use libc::{ENODEV, ENOENT};
use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload, Nla, NlasIterator,
    ParseableParametrized,
};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};
use vxlan_common::IfIndex;

use super::request::Refusal;
use super::{Error, Netlink, Result};

/// `NETDEV_CMD_DEV_GET`.
const DEV_GET: u8 = 1;
/// `NETDEV_A_DEV_IFINDEX`.
const IFINDEX: u16 = 1;
/// `NETDEV_A_DEV_XDP_FEATURES`.
const XDP_FEATURES: u16 = 3;

/// Bits of `NETDEV_XDP_ACT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct XdpFeatures(pub u64);

impl XdpFeatures {
    const BASIC: u64 = 1 << 0;
    const REDIRECT: u64 = 1 << 1;
    const NDO_XMIT: u64 = 1 << 2;

    /// Whether its driver runs XDP programs itself, and lets them redirect.
    pub const fn is_native(self) -> bool {
        let needed = Self::BASIC | Self::REDIRECT;
        self.0 & needed == needed
    }

    /// Whether XDP programs can redirect to it; a veth: whether its other end polls.
    pub const fn takes_redirected(self) -> bool {
        self.0 & Self::NDO_XMIT != 0
    }
}

impl Netlink {
    /// What XDP can do at device `index`; nothing, if it is gone or the kernel does not tell. (A list of all devices comes
    /// without the flag of a list, which netlink-proto needs.)
    pub fn xdp_features(&self, index: IfIndex) -> Result<XdpFeatures> {
        let asked = self.runtime.block_on(async {
            let (connection, mut handle, _) = genetlink::new_connection().map_err(Error::Socket)?;
            let driver = tokio::spawn(connection);
            let answer = ask(&mut handle, index).await;
            driver.abort();
            Ok(answer)
        })?;
        match asked {
            Err(Refusal::Errno { errno: ENOENT | ENODEV, .. }) => Ok(XdpFeatures::default()),
            asked => asked
                .map_err(|refusal| refusal.to(format!("cannot ask what XDP can do at device {}", index.0))),
        }
    }
}

async fn ask(
    handle: &mut genetlink::GenetlinkHandle,
    index: IfIndex,
) -> std::result::Result<XdpFeatures, Refusal> {
    let which = DefaultNla::new(IFINDEX, index.0.to_ne_bytes().to_vec());
    let mut message = NetlinkMessage::from(GenlMessage::from_payload(Device(vec![which])));
    message.header.flags = NLM_F_REQUEST;
    let mut answers = handle.request(message).await.map_err(|error| refusal(&error))?;
    match answers.next().await.ok_or(Refusal::Lost)?.map_err(|_| Refusal::Lost)?.payload {
        NetlinkPayload::InnerMessage(message) => Ok(message.payload.features()),
        NetlinkPayload::Error(error) => Err(Refusal::Errno { errno: error.raw_code().abs(), message: None }),
        _ => Err(Refusal::Lost),
    }
}

/// A kernel without the family answers with ENOENT.
fn refusal(error: &genetlink::GenetlinkError) -> Refusal {
    match error {
        genetlink::GenetlinkError::NetlinkError(error) => {
            Refusal::Errno { errno: error.raw_os_error().unwrap_or_default(), message: None }
        }
        _ => Refusal::Lost,
    }
}

/// The attributes of a message of the family.
#[derive(Clone, Debug)]
struct Device(Vec<DefaultNla>);

impl Device {
    fn features(&self) -> XdpFeatures {
        let features = self.0.iter().find(|attribute| attribute.kind() == XDP_FEATURES);
        let number = features.and_then(|features| {
            let mut bytes = vec![0; features.value_len()];
            features.emit_value(&mut bytes);
            bytes.try_into().ok()
        });
        XdpFeatures(number.map_or(0, u64::from_ne_bytes))
    }
}

impl GenlFamily for Device {
    fn family_name() -> &'static str {
        "netdev"
    }

    fn command(&self) -> u8 {
        DEV_GET
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for Device {
    fn buffer_len(&self) -> usize {
        self.0.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.0.as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Device {
    fn parse_with_param(bytes: &[u8], _: GenlHeader) -> std::result::Result<Self, DecodeError> {
        let attributes = NlasIterator::new(bytes)
            .map(|attribute| {
                attribute.and_then(|attribute| netlink_packet_core::Parseable::parse(&attribute))
            })
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self(attributes))
    }
}
