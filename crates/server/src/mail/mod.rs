//! Invitations to planned meetings, by mail.
//!
//! ```text
//!  request ─► storage/mails.rs ─► queue.rs ─► letter.rs ─► post.rs ─► mail server
//!             on disk             when due     text and      SMTP
//!                                 and again    calendar.rs
//! ```
//!
//! A mail passes through many hands, so it carries no secret: the key in its link (`keys.rs`) lets its holder knock,
//! and the passcode, told in another way, does the rest.

mod calendar;
mod keys;
mod letter;
mod message_id;
mod post;
mod queue;

pub(crate) use self::{
    keys::MailKeys,
    message_id::message_id,
    post::{Given, Post},
    queue::{Queue, Wake},
};
