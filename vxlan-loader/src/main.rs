//! `vxbpf`: a VXLAN (RFC 7348) tunnel endpoint whose data plane is eBPF, in the words of `ip` and `bridge`.
//!
//! ```text
//! argv -> words (ip's spelling) -> cli (clap, typed) -> commands (a verb family a file)
//!                                                          |             |
//!                                                       overlays       output (text, JSON)
//!                                                       |      |
//!                                                  datapath  netlink
//! ```

mod cli;
mod commands;
mod datapath;
mod namespace;
mod netlink;
mod output;
mod overlays;
mod request;
mod sysctl;
mod vtep;
mod words;

use std::env;
use std::io::Write;
use std::process::ExitCode;

use log::Level;

fn main() -> ExitCode {
    let filter = env_logger::Env::default().default_filter_or("warn");
    env_logger::Builder::from_env(filter)
        .format(|out, record| match record.level() {
            Level::Error => writeln!(out, "vxbpf: {}", record.args()),
            Level::Warn => writeln!(out, "vxbpf: warning: {}", record.args()),
            Level::Info | Level::Debug | Level::Trace => {
                writeln!(out, "vxbpf: {}: {}", record.target(), record.args())
            }
        })
        .init();
    // No device, file or word of ours is other than UTF-8; what is not is shown as it can be and not found.
    let words: Vec<String> = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    commands::run(&words)
}
