//! The engine on the host: both seams made of plain memory, and the tests of both pipelines.

mod frame;
mod learning;
mod overlay;
mod random;
mod tables;
mod underlay;
mod world;

use frame::{Bytes, Copied};
use tables::Host;
use world::*;
