//! Bodies of the HTTP API for those who watch over a server: which rooms are open, how it fares, what it refuses.
//!
//! Counts, times and rules. There is no name, no id of a meeting and no word of one here: nothing that lets anybody find,
//! see or enter a meeting.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use crate::{ControlSettings, Rule};

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

body! {
    /// Answer to `GET /api/v1/live`: the rooms that are open.
    LiveRooms {
        /// How many there are.
        open: u32,
        /// Those with most people first, at most 200.
        rooms: Vec<LiveRoom>,
    }
}

body! {
    /// An open room as its server may show it.
    LiveRoom {
        /// Counts rooms as they were opened since the server started. Says nothing of which meeting it is.
        number: u32,
        /// When it was opened, in milliseconds since 1970.
        #[ts(type = "number")]
        opened_ms: u64,
        /// People in it, those included who are coming back.
        participants: u32,
        /// People waiting in its lobby.
        guests: u32,
        /// Whether nobody new is let in.
        locked: bool,
        /// Whether a host has suspended what participants do.
        suspended: bool,
        /// The rules in force that a host has signed. Controls that are not named are at their loosest.
        controls: ControlSettings,
    }
}

body! {
    /// Answer to `GET /api/v1/health`: how the server fares.
    ServerHealth {
        /// Version of the program.
        version: String,
        /// When the server started, in milliseconds since 1970.
        #[ts(type = "number")]
        started_ms: u64,
        /// Its clock, in milliseconds since 1970.
        #[ts(type = "number")]
        now_ms: u64,
        /// Whether it takes no new rooms, because it is about to stop.
        draining: bool,
        /// The database.
        database: DatabaseHealth,
        /// The disk that the database is on; absent where the system does not say.
        #[ts(optional = nullable)]
        #[serde(default)]
        disk: Option<DiskHealth>,
        /// The machine; absent where the system does not say.
        #[ts(optional = nullable)]
        #[serde(default)]
        machine: Option<MachineHealth>,
        /// Threads that forward media, each with its rooms.
        shards: Vec<ShardHealth>,
        /// How much of each limit is used, the nearest to exhaustion first.
        limits: Vec<LimitUse>,
        /// How it stands with the providers of CSAF that the server lists or mirrors, by name; none where it follows none.
        mirrors: Vec<MirrorHealth>,
    }
}

body! {
    /// How it stands with a provider of CSAF that the server lists or mirrors.
    MirrorHealth {
        /// What the configuration calls it.
        name: String,
        /// How many documents of it there are.
        #[ts(type = "number")]
        documents: u64,
        /// When it was asked last, in milliseconds since 1970; absent if never.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        tried_ms: Option<u64>,
        /// When it was asked last without failing.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        succeeded_ms: Option<u64>,
        /// How often it has failed since.
        failures: u32,
        /// What was wrong the last time, also if it did not fail.
        #[serde(default)]
        #[ts(optional = nullable)]
        trouble: Option<String>,
    }
}

body! {
    /// The database.
    DatabaseHealth {
        /// Whether it answers.
        reachable: bool,
        /// Its size, in bytes.
        #[ts(type = "number")]
        bytes: u64,
        /// Version of its tables.
        schema: u32,
    }
}

body! {
    /// The disk that the database is on.
    DiskHealth {
        /// Bytes that can still be written.
        #[ts(type = "number")]
        free_bytes: u64,
        /// Bytes that it has.
        #[ts(type = "number")]
        total_bytes: u64,
    }
}

body! {
    /// The machine.
    MachineHealth {
        /// Memory of the process, in bytes.
        #[ts(type = "number")]
        memory_bytes: u64,
        /// Processes that ran or waited to run, on average of the last minute, in hundredths.
        load_percent: u32,
        /// Processors.
        cores: u32,
    }
}

body! {
    /// One thread that forwards media.
    ShardHealth {
        /// Which, from 0.
        number: u32,
        /// Its rooms.
        rooms: u32,
        /// Its media connections.
        peers: u32,
        /// Packets that came, since the start.
        #[ts(type = "number")]
        packets_in: u64,
        /// Packets that went out, since the start.
        #[ts(type = "number")]
        packets_out: u64,
        /// Packets that were dropped for whatever reason, since the start.
        #[ts(type = "number")]
        dropped: u64,
        /// Times that a fault of the program cost it a room or a restart.
        #[ts(type = "number")]
        faults: u64,
    }
}

/// A limit of a whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerLimit {
    /// Open WebSockets.
    Connections,
    /// Open rooms.
    Rooms,
    /// Open TCP connections.
    TcpConnections,
}

body! {
    /// How much of a limit is used.
    LimitUse {
        /// Which.
        limit: ServerLimit,
        /// How much of it is taken.
        #[ts(type = "number")]
        used: u64,
        /// How much there is.
        #[ts(type = "number")]
        max: u64,
    }
}

/// A time that is looked back on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// The last 24 hours, in steps of 15 minutes.
    Day,
    /// The last 60 minutes, in steps of one.
    #[default]
    Hour,
}

/// Query of `GET /api/v1/refusals`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RefusalsQuery {
    /// How far back; an hour if absent.
    #[serde(default)]
    #[param(inline)]
    pub span: Span,
}

body! {
    /// Answer to `GET /api/v1/refusals`: how often the server said no. Counted since it started, for a day at most.
    Refusals {
        /// When the first step began, in milliseconds since 1970.
        #[ts(type = "number")]
        first_ms: u64,
        /// How long each step is, in milliseconds. The last one is not over.
        step_ms: u32,
        /// How many steps there are.
        steps: u32,
        /// Rules by which something was refused, the most frequent first.
        rules: Vec<RefusalsByRule>,
    }
}

body! {
    /// How often one rule refused something.
    RefusalsByRule {
        /// Which.
        rule: Rule,
        /// In all steps together.
        #[ts(type = "number")]
        total: u64,
        /// In each step, oldest first.
        #[ts(type = "number[]")]
        counts: Vec<u64>,
    }
}
