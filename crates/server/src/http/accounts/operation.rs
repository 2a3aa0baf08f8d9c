//! What whoever watches over the server sees: open rooms as counts, how the server fares, and what it refuses. For
//! security officers, administrators and API keys of theirs.
//!
//! Nothing here names a meeting or a person, and nothing here changes anything.

use std::path::Path;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use sabha_protocol::{
    Rule,
    wire::{
        http::ApiError,
        operation::{
            DatabaseHealth, DiskHealth, LimitUse, LiveRooms, MachineHealth, MirrorHealth, Refusals,
            RefusalsByRule, RefusalsQuery, ServerHealth, ServerLimit, ShardHealth, Span,
        },
    },
};
use sabha_sfu::DropReason;

use super::{super::Shared, AppState, Refusal};
use crate::{clock, media::ShardSnapshot, refusals, storage::MirrorState};

/// Rooms in one answer: more than anybody reads.
const ROOMS_MAX: usize = 200;

const MINUTE_MS: u64 = 60_000;

/// Lists the rooms that are open, by counts and rules.
#[utoipa::path(get, path = "/api/v1/live", tag = "operation",
    security(("session" = []), ("api_key" = ["health:read"])),
    responses(
        (status = 200, description = "The open rooms", body = LiveRooms),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn live(State(state): State<AppState>) -> Json<LiveRooms> {
    let mut rooms = state.signalling.live();
    let open = count(rooms.len());
    rooms.sort_by_key(|room| (std::cmp::Reverse(room.participants + room.guests), room.number));
    rooms.truncate(ROOMS_MAX);
    Json(LiveRooms { open, rooms })
}

/// Says how the server fares.
#[utoipa::path(get, path = "/api/v1/health", tag = "operation",
    security(("session" = []), ("api_key" = ["health:read"])),
    responses(
        (status = 200, description = "How the server fares", body = ServerHealth),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn health(State(state): State<AppState>) -> Json<ServerHealth> {
    let load = state.signalling.load();
    let (websockets, tcp) = (&state.websockets, &state.tcp);
    let mut limits = vec![
        limit(ServerLimit::Connections, websockets.open(), websockets.open_max()),
        limit(ServerLimit::Rooms, load.rooms, state.rooms_max),
        limit(ServerLimit::TcpConnections, tcp.open(), tcp.open_max()),
    ];
    limits.sort_by_key(|limit| std::cmp::Reverse(limit.used.saturating_mul(1000) / limit.max.max(1)));
    let bytes = state.store.bytes().await;
    Json(ServerHealth {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_ms: state.boot_epoch.0,
        now_ms: clock::unix_ms(),
        draining: !state.drain.is_serving(),
        database: DatabaseHealth {
            reachable: bytes.is_ok(),
            bytes: bytes.unwrap_or_default(),
            schema: u32::try_from(crate::storage::newest_schema()).unwrap_or_default(),
        },
        disk: disk(&state.data_dir),
        machine: machine(),
        shards: state
            .media
            .stats()
            .iter()
            .enumerate()
            .map(|(number, shard)| shard_health(number, shard))
            .collect(),
        limits,
        mirrors: mirrors(&state).await,
    })
}

/// Returns how it stands with the providers that are followed. While the database does not answer, that is said in its place.
async fn mirrors(state: &Shared) -> Vec<MirrorHealth> {
    if state.aggregator.is_none() {
        return Vec::new();
    }
    let states = state.store.mirrors().await.unwrap_or_default();
    let health = |mirror: MirrorState| MirrorHealth {
        name: mirror.name,
        documents: mirror.documents,
        tried_ms: mirror.tried_ms,
        succeeded_ms: mirror.succeeded_ms,
        failures: mirror.failures,
        trouble: mirror.trouble,
    };
    states.into_iter().map(health).collect()
}

/// Says how often the server refused something, by rule and time.
#[utoipa::path(get, path = "/api/v1/refusals", tag = "operation", params(RefusalsQuery),
    security(("session" = []), ("api_key" = ["health:read"])),
    responses(
        (status = 200, description = "What was refused", body = Refusals),
        (status = 400, description = "There is no such span", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn refused(
    query: Result<Query<RefusalsQuery>, QueryRejection>,
) -> Result<Json<Refusals>, Refusal> {
    let Query(RefusalsQuery { span }) =
        query.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let (steps, minutes_each) = match span {
        Span::Hour => (60, 1),
        Span::Day => (96, 15),
    };
    Ok(Json(in_steps(refusals::last(steps * minutes_each, clock::unix_ms()), steps, minutes_each)))
}

/// Puts minutes, and the number of the first of them, together into so many steps.
fn in_steps((first, minutes): (u64, Vec<refusals::Minute>), steps: u64, minutes_each: u64) -> Refusals {
    let mut rules: Vec<RefusalsByRule> = Vec::new();
    let length = usize::try_from(steps).unwrap_or_default();
    for refusals::Minute { number, by_rule } in minutes {
        let step = usize::try_from(number.saturating_sub(first) / minutes_each).unwrap_or(usize::MAX);
        for (rule, counted) in by_rule {
            let at = rules.iter().position(|known| known.rule == rule).unwrap_or_else(|| {
                rules.push(RefusalsByRule { rule, total: 0, counts: vec![0; length] });
                rules.len() - 1
            });
            if let Some(count) = rules[at].counts.get_mut(step) {
                *count += counted;
                rules[at].total += counted;
            }
        }
    }
    rules.sort_by_key(|rule| (std::cmp::Reverse(rule.total), rule.rule));
    Refusals {
        first_ms: first * MINUTE_MS,
        step_ms: u32::try_from(minutes_each * MINUTE_MS).unwrap_or(u32::MAX),
        steps: u32::try_from(steps).unwrap_or(u32::MAX),
        rules,
    }
}

fn limit(limit: ServerLimit, used: usize, max: usize) -> LimitUse {
    LimitUse { limit, used: used as u64, max: max as u64 }
}

fn shard_health(number: usize, shard: &ShardSnapshot) -> ShardHealth {
    let by_us: u64 = DropReason::ALL.iter().map(|reason| shard.sfu.dropped(*reason)).sum();
    ShardHealth {
        number: count(number),
        rooms: count(shard.sfu.rooms),
        peers: count(shard.sfu.peers),
        packets_in: shard.sfu.packets_in,
        packets_out: shard.sfu.packets_out,
        dropped: by_us + shard.send_dropped + shard.junk + shard.steer_dropped + shard.sfu.relays_refused,
        faults: shard.sfu.panics + shard.restarts,
    }
}

fn disk(path: &Path) -> Option<DiskHealth> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(DiskHealth {
        free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        total_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

/// Reads what Linux says of the machine and the process (proc(5)).
fn machine() -> Option<MachineHealth> {
    let pages: u64 = first_words("/proc/self/statm")?.get(1)?.parse().ok()?;
    let load: f64 = first_words("/proc/loadavg")?.first()?.parse().ok()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a load is small and not negative"
    )]
    let load_percent = (load * 100.0) as u32;
    Some(MachineHealth {
        memory_bytes: pages.saturating_mul(rustix::param::page_size() as u64),
        load_percent,
        cores: count(cores),
    })
}

fn first_words(path: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.split_whitespace().take(3).map(ToOwned::to_owned).collect())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_become_steps_and_the_most_frequent_rule_comes_first() {
        let minute = |number, counts: &[(Rule, u64)]| refusals::Minute {
            number,
            by_rule: counts.iter().copied().collect(),
        };
        let minutes = vec![
            minute(100, &[(Rule::Rate, 1)]),
            minute(114, &[(Rule::Rate, 2), (Rule::KnownMeeting, 9)]),
            minute(115, &[(Rule::Rate, 4)]),
        ];
        let Refusals { first_ms, step_ms, steps, rules } = in_steps((100, minutes), 2, 15);
        assert_eq!((first_ms, step_ms, steps), (6_000_000, 900_000, 2));
        let expected = [
            RefusalsByRule { rule: Rule::KnownMeeting, total: 9, counts: vec![9, 0] },
            RefusalsByRule { rule: Rule::Rate, total: 7, counts: vec![3, 4] },
        ];
        assert_eq!(rules, expected);
    }
}
