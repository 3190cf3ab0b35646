//! How many event streams are open, in all and by address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{client::ClientAddress, error::ApiError, limits::HttpLimits};

/// What a client that was refused is told to wait.
const WAIT: Duration = Duration::from_secs(10);

/// Counts open streams.
#[derive(Clone)]
pub struct StreamSlots {
    total: usize,
    per_address: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl StreamSlots {
    /// None is open yet.
    pub fn new(limits: &HttpLimits) -> Self {
        let (total, per_address) = (limits.streams as usize, limits.streams_per_address as usize);
        Self { total, per_address, open: Arc::default() }
    }

    /// A place for one more stream, given back when it is dropped.
    pub(super) fn take(&self, client: ClientAddress) -> Result<StreamSlot, ApiError> {
        let mut open = self.open();
        if open.total >= self.total {
            let message = format!("all {} event streams of this server are in use", self.total);
            return Err(ApiError::unavailable(message).retry_after(WAIT));
        }
        let address = client.bucket();
        if open.by_address.get(&address).copied().unwrap_or(0) >= self.per_address {
            let message = format!("this address has {} event streams already", self.per_address);
            return Err(ApiError::too_many(message)
                .help("tabs of one browser can share a stream; CASCADE_STREAMS_PER_ADDRESS raises the limit")
                .retry_after(WAIT));
        }
        open.total += 1;
        *open.by_address.entry(address).or_default() += 1;
        Ok(StreamSlot { slots: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one open stream.
pub(super) struct StreamSlot {
    slots: StreamSlots,
    address: IpAddr,
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut open = self.slots.open();
        open.total -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}
