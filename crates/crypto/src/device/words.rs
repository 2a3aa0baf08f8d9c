//! What members say to each other in the group: names, hands, what is switched on, chat.
//!
//! MLS lets nobody speak while a commit of one's own or somebody's wish to leave is under way, so words wait here. What
//! others say in an epoch that is not here yet waits in `early.rs`.

use sabha_admission::{
    Capabilities,
    controls::{Action, Function},
};
use sabha_protocol::{
    DeviceKey, DisplayName, MediaState, Rule, device::DeviceOutput, limits::ROOM_PARTICIPANTS_MAX,
    opaque::RelayPayload, text::ChatText, wire::ClientMessage,
};

use super::{
    Device, Sent, WORDS_MAX,
    say::{Relay, Status, Word},
};
use crate::group::{Ingested, Reject};

/// Chat kept until its sender's name is known.
const UNNAMED_MAX: usize = 64;

impl Device {
    pub(super) fn chat(&mut self, text: ChatText) {
        let me = self.me();
        let Some(roster) = self.group().map(|group| group.roster()) else { return };
        let Some(member) = roster.member_of(&me) else { return };
        // Nobody would show it.
        if !member.may(Capabilities::CHAT) {
            let conduct = &roster.policy.conduct;
            let rule = conduct.refusal(&me, member.is_host(), Action::Use(Function::Chat));
            self.out.push_back(DeviceOutput::Refused { rule: rule.unwrap_or(Rule::SourceTaken) });
            return;
        }
        self.out.push_back(DeviceOutput::Chat { from: me, name: self.own.name.clone(), text: text.clone() });
        self.say(Word::Chat(text));
    }

    pub(super) fn change_status(&mut self, change: impl FnOnce(&mut Status)) {
        let before = self.own.clone();
        change(&mut self.own);
        if self.own != before {
            self.changed = true;
            if self.joined {
                self.say(Word::Status(self.own.clone()));
            }
        }
    }

    pub(super) fn say(&mut self, word: Word) {
        if let Word::Status(_) = word {
            self.words.retain(|waiting| !matches!(waiting, Word::Status(_)));
        }
        if self.words.len() < WORDS_MAX {
            self.words.push_back(word);
        }
    }

    pub(super) fn flush_words(&mut self) {
        // Before it has joined, the server passes nothing on.
        while self.joined {
            let Some(group) = self.group_mut() else { return };
            if group.is_committing() || group.has_proposals() {
                return;
            }
            let Some(bytes) = self.words.front().map(Word::to_bytes) else { return };
            // What cannot be sealed now waits on.
            let Some(Ok(sealed)) = self.group_mut().map(|group| group.seal(&bytes)) else { return };
            self.words.pop_front();
            if let Ok(payload) = RelayPayload::try_from(Relay::Sealed(sealed).to_bytes()) {
                self.send(ClientMessage::Relay { to: None, payload }, Sent::Other);
            }
        }
    }

    /// A host tells those who just came in what it knows of everybody.
    pub(super) fn introduce(&mut self) {
        let me = self.me();
        let mut people: Vec<_> =
            self.people.iter().map(|(device, status)| (*device, status.clone())).collect();
        people.push((me, self.own.clone()));
        // Whom a host may let in again, it should know by name.
        let outcast = |(device, name): (&DeviceKey, &DisplayName)| {
            (*device, Status { name: name.clone(), hand: false, media: MediaState::default() })
        };
        people.extend(self.outcasts.iter().map(outcast));
        people.truncate(ROOM_PARTICIPANTS_MAX);
        self.say(Word::People(people));
    }

    pub(super) fn relayed(&mut self, bytes: &[u8]) {
        match Relay::from_bytes(bytes) {
            Ok(Relay::Heartbeat(bytes)) => self.heard_heartbeat(&bytes),
            Ok(Relay::Sealed(bytes)) => self.heard_sealed(bytes),
            // A member's client or the server is broken: drops it, tells nobody.
            Err(_) => {}
        }
    }

    /// Tells what was said by those whose names are known; the rest waits for theirs, which are on the way.
    fn tell_chat(&mut self) {
        for (from, text) in std::mem::take(&mut self.unnamed) {
            match self.people.get(&from).map(|status| status.name.clone()) {
                Some(name) => self.out.push_back(DeviceOutput::Chat { from, name, text }),
                None => self.unnamed.push_back((from, text)),
            }
        }
    }

    /// What is of an epoch to come waits for it. What else cannot be opened is dropped without an alarm: it may be long gone.
    pub(super) fn heard_sealed(&mut self, sealed: Vec<u8>) {
        let now_ms = self.now_ms;
        let Some(group) = self.group_mut() else { return };
        let (from, bytes) = match group.ingest_words(&sealed, now_ms) {
            Ok(Ingested::Application { from, bytes }) => (from, bytes),
            Err(Reject::Early(epoch)) => return self.early.keep(epoch, sealed),
            _ => return,
        };
        let Ok(word) = Word::from_bytes(&bytes) else { return };
        self.changed = true;
        match word {
            Word::Status(status) => {
                self.people.insert(from, status);
                self.tell_chat();
            }
            Word::Chat(text) => {
                let may = self
                    .group()
                    .and_then(|group| group.roster().member_of(&from))
                    .is_some_and(|member| member.may(Capabilities::CHAT));
                if may && self.unnamed.len() < UNNAMED_MAX {
                    self.unnamed.push_back((from, text));
                    self.tell_chat();
                }
            }
            Word::IsThisNow(nonce) => self.pulse.owe([nonce]),
            Word::WhoIs(device) => self.asked_who(device),
            Word::Material(word) => self.heard_material(from, word),
            Word::PleaseSpeak(device) => self.asked_to_speak(from, device),
            Word::Certificate(bytes) => self.heard_certificate(from, &bytes),
            Word::CertificatePart { number, of, bytes } => {
                self.heard_certificate_part(from, number, of, &bytes);
            }
            Word::Countersignature(bytes) => self.heard_countersignature(from, &bytes),
            Word::People(people) => {
                let is_host = self.group().is_some_and(|group| group.roster().is_host(&from));
                let me = self.me();
                for (device, status) in people.into_iter().filter(|_| is_host) {
                    let Some(roster) = self.group().map(|group| group.roster()) else { return };
                    let member = roster.member_of(&device).is_some();
                    if roster.policy.conduct.banned.contains(&device) {
                        self.outcasts.entry(device).or_insert(status.name);
                        continue;
                    }
                    // Everybody's own word goes before a host's.
                    if member && device != me {
                        self.people.entry(device).or_insert(status);
                    }
                }
                self.tell_chat();
            }
        }
    }
}
