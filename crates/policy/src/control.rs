//! The catalogue: each control with its id, its scale, its tiers and where it comes from.

use std::fmt;

use sabha_protocol::Rule;

use crate::{
    Setting, Tier,
    level::{Chat, Encryption, End, Entry, External, HostSignIn, Link, Lobby, Pass, Share},
};

/// What a control can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Holds always: there is no code that would do otherwise.
    Always,
    /// One of these, the loosest first.
    Levels(&'static [&'static str]),
    /// At least so much, the more the tighter; or nothing, which is the loosest.
    AtLeast {
        /// What is counted, as in `client`.
        unit: &'static str,
        /// The loosest that can be asked for.
        min: u16,
        /// The tightest.
        max: u16,
    },
    /// At most so much, the less the tighter; or no limit, which is the loosest.
    AtMost {
        /// What is counted, as in `minutes`.
        unit: &'static str,
        /// The tightest that can be asked for.
        min: u16,
        /// The loosest limit.
        max: u16,
    },
}

/// Who demands a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// India's home ministry, advisory of April 2020: the point's number, 1 to 9; 0 for its objectives and settings.
    Mha(u8),
    /// CERT-In, CIAD-2020-0010 of March 2020: the item's number.
    CertIn(u8),
    /// NSA, criteria for collaboration services, 2020: the criterion's number.
    Nsa(u8),
    /// CISA, guidance for video conferencing, 2020: the principle's number.
    Cisa(u8),
    /// NIST, tips for virtual meetings, 2020.
    Nist,
    /// CISA, secure configuration baseline for Google Meet: the policy group's number.
    ScubaMeet(u8),
}

impl fmt::Display for Source {
    /// As people cite it: `MHA 4`, or `MHA` for what has no number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mha(0) => f.write_str("MHA"),
            Self::Mha(point) => write!(f, "MHA {point}"),
            Self::CertIn(item) => write!(f, "CERT-In {item}"),
            Self::Nsa(criterion) => write!(f, "NSA {criterion}"),
            Self::Cisa(principle) => write!(f, "CISA {principle}"),
            Self::Nist => f.write_str("NIST"),
            Self::ScubaMeet(group) => write!(f, "SCuBA Meet {group}"),
        }
    }
}

/// What of a control stands in the table.
struct Row {
    id: &'static str,
    scale: Scale,
    /// Low, medium, high.
    tiers: [u16; 3],
    sources: &'static [Source],
    /// The rule under which something is refused, for controls that refuse anything.
    rule: Option<Rule>,
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $control:ident = $number:literal, $id:literal, $scale:expr, $tiers:expr, [$($source:expr),*], $rule:expr;)+) => {
        /// A control. Its number stands in signed bytes and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Control {
            $($(#[$doc])* $control = $number,)+
        }

        impl Control {
            /// Every control, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$control,)+];

            const fn entry(self) -> Row {
                use Source::*;
                match self {
                    $(Self::$control => Row {
                        id: $id,
                        scale: $scale,
                        tiers: $tiers,
                        sources: &[$($source),*],
                        rule: $rule,
                    },)+
                }
            }
        }
    };
}

const ALWAYS: Scale = Scale::Always;
const NONE: u16 = Setting::UNLIMITED.rank();

catalogue! {
    /// Each meeting has a fresh id of 160 bits and a fresh secret; no id is anybody's own.
    IdFresh = 1, "MEET.ID.FRESH", ALWAYS, [0; 3], [Mha(1), CertIn(2), Cisa(2), Nist], None;
    /// What one needs to be let in, besides a host's consent.
    PassRequired = 2, "MEET.PASS.REQUIRED", Scale::Levels(Pass::NAMES), [0, 0, 1], [Mha(1), CertIn(2)], Some(Rule::PassRequired);
    /// Nobody comes in but from the lobby, where there is no media, no key, no list and no chat.
    LobbyOn = 3, "MEET.LOBBY.ON", Scale::Levels(Lobby::NAMES), [0, 0, 1], [Mha(2), CertIn(3), Cisa(2)], Some(Rule::LobbyOn);
    /// Nothing begins without a host's key, and who was early is let in one by one like everybody.
    HostFirst = 4, "MEET.HOST.FIRST", ALWAYS, [0; 3], [Mha(3), CertIn(4)], None;
    /// Who may share a screen.
    ShareHost = 5, "MEET.SHARE.HOST", Scale::Levels(Share::NAMES), [0, 1, 2], [Mha(4), CertIn(7), Cisa(3)], Some(Rule::ShareHost);
    /// There is no remote control of another's terminal and no message that switches a source on.
    ControlOff = 6, "MEET.CONTROL.OFF", ALWAYS, [0; 3], [Mha(0)], None;
    /// Who is removed is banned by key and by invite, and the keys change.
    RemovedBan = 7, "MEET.REMOVED.BAN", ALWAYS, [0; 3], [Mha(5), CertIn(6)], None;
    /// There is no transfer of files.
    FileOff = 8, "MEET.FILE.OFF", ALWAYS, [0; 3], [Mha(6), CertIn(5), Cisa(3)], None;
    /// Who may write to all. Whatever is written is shown as text, and only https becomes a link.
    ChatSafe = 9, "MEET.CHAT.SAFE", Scale::Levels(Chat::NAMES), [0, 0, 1], [Mha(0)], Some(Rule::ChatSafe);
    /// So long after its beginning a meeting locks by itself.
    LockAuto = 10, "MEET.LOCK.AUTO", Scale::AtMost { unit: "minutes", min: 1, max: 1440 }, [NONE, NONE, 15], [Mha(7), CertIn(8), Cisa(2)], Some(Rule::LockAuto);
    /// There is no recording.
    RecRestrict = 11, "MEET.REC.RESTRICT", ALWAYS, [0; 3], [Mha(8), CertIn(9), Cisa(3)], None;
    /// There is no transcript.
    TranscriptRestrict = 12, "MEET.TRANSCRIPT.RESTRICT", ALWAYS, [0; 3], [Cisa(3)], None;
    /// What a last host can do besides ending the meeting. An end erases keys, ids and tokens.
    EndAll = 13, "MEET.END.ALL", Scale::Levels(End::NAMES), [0, 0, 1], [Mha(9)], Some(Rule::EndAll);
    /// What is on when somebody comes in.
    MuteEntry = 14, "MEET.MUTE.ENTRY", Scale::Levels(Entry::NAMES), [0, 0, 2], [Mha(0)], None;
    /// Which cipher suites a meeting may have. There is none without end-to-end encryption.
    E2eeRequired = 15, "MEET.E2EE.REQUIRED", Scale::Levels(Encryption::NAMES), [0, 0, 1], [Nsa(1), Nsa(2)], None;
    /// Everybody in the list holds a key that a host signed, and it is shown by what right they came.
    IdentVerified = 16, "MEET.IDENT.VERIFIED", ALWAYS, [0; 3], [Nsa(4), Nist], None;
    /// There is no leg that is not end-to-end encrypted: no telephone, no gateway.
    LegMin = 17, "MEET.LEG.MIN", ALWAYS, [0; 3], [Nsa(9)], None;
    /// How the one who makes a meeting has shown who that is.
    Mfa = 18, "ORG.MFA", Scale::Levels(HostSignIn::NAMES), [0, 0, 1], [Nsa(3), Nist], Some(Rule::Mfa);
    /// Hosts have every means of moderation, always.
    HostManagement = 19, "ORG.HOSTMGMT.DEFAULT", ALWAYS, [0; 3], [Cisa(2)], None;
    /// The client asks nobody but its own server for anything.
    NoThirdParty = 20, "ORG.NO3P", ALWAYS, [0; 3], [Nsa(5)], None;
    /// What a meeting left on the server is erased when it ends.
    Erase = 21, "ORG.ERASE", ALWAYS, [0; 3], [Nsa(6)], None;
    /// What administrators and accounts did stands in a log that is tamper-evident, says nothing of what is said in meetings,
    /// and can be exported.
    Audit = 22, "ORG.AUDIT", ALWAYS, [0; 3], [Nsa(4), Nsa(8)], None;
    /// The oldest client that is let in. Which there are is known to whoever runs the server: the tier high asks no more than that
    /// a client says its number.
    ClientFloor = 23, "ORG.CLIENT.FLOOR", Scale::AtLeast { unit: "client", min: 1, max: 9999 }, [0, 0, 1], [CertIn(1), Cisa(4)], Some(Rule::ClientFloor);
    /// Who may take part besides the organisation's own accounts. Not every organisation has any, so no tier asks for it.
    External = 24, "ORG.EXTERNAL", Scale::Levels(External::NAMES), [0; 3], [ScubaMeet(1), ScubaMeet(2)], Some(Rule::External);
    /// By which links one comes in. A device makes 32 personal ones, and none goes out by mail, so no tier asks for it.
    LinkPrivate = 25, "ORG.LINK.PRIVATE", Scale::Levels(Link::NAMES), [0; 3], [Mha(0), Cisa(2)], Some(Rule::LinkPrivate);
}

impl Control {
    /// Returns the stable id, such as `MEET.SHARE.HOST`.
    pub const fn id(self) -> &'static str {
        self.entry().id
    }

    /// Returns the control of that id.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|control| control.id() == id)
    }

    /// Returns the number, from 1, by which it stands in signed bytes.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the control of that number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|control| control.number() == number)
    }

    /// Returns what it can be set to.
    pub const fn scale(self) -> Scale {
        self.entry().scale
    }

    /// Returns its setting in a tier.
    pub const fn in_tier(self, tier: Tier) -> Setting {
        Setting::of_rank(self.entry().tiers[tier as usize])
    }

    /// Returns who demands it.
    pub const fn sources(self) -> &'static [Source] {
        self.entry().sources
    }

    /// Returns the rule under which it refuses, or `None` where there is nothing to refuse.
    pub const fn rule(self) -> Option<Rule> {
        self.entry().rule
    }

    /// Returns the loosest setting.
    pub const fn loosest(self) -> Setting {
        match self.scale() {
            Scale::Always | Scale::AtLeast { .. } | Scale::Levels(_) => Setting::of_rank(0),
            Scale::AtMost { .. } => Setting::UNLIMITED,
        }
    }

    /// Returns whether it can be set to this.
    pub const fn takes(self, setting: Setting) -> bool {
        let rank = setting.rank();
        match self.scale() {
            Scale::Always => rank == 0,
            Scale::Levels(names) => (rank as usize) < names.len(),
            Scale::AtLeast { min, max, .. } => rank == 0 || (min <= rank && rank <= max),
            Scale::AtMost { min, max, .. } => rank == NONE || (min <= rank && rank <= max),
        }
    }

    /// Returns the tighter of two settings.
    pub const fn tighter(self, one: Setting, other: Setting) -> Setting {
        let less = one.rank() < other.rank();
        match self.scale() {
            // The fewer the tighter, and no limit is the greatest number.
            Scale::AtMost { .. } => {
                if less {
                    one
                } else {
                    other
                }
            }
            Scale::Always | Scale::AtLeast { .. } | Scale::Levels(_) => {
                if less {
                    other
                } else {
                    one
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Controls;

    #[test]
    fn ids_and_numbers_are_each_ones_own() {
        let ids: BTreeSet<_> = Control::ALL.iter().map(|control| control.id()).collect();
        assert_eq!(ids.len(), Control::ALL.len());
        for (index, control) in Control::ALL.iter().enumerate() {
            assert_eq!(usize::from(control.number()), index + 1);
            assert_eq!(Control::named(control.id()), Some(*control));
            assert_eq!(Control::numbered(control.number()), Some(*control));
        }
        assert_eq!(Control::numbered(0), None);
        assert_eq!(Control::named("MEET.NOTHING"), None);
    }

    #[test]
    fn each_tier_is_at_least_as_tight_as_the_one_before() {
        for control in Control::ALL {
            for pair in Tier::ALL.windows(2) {
                let (low, high) = (control.in_tier(pair[0]), control.in_tier(pair[1]));
                assert!(control.takes(low) && control.takes(high), "{}", control.id());
                assert_eq!(control.tighter(low, high), high, "{}", control.id());
            }
        }
    }

    #[test]
    fn each_point_of_the_advisory_has_its_control() {
        for point in 1..=9 {
            let held = Control::ALL.iter().any(|control| control.sources().contains(&Source::Mha(point)));
            assert!(held, "point {point}");
        }
    }

    /// What `docs/policy.md` says of a control.
    fn row(control: Control) -> String {
        let settings = match control.scale() {
            Scale::Always => "always".to_owned(),
            Scale::Levels(names) => names.join(", "),
            Scale::AtLeast { unit, min, max } => format!("none, {unit} {min} to {max}"),
            Scale::AtMost { unit, min, max } => format!("none, {max} to {min} {unit}"),
        };
        let [low, medium, high] = Tier::ALL.map(|tier| Controls::named(control, control.in_tier(tier)));
        let sources: Vec<_> = control.sources().iter().map(ToString::to_string).collect();
        let (id, sources) = (control.id(), sources.join(", "));
        format!("| `{id}` | {settings} | {low} | {medium} | {high} | {sources} |")
    }

    #[test]
    fn the_table_in_the_docs_is_this_catalogue() {
        let docs = include_str!("../../../docs/policy.md");
        let is_row = |line: &&str| line.starts_with("| `MEET.") || line.starts_with("| `ORG.");
        let written: Vec<_> = docs.lines().filter(is_row).map(str::to_owned).collect();
        let expected: Vec<_> = Control::ALL.iter().map(|control| row(*control)).collect();
        assert_eq!(written, expected, "docs/policy.md should say:\n{}", expected.join("\n"));
    }

    #[test]
    fn the_docs_say_of_each_control_and_level_what_it_means() {
        let docs = include_str!("../../../docs/policy.md");
        let (_, meanings) = docs.split_once("## What each means").unwrap();
        let (meanings, _) = meanings.split_once("\n## ").unwrap();
        for control in Control::ALL {
            let levels = match control.scale() {
                Scale::Levels(names) => names,
                Scale::Always | Scale::AtLeast { .. } | Scale::AtMost { .. } => &[],
            };
            for word in levels.iter().chain([&control.id()]) {
                assert!(meanings.contains(&format!("`{word}`")), "{}: {word}", control.id());
            }
        }
    }

    #[test]
    fn what_refuses_does_so_under_its_own_id() {
        for control in Control::ALL {
            if let Some(rule) = control.rule() {
                assert_eq!(rule.id(), control.id());
            }
        }
    }
}
