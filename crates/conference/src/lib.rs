//! The life of a meeting as a pure state machine.
//!
//! Reads no clock, socket or randomness and knows no RTP: inputs and time come in, outputs go out.

mod io;

pub use io::{
    Admission, Command, ConnectionKey, Event, GuestView, Input, MediaCommand, MediaEvent, Output,
    ParticipantView, Record, Refusal, Right, RoomConfig, Ticket,
};
