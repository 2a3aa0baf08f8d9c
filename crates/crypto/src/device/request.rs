//! A host asks somebody to speak. It is a question and nothing more: no word and no message switches a microphone on.
//!
//! Asking often is no way to press: a device passes on one question in [`ASK_MS`], whoever asks, and a host's device says
//! no more than that of each member.

use std::collections::BTreeMap;

use sabha_admission::{Capabilities, DeviceKey};
use sabha_protocol::device::DeviceOutput;

use super::{Device, say::Word};

/// Least time between two questions, in milliseconds.
const ASK_MS: u64 = 10_000;

/// Who was asked, and when.
#[derive(Default)]
pub(super) struct Requests {
    /// Of members, by this host. Members only, so as many as the room holds.
    asked: BTreeMap<DeviceKey, u64>,
    /// When this person was asked last.
    heard_ms: Option<u64>,
}

impl Device {
    pub(super) fn ask_to_speak(&mut self, device: DeviceKey) {
        let now_ms = self.now_ms;
        self.requests.asked.retain(|_, asked_ms| now_ms < *asked_ms + ASK_MS);
        if self.is_host() && self.may_speak(&device) && !self.requests.asked.contains_key(&device) {
            self.requests.asked.insert(device, now_ms);
            self.say(Word::PleaseSpeak(device));
        }
    }

    /// Somebody asks a member to speak: passes it on if a host asks this one, who is silent and may speak.
    pub(super) fn asked_to_speak(&mut self, from: DeviceKey, device: DeviceKey) {
        let (me, now_ms) = (self.me(), self.now_ms);
        let by_host = self.group().is_some_and(|group| group.roster().is_host(&from));
        let is_soon = self.requests.heard_ms.is_some_and(|heard_ms| now_ms < heard_ms + ASK_MS);
        if device != me || !by_host || is_soon || self.own.media.microphone || !self.may_speak(&me) {
            return;
        }
        self.requests.heard_ms = Some(now_ms);
        let name = self.people.get(&from).map(|status| status.name.clone());
        self.out.push_back(DeviceOutput::AskedToSpeak { by: from, name });
    }

    fn may_speak(&self, device: &DeviceKey) -> bool {
        let member = self.group().and_then(|group| group.roster().member_of(device));
        member.is_some_and(|member| member.may(Capabilities::MICROPHONE))
    }
}
