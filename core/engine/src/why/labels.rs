//! Labels that no worker has.

use cascade_model::{Explanation, Worker, explanation};

use super::Reason;

/// `needed`, unless it is nothing or one of the workers that live has all of it.
pub(crate) fn missing(workers: &[Worker], needed: &[String]) -> Vec<String> {
    let fits = |worker: &Worker| worker.takes_runs() && worker.has_labels(needed);
    if workers.iter().any(fits) { Vec::new() } else { needed.to_vec() }
}

/// That no live worker has `labels`; `None` if there are none.
pub(super) fn reason(labels: &[String]) -> Option<Reason> {
    let text = match labels {
        [] => return None,
        [label] => format!("no live worker has the label `{label}`"),
        labels => format!("no live worker has the labels `{}`", labels.join("`, `")),
    };
    let command = format!("cascade worker --labels {}", labels.join(","));
    let fix = explanation!("start_worker", "start one: {command}", command = command);
    let told = Explanation::new("labels", text).with("labels", &labels.join(", "));
    Some(Reason::new(told).fix(fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_live_worker_must_have_all_labels() {
        let names = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        let worker = |labels, seen_s| Worker { labels: names(labels), seen_s, ..Worker::default() };
        let needed = names("gpu eu");
        let workers = [worker("gpu", Some(1)), worker("eu", Some(1)), worker("eu gpu", Some(900))];
        assert_eq!(missing(&workers, &needed), needed);
        assert!(missing(&[worker("eu x gpu", Some(1))], &needed).is_empty());
        let reason = reason(&needed).unwrap();
        assert_eq!(reason.told.text, "no live worker has the labels `gpu`, `eu`");
        assert_eq!(
            reason.fix.as_ref().map(|fix| &*fix.text),
            Some("start one: cascade worker --labels gpu,eu")
        );
    }
}
