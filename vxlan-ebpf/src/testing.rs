//! The engine on the host: both seams made of plain memory, and the tests of both pipelines.
//!
//! [`frame`] and [`tables`] are the seams, [`world`] is the host that the tests know, [`frames`], [`questions`]
//! and [`packets`] are what they send, [`journey`] sends it and holds every frame to the rules that all frames obey, [`short_cut`] to
//! that of the hook in front, and [`proof`] reads what came out without a line of the engine.

mod answer;
mod bind;
mod frame;
mod frames;
mod journey;
mod learning;
mod misses;
mod overlay;
mod packets;
mod passed_on;
mod proof;
mod questions;
mod random;
mod route;
mod short_cut;
mod tables;
mod underlay;
mod unfinished;
mod world;

use frame::{Bytes, Copied, How};
use frames::Inner;
use journey::{After, Way, outside, rx, tx};
use packets::{Checksummed, Packet};
use tables::{Counted, Host};
use world::*;
