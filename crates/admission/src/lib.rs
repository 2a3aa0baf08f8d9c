//! Who may be in a meeting's group: the statements that host devices sign, and the rules by which every member, and
//! the server, judge a group and each change of it.
//!
//! Knows no MLS, no sockets, no clock and no randomness: views of a group and the time come in, a [`Roster`] or a
//! [`Violation`] comes out. The way in is [`check_tree`] for a group and [`check_transition`] for a commit; a commit
//! is good if it passes both, the second over the group before it and the first over the tree after it. The product's
//! sentence is the invariant: no device is in the group without a signature from a host device, and every member
//! checks that for itself.
//!
//! ```text
//!  meeting id = hash of suite and root key            (in the link)
//!                      root key
//!        ┌───────────────┼──────────────────┐
//!     HostCert         Grant            Policy: hosts, revoked, lock
//!        │          (the creator)        (signed by the root key or a host)
//!   host's device ──── HostCert ──── host's device
//!        │                               │
//!      Grant                        InviteCert ── Grant
//! ```
//!
//! # Rules
//!
//! Each id stands at the line that keeps the rule and in the doc of the test that would miss it.
//!
//! | id | rule |
//! |---|---|
//! | ADM-01 | A group carries a policy. |
//! | ADM-02 | A policy is read strictly: bounded, in its one form, to the last byte. |
//! | ADM-03 | The root key and the suite hash to the id in the meeting's link. |
//! | ADM-04 | A policy is for this meeting and this group's suite. |
//! | ADM-05 | A policy's signature holds under the key that it names. |
//! | ADM-06 | A policy is signed by the root key or a host who may moderate, by this policy and by the one before. |
//! | ADM-07 | A host certificate is for this meeting, and its signature holds. |
//! | ADM-08 | A host certificate leads to the root key over hosts who may delegate, in at most eight steps and no circle. |
//! | ADM-09 | A certificate gives host's rights only, and none that its issuer does not have. |
//! | ADM-10 | A host is listed once. |
//! | ADM-11 | A certificate that was not listed before has not expired. |
//! | ADM-12 | A policy that differs from the one before has a higher version. |
//! | ADM-13 | Meeting, suite, root key and beginning of a policy never change. |
//! | ADM-14 | What is revoked stays revoked. |
//! | ADM-15 | Only the root key and hosts who may delegate make and unmake hosts. |
//! | ADM-16 | Only the root key and hosts who may delegate revoke what the root key granted. |
//! | ADM-17 | Every leaf's credential is a grant. |
//! | ADM-18 | A grant is read strictly: bounded, in its one form, to the last byte. |
//! | ADM-19 | A grant is for the signature key of its leaf. |
//! | ADM-20 | A grant is for this meeting and suite. |
//! | ADM-21 | A grant's signature holds under the key that it names. |
//! | ADM-22 | A grant is issued by the root key, a host who may admit, or a certified invite. |
//! | ADM-23 | The root key grants everything and only as creator; whoever else is named a creator is not, and a grant carries an invite just if it says that its subject came by one. |
//! | ADM-24 | A grant that the root key did not sign never makes a host, nor gives more than its invite. |
//! | ADM-25 | An invite is for this meeting, signed by the root key or a host who may admit, and for the key that signed the grant, unless a host has signed that. |
//! | ADM-26 | An invite is in use on no more devices than it allows. |
//! | ADM-27 | A grant is void when it, or the invite behind it, is revoked. |
//! | ADM-28 | A device is in a group once. |
//! | ADM-29 | A grant that is dated after the lock is void. |
//! | ADM-30 | Who comes in does so while its grant, and the invite behind it, is in force. |
//! | ADM-31 | A device's key is a sound one, under which nobody else can sign. |
//! | ADM-32 | Who commits, proposes or is removed is a member. |
//! | ADM-33 | Only who may admit adds, both in proposing and in committing. |
//! | ADM-34 | A commit that lets somebody in mixes in the link's key once, and no commit mixes in any other. |
//! | ADM-35 | Only who may moderate removes others. |
//! | ADM-36 | Only who may delegate removes a host. |
//! | ADM-37 | Whoever is in the group may leave it, sealed or not, and nobody leaves for another. |
//! | ADM-38 | A leaf keeps its key and its grant as long as it stands. |
//! | ADM-39 | Only who may moderate brings a new policy. |
//! | ADM-40 | The group's context has no extension but the policy, and no outside senders. |
//! | ADM-41 | Proposals that admission does not know, that replace the group, or that come from outside are refused. |
//! | ADM-42 | The suite of a group never changes. |
//! | ADM-43 | An external commit starts once, may remove, mixes in the link's key, and does nothing else. |
//! | ADM-44 | An external commit removes the joiner's own earlier leaf if there is one, and no other. |
//! | ADM-45 | In a sealed group members leave and renew their keys; only a member that comes back, or a host, enters it. |
//! | ADM-46 | Nobody new enters a locked meeting by an invite, whose holder dates the grants. |
//! | ADM-47 | A heartbeat's signature holds under the key that it names. |
//! | ADM-48 | A heartbeat is signed by a host who is in the group. |
//! | ADM-49 | A heartbeat is for the meeting, epoch, hashes and policy that the device has itself. |
//! | ADM-50 | A heartbeat follows the one before by number, hash and length of the log. |
//! | ADM-51 | A knock is signed with the link's gate key, for this meeting, device and connection. |
//! | ADM-52 | An entry is signed with the device's key, for this meeting and connection. |
//! | ADM-53 | A meeting's controls are at least as tight as its floor. |
//! | ADM-54 | A meeting's floor is never lowered. |
//! | ADM-55 | No right over others is given but by a certificate. |
//! | ADM-56 | Who comes in does so in a way that the controls allow. |
//! | ADM-57 | A meeting's suite is one that the controls allow. |
//! | ADM-58 | A banned device is in no group, by whatever grant, until who may moderate lifts the ban. |
//! | ADM-59 | Nobody is host and banned. |
//! | ADM-60 | What a member may do is what its grant gives and the controls leave. |
//! | ADM-61 | An invite is shown in a knock by who has its key, for this meeting, device and knock. |

mod capabilities;
mod codec;
mod conduct;
mod gate;
mod grant;
mod heartbeat;
mod host;
mod invite;
mod policy;
mod signature;
mod suite;
#[cfg(test)]
mod testing;
mod transition;
mod tree;
mod violation;

pub use capabilities::Capabilities;
pub use codec::Malformed;
pub use conduct::{BANNED_MAX, Conduct, RIGHTS_MAX, Rights};
pub use gate::{check_enter_proof, check_gate_tag, check_invite_proof, enter_proof, gate_tag, invite_proof};
pub use grant::{GRANT_CREDENTIAL_TYPE, Grant, GrantId, Method, SignedGrant};
pub use heartbeat::{Expectation, Heartbeat, NO_PREVIOUS, NONCES_MAX, SignedHeartbeat};
pub use host::{HostCert, SignedHostCert};
pub use invite::{InviteCert, SignedInviteCert};
pub use policy::{
    CHAIN_MAX, HOSTS_MAX, POLICY_EXTENSION_TYPE, Policy, REVOKED_MAX, RevocationsFull, SignedPolicy,
};
pub use sabha_policy as controls;
pub use sabha_protocol::{DeviceKey, MeetingId};
pub use signature::{BadSignature, SIGNATURE_BYTES, Signed, Statement, Unsignable, device_key};
pub use suite::{Suite, meeting_id};
pub use transition::{
    Committer, ProposalKind, ProposalSender, ProposalView, Transition, check_proposal, check_transition,
};
pub use tree::{CLOCK_SKEW_MS, LeafView, Member, Roster, TreeView, check_tree};
pub use violation::Violation;
