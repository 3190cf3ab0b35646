//! Who may connect: so many in all, and so many from one address. While all places are taken, a
//! connection that has not sent a request soon gives its place to one that waits.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::middleware::limits::HttpLimits;
use cascade_access::network;

/// How long a new connection may take for the head of its first request while others wait for a place.
const PATIENCE_WHEN_FULL: Duration = Duration::from_secs(1);
/// How often those are looked for that take longer.
const LOOK_WHEN_FULL: Duration = Duration::from_millis(200);

/// All places for connections.
#[derive(Clone)]
pub(crate) struct Places(Arc<All>);

struct All {
    free: Arc<Semaphore>,
    limits: HttpLimits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Connections by address; those of trusted proxies are not counted.
    by_address: HashMap<IpAddr, usize>,
    /// Connections without a complete request so far, the oldest first.
    new: BTreeMap<u64, (Instant, CancellationToken)>,
    next: u64,
}

/// A connection's place, given back when dropped.
pub(crate) struct Place {
    places: Places,
    address: Option<IpAddr>,
    number: u64,
    /// Ends the connection for the sake of those that wait.
    pub give_way: CancellationToken,
    _free: OwnedSemaphorePermit,
}

impl Places {
    /// All of them are free.
    pub fn new(limits: &HttpLimits) -> Self {
        let free = Arc::new(Semaphore::new(limits.connections()));
        Self(Arc::new(All { free, limits: limits.clone(), taken: Mutex::default() }))
    }

    /// Waits until there is room for one more connection. While there is none, those that have not
    /// sent a request are ended as soon as they have had their second.
    pub async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let free = self.0.free.clone().acquire_owned();
            match tokio::time::timeout(LOOK_WHEN_FULL, free).await {
                Ok(free) => return free.ok(),
                Err(_) => self.make_room(),
            }
        }
    }

    fn make_room(&self) {
        let mut taken = self.taken();
        while let Some(oldest) = taken.new.first_entry()
            && oldest.get().0.elapsed() >= PATIENCE_WHEN_FULL
        {
            oldest.remove().1.cancel();
        }
    }

    /// The place of a connection from `peer`; the error gives the permit back when that address has as
    /// many as it may.
    pub fn take(
        &self,
        peer: IpAddr,
        free: OwnedSemaphorePermit,
    ) -> Result<Place, OwnedSemaphorePermit> {
        let limits = &self.0.limits;
        let address = (!limits.trusts(peer.to_canonical())).then(|| network(peer));
        let mut taken = self.taken();
        if let Some(address) = address {
            let count = taken.by_address.entry(address).or_default();
            if *count >= limits.connections_of_address() {
                return Err(free);
            }
            *count += 1;
        }
        let (number, give_way) = (taken.next, CancellationToken::new());
        taken.next += 1;
        taken.new.insert(number, (Instant::now(), give_way.clone()));
        drop(taken);
        Ok(Place { places: self.clone(), address, number, give_way, _free: free })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection's first request is there: it keeps its place.
    pub fn has_asked(&self) {
        self.places.taken().new.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.new.remove(&self.number);
        let Some(address) = self.address else { return };
        if let Some(count) = taken.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn limits() -> HttpLimits {
        HttpLimits {
            requests_per_second: 0,
            request_timeout: Duration::ZERO,
            header_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
            connections_per_address: Some(2),
            streams: 10,
            streams_per_address: 1,
            trusted_proxies: Vec::new(),
        }
    }

    fn places(streams: u32, trusted: &[&str]) -> Places {
        let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        Places::new(&HttpLimits { streams, trusted_proxies, ..limits() })
    }

    #[tokio::test]
    async fn an_address_has_so_many_and_gets_back_what_it_gives_back() {
        let places = places(10, &["192.0.2.9/32"]);
        let take = async |address: &str| {
            let permit = places.permit().await.unwrap();
            places.take(address.parse().unwrap(), permit).ok()
        };
        let first = (take("192.0.2.1").await, take("::ffff:192.0.2.1").await);
        assert!(first.0.is_some() && first.1.is_some());
        assert!(take("192.0.2.1").await.is_none());
        assert!(take("192.0.2.2").await.is_some());
        drop(first.0);
        assert!(take("192.0.2.1").await.is_some());
        // One subscriber of IPv6, whatever its addresses.
        let v6 = (take("2001:db8::1").await, take("2001:db8::2").await);
        assert!(v6.0.is_some() && v6.1.is_some() && take("2001:db8::3").await.is_none());
        // Behind a proxy there are many.
        let mut proxied = Vec::new();
        for _ in 0..20 {
            proxied.push(take("192.0.2.9").await.unwrap());
        }
        drop((first.1, v6, proxied));
        assert!(places.taken().by_address.is_empty() && places.taken().new.is_empty());
    }

    #[tokio::test]
    async fn when_all_are_taken_those_that_ask_nothing_give_way() {
        let places = places(0, &["10.0.0.0/8"]);
        let mut all = Vec::new();
        for _ in 0..100 {
            let permit = places.permit().await.unwrap();
            all.push(places.take([10, 0, 0, 1].into(), permit).ok().unwrap());
        }
        all[7].has_asked();
        let told = all[0].give_way.clone();
        let asked = all[7].give_way.clone();
        tokio::join!(
            async {
                told.cancelled().await;
                all.remove(0);
            },
            async { assert!(places.permit().await.is_some()) },
        );
        assert!(!asked.is_cancelled());
    }
}
