//! The article's steps, one file each, on hosts made of network namespaces.
//!
//! A scenario is a function of the two sides that meet and of the wire between them. The macros
//! of [`sides`] turn it into tests with names such as
//! `row1_point_to_point::vxbpf_to_kernel::on_an_emulated_wire`.

#[macro_use]
mod sides;

mod harness;
mod load;

mod admission;
mod article;
mod bad_frames;
mod bad_input;
mod bindings;
mod bindings_attacked;
mod bpftool;
mod budget;
mod by_device;
mod fdb_batch;
mod fdb_life;
mod frames_of_all_kinds;
mod head_end;
mod lifetime;
mod mixed;
mod monitor;
mod mtu;
mod neigh_suppress;
mod next_hop;
mod proxy;
mod row1_point_to_point;
mod row2_multicast;
mod row3_containers;
mod row4_hand_kept_group;
mod row5_hand_kept_fdb;
mod row6_hand_kept_arp;
mod row7_on_demand;
mod row9_several_networks;
mod rsc;
mod throughput;
mod transit;
mod xdp;
mod xdp_left_to_tc;
mod xdp_traffic;
