//! Tells the compiler where the eBPF object is that the binary embeds.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=VXBPF_OBJECT");
    let object = env::var_os("VXBPF_OBJECT").map_or_else(default, PathBuf::from);
    println!("cargo:rerun-if-changed={}", object.display());
    match object.canonicalize() {
        Ok(object) => println!("cargo:rustc-env=VXBPF_OBJECT_FILE={}", object.display()),
        Err(_) => println!(
            "cargo::error=there is no eBPF object at {}: run `cargo xtask build-ebpf` first, or name one in VXBPF_OBJECT",
            object.display()
        ),
    }
}

/// Where `cargo xtask build-ebpf` puts it.
fn default() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    Path::new(&package).join("../target/bpf/vxbpf.o")
}
