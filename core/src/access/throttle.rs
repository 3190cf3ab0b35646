use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Tries for one name, then one every 12 s.
const PER_NAME: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
const NAME_PAUSE: Duration = Duration::from_secs(12);
/// Tries from one address, then one every 3 s.
const PER_ADDRESS: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const ADDRESS_PAUSE: Duration = Duration::from_secs(3);
/// Beyond this many names or addresses, those that are at rest are forgotten.
const MOST_KEYS: usize = 10_000;

/// Slows down who guesses passwords, by name and by address. Each server counts for itself.
pub struct SignInThrottle {
    names: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for SignInThrottle {
    fn default() -> Self {
        let quota = |most, pause| {
            Quota::with_period(pause).unwrap_or(Quota::per_minute(most)).allow_burst(most)
        };
        Self {
            names: RateLimiter::keyed(quota(PER_NAME, NAME_PAUSE)),
            addresses: RateLimiter::keyed(quota(PER_ADDRESS, ADDRESS_PAUSE)),
        }
    }
}

impl SignInThrottle {
    /// Counts a try; `false` when there were too many.
    pub fn allows(&self, name: &str, address: Option<IpAddr>) -> bool {
        if self.names.len() + self.addresses.len() > MOST_KEYS {
            self.names.retain_recent();
            self.addresses.retain_recent();
        }
        let name = self.names.check_key(&super::accounts::canonical(name)).is_ok();
        let address = address.is_none_or(|address| self.addresses.check_key(&address).is_ok());
        name && address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_five_tries_whatever_its_letters_and_an_address_twenty() {
        let throttle = SignInThrottle::default();
        let here: IpAddr = [127, 0, 0, 1].into();
        let tries = |name: &str| (0..10).filter(|_| throttle.allows(name, None)).count();
        assert_eq!(tries("ann"), 5);
        assert_eq!(tries(" ANN "), 0);
        let guesses = (0..40).filter(|n| throttle.allows(&format!("user{n}"), Some(here))).count();
        assert_eq!(guesses, 20);
    }
}
