//! `aya::Pod` for the map types: the crate's only unsafe code.

macro_rules! pod {
    ($($name:ident),* $(,)?) => {
        $(
            // SAFETY: the type is `bytemuck::Pod`, whose derive proves `repr(C)`, no padding, any bits valid.
            unsafe impl aya::Pod for crate::$name {}
            const _: fn() = || {
                fn proven<T: bytemuck::Pod>() {}
                proven::<crate::$name>();
            };
        )*
    };
}

pod!(
    AdmitKey,
    AllowKey,
    Binder,
    Count,
    CountKey,
    Device,
    Event,
    FdbEntry,
    FdbKey,
    FloodList,
    Known,
    Listener,
    LocalAddress,
    NeighEntry,
    NeighKey,
    NextHop,
    Overlay,
    OverlayKey,
    Place,
    PlaceKey,
    Port,
    Remote,
    RemoteKey,
    RemoteTraffic,
    Subject,
    Unicast,
);
