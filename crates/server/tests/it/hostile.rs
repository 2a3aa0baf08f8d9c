//! What is malformed, oversized, out of order or forged is refused to its sender, and nobody else notices.

use std::time::Duration;

use sabha_crypto::{device::Device, link::LinkSecret};
use sabha_protocol::{
    GroupEpoch, MediaState, RequestId, Rule,
    limits::{
        MESSAGE_BYTES_BEFORE_ENTRY_MAX, MESSAGE_BYTES_MAX, MESSAGES_BURST, RELAY_BYTES_MAX, SILENCE_MAX,
        SILENCE_MAX_RESTING,
    },
    opaque::RelayPayload,
    secret::ResumeToken,
    wire::{
        ClientFrame, ClientMessage, ServerMessage,
        server::{CloseReason, Presence},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, entering, offer},
    person::{self, Person},
    server::{TestServer, now_ms},
};

/// Texts that are no messages, and whether their number can be read all the same.
const MALFORMED: [(&str, bool); 9] = [
    ("", false),
    ("{", false),
    ("null", false),
    ("{\"id\":7}", true),
    ("{\"id\":7,\"body\":{\"type\":\"nonsense\"}}", true),
    ("{\"id\":7,\"body\":{\"type\":\"ping\"},\"extra\":1}", true),
    ("{\"id\":7,\"body\":{\"type\":\"deny\",\"guest\":1,\"actor\":2}}", true),
    ("{\"id\":7,\"body\":{\"type\":\"deny\",\"guest\":-1}}", true),
    ("{\"id\":-7,\"body\":{\"type\":\"ping\"}}", false),
];

#[tokio::test]
async fn malformed_messages_are_refused_to_their_sender_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = person::host(server.address(), &meeting).await;
    let mut sender = Client::connect(server.address()).await;

    for (text, has_number) in MALFORMED {
        sender.send_text(text).await;
        let frame = sender.next().await;
        assert!(
            matches!(frame.body, ServerMessage::Refused { rule: Rule::WellFormed, .. }),
            "{text}: {:?}",
            frame.body
        );
        assert_eq!(frame.re.map(|re| re.0), has_number.then_some(7), "{text}");
    }
    sender.ping().await;
    bystander.ping().await;
}

#[tokio::test]
async fn deeply_nested_and_binary_messages_are_refused() {
    let server = TestServer::start().await;
    let mut sender = Client::connect(server.address()).await;
    sender.send_text("[".repeat(MESSAGE_BYTES_BEFORE_ENTRY_MAX)).await;
    assert!(matches!(sender.next().await.body, ServerMessage::Refused { rule: Rule::WellFormed, .. }));
    sender.send_raw(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert!(matches!(sender.next().await.body, ServerMessage::Refused { rule: Rule::WellFormed, .. }));
    sender.ping().await;
}

#[tokio::test]
async fn oversized_message_closes_its_sender_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = person::host(server.address(), &meeting).await;
    let mut sender = person::member(server.address(), &meeting, &mut bystander, "Bilal").await;

    sender.client.send_text("x".repeat(MESSAGE_BYTES_MAX)).await;
    let refused = sender.wait_for(|frame| match frame.body {
        ServerMessage::Refused { rule, .. } => Some(rule),
        _ => None,
    });
    assert_eq!(refused.await, Rule::WellFormed, "as long as a message may be");
    sender.client.send_text("x".repeat(MESSAGE_BYTES_MAX + 1)).await;
    assert_eq!(sender.last_word().await, Some(CloseReason::Misbehaved));
    bystander.ping().await;
}

#[tokio::test]
async fn who_has_not_entered_says_little() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = person::host(server.address(), &meeting).await;
    let mut sender = Client::connect(server.address()).await;

    for _ in 0..5 {
        sender.send_text(" ".repeat(MESSAGE_BYTES_BEFORE_ENTRY_MAX + 1)).await;
        assert!(matches!(sender.next().await.body, ServerMessage::Refused { rule: Rule::WellFormed, .. }));
    }
    sender.ping().await;
    // Much longer than that is not even read, in one frame or in many with pings in between.
    let _ = sender.send_raw(Message::text("x".repeat(MESSAGE_BYTES_MAX))).await;
    assert_eq!(sender.last_word().await, Some(CloseReason::Misbehaved));
    let mut sender = Client::connect(server.address()).await;
    let _ = sender.send_fragments(&"x".repeat(10_000), 50).await;
    assert_eq!(sender.last_word().await, Some(CloseReason::Misbehaved));
    bystander.ping().await;
}

#[tokio::test]
async fn a_message_that_follows_enter_at_once_may_be_as_long_as_an_offer() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut device = meeting.creator();
    let mut client = Client::connect(server.address()).await;
    let enter = entering(&mut device, client.challenge);
    let entered = client.send(enter).await;
    // Longer than what a stranger may say, and sent before the answer.
    let payload = RelayPayload::try_from(vec![7; RELAY_BYTES_MAX]).unwrap();
    let relayed = client.send(ClientMessage::Relay { to: None, payload }).await;

    assert!(matches!(client.answer(entered).await, ServerMessage::Admitted { .. }));
    let answer = client.answer(relayed).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::Order, .. }), "{answer:?}");
    client.ping().await;
}

#[tokio::test]
async fn messages_before_their_time_are_refused() {
    let server = TestServer::start().await;
    let (meeting, other) = (server.create_meeting().await, server.create_meeting().await);
    let mut client = Client::connect(server.address()).await;
    for early in [ClientMessage::Leave {}, ClientMessage::End {}, ClientMessage::GroupState {}] {
        assert_eq!(client.refused(early).await, Rule::Order);
    }

    let mut device = meeting.creator();
    let answer = client.enter(&mut device, |_| ()).await;
    assert!(matches!(answer, ServerMessage::Admitted { .. }), "{answer:?}");
    assert_eq!(client.refused(ClientMessage::Relay { to: None, payload: payload() }).await, Rule::Order);
    assert_eq!(client.enter_refused(&mut device).await, Rule::Order);
    let elsewhere = client.enter_refused(&mut other.creator()).await;
    assert_eq!(elsewhere, Rule::Order, "a connection is for one meeting");
}

#[tokio::test]
async fn forged_resume_token_opens_nothing() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;

    let genuine = host.resume.clone().unwrap().expose().to_owned();
    let flipped = |at: usize| {
        let mut text = genuine.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    for text in [flipped(10), flipped(genuine.len() - 2), "v1.AAAA".to_owned(), "x".repeat(512)] {
        let mut forger = Person::connect(server.address(), meeting.creator_reloaded()).await;
        let answer = forger.say_enter(Some(ResumeToken::try_from(text).unwrap())).await;
        assert!(matches!(answer, ServerMessage::Refused { rule: Rule::ResumeWindow, .. }), "{answer:?}");
    }
    host.ping().await;
}

#[tokio::test]
async fn an_offer_that_is_no_sdp_is_refused_and_can_be_corrected() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let (mut host, _) = Person::enter(server.address(), meeting.creator()).await;

    let mut offer = offer();
    offer.sdp = "v=nonsense".parse().unwrap();
    let answer = host.ask(ClientMessage::Join { offer, media: MediaState::default() }).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::MediaOffer, .. }), "{answer:?}");
    host.join().await;
}

#[tokio::test]
async fn asking_much_of_the_group_is_refused_before_the_room_hears_of_it() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;

    let mut rules = Vec::new();
    for _ in 0..25 {
        match host.ask(ClientMessage::Missed { epoch: GroupEpoch(0) }).await {
            ServerMessage::Refused { rule, .. } => rules.push(rule),
            other => assert_eq!(other, ServerMessage::Done {}),
        }
    }
    assert!((1..10).contains(&rules.len()), "{rules:?}");
    assert!(rules.iter().all(|rule| *rule == Rule::Rate), "{rules:?}");
    host.ping().await;
}

#[tokio::test]
async fn flood_is_refused_then_its_sender_is_closed() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = person::host(server.address(), &meeting).await;
    let mut sender = Client::connect(server.address()).await;

    let mut refused = 0;
    for id in 0..MESSAGES_BURST * 4 {
        // Once it is closed nothing more can be sent: that is what the test is about.
        let text = format!("{{\"id\":{id},\"body\":{{\"type\":\"ping\"}}}}");
        if sender.send_raw(Message::text(text)).await.is_err() {
            break;
        }
    }
    let mut last = None;
    while let Some(frame) = sender.next_or_end().await {
        match frame.body {
            ServerMessage::Refused { rule: Rule::Rate, .. } => refused += 1,
            ServerMessage::Closed { reason, .. } => last = Some(reason),
            _ => {}
        }
    }
    assert!(refused > 0);
    assert_eq!(last, Some(CloseReason::Misbehaved));
    bystander.ping().await;
}

#[tokio::test]
async fn guessing_secrets_is_ended_soon() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut guesser = Client::connect(server.address()).await;
    for byte in 0..30 {
        let link = LinkSecret::from_bytes([byte; 16]);
        let mut device = Device::guest(meeting.id, link, "Eve".parse().unwrap(), now_ms());
        let body = entering(&mut device, guesser.challenge);
        let text = serde_json::to_string(&ClientFrame { id: RequestId(u32::from(byte)), body });
        if guesser.send_raw(Message::text(text.unwrap())).await.is_err() {
            break;
        }
    }
    assert_eq!(guesser.last_word().await, Some(CloseReason::Misbehaved));
}

#[tokio::test]
async fn slow_reader_is_closed_and_the_others_do_not_wait_for_it() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let slow = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let id = slow.you;

    // From here on `slow` reads nothing, and so much comes that no buffer on the way holds it.
    let large = RelayPayload::try_from(vec![7; RELAY_BYTES_MAX]).unwrap();
    let mut gone = false;
    while !gone {
        let relay = ClientMessage::Relay { to: None, payload: large.clone() };
        let request = host.client.send(relay).await;
        loop {
            let frame = host.next().await.unwrap();
            if let ServerMessage::ParticipantChanged { participant } = &frame.body {
                gone |= participant.id == id && participant.presence == Presence::Reconnecting;
            }
            if frame.re == Some(request) {
                break;
            }
        }
        // Below the rate at which the host itself would be refused.
        tokio::time::sleep(Duration::from_millis(55)).await;
    }
    host.ping().await;
    drop(slow);
}

#[tokio::test]
async fn silent_connection_is_taken_for_lost() {
    let server = TestServer::start().await;
    let mut silent = Client::connect(server.address()).await;
    // Who has not entered cannot rest.
    silent.send(ClientMessage::Ping { resting: true }).await;
    let started = std::time::Instant::now();
    while silent.next_or_end().await.is_some() {}
    assert!(started.elapsed() > SILENCE_MAX / 2);
    assert!(started.elapsed() < SILENCE_MAX_RESTING - Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn who_rests_in_a_room_may_be_silent_for_longer_and_not_for_ever() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    assert_eq!(host.ask(ClientMessage::Ping { resting: true }).await, ServerMessage::Pong {});
    let started = std::time::Instant::now();
    while host.client.next_or_end().await.is_some() {}
    let lasted = started.elapsed();
    assert!(lasted > SILENCE_MAX + Duration::from_secs(2), "{lasted:?}");
    assert!(lasted < SILENCE_MAX_RESTING * 2, "{lasted:?}");
}

#[tokio::test]
async fn media_over_tcp_is_no_http_and_junk_gets_no_answer() {
    let server = TestServer::start().await;
    // A framed STUN binding request with no attributes: nobody's, so there is nothing to say.
    let mut stun = vec![0, 20, 0x00, 0x01, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    stun.extend([9; 12]);
    for (bytes, what) in [(stun, "stun"), (vec![0; 64], "zeros"), (vec![0xFF; 64], "ones")] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A reset is as good an end as any.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert!(what != "stun" || answer.is_empty(), "media was answered as HTTP");
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

fn payload() -> RelayPayload {
    vec![1, 2, 3].try_into().unwrap()
}
