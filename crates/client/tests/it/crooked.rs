//! A server that breaks one promise: the real one, behind a proxy that changes what it says.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use sabha_client::NewMeeting;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// What the proxy does to the server's words. Everything that is not overridden passes as it is.
pub(crate) trait Lie: Send + Sync + 'static {
    /// Changes the head of a request.
    fn request(&self, head: String) -> String {
        head
    }

    /// Changes the head of an answer.
    fn answer(&self, head: String) -> String {
        head
    }

    /// Says what the client is told instead of `text`, given the last thing that it said and how many meetings there are.
    fn word(&self, _said: &str, text: String, _meetings: &[String]) -> Vec<String> {
        vec![text]
    }
}

type Meetings = Arc<Mutex<Vec<String>>>;

/// Starts a proxy before the server, and returns the right to create meetings through it.
pub(crate) async fn crook(new: &NewMeeting, lie: impl Lie) -> NewMeeting {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (server, lie, meetings) = (new.server.authority().to_owned(), Arc::new(lie), Meetings::default());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass(client, server, Arc::clone(&lie), meetings.clone()));
        }
    });
    NewMeeting { server: format!("http://{address}").parse().unwrap(), key: new.key.clone() }
}

/// A server that answers nothing and counts the bytes that it is sent.
pub(crate) async fn mute_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut buffer = [0; 4_096];
            let length = client.read(&mut buffer).await.unwrap_or(0);
            count.fetch_add(length, Ordering::SeqCst);
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"answer\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
            drop(client.write_all(answer.as_bytes()).await);
        }
    });
    (address, heard)
}

async fn pass<L: Lie>(client: TcpStream, server: TcpStream, lie: Arc<L>, meetings: Meetings) {
    let ((from_client, to_client), (from_server, mut to_server)) = (client.into_split(), server.into_split());
    let mut from_client = Bytes::new(from_client);
    let mut from_server = Bytes::new(from_server);
    let Some(head) = from_client.head().await else { return };
    let is_websocket = head.to_ascii_lowercase().contains("upgrade: websocket");
    if to_server.write_all(lie.request(head).as_bytes()).await.is_err() {
        return;
    }
    let said = Arc::new(Mutex::new(String::new()));
    let (up_said, up_meetings) = (Arc::clone(&said), meetings.clone());
    let up = tokio::spawn(async move {
        if is_websocket {
            hear_frames(from_client, to_server, &up_said).await
        } else {
            hear_body(from_client, to_server, &up_meetings).await
        }
    });
    tell(&mut from_server, to_client, is_websocket, &*lie, &said, &meetings).await;
    up.abort();
}

async fn tell<L: Lie>(
    from_server: &mut Bytes,
    mut to_client: OwnedWriteHalf,
    is_websocket: bool,
    lie: &L,
    said: &Mutex<String>,
    meetings: &Mutex<Vec<String>>,
) {
    let Some(head) = from_server.head().await else { return };
    if to_client.write_all(lie.answer(head).as_bytes()).await.is_err() {
        return;
    }
    if !is_websocket {
        while let Some(bytes) = from_server.some().await {
            if to_client.write_all(&bytes).await.is_err() {
                return;
            }
        }
        return;
    }
    while let Some((opcode, payload)) = from_server.frame().await {
        let mut out = Vec::new();
        if opcode == 1 {
            let (said, meetings) = (said.lock().unwrap().clone(), meetings.lock().unwrap().clone());
            for text in lie.word(&said, String::from_utf8(payload).unwrap(), &meetings) {
                frame_into(&mut out, 1, text.as_bytes());
            }
        } else {
            frame_into(&mut out, opcode, &payload);
        }
        if to_client.write_all(&out).await.is_err() {
            return;
        }
    }
}

/// Passes a request's body on, and remembers which meetings are made.
async fn hear_body(mut from_client: Bytes, mut to_server: OwnedWriteHalf, meetings: &Mutex<Vec<String>>) {
    let mut body = Vec::new();
    while let Some(bytes) = from_client.some().await {
        body.extend_from_slice(&bytes);
        let text = String::from_utf8_lossy(&body);
        if let Some((_, rest)) = text.split_once("\"meeting\":\"")
            && let Some(id) = rest.get(..32)
            && !meetings.lock().unwrap().iter().any(|known| known == id)
        {
            meetings.lock().unwrap().push(id.to_owned());
        }
        if to_server.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Passes WebSocket frames on, and remembers the last text.
async fn hear_frames(mut from_client: Bytes, mut to_server: OwnedWriteHalf, said: &Mutex<String>) {
    while let Some((opcode, raw, payload)) = from_client.masked_frame().await {
        let text = String::from_utf8_lossy(&payload);
        if opcode == 1 && !text.contains("\"ping\"") {
            *said.lock().unwrap() = text.into_owned();
        }
        if to_server.write_all(&raw).await.is_err() {
            return;
        }
    }
}

/// Writes a frame without a mask (RFC 6455 section 5.2).
fn frame_into(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(length as u8),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// Bytes of a connection, as far as they are read.
struct Bytes {
    from: OwnedReadHalf,
    buffer: Vec<u8>,
}

impl Bytes {
    const fn new(from: OwnedReadHalf) -> Self {
        Self { from, buffer: Vec::new() }
    }

    async fn fill(&mut self, length: usize) -> Option<()> {
        while self.buffer.len() < length {
            if self.from.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
        Some(())
    }

    async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        self.fill(length).await?;
        let rest = self.buffer.split_off(length);
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    async fn some(&mut self) -> Option<Vec<u8>> {
        self.fill(1).await?;
        Some(std::mem::take(&mut self.buffer))
    }

    /// Returns the head of an HTTP message with its end.
    async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.take(at + 4).await?).ok();
            }
            let length = self.buffer.len();
            self.fill(length + 1).await?;
        }
    }

    /// Returns opcode and payload of a frame of the server's.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (head, length) = self.frame_head().await?;
        Some((head[0] & 15, self.take(length).await?))
    }

    /// Returns opcode, all bytes and the payload of a frame of the client's.
    async fn masked_frame(&mut self) -> Option<(u8, Vec<u8>, Vec<u8>)> {
        let (head, length) = self.frame_head().await?;
        let mask = self.take(4).await?;
        let masked = self.take(length).await?;
        let payload = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        Some((head[0] & 15, [head, mask, masked].concat(), payload))
    }

    async fn frame_head(&mut self) -> Option<(Vec<u8>, usize)> {
        let mut head = self.take(2).await?;
        let length = match head[1] & 127 {
            126 => {
                let more = self.take(2).await?;
                head.extend_from_slice(&more);
                usize::from(u16::from_be_bytes([more[0], more[1]]))
            }
            127 => {
                let more = self.take(8).await?;
                head.extend_from_slice(&more);
                usize::try_from(u64::from_be_bytes(more.try_into().ok()?)).ok()?
            }
            short => usize::from(short),
        };
        Some((head, length))
    }
}
