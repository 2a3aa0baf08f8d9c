//! The life of a meeting as a pure state machine: lobby, places, roles, order, resume, end.
//!
//! Reads no clock, socket or randomness and knows neither RTP nor MLS: inputs and time come in, outputs go out.
//! The way in is [`Room`]. Who is admitted, who is removed and who is host was signed by host devices and checked by
//! the delivery service; it comes here as a value, [`GroupView`], and the room keeps connections, places and media to
//! it. Every client checks the same for itself, so what the room adds is that nobody gets so far as to try.
//!
//! # Rules
//!
//! Each id stands at the line that keeps the rule and in the doc of the test that would miss it.
//!
//! | id | rule |
//! |---|---|
//! | ROOM-01 | A connection enters once, then joins once; what comes before its time is refused. |
//! | ROOM-02 | A guest waits in the lobby until its device is in the group, and hears of nothing but its own wait and what hosts say to it. |
//! | ROOM-03 | The lobby is bounded. |
//! | ROOM-04 | Only a host who is in the room denies, mutes, speaks to the lobby and ends. |
//! | ROOM-05 | The room is bounded, counting every place that is held; who is added to the group of a full room waits on until there is a place. |
//! | ROOM-06 | Nobody mutes a host or themselves. |
//! | ROOM-07 | Who a host's commit removes is out at once, and its place and tokens are void, over restarts too. |
//! | ROOM-08 | What everybody in the room gets stands in one order without gaps. |
//! | ROOM-09 | Only the newest token of a place resumes it, or the one it replaced until its holder shows to have it, only while the place is kept, and only for the device it was given to. |
//! | ROOM-10 | After a restart a place is claimed once, within the resume window, by a token of an earlier epoch. |
//! | ROOM-11 | Nobody comes back to its place less muted than it left. |
//! | ROOM-12 | Nobody switches another's source on; a host switches it off. |
//! | ROOM-13 | The last host there does not leave the others behind. |
//! | ROOM-14 | The end is durable before it is told, and final. |
//! | ROOM-15 | A room in which nobody is connected ends itself. |
//! | ROOM-16 | An id is never given twice, over restarts too. |
//! | ROOM-17 | An answer of an older media generation is void. |
//! | ROOM-18 | Only pictures of those in the room can be subscribed to. |
//! | ROOM-19 | A place that is not joined within the resume window is given up. |
//! | ROOM-20 | Each request is answered once, and nothing is sent to a closed connection. |
//! | ROOM-21 | A device has one place or one seat in the lobby; its newer connection takes over, and the older is closed. |
//! | ROOM-22 | Only who is in the group joins and stays, and of its media only the sources its grant allows are forwarded. |
//! | ROOM-23 | Every accepted handshake, and what a member says to all, reaches everybody in the group who is connected, joined or not, in the order in which it was accepted; its sender learns the position by its answer. |
//! | ROOM-24 | What is said at the door goes between one guest and the hosts in the room, and a guest says a bounded number of things. |
//! | ROOM-25 | Everybody's role is what the group says, from the change on that says it. |
//! | ROOM-26 | Who comes in for the first time has on at most what the controls leave. |
//! | ROOM-27 | Where the controls say so, a host ends the meeting and does not leave others in it. |
//! | ROOM-28 | A meeting below the organisation's floor is brought into line by a host within a minute, or it ends. |
//! | ROOM-29 | Who is sent back to the lobby is out at once, and its place is void; it may knock, and is let in anew or not at all. |
//! | ROOM-30 | A banned device neither knocks nor waits, until a host lifts the ban. |
//! | ROOM-31 | Nobody comes, and nobody waits, by a client or from outside of the organisation where the controls do not let them. |
//! | ROOM-32 | Who is removed while signed in is kept out by account too, unless a host of the meeting has that account, until a host lifts the ban of its device. |
//! | ROOM-33 | When a planned meeting is cancelled, who waits for it is told; one in which somebody has a place goes on. |

mod actor;
mod bans;
mod coming;
mod connections;
mod door;
mod ending;
mod entering;
mod floor;
mod group;
mod ids;
mod io;
mod joining;
mod leaving;
mod lobby;
mod media;
mod membership;
mod moderation;
mod outbox;
mod records;
mod relay;
mod resume;
mod room;
mod roster;
mod token;

pub use io::{
    Admission, Command, ConnectionKey, Event, GroupChange, GroupMember, GroupView, GuestView, Handshake,
    Input, MediaCommand, MediaEvent, Output, ParticipantView, Record, Refusal, Removal, Right, RoomConfig,
    Ticket, Visitor,
};
pub use room::Room;
pub use token::is_genuine;
