//! What is malformed, oversized, out of order or forged is refused to its sender, and nobody else notices.

use sabha_protocol::{
    Rule,
    limits::{MESSAGE_BYTES_MAX, MESSAGES_BURST},
    secret::ResumeToken,
    wire::{ClientMessage, ServerMessage, client::Credential, server::CloseReason},
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

fn payload() -> sabha_protocol::secret::RelayPayload {
    vec![1, 2, 3].try_into().unwrap()
}
