//! The levels of the controls that have some, the loosest first. Their names stand in files and in the interface.

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident { $($(#[$level_doc:meta])* $level:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$level_doc])* $level,)+
        }

        impl $name {
            /// Names of the levels, the loosest first.
            pub const NAMES: &'static [&'static str] = &[$($text,)+];
            const ALL: &'static [Self] = &[$(Self::$level,)+];

            /// Returns the level of that rank, 0 being the loosest; the tightest for a rank that there is not.
            pub(crate) fn of(rank: u16) -> Self {
                let tightest = Self::ALL[Self::ALL.len() - 1];
                Self::ALL.get(usize::from(rank)).copied().unwrap_or(tightest)
            }
        }
    )+};
}

levels! {
    /// Who may write to all.
    Chat {
        /// Everybody.
        Everyone = "everyone",
        /// Hosts and moderators.
        Hosts = "hosts",
        /// Nobody.
        Nobody = "nobody",
    }
    /// Which cipher suites a meeting may have. There is no meeting without end-to-end encryption.
    Encryption {
        /// The classical suite too.
        AnySuite = "any_suite",
        /// Only the hybrid one, which also holds against whoever has a quantum computer one day.
        Hybrid = "hybrid",
    }
    /// What a last host can do besides ending the meeting.
    End {
        /// Hand it over to somebody and leave.
        HandOver = "hand_over",
        /// Nothing: who hosts, ends.
        EndOnly = "end_only",
    }
    /// What is on when somebody comes in.
    Entry {
        /// What they chose on the page before.
        Chosen = "chosen",
        /// Their camera, if they chose so; the microphone is off.
        Muted = "muted",
        /// Nothing.
        MutedAndDark = "muted_and_dark",
    }
    /// How the one who makes a meeting has shown who that is.
    HostSignIn {
        /// By the server's creation key.
        CreationKey = "creation_key",
        /// Signed in with a passkey, or by a provider that asks for a second factor.
        Strong = "strong",
    }
    /// Who may take part besides the accounts of the organisation whose server it is.
    External {
        /// Anybody whom a host lets in.
        Anyone = "anyone",
        /// Nobody: who takes part is signed in with an account of the organisation.
        Members = "members",
    }
    /// By which links one comes in.
    Link {
        /// By the meeting's own, which all have who were told it, or by one made for a person.
        Shared = "shared",
        /// By one that a host has made for that person.
        Personal = "personal",
    }
    /// Who lets somebody out of the lobby.
    Lobby {
        /// A host, or a rule that a host has set and the host's own device follows.
        HostOrRule = "host_or_rule",
        /// A host, each one by hand.
        Host = "host",
    }
    /// What one needs besides a host's consent.
    Pass {
        /// The link, whose secret no server knows.
        Link = "link",
        /// The link and the passcode, which is told separately.
        Passcode = "passcode",
    }
    /// Who may share a screen.
    Share {
        /// Everybody.
        Everyone = "everyone",
        /// Hosts, and whoever was given the right by one.
        Granted = "granted",
        /// Hosts.
        Hosts = "hosts",
    }
}
