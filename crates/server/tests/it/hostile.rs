//! What is malformed, oversized, out of order or forged is refused to its sender, and nobody else notices.

use std::time::Duration;

use sabha_protocol::{
    Rule,
    limits::{MESSAGE_BYTES_MAX, MESSAGES_BURST, RELAY_BYTES_MAX, SILENCE_MAX},
    secret::ResumeToken,
    wire::{
        ClientMessage, ServerMessage,
        client::Credential,
        server::{CloseReason, Presence},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{self, Client},
    server::TestServer,
};

/// Texts that are no messages, and whether their number can be read all the same.
const MALFORMED: [(&str, bool); 9] = [
    ("", false),
    ("{", false),
    ("null", false),
    ("{\"id\":7}", true),
    ("{\"id\":7,\"body\":{\"type\":\"nonsense\"}}", true),
    ("{\"id\":7,\"body\":{\"type\":\"ping\"},\"extra\":1}", true),
    ("{\"id\":7,\"body\":{\"type\":\"admit\",\"guest\":1,\"actor\":2}}", true),
    ("{\"id\":7,\"body\":{\"type\":\"admit\",\"guest\":-1}}", true),
    ("{\"id\":-7,\"body\":{\"type\":\"ping\"}}", false),
];

#[tokio::test]
async fn malformed_messages_are_refused_to_their_sender_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = client::host(server.address(), &meeting).await;
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
    sender.send_text("[".repeat(100_000)).await;
    assert!(matches!(sender.next().await.body, ServerMessage::Refused { rule: Rule::WellFormed, .. }));
    sender.send_raw(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert!(matches!(sender.next().await.body, ServerMessage::Refused { rule: Rule::WellFormed, .. }));
    sender.ping().await;
}

#[tokio::test]
async fn oversized_message_closes_its_sender_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = client::host(server.address(), &meeting).await;
    let mut sender = Client::connect(server.address()).await;

    sender.send_text("x".repeat(MESSAGE_BYTES_MAX + 1)).await;
    assert_eq!(sender.last_word().await, Some(CloseReason::Misbehaved));
    bystander.ping().await;
}

#[tokio::test]
async fn messages_before_their_time_are_refused() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut client = Client::connect(server.address()).await;
    assert_eq!(client.refused(ClientMessage::Leave {}).await, Rule::Order);
    assert_eq!(client.refused(ClientMessage::End {}).await, Rule::Order);

    client.enter_admitted(&meeting, "Asha", meeting.host()).await;
    assert_eq!(client.refused(ClientMessage::Relay { to: None, payload: payload() }).await, Rule::Order);
    let again = ClientMessage::Enter {
        meeting: meeting.id,
        name: "Asha".parse().unwrap(),
        credential: meeting.host(),
    };
    assert_eq!(client.refused(again).await, Rule::Order);
    let other = server.create_meeting().await;
    let elsewhere =
        ClientMessage::Enter { meeting: other.id, name: "Asha".parse().unwrap(), credential: other.host() };
    assert_eq!(client.refused(elsewhere).await, Rule::Order, "a connection is for one meeting");
}

#[tokio::test]
async fn forged_resume_token_opens_nothing() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = Client::connect(server.address()).await;
    let place = host.enter_admitted(&meeting, "Asha", meeting.host()).await;
    host.join().await;

    let genuine = place.resume.expose().to_owned();
    let flipped = |at: usize| {
        let mut text = genuine.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    for text in [flipped(10), flipped(genuine.len() - 2), "v1.AAAA".to_owned(), "x".repeat(512)] {
        let mut forger = Client::connect(server.address()).await;
        let credential = Credential::Resume { token: ResumeToken::try_from(text).unwrap() };
        let request = forger.enter(&meeting, "Asha", credential).await;
        let answer = forger.answer(request).await;
        assert!(matches!(answer, ServerMessage::Refused { rule: Rule::ResumeWindow, .. }), "{answer:?}");
    }
    host.ping().await;
}

#[tokio::test]
async fn an_offer_that_is_no_sdp_is_refused_and_can_be_corrected() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = Client::connect(server.address()).await;
    host.enter_admitted(&meeting, "Asha", meeting.host()).await;

    let mut offer = client::offer();
    offer.sdp = "v=nonsense".parse().unwrap();
    let join = ClientMessage::Join { offer, media: Default::default() };
    assert_eq!(host.refused(join).await, Rule::MediaOffer);
    host.join().await;
}

#[tokio::test]
async fn flood_is_refused_then_its_sender_is_closed() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut bystander = client::host(server.address(), &meeting).await;
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
        let credential =
            Credential::Link { gate_key: sabha_protocol::secret::GateKey::from_bytes([byte; 32]) };
        let name = "Eve".parse().unwrap();
        let enter = ClientMessage::Enter { meeting: meeting.id, name, credential };
        let text = serde_json::to_string(&sabha_protocol::wire::ClientFrame {
            id: sabha_protocol::RequestId(u32::from(byte)),
            body: enter,
        });
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
    let mut host = client::host(server.address(), &meeting).await;
    let mut slow = Client::connect(server.address()).await;
    let id = slow.knock(&meeting, "Bilal").await;
    host.send(ClientMessage::Admit { guest: id }).await;
    slow.wait_for(|message| matches!(message, ServerMessage::Admitted { .. }).then_some(())).await;
    slow.join().await;

    // From here on `slow` reads nothing, and so much comes that no buffer on the way holds it.
    let large = sabha_protocol::secret::RelayPayload::try_from(vec![7; RELAY_BYTES_MAX]).unwrap();
    let mut gone = false;
    while !gone {
        let request = host.send(ClientMessage::Relay { to: None, payload: large.clone() }).await;
        loop {
            let frame = host.next().await;
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
}

#[tokio::test]
async fn silent_connection_is_taken_for_lost() {
    let server = TestServer::start().await;
    let mut silent = Client::connect(server.address()).await;
    let started = std::time::Instant::now();
    while silent.next_or_end().await.is_some() {}
    assert!(started.elapsed() > SILENCE_MAX / 2);
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

fn payload() -> sabha_protocol::secret::RelayPayload {
    vec![1, 2, 3].try_into().unwrap()
}
