//! A member's events, from whichever member answers.

use bytes::Bytes;
use sealbid_net::door::Subscription;
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::{Event, Request, Response};
use sealbid_types::id::MemberIndex;

use crate::client::Client;
use crate::error::{ClientError, Fault};
use crate::submit::{Failures, Unanswered};

/// Events: one member's word, and when that one goes, another's. Those between are missed.
pub struct Watch<'a> {
    house: &'a Client,
    current: Option<(MemberIndex, Subscription)>,
}

impl<'a> Watch<'a> {
    pub(crate) const fn new(house: &'a Client) -> Self {
        Self {
            house,
            current: None,
        }
    }

    /// The member whose events these are, once there is one.
    #[must_use]
    pub fn member(&self) -> Option<MemberIndex> {
        self.current.as_ref().map(|(member, _)| *member)
    }

    /// The next event.
    ///
    /// # Errors
    /// [`ClientError`] if no member answers; it may be called again.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        let mut failures = Failures::default();
        let mut untried = self.house.order(None)?.into_iter();
        loop {
            match self.next_of_current().await {
                Ok(event) => return Ok(event),
                Err(Some((member, why))) => failures.add(member, why),
                Err(None) => {}
            }
            self.current = None;
            let Some(member) = untried.next() else {
                return Err(failures.into());
            };
            if let Err(why) = self.subscribe(member).await {
                failures.add(member, why);
            }
        }
    }

    async fn next_of_current(&mut self) -> Result<Event, Option<(MemberIndex, Unanswered)>> {
        let (member, subscription) = self.current.as_mut().ok_or(None)?;
        let frame = match subscription.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(Some((*member, Unanswered::Door(error)))),
            None => return Err(None),
        };
        match decode(&frame) {
            Ok(Response::Event(event)) => Ok(event),
            Ok(Response::Refused(refusal)) => Err(Some((*member, Unanswered::Refused(refusal)))),
            _ => Err(Some((*member, Unanswered::Fault(Fault::NoAnswer)))),
        }
    }

    async fn subscribe(&mut self, member: MemberIndex) -> Result<(), Unanswered> {
        let request = Bytes::from(encode(&Request::Watch));
        let opened = self.house.doors().subscribe(member, request).await;
        self.current = Some((member, opened.map_err(Unanswered::Door)?));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
