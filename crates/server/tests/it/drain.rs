//! Stopping politely.

use std::time::{Duration, Instant};

use sabha_protocol::{
    Rule,
    wire::{ServerMessage, http::Health, server::CloseReason},
};

use crate::{client::Client, person, server::TestServer};

#[tokio::test]
async fn draining_server_tells_everybody_takes_no_new_rooms_and_then_stops() {
    let server = TestServer::with(|settings| settings.server.drain_seconds = 60).await;
    let (meeting, other) = (server.create_meeting().await, server.create_meeting().await);
    let address = server.address();
    let mut host = person::host(address, &meeting).await;
    let mut late = Client::connect(address).await;

    let TestServer { server, directory } = server;
    let stopping = tokio::spawn(async move {
        server.drain().await;
        server.stop().await;
    });
    let remaining = host.wait_for(|frame| match frame.body {
        ServerMessage::Draining { remaining_ms } => Some(remaining_ms),
        _ => None,
    });
    let remaining = remaining.await;
    assert!((1..=60_000).contains(&remaining), "{remaining}");

    let ready = crate::server::request(address, "GET", "/readyz", &[], "").await;
    assert_eq!((ready.status, ready.json::<Health>().status.as_str()), (503, "draining"));
    assert_eq!(crate::server::request(address, "GET", "/healthz", &[], "").await.status, 200);
    assert_eq!(late.enter_refused(&mut other.creator()).await, Rule::Capacity);
    host.ping().await;

    drop(host);
    assert_eq!(late.last_word().await, Some(CloseReason::ServerStopping));
    stopping.await.unwrap();
    drop(directory);
}

#[tokio::test]
async fn drain_ends_at_its_deadline() {
    let server = TestServer::with(|settings| settings.server.drain_seconds = 1).await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let started = Instant::now();
    server.server.drain().await;
    server.server.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(host.last_word().await, Some(CloseReason::ServerStopping));
}

#[tokio::test]
async fn empty_server_stops_at_once() {
    let server = TestServer::with(|settings| settings.server.drain_seconds = 600).await;
    let _idle = Client::connect(server.address()).await;
    let started = Instant::now();
    server.server.drain().await;
    server.server.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10));
}
