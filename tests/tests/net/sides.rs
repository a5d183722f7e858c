//! Which sides a scenario is run between: vxbpf on both, and vxbpf on either against the kernel.
//!
//! A scenario is a `fn(Side, Side, Wire)`. It is given as `super::its_name`, since each pair of
//! sides is a module of its own. `with_the_kernel_alone` adds the pair without vxbpf: it says
//! nothing about this project, and proves that the scenario asks for nothing impossible.

macro_rules! between_all_sides {
    ($scenario:path) => {
        between!(vxbpf_to_vxbpf, $scenario, Vxbpf, Vxbpf);
        between!(vxbpf_to_kernel, $scenario, Vxbpf, Kernel);
        between!(kernel_to_vxbpf, $scenario, Kernel, Vxbpf);
    };
    ($scenario:path, with_the_kernel_alone) => {
        between_all_sides!($scenario);
        between!(kernel_to_kernel_proves_the_harness, $scenario, Kernel, Kernel);
    };
}

macro_rules! between {
    ($pair:ident, $scenario:path, $a:ident, $b:ident) => {
        mod $pair {
            use vxlan_tests::{Side, Wire};

            #[test]
            fn on_a_veth() {
                $scenario(Side::$a, Side::$b, Wire::Veth);
            }

            #[test]
            fn on_an_emulated_wire() {
                $scenario(Side::$a, Side::$b, Wire::Emulated);
            }
        }
    };
}
