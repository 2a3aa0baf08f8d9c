//! A meeting for these tests: its papers, its delivery service, and the groups of two honest devices.

use ed25519_dalek::SigningKey;
use sabha_admission::{
    Capabilities, Grant, HostCert, InviteCert, Method, Policy, SignedGrant, SignedHostCert, SignedInviteCert,
    SignedPolicy, Suite, device_key, meeting_id,
};
use sabha_crypto::{
    group::{Applicant, Bundle, Changes, DeviceSigner, Group, Provider},
    link::LinkSecret,
};
use sabha_delivery::{Change, Delivery, Reject};
use sabha_protocol::{DeviceKey, MeetingId};

/// The time of all these tests, in unix milliseconds.
pub(crate) const NOW: u64 = 1_900_000_000_000;
pub(crate) const HOUR: u64 = 3_600_000;

/// Returns the key of this number, as it signs papers.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// Returns the key of this number, as MLS wants it.
pub(crate) fn signer(number: u8) -> DeviceSigner {
    DeviceSigner::from_seed(&[number; 32])
}

pub(crate) fn device(number: u8) -> DeviceKey {
    device_key(&key(number))
}

pub(crate) const ROOT: u8 = 1;
/// The device that made the meeting.
pub(crate) const CREATOR: u8 = 2;

/// What all papers of one meeting have in common.
#[derive(Clone, Copy)]
pub(crate) struct Papers {
    pub(crate) suite: Suite,
    pub(crate) meeting: MeetingId,
}

impl Papers {
    pub(crate) fn new(suite: Suite) -> Self {
        Self { suite, meeting: meeting_id(suite, &device(ROOT)) }
    }

    pub(crate) fn link() -> LinkSecret {
        LinkSecret::from_bytes([9; 16])
    }

    /// Returns a grant by the creator, numbered as its subject.
    pub(crate) fn grant(&self, subject: u8) -> Grant {
        Grant {
            meeting: self.meeting,
            suite: self.suite,
            subject: device(subject),
            capabilities: Capabilities::PARTICIPANT,
            issuer: device(CREATOR),
            seq: u64::from(subject),
            not_before_ms: NOW,
            not_after_ms: NOW + HOUR,
            nonce: [0; 16],
            method: Method::Manual,
            invite: None,
        }
    }

    pub(crate) fn granted(&self, subject: u8) -> SignedGrant {
        self.grant(subject).sign(&key(CREATOR)).unwrap()
    }

    pub(crate) fn creators_grant(&self) -> SignedGrant {
        let capabilities = Capabilities::HOST | Capabilities::PARTICIPANT;
        Grant { capabilities, issuer: device(ROOT), method: Method::Creator, ..self.grant(CREATOR) }
            .sign(&key(ROOT))
            .unwrap()
    }

    pub(crate) fn host_cert(&self, subject: u8, capabilities: Capabilities, issuer: u8) -> SignedHostCert {
        HostCert {
            meeting: self.meeting,
            subject: device(subject),
            capabilities,
            issuer: device(issuer),
            seq: 0,
            not_after_ms: NOW + HOUR,
        }
        .sign(&key(issuer))
        .unwrap()
    }

    /// Returns a certificate by the creator for the invite whose key has this number.
    pub(crate) fn invite(&self, number: u8) -> SignedInviteCert {
        InviteCert {
            meeting: self.meeting,
            invite: device(number),
            capabilities: Capabilities::PARTICIPANT,
            issuer: device(CREATOR),
            seq: 1000 + u64::from(number),
            not_before_ms: NOW,
            not_after_ms: NOW + HOUR,
            devices_max: 1,
        }
        .sign(&key(CREATOR))
        .unwrap()
    }

    pub(crate) fn invited(&self, subject: u8, invite: u8) -> SignedGrant {
        let cert = self.invite(invite);
        Grant { issuer: device(invite), method: Method::Invite, invite: Some(cert), ..self.grant(subject) }
            .sign(&key(invite))
            .unwrap()
    }

    /// Returns the policy that the meeting begins with.
    pub(crate) fn policy(&self) -> SignedPolicy {
        Policy {
            meeting: self.meeting,
            suite: self.suite,
            root: device(ROOT),
            version: 1,
            hosts: vec![self.host_cert(CREATOR, Capabilities::HOST, ROOT)],
            locked_at_ms: None,
            revoked: Vec::new(),
            conduct: sabha_admission::Conduct::default(),
            signer: device(ROOT),
        }
        .sign(&key(ROOT))
        .unwrap()
    }

    pub(crate) fn applicant(&self, number: u8, grant: SignedGrant) -> Applicant {
        Applicant::new(self.meeting, self.suite, Self::link(), signer(number), grant, Provider::default())
            .unwrap()
    }
}

/// A running meeting: the server's view, and the creator's.
pub(crate) struct Meeting {
    pub(crate) papers: Papers,
    pub(crate) delivery: Delivery,
    pub(crate) host: Group,
}

impl Meeting {
    pub(crate) fn new(suite: Suite) -> Self {
        let papers = Papers::new(suite);
        let host = papers.applicant(CREATOR, papers.creators_grant()).create(&papers.policy(), NOW).unwrap();
        let (info, tree) = host.state().unwrap();
        let delivery = Delivery::open(papers.meeting, &info, &tree, NOW).unwrap();
        Self { papers, delivery, host }
    }

    /// The creator changes something, and the server takes it.
    pub(crate) fn change(&mut self, changes: Changes) -> Bundle {
        let bundle = self.host.commit(changes, NOW).unwrap();
        self.deliver(&bundle).unwrap();
        bundle
    }

    /// The server takes the creator's commit.
    pub(crate) fn deliver(&mut self, bundle: &Bundle) -> Result<Change, Reject> {
        let change = deliver(&mut self.delivery, device(CREATOR), bundle)?;
        self.host.confirm(NOW).unwrap();
        Ok(change)
    }

    /// The creator adds an honest device.
    pub(crate) fn add(&mut self, number: u8) -> (Group, Bundle) {
        let applicant = self.papers.applicant(number, self.papers.granted(number));
        let bundle =
            self.change(Changes { add: vec![applicant.key_package().unwrap()], ..Changes::default() });
        let group = applicant.join(bundle.welcome.as_ref().unwrap(), &self.delivery.tree(), NOW);
        (group.map_err(|(_, reject)| reject).unwrap(), bundle)
    }

    /// Returns the policy in force with a change of the creator's.
    pub(crate) fn policy(&self, change: impl FnOnce(&mut Policy)) -> SignedPolicy {
        let mut policy = self.host.roster().policy.successor(device(CREATOR));
        change(&mut policy);
        policy.sign(&key(CREATOR)).unwrap()
    }
}

pub(crate) fn deliver(delivery: &mut Delivery, from: DeviceKey, bundle: &Bundle) -> Result<Change, Reject> {
    delivery.commit(&from, bundle.epoch, bundle.commit.clone(), bundle.group_info.clone(), NOW)
}

pub(crate) fn refresh() -> Changes {
    Changes { refresh: true, ..Changes::default() }
}
