//! What strangers can make a server do: work, answer, or send to somebody else.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use sabha_crypto::group::Provider;
use sabha_protocol::{MEETINGS_PATH, limits::MESSAGE_BYTES_BEFORE_ENTRY_MAX};
use tokio::{net::UdpSocket, time::timeout};

use super::{PATIENCE, Target, findings::Findings};
use crate::{
    error::ClientError,
    http::{Ask, ask},
    participant::Participant,
    signalling::Signalling,
};

/// Rows that this looks at.
pub(super) const ROWS: [u8; 1] = [27];

/// Datagrams thrown at the media port: enough to see an answer, and a thousandth of a flood.
const DATAGRAMS: usize = 400;

/// How long answers are waited for.
const ANSWERS: Duration = Duration::from_secs(1);

/// Longest time in which something that is refused may be thought about.
const REFUSAL_MAX: Duration = Duration::from_secs(2);

/// Throws little, and measures what comes back. `inside` is in a meeting that must not notice.
pub(super) async fn throw(
    target: &Target<'_>,
    media: &[SocketAddr],
    inside: &Participant,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    ask_for_work(target, findings).await?;
    talk_before_entering(target, findings).await?;
    let own = own_addresses(target).await;
    let Some(address) = media.iter().find(|address| own.contains(&address.ip())) else {
        let why =
            "media goes to addresses that are not those of the server's name; nothing is thrown at them";
        findings.miss(&ROWS, why);
        return Ok(());
    };
    let before = inside.state().decrypted;
    let (sent, received) =
        throw_datagrams(*address).await.map_err(|error| ClientError::connection("throwing junk", error))?;
    let came = format!("{received} bytes back: nobody can be flooded by way of the server");
    let came = if received == 0 { came } else { format!("{received} bytes back") };
    findings.note(
        27,
        received == 0,
        format!("{DATAGRAMS} datagrams, {sent} bytes, to the media port by a stranger"),
        came,
    );
    findings.figure(27, "bytes_sent", sent as f64);
    findings.figure(27, "bytes_back", received as f64);
    let goes_on = inside.until("frames", PATIENCE, |state| state.decrypted >= before + 20).await.is_ok();
    findings.note(27, goes_on, "the meeting meanwhile", if goes_on { "goes on" } else { "has stopped" });
    Ok(())
}

/// Returns the addresses of the server's own name: nothing is thrown anywhere else, whatever the server says.
async fn own_addresses(target: &Target<'_>) -> Vec<IpAddr> {
    let found = tokio::net::lookup_host(target.server.authority()).await;
    found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
}

async fn ask_for_work(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let line = format!("POST {MEETINGS_PATH}");
    let junk = vec![b'x'; 30 * 1024];
    let fields = "Authorization: Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nContent-Type: application/json\r\n";
    let began = Instant::now();
    let answer = ask(target.server, target.trust, Ask { fields, body: &junk, ..Ask::get(&line) }).await?;
    let took = began.elapsed();
    let held = (400..500).contains(&answer.status) && took < REFUSAL_MAX;
    let came = format!("status {} after {:.1} ms", answer.status, took.as_secs_f64() * 1_000.0);
    findings.note(27, held, "30 KiB of junk by a wrong key, to create a meeting", came);
    findings.figure(27, "refusal_ms", took.as_secs_f64() * 1_000.0);
    Ok(())
}

async fn talk_before_entering(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let mut signalling = Signalling::connect(target.server, target.trust).await?;
    let long =
        format!("{{\"id\":1,\"body\":{{\"type\":\"{}\"}}}}", "x".repeat(MESSAGE_BYTES_BEFORE_ENTRY_MAX));
    let sent = format!("a message of {} bytes before entering", long.len());
    // A server that closes while it is being written to is as good as one that refuses.
    let _ = signalling.send_text(long).await;
    let mut came = "nothing, and the connection stays open".to_owned();
    let mut held = false;
    for _ in 0..8 {
        match timeout(REFUSAL_MAX, signalling.receive_text()).await {
            Ok(Ok(text)) if text.contains("\"welcome\"") => {}
            Ok(Ok(text)) => {
                (held, came) = (text.contains("\"refused\"") || text.contains("\"closed\""), text)
            }
            Ok(Err(_)) => {
                if !held {
                    (held, came) = (true, "the connection is closed".to_owned());
                }
                break;
            }
            Err(_) => break,
        }
    }
    findings.note(27, held, sent, came);
    Ok(())
}

/// Returns the bytes that were sent and those that came back.
async fn throw_datagrams(address: SocketAddr) -> std::io::Result<(usize, usize)> {
    let local: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(local).await?;
    let dice = Provider::default();
    let mut sent = 0;
    for number in 0..DATAGRAMS {
        let packet = junk(&dice, number);
        sent += socket.send_to(&packet, address).await?;
        if number % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let (mut received, until, mut buffer) = (0, Instant::now() + ANSWERS, [0; 2_048]);
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match timeout(left, socket.recv_from(&mut buffer)).await {
            Ok(Ok((length, _))) => received += length,
            // A port that is closed says so; nothing came.
            Ok(Err(_)) => {}
            Err(_) => break,
        }
    }
    Ok((sent, received))
}

/// Returns one of: a STUN binding request for nobody, the beginning of a DTLS ClientHello, something like RTP, noise.
fn junk(dice: &Provider, number: usize) -> Vec<u8> {
    match number % 4 {
        0 => {
            let id = data_encoding::HEXLOWER.encode(&dice.random::<8>());
            let username = format!("s100{id}:abcd");
            let padded = username.len().next_multiple_of(4);
            let mut packet = vec![0, 1];
            packet.extend((padded as u16 + 4).to_be_bytes());
            packet.extend(0x2112_A442_u32.to_be_bytes());
            packet.extend(dice.random::<12>());
            packet.extend([0, 6]);
            packet.extend((username.len() as u16).to_be_bytes());
            packet.extend(username.as_bytes());
            packet.resize(20 + 4 + padded, 0);
            packet
        }
        // RFC 9147 section 4: handshake, DTLS 1.0 in the record as ClientHellos have it.
        1 => {
            [&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 52][..], &dice.random::<60>()].concat()
        }
        2 => [&[0x80, 111][..], &dice.random::<198>()].concat(),
        _ => dice.random::<1_200>().to_vec(),
    }
}
