//! Bounds on addresses, connections and rooms, reached with small numbers.

use std::{future::Future, pin::pin, time::Duration};

use sabha_protocol::{
    Rule,
    account::{AccountRole, Scope},
    device::{DeviceCommand, DeviceStage, DeviceView, PasscodeView},
    limits::ENTER_DEADLINE_CROWDED,
    secret::AccessToken,
    wire::{ServerMessage, http::ApiError},
};
use sabha_server::config::LimitSettings;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{
    accounts::{Credential, Office, rule},
    client::Client,
    person::{self, Person},
    server::{Meeting, TestServer, new_meeting, now_ms, post_meeting},
};

#[tokio::test]
async fn one_address_gets_so_many_websockets_and_can_come_back_after_closing_one() {
    let server = TestServer::with(|settings| settings.limits.connections_per_address = 2).await;
    let first = Client::connect(server.address()).await;
    let _second = Client::connect(server.address()).await;
    let refused = Client::open(server.address(), &[]).await.err().unwrap();
    assert!(refused.to_string().contains("429"), "{refused}");

    drop(first);
    // The server notices the lost connection on its own time.
    let mut tries = 0;
    while Client::open(server.address(), &[]).await.is_err() {
        tries += 1;
        assert!(tries < 500, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_full_server_opens_no_room_more_but_keeps_those_it_has() {
    let server = TestServer::with(|settings| settings.limits.rooms = 1).await;
    let (first, second) = (server.create_meeting().await, server.create_meeting().await);
    let _host = person::host(server.address(), &first).await;

    let mut other = Client::connect(server.address()).await;
    assert_eq!(other.enter_refused(&mut second.creator()).await, Rule::Capacity);
    person::knock(server.address(), &first, "Chitra").await;
}

/// A server behind a proxy on this machine, which says where each connection comes from.
async fn behind_a_proxy(change: impl FnOnce(&mut LimitSettings)) -> TestServer {
    TestServer::with(|settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        change(&mut settings.limits);
    })
    .await
}

/// Knocks from this address, and returns the guest with what it was answered.
async fn knock_from(server: &TestServer, meeting: &Meeting, from: &str) -> (Person, ServerMessage) {
    let client = Client::connect_from(server.address(), from).await;
    let mut guest = Person::on(client, meeting.guest("Bilal"));
    let answer = guest.say_enter(None).await;
    (guest, answer)
}

fn refused_by(answer: &ServerMessage) -> Option<Rule> {
    match answer {
        ServerMessage::Refused { rule, .. } => Some(*rule),
        _ => None,
    }
}

#[tokio::test]
async fn one_network_fills_a_part_of_a_lobby_and_others_still_come_in() {
    let server = behind_a_proxy(|limits| {
        (limits.lobby_per_address, limits.lobby_per_network) = (2, 3);
    })
    .await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;

    let mut waiting = Vec::new();
    for (from, rule) in [
        ("192.0.2.1", None),
        ("192.0.2.1", None),
        ("192.0.2.1", Some(Rule::LobbyShare)),
        ("192.0.2.2", None),
        ("192.0.2.3", Some(Rule::LobbyShare)),
    ] {
        let (guest, answer) = knock_from(&server, &meeting, from).await;
        assert_eq!(refused_by(&answer), rule, "{from}");
        waiting.push(guest);
    }
    let (mut invited, answer) = knock_from(&server, &meeting, "198.51.100.7").await;
    assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
    person::admit(&mut host, &mut invited).await;

    // Once the host has answered one of them, the next has its place.
    person::admit(&mut host, &mut waiting[0]).await;
    let (_, answer) = knock_from(&server, &meeting, "192.0.2.1").await;
    assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
}

#[tokio::test]
async fn one_network_knocks_so_often_at_one_meeting_and_neither_host_nor_others_notice() {
    let server = behind_a_proxy(|limits| limits.knocks_per_address_per_minute = 3).await;
    let (meeting, other) = (server.create_meeting().await, server.create_meeting().await);
    let mut knocks = Vec::new();
    for _ in 0..5 {
        knocks.push(refused_by(&knock_from(&server, &meeting, "192.0.2.1").await.1));
    }
    assert_eq!(knocks, [None, None, None, Some(Rule::KnockRate), Some(Rule::KnockRate)]);
    assert_eq!(refused_by(&knock_from(&server, &meeting, "198.51.100.7").await.1), None);
    assert_eq!(refused_by(&knock_from(&server, &other, "192.0.2.1").await.1), None, "another meeting");

    // The host comes by its grant, from the very same address.
    let client = Client::connect_from(server.address(), "192.0.2.1").await;
    let mut host = Person::on(client, meeting.creator());
    assert!(matches!(host.say_enter(None).await, ServerMessage::Admitted { .. }));
}

#[tokio::test]
async fn one_address_does_not_use_up_the_tries_at_a_passcode_for_others() {
    let server = behind_a_proxy(|_| {}).await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let passcode = "7KQM-2XWD";
    host.command(DeviceCommand::SetPasscode { passcode: Some(passcode.parse().unwrap()), admits: true })
        .await;
    host.until(|view| matches!(view.passcode, PasscodeView::Set { .. })).await;

    // A new key for each try costs nothing, and from one address only five of them reach the host.
    for number in 0..25 {
        let guess = try_passcode(&server, &meeting, "192.0.2.1", format!("guess-{number:04}"));
        let outcome = attend(&mut host, guess).await;
        assert_eq!(outcome, if number < 5 { Tried::Wrong } else { Tried::Refused }, "try {number}");
    }
    // Nor do its neighbours have more than twice as many.
    for number in 0..10 {
        let guess = try_passcode(&server, &meeting, "192.0.2.2", format!("other-{number:04}"));
        let outcome = attend(&mut host, guess).await;
        assert_eq!(outcome, if number < 5 { Tried::Wrong } else { Tried::Refused }, "try {number}");
    }
    let third = try_passcode(&server, &meeting, "192.0.2.3", "third-0000".to_owned());
    assert_eq!(attend(&mut host, third).await, Tried::Refused);
    let wrong_ones = |view: &DeviceView| match view.passcode {
        PasscodeView::Set { wrong, .. } => Some(wrong),
        _ => None,
    };
    assert_eq!(wrong_ones(&host.view), Some(10), "the host's device still takes ten");

    // An office elsewhere: whoever knows the passcode comes in, however many they are, and uses nothing up.
    for _ in 0..7 {
        let right = try_passcode(&server, &meeting, "198.51.100.7", passcode.to_owned());
        assert_eq!(attend(&mut host, right).await, Tried::Right);
    }
    assert_eq!(wrong_ones(&host.view), Some(10));
    // Who shares the attacker's address is let in by hand.
    let mut neighbour = knock_from(&server, &meeting, "192.0.2.1").await.0;
    person::admit(&mut host, &mut neighbour).await;
}

/// What came of typing a passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tried {
    /// The server did not pass it on, and it can be typed again.
    Refused,
    Right,
    Wrong,
}

/// Knocks with a new key from an address and types a passcode once.
async fn try_passcode(server: &TestServer, meeting: &Meeting, from: &str, passcode: String) -> Tried {
    let mut guest = Person::on(Client::connect_from(server.address(), from).await, meeting.guest("Ben"));
    guest.say_enter(None).await;
    guest.until(|view| view.stage == DeviceStage::PasscodeWanted).await;
    guest.command(DeviceCommand::Passcode { passcode: passcode.parse().unwrap() }).await;
    let mut refused = false;
    loop {
        let frame = guest.next().await.expect("the connection stays");
        refused |= refused_by(&frame.body) == Some(Rule::PasscodeRate);
        let wrong = match guest.view.passcode {
            PasscodeView::Wanted { wrong, .. } => wrong,
            _ => 0,
        };
        match guest.view.stage {
            DeviceStage::PasscodeWanted if refused => {
                assert_eq!(wrong, 0, "what was not tried is not wrong");
                return Tried::Refused;
            }
            DeviceStage::PasscodeWanted if wrong > 0 => return Tried::Wrong,
            DeviceStage::Member => return Tried::Right,
            _ => {}
        }
    }
}

/// Does what a host's device does while `work` goes on.
async fn attend<T>(host: &mut Person, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            frame = host.next() => assert!(frame.is_some(), "the host lost its connection"),
        }
    }
}

#[tokio::test]
async fn one_network_gets_so_many_websockets_whatever_its_addresses() {
    let server = behind_a_proxy(|limits| limits.connections_per_network = 2).await;
    let _first = Client::connect_from(server.address(), "2001:db8:0:1::1").await;
    let _second = Client::connect_from(server.address(), "2001:db8:0:2::1").await;
    let refused =
        Client::open(server.address(), &[("x-forwarded-for", "2001:db8:0:3::1")]).await.err().unwrap();
    assert!(refused.to_string().contains("429"), "{refused}");
    Client::connect_from(server.address(), "2001:db8:1:1::1").await;
}

#[tokio::test]
async fn who_only_holds_a_place_makes_room_while_places_are_scarce() {
    let server = TestServer::with(|settings| settings.limits.connections = 1).await;
    let mut idle = Client::connect(server.address()).await;
    assert!(Client::open(server.address(), &[]).await.is_err(), "there is one place");
    // It says that it is there, and nothing else.
    let ended = async {
        loop {
            match tokio::time::timeout(Duration::from_secs(2), idle.next_or_end()).await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) => drop(idle.send_raw(Message::Ping(Bytes::default())).await),
            }
        }
    };
    tokio::time::timeout(ENTER_DEADLINE_CROWDED * 2, ended).await.expect("it held its place");
    drop(idle);
    // The place is given back once the last word is said.
    let mut tries = 0;
    while Client::open(server.address(), &[]).await.is_err() {
        tries += 1;
        assert!(tries < 500, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_address_asks_the_api_so_often_and_pages_come_all_the_same() {
    let server = TestServer::with(|settings| settings.limits.requests_per_address_per_second = 1).await;
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(server.get("/api/v1/version").await);
    }
    let refused = answers.iter().find(|answer| answer.status != 200).expect("ten at once");
    assert_eq!((refused.status, refused.json::<ApiError>().rule), (429, Rule::NetworkRate));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.get("/").await.status, 200);
    assert_eq!(server.get("/healthz").await.status, 200, "a supervisor is answered");
}

#[tokio::test]
async fn who_guesses_credentials_is_not_heard_and_signs_nobody_out() {
    let office = Office::with(|settings| settings.limits.wrong_credentials_per_address_per_minute = 60).await;
    let (own, key) =
        (office.administrator().await, office.key(office.administrator, &[Scope::UsersRead]).await);
    let key = Credential::bearer(&key);
    assert_eq!(office.ask("GET", "/api/v1/account", &own, "").await.status, 200);
    assert_eq!(office.ask("GET", "/api/v1/users", &key, "").await.status, 200);
    let mut rules = std::collections::BTreeMap::<Rule, u32>::new();
    for number in 0..200_u8 {
        let mut guess = [0xA5; 32];
        guess[0] = number;
        let guess = AccessToken::from_bytes(guess);
        let guess = if number % 2 == 0 {
            Credential::cookie(&format!("sabha={}", String::from(guess)))
        } else {
            Credential::bearer(&format!("Bearer sabha_{}", String::from(guess)))
        };
        *rules.entry(rule(&office.ask("GET", "/api/v1/account", &guess, "").await).1).or_default() += 1;
    }
    assert_eq!(rules.keys().copied().collect::<Vec<_>>(), [Rule::CredentialRate, Rule::AccountSignedIn]);
    assert!(rules[&Rule::CredentialRate] > 100, "{rules:?}");
    // From the same address.
    assert_eq!(office.ask("GET", "/api/v1/account", &own, "").await.status, 200);
    assert_eq!(office.ask("GET", "/api/v1/users", &key, "").await.status, 200);
    // And the way in by passkey is another.
    let begun = office.ask("POST", "/api/v1/account/sign-in", &Credential::default(), "").await;
    assert_ne!(begun.json::<ApiError>().rule, Rule::CredentialRate, "{}", begun.body);
}

#[tokio::test]
async fn one_account_makes_so_many_meetings_and_others_make_theirs() {
    let office = Office::with(|settings| settings.limits.meetings_per_account_per_minute = 2).await;
    let hosts = [office.user(&[AccountRole::Host]).await, office.user(&[AccountRole::Host]).await];
    for host in hosts {
        let cookie = Credential::cookie(&office.session(host, now_ms()).await.1);
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let body = serde_json::to_string(&new_meeting().1).unwrap();
            let answer = office.ask("POST", "/api/v1/meetings", &cookie, &body).await;
            statuses.push(answer.status);
            if answer.status == 429 {
                assert_eq!(rule(&answer).1, Rule::AccountRate);
            }
        }
        assert_eq!(statuses, [201, 201, 429]);
    }
    office.server.create_meeting().await;
}

#[tokio::test]
async fn meetings_are_created_at_a_bounded_rate() {
    let server = TestServer::with(|settings| settings.limits.meetings_per_minute = 2).await;
    server.create_meeting().await;
    server.create_meeting().await;
    let body = serde_json::to_string(&new_meeting().1).unwrap();
    let response = post_meeting(server.address(), &server.creation_key(), &body).await;
    assert_eq!(response.status, 429);
    assert!(response.header("retry-after").is_some());
}

#[tokio::test]
async fn a_room_that_only_saw_knocks_is_forgotten_when_empty() {
    let server = TestServer::with(|settings| settings.limits.rooms = 1).await;
    let (first, second) = (server.create_meeting().await, server.create_meeting().await);
    drop(person::knock(server.address(), &first, "Bilal").await);

    let mut device = second.creator();
    let mut tries = 0;
    loop {
        let mut host = Client::connect(server.address()).await;
        match host.enter(&mut device, |_| ()).await {
            ServerMessage::Admitted { .. } => return,
            ServerMessage::Refused { rule: Rule::Capacity, .. } => {}
            other => panic!("{other:?}"),
        }
        tries += 1;
        assert!(tries < 200, "the empty room is still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_address_gets_so_many_tcp_connections_even_if_they_say_nothing() {
    let server = TestServer::with(|settings| settings.limits.connections_per_address = 1).await;
    let mut held = Vec::new();
    // Far above three for each WebSocket and the 64 that are always allowed.
    for _ in 0..100 {
        held.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let last = held.last_mut().unwrap();
    let mut byte = [0];
    let ended = last.read(&mut byte).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "it was served");
}

#[tokio::test]
async fn request_that_is_never_finished_is_given_up() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    let patience = Duration::from_secs(20);
    for stream in [&mut stream, &mut silent] {
        let mut answer = Vec::new();
        // A reset is as good an end as an answer.
        let _ = tokio::time::timeout(patience, stream.read_to_end(&mut answer)).await.expect("still open");
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let line = format!("x-pad: {}\r\n", "y".repeat(1000));
    for _ in 0..100 {
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // A reset is as good an end as an answer.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.contains("431"), "{answer}");
    assert_eq!(server.get("/healthz").await.status, 200);
}
