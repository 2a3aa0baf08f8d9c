//! The walls between the crates: who must never depend on whom, and what the pure crates must not touch.
//!
//! A wall is data in this file, with the reason for it. Edges are judged on the graph of `cargo metadata`,
//! what sources mention by [`crate::sources`]. Nothing here is configurable: to move a wall is a commit.

use crate::{
    graph::{Graph, Package},
    sources::{self, Banned, SourceFile},
};

/// How far a wall reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Through all dependencies of dependencies.
    Anywhere,
    /// The crate's own manifest. For what other crates may pull in for uses of their own.
    Direct,
}

/// `from` never depends on any of `never`.
struct Wall {
    from: &'static str,
    never: &'static [&'static str],
    reach: Reach,
    because: &'static str,
}

/// Crates that do input and output, or run tasks.
const SHELL: &[&str] =
    &["axum", "hyper", "mio", "quinn-udp", "socket2", "sqlx", "tokio", "tokio-tungstenite"];
const RANDOMNESS: &[&str] = &["fastrand", "getrandom", "rand", "rand_core"];
const WIRE_FORMATS: &[&str] = &["serde", "serde_core", "serde_json", "ts-rs", "utoipa"];

/// Crates that can open what is sealed, or make a key of a group. A hash, a MAC and the check of a signature can not.
const OPENING: &[&str] = &[
    "aes-gcm",
    "chacha20poly1305",
    "hpke",
    "hpke-rs",
    "hpke-rs-crypto",
    "hpke-rs-libcrux",
    "hpke-rs-rust-crypto",
    "openmls_basic_credential",
    "openmls_libcrux_crypto",
    "openmls_rust_crypto",
    "sabha-crypto",
    "sabha-crypto-wasm",
];

/// Ways that break no wall: through which package, and to what. No other way may lead there.
///
/// OpenPGP seals mail for readers' keys and judges signatures of others. Its library has AES-GCM for messages that are opened, which
/// the server never does; without a key of a group it opens no frame.
const PASSED: &[(&str, &str)] = &[("pgp", "aes-gcm")];

const WALLS: &[Wall] = &[
    Wall {
        from: "sabha-server",
        never: OPENING,
        reach: Reach::Anywhere,
        because: "the server holds no code that can open a frame",
    },
    Wall {
        from: "sabha-protocol",
        never: &[
            "openmls",
            "sabha-admission",
            "sabha-conference",
            "sabha-crypto",
            "sabha-delivery",
            "sabha-policy",
            "sabha-server",
            "sabha-sfu",
            "str0m",
        ],
        reach: Reach::Anywhere,
        because: "the words come first and know nobody who speaks them",
    },
    Wall {
        from: "sabha-protocol",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "protocol is pure: bytes come in, values go out",
    },
    Wall {
        from: "sabha-protocol",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "protocol is pure: randomness comes in",
    },
    Wall {
        from: "sabha-policy",
        never: &[
            "openmls",
            "sabha-admission",
            "sabha-conference",
            "sabha-crypto",
            "sabha-delivery",
            "sabha-server",
            "sabha-sfu",
            "str0m",
        ],
        reach: Reach::Anywhere,
        because: "policy decides what may be done, and knows neither groups nor rooms",
    },
    Wall {
        from: "sabha-policy",
        never: OPENING,
        reach: Reach::Anywhere,
        because: "policy checks signatures, and opens nothing",
    },
    Wall {
        from: "sabha-policy",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "policy is pure: settings and questions come in, decisions go out",
    },
    Wall {
        from: "sabha-policy",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "policy is pure: keys come in",
    },
    Wall {
        from: "sabha-policy",
        never: WIRE_FORMATS,
        reach: Reach::Direct,
        because: "only protocol derives wire formats; what is signed has one form, written by hand",
    },
    Wall {
        from: "sabha-conference",
        never: &["sabha-server", "sabha-sfu", "str0m"],
        reach: Reach::Anywhere,
        because: "conference knows no RTP",
    },
    Wall {
        from: "sabha-conference",
        never: &["openmls", "sabha-admission", "sabha-crypto", "sabha-delivery"],
        reach: Reach::Anywhere,
        because: "conference hears of the group as values, and knows no MLS",
    },
    Wall {
        from: "sabha-conference",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "conference is pure: inputs and time come in, outputs go out",
    },
    Wall {
        from: "sabha-conference",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "conference is pure: randomness comes in",
    },
    Wall {
        from: "sabha-conference",
        never: WIRE_FORMATS,
        reach: Reach::Direct,
        because: "only protocol derives wire formats; domain types are not serialised",
    },
    Wall {
        from: "sabha-sfu",
        never: &["sabha-conference", "sabha-server"],
        reach: Reach::Anywhere,
        because: "sfu knows no users, roles or policy",
    },
    Wall {
        from: "sabha-sfu",
        never: &["openmls", "sabha-admission", "sabha-crypto", "sabha-delivery"],
        reach: Reach::Anywhere,
        because: "sfu forwards frames that it cannot open, and knows no group",
    },
    Wall {
        from: "sabha-sfu",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "sfu is sans-IO: packets and time come in, packets go out",
    },
    Wall {
        from: "sabha-sfu",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "sfu is sans-IO: the media stack below it draws its own randomness, sfu draws none",
    },
    Wall {
        from: "sabha-sfu",
        never: WIRE_FORMATS,
        reach: Reach::Direct,
        because: "only protocol derives wire formats; domain types are not serialised",
    },
    Wall {
        from: "sabha-admission",
        never: &[
            "openmls",
            "sabha-conference",
            "sabha-crypto",
            "sabha-delivery",
            "sabha-server",
            "sabha-sfu",
        ],
        reach: Reach::Anywhere,
        because: "admission judges views of a group, and knows neither MLS nor rooms",
    },
    Wall {
        from: "sabha-admission",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "admission is pure: statements and time come in, verdicts go out",
    },
    Wall {
        from: "sabha-admission",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "admission is pure: keys and nonces come in",
    },
    Wall {
        from: "sabha-admission",
        never: WIRE_FORMATS,
        reach: Reach::Direct,
        because: "what is signed has one form, written by hand",
    },
    Wall {
        from: "sabha-delivery",
        never: OPENING,
        reach: Reach::Anywhere,
        because: "a delivery service can check a handshake and open nothing",
    },
    Wall {
        from: "sabha-delivery",
        never: &["sabha-conference", "sabha-server", "sabha-sfu"],
        reach: Reach::Anywhere,
        because: "delivery knows the group and no rooms",
    },
    // OpenMLS itself reads the system's clock for the lifetime of key packages, which cannot be told otherwise; none
    // of our rules depends on it.
    Wall {
        from: "sabha-delivery",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "delivery is pure: handshakes and time come in, changes go out",
    },
    Wall {
        from: "sabha-delivery",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "delivery is pure: it makes nothing that would need randomness",
    },
    Wall {
        from: "sabha-crypto",
        never: &["sabha-conference", "sabha-server", "sabha-sfu", "str0m"],
        reach: Reach::Anywhere,
        because: "a device knows the server only by its protocol",
    },
    Wall {
        from: "sabha-crypto",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "crypto is pure: messages, seeds and time come in, messages and keys go out",
    },
    Wall {
        from: "sabha-crypto",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "crypto is pure: seeds come in",
    },
    // It has serde: the formats in which the field exchanges advisories are its business, and none of ours.
    Wall {
        from: "sabha-advisory",
        never: &[
            "openmls",
            "sabha-admission",
            "sabha-conference",
            "sabha-crypto",
            "sabha-delivery",
            "sabha-server",
            "sabha-sfu",
            "str0m",
        ],
        reach: Reach::Anywhere,
        because: "advisory knows documents and how far they may travel, and neither meetings nor servers",
    },
    Wall {
        from: "sabha-advisory",
        never: OPENING,
        reach: Reach::Anywhere,
        because: "advisory reads what others publish, and opens nothing",
    },
    Wall {
        from: "sabha-advisory",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "advisory is pure: documents come in as bytes, findings and documents go out",
    },
    Wall {
        from: "sabha-advisory",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "advisory is pure: ids and times come in",
    },
    Wall {
        from: "sabha-server",
        never: &["sabha-bench", "sabha-client", "sabha-impairer", "sabha-sim", "xtask", "xtask-wasm"],
        reach: Reach::Anywhere,
        because: "what is for tests and developers is not shipped",
    },
    Wall {
        from: "sabha-client",
        never: &["sabha-conference", "sabha-server", "sabha-sfu", "sabha-sim", "xtask"],
        reach: Reach::Anywhere,
        because: "the headless client knows the server only by its protocol, like any other implementation",
    },
    Wall {
        from: "sabha-impairer",
        never: &["sabha-client", "sabha-conference", "sabha-protocol", "sabha-server", "sabha-sfu", "str0m"],
        reach: Reach::Anywhere,
        because: "a bad network stands on both sides of a wall, and knows nothing of what it carries",
    },
    Wall {
        from: "sabha-impairer",
        never: SHELL,
        reach: Reach::Anywhere,
        because: "the impairer is pure: packets and time come in, packets and times go out",
    },
    Wall {
        from: "sabha-impairer",
        never: RANDOMNESS,
        reach: Reach::Direct,
        because: "the impairer draws from its seed, so that every run can be had again",
    },
    Wall {
        from: "sabha-bench",
        never: &["sabha-client", "sabha-protocol", "sabha-server", "sabha-sfu", "str0m"],
        reach: Reach::Anywhere,
        because: "the bench measures programs from outside, ours like any other",
    },
];

/// A crate that only some of ours may name.
struct Kept {
    dependency: &'static str,
    by: &'static [&'static str],
    because: &'static str,
}

const KEPT: &[Kept] = &[
    Kept {
        dependency: "openmls",
        // `sabha-crypto-wasm` names it to turn on what only a browser needs, `sabha-sim` to forge what no device would.
        by: &["sabha-crypto", "sabha-crypto-wasm", "sabha-delivery", "sabha-sim"],
        because: "every change of a group goes through one place for devices and one for the server",
    },
    Kept {
        dependency: "sabha-crypto",
        by: &["sabha-client", "sabha-crypto-wasm", "sabha-sim"],
        because: "keys are on devices only",
    },
    Kept {
        dependency: "str0m",
        by: &["sabha-client", "sabha-sfu", "sabha-sim"],
        because: "str0m breaks its API about monthly, so it is wrapped",
    },
];

/// Folders of `crates/` whose sources are held to [`IMPURE`].
const PURE: &[&str] =
    &["protocol", "policy", "advisory", "conference", "sfu", "admission", "delivery", "crypto", "impairer"];

const IMPURE: &[Banned] = &[
    Banned::anywhere(&["Instant", "now"], "reads the clock: take `now` as an argument"),
    Banned::anywhere(&["SystemTime"], "reads the clock: take `now` as an argument"),
    Banned::anywhere(&[sources::ELAPSED_CALL], "reads the clock: use `now.duration_since(then)`"),
    Banned::anywhere(&["TcpListener"], "opens a socket: take bytes as input"),
    Banned::anywhere(&["TcpStream"], "opens a socket: take bytes as input"),
    Banned::anywhere(&["UdpSocket"], "opens a socket: take bytes as input"),
    Banned::anywhere(&["UnixDatagram"], "opens a socket: take bytes as input"),
    Banned::anywhere(&["UnixListener"], "opens a socket: take bytes as input"),
    Banned::anywhere(&["UnixStream"], "opens a socket: take bytes as input"),
    Banned::anywhere(&["std", "env"], "reads the environment: take a value as an argument"),
    Banned::anywhere(&["std", "fs"], "reads files: take bytes as input"),
    Banned::anywhere(&["std", "process"], "starts or stops processes: leave that to the shell"),
    Banned::anywhere(&["std", "thread"], "starts or blocks a thread: leave that to the shell"),
    Banned::anywhere(&["OsRng"], "draws randomness: take bytes as input"),
    Banned::anywhere(&["thread_rng"], "draws randomness: take bytes as input"),
    Banned::root(&["fastrand"], "draws randomness: take bytes as input"),
    Banned::root(&["getrandom"], "draws randomness: take bytes as input"),
    Banned::root(&["rand"], "draws randomness: take bytes as input"),
    Banned::root(&["mio"], "does input and output: take bytes as input"),
    Banned::root(&["socket2"], "does input and output: take bytes as input"),
    Banned::root(&["tokio"], "runs tasks: return values to the shell instead"),
];

/// Fails with every broken wall of this workspace.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut findings = edges(&Graph::read()?);
    for folder in PURE {
        let files = sources::of_crate(folder)?;
        anyhow::ensure!(!files.is_empty(), "crates/{folder} has no sources");
        for file in files.iter().filter(|file| !file.test) {
            findings.extend(impure(file)?);
        }
    }
    findings.extend(meeting_places(&sources::of_crate("server")?)?);
    crate::report("broken wall", &findings)
}

/// Returns every edge of `graph` that goes through a wall.
fn edges(graph: &Graph) -> Vec<String> {
    let mut findings = Vec::new();
    for wall in WALLS {
        let Some(from) = graph.member(wall.from) else {
            findings.push(format!("a wall names `{}`, which is no crate of this workspace", wall.from));
            continue;
        };
        let ways: Vec<(&Package, String)> = match wall.reach {
            Reach::Anywhere => graph.reachable(from),
            Reach::Direct => {
                graph.direct(from).map(|to| (to, format!("{} > {}", from.name, to.name))).collect()
            }
        };
        let is_passed = |to: &Package| {
            let mut passed = PASSED.iter().filter(|(_, end)| *end == to.name);
            passed.any(|(through, _)| {
                !graph.reachable_without(from, Some(through)).iter().any(|(other, _)| other.name == to.name)
            })
        };
        let is_never = |to: &Package| wall.never.contains(&to.name.as_str()) && !is_passed(to);
        for (_, way) in ways.iter().filter(|(to, _)| is_never(to)) {
            findings.push(format!("{way}: {}", wall.because));
        }
    }
    for kept in KEPT {
        for member in graph.members().filter(|member| !kept.by.contains(&member.name.as_str())) {
            if graph.direct(member).any(|to| to.name == kept.dependency) {
                findings.push(format!("{} > {}: {}", member.name, kept.dependency, kept.because));
            }
        }
    }
    findings
}

/// Returns every mention in `file` of something that a pure crate must not touch.
fn impure(file: &SourceFile) -> anyhow::Result<Vec<String>> {
    let mentions = file.mentions()?;
    Ok(mentions
        .iter()
        .filter_map(|mention| {
            let banned = IMPURE.iter().find(|banned| banned.matches(&mention.path))?;
            Some(format!("{}:{}: `{}` {}", file.name, mention.line, mention.path.join("::"), banned.because))
        })
        .collect())
}

/// Returns a finding if more than one file of the server translates between the conference's words for media
/// and the SFU's. Others may carry a value of either from one place to another.
fn meeting_places(files: &[SourceFile]) -> anyhow::Result<Vec<String>> {
    let mut places = Vec::new();
    for file in files.iter().filter(|file| !file.test) {
        let mentions = file.mentions()?;
        let names = |word: &str| mentions.iter().any(|mention| mention.path.iter().any(|part| part == word));
        if names("sabha_sfu") && (names("MediaCommand") || names("MediaEvent")) {
            places.push(file.name.as_str());
        }
    }
    if places.len() <= 1 {
        return Ok(Vec::new());
    }
    Ok(vec![format!("{}: conference and sfu meet in one file of the server, as values", places.join(", "))])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sound in every test below: each crate that a wall names, standing alone.
    const SOUND: &[(&str, &str)] = &[
        ("sabha-advisory", "serde_json"),
        ("sabha-bench", "clap"),
        ("sabha-server", "sabha-conference"),
        ("sabha-server", "sabha-delivery"),
        ("sabha-server", "sabha-sfu"),
        ("sabha-server", "tokio"),
        ("sabha-sfu", "str0m"),
        ("sabha-sfu", "sabha-protocol"),
        ("str0m", "getrandom"),
        ("sabha-conference", "sabha-policy"),
        ("sabha-conference", "sabha-protocol"),
        ("sabha-admission", "sabha-policy"),
        ("sabha-policy", "ed25519-dalek"),
        ("sabha-policy", "sabha-protocol"),
        ("sabha-protocol", "serde"),
        ("sabha-impairer", "thiserror"),
        ("sabha-client", "sabha-impairer"),
        ("sabha-client", "str0m"),
        ("sabha-client", "sabha-protocol"),
        ("sabha-client", "sabha-crypto"),
        ("sabha-delivery", "openmls"),
        ("sabha-delivery", "sabha-admission"),
        ("sabha-admission", "sabha-protocol"),
        ("sabha-crypto", "openmls"),
        ("sabha-crypto", "openmls_rust_crypto"),
        ("sabha-crypto", "sabha-delivery"),
        ("openmls_rust_crypto", "hpke-rs"),
        ("openmls_rust_crypto", "rand"),
        ("sabha-crypto-wasm", "sabha-crypto"),
    ];

    fn findings(added: &[(&str, &str)]) -> Vec<String> {
        edges(&Graph::of(&[SOUND, added].concat()))
    }

    fn impurities(text: &str) -> Vec<String> {
        impure(&SourceFile { name: "src/room.rs".to_owned(), text: text.to_owned(), test: false }).unwrap()
    }

    #[test]
    fn this_workspace_keeps_its_walls() {
        check().unwrap();
    }

    #[test]
    fn a_sound_graph_has_no_finding() {
        assert_eq!(findings(&[]), Vec::<String>::new());
    }

    #[test]
    fn every_forbidden_edge_is_found() {
        for (from, to) in [
            ("sabha-server", "sabha-crypto"),
            ("sabha-server", "sabha-client"),
            ("sabha-server", "str0m"),
            ("sabha-conference", "sabha-sfu"),
            ("sabha-conference", "str0m"),
            ("sabha-conference", "tokio"),
            ("sabha-conference", "serde"),
            ("sabha-conference", "getrandom"),
            ("sabha-sfu", "sabha-conference"),
            ("sabha-sfu", "serde"),
            ("sabha-sfu", "tokio"),
            ("sabha-sfu", "rand"),
            ("sabha-protocol", "sabha-conference"),
            ("sabha-protocol", "sabha-policy"),
            ("sabha-protocol", "tokio"),
            ("sabha-policy", "sabha-admission"),
            ("sabha-policy", "sabha-conference"),
            ("sabha-policy", "sabha-server"),
            ("sabha-policy", "openmls"),
            ("sabha-policy", "hpke"),
            ("sabha-policy", "tokio"),
            ("sabha-policy", "getrandom"),
            ("sabha-policy", "serde"),
            ("sabha-client", "sabha-sfu"),
            ("sabha-server", "openmls"),
            ("sabha-server", "openmls_rust_crypto"),
            ("sabha-server", "openmls_basic_credential"),
            ("sabha-server", "hpke-rs"),
            ("sabha-server", "hpke-rs-rust-crypto"),
            ("sabha-server", "aes-gcm"),
            ("sabha-server", "chacha20poly1305"),
            ("sabha-protocol", "sabha-admission"),
            ("sabha-conference", "sabha-admission"),
            ("sabha-conference", "sabha-delivery"),
            ("sabha-conference", "sabha-crypto"),
            ("sabha-conference", "openmls"),
            ("sabha-sfu", "sabha-admission"),
            ("sabha-sfu", "sabha-delivery"),
            ("sabha-sfu", "sabha-crypto"),
            ("sabha-admission", "openmls"),
            ("sabha-admission", "sabha-delivery"),
            ("sabha-admission", "sabha-conference"),
            ("sabha-admission", "tokio"),
            ("sabha-admission", "getrandom"),
            ("sabha-admission", "serde"),
            ("sabha-delivery", "openmls_rust_crypto"),
            ("sabha-delivery", "sabha-crypto"),
            ("sabha-delivery", "sabha-conference"),
            ("sabha-delivery", "tokio"),
            ("sabha-delivery", "getrandom"),
            ("sabha-crypto", "sabha-conference"),
            ("sabha-crypto", "str0m"),
            ("sabha-crypto", "tokio"),
            ("sabha-crypto", "getrandom"),
            ("sabha-client", "openmls"),
            ("sabha-impairer", "sabha-sfu"),
            ("sabha-impairer", "tokio"),
            ("sabha-impairer", "rand"),
            ("sabha-server", "sabha-impairer"),
            ("sabha-bench", "sabha-client"),
            ("xtask", "sabha-crypto"),
        ] {
            let findings = findings(&[(from, to)]);
            assert!(
                findings.iter().any(|finding| finding.starts_with(&format!("{from} > {to}: "))),
                "{from} > {to}"
            );
        }
    }

    #[test]
    fn a_way_through_another_crate_is_found_and_shown() {
        let findings = findings(&[("sabha-conference", "innocent"), ("innocent", "tokio")]);

        assert!(findings[0].contains("sabha-conference > innocent > tokio"), "{findings:?}");
    }

    #[test]
    fn what_can_open_is_found_behind_what_the_server_may_use() {
        let findings = findings(&[("sabha-delivery", "openmls_rust_crypto")]);

        for way in [
            "sabha-server > sabha-delivery > openmls_rust_crypto: ",
            "sabha-server > sabha-delivery > openmls_rust_crypto > hpke-rs: ",
        ] {
            assert!(findings.iter().any(|finding| finding.starts_with(way)), "{way} {findings:?}");
        }
    }

    #[test]
    fn a_way_that_is_passed_is_the_only_one() {
        let through = [("sabha-server", "pgp"), ("pgp", "aes-gcm")];
        assert!(findings(&through).is_empty(), "{:?}", findings(&through));
        let beside =
            [through[0], through[1], ("sabha-server", "other"), ("other", "more"), ("more", "aes-gcm")];
        assert!(!findings(&beside).is_empty());
        assert!(!findings(&[("sabha-server", "pgp"), ("pgp", "hpke")]).is_empty(), "nothing else by it");
    }

    #[test]
    fn a_wall_around_a_crate_that_is_gone_is_found() {
        let findings = edges(&Graph::of(&[("sabha-server", "tokio")]));

        assert!(
            findings.iter().any(|finding| finding.contains("`sabha-sfu`, which is no crate")),
            "{findings:?}"
        );
    }

    #[test]
    fn a_pure_crate_that_reads_clock_socket_file_environment_or_randomness_is_found() {
        for text in [
            "fn f() { let now = std::time::Instant::now(); }",
            "use std::time::{Duration, Instant}; fn f() -> Instant { Instant::now() }",
            "fn f(then: Instant) -> Duration { then.elapsed() }",
            "use std::{collections::BTreeMap, time::{Duration, SystemTime}};",
            "use std::{io, net::{SocketAddr, UdpSocket}};",
            "use std::{fs as disk, fmt};",
            "fn f() { println!(\"{:?}\", std::env::var(\"HOME\")); }",
            "fn f() { std::thread::sleep(pause); }",
            "use tokio::sync::mpsc;",
            "fn f() -> u8 { rand::random() }",
            "fn f() { let _ = getrandom::fill(&mut bytes); }",
        ] {
            assert_eq!(impurities(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_only_looks_impure_is_not_found() {
        for text in [
            "use std::{net::{IpAddr, SocketAddr}, time::{Duration, Instant}};",
            "/// Like `Instant::now`. std::fs::read\nfn f(now: Instant) {} // SystemTime",
            "const TEXT: &str = \"std::env::var Instant::now()\";",
            "const VERSION: &str = env!(\"CARGO_PKG_VERSION\");",
            "fn f(rand: [u8; 32]) -> u8 { rand[0] }",
            "#[cfg(test)] mod tests { fn f() { std::thread::sleep(pause); } }",
            "#[cfg(test)] #[expect(unused)] use std::fs;",
        ] {
            assert_eq!(impurities(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_follows_a_test_module_is_still_searched() {
        let text = "#[cfg(test)]\nmod tests { use std::fs; }\n\nfn f() { std::fs::read(path); }";

        assert_eq!(impurities(text), ["src/room.rs:4: `std::fs::read` reads files: take bytes as input"]);
    }

    #[test]
    fn conference_and_sfu_that_meet_in_two_files_are_found() {
        let file =
            |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned(), test: false };
        let both = "use sabha_conference::{MediaCommand, Output}; use sabha_sfu::Command;";
        let carries = "use sabha_conference::Output; fn f(event: sabha_sfu::Event) {}";

        let place = |files: &[SourceFile]| meeting_places(files).unwrap();

        assert_eq!(place(&[file("peers.rs", both), file("room.rs", carries)]), Vec::<String>::new());
        assert_eq!(place(&[file("peers.rs", both), file("room.rs", both)]).len(), 1);
    }
}
