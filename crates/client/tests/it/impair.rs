//! The bad network, between real sockets.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use sabha_client::{ImpairConfig, ImpairReport, Impairer};
use sabha_impairer::{Change, PathConditions, Schedule, Step};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy before a server that is this test's own socket.
struct Bad {
    address: SocketAddr,
    server: UdpSocket,
    changes: mpsc::Sender<Change>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<ImpairReport>,
}

impl Bad {
    async fn start(up: &str, down: &str, steps: &[&str]) -> Self {
        let server = socket().await;
        let path = PathConditions { up: up.parse().unwrap(), down: down.parse().unwrap() };
        let steps = steps.iter().map(|step| step.parse::<Step>().unwrap()).collect();
        let impairer = Impairer::bind(ImpairConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            to: server.local_addr().unwrap(),
            path,
            schedule: Schedule::new(path, steps).unwrap(),
            seed: 5,
        })
        .await
        .unwrap();
        let address = impairer.address().unwrap();
        let (changes, typed) = mpsc::channel(4);
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            impairer.run(typed, stopped).await.unwrap()
        });
        Self { address, server, changes, stop, running }
    }

    async fn client(&self) -> UdpSocket {
        let client = socket().await;
        client.connect(self.address).await.unwrap();
        client
    }

    /// Returns the next packet that the server receives, and from where.
    async fn received(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 100];
        let (length, from) = timeout(PATIENCE, self.server.recv_from(&mut buffer)).await.unwrap().unwrap();
        buffer.truncate(length);
        (buffer, from)
    }

    async fn end(self) -> ImpairReport {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.running).await.unwrap().unwrap()
    }
}

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn server_tells_clients_apart_and_its_answers_find_them() {
    let bad = Bad::start("delay=1ms", "delay=1ms", &[]).await;
    let clients = [bad.client().await, bad.client().await, bad.client().await];

    let mut sources = HashSet::new();
    for (number, client) in (0_u8..).zip(&clients) {
        client.send(&[number]).await.unwrap();
        let (packet, from) = bad.received().await;
        assert_eq!(packet, [number]);
        sources.insert(from);
        bad.server.send_to(&[number, number], from).await.unwrap();
    }
    assert_eq!(sources.len(), 3);
    for (number, client) in (0_u8..).zip(&clients) {
        let mut buffer = [0; 10];
        let length = timeout(PATIENCE, client.recv(&mut buffer)).await.unwrap().unwrap();
        assert_eq!(buffer[..length], [number, number]);
    }

    let report = bad.end().await;
    assert_eq!((report.clients.len(), report.up.arrived, report.down.arrived), (3, 3, 3));
}

#[tokio::test]
async fn what_is_lost_and_overtaken_is_counted_where_it_happens() {
    let bad = Bad::start("loss=50%", "scatter=30ms", &[]).await;
    let client = bad.client().await;
    let mut arrived = 0;
    let mut from = None;
    for number in 0..400_u32 {
        client.send(&number.to_be_bytes()).await.unwrap();
        // Slowly enough for any socket's buffer.
        if number % 20 == 19 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    client.send(b"end").await.unwrap();
    while let Ok((_, source)) = timeout(Duration::from_millis(500), bad.received()).await {
        arrived += 1;
        from = Some(source);
    }
    assert!((140..260).contains(&arrived), "{arrived}");
    for number in 0..100_u32 {
        bad.server.send_to(&number.to_be_bytes(), from.unwrap()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut order = Vec::new();
    while order.len() < 100 {
        let mut buffer = [0; 4];
        timeout(PATIENCE, client.recv(&mut buffer)).await.unwrap().unwrap();
        order.push(u32::from_be_bytes(buffer));
    }
    assert!(!order.is_sorted());

    let report = bad.end().await;
    assert_eq!(report.up.sent, 401);
    assert_eq!((report.up.arrived, report.up.lost), (arrived, 401 - arrived));
    assert!(report.down.overtaken > 10, "{report:?}");
    assert_eq!((report.down.lost, report.refused_packets), (0, 0));
}

#[tokio::test]
async fn paths_change_by_schedule_and_by_word() {
    let bad = Bad::start("loss=100%", "", &["100ms up loss=0%,delay=1ms"]).await;
    let client = bad.client().await;
    client.send(b"lost").await.unwrap();
    let arrives = async {
        loop {
            client.send(b"later").await.unwrap();
            if let Ok((packet, _)) = timeout(Duration::from_millis(50), bad.received()).await {
                break packet;
            }
        }
    };
    assert_eq!(timeout(PATIENCE, arrives).await.unwrap(), b"later");

    bad.changes.send("both loss=100%".parse().unwrap()).await.unwrap();
    let stays_away = async {
        loop {
            client.send(b"gone").await.unwrap();
            if timeout(Duration::from_millis(200), bad.received()).await.is_err() {
                break;
            }
        }
    };
    timeout(PATIENCE, stays_away).await.unwrap();
    let report = bad.end().await;
    assert_eq!(report.clients[0].up.conditions.as_deref(), Some("delay=1000us,loss=100%"));
    assert_eq!(report.clients[0].down.conditions.as_deref(), Some("loss=100%"));
}
