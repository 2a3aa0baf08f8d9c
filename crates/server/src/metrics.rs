//! What is counted, for Prometheus at `/metrics`.
//!
//! Counters go up where things happen; gauges and the media plane's totals are read when somebody asks.
//! Labels come from closed lists only, never from a room, a person or an address.

use std::sync::OnceLock;

use ::metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sabha_protocol::Rule;
use sabha_sfu::DropReason;

use crate::{clock, media::MediaPlane, refusals, signalling::Load};

/// Starts to count. Does nothing if the process counts already.
pub(crate) fn start() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Another recorder can only be there if a test harness brought its own; ours then renders nothing.
        if ::metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are recorded elsewhere");
        }
        describe();
        handle
    })
}

fn describe() {
    describe_gauge!("sabha_connections", "Open WebSockets");
    describe_gauge!("sabha_rooms", "Open rooms");
    describe_gauge!("sabha_participants", "Participants in all rooms, those reconnecting included");
    describe_gauge!("sabha_lobby_guests", "Guests waiting in all lobbies");
    describe_counter!("sabha_refusals_total", "Requests refused, by rule");
    describe_counter!("sabha_connections_ended_total", "WebSockets that ended, by cause");
    describe_counter!("sabha_connections_refused_total", "Connections turned away at a limit, by limit");
    describe_counter!(
        "sabha_handshakes_total",
        "Changes of rooms' groups that members sent, by kind and outcome"
    );
    describe_counter!("sabha_meetings_created_total", "Meetings created");
    describe_counter!("sabha_room_panics_total", "Rooms lost to a fault of the server");
    describe_counter!("sabha_mirror_runs_total", "Runs over other providers of CSAF, by how they ended");
    describe_counter!(
        "sabha_mirrored_documents_total",
        "Documents of other providers that were new or newer"
    );
    describe_gauge!("sabha_media_peers", "Media connections");
    describe_counter!(
        "sabha_media_connections_total",
        "Media connections set up, by SRTP profile; others are closed"
    );
    describe_counter!("sabha_media_packets_total", "Media packets, by direction");
    describe_counter!(
        "sabha_media_bytes_total",
        "Bytes of media packets without IP and UDP headers, by direction"
    );
    describe_counter!("sabha_media_dropped_total", "Media packets dropped, by cause");
    describe_counter!(
        "sabha_media_relayed_total",
        "Copies of media packets that shards took from each other, for rooms over several"
    );
    describe_counter!("sabha_media_keyframe_requests_total", "Key frames asked of publishers");
    describe_counter!("sabha_media_panics_total", "Rooms and shards lost to a fault of the media plane");
}

/// Counts a refusal.
pub(crate) fn refused(rule: Rule) {
    counter!("sabha_refusals_total", "rule" => rule.id()).increment(1);
    refusals::count(rule, clock::unix_ms());
}

/// Counts the end of a WebSocket. `cause` is one of a short list.
pub(crate) fn connection_ended(cause: &'static str) {
    counter!("sabha_connections_ended_total", "cause" => cause).increment(1);
}

/// Counts a connection that was turned away. `limit` is one of a short list.
pub(crate) fn connection_refused(limit: &'static str) {
    counter!("sabha_connections_refused_total", "limit" => limit).increment(1);
}

/// What a member can send to change a room's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeKind {
    /// A state brought back after a restart.
    Adoption,
    /// A commit.
    Commit,
    /// A proposal.
    Proposal,
}

/// Counts a handshake that was passed on or refused.
pub(crate) fn handshake(kind: HandshakeKind, accepted: bool) {
    let kind = match kind {
        HandshakeKind::Adoption => "adoption",
        HandshakeKind::Commit => "commit",
        HandshakeKind::Proposal => "proposal",
    };
    let outcome = if accepted { "accepted" } else { "refused" };
    counter!("sabha_handshakes_total", "kind" => kind, "outcome" => outcome).increment(1);
}

/// Counts a meeting.
pub(crate) fn meeting_created() {
    counter!("sabha_meetings_created_total").increment(1);
}

/// Counts a run over a provider. `outcome` is one of a short list.
pub(crate) fn mirrored(outcome: &'static str, documents: usize) {
    counter!("sabha_mirror_runs_total", "outcome" => outcome).increment(1);
    counter!("sabha_mirrored_documents_total").increment(documents as u64);
}

/// Counts a room that was lost.
pub(crate) fn room_panicked() {
    counter!("sabha_room_panics_total").increment(1);
}

/// Returns everything in Prometheus' text format.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating point; counts stay far below 2^53")]
pub(crate) fn render(connections: usize, load: Load, media: &MediaPlane) -> String {
    gauge!("sabha_connections").set(connections as f64);
    gauge!("sabha_rooms").set(load.rooms as f64);
    gauge!("sabha_participants").set(load.participants as f64);
    gauge!("sabha_lobby_guests").set(load.lobby_guests as f64);

    let shards = media.stats();
    let sum = |value: fn(&crate::media::ShardSnapshot) -> u64| shards.iter().map(value).sum::<u64>();
    gauge!("sabha_media_peers").set(shards.iter().map(|shard| shard.sfu.peers).sum::<usize>() as f64);
    counter!("sabha_media_connections_total", "profile" => "aes_gcm")
        .absolute(sum(|shard| shard.sfu.connections));
    counter!("sabha_media_connections_total", "profile" => "other")
        .absolute(sum(|shard| shard.sfu.weak_profiles));
    counter!("sabha_media_packets_total", "direction" => "in").absolute(sum(|shard| shard.sfu.packets_in));
    counter!("sabha_media_packets_total", "direction" => "out").absolute(sum(|shard| shard.sfu.packets_out));
    counter!("sabha_media_bytes_total", "direction" => "in").absolute(sum(|shard| shard.sfu.bytes_in));
    counter!("sabha_media_bytes_total", "direction" => "out").absolute(sum(|shard| shard.sfu.bytes_out));
    for reason in DropReason::ALL {
        let dropped = shards.iter().map(|shard| shard.sfu.dropped(reason)).sum();
        counter!("sabha_media_dropped_total", "cause" => reason.label()).absolute(dropped);
    }
    counter!("sabha_media_dropped_total", "cause" => "send").absolute(sum(|shard| shard.send_dropped));
    counter!("sabha_media_dropped_total", "cause" => "junk").absolute(sum(|shard| shard.junk));
    counter!("sabha_media_dropped_total", "cause" => "steer").absolute(sum(|shard| shard.steer_dropped));
    counter!("sabha_media_dropped_total", "cause" => "relay").absolute(sum(|shard| shard.sfu.relays_refused));
    counter!("sabha_media_relayed_total").absolute(sum(|shard| shard.sfu.relayed_in));
    counter!("sabha_media_keyframe_requests_total").absolute(sum(|shard| shard.sfu.keyframe_requests));
    counter!("sabha_media_panics_total").absolute(sum(|shard| shard.sfu.panics + shard.restarts));

    let handle = start();
    handle.run_upkeep();
    handle.render()
}
