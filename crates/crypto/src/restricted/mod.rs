//! Restricted material: TLP:RED in the room only. A presenter's device shows it, the others hold it in memory while it is shown,
//! and it is nowhere else.
//!
//! ```text
//!  presenter                                               everybody else in the group
//!  show ─► announcement: kind, length, SHA-256 ──────────► noted, for LEASE_MS from each time that it is heard
//!       ├► parts, one each PART_MS ──────────────────────► put together, checked, shown
//!       │      ◄────────────────────────────── wanted ◄──┘ what is missing: of who came later, or was cut off
//!       ├► announcement, each ANNOUNCE_MS, and when somebody comes
//!  take away ─► taken away ──────────────────────────────► forgotten; else when the lease runs out
//! ```
//!
//! Everything is said in words that MLS seals, so the server sees that somebody says something and how long it is: each part is as
//! long as the others. [`Showing`] is the presenter's side and [`Reading`] the others'; both are pure and know neither group nor
//! words. Who may show is decided by `device/restricted.rs`: whoever may share a screen.
//!
//! It is a lease, so that it fails closed: nobody goes on reading because a server kept from them that it was taken away, that they
//! were removed or that the presenter is gone.
//!
//! # Rules
//!
//! | id | rule |
//! |---|---|
//! | RED-01 | Restricted material is shown by who may share a screen, and by nobody else. |
//! | RED-02 | What is not announced, not of its length, or not from who announced it is no part of restricted material. |
//! | RED-03 | Restricted material is shown when all of it has come and is what was announced. |
//! | RED-04 | Restricted material is text, an advisory or a picture, within bounds. |
//! | RED-05 | Who comes while restricted material is shown gets it from the presenter's device, and who asks too often does not. |
//! | RED-06 | Restricted material goes when the presenter takes it away, loses the right to show it or is gone. |
//! | RED-07 | Who is not in the group any more has no restricted material, nor has who has not heard of it for 30 seconds. |
//! | RED-08 | Restricted material is said only while the keys are certified, at a bounded pace, and behind everything else. |
//! | RED-09 | No restricted material is in what a device has kept. |

mod material;
mod picture;
mod reading;
mod showing;

pub(crate) use self::{
    material::{Announcement, Material},
    reading::{Heard, Reading},
    showing::{Saying, Showing},
};

/// Time between two parts, in milliseconds: 128 kB/s, about what a small tile's picture takes.
const PART_MS: u64 = 250;
/// Time between two announcements, in milliseconds.
const ANNOUNCE_MS: u64 = 10_000;
/// Time until it is announced to somebody who came, in milliseconds: those who come together hear it together.
const GREET_MS: u64 = 500;
/// Time for which it is shown after it was announced last, in milliseconds: as long as a silence of the hosts stops what is sent.
const LEASE_MS: u64 = 30_000;
/// Least time between one material of a presenter's and the next, in milliseconds.
const CHANGE_MS: u64 = 2000;
/// Time without a part after which what is missing is asked for, in milliseconds.
const ASK_MS: u64 = 2000;
/// Time between two questions of one device, in milliseconds, at least.
const ASK_AGAIN_MS: u64 = 5000;
/// Time in which one member can have so much sent again, in milliseconds.
const BUDGET_MS: u64 = 60_000;
/// How much: so many times the whole.
const BUDGET_TIMES: u32 = 2;

#[cfg(test)]
mod tests;
