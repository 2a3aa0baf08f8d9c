//! The cells, control by control. A flat list.

use sabha_policy::Control;

use super::{
    Cell::{self, Allowed, None, Open, Refused, ServerAlone},
    acts::{self, CHANGES_NOTHING, NO_KEY, NO_MEMBER, NOT_OPENED, NOTHING_LEAVES, NOTHING_SHOWN, ONLY_ASKS},
};

const GUEST: Cell = Refused { by: NO_KEY, act: acts::guest_is_without_a_key };
const MEMBER_ADMITS: Cell = Refused { by: NOTHING_LEAVES, act: acts::member_lets_in };
const SERVER_ADDS: Cell = Refused { by: "ADM-22", act: acts::server_adds };
const PLAIN: Cell = Refused { by: NOT_OPENED, act: acts::plain_frame_is_sent };
const STRANGE: Cell = Refused { by: NOTHING_SHOWN, act: acts::strange_words };
const COPY: Cell = Open(
    "Who sees and hears can keep it with means of its own, for which no message is needed. No server has it, and nobody who is not in the meeting.",
);
const SEALED: Cell =
    None("what it has is sealed, and it has no key: a recording of it opens nothing (docs/threat-model.md)");

/// Returns what comes of the act, for host, presenter, participant, guest, obeying and disobeying client and server.
pub(super) fn cells(control: Control) -> [Cell; 7] {
    match control {
        Control::IdFresh => {
            let drawn = None("no command takes an id: it is the hash of a key that is drawn for the meeting");
            [
                drawn,
                drawn,
                drawn,
                drawn,
                drawn,
                Refused { by: "ADM-03", act: acts::false_group_is_offered },
                Refused { by: "ADM-03", act: acts::false_group_is_shown },
            ]
        }
        Control::PassRequired => [
            Refused { by: "MEET.PASS.REQUIRED", act: acts::host_lets_in_without_the_passcode },
            MEMBER_ADMITS,
            MEMBER_ADMITS,
            GUEST,
            Refused { by: "MEET.PASS.REQUIRED", act: acts::host_lets_in_without_the_passcode },
            Refused { by: "ADM-56", act: acts::host_adds_without_the_passcode },
            SERVER_ADDS,
        ],
        Control::LobbyOn => [
            Refused { by: "MEET.LOBBY.ON", act: acts::host_lets_in_by_a_rule },
            MEMBER_ADMITS,
            MEMBER_ADMITS,
            GUEST,
            Refused { by: "MEET.LOBBY.ON", act: acts::host_lets_in_by_a_rule },
            Refused { by: "ADM-56", act: acts::host_adds_by_a_rule },
            SERVER_ADDS,
        ],
        Control::HostFirst => {
            let later = None("who is a member was let in by a host, so one was there before");
            [
                Allowed("a host's key is what a meeting begins with"),
                later,
                later,
                GUEST,
                GUEST,
                Refused { by: "ADM-03", act: acts::false_group_is_offered },
                Refused { by: NO_KEY, act: acts::server_says_come_in },
            ]
        }
        Control::ShareHost => [
            Allowed("hosts share at every level"),
            Refused { by: "MEET.SHARE.HOST", act: acts::presenter_shares },
            Refused { by: "MEET.SHARE.HOST", act: acts::participant_shares },
            GUEST,
            Refused { by: "MEET.SHARE.HOST", act: acts::participant_shares },
            Refused { by: NOT_OPENED, act: acts::disobeying_shares },
            Refused { by: NOT_OPENED, act: acts::disobeying_shares },
        ],
        Control::ControlOff => {
            let message = Refused { by: "WIRE.FORM", act: acts::control_message };
            [
                Refused { by: ONLY_ASKS, act: acts::host_asks_to_speak },
                message,
                message,
                message,
                message,
                STRANGE,
                message,
            ]
        }
        Control::RemovedBan => {
            let back = Refused { by: "ROOM.ENTRY.REMOVED", act: acts::removed_comes_back };
            [
                Allowed("a host lifts a ban expressly, for all to see, and lets in anew"),
                back,
                back,
                None("who was never in is not removed; who is denied waits before knocking again"),
                back,
                Refused { by: "ADM-58", act: acts::removed_comes_in },
                Refused { by: "ADM-58", act: acts::removed_comes_in },
            ]
        }
        Control::FileOff => {
            let message = Refused { by: "WIRE.FORM", act: acts::file_message };
            [message, message, message, message, message, STRANGE, message]
        }
        Control::ChatSafe => [
            Allowed("hosts write where hosts may"),
            Refused { by: "MEET.CHAT.SAFE", act: acts::presenter_writes },
            Refused { by: "MEET.CHAT.SAFE", act: acts::participant_writes },
            GUEST,
            Refused { by: "MEET.CHAT.SAFE", act: acts::participant_writes },
            Refused { by: "MEET.CHAT.SAFE", act: acts::disobeying_writes },
            Refused { by: NOTHING_SHOWN, act: acts::server_writes },
        ],
        Control::LockAuto => [
            Refused { by: "MEET.LOCK.AUTO", act: acts::host_lets_in_late },
            MEMBER_ADMITS,
            MEMBER_ADMITS,
            GUEST,
            Refused { by: "MEET.LOCK.AUTO", act: acts::host_lets_in_late },
            Refused { by: "ADM-56", act: acts::host_adds_late },
            SERVER_ADDS,
        ],
        Control::RecRestrict => {
            let message = Refused { by: "WIRE.FORM", act: acts::recording_message };
            [message, message, message, GUEST, message, COPY, SEALED]
        }
        Control::TranscriptRestrict => {
            let message = Refused { by: "WIRE.FORM", act: acts::transcript_message };
            [message, message, message, GUEST, message, COPY, SEALED]
        }
        Control::EndAll => {
            let not_host = Refused { by: NOTHING_LEAVES, act: acts::member_moderates };
            [
                Refused { by: "MEET.END.ALL", act: acts::last_host_hands_over },
                not_host,
                not_host,
                GUEST,
                Refused { by: "MEET.END.ALL", act: acts::last_host_hands_over },
                ServerAlone {
                    test: "where_a_host_ends_nobody_is_left_behind_by_one",
                    remains: "A host's client can make another host before it goes, or just vanish: then the room ends itself after a quarter of an hour. Nobody becomes host whom no host has made one.",
                },
                Open(
                    "A server can let a last host go, and keep its own files of a meeting that has ended: they are sealed. Without a host's heartbeat every device stops sending after 30 s.",
                ),
            ]
        }
        Control::MuteEntry => {
            let own = "Whoever is in may switch on its own microphone and camera at once, by its own hand; nobody else can.";
            let alone = ServerAlone {
                test: "who_comes_in_has_on_what_the_controls_leave_and_may_switch_on_the_rest",
                remains: own,
            };
            [
                Allowed("hosts are exempt"),
                Refused { by: "MEET.MUTE.ENTRY", act: acts::comes_in_with_camera },
                Refused { by: "MEET.MUTE.ENTRY", act: acts::comes_in_with_camera },
                GUEST,
                Refused { by: "MEET.MUTE.ENTRY", act: acts::comes_in_with_camera },
                alone,
                Open(own),
            ]
        }
        Control::E2eeRequired => [
            Refused { by: "ADM-57", act: acts::host_makes_a_classical_meeting },
            PLAIN,
            PLAIN,
            GUEST,
            Refused { by: "ADM-57", act: acts::host_makes_a_classical_meeting },
            Refused { by: "ADM-57", act: acts::disobeying_loosens },
            PLAIN,
        ],
        Control::IdentVerified => [
            None("a host's signature is what makes a member, so whom it lets in is in everybody's list"),
            MEMBER_ADMITS,
            MEMBER_ADMITS,
            GUEST,
            MEMBER_ADMITS,
            Refused { by: "ADM-33", act: acts::member_adds },
            Refused { by: NO_MEMBER, act: acts::server_lists },
        ],
        Control::LegMin => {
            let message = Refused { by: "WIRE.FORM", act: acts::leg_message };
            [message, message, message, message, message, PLAIN, PLAIN]
        }
        Control::Mfa => {
            let made = None("it is about who makes a meeting; who is in one has made none by that");
            let by_server = ServerAlone {
                test: "running_server_follows_a_floor_that_the_command_line_applies",
                remains: "No device sees how somebody signed in. Whoever makes a meeting without that holds its root key all the same, and hosts nobody else's.",
            };
            let lies = Open(
                "No device sees how somebody signed in. A server that lets anybody make meetings has meetings of strangers, each with a root key of its own: in nobody else's do they come in, or host.",
            );
            [by_server, made, made, made, by_server, by_server, lies]
        }
        Control::HostManagement => [
            Allowed("they are the hosts' means"),
            Refused { by: NOTHING_LEAVES, act: acts::member_moderates },
            Refused { by: NOTHING_LEAVES, act: acts::member_moderates },
            GUEST,
            Refused { by: NOTHING_LEAVES, act: acts::member_moderates },
            Refused { by: "ADM-39", act: acts::disobeying_moderates },
            Refused { by: CHANGES_NOTHING, act: acts::server_repeats },
        ],
        Control::NoThirdParty => {
            let page = None(
                "what people send is text, and never fetched: the page's Content-Security-Policy lets it ask its own server only, which `sabha-client probe` and web/e2e/hostile.e2e.ts look at",
            );
            let server = Open(
                "A server that delivers the page can deliver another one, which asks whom it likes: that is the limit of every page (docs/threat-model.md). The headless client, and a page from elsewhere, ask only the server.",
            );
            [page, page, page, page, page, page, server]
        }
        Control::Erase => {
            let own = None("what is on a device is its owner's to keep or erase");
            let server = Open(
                "A server can keep what it was given: sealed words and frames, whose keys no device has any more once the meeting has ended, and who was connected when.",
            );
            let ends = ServerAlone {
                test: "nothing_of_a_meeting_that_is_over_is_left_in_the_file",
                remains: "What it has is sealed, and devices forget the keys when the meeting ends.",
            };
            [ends, own, own, own, own, own, server]
        }
        Control::Audit => {
            let no_message = None(
                "no message changes the log: the server writes it, in one transaction with what it is about, and says nothing of what is said in meetings",
            );
            let server = Open(
                "A server that keeps the log can leave something out from now on. What it has once written it cannot change unseen by who has an export: each entry has the hash of the one before, and `sabha audit verify` sees it. What hosts did in a meeting stands in the log of the creator's device, which no server writes (docs/proof.md).",
            );
            [no_message, no_message, no_message, no_message, no_message, no_message, server]
        }
        Control::ClientFloor => {
            let alone = ServerAlone {
                test: "who_comes_by_a_client_that_is_too_old_is_told_to_renew_it",
                remains: "No device sees by which client another has come, and one that lies about its number is let in. Whatever client it is, it comes in by a host's grant only, and can do nothing that an honest device does not let it.",
            };
            let lies = Open(
                "A server can let in by every client. It comes in by a host's grant only, and can do nothing that an honest device does not let it.",
            );
            [alone, alone, alone, alone, alone, alone, lies]
        }
        Control::External => {
            let alone = ServerAlone {
                test: "where_only_members_take_part_the_server_asks_for_an_account",
                remains: "No device sees an account. Whoever it is comes in by a host's grant only, and hosts see of everybody what the server says of their account.",
            };
            let lies = Open(
                "A server can say of anybody that they are of the organisation, and let anybody knock. They come in by a host's grant only: verify each other's code where it matters.",
            );
            [alone, alone, alone, alone, alone, alone, lies]
        }
        Control::LinkPrivate => [
            Refused { by: "ORG.LINK.PRIVATE", act: acts::host_lets_in_by_the_shared_link },
            MEMBER_ADMITS,
            MEMBER_ADMITS,
            GUEST,
            Refused { by: "ORG.LINK.PRIVATE", act: acts::host_lets_in_by_the_shared_link },
            Refused { by: "ADM-56", act: acts::host_adds_by_the_shared_link },
            SERVER_ADDS,
        ],
    }
}
