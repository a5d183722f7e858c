//! `fdb flush`: which entries go.

use std::net::IpAddr;

use clap::Args;

use super::Refusal;
use super::check::Check;
use super::fdb::{NO_GROUPS, port};
use super::value;
use crate::request::FdbFilter;

/// `vxbpf fdb flush dev DEV [dst IP] [port PORT] [vni VNI] [src_vni VNI] [[no]permanent] ...`
#[derive(Args, Debug)]
pub struct FdbFlush {
    /// VTEP device
    #[arg(long, visible_alias = "brport", value_name = "DEV")]
    pub dev: String,
    /// Behind this VTEP
    #[arg(long, value_name = "ADDR", value_parser = value::address)]
    pub dst: Option<IpAddr>,
    /// With this UDP port
    #[arg(long, value_name = "PORT", value_parser = value::number)]
    pub port: Option<u64>,
    /// With this VNI
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub vni: Option<u64>,
    /// VNI of the overlay
    #[arg(long, value_name = "VNI", value_parser = value::number)]
    pub src_vni: Option<u64>,
    /// Next hop group
    #[arg(long, hide = true, value_name = "ID", value_parser = value::number)]
    pub nhid: Option<u64>,
    /// What is or is not so.
    #[command(flatten)]
    pub conditions: Conditions,
}

macro_rules! conditions {
    ($($yes:ident $no:ident $long:literal $no_long:literal: $help:literal;)*) => {
        /// Pairs of flags: it is so, or it is not.
        #[derive(Args, Debug, Default)]
        pub struct Conditions {
            $(
                #[arg(long = $long, help = $help, overrides_with = stringify!($yes), conflicts_with = stringify!($no))]
                $yes: bool,
                #[arg(long = $no_long, help = concat!("The opposite of --", $long), overrides_with = stringify!($no))]
                $no: bool,
            )*
        }

        impl Conditions {
            $(
                fn $yes(&self) -> Option<bool> {
                    (self.$yes || self.$no).then_some(self.$yes)
                }
            )*
        }
    };
}

conditions! {
    permanent no_permanent "permanent" "no-permanent": "In state permanent";
    fixed no_static "static" "no-static": "In state static";
    dynamic no_dynamic "dynamic" "no-dynamic": "Those that age";
    extern_learn no_extern_learn "extern-learn" "no-extern-learn": "Set by a control plane";
    sticky no_sticky "sticky" "no-sticky": "Those that never move";
    router no_router "router" "no-router": "Routers";
    added_by_user no_added_by_user "added-by-user" "no-added-by-user": "Set by a user or a control plane";
}

impl FdbFlush {
    /// Which entries go.
    pub fn filter(&self) -> Result<FdbFilter, Refusal> {
        let check = Check { object: &self.dev };
        if self.nhid.is_some() {
            return Err(Refusal::Unsupported { object: self.dev.clone(), option: "nhid", remedy: NO_GROUPS });
        }
        let conditions = &self.conditions;
        Ok(FdbFilter {
            dst: self.dst,
            port: port(&check, self.port)?,
            vni: self.vni.map(|vni| check.vni(vni)).transpose()?,
            src_vni: self.src_vni.map(|vni| check.vni(vni)).transpose()?,
            permanent: conditions.permanent(),
            fixed: conditions.fixed(),
            dynamic: conditions.dynamic(),
            extern_learn: conditions.extern_learn(),
            sticky: conditions.sticky(),
            router: conditions.router(),
            added_by_user: conditions.added_by_user(),
        })
    }
}
