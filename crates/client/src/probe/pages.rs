//! What the server serves to a browser, and what it tells whoever asks without a right.

use sabha_crypto::group::Provider;
use sabha_protocol::{MeetingId, SIGNALLING_PATH, SUBPROTOCOL};

use super::{Target, findings::Findings};
use crate::{
    error::ClientError,
    http::{Answer, Ask, ask},
};

/// Longest file of the page that is read, in bytes. The largest script is 0.3 MB.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Files of the page that are looked at. There are six.
const FILES_MAX: usize = 64;

/// What stands in scripts like an address and is none: names of XML namespaces, and where a framework's errors are explained.
/// Neither is ever asked for.
const NO_ADDRESSES: [&str; 2] = ["http://www.w3.org/", "https://svelte.dev/e/"];

/// Tries at a one-time link before a server that counts them must have stopped one address.
const TRIES_MAX: usize = 60;

/// Paths at which other systems told strangers about meetings, people and what they did.
const CLOSED_PATHS: [&str; 9] = [
    "/api/v1/meetings",
    "/api/v1/rooms",
    "/api/v1/plans",
    "/api/v1/users",
    "/api/v1/invitations",
    "/api/v1/audit",
    "/api/v1/account",
    "/api/v1/account/sessions",
    "/api/v1/floor",
];

/// The rows that this looks at.
pub(super) const ROWS: [u8; 6] = [10, 12, 14, 15, 19, 22];

/// Looks at pages and the API as somebody who has no right to anything. `known` is a meeting that there is.
pub(super) async fn look(
    target: &Target<'_>,
    known: MeetingId,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    let mut cookies = Vec::new();
    for path in ["/", "/new", "/admin", &format!("/m/{known}")] {
        let page = get(target, path).await?;
        look_at_page(path, &page, findings);
        collect_cookies(&page, &mut cookies);
    }
    look_at_files(target, findings).await?;
    look_at_closed_paths(target, known, findings, &mut cookies).await?;
    knock_from_another_site(target, findings).await?;
    climb_out(target, findings).await?;
    guess_one_time_links(target, findings, &mut cookies).await?;
    judge_cookies(target, &cookies, findings);
    Ok(())
}

async fn get(target: &Target<'_>, path: &str) -> Result<Answer, ClientError> {
    let line = format!("GET {path}");
    ask(target.server, target.trust, Ask { bytes_max: FILE_BYTES_MAX, ..Ask::get(&line) }).await
}

fn look_at_page(path: &str, page: &Answer, findings: &mut Findings) {
    let sent = format!("GET {path}");
    let policy = page.field("content-security-policy").unwrap_or_default();
    let missing = missing_directives(policy);
    let came = if missing.is_empty() {
        "a Content-Security-Policy under which the page asks its own server only".to_owned()
    } else {
        format!("a Content-Security-Policy without {}", missing.join(", "))
    };
    findings.note(14, missing.is_empty(), &sent, came);

    let foreign = foreign_addresses(&page.text());
    let came = if foreign.is_empty() {
        "a page that names no other host, and has no script in it".to_owned()
    } else {
        format!("a page with {}", foreign.join(", "))
    };
    findings.note(14, foreign.is_empty(), &sent, came);

    let demanded = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    let mut missing: Vec<_> = demanded
        .iter()
        .filter(|(name, value)| page.field(name) != Some(value))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let framed = directive(policy, "frame-ancestors") != Some("'none'".to_owned());
    missing.extend(framed.then(|| "frame-ancestors 'none'".to_owned()));
    let permissions = page.field("permissions-policy").unwrap_or_default();
    for feature in ["camera", "microphone", "display-capture"] {
        let own = permissions
            .split(',')
            .map(str::trim)
            .any(|one| one == format!("{feature}=(self)") || one == format!("{feature}=()"));
        missing.extend((!own).then(|| format!("permissions-policy: {feature}=(self)")));
    }
    let came = if missing.is_empty() {
        "headers by which no other page frames this one, or uses camera and microphone through it".to_owned()
    } else {
        format!("no {}", missing.join(", no "))
    };
    findings.note(12, missing.is_empty(), sent, came);
}

/// Returns the sources of a directive of a Content-Security-Policy.
fn directive(policy: &str, name: &str) -> Option<String> {
    let words = policy.split(';').map(|one| one.split_ascii_whitespace().collect::<Vec<_>>());
    words.into_iter().find(|words| words.first() == Some(&name)).map(|words| words[1..].join(" "))
}

/// Returns what a policy lacks under which a page can ask its own server only.
fn missing_directives(policy: &str) -> Vec<String> {
    let exact = [
        ("default-src", "'none'"),
        ("connect-src", "'self'"),
        ("frame-ancestors", "'none'"),
        ("base-uri", "'none'"),
        ("form-action", "'none'"),
        ("require-trusted-types-for", "'script'"),
    ];
    let mut missing: Vec<_> = exact
        .iter()
        .filter(|(name, value)| directive(policy, name).as_deref() != Some(value))
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let harmless = ["'self'", "'none'", "'wasm-unsafe-eval'", "blob:", "data:"];
    for name in ["script-src", "style-src", "img-src", "media-src", "font-src", "worker-src"] {
        let sources = directive(policy, name).unwrap_or_default();
        // Without the directive default-src holds, which is none.
        let data_runs = name == "script-src" && (sources.contains("data:") || sources.contains("blob:"));
        if data_runs || sources.split(' ').any(|one| !one.is_empty() && !harmless.contains(&one)) {
            missing.push(format!("a strict {name}"));
        }
    }
    missing
}

/// Returns what in a page leads to another host, and scripts that stand in it.
fn foreign_addresses(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["src=", "href=", "action=", "srcset=", "poster="] {
        for part in page.split(attribute).skip(1) {
            let value: String = part
                .trim_start_matches(['"', '\''])
                .chars()
                .take_while(|one| !"\"'> ".contains(*one))
                .collect();
            if value.starts_with("//") || value.contains("://") || value.starts_with("data:text") {
                found.push(value);
            }
        }
    }
    for script in page.split("<script").skip(1) {
        let inside = script.split_once('>').map_or("", |(_, inside)| inside);
        if !inside.trim_start().starts_with("</script") {
            found.push("a script that stands in the page".to_owned());
        }
    }
    found
}

async fn look_at_files(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let mut due = Vec::new();
    for path in ["/", "/admin"] {
        files_in(&get(target, path).await?.text(), &mut due);
    }
    let (mut at, mut bytes) = (0, 0);
    while at < due.len().min(FILES_MAX) {
        let file = get(target, &due[at]).await?;
        bytes += file.body.len();
        let text = file.text();
        files_in(&text, &mut due);
        let foreign = addresses(&text);
        if !foreign.is_empty() {
            findings.note(
                14,
                false,
                format!("GET {}", due[at]),
                format!("addresses of other hosts: {}", foreign.join(", ")),
            );
        }
        at += 1;
    }
    let came = format!("{at} files with {bytes} bytes, all of this server");
    findings.note(14, at > 0, "every script, style and font that the pages name", came);
    findings.figure(14, "page_bytes", bytes as f64);
    Ok(())
}

/// Adds the files of the page that a text names and that are not known yet.
fn files_in(text: &str, into: &mut Vec<String>) {
    for part in text.split("assets/").skip(1) {
        let name: String =
            part.chars().take_while(|one| one.is_ascii_alphanumeric() || "-_.".contains(*one)).collect();
        let ends = [".js", ".css", ".woff2", ".wasm"];
        let path = format!("/assets/{name}");
        // WebAssembly has no text; it can reach nothing but what the scripts give it.
        if ends[..2].iter().any(|end| name.ends_with(end)) && !into.contains(&path) && into.len() < FILES_MAX
        {
            into.push(path);
        }
    }
}

/// Returns addresses of other hosts in a script or style.
fn addresses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for scheme in ["https://", "http://", "wss://", "ws://"] {
        for (at, _) in text.match_indices(scheme) {
            let rest: String = text[at..]
                .chars()
                .take_while(|one| !one.is_whitespace() && !"\"'`)\\<>${".contains(*one))
                .take(100)
                .collect();
            // A scheme alone is compared with, or a host is put after it that the page itself has.
            let named = rest.len() > scheme.len();
            if named && !NO_ADDRESSES.iter().any(|known| rest.starts_with(known)) && !found.contains(&rest) {
                found.push(rest);
            }
        }
    }
    found.truncate(5);
    found
}

async fn look_at_closed_paths(
    target: &Target<'_>,
    known: MeetingId,
    findings: &mut Findings,
    cookies: &mut Vec<String>,
) -> Result<(), ClientError> {
    let id = known.to_string();
    let of_meeting = [format!("/api/v1/meetings/{id}"), format!("/api/v1/rooms/{id}")];
    let mut open = Vec::new();
    for path in CLOSED_PATHS.iter().map(ToString::to_string).chain(of_meeting) {
        let answer = get(target, &path).await?;
        collect_cookies(&answer, cookies);
        if answer.status < 400 || answer.text().contains(&id) {
            open.push(format!("{path} ({})", answer.status));
        }
    }
    let came = if open.is_empty() {
        "nothing at any of them".to_owned()
    } else {
        format!("answers at {}", open.join(", "))
    };
    let sent = format!("GET of {} paths without a right to them", CLOSED_PATHS.len() + 2);
    for row in [15, 22] {
        findings.note(row, open.is_empty(), &sent, &came);
    }
    // Who knows an id sees no more than who makes one up.
    let unknown = MeetingId::from_bytes(Provider::default().random::<20>());
    let (mine, none) =
        (get(target, &format!("/m/{known}")).await?, get(target, &format!("/m/{unknown}")).await?);
    let alike = mine.status == none.status && mine.body == none.body && stable(&mine) == stable(&none);
    let came = if alike { "the same answer, byte for byte" } else { "two answers that differ" };
    for row in [1, 22] {
        findings.note(row, alike, "GET /m/ID of a meeting that there is, and of one that there is not", came);
    }
    Ok(())
}

/// Returns the fields of an answer that do not change from one moment to the next.
fn stable(answer: &Answer) -> Vec<&(String, String)> {
    answer.fields.iter().filter(|(name, _)| name != "date").collect()
}

async fn knock_from_another_site(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let upgrade = |origin: &str| {
        format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\nOrigin: {origin}\r\n"
        )
    };
    let line = format!("GET {SIGNALLING_PATH}");
    // The address may be its owner's alias; another name and a null origin are nobody's.
    for origin in ["https://elsewhere.invalid", "null"] {
        let fields = upgrade(origin);
        let answer = ask(target.server, target.trust, Ask { fields: &fields, ..Ask::get(&line) }).await?;
        let sent = format!("a WebSocket from a page of {origin}");
        findings.note(12, answer.status != 101, sent, format!("status {}", answer.status));
    }
    let fields = "Origin: https://elsewhere.invalid\r\nContent-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n";
    let line = "POST /api/v1/account/sign-out";
    let answer =
        ask(target.server, target.trust, Ask { line, fields, body: b"{}", ..Ask::get(line) }).await?;
    let shared = answer.field("access-control-allow-origin").is_some();
    let came = format!("status {}{}", answer.status, if shared { ", shared with other sites" } else { "" });
    findings.note(
        12,
        answer.status >= 400 && !shared,
        "a request from a page of https://elsewhere.invalid",
        came,
    );
    Ok(())
}

async fn climb_out(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let mut open = Vec::new();
    let paths = [
        "/../server.key",
        "/assets/../../server.key",
        "/%2e%2e/server.key",
        "/assets/..%2f..%2fserver.key",
        "/..%5c..%5cserver.key",
        "/.git/config",
    ];
    for path in paths {
        if get(target, path).await?.status < 400 {
            open.push(path);
        }
    }
    let came = if open.is_empty() {
        "nothing at any of them".to_owned()
    } else {
        format!("answers at {}", open.join(", "))
    };
    findings.note(10, open.is_empty(), "GET of 6 paths that step out of the page's folder", came);
    let fields = "Content-Type: application/octet-stream\r\n";
    let mut taken = Vec::new();
    for line in ["POST /api/v1/files", "PUT /assets/probe.txt", "POST /upload"] {
        let answer =
            ask(target.server, target.trust, Ask { line, fields, body: b"probe", ..Ask::get(line) }).await?;
        if answer.status < 400 {
            taken.push(line);
        }
    }
    let came = if taken.is_empty() {
        "refused at every path".to_owned()
    } else {
        format!("taken by {}", taken.join(", "))
    };
    findings.note(10, taken.is_empty(), "a file of 5 bytes", came);
    Ok(())
}

async fn guess_one_time_links(
    target: &Target<'_>,
    findings: &mut Findings,
    cookies: &mut Vec<String>,
) -> Result<(), ClientError> {
    let (line, fields) = ("POST /api/v1/account/link", "Content-Type: application/json\r\n");
    let mut answers = Vec::new();
    for _ in 0..TRIES_MAX {
        let token = data_encoding::BASE64URL_NOPAD.encode(&Provider::default().random::<32>());
        let body = format!("{{\"token\":\"{token}\"}}");
        let request = Ask { line, fields, body: body.as_bytes(), ..Ask::get(line) };
        let answer = ask(target.server, target.trust, request).await?;
        collect_cookies(&answer, cookies);
        if answer.status == 429 {
            break;
        }
        if answer.status < 400 {
            findings.note(19, false, "a one-time link that was made up", format!("status {}", answer.status));
            return Ok(());
        }
        answers.push((answer.status, answer.body));
    }
    let stopped = answers.len() < TRIES_MAX;
    let came = if stopped {
        format!("{} refused, then too many tries (429)", answers.len())
    } else {
        format!("all {TRIES_MAX} looked at: tries from one address are not counted")
    };
    findings.note(19, stopped, "one-time links that were made up, one after the other", came);
    findings.figure(19, "tries_before_refusal_count", answers.len() as f64);
    answers.dedup();
    let came = if answers.len() <= 1 { "one answer for all" } else { "answers that differ" };
    findings.note(19, answers.len() <= 1, "the answers to them, side by side", came);
    Ok(())
}

fn collect_cookies(answer: &Answer, into: &mut Vec<String>) {
    let set = answer.fields.iter().filter(|(name, _)| name == "set-cookie");
    into.extend(set.map(|(_, value)| value.clone()).take(FILES_MAX.saturating_sub(into.len())));
}

fn judge_cookies(target: &Target<'_>, cookies: &[String], findings: &mut Findings) {
    let sent = "the cookies in all these answers";
    if cookies.is_empty() {
        let came = "none: nobody who is not signed in is given one";
        findings.note(19, true, sent, came);
        return;
    }
    for cookie in cookies {
        let attributes: Vec<_> =
            cookie.split(';').skip(1).map(|one| one.trim().to_ascii_lowercase()).collect();
        let mut demanded = vec!["httponly", "samesite=strict"];
        demanded.extend(target.server.is_secure().then_some("secure"));
        let missing: Vec<_> =
            demanded.into_iter().filter(|one| !attributes.iter().any(|has| has == one)).collect();
        let name = cookie.split('=').next().unwrap_or_default();
        let came = if missing.is_empty() {
            format!("{name}, for this site and no script")
        } else {
            format!("{name} without {}", missing.join(", "))
        };
        findings.note(19, missing.is_empty(), sent, came);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' \
        blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
        require-trusted-types-for 'script'";

    #[test]
    fn a_policy_is_read_directive_by_directive() {
        assert_eq!(missing_directives(STRICT), Vec::<String>::new());
        for (from, to) in [
            ("default-src 'none'", "default-src 'self'"),
            ("connect-src 'self'", "connect-src *"),
            ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
            ("script-src 'self'", "script-src 'self' data:"),
            ("img-src 'self'", "img-src 'self' https://elsewhere.example"),
            ("frame-ancestors 'none'", "frame-ancestors 'self'"),
        ] {
            assert_eq!(missing_directives(&STRICT.replace(from, to)).len(), 1, "{to}");
        }
        assert_eq!(missing_directives("").len(), 6);
    }

    #[test]
    fn what_a_page_takes_from_elsewhere_is_seen() {
        let own = r#"<script type="module" src="/assets/a.js"></script><link href='/b.css'>"#;
        assert_eq!(foreign_addresses(own), Vec::<String>::new());
        for page in [
            r#"<img src="//elsewhere.example/x">"#,
            r#"<script src="https://elsewhere.example/x.js"></script>"#,
            "<script>alert(1)</script>",
        ] {
            assert_eq!(foreign_addresses(page).len(), 1, "{page}");
        }
        assert_eq!(
            addresses("if(a.startsWith(\"https://\"))n=\"http://www.w3.org/2000/svg\""),
            Vec::<String>::new()
        );
        assert_eq!(addresses("fetch('https://elsewhere.example/t')"), ["https://elsewhere.example/t"]);
    }
}
