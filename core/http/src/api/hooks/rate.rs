//! How much one address may send to a hook, counted before its signature is looked at.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::Quota;

use crate::middleware::rate::RateLimit;
use cascade_config::{Hook, Rate};

/// Counts what is sent to hooks, by hook and address. What is sent to hooks that there are not is counted together,
/// so that who looks for their names is as slow as who sends to one.
pub struct HookRates {
    by_hook: Mutex<HashMap<String, (Rate, Arc<RateLimit>)>>,
    unknown: RateLimit,
}

impl Default for HookRates {
    fn default() -> Self {
        Self { by_hook: Mutex::default(), unknown: limit(Hook::RATE) }
    }
}

impl HookRates {
    /// Whether one more from `address` to the hook `name` is in order; if not, how long to wait.
    pub(super) fn check(
        &self,
        hooks: &BTreeMap<String, Hook>,
        name: &str,
        address: IpAddr,
    ) -> Result<(), Duration> {
        let Some(hook) = hooks.get(name) else { return self.unknown.check(address) };
        let limit = {
            let mut known = self.by_hook.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|name, (rate, _)| hooks.get(name).is_some_and(|hook| hook.rate == *rate));
            let new = || (hook.rate, Arc::new(limit(hook.rate)));
            known.entry(name.to_owned()).or_insert_with(new).1.clone()
        };
        limit.check(address)
    }
}

/// All may come at once; then one each part of the period.
fn limit(Rate { count, period }: Rate) -> RateLimit {
    let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    let one = Quota::with_period(period / count.get());
    RateLimit::within(one.unwrap_or(Quota::per_second(NonZeroU32::MAX)).allow_burst(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cascade_config::HookScheme;

    fn hook(rate: &str) -> Hook {
        Hook {
            job: "work".into(),
            scheme: HookScheme::Github,
            secrets: Vec::new(),
            project: None,
            project_from: None,
            args: None,
            key: None,
            when: None,
            once: None,
            rate: rate.parse().unwrap(),
            tolerance: Hook::TOLERANCE,
        }
    }

    #[test]
    fn each_hook_and_address_is_counted_by_itself() {
        let rates = HookRates::default();
        let mut hooks = BTreeMap::from([("a".into(), hook("2/1h")), ("b".into(), hook("2/1h"))]);
        let (one, two): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        for _ in 0..2 {
            assert_eq!(rates.check(&hooks, "a", one), Ok(()));
        }
        assert!(rates.check(&hooks, "a", one).unwrap_err() > Duration::from_secs(60));
        assert_eq!(rates.check(&hooks, "a", two), Ok(()));
        assert_eq!(rates.check(&hooks, "b", one), Ok(()));
        // A new rate starts with nothing used.
        hooks.insert("a".into(), hook("3/1h"));
        assert_eq!(rates.check(&hooks, "a", one), Ok(()));
    }

    #[test]
    fn hooks_that_there_are_not_are_counted_together() {
        let rates = HookRates::default();
        let address = [192, 0, 2, 1].into();
        let most = Hook::RATE.count;
        let refused = (0..=most)
            .filter(|nth| rates.check(&BTreeMap::new(), &format!("hook{nth}"), address).is_err());
        assert!(refused.count() > 0);
        assert!(rates.by_hook.lock().unwrap().is_empty());
    }
}
