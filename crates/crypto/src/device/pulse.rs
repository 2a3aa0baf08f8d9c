//! Heartbeats: the hosts' signed word on which epoch is the present, so that a server can neither hold a removal
//! back, nor split the group, nor show a joiner the past, without being noticed.
//!
//! The senior host beats every five seconds, and at once after the commit by which somebody came back; a host that commits
//! does so right after its commit; the next host takes over when the senior is silent. The numbers go up; of two with the same number the first in the room's order counts.
//!
//! A genuine heartbeat can still be an old one that was passed on late. How late is measured by its date, against
//! the freshest that ever came from its signer; and that one was fresh if it answered a question of this device.

use std::collections::BTreeMap;

use sabha_admission::{Expectation, Heartbeat, NO_PREVIOUS, NONCES_MAX, SignedHeartbeat, Violation};
use sabha_protocol::{
    DeviceKey,
    device::{Alarm, HeartbeatState},
    limits::{HEARTBEAT_INTERVAL, HEARTBEAT_LATE, HEARTBEAT_LOST},
    opaque::{HeartbeatBytes, RelayPayload},
    wire::ClientMessage,
};

use super::{
    Device, Sent,
    chronicle::Chronicle,
    say::{Relay, Word},
};
use crate::{
    group::Group,
    log::{MeetingLog, MerkleTree},
};

/// How much later than the one before it in seniority a host takes a silent one for gone, in milliseconds.
const TAKE_OVER_MS: u64 = 1500;

/// How long a host waits after an answer before it answers questions by the next heartbeat, and how long at least after
/// any heartbeat before it certifies somebody's return, in milliseconds.
const ANSWER_MS: u64 = 200;

/// After this long without an answer a question is asked anew, in milliseconds.
const ASK_AGAIN_MS: u64 = 3000;

/// How long an answer may have been under way without being taken for late, in milliseconds.
const ANSWER_LATE_MS: u64 = 2000;

/// In the place of the hash of the heartbeat before, where a host does not know it any more.
const LOST_COUNT: [u8; 32] = [1; 32];

/// What is known of the hosts' pulse.
#[derive(Default)]
pub(super) struct Pulse {
    last: Option<SignedHeartbeat>,
    /// When the present was last certified, or the group joined.
    heard_ms: u64,
    /// The epoch that the last accepted heartbeat certifies.
    certified: Option<u64>,
    /// Asked of the hosts, and not answered yet: until then this may be the past.
    nonce: Option<[u8; 16]>,
    /// To be answered by the next own heartbeat.
    owed: Vec<[u8; 16]>,
    /// When a heartbeat of this device last answered questions.
    answered_ms: u64,
    state: Silence,
    /// Whether this device made the group, so that its first heartbeat is the meeting's.
    is_first: bool,
    asked_for_epoch: u64,
    /// How far each host's dates are behind this device's clock.
    lags: BTreeMap<DeviceKey, Lag>,
    /// Asked of the hosts to learn how old their heartbeats are.
    question: Option<Question>,
}

/// How far a host's clock is behind the own one, the way of its heartbeats included, as far as is known.
#[derive(Clone, Copy)]
struct Lag {
    /// The least that was seen, in milliseconds; negative if the host's clock is ahead.
    ms: i64,
    /// Whether that was measured by an answer. Else all of the host's heartbeats may have been late alike.
    measured: bool,
}

#[derive(Clone, Copy)]
struct Question {
    nonce: [u8; 16],
    asked_ms: u64,
    /// When it was first asked.
    open_ms: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Silence {
    #[default]
    Fresh,
    Late,
    Lost,
}

impl Pulse {
    /// The creator's own group: this is the present, since there is nobody else.
    pub(super) fn start_as_host(&mut self, now_ms: u64) {
        *self = Self { heard_ms: now_ms, certified: Some(0), is_first: true, ..Self::default() };
    }

    /// A group was joined in which this device is the only host: nobody else could say what the present is.
    pub(super) fn start_as_only_host(&mut self, epoch: u64, now_ms: u64) {
        *self = Self { heard_ms: now_ms, certified: Some(epoch), ..Self::default() };
    }

    /// A group was joined: it is the present once a heartbeat answers `nonce`.
    pub(super) fn start(&mut self, nonce: [u8; 16], now_ms: u64) {
        let owed = std::mem::take(&mut self.owed);
        *self = Self { heard_ms: now_ms, nonce: Some(nonce), owed, ..Self::default() };
    }

    pub(super) fn note_epoch(&mut self, epoch: u64) {
        if self.certified.is_some_and(|certified| certified > epoch) {
            self.certified = None;
        }
    }

    /// Notes nonces to be answered.
    pub(super) fn owe(&mut self, nonces: impl IntoIterator<Item = [u8; 16]>) {
        for nonce in nonces {
            if self.owed.len() < NONCES_MAX && !self.owed.contains(&nonce) {
                self.owed.push(nonce);
            }
        }
    }

    pub(super) fn certifies(&self, epoch: u64) -> bool {
        self.nonce.is_none() && self.certified == Some(epoch)
    }

    /// Returns whether the present was certified at all since the group was joined.
    pub(super) const fn has_certified(&self) -> bool {
        self.nonce.is_none() && self.certified.is_some()
    }

    /// Returns whether this device has asked what is the present, or wants to know it before it sends.
    pub(super) const fn is_unanswered(&self) -> bool {
        self.nonce.is_some() || self.question.is_some()
    }

    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.state, Silence::Lost)
    }

    pub(super) const fn state(&self) -> HeartbeatState {
        match self.state {
            Silence::Fresh => HeartbeatState::Fresh,
            Silence::Late => HeartbeatState::Late,
            Silence::Lost => HeartbeatState::Lost,
        }
    }

    /// Notes how long there was silence. Returns whether that says something new.
    pub(super) fn note_silence(&mut self, now_ms: u64) -> bool {
        let silent_ms = now_ms.saturating_sub(self.silent_since_ms());
        let state = if silent_ms >= ms(HEARTBEAT_LOST) {
            Silence::Lost
        } else if silent_ms >= ms(HEARTBEAT_LATE) {
            Silence::Late
        } else {
            Silence::Fresh
        };
        std::mem::replace(&mut self.state, state) != state
    }

    /// Returns when the silence says something new, unless it is broken.
    pub(super) fn next_step(&self) -> Option<u64> {
        match self.state {
            Silence::Fresh => Some(self.silent_since_ms() + ms(HEARTBEAT_LATE)),
            Silence::Late => Some(self.silent_since_ms() + ms(HEARTBEAT_LOST)),
            Silence::Lost => None,
        }
    }

    /// A question that nobody answers is silence, whatever else is heard.
    fn silent_since_ms(&self) -> u64 {
        self.question.map_or(self.heard_ms, |question| question.open_ms.min(self.heard_ms))
    }

    fn accept(&mut self, heartbeat: SignedHeartbeat, now_ms: u64) {
        let lag = self.measure(&heartbeat, now_ms);
        self.heard_ms = self.heard_ms.max(heartbeat.time_ms.saturating_add_signed(lag.ms)).min(now_ms);
        self.certified = Some(heartbeat.epoch);
        self.last = Some(heartbeat);
        self.note_silence(now_ms);
    }

    /// The own word is as fresh as can be.
    fn accept_own(&mut self, heartbeat: SignedHeartbeat, now_ms: u64) {
        self.lags.insert(heartbeat.signer, Lag { ms: 0, measured: true });
        self.question = None;
        self.accept(heartbeat, now_ms);
    }

    /// Learns from a heartbeat how far its signer's dates are behind.
    fn measure(&mut self, heartbeat: &SignedHeartbeat, now_ms: u64) -> Lag {
        let since =
            |at_ms: u64| i64::try_from(at_ms).unwrap_or(i64::MAX).saturating_sub_unsigned(heartbeat.time_ms);
        let seen_ms = since(now_ms);
        let answer = self.question.take_if(|question| heartbeat.answers(&question.nonce));
        self.nonce = self.nonce.filter(|nonce| answer.is_none() && !heartbeat.answers(nonce));
        let lag = match (answer, self.lags.get(&heartbeat.signer)) {
            // It was signed after it was asked for.
            (Some(question), _) => {
                Lag { ms: seen_ms.min(since(question.asked_ms + ANSWER_LATE_MS)), measured: true }
            }
            (None, Some(known)) => Lag { ms: seen_ms.min(known.ms), ..*known },
            (None, None) => Lag { ms: seen_ms, measured: false },
        };
        self.lags.insert(heartbeat.signer, lag);
        lag
    }

    /// Returns when the hosts should be asked whether what they say is new.
    fn next_question(&self) -> Option<u64> {
        if let Some(question) = self.question {
            return Some(question.asked_ms + ASK_AGAIN_MS);
        }
        let measured = |last: &SignedHeartbeat| self.lags.get(&last.signer).is_some_and(|lag| lag.measured);
        match &self.last {
            Some(last) if !measured(last) => Some(0),
            _ if self.nonce.is_some() => Some(self.heard_ms + ASK_AGAIN_MS),
            _ => match self.state {
                Silence::Fresh => None,
                Silence::Late | Silence::Lost => Some(0),
            },
        }
    }

    /// Notes that the hosts are asked. An answer also contents who joined and got none to its knock.
    fn ask(&mut self, nonce: [u8; 16], now_ms: u64) {
        let open_ms = self.question.map_or(now_ms, |question| question.open_ms);
        self.question = Some(Question { nonce, asked_ms: now_ms, open_ms });
    }

    /// Returns whether the newest heartbeat names this epoch, however old it may be.
    pub(super) fn has_heard_of(&self, epoch: u64) -> bool {
        self.last.as_ref().is_some_and(|last| last.epoch == epoch)
    }

    /// Returns the newest heartbeat, if it is of this epoch.
    pub(super) fn certificate(&self, epoch: u64) -> Option<HeartbeatBytes> {
        let last = self.last.as_ref().filter(|last| last.epoch == epoch)?;
        HeartbeatBytes::try_from(last.to_bytes()).ok()
    }
}

impl Device {
    /// Returns when this device should beat: never if it is no host, later the more hosts stand before it.
    pub(super) fn next_beat(&self) -> Option<u64> {
        let group = self.group()?;
        if !self.joined || !self.synced || group.is_committing() {
            return None;
        }
        let me = self.me();
        let rank = self.seniority(group, &me)?;
        let last = self.pulse.last.as_ref().map_or(0, |last| last.time_ms.min(self.pulse.heard_ms));
        Some(match self.pulse.owed.is_empty() {
            true => last + ms(HEARTBEAT_INTERVAL) + rank * TAKE_OVER_MS,
            false => self.pulse.answered_ms + ANSWER_MS,
        })
    }

    /// Returns how many connected hosts stand before `device`; `None` if it is no host.
    fn seniority(&self, group: &Group, device: &sabha_protocol::DeviceKey) -> Option<u64> {
        let here = |host: &sabha_protocol::DeviceKey| self.present.values().any(|device| device == host);
        let before = group.roster().hosts().take_while(|host| host.device != *device);
        let rank = before.filter(|host| here(&host.device)).count();
        group.roster().is_host(device).then_some(rank as u64)
    }

    /// Certifies the epoch that somebody made by coming back, if this device is the senior host: who came back can open only what
    /// is sealed in it, and nobody seals in it before. Without this all would wait for the answer to the question that
    /// the returned one asks later, and the key frame that was asked for on its behalf would be sealed in the epoch before.
    pub(super) fn certify_return(&mut self, committer: &DeviceKey) {
        let me = self.me();
        let is_senior = self.group().is_some_and(|group| self.seniority(group, &me) == Some(0));
        let rested =
            self.pulse.last.as_ref().is_none_or(|last| last.time_ms.saturating_add(ANSWER_MS) <= self.now_ms);
        if *committer != me && self.returned.contains(committer) && is_senior && rested {
            self.beat();
        }
    }

    /// Signs and sends a heartbeat for the present. Before this device has joined, nobody would hear it.
    pub(super) fn beat(&mut self) {
        if self.joined
            && self.synced
            && let Some(relay) = self.sign_beat()
            && let Ok(payload) = RelayPayload::try_from(relay)
        {
            self.send(ClientMessage::Relay { to: None, payload }, Sent::Other);
        }
    }

    fn sign_beat(&mut self) -> Option<Vec<u8>> {
        let (meeting, me, now_ms) = (self.secrets.meeting, self.me(), self.now_ms);
        let group = self.group()?;
        if !group.roster().is_host(&me) {
            return None;
        }
        let (seq, previous) = match &self.pulse.last {
            Some(last) => (last.seq + 1, last.hash()),
            None if self.pulse.is_first => (0, NO_PREVIOUS),
            // A host that came back and has lost count goes on from its clock, above any count.
            None => (now_ms, LOST_COUNT),
        };
        let log = self.chronicle.as_ref().map(Chronicle::log);
        let heartbeat = Heartbeat {
            meeting,
            seq,
            epoch: group.epoch().0,
            transcript_hash: group.transcript_hash(),
            tree_hash: group.tree_hash(),
            policy_version: group.roster().policy.version,
            log_size: log.map_or(0, MeetingLog::size),
            log_head: log.map_or_else(|| MerkleTree::default().head(), MeetingLog::head),
            previous,
            time_ms: now_ms,
            nonces: self.pulse.owed.clone(),
            signer: me,
        };
        let heartbeat = heartbeat.sign(self.signer.key()).ok()?;
        if !self.pulse.owed.is_empty() {
            self.pulse.owed.clear();
            self.pulse.answered_ms = now_ms;
        }
        let relay = Relay::Heartbeat(heartbeat.to_bytes()).to_bytes();
        let alone = self.group().is_some_and(|group| group.roster().hosts().count() <= 1);
        // A host that comes back is not its own witness while others could be.
        let waits = self.pulse.nonce.filter(|_| !alone);
        let question = self.pulse.question.filter(|_| waits.is_some());
        self.pulse.accept_own(heartbeat, now_ms);
        (self.pulse.nonce, self.pulse.question) = (waits, question);
        self.suspended = false;
        self.changed = true;
        Some(relay)
    }

    /// Signs the present for a server that has lost it.
    pub(super) fn certify_for_adoption(&mut self) {
        let _ = self.sign_beat();
    }

    /// Returns when this device asks the others' hosts next whether this is the present.
    pub(super) fn next_question(&self) -> Option<u64> {
        let me = self.me();
        let others = self.group()?.roster().hosts().any(|host| host.device != me);
        if others && self.joined && self.synced { self.pulse.next_question() } else { None }
    }

    pub(super) fn ask_whether_this_is_now(&mut self) {
        let nonce = self.dice.random();
        self.pulse.ask(nonce, self.now_ms);
        self.words.retain(|word| !matches!(word, Word::IsThisNow(_)));
        self.say(Word::IsThisNow(nonce));
    }

    pub(super) fn heard_heartbeat(&mut self, bytes: &[u8]) {
        let now_ms = self.now_ms;
        let Ok(heartbeat) = SignedHeartbeat::from_bytes(bytes) else { return };
        let Some(group) = self.group() else { return };
        let last = self.pulse.last.as_ref();
        // An old one again, or the later of two with one number.
        let passed = last.is_some_and(|last| heartbeat.seq <= last.seq);
        let follows = last.filter(|last| heartbeat.seq == last.seq + 1);
        let same_signer = follows.is_some_and(|last| last.signer == heartbeat.signer);
        let expected = Expectation {
            epoch: group.epoch().0,
            transcript_hash: group.transcript_hash(),
            tree_hash: group.tree_hash(),
            previous: follows,
        };
        match heartbeat.check(group.roster(), &expected) {
            // It says no more than what is known, but may be the answer to a question.
            Ok(()) if passed => {
                self.pulse.measure(&heartbeat, now_ms);
                self.changed = true;
            }
            Ok(()) => {
                self.note_log_head(&heartbeat);
                self.pulse.accept(heartbeat, now_ms);
                self.suspended = false;
                self.changed = true;
            }
            Err(Violation::HeartbeatState) if heartbeat.epoch == group.epoch().0 => {
                self.alarm(Alarm::Fork {})
            }
            // The commits between are on their way, or held back: asks once for each epoch.
            Err(Violation::HeartbeatState) if heartbeat.epoch > group.epoch().0 => {
                if self.pulse.asked_for_epoch < heartbeat.epoch {
                    self.pulse.asked_for_epoch = heartbeat.epoch;
                    self.ask_for_missed();
                }
            }
            Err(Violation::HeartbeatChain) if same_signer => self.alarm(Alarm::Fork {}),
            // Before the last commit, or not from a host: says nothing.
            Err(_) => {}
        }
    }
}

fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use sabha_admission::device_key;
    use sabha_protocol::MeetingId;

    use super::*;

    fn beat(seq: u64, time_ms: u64, nonces: &[[u8; 16]]) -> SignedHeartbeat {
        let host = SigningKey::from_bytes(&[1; 32]);
        Heartbeat {
            meeting: MeetingId::from_bytes([0; 20]),
            seq,
            epoch: 1,
            transcript_hash: [0; 32],
            tree_hash: [0; 32],
            policy_version: 1,
            log_size: 0,
            log_head: [0; 32],
            previous: [1; 32],
            time_ms,
            nonces: nonces.to_vec(),
            signer: device_key(&host),
        }
        .sign(&host)
        .unwrap()
    }

    fn state_after(pulse: &mut Pulse, heartbeat: SignedHeartbeat, now_ms: u64) -> HeartbeatState {
        pulse.accept(heartbeat, now_ms);
        pulse.note_silence(now_ms);
        pulse.state()
    }

    /// A pulse that heard its first heartbeat, of a host whose clock is a minute ahead, and asked nothing yet.
    fn started() -> Pulse {
        let mut pulse = Pulse::default();
        pulse.start([1; 16], 100_000);
        assert_eq!(state_after(&mut pulse, beat(1, 160_000, &[[1; 16]]), 100_000), HeartbeatState::Fresh);
        assert!(pulse.certifies(1));
        pulse
    }

    #[test]
    fn a_heartbeat_counts_from_when_it_was_signed_not_from_when_it_came() {
        let mut pulse = started();
        assert_eq!(state_after(&mut pulse, beat(2, 165_000, &[]), 105_000), HeartbeatState::Fresh);
        assert_eq!(state_after(&mut pulse, beat(3, 170_000, &[]), 119_999), HeartbeatState::Fresh);
        assert_eq!(state_after(&mut pulse, beat(4, 175_000, &[]), 125_000), HeartbeatState::Late);
        assert_eq!(state_after(&mut pulse, beat(5, 180_000, &[]), 150_000), HeartbeatState::Lost);
        assert_eq!(state_after(&mut pulse, beat(6, 208_000, &[]), 150_000), HeartbeatState::Fresh);
    }

    #[test]
    fn a_hosts_clock_that_was_set_back_is_known_by_its_answer() {
        let mut pulse = started();
        assert_eq!(state_after(&mut pulse, beat(2, 50_000, &[]), 110_000), HeartbeatState::Late);
        assert_eq!(pulse.next_question(), Some(0));
        pulse.ask([2; 16], 111_000);
        assert_eq!(state_after(&mut pulse, beat(3, 52_000, &[[2; 16]]), 111_100), HeartbeatState::Fresh);
        assert_eq!(pulse.next_question(), None);
        assert_eq!(state_after(&mut pulse, beat(4, 57_000, &[]), 116_100), HeartbeatState::Fresh);
    }

    #[test]
    fn an_answer_that_was_held_back_counts_from_when_it_was_asked_for() {
        let mut pulse = started();
        pulse.ask([2; 16], 101_000);
        assert_eq!(state_after(&mut pulse, beat(2, 161_000, &[[2; 16]]), 112_000), HeartbeatState::Fresh);
        assert_eq!(state_after(&mut pulse, beat(3, 166_000, &[]), 118_001), HeartbeatState::Late);
    }

    #[test]
    fn a_host_that_answers_no_question_is_silent() {
        let mut pulse = started();
        assert_eq!(pulse.next_question(), Some(0));
        pulse.ask([2; 16], 100_000);
        for number in 1..=7 {
            let (now_ms, expected) = (
                100_000 + number * 5000,
                match number {
                    0..2 => HeartbeatState::Fresh,
                    2..6 => HeartbeatState::Late,
                    _ => HeartbeatState::Lost,
                },
            );
            let heartbeat = beat(1 + number, now_ms + 60_000, &[]);
            assert_eq!(state_after(&mut pulse, heartbeat, now_ms), expected, "{number}");
            assert_eq!(pulse.next_question(), Some(pulse.question.unwrap().asked_ms + ASK_AGAIN_MS));
            pulse.ask([2 + number as u8; 16], now_ms);
        }
        let answer = beat(20, 196_000, &[[9; 16]]);
        assert_eq!(state_after(&mut pulse, answer, 136_000), HeartbeatState::Fresh);
    }
}
