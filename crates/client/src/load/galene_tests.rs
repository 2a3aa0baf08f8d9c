//! The signalling with Galène, against a script of what its protocol has the server say.

use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;

use super::*;

const BOTH: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
const VOICE: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

fn parsed(text: &str) -> Sdp {
    text.parse().unwrap()
}

/// A server for one client.
struct Script(WebSocketStream<TcpStream>);

impl Script {
    async fn says(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Reads the next message, which must be of this type.
    async fn hears(&mut self, kind: &str) -> Value {
        let message =
            timeout_at(Instant::now() + PATIENCE, self.0.next()).await.expect(kind).unwrap().unwrap();
        let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Lets the client in, with what a group says besides.
    async fn admits(&mut self) {
        let shaken = self.hears("handshake").await;
        assert_eq!((&shaken["version"], &shaken["id"]), (&json!(["2"]), &json!("client-1")));
        self.says(json!({ "type": "handshake", "version": ["2"] })).await;
        let join = self.hears("join").await;
        assert_eq!((&join["kind"], &join["group"]), (&json!("join"), &json!(GROUP)));
        assert_eq!(join["password"], PASSWORD);
        self.says(json!({ "type": "user", "kind": "add", "id": "somebody", "username": "else" })).await;
        self.says(json!({ "type": "joined", "kind": "join", "permissions": ["present"] })).await;
    }
}

/// Returns a group at a server that does what `script` does, and the end of it.
async fn against<F: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(Script) -> F + Send + 'static,
) -> (Galene, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(Script(accept_async(stream).await.unwrap())).await;
    });
    (Galene::new(address), server)
}

#[tokio::test]
async fn sender_offers_its_stream_and_takes_the_answer_to_it() {
    let (mut galene, server) = against(|mut script| async move {
        script.admits().await;
        let offer = script.hears("offer").await;
        assert_eq!((&offer["id"], &offer["sdp"]), (&json!(STREAM), &json!(BOTH)));
        script.says(json!({ "type": "ice", "id": STREAM, "candidate": { "candidate": "" } })).await;
        script.says(json!({ "type": "answer", "id": "another", "sdp": VOICE })).await;
        script.says(json!({ "type": "answer", "id": STREAM, "sdp": BOTH })).await;
        script.says(json!({ "type": "ping" })).await;
        script.hears("pong").await;
    })
    .await;

    let answer = galene.publish(&parsed(BOTH)).await.unwrap();

    assert_eq!(answer, parsed(BOTH));
    server.await.unwrap();
}

#[tokio::test]
async fn viewer_waits_until_voice_and_picture_are_offered_together() {
    let (mut galene, server) = against(|mut script| async move {
        script.admits().await;
        let request = script.hears("request").await;
        assert_eq!(request["request"], json!({ "": ["audio", "video"] }));
        script.says(json!({ "type": "close", "id": STREAM })).await;
        script.says(json!({ "type": "offer", "id": STREAM, "sdp": VOICE })).await;
        assert_eq!(script.hears("abort").await["id"], STREAM);
        script.says(json!({ "type": "close", "id": STREAM })).await;
        script.hears("request").await;
        script.says(json!({ "type": "offer", "id": STREAM, "sdp": BOTH })).await;
        let answer = script.hears("answer").await;
        assert_eq!((&answer["id"], &answer["sdp"]), (&json!(STREAM), &json!(VOICE)));
    })
    .await;

    let requested = galene.request().await.unwrap();
    assert_eq!(requested.offer, parsed(BOTH));
    galene.start(requested, &parsed(VOICE)).await.unwrap();

    server.await.unwrap();
}

#[tokio::test]
async fn refusal_ends_it_and_says_why() {
    let (mut galene, server) = against(|mut script| async move {
        script.hears("handshake").await;
        script.hears("join").await;
        script.says(json!({ "type": "joined", "kind": "fail", "value": "group does not exist" })).await;
    })
    .await;

    let error = galene.publish(&parsed(BOTH)).await.unwrap_err();

    assert!(error.to_string().contains("group does not exist"), "{error}");
    server.await.unwrap();
}

#[test]
fn message_is_read_by_its_type_and_only_of_our_stream() {
    let read = |message: Value| said(&message.to_string());
    assert_eq!(read(json!({ "type": "offer", "id": "another", "sdp": BOTH })).unwrap(), Said::Nothing);
    assert_eq!(read(json!({ "type": "abort", "id": "another" })).unwrap(), Said::Nothing);
    assert_eq!(read(json!({ "type": "joined", "kind": "change" })).unwrap(), Said::Nothing);
    let long = "x".repeat(1_000);
    let refused = read(json!({ "type": "usermessage", "kind": "error", "value": long })).unwrap();
    assert_eq!(refused, Said::Refused("x".repeat(200)));
    assert!(matches!(read(json!({ "type": "abort", "id": STREAM })).unwrap(), Said::Refused(_)));
    assert!(read(json!({ "type": "offer", "id": STREAM })).is_err(), "an offer of nothing");
    assert!(said("[").is_err());
}
