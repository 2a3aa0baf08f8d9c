//! What has happened to videoconferences, and the control that answers it here. `docs/probe.md` has the same table; a test
//! keeps them equal.

/// One thing that happened elsewhere.
#[derive(Debug)]
pub(super) struct Incident {
    pub(super) number: u8,
    /// Id of a control of `sabha-policy`.
    pub(super) control: &'static str,
    pub(super) incident: &'static str,
    pub(super) scope: Scope,
}

/// Whether a probe can see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// It is tried.
    Checked,
    /// There is no such thing here, and why.
    Absent(&'static str),
    /// Tests of the source show it; which, and what stays open.
    Elsewhere(&'static str),
}

const fn row(number: u8, control: &'static str, incident: &'static str, scope: Scope) -> Incident {
    Incident { number, control, incident, scope }
}

use Scope::{Absent, Checked, Elsewhere};

/// A flat list, in the order of the table.
pub(super) const INCIDENTS: &[Incident] = &[
    row(1, "MEET.ID.FRESH", "Meetings found by trying ids (war-dialling, 2020)", Checked),
    row(2, "MEET.PASS.REQUIRED", "Passcodes of six digits guessed in minutes (2020)", Checked),
    row(3, "MEET.LOBBY.ON", "Strangers who came by a link that was posted (2020)", Checked),
    row(4, "MEET.HOST.FIRST", "Whoever came first became host (2020)", Checked),
    row(5, "MEET.LOBBY.ON", "Picture and key sent to people in the waiting room (2020)", Checked),
    row(6, "MEET.E2EE.REQUIRED", "One key for all, in a mode that shows patterns (CVE-2020-11500)", Checked),
    row(
        7,
        "MEET.E2EE.REQUIRED",
        "Encryption called end to end whose keys the servers made (2016 to 2020)",
        Checked,
    ),
    row(
        8,
        "MEET.LEG.MIN",
        "Keys of a call handed out by servers in another country (2020)",
        Absent(
            "there is no key server: keys are made on the devices, and media goes through the servers that you run",
        ),
    ),
    row(
        9,
        "MEET.CHAT.SAFE",
        "Links in the chat to \\\\host\\share that gave away passwords (2020)",
        Elsewhere(
            "words are sealed on their way, so what becomes a link is the client's: web/e2e/hostile.e2e.ts shows that only https does",
        ),
    ),
    row(
        10,
        "MEET.FILE.OFF",
        "Files written through pictures and snippets in the chat (CVE-2020-6109, -6110)",
        Checked,
    ),
    row(
        11,
        "MEET.CHAT.SAFE",
        "Messages that two parsers read differently (CVE-2022-22784 to -22787)",
        Checked,
    ),
    row(12, "MEET.CONTROL.OFF", "Cameras switched on by a page that was visited (CVE-2019-13450)", Checked),
    row(
        13,
        "MEET.CONTROL.OFF",
        "Installers that gave away the machine (CVE-2020-11469, -11470)",
        Absent("nothing is installed: the client is a page, and asks for no more than a page may have"),
    ),
    row(14, "ORG.NO3P", "A third party's code in the client that told it of users (2020)", Checked),
    row(15, "ORG.NO3P", "Strangers shown to each other, and data about them looked up (2020)", Checked),
    row(16, "MEET.CONTROL.OFF", "Attention of participants tracked (until 2020)", Checked),
    row(
        17,
        "MEET.REC.RESTRICT",
        "Recordings found by their file names (2020)",
        Absent("there is no recording, so there is no file of one"),
    ),
    row(
        18,
        "MEET.REC.RESTRICT",
        "Recordings kept in the clear (2020)",
        Absent("there is no recording, so nothing of one is kept"),
    ),
    row(19, "ORG.MFA", "Accounts opened by passwords that leaked elsewhere (2020)", Checked),
    row(
        20,
        "MEET.REMOVED.BAN",
        "Ghosts: unseen, or still there after their removal (CVE-2020-3419, -3471, -3441)",
        Checked,
    ),
    row(21, "MEET.PASS.REQUIRED", "A way in that asked for no password (CVE-2020-3142)", Checked),
    row(22, "MEET.ID.FRESH", "Meetings of a government enumerated with their titles (2024)", Checked),
    row(
        23,
        "MEET.LEG.MIN",
        "A whole call heard through one leg that was not encrypted (2024)",
        Absent("there is no leg by telephone, and no other that is not sealed end to end"),
    ),
    row(24, "MEET.IDENT.VERIFIED", "Attackers in the meeting who are not in its list (2022)", Checked),
    row(
        25,
        "MEET.IDENT.VERIFIED",
        "A server that adds participants past every control",
        Elsewhere(
            "a server that behaves well now says nothing of one that lies: crates/sim/tests/it/malice_ghosts.rs and matrix.rs show what devices refuse; docs/threat-model.md says what stays open",
        ),
    ),
    row(
        26,
        "MEET.IDENT.VERIFIED",
        "A member who with the server's help speaks as another",
        Elsewhere(
            "crates/client: frames_of_another_device_or_source_than_the_server_says_are_never_counted shows that a member alone cannot; one who colludes with the server can, for those to whom it shows that: docs/threat-model.md",
        ),
    ),
    row(27, "MEET.LOBBY.ON", "Meetings knocked over by strangers, or used to flood others", Checked),
    row(28, "MEET.ID.FRESH", "Room ids and keys drawn by Math.random()", Checked),
    row(
        29,
        "MEET.REC.RESTRICT",
        "Recordings public to who has, or guesses, their address",
        Absent("there is no recording, and no address that opens anything by a checksum in it"),
    ),
    row(30, "MEET.IDENT.VERIFIED", "A right to be in a meeting hidden from the others", Checked),
    row(
        31,
        "MEET.ID.FRESH",
        "Invitations that lead to somebody else's meeting",
        Elsewhere(
            "a meeting's id is the hash of its root key, so nobody else can hold it: crates/sim: a_passcode_is_asked_for_under_the_meetings_root_key_only. Nothing keeps people from following a link to another server",
        ),
    ),
];

#[cfg(test)]
mod tests {
    use sabha_crypto::policy::Control;

    use super::*;

    #[test]
    fn each_row_is_answered_by_a_control_that_there_is() {
        for (index, incident) in INCIDENTS.iter().enumerate() {
            assert_eq!(usize::from(incident.number), index + 1);
            let known = Control::ALL.iter().any(|control| control.id() == incident.control);
            assert!(known, "{}", incident.control);
        }
    }

    #[test]
    fn the_table_of_the_docs_is_this_one() {
        let page = include_str!("../../../../docs/probe.md");
        for Incident { number, control, incident, scope } in INCIDENTS {
            let kind = match scope {
                Checked => "tried",
                Absent(_) => "does not apply",
                Elsewhere(_) => "shown elsewhere",
            };
            let line = page
                .lines()
                .find(|line| line.starts_with(&format!("| {number} |")) && line.matches(" | ").count() == 3)
                .unwrap_or_else(|| panic!("docs/probe.md has no row {number}"));
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells[1..4], [*incident, &format!("`{control}`"), kind], "row {number}");
        }
    }
}
