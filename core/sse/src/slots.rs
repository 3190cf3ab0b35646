//! How many event streams are open, in all and by address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Why there is no room for one more stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSlot {
    /// The server has as many as it may.
    #[error("all {0} event streams of this server are in use")]
    All(usize),
    /// The address has as many as it may.
    #[error("this address has {0} event streams already")]
    Address(usize),
}

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
    /// At most `total` at a time, and `per_address` of one address.
    pub fn new(total: usize, per_address: usize) -> Self {
        Self { total, per_address, open: Arc::default() }
    }

    /// A slot for one more stream, free again when it is dropped.
    ///
    /// # Errors
    /// [`NoSlot`].
    pub fn take(&self, address: IpAddr) -> Result<StreamSlot, NoSlot> {
        let mut open = self.open();
        if open.total >= self.total {
            return Err(NoSlot::All(self.total));
        }
        if open.by_address.get(&address).copied().unwrap_or(0) >= self.per_address {
            return Err(NoSlot::Address(self.per_address));
        }
        open.total += 1;
        *open.by_address.entry(address).or_default() += 1;
        Ok(StreamSlot { slots: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot of one open stream.
pub struct StreamSlot {
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
