//! ICE-TCP (RFC 6544, passive): for networks that let no UDP through.
//!
//! The connection is accepted on the HTTP port. Its first packet must be a STUN request with a ufrag of
//! ours, which names the shard; everything after it goes to that shard, and what the shard sends comes back
//! through a bounded queue. The task owns the connection: when it ends, the shard is told.

use std::{net::SocketAddr, time::Duration};

use sabha_protocol::framing::{Deframer, frame};
use sabha_sfu::Steer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::timeout,
};

use super::link::{Control, ShardLink, StrayPacket, StrayPath};

/// Time for the first whole packet: a browser sends it at once.
const FIRST_PACKET: Duration = Duration::from_secs(5);

/// Silence after which the connection is given up. Browsers check consent at least every five seconds
/// (RFC 7675); str0m and we give a peer up long before.
const IDLE: Duration = Duration::from_secs(30);

/// Packets waiting to be written: 100 ms of a call at 2.5 Mbit/s. What finds no room is dropped, since TCP
/// that lags would otherwise delay media without bound.
const WRITE_QUEUE: usize = 256;

/// Bytes read at once.
const READ_BYTES: usize = 8192;

/// Serves one connection until it ends.
pub(super) async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    advertised: SocketAddr,
    shards: &[ShardLink],
) {
    // Media is latency-bound; Nagle's algorithm would hold small packets back.
    let _ = stream.set_nodelay(true);
    let (mut reader, writer) = stream.into_split();
    let mut deframer = Deframer::default();
    let Ok(Some(first)) = timeout(FIRST_PACKET, next_packet(&mut reader, &mut deframer)).await else {
        return;
    };
    let Steer::Binding(owner) = sabha_sfu::steer(&first) else { return };
    let Some(shard) = shards.get(usize::from(owner.0)) else { return };

    let (queue, packets) = mpsc::channel(WRITE_QUEUE);
    if shard.control(Control::TcpOpened { remote, writer: queue }).is_err() {
        return;
    }
    let receive = async {
        let mut packet = Some(first);
        while let Some(contents) = packet {
            shard.packet(StrayPacket {
                source: remote,
                destination: advertised,
                contents,
                path: StrayPath::Tcp,
            });
            packet = timeout(IDLE, next_packet(&mut reader, &mut deframer)).await.ok().flatten();
        }
    };
    tokio::select! {
        () = receive => {}
        () = write(writer, packets) => {}
    }
    // A full control queue only delays the shard's own clean-up until its writer is found closed.
    let _ = shard.control(Control::TcpClosed { remote });
}

/// Reads the next packet; `None` when the connection is over or broke the framing.
async fn next_packet(reader: &mut OwnedReadHalf, deframer: &mut Deframer) -> Option<Vec<u8>> {
    loop {
        if let Some(packet) = deframer.next_packet().ok()? {
            return Some(packet.to_vec());
        }
        let mut bytes = [0; READ_BYTES];
        match reader.read(&mut bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => deframer.push(&bytes[..count]),
        }
    }
}

/// Writes what the shard sends until it drops its end or the connection breaks.
async fn write(mut writer: OwnedWriteHalf, mut packets: mpsc::Receiver<Vec<u8>>) {
    let mut batch = Vec::new();
    while let Some(packet) = packets.recv().await {
        batch.clear();
        frame(&packet, &mut batch);
        // Whatever else is due leaves in the same segment.
        while let Ok(packet) = packets.try_recv() {
            frame(&packet, &mut batch);
        }
        if writer.write_all(&batch).await.is_err() {
            return;
        }
    }
}
