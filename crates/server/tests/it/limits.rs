//! Bounds on addresses, connections and rooms, reached with small numbers.

use std::time::Duration;

use sabha_protocol::{Rule, wire::ServerMessage};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    client::Client,
    person,
    server::{TestServer, new_meeting, post_meeting},
};

#[tokio::test]
async fn one_address_gets_so_many_websockets_and_can_come_back_after_closing_one() {
    let server = TestServer::with(|settings| settings.limits.connections_per_address = 2).await;
    let first = Client::connect(server.address()).await;
    let _second = Client::connect(server.address()).await;
    let refused = Client::open(server.address(), &[]).await.err().unwrap();
    assert!(refused.to_string().contains("429"), "{refused}");

    drop(first);
    // The server notices the lost connection on its own time.
    let mut tries = 0;
    while Client::open(server.address(), &[]).await.is_err() {
        tries += 1;
        assert!(tries < 500, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_full_server_opens_no_room_more_but_keeps_those_it_has() {
    let server = TestServer::with(|settings| settings.limits.rooms = 1).await;
    let (first, second) = (server.create_meeting().await, server.create_meeting().await);
    let _host = person::host(server.address(), &first).await;

    let mut other = Client::connect(server.address()).await;
    assert_eq!(other.enter_refused(&mut second.creator()).await, Rule::Capacity);
    person::knock(server.address(), &first, "Chitra").await;
}

#[tokio::test]
async fn meetings_are_created_at_a_bounded_rate() {
    let server = TestServer::with(|settings| settings.limits.meetings_per_minute = 2).await;
    server.create_meeting().await;
    server.create_meeting().await;
    let body = serde_json::to_string(&new_meeting().1).unwrap();
    let response = post_meeting(server.address(), &server.creation_key(), &body).await;
    assert_eq!(response.status, 429);
    assert!(response.header("retry-after").is_some());
}

#[tokio::test]
async fn a_room_that_only_saw_knocks_is_forgotten_when_empty() {
    let server = TestServer::with(|settings| settings.limits.rooms = 1).await;
    let (first, second) = (server.create_meeting().await, server.create_meeting().await);
    drop(person::knock(server.address(), &first, "Bilal").await);

    let mut device = second.creator();
    let mut tries = 0;
    loop {
        let mut host = Client::connect(server.address()).await;
        match host.enter(&mut device, |_| ()).await {
            ServerMessage::Admitted { .. } => return,
            ServerMessage::Refused { rule: Rule::Capacity, .. } => {}
            other => panic!("{other:?}"),
        }
        tries += 1;
        assert!(tries < 200, "the empty room is still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_address_gets_so_many_tcp_connections_even_if_they_say_nothing() {
    let server = TestServer::with(|settings| settings.limits.connections_per_address = 1).await;
    let mut held = Vec::new();
    // Far above three for each WebSocket and the 64 that are always allowed.
    for _ in 0..100 {
        held.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let last = held.last_mut().unwrap();
    let mut byte = [0];
    let ended = last.read(&mut byte).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "it was served");
}

#[tokio::test]
async fn request_that_is_never_finished_is_given_up() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    let patience = Duration::from_secs(20);
    for stream in [&mut stream, &mut silent] {
        let mut answer = Vec::new();
        // A reset is as good an end as an answer.
        let _ = tokio::time::timeout(patience, stream.read_to_end(&mut answer)).await.expect("still open");
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let line = format!("x-pad: {}\r\n", "y".repeat(1000));
    for _ in 0..100 {
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // A reset is as good an end as an answer.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.contains("431"), "{answer}");
    assert_eq!(server.get("/healthz").await.status, 200);
}
