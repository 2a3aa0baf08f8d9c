//! One decision: may this one do that, by these controls? And if not, by which of them.

use sabha_protocol::Source;

use crate::{
    Control, Controls,
    level::{Chat, End, Entry, External, Link, Lobby, Pass, Share},
};

/// Who acts, as far as decisions ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whether it has any right over others: hosts and moderators.
    pub is_host: bool,
    /// Whether a host gave it the right to share.
    pub may_share: bool,
}

impl Actor {
    /// A host or moderator.
    pub const HOST: Self = Self { is_host: true, may_share: true };
    /// Anybody else.
    pub const PARTICIPANT: Self = Self { is_host: false, may_share: false };
}

/// What somebody can do besides publishing a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Write to all.
    Chat,
}

/// What somebody wants to do, or what is to be done to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Come to the meeting at all, to its lobby or to its room.
    Come {
        /// The number of the client, 0 for one that does not say.
        client: u16,
        /// Whether it is signed in with an account of the organisation.
        of_organisation: bool,
    },
    /// Come in, let in by a person (`by_hand`) or by a host's rule, with or without having proven the passcode.
    Enter {
        /// Whether a person decided.
        by_hand: bool,
        /// Whether the passcode was proven.
        proven: bool,
        /// Whether by a link that a host has made for this one.
        personal: bool,
    },
    /// Have a source on at the moment of coming in.
    EnterWith(Source),
    /// Go as the last host, after handing the meeting over.
    HandOver,
    /// Send a source.
    Publish(Source),
    /// Use a function.
    Use(Function),
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allowed,
    /// It may not.
    Refused {
        /// By which control.
        by: Control,
    },
}

impl Decision {
    /// Returns whether it may be done.
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }

    const fn unless(refused: bool, by: Control) -> Self {
        if refused { Self::Refused { by } } else { Self::Allowed }
    }
}

/// Decides whether `actor` may do `action` where `controls` hold. The same on servers and clients.
pub fn may(controls: &Controls, actor: Actor, action: Action) -> Decision {
    match action {
        Action::Come { client, of_organisation } => {
            if client < controls.client_floor() {
                return Decision::Refused { by: Control::ClientFloor };
            }
            Decision::unless(controls.external() == External::Members && !of_organisation, Control::External)
        }
        Action::Enter { by_hand, proven, personal } => {
            // First, since nothing else helps whoever has no such link.
            if controls.link() == Link::Personal && !personal {
                return Decision::Refused { by: Control::LinkPrivate };
            }
            if controls.lobby() == Lobby::Host && !by_hand {
                return Decision::Refused { by: Control::LobbyOn };
            }
            Decision::unless(controls.pass() == Pass::Passcode && !proven, Control::PassRequired)
        }
        Action::EnterWith(source) => {
            let dark = match source {
                Source::Microphone => controls.entry() >= Entry::Muted,
                Source::Camera => controls.entry() >= Entry::MutedAndDark,
                Source::Screen | Source::ScreenAudio => false,
            };
            Decision::unless(dark && !actor.is_host, Control::MuteEntry)
        }
        Action::HandOver => Decision::unless(controls.end() == End::EndOnly, Control::EndAll),
        Action::Publish(Source::Microphone | Source::Camera) => Decision::Allowed,
        Action::Publish(Source::Screen | Source::ScreenAudio) => {
            let allowed = match controls.share() {
                Share::Everyone => true,
                Share::Granted => actor.is_host || actor.may_share,
                Share::Hosts => actor.is_host,
            };
            Decision::unless(!allowed, Control::ShareHost)
        }
        Action::Use(Function::Chat) => {
            let allowed = match controls.chat() {
                Chat::Everyone => true,
                Chat::Hosts => actor.is_host,
                Chat::Nobody => false,
            };
            Decision::unless(!allowed, Control::ChatSafe)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;

    const SHARER: Actor = Actor { may_share: true, ..Actor::PARTICIPANT };

    fn with(id: &str, value: &str) -> Controls {
        let mut controls = Controls::default();
        controls.set_named(id, value).unwrap();
        controls
    }

    fn refusal(controls: &Controls, actor: Actor, action: Action) -> Option<&'static str> {
        match may(controls, actor, action) {
            Decision::Allowed => None,
            Decision::Refused { by } => Some(by.id()),
        }
    }

    #[test]
    fn by_default_a_screen_is_a_hosts_or_whoevers_it_was_granted() {
        let medium = Controls::of(Tier::Medium);
        for source in [Source::Screen, Source::ScreenAudio] {
            let share = Action::Publish(source);
            assert_eq!(refusal(&medium, Actor::PARTICIPANT, share), Some("MEET.SHARE.HOST"));
            assert_eq!(refusal(&medium, SHARER, share), None);
            assert_eq!(refusal(&medium, Actor::HOST, share), None);
            assert_eq!(refusal(&Controls::of(Tier::High), SHARER, share), Some("MEET.SHARE.HOST"));
            assert_eq!(refusal(&Controls::of(Tier::Low), Actor::PARTICIPANT, share), None);
        }
    }

    #[test]
    fn voices_and_faces_are_nobodys_privilege() {
        let high = Controls::of(Tier::High);
        for source in [Source::Microphone, Source::Camera] {
            assert_eq!(refusal(&high, Actor::PARTICIPANT, Action::Publish(source)), None);
        }
    }

    #[test]
    fn chat_is_for_whom_its_level_says() {
        let chat = Action::Use(Function::Chat);
        assert_eq!(refusal(&Controls::default(), Actor::PARTICIPANT, chat), None);
        let hosts = with("MEET.CHAT.SAFE", "hosts");
        assert_eq!(refusal(&hosts, Actor::PARTICIPANT, chat), Some("MEET.CHAT.SAFE"));
        assert_eq!(refusal(&hosts, Actor::HOST, chat), None);
        assert_eq!(refusal(&with("MEET.CHAT.SAFE", "nobody"), Actor::HOST, chat), Some("MEET.CHAT.SAFE"));
    }

    #[test]
    fn one_is_let_in_by_hand_and_with_the_passcode_where_that_is_demanded() {
        let by_rule = Action::Enter { by_hand: false, proven: true, personal: false };
        let by_hand = Action::Enter { by_hand: true, proven: false, personal: false };
        let both = Action::Enter { by_hand: true, proven: true, personal: false };
        let guest = Actor::PARTICIPANT;
        let lobby = with("MEET.LOBBY.ON", "host");
        assert_eq!(refusal(&lobby, guest, by_rule), Some("MEET.LOBBY.ON"));
        assert_eq!(refusal(&lobby, guest, by_hand), None);
        let pass = with("MEET.PASS.REQUIRED", "passcode");
        assert_eq!(refusal(&pass, guest, by_hand), Some("MEET.PASS.REQUIRED"));
        assert_eq!(refusal(&pass, guest, by_rule), None);
        assert_eq!(refusal(&Controls::of(Tier::High), guest, both), None);
    }

    #[test]
    fn where_links_are_personal_a_shared_one_lets_nobody_in() {
        let enter = |by_hand, personal| Action::Enter { by_hand, proven: true, personal };
        let guest = Actor::PARTICIPANT;
        let personal = with("ORG.LINK.PRIVATE", "personal");
        for by_hand in [false, true] {
            assert_eq!(refusal(&personal, guest, enter(by_hand, false)), Some("ORG.LINK.PRIVATE"));
            assert_eq!(refusal(&personal, guest, enter(by_hand, true)), None);
            assert_eq!(refusal(&Controls::of(Tier::High), guest, enter(true, false)), None);
        }
        // A link of one's own is no click of a host's.
        let both = personal.tighten(&with("MEET.LOBBY.ON", "host"));
        assert_eq!(refusal(&both, guest, enter(false, true)), Some("MEET.LOBBY.ON"));
        assert_eq!(refusal(&both, guest, enter(true, true)), None);
        assert_eq!(refusal(&both, guest, enter(true, false)), Some("ORG.LINK.PRIVATE"));
    }

    #[test]
    fn one_comes_with_a_client_that_is_new_enough_and_where_that_is_demanded_signed_in() {
        let come = |client, of_organisation| Action::Come { client, of_organisation };
        for actor in [Actor::PARTICIPANT, Actor::HOST] {
            assert_eq!(refusal(&Controls::of(Tier::High), actor, come(1, false)), None);
            let clients = with("ORG.CLIENT.FLOOR", "7");
            assert_eq!(refusal(&clients, actor, come(6, true)), Some("ORG.CLIENT.FLOOR"));
            assert_eq!(refusal(&clients, actor, come(7, false)), None);
            let members = with("ORG.EXTERNAL", "members");
            assert_eq!(refusal(&members, actor, come(7, false)), Some("ORG.EXTERNAL"));
            assert_eq!(refusal(&members, actor, come(0, true)), None);
        }
    }

    #[test]
    fn what_is_on_at_entry_is_what_the_level_leaves() {
        let on = |level: &str, actor| {
            let controls = with("MEET.MUTE.ENTRY", level);
            [Source::Microphone, Source::Camera]
                .map(|source| may(&controls, actor, Action::EnterWith(source)).is_allowed())
        };
        assert_eq!(on("chosen", Actor::PARTICIPANT), [true, true]);
        assert_eq!(on("muted", Actor::PARTICIPANT), [false, true]);
        assert_eq!(on("muted_and_dark", Actor::PARTICIPANT), [false, false]);
        assert_eq!(on("muted_and_dark", Actor::HOST), [true, true]);
    }

    #[test]
    fn a_last_host_hands_over_where_that_is_allowed() {
        assert_eq!(refusal(&Controls::default(), Actor::HOST, Action::HandOver), None);
        let end = with("MEET.END.ALL", "end_only");
        assert_eq!(refusal(&end, Actor::HOST, Action::HandOver), Some("MEET.END.ALL"));
    }
}
