//! A meeting for the tests: its keys, a policy with two hosts, and a group of four.

use ed25519_dalek::{Signer as _, SigningKey};

use crate::{
    Capabilities, DeviceKey, GRANT_CREDENTIAL_TYPE, Grant, HostCert, InviteCert, LeafView, MeetingId, Method,
    Policy, Roster, Signed, SignedGrant, SignedHostCert, SignedInviteCert, SignedPolicy, Statement, Suite,
    TreeView, Violation, check_tree, device_key, meeting_id, signature,
};

/// The time of all tests, in unix milliseconds.
pub(crate) const NOW: u64 = 1_800_000_000_000;
/// When everything granted in the tests ends.
pub(crate) const END: u64 = NOW + 3_600_000;

/// Leaves of the members of [`group`].
pub(crate) const CREATOR: u32 = 0;
/// A host who may admit and moderate, and not delegate.
pub(crate) const HELPER: u32 = 1;
/// Admitted by the helper.
pub(crate) const GUEST: u32 = 3;
/// Came by an invite of the creator's.
pub(crate) const INVITEE: u32 = 4;

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(crate) fn root() -> SigningKey {
    key(1)
}

pub(crate) fn creator() -> SigningKey {
    key(2)
}

pub(crate) fn helper() -> SigningKey {
    key(3)
}

pub(crate) fn guest() -> SigningKey {
    key(4)
}

pub(crate) fn invite() -> SigningKey {
    key(5)
}

pub(crate) fn invitee() -> SigningKey {
    key(6)
}

/// Somebody without any right.
pub(crate) fn stranger() -> SigningKey {
    key(9)
}

pub(crate) fn meeting() -> MeetingId {
    meeting_id(Suite::XWing, &device_key(&root()))
}

pub(crate) fn another_meeting() -> MeetingId {
    meeting_id(Suite::XWing, &device_key(&stranger()))
}

/// Signs whatever it is with whatever key.
pub(crate) fn forge<T: Statement>(body: T, key: &SigningKey) -> Signed<T> {
    let signature = key.sign(&signature::signed_bytes(&body)).to_bytes();
    Signed { body, signature }
}

pub(crate) fn host_cert(
    subject: &SigningKey,
    capabilities: Capabilities,
    issuer: &SigningKey,
) -> SignedHostCert {
    host_cert_body(subject, capabilities, issuer).sign(issuer).unwrap()
}

pub(crate) fn host_cert_body(
    subject: &SigningKey,
    capabilities: Capabilities,
    issuer: &SigningKey,
) -> HostCert {
    HostCert {
        meeting: meeting(),
        subject: device_key(subject),
        capabilities,
        issuer: device_key(issuer),
        seq: 1,
        not_after_ms: END,
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        meeting: meeting(),
        suite: Suite::XWing,
        root: device_key(&root()),
        version: 7,
        hosts: vec![
            host_cert(&creator(), Capabilities::HOST, &root()),
            host_cert(&helper(), Capabilities::ADMIT | Capabilities::MODERATE, &creator()),
        ],
        locked_at_ms: None,
        revoked: Vec::new(),
        conduct: crate::Conduct::default(),
        signer: device_key(&creator()),
    }
}

pub(crate) fn signed_policy() -> SignedPolicy {
    policy().sign(&creator()).unwrap()
}

/// A host's grant; its number is the first byte of its subject's secret.
pub(crate) fn grant(subject: &SigningKey, issuer: &SigningKey) -> Grant {
    Grant {
        meeting: meeting(),
        suite: Suite::XWing,
        subject: device_key(subject),
        capabilities: Capabilities::PARTICIPANT,
        issuer: device_key(issuer),
        seq: u64::from(subject.as_bytes()[0]),
        not_before_ms: NOW,
        not_after_ms: END,
        nonce: [8; 16],
        method: Method::Manual,
        invite: None,
    }
}

pub(crate) fn creator_grant() -> Grant {
    Grant {
        capabilities: Capabilities::HOST | Capabilities::PARTICIPANT,
        method: Method::Creator,
        ..grant(&creator(), &root())
    }
}

pub(crate) fn invite_cert_body() -> InviteCert {
    InviteCert {
        meeting: meeting(),
        invite: device_key(&invite()),
        capabilities: Capabilities::MICROPHONE | Capabilities::CHAT,
        issuer: device_key(&creator()),
        seq: 100,
        not_before_ms: NOW,
        not_after_ms: END,
        devices_max: 1,
    }
}

pub(crate) fn invite_cert() -> SignedInviteCert {
    invite_cert_body().sign(&creator()).unwrap()
}

pub(crate) fn invited_grant(subject: &SigningKey, cert: SignedInviteCert) -> Grant {
    Grant {
        capabilities: cert.capabilities,
        method: Method::Invite,
        invite: Some(cert),
        ..grant(subject, &invite())
    }
}

/// A grant by the helper for an invite that was shown.
pub(crate) fn shown_grant(subject: &SigningKey, cert: SignedInviteCert) -> Grant {
    Grant { issuer: device_key(&helper()), method: Method::InviteManual, ..invited_grant(subject, cert) }
}

/// A leaf that owns its bytes.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) index: u32,
    pub(crate) key: DeviceKey,
    pub(crate) credential_type: u16,
    pub(crate) credential: Vec<u8>,
}

impl Leaf {
    pub(crate) fn new(index: u32, grant: &SignedGrant) -> Self {
        Self {
            index,
            key: grant.subject,
            credential_type: GRANT_CREDENTIAL_TYPE,
            credential: grant.to_bytes(),
        }
    }

    pub(crate) fn view(&self) -> LeafView<'_> {
        LeafView {
            index: self.index,
            signature_key: self.key.as_bytes(),
            credential_type: self.credential_type,
            credential: &self.credential,
        }
    }
}

/// A group, and all that it is judged by.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) meeting: MeetingId,
    pub(crate) suite: u16,
    pub(crate) policy: Option<Vec<u8>>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) before: Option<SignedPolicy>,
    pub(crate) added: Vec<u32>,
    pub(crate) now_ms: u64,
}

impl Group {
    pub(crate) fn view(&self) -> TreeView<'_> {
        TreeView {
            meeting: self.meeting,
            suite: self.suite,
            policy: self.policy.as_deref(),
            leaves: self.leaves.iter().map(Leaf::view).collect(),
        }
    }

    pub(crate) fn check(&self) -> Result<Roster, Violation> {
        check_tree(&self.view(), self.before.as_ref(), &self.added, self.now_ms)
    }

    /// Returns the violation, or `None` if there is none.
    pub(crate) fn fault(&self) -> Option<Violation> {
        self.check().err()
    }

    pub(crate) fn with_policy(mut self, policy: &SignedPolicy) -> Self {
        self.policy = Some(policy.to_bytes());
        self
    }

    /// Puts the leaf in the place of whichever has its index, or adds it.
    pub(crate) fn with_leaf(mut self, leaf: Leaf) -> Self {
        self.leaves.retain(|there| there.index != leaf.index);
        self.leaves.push(leaf);
        self
    }

    pub(crate) fn with_grant(self, index: u32, grant: &SignedGrant) -> Self {
        self.with_leaf(Leaf::new(index, grant))
    }

    pub(crate) fn without(mut self, indices: &[u32]) -> Self {
        self.leaves.retain(|leaf| !indices.contains(&leaf.index));
        self
    }
}

/// The creator, a helper, a guest of the helper's, and somebody who came by an invite.
pub(crate) fn group() -> Group {
    let grants = [
        (CREATOR, creator_grant().sign(&root())),
        (HELPER, grant(&helper(), &creator()).sign(&creator())),
        (GUEST, grant(&guest(), &helper()).sign(&helper())),
        (INVITEE, invited_grant(&invitee(), invite_cert()).sign(&invite())),
    ];
    Group {
        meeting: meeting(),
        suite: Suite::XWing.code(),
        policy: Some(signed_policy().to_bytes()),
        leaves: grants.map(|(index, grant)| Leaf::new(index, &grant.unwrap())).to_vec(),
        before: None,
        added: vec![CREATOR, HELPER, GUEST, INVITEE],
        now_ms: NOW,
    }
}
