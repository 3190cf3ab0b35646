//! Where a client is in the outbox: what an event stream's `id:` says.
//!
//! The number of an event alone does not name it: a restore of an old copy, or a fail-over to a replica
//! that had not everything, loses events, and others get their numbers later. So an id has a mark of
//! what the event says: `17.0482731955`. Clients keep it as it is; it reads as a decimal number, because
//! tabs of the first edition compare ids as numbers.

use std::{fmt, num::ParseIntError, str::FromStr};

use sha2::{Digest, Sha256};

use cascade_model::Event;
use cascade_store::{Queries, Store};

/// An event that a client or a hub has had, or the start of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The number of the event; 0 before the first.
    pub id: i64,
    /// Of what the event says; `None` at the start, and from clients of the first edition.
    mark: Option<u32>,
}

impl Position {
    /// After this event.
    pub fn of(event: &Event) -> Self {
        let digest = Sha256::digest(&event.payload);
        let mark = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        Self { id: event.id, mark: Some(mark) }
    }

    /// Whether both name one event, as far as both say what it is.
    pub fn fits(self, other: Self) -> bool {
        let same = |(one, other): (u32, u32)| one == other;
        self.id == other.id && self.mark.zip(other.mark).is_none_or(same)
    }

    /// The end of the outbox.
    pub async fn newest(store: &dyn Store) -> cascade_store::Result<Self> {
        let (_, newest) = store.event_range().await?;
        let found = Self::find(store, newest).await?;
        Ok(found.unwrap_or(Self { id: newest, mark: None }))
    }

    /// Whether the outbox goes on from here: it has this event and all later ones.
    pub async fn is_known(self, store: &dyn Store) -> cascade_store::Result<bool> {
        if self.mark.is_some() {
            return Ok(Self::find(store, self.id).await? == Some(self));
        }
        let (oldest, newest) = store.event_range().await?;
        Ok((oldest - 1..=newest).contains(&self.id))
    }

    async fn find(store: &dyn Store, id: i64) -> cascade_store::Result<Option<Self>> {
        let events = store.events_after(id.saturating_sub(1), 1).await?;
        Ok(events.first().map(Self::of).filter(|position| position.id == id))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mark {
            Some(mark) => write!(f, "{}.{mark:010}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl FromStr for Position {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (id, mark) = match text.trim().split_once('.') {
            Some((id, mark)) => (id, Some(mark.parse()?)),
            None => (text.trim(), None),
        };
        Ok(Self { id: id.parse()?, mark })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn position(payload: &str) -> Position {
        Position::of(&Event {
            id: 17,
            project_id: uuid::Uuid::nil(),
            kind: "job_completed".into(),
            payload: payload.into(),
            age: Duration::ZERO,
        })
    }

    #[test]
    fn an_id_names_the_event_and_not_only_its_number() {
        let (one, other) = (position("one"), position("other"));
        let text = one.to_string();
        assert_eq!(text.parse::<Position>(), Ok(one));
        assert!(text.starts_with("17.") && text.len() == 13, "{text}");
        assert!(text.parse::<f64>().is_ok_and(|number| (17.0..18.0).contains(&number)));
        assert!(one.fits(one) && !one.fits(other));
        let bare: Position = "17".parse().unwrap();
        assert!(bare.fits(one) && one.fits(bare) && !bare.fits("18".parse().unwrap()));
        for wrong in ["", "x", "1.", "1.x", "1.99999999999", "1.2.3"] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }
}
