//! What strangers throw at the media port: the call beside it does not notice.

use std::{
    fs,
    io::Write as _,
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use sabha_protocol::Source;

use crate::server::{TestServer, guest, host, id, wait_for_frames, wait_for_sound};

/// Datagrams thrown, and from how many addresses.
const JUNK_PACKETS: usize = 40_000;
const STRANGERS: usize = 64;

/// Growth of the server that would mean that it keeps something of each packet: 100 bytes of each.
const GROWTH_BYTES_MAX: u64 = 100 * JUNK_PACKETS as u64;

/// Repeatable noise (xorshift64*, Vigna 2016).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[7]).collect()
    }
}

/// A STUN binding request with a ufrag in the server's own form, for a connection that does not exist.
fn forged_binding_request(noise: &mut Noise) -> Vec<u8> {
    let username = format!("s100{:016x}:abcd", noise.next());
    let padded = username.len().next_multiple_of(4);
    let mut packet = vec![0, 1];
    packet.extend((padded as u16 + 4).to_be_bytes());
    packet.extend(0x2112_A442_u32.to_be_bytes());
    packet.extend(noise.bytes(12));
    packet.extend([0, 6]);
    packet.extend((username.len() as u16).to_be_bytes());
    packet.extend(username.as_bytes());
    packet.resize(20 + 4 + padded, 0);
    packet
}

fn junk(noise: &mut Noise, index: usize) -> Vec<u8> {
    match index % 4 {
        0 => forged_binding_request(noise),
        1 => vec![noise.next().to_le_bytes()[0]],
        // Every first byte in turn: STUN, DTLS, SRTP and what is none of them.
        2 => [vec![(index / 4) as u8], noise.bytes(160)].concat(),
        _ => noise.bytes(1400),
    }
}

fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_on_the_media_port_costs_the_others_nothing_and_is_not_kept() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    wait_for_frames(&guest, id(&host), Source::Camera, 30).await;
    let before = resident_bytes(server.pid());

    let port = server.media_port;
    let thrown = tokio::task::spawn_blocking(move || {
        let strangers: Vec<UdpSocket> =
            (0..STRANGERS).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let mut noise = Noise(0x5ABA);
        for index in 0..JUNK_PACKETS {
            let packet = junk(&mut noise, index);
            let _ = strangers[index % STRANGERS].send_to(&packet, ("127.0.0.1", port));
            if index % 200 == 0 {
                // 100,000 a second at most: a flood, but one that two cores can also send.
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let mut buffer = [0; 64];
        strangers
            .iter()
            .filter(|stranger| {
                stranger.set_nonblocking(true).unwrap();
                stranger.recv(&mut buffer).is_ok()
            })
            .count()
    });
    let answered = thrown.await.unwrap();

    assert_eq!(answered, 0, "a stranger is never answered, so nobody can be flooded by way of the server");
    for (one, other) in [(&host, &guest), (&guest, &host)] {
        wait_for_frames(one, id(other), Source::Camera, 60).await;
        let state = wait_for_sound(one, id(other), 50).await;
        let picture = &state.received(id(other), Source::Camera).unwrap().figures;
        assert_eq!(picture.picture_id_breaks, 0, "{picture:?}");
    }
    let growth = resident_bytes(server.pid()).saturating_sub(before);
    assert!(growth < GROWTH_BYTES_MAX, "the server grew by {growth} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_media_over_tcp_is_closed_and_harms_nobody() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let mut noise = Noise(7);
    let request = forged_binding_request(&mut noise);
    let framed = |packet: &[u8]| [(packet.len() as u16).to_be_bytes().to_vec(), packet.to_vec()].concat();

    let strangers: Vec<TcpStream> = (0..32)
        .map(|index| {
            let mut stream = TcpStream::connect(server.new.server.authority()).unwrap();
            let bytes = match index % 3 {
                // A request for nobody; one followed by an impossible length; one that never ends.
                0 => framed(&request),
                1 => [framed(&request), vec![0xFF; 64]].concat(),
                _ => framed(&request)[..12].to_vec(),
            };
            // The server may have closed it already, which is as good.
            let _ = stream.write_all(&bytes);
            stream
        })
        .collect();

    wait_for_frames(&guest, id(&host), Source::Camera, 60).await;
    wait_for_frames(&host, id(&guest), Source::Camera, 60).await;
    drop(strangers);
}
