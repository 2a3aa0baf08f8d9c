//! A room's group, as its delivery service has it (RFC 9750 section 5): takes handshakes in the order in which they
//! come, has them checked, and says in the room's words what they did.
//!
//! The one place where `sabha-delivery` and `sabha-conference` meet, as values. What a device may do to the group is
//! decided by the former, what follows for its place by the latter. The group lives in the room's task and dies
//! with it: a room that opens again starts from what its creator stored, and members bring the rest back (`adopt`).

use std::collections::VecDeque;

use sabha_admission::Conduct;
use sabha_conference::{
    ConnectionKey, GroupChange, GroupMember, GroupView, Handshake, Input, Refusal, Removal, Right,
};
use sabha_delivery::{self as delivery, Change, Delivery, Member, Reject};
use sabha_protocol::{
    DeviceKey, GroupEpoch, MeetingId, ParticipantId, RequestId, Rule,
    limits::HANDSHAKES_KEPT_MAX,
    opaque::{GrantBytes, GroupInfo, HandshakeMessage, HeartbeatBytes, RatchetTree, WelcomeMessage},
    wire::{ServerMessage, server::Role},
};

use super::rooms::unknown_meeting;
use crate::{
    metrics::{self, HandshakeKind},
    storage::StoredMeeting,
};

/// What a member asks of the group.
#[derive(Debug)]
pub(super) enum GroupRequest {
    Adopt {
        group_info: GroupInfo,
        tree: RatchetTree,
        heartbeat: HeartbeatBytes,
    },
    Commit {
        epoch: GroupEpoch,
        commit: HandshakeMessage,
        welcome: Option<WelcomeMessage>,
        group_info: GroupInfo,
    },
    GroupState,
    Missed {
        epoch: GroupEpoch,
    },
    Propose {
        epoch: GroupEpoch,
        proposal: HandshakeMessage,
    },
}

/// Who asks, and by which message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Actor {
    pub(super) connection: ConnectionKey,
    pub(super) request: RequestId,
    pub(super) participant: ParticipantId,
    pub(super) device: DeviceKey,
}

/// What follows from a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The room has to know, and answers.
    Room(Box<Input>),
    /// Who asked is told this; the last message is the answer.
    Say(Vec<ServerMessage>),
}

/// A room's group.
#[derive(Debug)]
pub(super) struct Handshakes {
    delivery: Delivery,
    /// Who sent the handshakes of late, in their order: the delivery service keeps devices only, and no more of them.
    senders: VecDeque<(DeviceKey, ParticipantId)>,
}

impl Handshakes {
    /// Starts from the group that the meeting's creator stored.
    ///
    /// # Errors
    /// [`Reject`]: it is no sound group any more, since the creator's grant has run out.
    pub(super) fn open(meeting: MeetingId, stored: &StoredMeeting, now_ms: u64) -> Result<Self, Reject> {
        let delivery = Delivery::open(meeting, &stored.group_info, &stored.tree, now_ms)?;
        Ok(Self { delivery, senders: VecDeque::new() })
    }

    /// Returns the group as a room has to know it.
    pub(super) fn view(&self) -> GroupView {
        view(self.delivery.epoch(), self.delivery.members(), self.delivery.conduct())
    }

    /// Returns whether a host has locked the meeting, and what else holds in it.
    pub(super) fn rules(&self) -> (bool, &Conduct) {
        (self.delivery.locked(), self.delivery.conduct())
    }

    /// Says by what right a device enters that does not come by the link.
    ///
    /// # Errors
    /// [`Rule::RemovedStaysOut`], [`Rule::SentBack`], [`Rule::Invite`] and [`Rule::Locked`] to who was granted entry once; to all others what they would
    /// hear of a meeting that does not exist.
    pub(super) fn right(
        &self,
        device: &DeviceKey,
        grant: Option<&GrantBytes>,
        now_ms: u64,
    ) -> Result<Right, Refusal> {
        if self.delivery.is_member(device) {
            return Ok(Right::Member);
        }
        let grant = grant.ok_or_else(unknown_meeting)?;
        match self.delivery.check_grant(device, grant, now_ms) {
            Ok(()) => Ok(Right::Granted),
            Err(reject) if tells(reject.rule()) => Err(refusal(&reject)),
            Err(_) => Err(unknown_meeting()),
        }
    }

    /// Does what a member asks of the group, if the group's rules allow it.
    ///
    /// # Errors
    /// The rule that forbids it; nothing has changed.
    pub(super) fn handle(
        &mut self,
        actor: Actor,
        request: GroupRequest,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        let (kind, done) = match request {
            GroupRequest::Adopt { group_info, tree, heartbeat } => {
                (HandshakeKind::Adoption, self.adopt(actor, group_info, &tree, &heartbeat, now_ms))
            }
            GroupRequest::Commit { epoch, commit, welcome, group_info } => {
                (HandshakeKind::Commit, self.commit(actor, epoch, commit, welcome, group_info, now_ms))
            }
            GroupRequest::GroupState => {
                let (epoch, group_info, tree) = self.delivery.state();
                return Ok(Outcome::Say(vec![ServerMessage::GroupState { epoch, group_info, tree }]));
            }
            GroupRequest::Missed { epoch } => return self.missed(epoch),
            GroupRequest::Propose { epoch, proposal } => {
                (HandshakeKind::Proposal, self.propose(actor, epoch, proposal))
            }
        };
        metrics::handshake(kind, done.is_ok());
        done.map(|input| Outcome::Room(Box::new(input))).map_err(|reject| refusal(&reject))
    }

    fn adopt(
        &mut self,
        actor: Actor,
        group_info: GroupInfo,
        tree: &RatchetTree,
        heartbeat: &HeartbeatBytes,
        now_ms: u64,
    ) -> Result<Input, Reject> {
        let done = self.delivery.adopt(group_info, tree, heartbeat, now_ms)?;
        let change = change(done, self.delivery.conduct());
        tracing::info!(epoch = %change.view.epoch, "a group was brought back");
        Ok(Input::Adopted { connection: actor.connection, request: actor.request, change })
    }

    fn commit(
        &mut self,
        actor: Actor,
        epoch: GroupEpoch,
        commit: HandshakeMessage,
        welcome: Option<WelcomeMessage>,
        group_info: GroupInfo,
        now_ms: u64,
    ) -> Result<Input, Reject> {
        let done = self.delivery.commit(&actor.device, epoch, commit.clone(), group_info, now_ms)?;
        self.note_sender(actor);
        let welcome = welcome.map(|welcome| (welcome, self.delivery.tree()));
        let change = Some(change(done, self.delivery.conduct()));
        Ok(handshake(actor, Handshake { epoch, message: commit, change, welcome }))
    }

    fn propose(
        &mut self,
        actor: Actor,
        epoch: GroupEpoch,
        proposal: HandshakeMessage,
    ) -> Result<Input, Reject> {
        self.delivery.propose(&actor.device, epoch, proposal.clone())?;
        self.note_sender(actor);
        Ok(handshake(actor, Handshake { epoch, message: proposal, change: None, welcome: None }))
    }

    fn missed(&self, since: GroupEpoch) -> Result<Outcome, Refusal> {
        let missed = self.delivery.missed(since).ok_or_else(|| Refusal {
            rule: Rule::HandshakesKept,
            message: "these handshakes are not kept any more; join anew".to_owned(),
        })?;
        let mut messages: Vec<_> = missed
            .into_iter()
            .map(|delivery::Missed { epoch, from, message }| ServerMessage::Handshake {
                from: self.sender(&from),
                epoch,
                message,
            })
            .collect();
        messages.push(ServerMessage::Done {});
        Ok(Outcome::Say(messages))
    }

    fn note_sender(&mut self, actor: Actor) {
        if self.senders.len() == HANDSHAKES_KEPT_MAX {
            self.senders.pop_front();
        }
        self.senders.push_back((actor.device, actor.participant));
    }

    /// Returns the place a device last sent a handshake from. The fallback names nobody: ids start at 1.
    fn sender(&self, device: &DeviceKey) -> ParticipantId {
        let last = self.senders.iter().rev().find(|(sender, _)| sender == device);
        last.map_or(ParticipantId(0), |(_, participant)| *participant)
    }
}

fn handshake(actor: Actor, handshake: Handshake) -> Input {
    Input::Handshake { connection: actor.connection, request: actor.request, handshake }
}

fn refusal(reject: &Reject) -> Refusal {
    Refusal { rule: reject.rule(), message: reject.to_string() }
}

fn view(epoch: GroupEpoch, members: Vec<Member>, conduct: &Conduct) -> GroupView {
    let member = |Member { device, host, allowed }| GroupMember {
        device,
        role: if host { Role::Host } else { Role::Participant },
        allowed,
    };
    GroupView {
        epoch,
        members: members.into_iter().map(member).collect(),
        controls: conduct.controls.clone(),
        floor: conduct.floor.clone(),
        suspended: conduct.suspended,
        banned: conduct.banned.clone(),
    }
}

fn change(Change { epoch, members, added, removed }: Change, conduct: &Conduct) -> GroupChange {
    let how = |removal| match removal {
        delivery::Removal::ByHost => Removal::ByHost,
        // Who is gone has no place any more; one that is just coming back by its old leaf comes back without it.
        delivery::Removal::Dropped | delivery::Removal::Left => Removal::Left,
        delivery::Removal::Replaced => Removal::Replaced,
        delivery::Removal::SentBack => Removal::SentBack,
    };
    GroupChange {
        view: view(epoch, members, conduct),
        added,
        removed: removed.into_iter().map(|(device, removal)| (device, how(removal))).collect(),
    }
}

/// Returns whether who was granted entry is told this rule, by which it is not let in now.
const fn tells(rule: Rule) -> bool {
    matches!(rule, Rule::RemovedStaysOut | Rule::SentBack | Rule::Invite | Rule::Locked)
}
