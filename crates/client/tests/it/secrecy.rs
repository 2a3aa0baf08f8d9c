//! What the server is never told: a wire tap between the participants and the server sees every byte that it receives.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use sabha_client::{NewMeeting, ParticipantConfig, Server};
use sabha_crypto::device::MeetingSuite;
use sabha_protocol::restricted::{MaterialBytes, MaterialKind};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::server::{
    Meeting, TestServer, careful_host, guest_config, id, joined, passcode, wait, wait_for_frames,
};

/// What went to the server, one buffer a connection.
type Tapped = Arc<Mutex<Vec<Vec<u8>>>>;

/// Listens on a port of its own and passes everything on to the server.
async fn tap(server: String) -> (SocketAddr, Tapped) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tapped = Tapped::default();
    let record = tapped.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            let index = {
                let mut record = record.lock().unwrap();
                record.push(Vec::new());
                record.len() - 1
            };
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let record = record.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 16 * 1024];
                while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                    record.lock().unwrap()[index].extend_from_slice(&buffer[..length]);
                    if to_server.write_all(&buffer[..length]).await.is_err() {
                        return;
                    }
                }
            });
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        }
    });
    (address, tapped)
}

/// Takes a connection apart: the head of its HTTP request, and the body or the unmasked WebSocket messages (RFC 6455
/// section 5.2).
fn plain(bytes: &[u8]) -> Vec<Vec<u8>> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let (head, mut rest) = bytes.split_at(end);
    let mut parts = vec![head.to_vec()];
    if !head.starts_with(b"GET ") {
        parts.push(rest.to_vec());
        return parts;
    }
    while let [_, second, ..] = *rest {
        assert!(second & 0x80 != 0, "clients mask");
        let (length, header) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
            127 => (u64::from_be_bytes(rest[2..10].try_into().unwrap()) as usize, 10),
            short => (usize::from(short), 2),
        };
        // The last message may be on its way.
        let Some(payload) = rest.get(header + 4..header + 4 + length) else { break };
        let mask = &rest[header..header + 4];
        parts.push(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect());
        rest = &rest[header + 4 + length..];
    }
    parts
}

/// Adds what is inside: every string of a JSON text, and the bytes that it stands for in base64.
fn unfold(text: &[u8], into: &mut Vec<Vec<u8>>) {
    fn strings(value: &Value, into: &mut Vec<Vec<u8>>) {
        match value {
            Value::String(text) => {
                into.push(text.as_bytes().to_vec());
                into.extend(BASE64URL_NOPAD.decode(text.as_bytes()));
            }
            Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
            Value::Object(fields) => fields.values().for_each(|value| strings(value, into)),
            _ => {}
        }
    }
    if let Ok(value) = serde_json::from_slice(text) {
        strings(&value, into);
    }
}

/// Returns the forms in which a secret might be sent.
fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let text = [BASE64URL_NOPAD.encode(secret), BASE64.encode(secret), HEXLOWER.encode(secret)];
    let mut forms: BTreeSet<_> = text.into_iter().map(String::into_bytes).collect();
    forms.insert(secret.to_vec());
    forms
}

/// RED-03, RED-06
#[tokio::test(flavor = "multi_thread")]
async fn passcode_link_secret_names_words_and_restricted_material_are_in_no_byte_that_the_server_receives() {
    let server = TestServer::start();
    let (address, tapped) = tap(server.new.server.authority().to_owned()).await;
    let through_tap: Server = format!("http://{address}").parse().unwrap();
    let new = NewMeeting { server: through_tap, key: server.new.key.clone() };
    let meeting = Meeting::create(&new, MeetingSuite::Classical, Some("7KQM-2XWD")).await;
    let host = careful_host(&meeting).await;
    let config =
        ParticipantConfig { passcode: passcode("7kqm 2xwd"), ..guest_config(&meeting, "Ravindranath") };
    let guest = joined(config).await;
    guest.chat("we meet at the banyan tree".parse().unwrap());
    wait(&host, "the word", |state| !state.chat.is_empty()).await;
    let material = b"the turbine in hall nine answers to anybody";
    host.show_material(MaterialKind::Text, MaterialBytes::try_from(&material[..]).unwrap());
    wait(&guest, "the material", |state| {
        state.materials.iter().any(|shown| shown.content.expose() == material)
    })
    .await;
    host.take_material_away();
    wait(&guest, "its end", |state| state.materials.is_empty()).await;
    wait_for_frames(&guest, id(&host), sabha_protocol::Source::Camera, 10).await;
    let host_state = meeting.state.restore().unwrap().export();
    guest.leave().await.1.unwrap();
    host.end().await.1.unwrap();

    let mut received = Vec::new();
    for connection in tapped.lock().unwrap().iter() {
        received.extend(plain(connection));
    }
    for at in 0..received.len() {
        let part = received[at].clone();
        unfold(&part, &mut received);
    }
    let contains =
        |form: &[u8]| received.iter().any(|part| part.windows(form.len()).any(|window| window == form));

    // The tap hears what is said, and sees inside.
    assert!(contains(meeting.invite.meeting().to_string().as_bytes()));
    assert!(contains(br#""type":"commit""#));
    assert!(contains(meeting.invite.meeting().as_bytes()), "in the bytes of MLS messages");

    let secret = meeting.invite.secret().expose();
    let passcodes = ["7KQM-2XWD", "7KQM2XWD", "7kqm 2xwd", "7kqm2xwd", "7KQM 2XWD", "7kqm-2xwd"];
    let words = ["Ravindranath", "we meet at the banyan tree", "Monday", "the turbine in hall nine"];
    let secrets = passcodes.iter().chain(&words).map(|text| text.as_bytes()).chain([&secret[..]]);
    for secret in secrets {
        for form in forms(secret) {
            assert!(!contains(&form), "{:?}", String::from_utf8_lossy(&form));
        }
    }
    // Nor is the seed of the host's device, which stands after version, meeting and suite in what is kept of it.
    assert!(!contains(&host_state[23..55]));
}
