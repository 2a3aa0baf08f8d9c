//! What the room has said and the caller has not yet taken.
//!
//! Empty between inputs if the caller drains it, which it must: an input adds at most a few outputs per
//! participant and guest.

use std::collections::VecDeque;

use sabha_protocol::{ParticipantId, RequestId, RoomSeq, Rule, wire::server::CloseReason};

use crate::io::{ConnectionKey, Event, MediaCommand, Output, Refusal};

/// Whom an answer goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    pub(crate) connection: ConnectionKey,
    pub(crate) request: RequestId,
}

impl Refusal {
    pub(crate) fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into() }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Outbox(VecDeque<Output>);

impl Outbox {
    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.0.pop_front()
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.0.push_back(output);
    }

    pub(crate) fn media(&mut self, command: MediaCommand) {
        self.push(Output::Media(command));
    }

    pub(crate) fn close(
        &mut self,
        connection: ConnectionKey,
        reason: CloseReason,
        by: Option<ParticipantId>,
    ) {
        self.push(Output::Close { connection, reason, by });
    }

    /// Tells one connection, as no answer to anything.
    pub(crate) fn tell(&mut self, connection: ConnectionKey, event: Event) {
        self.push(Output::Send { to: vec![connection], re: None, seq: None, event });
    }

    /// Tells several connections, at `seq` in the room's order if it has a place there.
    pub(crate) fn tell_all(&mut self, to: Vec<ConnectionKey>, seq: Option<RoomSeq>, event: Event) {
        if !to.is_empty() {
            self.push(Output::Send { to, re: None, seq, event });
        }
    }

    pub(crate) fn answer(&mut self, asker: Asker, seq: Option<RoomSeq>, event: Event) {
        self.push(Output::Send { to: vec![asker.connection], re: Some(asker.request), seq, event });
    }

    pub(crate) fn refuse(&mut self, asker: Asker, refusal: Refusal) {
        self.answer(asker, None, Event::Refused(refusal));
    }
}
