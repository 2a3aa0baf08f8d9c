//! The life of a meeting as a pure state machine: lobby, admission, roles, order, resume, end.
//!
//! Reads no clock, socket or randomness and knows no RTP: inputs and time come in, outputs go out.
//! The way in is [`Room`]. It decides early what every client of a later issue will check for itself, so its
//! invariant is the product's sentence: nobody enters the room without a host.
//!
//! # Rules
//!
//! Each id stands at the line that keeps the rule and in the doc of the test that would miss it.
//!
//! | id | rule |
//! |---|---|
//! | ROOM-01 | A connection enters once, then joins once; what comes before its time is refused. |
//! | ROOM-02 | A guest waits in the lobby until a host admits it, and hears of nothing but its own wait. |
//! | ROOM-03 | The lobby is bounded. |
//! | ROOM-04 | Only a host who is in the room admits, denies, mutes, removes, makes hosts and ends. |
//! | ROOM-05 | The room is bounded, counting every place that is held. |
//! | ROOM-06 | Nobody mutes or removes a host or themselves. |
//! | ROOM-07 | Who is removed is out at once and stays out, over restarts too. |
//! | ROOM-08 | What everybody in the room gets stands in one order without gaps. |
//! | ROOM-09 | Only the newest token of a place resumes it, or the one it replaced until its holder shows to have it, and only while the place is kept. |
//! | ROOM-10 | After a restart a place is claimed once, within the resume window, by a token of an earlier epoch. |
//! | ROOM-11 | Nobody comes back less muted than it left. |
//! | ROOM-12 | Nobody switches another's source on; a host switches it off. |
//! | ROOM-13 | The last host there does not leave the others behind. |
//! | ROOM-14 | The end is durable before it is told, and final. |
//! | ROOM-15 | A room in which nobody is connected ends itself. |
//! | ROOM-16 | An id is never given twice, over restarts too. |
//! | ROOM-17 | An answer of an older media generation is void. |
//! | ROOM-18 | Only pictures of those in the room can be subscribed to. |
//! | ROOM-19 | A place that is not joined within the resume window is given up. |
//! | ROOM-20 | Each request is answered once, and nothing is sent to a closed connection. |

mod actor;
mod admission;
mod bans;
mod connections;
mod ending;
mod ids;
mod io;
mod joining;
mod leaving;
mod lobby;
mod media;
mod moderation;
mod outbox;
mod records;
mod relay;
mod resume;
mod room;
mod roster;
mod token;

pub use io::{
    Admission, Command, ConnectionKey, Event, GroupChange, GroupMember, GroupView, GuestView, Handshake, Input,
    MediaCommand, MediaEvent, Output, ParticipantView, Record, Refusal, Removal, Right, RoomConfig, Ticket,
};
pub use room::Room;
