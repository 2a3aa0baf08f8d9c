//! Restricted material in the group: who may show it, how it becomes words, and when everybody forgets it.
//!
//! It is shown by who may share a screen: both put something before everybody's eyes, and whoever has that right could show the
//! same by the screen, with less care. So it has no right of its own, and what takes the right takes the material: a control, a host,
//! a suspension.

use sabha_admission::{Capabilities, Roster, controls::Action};
use sabha_protocol::{
    DeviceKey, Rule, Source,
    device::{DeviceOutput, Encryption},
    key::Digest,
    restricted::{MaterialBytes, MaterialKind, MaterialState, MaterialView},
};
use zeroize::Zeroizing;

use super::{Device, say::Word};
use crate::{
    group::Group,
    restricted::{Announcement, Heard, Material, Reading, Saying, Showing},
};

/// What is shown now. In memory only, and gone with the group.
#[derive(Default)]
pub(super) struct Materials {
    own: Option<Showing>,
    /// When this device began to show what it showed last.
    began_ms: Option<u64>,
    others: Reading,
}

impl Materials {
    pub(super) fn clear(&mut self) {
        self.own = None;
        self.others.clear();
    }

    /// Returns when something is to be said, or runs out.
    pub(super) fn next(&self) -> Option<u64> {
        self.own.as_ref().map(Showing::next).into_iter().chain(self.others.next()).min()
    }
}

/// What a member says of restricted material, in a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MaterialWord {
    Announced(Announcement),
    Part { digest: [u8; 32], number: u8, bytes: Vec<u8> },
    TakenAway { digest: [u8; 32] },
    Wanted { from: DeviceKey, digest: [u8; 32], parts: u64 },
}

// RED-01
fn may_show(roster: &Roster, device: &DeviceKey) -> bool {
    roster.member_of(device).is_some_and(|member| member.may(Capabilities::SCREEN))
}

impl Device {
    pub(super) fn show_material(&mut self, kind: MaterialKind, content: &MaterialBytes) {
        let (me, now_ms) = (self.me(), self.now_ms);
        let Some(roster) = self.group().map(Group::roster) else { return };
        if !may_show(roster, &me) {
            let conduct = &roster.policy.conduct;
            let rule = conduct.refusal(&me, roster.is_host(&me), Action::Publish(Source::Screen));
            self.out.push_back(DeviceOutput::Refused { rule: rule.unwrap_or(Rule::SourceTaken) });
            return;
        }
        let Ok(material) = Material::new(kind, Zeroizing::new(content.expose().to_vec())) else {
            self.out.push_back(DeviceOutput::Refused { rule: Rule::Material });
            return;
        };
        self.hand_out(me, &material);
        let showing = Showing::new(material, self.materials.began_ms, now_ms);
        self.materials.began_ms = Some(showing.begins_ms());
        self.materials.own = Some(showing);
        self.changed = true;
    }

    pub(super) fn take_material_away(&mut self) {
        let Some(showing) = self.materials.own.take() else { return };
        self.words.retain(|word| {
            !matches!(word, Word::Material(MaterialWord::Announced(_) | MaterialWord::Part { .. }))
        });
        self.say(Word::Material(MaterialWord::TakenAway { digest: showing.announcement().digest }));
        self.changed = true;
    }

    pub(super) fn heard_material(&mut self, from: DeviceKey, word: MaterialWord) {
        let (me, now_ms) = (self.me(), self.now_ms);
        // RED-01
        let may = self.group().is_some_and(|group| may_show(group.roster(), &from));
        let others = &mut self.materials.others;
        let heard = match word {
            MaterialWord::Announced(announcement) if may => others.announced(from, announcement, now_ms),
            MaterialWord::Part { digest, number, bytes } if may => {
                others.part(from, digest, number, &bytes, now_ms)
            }
            MaterialWord::TakenAway { digest } => {
                others.taken_away(&from, digest);
                Heard::Changed
            }
            MaterialWord::Wanted { from: presenter, digest, parts } if presenter == me => {
                if let Some(own) = &mut self.materials.own {
                    own.asked(from, digest, parts, now_ms);
                }
                Heard::Nothing
            }
            _ => Heard::Nothing,
        };
        match heard {
            Heard::Nothing => {}
            Heard::Changed => self.changed = true,
            Heard::Whole(material) => {
                self.hand_out(from, &material);
                self.changed = true;
            }
        }
    }

    fn hand_out(&mut self, from: DeviceKey, material: &Material) {
        let Announcement { kind, digest, .. } = material.announcement();
        // What is shown was bounded before.
        if let Ok(content) = MaterialBytes::try_from(material.bytes()) {
            self.out.push_back(DeviceOutput::Material {
                from,
                id: Digest::from_bytes(digest),
                kind,
                content,
            });
        }
    }

    /// Somebody is here who may not know what this device shows.
    pub(super) fn greet_with_material(&mut self) {
        let now_ms = self.now_ms;
        if let Some(own) = &mut self.materials.own {
            own.greet(now_ms);
        }
    }

    /// A presenter is gone, or is here anew and has forgotten it.
    // RED-06
    pub(super) fn presenter_gone(&mut self, device: &DeviceKey) {
        self.changed |= self.materials.others.gone(device);
    }

    /// After each input: forgets what is not shown any more, and says what is due if there is nothing else to say.
    pub(super) fn tend_materials(&mut self) {
        let (me, now_ms) = (self.me(), self.now_ms);
        let mut materials = std::mem::take(&mut self.materials);
        let gone = match self.group().map(Group::roster) {
            Some(roster) => {
                // RED-06
                let lost = materials.own.take_if(|_| !may_show(roster, &me)).is_some();
                if let Some(own) = &mut materials.own {
                    own.retain(|device| roster.member_of(device).is_some());
                }
                materials.others.retain(|device| may_show(roster, device), now_ms) || lost
            }
            // RED-07
            None => {
                materials.clear();
                false
            }
        };
        self.changed |= gone;
        // RED-08
        let is_quiet = self.joined && self.words.is_empty() && self.encryption() == Encryption::Verified;
        if is_quiet {
            let wanted = materials.others.wanted(now_ms).into_iter();
            let wanted = wanted.map(|(from, digest, parts)| MaterialWord::Wanted { from, digest, parts });
            let due = materials.own.as_mut().and_then(|own| own.poll(now_ms)).map(|saying| match saying {
                Saying::Announced(announcement) => MaterialWord::Announced(announcement),
                Saying::Part { digest, number, bytes } => {
                    MaterialWord::Part { digest, number, bytes: bytes.to_vec() }
                }
            });
            for word in wanted.chain(due) {
                self.changed |= matches!(word, MaterialWord::Part { .. });
                self.say(Word::Material(word));
            }
        }
        self.materials = materials;
        self.flush_words();
    }

    pub(super) fn materials_view(&self) -> Vec<MaterialView> {
        let view = |from, announcement: Announcement, done, state| MaterialView {
            from,
            id: Digest::from_bytes(announcement.digest),
            kind: announcement.kind,
            parts: announcement.parts(),
            done,
            state,
        };
        let own = self.materials.own.as_ref().map(|own| {
            let announcement = *own.announcement();
            let due = u8::try_from(own.due()).unwrap_or(u8::MAX);
            view(self.me(), announcement, announcement.parts().saturating_sub(due), MaterialState::Own)
        });
        let others = self.materials.others.shown();
        let others = others.map(|(from, announcement, done, state)| view(from, announcement, done, state));
        own.into_iter().chain(others).collect()
    }
}
