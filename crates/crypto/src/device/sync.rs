//! Keeping the group the same as the others': into it, and back to it after a lost connection, a reload, or a
//! restart of the server.

use sabha_protocol::{
    GroupEpoch, Rule,
    device::DeviceOutput,
    opaque::{GroupInfo, RatchetTree, WelcomeMessage},
    wire::ClientMessage,
};

use super::{Device, Place, Sent};
use crate::group::{Group, Ingested, Reject};

/// How long a Welcome may come after the place, in milliseconds; then the device joins from outside.
const WELCOME_MS: u64 = 2000;

impl Device {
    /// Joins from outside if the Welcome did not come.
    pub(super) fn give_up_welcome(&mut self) {
        if self.welcome_due_ms.is_some_and(|at| at <= self.now_ms) {
            self.welcome_due_ms = None;
            if matches!(self.place, Place::Applying(_)) {
                self.return_from_outside();
            }
        }
    }

    /// The server gave this device its place. Compares the server's group with the own one.
    pub(super) fn admitted(&mut self, epoch: GroupEpoch, in_group: bool) {
        self.changed = true;
        let own = match &self.place {
            Place::Member(group) => Some(group.epoch()),
            // The Welcome follows, unless the server lost it.
            Place::Applying(_) => {
                self.welcome_due_ms = Some(self.now_ms + WELCOME_MS);
                return;
            }
            _ => None,
        };
        match own {
            // What was missed may be the own commit.
            Some(own) if own < epoch => return self.ask_for_missed(),
            _ => self.give_up_commit(),
        }
        match own {
            Some(own) if own > epoch => self.offer_for_adoption(),
            Some(_) if in_group => self.synced = true,
            _ => self.return_from_outside(),
        }
    }

    /// Asks for the group, to join it by an external commit.
    pub(super) fn return_from_outside(&mut self) {
        if self.secrets.grant.is_none() {
            return;
        }
        for change in self.media.erase() {
            self.media_out(change);
        }
        self.give_up_commit();
        self.early.clear();
        self.place = Place::Returning;
        self.send(ClientMessage::GroupState {}, Sent::GroupState);
    }

    pub(super) fn join_from_outside(&mut self, group_info: &GroupInfo, tree: &RatchetTree) {
        let Place::Returning = self.place else { return };
        let now_ms = self.now_ms;
        let Some(grant) = self.secrets.grant.clone() else { return };
        let Some(applicant) = self.applicant(grant) else { return };
        match applicant.join_from_outside(group_info, tree, now_ms) {
            Ok((candidate, bundle)) => {
                self.place = Place::Candidate(Box::new(candidate));
                self.send_commit(bundle, Sent::External);
            }
            Err(reject) => {
                self.refuse_group(&reject);
                self.place = Place::Outside;
            }
        }
    }

    pub(super) fn external_answered(&mut self, refused: Option<Rule>) {
        let Place::Candidate(_) = self.place else { return };
        let Place::Candidate(candidate) = std::mem::replace(&mut self.place, Place::Returning) else {
            return;
        };
        match refused {
            None => {
                let nonce = self.dice.random();
                self.joined_group(candidate.confirmed(), nonce);
            }
            Some(Rule::CurrentEpoch) => self.return_from_outside(),
            Some(Rule::RemovedStaysOut) => self.erase(Place::Removed),
            Some(Rule::SentBack) => self.sent_back(),
            Some(_) => {
                self.give_up_invite();
                self.place = Place::Outside;
            }
        }
    }

    /// This device is not let in: its grant may have run out.
    pub(super) fn entry_refused(&mut self) {
        let has_run_out = self.secrets.grant.as_ref().is_some_and(|grant| grant.not_after_ms < self.now_ms);
        if has_run_out {
            self.give_up_grant();
        }
    }

    /// The grant opens nothing any more: what is left is to knock. The creator keeps its own, which nobody else could give it.
    pub(super) fn give_up_grant(&mut self) {
        if self.secrets.root_seed.is_none() {
            self.secrets.grant = None;
            self.out.push_back(DeviceOutput::Remember {});
        }
    }

    pub(super) fn welcomed(&mut self, welcome: &WelcomeMessage, tree: &RatchetTree) {
        let Place::Applying(_) = self.place else { return };
        let now_ms = self.now_ms;
        let Place::Applying(applicant) = std::mem::replace(&mut self.place, Place::Outside) else { return };
        let nonce = applicant.grant.nonce;
        match applicant.join(welcome, tree, now_ms) {
            Ok(group) => self.joined_group(group, nonce),
            Err((applicant, reject)) => {
                // The right one may still come.
                self.place = Place::Applying(applicant);
                self.refuse_group(&reject);
            }
        }
    }

    fn refuse_group(&mut self, reject: &Reject) {
        match reject {
            Reject::Admission(_) => self.refuse(reject),
            _ => self.refuse(&Reject::WrongGroup),
        }
    }

    /// In the group: keys are installed for receiving; sending waits for a heartbeat that answers `nonce`.
    fn joined_group(&mut self, group: Group, nonce: [u8; 16]) {
        let keys = group.keys();
        self.secrets.suite = group.roster().policy.suite;
        self.note_policy(group.roster().policy.version);
        self.place = Place::Member(Box::new(group));
        self.synced = true;
        self.changed = true;
        self.people.clear();
        self.install(keys, false);
        self.take_up_log();
        self.watch_terms();
        self.refreshed_ms = self.now_ms;
        let alone =
            self.group().is_some_and(|group| group.roster().hosts().all(|host| host.device == self.me()));
        if alone && self.is_host() {
            let epoch = self.group().map_or(0, |group| group.epoch().0);
            self.pulse.start_as_only_host(epoch, self.now_ms);
        } else {
            self.pulse.start(nonce, self.now_ms);
        }
        // Who comes back is in the room before it is in the group; who is not there yet asks once it is.
        if self.joined && self.pulse.is_unanswered() {
            self.ask_whether_this_is_now();
        }
        self.hear_what_came_before();
    }

    /// Keeps, also over a reload, that there was a policy of this version.
    pub(super) fn note_policy(&mut self, version: u64) {
        if version > self.secrets.policy_floor {
            self.secrets.policy_floor = version;
            self.out.push_back(DeviceOutput::Remember {});
        }
    }

    /// A commit or proposal that the server has passed on.
    pub(super) fn handshake(&mut self, epoch: GroupEpoch, bytes: &[u8]) {
        let Some(own) = self.group().map(Group::epoch) else { return };
        // Known already: what was missed came twice.
        if epoch < own {
            return;
        }
        if epoch > own {
            self.ask_for_missed();
            return;
        }
        match self.ingest(bytes) {
            Some(Ingested::Epoch(change)) => {
                self.commit_overtaken(&change.committer);
                self.applied(change);
            }
            Some(Ingested::Proposal) => self.plan_commit(),
            Some(Ingested::Application { .. }) | None => {}
        }
    }

    pub(super) fn ask_for_missed(&mut self) {
        let Some(epoch) = self.group().map(Group::epoch) else { return };
        if !self.sent.values().any(|sent| matches!(sent, Sent::Missed)) {
            self.send(ClientMessage::Missed { epoch }, Sent::Missed);
        }
    }

    pub(super) fn missed_answered(&mut self, refused: Option<Rule>) {
        match refused {
            // What was missed may have been that this device was dropped: then it is on its way back.
            None => {
                self.synced = self.group().is_some();
                if !self.sent.values().any(|sent| matches!(sent, Sent::Commit)) {
                    self.give_up_commit();
                }
            }
            Some(Rule::HandshakesKept) => self.return_from_outside(),
            Some(_) => {}
        }
    }

    /// The server has lost the group: brings it back, with a host's word for it.
    fn offer_for_adoption(&mut self) {
        let is_host = self.is_host();
        let Some(group) = self.group() else { return };
        let epoch = group.epoch();
        if is_host {
            self.certify_for_adoption();
        }
        let Some(heartbeat) = self.pulse.certificate(epoch.0) else {
            // Without a certificate it must come from somebody else; meanwhile asks what the server has by then.
            self.ask_for_missed();
            return;
        };
        let Some(Ok((group_info, tree))) = self.group().map(Group::state) else { return };
        self.send(ClientMessage::Adopt { group_info, tree, heartbeat }, Sent::Adopt);
    }

    pub(super) fn adoption_answered(&mut self, refused: Option<Rule>) {
        match refused {
            None => self.synced = true,
            // Somebody else was first.
            Some(_) => self.ask_for_missed(),
        }
    }

    pub(super) fn propose_leaving(&mut self) {
        let Some(group) = self.group_mut() else { return };
        if group.is_committing() {
            group.abandon();
        }
        if let Ok((epoch, proposal)) = group.propose_leaving() {
            self.send(ClientMessage::Propose { epoch, proposal }, Sent::Other);
        }
    }
}
