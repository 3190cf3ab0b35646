//! Slows down who guesses: passwords, links, and beginnings of a sign-in at a provider.
//!
//! Nobody can lock an account. Tries at a name are counted for each network they come from, so that
//! a stranger uses up only their own; and a browser that has signed in to the account before is
//! counted by itself, whatever its network does.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::accounts::canonical;

/// Keys that one [`Pace`] remembers: under 1 MB.
const MOST_KEYS: usize = 10_000;

/// The network of an address that limits count by: /64 for IPv6, which is what one subscriber gets.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            [a, b, c, d, 0, 0, 0, 0].into()
        }
        v4 => v4,
    }
}

/// As [`network`], but /24 for IPv4 as well: for what is counted by account besides.
fn neighborhood(address: IpAddr) -> IpAddr {
    match network(address) {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            [a, b, c, 0].into()
        }
        v6 => v6,
    }
}

/// So many tries at once for each key, and then one each `pause`: a leaky bucket, of which only the
/// time at which it is empty again is kept. Keys are of a fixed size, and there are at most
/// [`MOST_KEYS`] of them.
struct Pace<K> {
    at_once: u32,
    pause: Duration,
    empty_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Copy> Pace<K> {
    fn new(at_once: u32, pause: Duration) -> Self {
        Self { at_once, pause, empty_at: Mutex::default() }
    }

    /// Counts a try; the error says how long to wait for the next.
    fn check(&self, key: K) -> Result<(), Duration> {
        self.check_at(key, Instant::now())
    }

    fn check_at(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut keys = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS && !keys.contains_key(&key) {
            forget(&mut keys, now);
        }
        let empty_at = keys.get(&key).copied().unwrap_or(now).max(now);
        let full = self.pause * (self.at_once - 1);
        let level = empty_at - now;
        if level > full {
            return Err(level - full);
        }
        keys.insert(key, empty_at + self.pause);
        Ok(())
    }
}

/// Forgets keys that are at rest. When that makes no room, the tenth that is nearest to it gives way:
/// who has tried most is remembered longest.
fn forget<K: Hash + Eq + Copy>(keys: &mut HashMap<K, Instant>, now: Instant) {
    keys.retain(|_, empty_at| *empty_at > now);
    if keys.len() < MOST_KEYS {
        return;
    }
    let mut times: Vec<_> = keys.values().copied().collect();
    let (_, last, _) = times.select_nth_unstable(MOST_KEYS / 10);
    let last = *last;
    keys.retain(|_, empty_at| *empty_at > last);
}

/// Slows down guessing. Each server counts for itself.
pub struct SignInThrottle {
    /// Names become keys of eight bytes that nobody outside can aim at.
    hasher: RandomState,
    accounts: Pace<(u64, Option<IpAddr>)>,
    devices: Pace<u64>,
    addresses: Pace<IpAddr>,
    links: Pace<u64>,
    link_addresses: Pace<IpAddr>,
    providers: Pace<IpAddr>,
}

impl Default for SignInThrottle {
    fn default() -> Self {
        const PER_KEY: (u32, Duration) = (5, Duration::from_secs(12));
        const PER_ADDRESS: (u32, Duration) = (20, Duration::from_secs(3));
        fn pace<K: Hash + Eq + Copy>((at_once, pause): (u32, Duration)) -> Pace<K> {
            Pace::new(at_once, pause)
        }
        Self {
            hasher: RandomState::new(),
            accounts: pace(PER_KEY),
            devices: pace(PER_KEY),
            addresses: pace(PER_ADDRESS),
            links: pace(PER_KEY),
            link_addresses: pace(PER_ADDRESS),
            providers: pace(PER_ADDRESS),
        }
    }
}

impl SignInThrottle {
    /// Counts a try at a name's password. `device` is what a browser that has signed in to this
    /// account before is known by; it is counted by that alone.
    ///
    /// # Errors
    /// How long to wait when there were too many.
    pub fn password(
        &self,
        name: &str,
        device: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<(), Duration> {
        if let Some(device) = device {
            return self.devices.check(self.hasher.hash_one(device));
        }
        if let Some(address) = address {
            self.addresses.check(network(address))?;
        }
        let name = self.hasher.hash_one(canonical(name));
        self.accounts.check((name, address.map(neighborhood)))
    }

    /// Counts a try at the present password by somebody who is signed in.
    ///
    /// # Errors
    /// How long to wait when there were too many.
    pub fn password_change(&self, user: Uuid) -> Result<(), Duration> {
        self.devices.check(self.hasher.hash_one(user))
    }

    /// Counts a try at a link.
    ///
    /// # Errors
    /// How long to wait when there were too many, of this link or from this address.
    pub fn link(&self, link: &str, address: Option<IpAddr>) -> Result<(), Duration> {
        if let Some(address) = address {
            self.link_addresses.check(network(address))?;
        }
        self.links.check(self.hasher.hash_one(link))
    }

    /// Counts the beginning of a sign-in at a provider: each asks something of it and keeps a state.
    ///
    /// # Errors
    /// How long to wait when there were too many from this address.
    pub fn provider(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        address.map_or(Ok(()), |address| self.providers.check(network(address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

    /// How many of `tries` are let through.
    fn passed(tries: usize, check: impl FnMut(usize) -> Result<(), Duration>) -> usize {
        (0..tries).map(check).filter(Result::is_ok).count()
    }

    #[test]
    fn a_name_has_five_tries_whatever_its_letters_and_an_address_twenty() {
        let throttle = SignInThrottle::default();
        let tries = |name: &str| passed(10, |_| throttle.password(name, None, Some(FIRST)));
        assert_eq!(tries("ann"), 5);
        assert_eq!(tries(" ANN "), 0);
        let throttle = SignInThrottle::default();
        let guess = |n| throttle.password(&format!("user{n}"), None, Some(FIRST));
        assert_eq!(passed(40, guess), 20);
    }

    #[test]
    fn a_stranger_uses_up_the_tries_of_their_own_network_alone() {
        let throttle = SignInThrottle::default();
        // All the addresses of a network are one.
        let guess = |n: usize| {
            let address = IpAddr::from([192, 0, 2, u8::try_from(n).unwrap()]);
            throttle.password("ann", None, Some(address))
        };
        assert_eq!(passed(250, guess), 5);
        let v6 = |n: usize| {
            let address: IpAddr = format!("2001:db8:1:2::{n:x}").parse().unwrap();
            throttle.password("ann", None, Some(address))
        };
        assert_eq!(passed(50, v6), 5);
        assert_eq!(passed(10, |_| throttle.password("ann", None, Some(OTHER))), 5);
        // In the stranger's own network, a browser that was here before.
        assert_eq!(passed(10, |_| throttle.password("ann", Some("device"), Some(FIRST))), 5);
        assert!(throttle.password("ann", Some("another"), Some(FIRST)).is_ok());
    }

    #[test]
    fn bad_links_cost_only_those_who_send_them() {
        let throttle = SignInThrottle::default();
        assert_eq!(passed(100, |n| throttle.link(&format!("bad {n}"), Some(FIRST))), 20);
        assert!(throttle.link("good", Some(OTHER)).is_ok());
        assert_eq!(
            passed(100, |n| {
                let address: IpAddr = [10, 0, u8::try_from(n).unwrap(), 1].into();
                throttle.link("one", Some(address))
            }),
            5
        );
        assert_eq!(passed(100, |_| throttle.provider(Some(FIRST))), 20);
        assert!(throttle.provider(Some(OTHER)).is_ok());
    }

    #[test]
    fn one_more_try_comes_with_each_pause() {
        let (pace, now) = (Pace::new(2, Duration::from_secs(10)), Instant::now());
        let check = |after: u64| pace.check_at(1, now + Duration::from_secs(after));
        assert_eq!((check(0), check(0)), (Ok(()), Ok(())));
        assert_eq!(check(0), Err(Duration::from_secs(10)));
        assert_eq!(check(4), Err(Duration::from_secs(6)));
        assert_eq!(check(10), Ok(()));
        assert_eq!(check(10), Err(Duration::from_secs(10)));
        assert_eq!((check(1000), check(1000)), (Ok(()), Ok(())));
    }

    #[test]
    fn however_many_keys_come_few_are_kept_and_who_tried_most_is_among_them() {
        let (pace, now) = (Pace::new(5, Duration::from_secs(12)), Instant::now());
        while pace.check_at(u64::MAX, now).is_ok() {}
        for key in 0..200_000 {
            pace.check_at(key, now).unwrap();
        }
        assert!(pace.empty_at.lock().unwrap().len() <= MOST_KEYS);
        assert!(pace.check_at(u64::MAX, now).is_err());
        // An hour later nothing of it is left.
        let later = now + Duration::from_secs(3600);
        forget(&mut pace.empty_at.lock().unwrap(), later);
        assert!(pace.empty_at.lock().unwrap().is_empty());
    }
}
