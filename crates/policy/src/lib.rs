//! What may be done in a meeting: every control of the advisories by its id, and one function that decides.
//!
//! Pure, and compiled into the server, into the devices and into the browser: whoever acts, checks or explains uses
//! this code. [`Controls`] is the value of all controls. An organisation's floor, a template and a meeting are each a
//! `Controls`, and a later one only tightens an earlier one ([`Controls::tighten`]). What holds in a meeting stands in
//! its group's context, signed by a host, so that no server can say otherwise; see `sabha-admission`.
//!
//! ```text
//!   organisation's floor ── tighten ── template ── tighten ── meeting
//!                                                               │
//!            may(controls, actor, action) ── Decision { by: Control }
//! ```
//!
//! A floor can come from a file that somebody else has signed: [`profile`].
//!
//! A control is either a property, which holds always and has no setting, or it has levels or a limit that somebody
//! chooses. Nothing is listed as a setting that is not enforced.

mod control;
mod controls;
mod decide;
mod level;
pub mod profile;
mod tier;

pub use control::{Control, Scale, Source};
pub use controls::{CONTROLS_MAX, Controls, Difference, Invalid, Setting};
pub use decide::{Action, Actor, Decision, Function, may};
pub use level::{Chat, Encryption, End, Entry, External, HostSignIn, Link, Lobby, Pass, Share};
pub use tier::Tier;
