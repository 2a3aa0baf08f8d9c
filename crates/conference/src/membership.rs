//! The group moves on: what a commit, a proposal or an adoption means for the places and the lobby.
//!
//! In this order, so that nobody hears of a state that is not yet theirs:
//!
//! ```text
//!   who lost its leaf is put out ─▶ the handshake is passed on ─▶ its sender's `Done`
//!     ─▶ roles and allowed sources follow the group ─▶ who got a leaf is let in from the lobby
//! ```
//! The room has no say in any of it: the delivery service has accepted the handshake, so the group is what it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use sabha_protocol::{
    DeviceKey, ParticipantId, RoomSeq, Rule,
    opaque::{RatchetTree, WelcomeMessage},
    wire::server::{CloseReason, LeaveReason, LobbyOutcome, Role},
};

use crate::{
    group::Group,
    io::{ConnectionKey, Event, GroupChange, GroupView, Handshake, MediaCommand, Removal},
    outbox::Asker,
    records::Pending,
    room::Room,
};

/// Whom a commit adds, and what opens the group for them.
#[derive(Debug, Default)]
struct Added {
    devices: BTreeSet<DeviceKey>,
    welcome: Option<(WelcomeMessage, RatchetTree)>,
}

impl Added {
    /// Returns what a device is told that was added; nothing for one that came by itself.
    fn welcomed(&self, device: &DeviceKey) -> Option<Event> {
        let (welcome, tree) = self.welcome.as_ref().filter(|_| self.devices.contains(device))?;
        Some(Event::Welcomed { welcome: welcome.clone(), tree: tree.clone() })
    }
}

impl Room {
    /// Passes a handshake on and follows the group to where it leads. Answered by `Done`.
    ///
    /// Done in any case, also if whoever sent it is not here any more: the group has moved. A handshake for which
    /// the caller had no actor is passed on as from 0, whom nobody is.
    pub(crate) fn handle_handshake(
        &mut self,
        now: Instant,
        sender: Option<ParticipantId>,
        asker: Asker,
        handshake: Handshake,
    ) {
        let Handshake { epoch, message, change, welcome } = handshake;
        if let Some(change) = &change {
            self.put_out(change, sender);
        }
        let from = sender.unwrap_or_default();
        self.pass_on(from, asker, Event::Handshake { from, epoch, message });
        if let Some(change) = change {
            let added = Added { devices: change.added.iter().copied().collect(), welcome };
            let view = change.view;
            // After a restart the group begins without the bans that it had: only what was banned here is lifted here.
            let lifted = |device: &&DeviceKey| self.group.is_banned(device) && !view.banned.contains(*device);
            let lifted = self.banned_accounts.keys().filter(lifted).copied().collect();
            self.lift_accounts(lifted);
            self.follow(now, view, &added);
        }
    }

    /// Takes the group for what a member has brought back. Answered by `Done`. Nobody did any of it now, so nobody
    /// is named for it.
    pub(crate) fn handle_adoption(&mut self, now: Instant, asker: Asker, change: GroupChange) {
        self.put_out(&change, None);
        self.answer_late(asker, Ok(Event::Done));
        let banned = &change.view.banned;
        let lifted =
            self.banned_accounts.keys().filter(|device| !banned.contains(*device)).copied().collect();
        self.lift_accounts(lifted);
        self.follow(now, change.view, &Added::default());
    }

    /// ROOM-23: in the order of the room to those who joined, the sender by its answer.
    fn pass_on(&mut self, from: ParticipantId, asker: Asker, event: Event) {
        let seq = self.tell_group(from, event);
        if self.connections.is_open(asker.connection) {
            let joined = self.roster.get(from).is_some_and(|place| place.joined().is_some());
            self.outbox.answer(asker, joined.then_some(seq), Event::Done);
        }
    }

    /// Tells everybody in the group but `from`: those who joined at the next position of the order, which is
    /// returned; outside of it, but in the same order, those who have not joined yet. ROOM-23.
    pub(crate) fn tell_group(&mut self, from: ParticipantId, event: Event) -> RoomSeq {
        let not_joined: Vec<ConnectionKey> = self
            .roster
            .iter()
            .filter(|(id, place)| *id != from && place.leaf.is_some() && place.joined().is_none())
            .filter_map(|(_, place)| place.connection())
            .collect();
        let seq = self.broadcast(Some(from), event.clone());
        self.outbox.tell_all(not_joined, None, event);
        seq
    }

    /// Ends the stay of everybody whose leaf is gone. ROOM-07, ROOM-22, ROOM-29.
    fn put_out(&mut self, change: &GroupChange, by: Option<ParticipantId>) {
        let members: BTreeSet<&DeviceKey> = change.view.members.iter().map(|member| &member.device).collect();
        let how: BTreeMap<&DeviceKey, Removal> =
            change.removed.iter().map(|(device, removal)| (device, *removal)).collect();
        let gone: Vec<(ParticipantId, Removal)> = self
            .roster
            .iter()
            .filter(|(_, place)| place.leaf.is_some() && !members.contains(&place.device))
            .map(|(id, place)| (id, how.get(&place.device).copied().unwrap_or(Removal::Left)))
            .collect();
        for (id, removal) in gone {
            match removal {
                Removal::ByHost => self.remove(id, by),
                // ROOM-29: its grant is void, so nothing but a new one opens the group to it.
                Removal::SentBack => {
                    self.end_stay(id, (CloseReason::SentBack, by), LeaveReason::SentBack);
                }
                Removal::Left | Removal::Replaced => {
                    self.end_stay(id, (CloseReason::Left, None), LeaveReason::Left)
                }
            }
        }
    }

    /// Removes somebody at once, and has that remembered (ROOM-07).
    ///
    /// The commit is what removes. The record keeps their tokens from a place in the time between a restart and the
    /// group's adoption; if it cannot be written, the revocation in the group keeps them out as soon as it is back.
    fn remove(&mut self, participant: ParticipantId, by: Option<ParticipantId>) {
        self.bans.insert(participant);
        self.ban_account_of(participant);
        self.end_stay(participant, (CloseReason::Removed, by), LeaveReason::Removed);
        if self.records.check_room_for_one().is_ok() {
            self.persist(Pending::Removal { participant });
        }
    }

    fn end_stay(
        &mut self,
        id: ParticipantId,
        (reason, by): (CloseReason, Option<ParticipantId>),
        left: LeaveReason,
    ) {
        if let Some(connection) = self.roster.get(id).and_then(|place| place.connection()) {
            self.close(connection, reason, by);
        }
        self.vacate(id, left);
    }

    /// Takes over what the group says now: of those who hold a place, then of those who wait.
    fn follow(&mut self, now: Instant, view: GroupView, added: &Added) {
        self.group = Group::of(view);
        let holders: Vec<ParticipantId> = self.roster.iter().map(|(id, _)| id).collect();
        for id in holders {
            self.follow_place(now, id, added);
        }
        self.turn_away();
        self.let_in(now, added);
    }

    /// ROOM-30, ROOM-31: who is banned, or may not come any more, does not wait on.
    fn turn_away(&mut self) {
        let unwelcome: Vec<(ParticipantId, CloseReason)> = self
            .lobby
            .iter()
            .filter_map(|(id, guest)| {
                if self.group.is_banned(&guest.device) {
                    return Some((id, CloseReason::Removed));
                }
                let refusal = self.check_coming(guest.visitor).err()?;
                let is_banned = refusal.rule == Rule::RemovedStaysOut;
                Some((id, if is_banned { CloseReason::Removed } else { CloseReason::Policy }))
            })
            .collect();
        for (id, reason) in unwelcome {
            let Some(guest) = self.lobby.remove(id) else { continue };
            self.close(guest.connection, reason, None);
            self.tell_hosts(Event::LobbyLeft { guest: id, outcome: LobbyOutcome::Denied });
        }
    }

    /// ROOM-22, ROOM-25
    fn follow_place(&mut self, now: Instant, participant: ParticipantId, added: &Added) {
        let Some(place) = self.roster.get_mut(participant) else { return };
        let (role, media) = (place.role(), place.media);
        place.set_leaf(self.group.member(&place.device));
        let (new_role, new_media) = (place.role(), place.media);
        let (has_media, publishing) = (place.has_media(), place.publishing());
        if let (Some(connection), Some(welcomed)) = (place.connection(), added.welcomed(&place.device)) {
            self.outbox.tell(connection, welcomed);
        }
        if (role, media) == (new_role, new_media) {
            return;
        }
        if media != new_media && has_media {
            self.outbox.media(MediaCommand::SetPublishing { participant, media: publishing });
        }
        self.broadcast_change(participant);
        if media != new_media {
            self.renew_token(participant);
        }
        if role != new_role && new_role == Role::Host {
            for guest in self.lobby.views(now) {
                self.tell_member(participant, Event::Knocked { guest });
            }
        }
    }

    /// Lets in who was added while the room was full, once there is a place (ROOM-05). Its Welcome was not kept, so it
    /// joins the group anew.
    pub(crate) fn let_in_late(&mut self, now: Instant) {
        if self.lobby.len() > 0 && !self.roster.is_full() {
            self.let_in(now, &Added::default());
        }
    }

    /// Lets in who waits and is in the group. ROOM-02: the only way from the lobby into the room. ROOM-05: who finds
    /// the room full waits on.
    fn let_in(&mut self, now: Instant, added: &Added) {
        let admitted: Vec<(ParticipantId, DeviceKey)> = self
            .lobby
            .iter()
            .map(|(id, guest)| (id, guest.device))
            .filter(|(_, device)| self.group.contains(device))
            .collect();
        for (id, device) in admitted {
            if self.roster.is_full() {
                return;
            }
            let Some(guest) = self.lobby.remove(id) else { continue };
            self.open_place(now, (guest.connection, guest.visitor), id, device, None);
            if let Some(admitted) = self.admission(id) {
                self.outbox.tell(guest.connection, admitted);
            }
            if let Some(welcomed) = added.welcomed(&device) {
                self.outbox.tell(guest.connection, welcomed);
            }
            self.tell_hosts(Event::LobbyLeft { guest: id, outcome: LobbyOutcome::Admitted });
        }
    }
}
