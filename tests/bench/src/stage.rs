//! Two hosts with a container on each, joined in one of four ways. The same for all: the veth between the hosts, the
//! containers, their addresses; no IPv6, so that nobody says what was not asked; neighbours of containers known.

use aya::Ebpf;
use vxlan_tests::{Host, Net, Netns, Side, Topology, Wire, expect_ping};

use crate::programs::Object;

/// How the containers are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The kernel's vxlan device in a bridge: what people use.
    Kernel,
    /// vxbpf, the containers' veths as direct ports, TC.
    Tc,
    /// The same, XDP.
    Xdp,
    /// Two TC programs that redirect: no data plane at this hook can be faster.
    Floor,
    /// The floor and a constant outer header: no VXLAN data plane at this hook can be faster.
    EncapOnly,
    /// Nothing: the bench puts something there itself.
    Bare,
}

impl Way {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Tc => "vxbpf",
            Self::Xdp => "vxbpf xdp",
            Self::Floor => "floor",
            Self::EncapOnly => "encap-only",
            Self::Bare => "bare",
        }
    }
}

/// Two hosts that are up. Programs go before the network.
pub struct Stage {
    /// How they are joined.
    pub way: Way,
    /// The bench's own programs.
    _programs: Vec<Ebpf>,
    /// Hosts `a` and `b`, containers `c1` on `a` and `c2` on `b`.
    pub net: Net,
}

/// Where the other host is.
pub fn ends(net: &Net) -> [(&Host, &vxlan_tests::Container, std::net::Ipv4Addr); 2] {
    let (a, b) = (net.host("a"), net.host("b"));
    [(a, net.container("c1"), b.address), (b, net.container("c2"), a.address)]
}

impl Stage {
    /// Builds it.
    pub fn new(object: &Object, way: Way, wire: Wire) -> Self {
        Self::with(object, way, wire, "")
    }

    /// The same with more options of the vxlan device.
    pub fn with(object: &Object, way: Way, wire: Wire, options: &str) -> Self {
        let stage = Self::unproven(object, way, wire, options);
        if way != Way::Bare {
            let (c1, c2) = (stage.net.container("c1"), stage.net.container("c2"));
            expect_ping(c1, c2.ipv4, 2);
        }
        stage
    }

    /// The same, and nobody has sent anything yet.
    pub fn unproven(object: &Object, way: Way, wire: Wire, options: &str) -> Self {
        let side = if matches!(way, Way::Tc | Way::Xdp) { Side::Vxbpf } else { Side::Kernel };
        let name = way.name().replace(' ', "-");
        let net = Topology::new(&name).cabled().wire(wire).host("a", side).host("b", side);
        let net = net.container("c1").on("a").container("c2").on("b").up();
        for host in net.hosts() {
            quiet(host);
        }
        let mut programs = Vec::new();
        for (host, container, remote) in ends(&net) {
            quiet(container);
            join(object, way, host, &container.port(), remote, options, &mut programs);
        }
        let (c1, c2) = (net.container("c1"), net.container("c2"));
        for (from, to) in [(c1, c2), (c2, c1)] {
            from.run(&format!("ip neigh replace {} lladdr {} dev eth0 nud permanent", to.ipv4, to.mac));
        }
        Self { way, _programs: programs, net }
    }
}

/// Nobody speaks unasked.
fn quiet(netns: &Netns) {
    for scope in ["default", "all"] {
        let key = format!("ipv6/conf/{scope}/disable_ipv6");
        if netns.has(&key) {
            netns.set(&key, "1");
        }
    }
    // A bridge that asks netfilter about each frame is slower, and only the kernel's side has one.
    if netns.has("bridge/bridge-nf-call-iptables") {
        netns.set("bridge/bridge-nf-call-iptables", "0");
    }
}

fn join(
    object: &Object,
    way: Way,
    host: &Host,
    port: &str,
    remote: std::net::Ipv4Addr,
    options: &str,
    programs: &mut Vec<Ebpf>,
) {
    let local = host.address;
    let vtep = format!("id 444 dstport 4789 remote {remote} local {local} dev eth0 {options}");
    let tc = |program, device, target| object.attach_tc(program, host, device, target);
    match way {
        Way::Kernel => {
            host.link_add("vxlan1", &vtep);
            host.bridge("br0", &["vxlan1", port]);
        }
        Way::Tc | Way::Xdp => {
            let mode = if way == Way::Xdp { "xdp" } else { "tc" };
            host.link_add("vxlan1", &format!("{vtep} mode {mode}"));
            host.run("ip link set dev vxlan1 up");
            host.vxbpf(&format!("port add {port} --vni 444 --mode {mode}"));
        }
        Way::Floor => {
            programs.push(tc("bench_tc_deliver", "eth0", port));
            programs.push(tc("bench_tc_forward", port, "eth0"));
        }
        Way::EncapOnly => {
            programs.push(tc("bench_tc_decap", "eth0", port));
            programs.push(tc("bench_tc_encap", port, "eth0"));
        }
        Way::Bare => {}
    }
}
