//! Every way to break the rules of admission, one variant a rule. The rules themselves are stated in the crate's doc.
//! Not sorted: in the order of the rules.

use crate::codec::Malformed;

macro_rules! violations {
    ($($(#[$doc:meta])* $name:ident $(($source:ty))? = $id:literal, $message:literal;)*) => {
        /// A rule that something offered to this device breaks. Never its own fault: what it refers to came from
        /// another device or the server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum Violation {
            $($(#[$doc])* #[error($message)] $name $((#[source] $source))?,)*
        }

        impl Violation {
            /// Returns the id of the rule, which stays the same for ever.
            pub const fn id(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $id,)*
                }
            }
        }

        /// The ids in the order of the rules.
        #[cfg(test)]
        const IDS: &[&str] = &[$($id),*];
    };
}

violations! {
    /// The group has no policy.
    PolicyMissing = "ADM-01", "the group carries no policy";
    /// The policy cannot be read.
    PolicyMalformed(Malformed) = "ADM-02", "the policy is malformed";
    /// The root key is not that of the meeting's link.
    Root = "ADM-03", "the root key is not that of the meeting";
    /// The policy is another meeting's, or for another suite.
    PolicyForeign = "ADM-04", "the policy is not for this meeting and suite";
    /// The policy was not signed by who it says.
    PolicySignature = "ADM-05", "the policy's signature does not hold";
    /// The policy was signed by somebody who may not moderate.
    PolicySigner = "ADM-06", "the policy's signer may not moderate";
    /// A host certificate is another meeting's, or was not signed by who it says.
    HostCert = "ADM-07", "a host certificate does not hold";
    /// A host certificate does not come from the root key.
    HostChain = "ADM-08", "a host certificate does not lead to the root key";
    /// A host was given more than who made it one has.
    HostEscalation = "ADM-09", "a host certificate gives more than its issuer has";
    /// A host is listed twice.
    HostTwice = "ADM-10", "a host is listed twice";
    /// A host certificate was listed after its end.
    HostExpired = "ADM-11", "a host certificate has expired";
    /// The policy is older than the one in force, or another one of the same age.
    PolicyRollback = "ADM-12", "the policy is not newer than the one in force";
    /// The policy exchanges the meeting, the suite or the root key.
    PolicyMoved = "ADM-13", "the policy is that of another meeting than before";
    /// The policy takes a revocation back.
    RevocationDropped = "ADM-14", "the policy takes back a revocation";
    /// The hosts were changed by somebody who may not delegate.
    HostsChanged = "ADM-15", "the policy's signer may not make or unmake hosts";
    /// The root key's grant was revoked by somebody who may not delegate.
    RootGrantRevoked = "ADM-16", "the policy's signer may not revoke what the root key granted";
    /// A leaf's credential is not a grant.
    CredentialType = "ADM-17", "a leaf's credential is not a grant";
    /// A grant cannot be read.
    GrantMalformed(Malformed) = "ADM-18", "a grant is malformed";
    /// A grant is for another device than the leaf that shows it.
    Subject = "ADM-19", "a grant is for another device";
    /// A grant is another meeting's, or for another suite.
    GrantForeign = "ADM-20", "a grant is not for this meeting and suite";
    /// A grant was not signed by who it says.
    GrantSignature = "ADM-21", "a grant's signature does not hold";
    /// A grant was signed by somebody who may not admit.
    GrantIssuer = "ADM-22", "a grant's issuer may not admit";
    /// A grant says that it was made in a way in which its issuer cannot have made it.
    GrantMethod = "ADM-23", "a grant's method is not one of its issuer";
    /// A grant gives more than its issuer may give.
    GrantEscalation = "ADM-24", "a grant gives more than its issuer may";
    /// An invite does not hold.
    Invite = "ADM-25", "an invite does not hold";
    /// More devices came by an invite than it allows.
    InviteOverused = "ADM-26", "an invite is used on too many devices";
    /// A grant, or the invite behind it, was revoked.
    Revoked = "ADM-27", "a grant was revoked";
    /// A device has two leaves.
    SubjectTwice = "ADM-28", "a device is in the group twice";
    /// A grant is dated after the lock.
    AfterLock = "ADM-29", "a grant was made after the meeting was locked";
    /// A grant, or the invite behind it, is not in force at this time.
    Expired = "ADM-30", "a grant is not in force now";
    /// Signatures under a device's key prove nothing.
    WeakKey = "ADM-31", "a device's key is not sound";
    /// A sender, or somebody to be removed, is no member.
    Stranger = "ADM-32", "no member has this leaf";
    /// An Add by somebody who may not admit.
    AddWithoutAdmit = "ADM-33", "an Add by somebody who may not admit";
    /// The link's key is not in the commit exactly when it must be.
    Psk = "ADM-34", "the pre-shared keys of a commit are not as they must be";
    /// A Remove by somebody who may not moderate.
    RemoveWithoutModerate = "ADM-35", "a Remove by somebody who may not moderate";
    /// A host removed by somebody who may not delegate.
    HostRemoved = "ADM-36", "a host removed by somebody who may not delegate";
    /// A SelfRemove by somebody who is no member.
    SelfRemove = "ADM-37", "a SelfRemove by somebody who is no member";
    /// A new leaf has another key or grant than the old one.
    LeafChanged = "ADM-38", "a leaf's key or grant was exchanged";
    /// A policy brought by somebody who may not moderate.
    PolicyWithoutModerate = "ADM-39", "a policy by somebody who may not moderate";
    /// The group's context has another extension than the policy.
    Extension = "ADM-40", "the group's context has another extension than the policy";
    /// A proposal of a kind or from a sender that is never allowed.
    Proposal = "ADM-41", "a proposal that is never allowed";
    /// The cipher suite changes.
    SuiteChanged = "ADM-42", "the cipher suite changes";
    /// An external commit carries something else than it may.
    ExternalContents = "ADM-43", "an external commit is not what one may be";
    /// An external commit does not remove exactly its own earlier leaf.
    ExternalRemove = "ADM-44", "an external commit does not remove exactly its own earlier leaf";
    /// A sealed group is to change by more than shrinking.
    Sealed = "ADM-45", "the group is sealed";
    /// Somebody new comes by an invite while the meeting is locked.
    InviteWhileLocked = "ADM-46", "an invite lets nobody into a locked meeting";
    /// A heartbeat was not signed by who it says.
    HeartbeatSignature = "ADM-47", "a heartbeat's signature does not hold";
    /// A heartbeat was signed by somebody who is no host in the group.
    HeartbeatSigner = "ADM-48", "a heartbeat's signer is no host in the group";
    /// A heartbeat certifies another state of the group than this device is in.
    HeartbeatState = "ADM-49", "a heartbeat is for another state of the group";
    /// A heartbeat does not follow the one before.
    HeartbeatChain = "ADM-50", "a heartbeat does not follow the one before";
    /// A knock by somebody who does not have the link.
    GateTag = "ADM-51", "a knock's tag does not hold";
    /// An entry by somebody who does not have the device's key.
    EnterProof = "ADM-52", "an entry's proof does not hold";
    /// The policy is looser than the organisation's floor that it names.
    BelowFloor = "ADM-53", "the controls are looser than the floor";
    /// The policy lowers the floor.
    FloorLowered = "ADM-54", "the floor is lowered";
    /// The policy gives a right over others without a certificate.
    RightsEscalation = "ADM-55", "rights over others are given without a certificate";
    /// Somebody comes in by a way that the controls do not allow.
    Entry = "ADM-56", "the controls do not let anybody in this way";
    /// The suite is one that the controls do not allow.
    SuiteControl = "ADM-57", "the controls do not allow this cipher suite";
    /// A grant is for a device that is banned.
    Banned = "ADM-58", "the device is banned from the meeting";
    /// The policy names a device as host and bans it.
    HostBanned = "ADM-59", "a host is banned";
    /// A knock shows an invite whose key its device does not have.
    InviteProof = "ADM-61", "a knock's invite is not its device's";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbered_without_gaps() {
        // ADM-60 says what a member may do, and offers nothing to refuse.
        let numbers = (1..=IDS.len() + 1).filter(|number| *number != 60);
        let expected: Vec<String> = numbers.map(|number| format!("ADM-{number:02}")).collect();
        assert_eq!(IDS, expected);
        assert_eq!(Violation::GrantMalformed(Malformed::Trailing).id(), "ADM-18");
    }
}
