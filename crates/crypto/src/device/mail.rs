//! Who comes by mail, with a link that lacks the meeting's secret: proves the passcode first, is told the secret then, and
//! from there on is a guest like any other.
//!
//! ```text
//!  guest                                     host's device that knows the passcode
//!  knock: shows nothing ─────────────────►   tells nobody, asks for the passcode
//!  passcode (CPace) ◄────────────────────►   counts the tries
//!                    ◄────────────────────   the link's secret, sealed under the key of the proof
//!  knock, sealed under the lobby key ─────►   shows the name; lets in by click or by the rule
//! ```
//!
//! The server has sent the mail, so it could knock so itself. It does not know the passcode: it has as many guesses as anybody.

use sabha_protocol::{DeviceKey, ParticipantId, device::DeviceOutput};

use super::{Device, door::Proof, say::Saying};
use crate::{
    link::LinkSecret,
    pake::PakeKey,
    seal::{self, Speaker},
};

impl Device {
    /// Whether who comes by mail may prove the passcode to this device.
    pub(super) fn takes_mail(&self) -> bool {
        self.secrets.passcode.as_ref().is_some_and(|passcode| passcode.by_mail)
    }

    /// Host: from now on nobody comes in by mail. Who has proven the passcode so far is not affected.
    pub(super) fn shut_mail(&mut self) {
        if let Some(passcode) = &mut self.secrets.passcode {
            passcode.by_mail = false;
            self.host_door.forget_unnamed();
            self.changed = true;
            self.out.push_back(DeviceOutput::Remember {});
        }
    }

    /// Tells a guest who has proven the passcode the link's secret, under the key of that proof.
    pub(super) fn tell_secret(&mut self, guest: ParticipantId, device: DeviceKey, key: &PakeKey) {
        let (meeting, nonce) = (self.secrets.meeting, self.dice.random());
        let Some(link) = &self.secrets.link else { return };
        let sealed = seal::seal_to_pake_key(key, Speaker::Host, &meeting, &device, link.expose(), nonce);
        if let Ok(sealed) = sealed {
            self.say_at_door(Some(guest), self.me(), Saying::LinkSecret(sealed));
        }
    }

    /// A host tells the secret: this guest knocks now like any other.
    pub(super) fn told_secret(&mut self, host: DeviceKey, sealed: &[u8]) {
        let Proof::Untold(key) = &self.guest_door.proof else { return };
        let opened = seal::open_from_pake_key(key, Speaker::Host, &self.secrets.meeting, &self.me(), sealed);
        let Ok(secret) = opened else { return };
        let Ok(secret) = secret[..].try_into().map(LinkSecret::from_bytes) else { return };
        self.guest_door.proof = Proof::Proven;
        self.keys = Some(secret.derive(&self.secrets.meeting));
        self.secrets.link = Some(secret);
        self.secrets.mail = None;
        let title = self.sealed_title.take();
        self.open_title(title);
        self.out.push_back(DeviceOutput::Remember {});
        self.changed = true;
        if let Some(knock) = self.sealed_knock() {
            self.say_at_door(None, host, Saying::Knock(knock));
        }
    }

    /// Returns the fragment of the link by which this device can come again, with its `#`.
    pub(super) fn invite_fragment(&self) -> String {
        match (&self.secrets.link, &self.secrets.mail) {
            (Some(link), _) => format!("#{}", *link.fragment()),
            (None, Some(mail)) => format!("#{}{}", sabha_protocol::gate::FRAGMENT_PREFIX, *mail.text()),
            (None, None) => String::new(),
        }
    }
}
