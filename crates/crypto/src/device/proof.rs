//! The certificate: what this device saw of the meeting's terms, and how a host's device and the others sign it.
//!
//! ```text
//!  host's device that keeps the log                              everybody else's
//!  command: make ─► heartbeat with the log's head ───────────────► noted
//!                └► certificate, signed (word 6) ────────────────► compared with the own record
//!                                                                  │ the same: may be countersigned, by command
//!  collected, given out with the certificate ◄─ countersignature ◄─┘ other: alarm, never countersigned
//! ```

use std::collections::{BTreeSet, VecDeque};

use sabha_admission::SignedHeartbeat;
use sabha_protocol::{
    DeviceKey,
    device::{Alarm, CertificateView, DeviceOutput, OfferState},
    limits::COUNTERSIGNATURES_MAX,
};

use super::{ALARMS_MAX, Device, chronicle::KEEP_MS, say::Word};
use crate::{
    certificate::{
        Certificate, Comparison, Countersignature, OFFER_BYTES_MAX, Record, SignedCertificate, Span, Terms,
        Witness, compare, to_file,
    },
    log::Hash,
};

/// Epochs and heads of the log that are remembered: a certificate that was under way while so many passed is made anew.
const REMEMBERED_MAX: usize = 32;

/// What is known for a certificate.
#[derive(Default)]
pub(super) struct Proof {
    record: Record,
    /// When the record is to be kept for a reload.
    pub(super) keep_at_ms: Option<u64>,
    /// The last epochs and their transcript hashes, oldest first.
    transcripts: VecDeque<(u64, Hash)>,
    /// Of which heads of the log the hosts' heartbeats spoke last, oldest first.
    heads: VecDeque<(DeviceKey, u64, Hash)>,
    made: Option<Made>,
    offer: Option<Offer>,
}

/// The own certificate.
struct Made {
    signed: SignedCertificate,
    hash: Hash,
    offered: bool,
    countersignatures: Vec<Countersignature>,
}

/// A host's certificate.
struct Offer {
    signed: SignedCertificate,
    from: DeviceKey,
    opinion: Opinion,
}

enum Opinion {
    Agrees(Vec<Span>),
    Countersigned(Box<Countersignature>),
    Differs,
    Unclear,
}

impl Proof {
    pub(super) fn new(record: Record) -> Self {
        Self { record, ..Self::default() }
    }

    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    fn transcript_hash(&self, epoch: u64) -> Option<Hash> {
        self.transcripts.iter().find(|(of, _)| *of == epoch).map(|(_, hash)| *hash)
    }

    fn log_head(&self, of: &DeviceKey, entries: u64) -> Option<Hash> {
        let head = |(device, size, _): &&(DeviceKey, u64, Hash)| device == of && *size == entries;
        self.heads.iter().rev().find(head).map(|(_, _, head)| *head)
    }
}

impl Device {
    /// Notes which terms hold in the group's epoch: after each step of the group.
    pub(super) fn watch_terms(&mut self) {
        let now_ms = self.now_ms;
        let Some(group) = self.group() else { return };
        let (epoch, transcript_hash) = (group.epoch().0, group.transcript_hash());
        let terms = Terms::of(&group.roster().policy);
        self.proof.record.see(epoch, terms, now_ms);
        self.proof.keep_at_ms.get_or_insert(now_ms + KEEP_MS);
        remember(&mut self.proof.transcripts, (epoch, transcript_hash));
        self.look_at_offer();
    }

    /// Notes of which head of the log a host's heartbeat speaks, which this device has accepted.
    pub(super) fn note_log_head(&mut self, heartbeat: &SignedHeartbeat) {
        let now_ms = self.now_ms;
        self.proof.record.still(now_ms);
        let head = (heartbeat.signer, heartbeat.log_size, heartbeat.log_head);
        if self.proof.heads.back() != Some(&head) {
            remember(&mut self.proof.heads, head);
        }
        self.look_at_offer();
    }

    /// Certifies what this device saw until now, on the one that keeps the log, and offers it to the others.
    pub(super) fn make_certificate(&mut self) {
        let Some(signed) = self.certify() else { return };
        let bytes = signed.to_bytes();
        let offered = bytes.len() <= OFFER_BYTES_MAX && self.joined;
        let hash = signed.hash();
        self.proof.made = Some(Made { signed, hash, offered, countersignatures: Vec::new() });
        self.changed = true;
        if offered {
            // So that everybody can compare the log's head with what the host says of it.
            self.beat();
            self.words.retain(|word| !matches!(word, Word::Certificate(_)));
            self.say(Word::Certificate(bytes));
        }
    }

    pub(super) fn certify(&mut self) -> Option<SignedCertificate> {
        let now_ms = self.now_ms;
        let group = self.group().filter(|_| self.is_host() && !self.proof.record.is_full())?;
        let (transcript_hash, policy) = (group.transcript_hash(), group.roster().policy.clone());
        let log = self.chronicle.as_ref()?.log();
        let (log_entries, log_head) = (log.size(), log.head());
        self.proof.record.still(now_ms);
        let record = self.proof.record.clone();
        let certificate =
            Certificate { log_entries, log_head, transcript_hash, signer: self.me(), policy, record };
        Some(certificate.sign(self.signer.key()))
    }

    /// The meeting has ended: gives out the certificate, and makes one if there is none.
    pub(super) fn close_certificate(&mut self) {
        if self.proof.made.is_none()
            && let Some(signed) = self.certify()
        {
            let hash = signed.hash();
            self.proof.made = Some(Made { signed, hash, offered: false, countersignatures: Vec::new() });
        }
        self.give_out_certificate();
    }

    pub(super) fn give_out_certificate(&mut self) {
        if let Some(text) = self.export_certificate() {
            self.out.push_back(DeviceOutput::Certificate { text });
        }
    }

    /// Returns the certificate that this device made, with all countersignatures, or the one that it countersigned, with
    /// its own.
    pub fn export_certificate(&self) -> Option<String> {
        let file = match (&self.proof.made, &self.proof.offer) {
            (Some(made), _) => to_file(&made.signed, &made.countersignatures),
            (None, Some(Offer { signed, opinion: Opinion::Countersigned(own), .. })) => {
                to_file(signed, std::slice::from_ref(own))
            }
            _ => None,
        }?;
        serde_json::to_string_pretty(&file).ok().map(|text| format!("{text}\n"))
    }

    /// A host offers a certificate of its own. A newer one takes its place.
    pub(super) fn heard_certificate(&mut self, from: DeviceKey, bytes: &[u8]) {
        let Some(group) = self.group() else { return };
        let Ok(signed) = SignedCertificate::from_bytes(bytes) else { return };
        let own = signed.verify().is_ok_and(|certificate| certificate.signer == from);
        if !own || !group.roster().is_host(&from) || from == self.me() {
            return;
        }
        self.proof.offer = Some(Offer { signed, from, opinion: Opinion::Unclear });
        self.look_at_offer();
    }

    /// Compares the offered certificate with what this device saw, as long as it cannot tell.
    fn look_at_offer(&mut self) {
        let (meeting, now_ms) = (self.secrets.meeting, self.now_ms);
        let proof = &mut self.proof;
        let Some(Offer { signed, from, opinion: Opinion::Unclear }) = &proof.offer else { return };
        let certificate = &signed.body;
        let witness = Witness {
            meeting,
            record: &proof.record,
            transcript_hash: proof.transcript_hash(certificate.until().0),
            log_head: proof.log_head(from, certificate.log_entries),
            now_ms,
        };
        let opinion = match compare(certificate, &witness) {
            Comparison::Unclear => return,
            Comparison::Same(spans) => Opinion::Agrees(spans),
            Comparison::Differs(differences) => {
                // Nothing that is being said now is in doubt by it: sending goes on.
                let alarm = Alarm::Certificate { differences: differences.into_iter().collect() };
                if self.alarms.last() != Some(&alarm) && self.alarms.len() < ALARMS_MAX {
                    self.alarms.push(alarm);
                }
                Opinion::Differs
            }
        };
        if let Some(offer) = &mut self.proof.offer {
            offer.opinion = opinion;
        }
        self.changed = true;
    }

    /// Countersigns what is offered, if this device saw the same.
    // CERT-12
    pub(super) fn countersign(&mut self) {
        let Some(grant) = self.secrets.grant.clone() else { return };
        let Some(offer) = &mut self.proof.offer else { return };
        let Opinion::Agrees(spans) = &offer.opinion else { return };
        let own = Countersignature::sign(offer.signed.hash(), grant, spans.clone(), self.signer.key());
        let bytes = own.to_bytes();
        offer.opinion = Opinion::Countersigned(Box::new(own));
        self.changed = true;
        self.say(Word::Countersignature(bytes));
    }

    pub(super) fn heard_countersignature(&mut self, from: DeviceKey, bytes: &[u8]) {
        let Some(made) = &mut self.proof.made else { return };
        let Ok(one) = Countersignature::from_bytes(bytes) else { return };
        let known: BTreeSet<_> = made.countersignatures.iter().map(Countersignature::signer).collect();
        let fits = one.certificate == made.hash
            && one.signer() == from
            && !known.contains(&from)
            && known.len() < COUNTERSIGNATURES_MAX;
        if fits && one.verify(&made.signed).is_ok() {
            made.countersignatures.push(one);
            self.changed = true;
        }
    }

    pub(super) fn certificate_view(&self) -> CertificateView {
        match (&self.proof.made, &self.proof.offer) {
            (Some(made), _) => CertificateView::Made {
                until_ms: made.signed.body.until().1,
                countersigned: u16::try_from(made.countersignatures.len()).unwrap_or(u16::MAX),
                offered: made.offered,
            },
            (None, Some(offer)) => CertificateView::Offered {
                from: offer.from,
                until_ms: offer.signed.body.until().1,
                state: match offer.opinion {
                    Opinion::Agrees(_) => OfferState::Agrees,
                    Opinion::Countersigned(_) => OfferState::Countersigned,
                    Opinion::Differs => OfferState::Differs,
                    Opinion::Unclear => OfferState::Unclear,
                },
            },
            (None, None) => CertificateView::None,
        }
    }
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= REMEMBERED_MAX {
        list.pop_front();
    }
    list.push_back(item);
}
