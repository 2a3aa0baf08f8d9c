//! What an advisory's policy profile makes of the organisation's floor, and which advisory demands what is in force. Pure.
//!
//! A profile that comes by an advisory differs from one that an officer picks in two ways: it only ever tightens, and a
//! control that it does not name is no difference at all.
//!
//! | rule | |
//! |---|---|
//! | ADV-01 | The profile of a revision is signed, within bounds, and part of what is approved: its hash is in the revision's. |
//! | ADV-02 | Who may know of a revision may read its profile, and nobody else does or learns that there is one. |
//! | ADV-03 | An advisory only tightens the floor; what it would loosen is left as it is, and said. |
//! | ADV-04 | What is applied is what was looked at: the profile by its hash, the floor by its number. |
//! | ADV-05 | Taking an advisory back undoes that alone: where another floor came after it, nothing is done in one step. |
//! | ADV-06 | A publisher is told that an advisory was applied only if whoever applies it chooses so, in their organisation's name. |
//! | ADV-07 | What a publisher whom the server follows publishes is applied in the transaction that publishes it, once, and only by the pinned key. |
//! | ADV-08 | A refusal names the advisory that demands it to everybody only if everybody may know of the advisory. |

use sabha_policy::{
    Control, Controls, Difference, Scale,
    profile::{self, Authorship, ProfileError},
};
use sabha_protocol::{
    ControlWord,
    control::{ControlSetting, ControlSettings},
    key::ProfileKey,
    wire::{
        advisory_policy::{NamedAdvisory, PolicyDemand},
        profile::ProfileFile,
    },
};

use crate::wanted::check_client;

/// A checked and signed profile, as an advisory demands it.
#[derive(Clone, Debug)]
pub(crate) struct Advised {
    /// Under which key its signature holds.
    pub(crate) key: ProfileKey,
    /// What it names, in its order.
    named: Vec<Control>,
    /// What they are to be. Controls that are not named are at their loosest.
    controls: Controls,
}

impl Advised {
    /// Checks a profile.
    ///
    /// # Errors
    /// [`ProfileError`]: it is not signed, its signature does not hold, or it names what there is not or cannot be held
    /// here.
    pub(crate) fn of(file: &ProfileFile) -> Result<Self, ProfileError> {
        let checked = profile::check(file, None)?;
        let Authorship::Verified { key } = checked.authorship else { return Err(ProfileError::Unsigned) };
        check_client(&checked.controls)?;
        let named = file.profile.controls.iter().filter_map(|entry| Control::named(entry.control.as_str()));
        Ok(Self { key, named: named.collect(), controls: checked.controls })
    }

    /// Returns the floor that it makes of today's (ADV-03).
    pub(crate) fn over(&self, today: &Controls) -> Controls {
        self.controls.tighten(today)
    }

    /// Returns what it names and what is at something else today, in the catalogue's order.
    pub(crate) fn changes(&self, today: &Controls) -> Vec<Difference> {
        let differs = today.difference(&self.controls).into_iter();
        differs.filter(|difference| self.named.contains(&difference.control)).collect()
    }

    /// Returns what it would loosen, if it could.
    pub(crate) fn left_out(&self, today: &Controls) -> Vec<Control> {
        let looser = self.changes(today).into_iter().filter(|difference| !difference.tightens);
        looser.map(|difference| difference.control).collect()
    }

    /// Returns what it demands: what it names and what is not at its loosest, properties included.
    pub(crate) fn demanded(&self) -> ControlSettings {
        let demands = |control: &&Control| {
            control.scale() == Scale::Always || self.controls.get(**control) != control.loosest()
        };
        let setting = |control: &Control| {
            let value = Controls::named(*control, self.controls.get(*control));
            Some(ControlSetting { control: word(control.id())?, value: word(&value)? })
        };
        ControlSettings(self.named.iter().filter(demands).filter_map(setting).collect())
    }
}

/// An advisory that was applied and not taken back.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    /// What it demands.
    pub(crate) demanded: ControlSettings,
    /// How everybody may know it; `None` if it is not for everybody.
    pub(crate) advisory: Option<NamedAdvisory>,
}

/// Returns by which of the advisories, the last applied first, what is in force is demanded. One that asks for less than
/// is demanded today is not what demands it.
pub(crate) fn demands(floor: &Controls, applied: &[Applied]) -> Vec<PolicyDemand> {
    let mut found = Vec::new();
    for control in Control::ALL {
        let now = Controls::named(*control, floor.get(*control));
        let holds = |setting: &ControlSetting| {
            setting.control.as_str() == control.id() && setting.value.as_str() == now
        };
        let mut of_control: Vec<PolicyDemand> = Vec::new();
        for one in applied {
            let Some(setting) = one.demanded.0.iter().find(|setting| holds(setting)) else { continue };
            let demand = PolicyDemand {
                control: setting.control.clone(),
                value: setting.value.clone(),
                advisory: one.advisory.clone(),
            };
            // An advisory in two revisions demands it once, and those that are not named are all the same.
            let same = |other: &PolicyDemand| {
                let document =
                    |demand: &PolicyDemand| demand.advisory.as_ref().map(|advisory| advisory.document);
                document(other) == document(&demand)
            };
            if !of_control.iter().any(same) {
                of_control.push(demand);
            }
        }
        found.append(&mut of_control);
    }
    found
}

/// Returns a profile's file from the text that was stored.
///
/// # Errors
/// The text is none.
pub(crate) fn read(bytes: &[u8]) -> Result<ProfileFile, serde_json::Error> {
    serde_json::from_slice(bytes)
}

fn word(text: &str) -> Option<ControlWord> {
    ControlWord::try_from(text.to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use sabha_policy::Tier;
    use sabha_protocol::{bulletin::DocumentId, wire::advisory_policy::cited};
    use serde_json::json;

    use super::*;

    /// Returns a signed profile that names these controls.
    fn profile(controls: &[(&str, &str)]) -> ProfileFile {
        let named: Vec<_> = controls
            .iter()
            .map(|(control, value)| json!({ "control": control, "value": value, "source": "Point 1" }))
            .collect();
        let file = json!({ "format": "sabha-policy-profile", "version": 1, "profile": {
            "id": "org.example", "revision": 1, "title": "Ours", "issuer": "Example", "issued": "2026-11-27",
            "controls": named } });
        let mut file: ProfileFile = serde_json::from_value(file).unwrap();
        file.signature = Some(profile::sign(&file.profile, &[7; 32]));
        file
    }

    fn advisory(number: u8, controls: &[(&str, &str)], is_public: bool) -> Applied {
        let advisory = is_public.then(|| NamedAdvisory {
            document: DocumentId::from_bytes([number; 16]),
            revision: 1,
            publisher: "CERT".to_owned().try_into().unwrap(),
            tracking: (number != 9).then(|| format!("CIAD-{number}")),
            title: "Untracked".to_owned(),
        });
        Applied { demanded: Advised::of(&profile(controls)).unwrap().demanded(), advisory }
    }

    /// ADV-03
    #[test]
    fn an_advisory_tightens_leaves_out_what_it_would_loosen_and_says_nothing_of_what_it_does_not_name() {
        let today = Controls::of(Tier::Medium);
        let advised = Advised::of(&profile(&[
            ("MEET.SHARE.HOST", "everyone"),
            ("MEET.CHAT.SAFE", "hosts"),
            ("MEET.FILE.OFF", "always"),
            ("MEET.PASS.REQUIRED", "link"),
        ]))
        .unwrap();
        let changes = advised.changes(&today);
        let ids = |changes: &[Difference]| changes.iter().map(|one| one.control.id()).collect::<Vec<_>>();
        assert_eq!(ids(&changes), ["MEET.SHARE.HOST", "MEET.CHAT.SAFE"]);
        assert_eq!(advised.left_out(&today), [Control::ShareHost]);
        let floor = advised.over(&today);
        assert_eq!(floor.below(&today), None, "nothing got looser");
        assert_eq!(ids(&today.difference(&floor)), ["MEET.CHAT.SAFE"]);
        let demanded: Vec<_> =
            advised.demanded().0.iter().map(|one| one.control.as_str().to_owned()).collect();
        assert_eq!(demanded, ["MEET.CHAT.SAFE", "MEET.FILE.OFF"]);
    }

    /// ADV-01
    #[test]
    fn a_profile_that_nobody_signed_or_that_cannot_be_held_here_is_none_of_an_advisory() {
        let mut unsigned = profile(&[("MEET.CHAT.SAFE", "hosts")]);
        unsigned.signature = None;
        assert_eq!(Advised::of(&unsigned).unwrap_err(), ProfileError::Unsigned);
        let mut changed = profile(&[("MEET.CHAT.SAFE", "hosts")]);
        changed.profile.revision = 2.try_into().unwrap();
        assert_eq!(Advised::of(&changed).unwrap_err(), ProfileError::Signature);
        assert!(matches!(Advised::of(&profile(&[("MEET.NOTHING", "x")])), Err(ProfileError::Control(_))));
        assert!(matches!(
            Advised::of(&profile(&[("ORG.CLIENT.FLOOR", "9999")])),
            Err(ProfileError::Control(_))
        ));
    }

    /// ADV-08
    #[test]
    fn what_is_in_force_is_demanded_by_whom_asks_for_just_that_and_named_if_everybody_may_know() {
        let hosts = advisory(1, &[("MEET.CHAT.SAFE", "hosts"), ("MEET.FILE.OFF", "always")], true);
        let nobody = advisory(2, &[("MEET.CHAT.SAFE", "nobody")], true);
        let hidden = advisory(3, &[("MEET.SHARE.HOST", "hosts")], false);
        let mut floor = Controls::of(Tier::Medium);
        for (control, value) in [("MEET.CHAT.SAFE", "nobody"), ("MEET.SHARE.HOST", "hosts")] {
            floor.set_named(control, value).unwrap();
        }
        let all = [hidden.clone(), nobody, hosts.clone(), hosts, hidden];
        let found = demands(&floor, &all);
        let of: Vec<_> = found
            .iter()
            .map(|one| (one.control.as_str(), one.advisory.as_ref().map(|one| one.document.as_bytes()[0])))
            .collect();
        assert_eq!(of, [("MEET.SHARE.HOST", None), ("MEET.FILE.OFF", Some(1)), ("MEET.CHAT.SAFE", Some(2))]);
        assert_eq!(cited(&found, "MEET.CHAT.SAFE"), "; CIAD-2 of CERT demands it");
        assert_eq!(cited(&found, "MEET.SHARE.HOST"), "; an advisory that is not public demands it");
        assert_eq!(cited(&found, "MEET.LOCK.AUTO"), "");

        // One that can be named goes before one that cannot.
        let both = [
            advisory(3, &[("MEET.SHARE.HOST", "hosts")], false),
            advisory(9, &[("MEET.SHARE.HOST", "hosts")], true),
        ];
        assert_eq!(cited(&demands(&floor, &both), "MEET.SHARE.HOST"), "; Untracked of CERT demands it");
    }
}
