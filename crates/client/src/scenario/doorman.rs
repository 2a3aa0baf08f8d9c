//! A host's device that keeps the door: lets in by a rule, and says what it did.
//!
//! Who proves the meeting's passcode comes in. So does who knocks under a name on the list; a name proves nothing, since
//! anybody with the link can knock under any: a list is for meetings whose link is told to few. Others wait for another
//! host, or are sent away. Where the meeting takes personal links only no rule lets anybody in.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

use sabha_crypto::policy::{Controls, Link};
use sabha_protocol::{
    DeviceKey, DisplayName, MeetingId, ParticipantId,
    device::{AdmissionMethod, DeviceView, PasscodeProof, PasscodeView},
};
use serde::Serialize;
use tokio::time::timeout;

use crate::participant::{Participant, Phase};

/// How often the doorman looks at who has waited too long.
const LOOK: Duration = Duration::from_secs(1);

/// Devices whose knock is remembered, to name them when they are in.
const NAMES_MAX: usize = 1_024;

/// Whom a doorman lets in, beside those who prove the passcode.
#[derive(Clone, Debug, Default)]
pub struct DoorRules {
    /// Names that may come in.
    pub names: HashSet<DisplayName>,
    /// Whether others are sent away; else they wait.
    pub deny_others: bool,
    /// How long somebody may wait who could still prove the passcode, before being sent away.
    pub deny_after: Duration,
}

/// What a doorman did or saw. Field names are stable: scripts read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DoorEvent {
    /// It stands at the door, as a host.
    Ready {
        /// Of which meeting.
        meeting: MeetingId,
        /// How many others are in the group.
        members: usize,
    },
    /// Somebody waits.
    Knocked {
        /// Number at the server.
        guest: ParticipantId,
        /// Its device.
        device: DeviceKey,
        /// Under which name.
        name: DisplayName,
    },
    /// The passcode that somebody said was right, or wrong.
    Passcode {
        /// Who.
        guest: ParticipantId,
        /// Whether it was right.
        right: bool,
    },
    /// Too many wrong passcodes: it opens nothing until it is set again.
    PasscodeDisabled {},
    /// Somebody is in the group.
    Admitted {
        /// Its device.
        device: DeviceKey,
        /// Under which name it knocked; absent if another host let it in.
        name: Option<DisplayName>,
        /// How it was admitted.
        method: AdmissionMethod,
    },
    /// Somebody was sent away.
    Denied {
        /// Who.
        guest: ParticipantId,
        /// Under which name.
        name: DisplayName,
    },
    /// Somebody does not wait any more, who was neither let in nor sent away here.
    Gone {
        /// Who.
        guest: ParticipantId,
        /// Under which name.
        name: DisplayName,
    },
    /// Somebody is not in the group any more.
    Left {
        /// Its device.
        device: DeviceKey,
    },
}

/// Keeps the door until the participant is over. It acts while the participant is a host, and waits while it is not.
pub async fn keep_door(participant: &Participant, rules: &DoorRules, mut tell: impl FnMut(&DoorEvent)) {
    let mut state = participant.watch();
    let mut door = Door::default();
    loop {
        let seen = {
            let snapshot = state.borrow_and_update();
            match (snapshot.phase, &snapshot.view) {
                (Phase::Over, _) => return,
                (Phase::Joined, Some(view)) if view.host => Some(view.clone()),
                _ => None,
            }
        };
        if let Some(view) = seen {
            let (events, verdicts) = door.look(&view, rules, Instant::now());
            for verdict in verdicts {
                match verdict {
                    Verdict::Admit(guest) => participant.admit(guest),
                    Verdict::Deny(guest) => participant.deny(guest),
                }
            }
            events.iter().for_each(&mut tell);
        }
        if let Ok(Err(_)) = timeout(LOOK, state.changed()).await {
            return;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Admit(ParticipantId),
    Deny(ParticipantId),
}

/// What the doorman remembers between two looks.
#[derive(Default)]
struct Door {
    is_ready: bool,
    is_disabled: bool,
    waiting: BTreeMap<ParticipantId, Waiting>,
    members: BTreeMap<DeviceKey, AdmissionMethod>,
    /// Under which names devices knocked.
    names: BTreeMap<DeviceKey, DisplayName>,
}

struct Waiting {
    device: DeviceKey,
    name: DisplayName,
    since: Instant,
    passcode: PasscodeProof,
    decided: bool,
}

impl Door {
    fn look(&mut self, view: &DeviceView, rules: &DoorRules, now: Instant) -> (Vec<DoorEvent>, Vec<Verdict>) {
        let (mut events, mut verdicts) = (Vec::new(), Vec::new());
        if !std::mem::replace(&mut self.is_ready, true) {
            self.members = others(view).collect();
            events.push(DoorEvent::Ready { meeting: view.meeting, members: self.members.len() });
        }
        let is_disabled = matches!(view.passcode, PasscodeView::Disabled { .. });
        if !std::mem::replace(&mut self.is_disabled, is_disabled) && is_disabled {
            events.push(DoorEvent::PasscodeDisabled {});
        }
        self.look_at_waiting(view, rules, now, &mut events, &mut verdicts);
        self.look_at_members(view, &mut events);
        (events, verdicts)
    }

    fn look_at_waiting(
        &mut self,
        view: &DeviceView,
        rules: &DoorRules,
        now: Instant,
        events: &mut Vec<DoorEvent>,
        verdicts: &mut Vec<Verdict>,
    ) {
        let is_here = |guest: &ParticipantId| view.guests.iter().any(|waiting| waiting.guest == *guest);
        let is_member = |device: &DeviceKey| view.members.iter().any(|member| member.device == *device);
        self.waiting.retain(|guest, waiting| {
            let stays = is_here(guest);
            if !stays && !waiting.decided && !is_member(&waiting.device) {
                events.push(DoorEvent::Gone { guest: *guest, name: waiting.name.clone() });
            }
            stays
        });
        let is_personal = takes_personal_links_only(view);
        for guest in &view.guests {
            let waiting = self.waiting.entry(guest.guest).or_insert_with(|| {
                events.push(DoorEvent::Knocked {
                    guest: guest.guest,
                    device: guest.device,
                    name: guest.name.clone(),
                });
                Waiting {
                    device: guest.device,
                    name: guest.name.clone(),
                    since: now,
                    passcode: PasscodeProof::Wanted,
                    decided: false,
                }
            });
            if self.names.len() < NAMES_MAX {
                self.names.insert(guest.device, guest.name.clone());
            }
            let before = std::mem::replace(&mut waiting.passcode, guest.passcode);
            if before != guest.passcode
                && let PasscodeProof::Proven | PasscodeProof::Failed = guest.passcode
            {
                let right = guest.passcode == PasscodeProof::Proven;
                events.push(DoorEvent::Passcode { guest: guest.guest, right });
            }
            if waiting.decided || view.locked {
                continue;
            }
            // Where links are personal no rule lets in, and who shows one waits for a person.
            if is_personal && guest.invite.as_ref().is_some_and(|invite| invite.holds) {
                continue;
            }
            let listed = guest.passcode == PasscodeProof::Proven || rules.names.contains(&guest.name);
            if listed && !is_personal {
                waiting.decided = true;
                verdicts.push(Verdict::Admit(guest.guest));
            } else if rules.deny_others
                && (guest.passcode == PasscodeProof::NotNeeded
                    || now.saturating_duration_since(waiting.since) >= rules.deny_after)
            {
                waiting.decided = true;
                verdicts.push(Verdict::Deny(guest.guest));
                events.push(DoorEvent::Denied { guest: guest.guest, name: guest.name.clone() });
            }
        }
    }

    fn look_at_members(&mut self, view: &DeviceView, events: &mut Vec<DoorEvent>) {
        let members: BTreeMap<_, _> = others(view).collect();
        for (device, method) in &members {
            if !self.members.contains_key(device) {
                let name = self.names.remove(device);
                events.push(DoorEvent::Admitted { device: *device, name, method: *method });
            }
        }
        for device in self.members.keys().filter(|device| !members.contains_key(device)) {
            events.push(DoorEvent::Left { device: *device });
        }
        self.members = members;
    }
}

fn takes_personal_links_only(view: &DeviceView) -> bool {
    let controls = Controls::from_settings(&view.conduct.controls);
    controls.is_ok_and(|controls| controls.link() == Link::Personal)
}

fn others(view: &DeviceView) -> impl Iterator<Item = (DeviceKey, AdmissionMethod)> {
    let others = view.members.iter().filter(|member| member.device != view.me);
    others.map(|member| (member.device, member.method))
}

#[cfg(test)]
mod tests {
    use sabha_crypto::device::{CreateOptions, Device, MeetingSuite};
    use sabha_protocol::device::{DeviceOutput, GuestInvite, WaitingView};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn view() -> DeviceView {
        let options = CreateOptions {
            suite: MeetingSuite::Classical,
            title: None,
            name: "Door".parse().unwrap(),
            passcode: None,
            admits: false,
            by_mail: false,
            floor: sabha_crypto::policy::Controls::default(),
            controls: sabha_crypto::policy::Controls::default(),
        };
        let mut device = Device::create(options, crate::clock::unix_ms()).unwrap();
        std::iter::from_fn(|| device.poll_output())
            .find_map(|output| match output {
                DeviceOutput::View { view } => Some(*view),
                _ => None,
            })
            .unwrap()
    }

    fn guest(number: u32, name: &str, passcode: PasscodeProof) -> WaitingView {
        WaitingView {
            guest: ParticipantId(number),
            device: DeviceKey::from_bytes([number as u8; 32]),
            name: name.parse().unwrap(),
            passcode,
            admitting: false,
            of_organisation: false,
            invite: None,
        }
    }

    fn rules(names: &[&str], deny_others: bool) -> DoorRules {
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        DoorRules { names, deny_others, deny_after: 60 * SECOND }
    }

    #[test]
    fn proven_and_listed_come_in_and_others_wait() {
        let mut view = view();
        view.guests = vec![
            guest(1, "Asha", PasscodeProof::Wanted),
            guest(2, "Bilal", PasscodeProof::Proven),
            guest(3, "Mallory", PasscodeProof::Failed),
        ];
        let (mut door, now) = (Door::default(), Instant::now());
        let (events, verdicts) = door.look(&view, &rules(&["Asha"], false), now);
        assert_eq!(verdicts, [1, 2].map(|guest| Verdict::Admit(ParticipantId(guest))));
        assert!(events.contains(&DoorEvent::Passcode { guest: ParticipantId(3), right: false }));

        let (events, verdicts) = door.look(&view, &rules(&["Asha"], false), now + 3_600 * SECOND);
        assert_eq!((events.len(), verdicts.len()), (0, 0), "nothing is said or done twice");
    }

    #[test]
    fn others_are_denied_at_once_without_a_passcode_and_late_with_one() {
        let (mut door, now, rules) = (Door::default(), Instant::now(), rules(&[], true));
        let mut view = view();
        view.guests =
            vec![guest(1, "Asha", PasscodeProof::NotNeeded), guest(2, "Bilal", PasscodeProof::Wanted)];
        assert_eq!(door.look(&view, &rules, now).1, [Verdict::Deny(ParticipantId(1))]);
        assert_eq!(door.look(&view, &rules, now + 59 * SECOND).1, []);
        assert_eq!(door.look(&view, &rules, now + 60 * SECOND).1, [Verdict::Deny(ParticipantId(2))]);
    }

    #[test]
    fn where_links_are_personal_no_rule_lets_in_and_who_shows_one_waits_for_a_person() {
        let mut view = view();
        let mut controls = Controls::default();
        controls.set_named("ORG.LINK.PRIVATE", "personal").unwrap();
        view.conduct.controls = controls.to_settings();
        let invite = |holds| Some(GuestInvite { name: None, holds });
        view.guests = vec![
            guest(1, "Asha", PasscodeProof::NotNeeded),
            WaitingView { invite: invite(true), ..guest(2, "Asha", PasscodeProof::NotNeeded) },
            WaitingView { invite: invite(false), ..guest(3, "Asha", PasscodeProof::NotNeeded) },
        ];
        let now = Instant::now();
        assert_eq!(Door::default().look(&view, &rules(&["Asha"], false), now).1, []);
        let denied = [1, 3].map(|guest| Verdict::Deny(ParticipantId(guest)));
        assert_eq!(Door::default().look(&view, &rules(&["Asha"], true), now).1, denied);
    }

    #[test]
    fn locked_door_lets_nobody_in_and_tells_who_goes() {
        let (mut door, now, rules) = (Door::default(), Instant::now(), rules(&["Asha"], false));
        let mut view = view();
        view.locked = true;
        view.guests = vec![guest(1, "Asha", PasscodeProof::NotNeeded)];
        assert_eq!(door.look(&view, &rules, now).1, []);
        view.guests.clear();
        let gone = DoorEvent::Gone { guest: ParticipantId(1), name: "Asha".parse().unwrap() };
        assert_eq!(door.look(&view, &rules, now).0, [gone]);
    }

    #[test]
    fn who_comes_and_goes_is_told_by_device_and_method() {
        let (mut door, now, rules) = (Door::default(), Instant::now(), rules(&[], false));
        let mut view = view();
        view.guests = vec![guest(1, "Asha", PasscodeProof::Wanted)];
        let (events, _) = door.look(&view, &rules, now);
        assert_eq!(events[0], DoorEvent::Ready { meeting: view.meeting, members: 0 });

        let device = view.guests.remove(0).device;
        let mut member = view.members[0].clone();
        (member.device, member.method) = (device, AdmissionMethod::Passcode);
        view.members.push(member);
        let admitted = DoorEvent::Admitted {
            device,
            name: Some("Asha".parse().unwrap()),
            method: AdmissionMethod::Passcode,
        };
        assert_eq!(door.look(&view, &rules, now).0, [admitted]);

        view.members.pop();
        assert_eq!(door.look(&view, &rules, now).0, [DoorEvent::Left { device }]);
    }
}
