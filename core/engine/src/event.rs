use cascade_model::{EventStatus, JobCompleted};
use cascade_sdk::rfc3339;
use cascade_store::{Ended, EventRow};
use uuid::Uuid;

/// What follows the time in the wire form of an event.
pub(crate) const TAIL: &str = "\"}";

/// The wire form of an event up to the time when its run ended, which the database's clock gives; [`TAIL`]
/// follows that.
pub(crate) fn head(job: &str, project: Uuid, status: EventStatus) -> String {
    let (job, status) = (serde_json::Value::from(job), status.as_str());
    format!(r#"{{"job_type":{job},"project_id":"{project}","status":"{status}","at":""#)
}

/// The event of a run that has ended.
pub(crate) fn row(ended: &Ended, status: EventStatus) -> EventRow {
    let head = head(&ended.job_type, ended.project_id, status);
    EventRow {
        project_id: ended.project_id,
        kind: JobCompleted::KIND,
        payload: format!("{head}{}{TAIL}", rfc3339(ended.at)),
        at: ended.at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_has_its_four_keys_in_their_order() {
        let ended = Ended {
            job_type: "a \"b\"".into(),
            project_id: Uuid::nil(),
            trace_id: Uuid::nil(),
            at: "2026-11-28T09:20:00.500Z".parse().unwrap(),
        };
        let event = row(&ended, EventStatus::Failed);
        assert_eq!(
            event.payload,
            r#"{"job_type":"a \"b\"","project_id":"00000000-0000-0000-0000-000000000000","status":"failed","at":"2026-11-28T09:20:00.500Z"}"#
        );
        let read: JobCompleted = serde_json::from_str(&event.payload).unwrap();
        assert_eq!((read.status, read.at), (EventStatus::Failed, ended.at));
    }
}
