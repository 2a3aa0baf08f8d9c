//! The certificate: what this device saw of the meeting's terms, and how a host's device and the others sign it.
//!
//! ```text
//!  a host's device                                               everybody else's
//!  command: make ─► heartbeat with the log's head ───────────────► noted
//!                └► certificate, signed (word 6) ────────────────► compared with the own record
//!                                                                  │ the same: may be countersigned, by command
//!  collected, given out with the certificate ◄─ countersignature ◄─┘ other: alarm, never countersigned
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sabha_admission::{SignedHeartbeat, SignedPolicy};
use sabha_protocol::{
    DeviceKey,
    device::{Alarm, CertificateView, DeviceOutput, OfferState},
    limits::COUNTERSIGNATURES_MAX,
};

use super::{
    ALARMS_MAX, Device,
    chronicle::{Chronicle, KEEP_MS},
    say::Word,
};
use crate::{
    certificate::{
        Certificate, Comparison, Countersignature, PART_BYTES_MAX, RECORD_BYTES_MAX, Record,
        SignedCertificate, Span, Terms, Witness, compare, to_file,
    },
    codec::{Malformed, Reader, Writer},
    log::{Hash, MerkleTree},
};

/// Epochs and heads of the log that are remembered: a certificate that was under way while so many passed is made anew.
const REMEMBERED_MAX: usize = 32;

/// Parts of a certificate: the longest record, and the longest policy.
const PARTS_MAX: usize = (RECORD_BYTES_MAX + 2 * PART_BYTES_MAX).div_ceil(PART_BYTES_MAX);
/// Hosts whose parts are kept until they are whole. There are few hosts, and fewer who certify at the same moment.
const PARTIAL_MAX: usize = 4;

/// Longest form of what is kept for a reload, in bytes: the record, and where it ended with a policy.
pub(super) const BYTES_MAX: usize = RECORD_BYTES_MAX + 1 + 2 + 0xffff + 2 * 32 + 8;

/// What is known for a certificate.
#[derive(Default)]
pub(super) struct Proof {
    record: Record,
    /// Where the group stood in the last epoch that is in the record.
    end: Option<End>,
    /// Certificates of hosts, as far as they have come.
    partial: BTreeMap<DeviceKey, (u8, Vec<u8>)>,
    /// When the record is to be kept for a reload.
    pub(super) keep_at_ms: Option<u64>,
    /// The last epochs and their transcript hashes, oldest first.
    transcripts: VecDeque<(u64, Hash)>,
    /// Of which heads of the log the hosts' heartbeats spoke last, oldest first.
    heads: VecDeque<(DeviceKey, u64, Hash)>,
    made: Option<Made>,
    offer: Option<Offer>,
}

/// What a certificate says of the end of its record.
#[derive(Clone)]
struct End {
    policy: SignedPolicy,
    transcript_hash: Hash,
    log_entries: u64,
    log_head: Hash,
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
    #[cfg(test)]
    pub(super) fn new(record: Record) -> Self {
        Self { record, ..Self::default() }
    }

    #[cfg(test)]
    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// Returns what is kept for a reload: the record may turn out to be full when the device is back.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let writer = self.record.write(Writer::default());
        match &self.end {
            Some(end) => writer
                .u8(1)
                .vector(&end.policy.to_bytes())
                .array(&end.transcript_hash)
                .u64(end.log_entries)
                .array(&end.log_head)
                .done(),
            None => writer.u8(0).done(),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let record = Record::read(reader)?;
        let end = if reader.flag()? {
            Some(End {
                policy: SignedPolicy::from_bytes(reader.vector()?).map_err(|_| Malformed)?,
                transcript_hash: reader.array()?,
                log_entries: reader.u64()?,
                log_head: reader.array()?,
            })
        } else {
            None
        };
        Ok(Self { record, end, ..Self::default() })
    }

    /// Returns from when on the record says nothing, in unix milliseconds; nothing while it has room.
    pub(super) fn full_from_ms(&self) -> Option<u64> {
        self.record.stretches().last().filter(|_| self.record.is_full()).map(|last| last.until_ms)
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
        let policy = group.roster().policy.clone();
        let (log_entries, log_head) = self.log_stands();
        let was_full = self.proof.record.is_full();
        self.proof.record.see(epoch, Terms::of(&policy), now_ms);
        if self.proof.record.is_full() {
            self.changed |= !was_full;
        } else {
            self.proof.end = Some(End { policy, transcript_hash, log_entries, log_head });
        }
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

    /// Returns how many entries the meeting's log has, and their head; none on a device that does not keep it, as its
    /// heartbeats say too.
    fn log_stands(&self) -> (u64, Hash) {
        let log = self.chronicle.as_ref().map(Chronicle::log);
        log.map_or_else(|| (0, MerkleTree::default().head()), |log| (log.size(), log.head()))
    }

    /// Certifies what this host's device saw until now, and offers it to the others.
    pub(super) fn make_certificate(&mut self) {
        let Some(signed) = self.certify() else { return };
        let bytes = signed.to_bytes();
        let offered = self.joined;
        let hash = signed.hash();
        self.proof.made = Some(Made { signed, hash, offered, countersignatures: Vec::new() });
        self.changed = true;
        if offered {
            // So that everybody can compare the log's head with what the host says of it.
            self.beat();
            self.words.retain(|word| !matches!(word, Word::Certificate(_) | Word::CertificatePart { .. }));
            self.say_certificate(bytes);
        }
    }

    /// In one word where it fits, else in as many as it needs.
    fn say_certificate(&mut self, bytes: Vec<u8>) {
        if bytes.len() <= PART_BYTES_MAX {
            self.say(Word::Certificate(bytes));
            return;
        }
        let parts = bytes.chunks(PART_BYTES_MAX);
        let of = u8::try_from(parts.len()).unwrap_or(u8::MAX);
        for (number, part) in (0..of).zip(parts) {
            self.say(Word::CertificatePart { number, of, bytes: part.to_vec() });
        }
    }

    pub(super) fn certify(&mut self) -> Option<SignedCertificate> {
        let now_ms = self.now_ms;
        let group = self.group().filter(|_| self.is_host())?;
        let (log_entries, log_head) = self.log_stands();
        let now = End {
            policy: group.roster().policy.clone(),
            transcript_hash: group.transcript_hash(),
            log_entries,
            log_head,
        };
        // A record that is full ended earlier, and so does what is certified.
        let end = if self.proof.record.is_full() { self.proof.end.clone()? } else { now };
        let End { policy, transcript_hash, log_entries, log_head } = end;
        self.proof.record.still(now_ms);
        let record = self.proof.record.clone();
        let certificate =
            Certificate { log_entries, log_head, transcript_hash, signer: self.me(), policy, record };
        Some(certificate.sign(self.signer.key()))
    }

    /// The meeting has ended: gives out the certificate, and makes one if there is none, nor one that was countersigned.
    pub(super) fn close_certificate(&mut self) {
        if self.export_certificate().is_none()
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

    /// A host says a part of its certificate. They come in their order; what does not follow begins anew.
    pub(super) fn heard_certificate_part(&mut self, from: DeviceKey, number: u8, of: u8, bytes: &[u8]) {
        let is_host = self.group().is_some_and(|group| group.roster().is_host(&from));
        let partial = &mut self.proof.partial;
        let (due, mut whole) = partial.remove(&from).filter(|_| number > 0).unwrap_or_default();
        if !is_host
            || due != number
            || number >= of
            || usize::from(of) > PARTS_MAX
            || partial.len() >= PARTIAL_MAX
        {
            return;
        }
        whole.extend_from_slice(bytes);
        if number + 1 == of {
            self.heard_certificate(from, &whole);
        } else {
            partial.insert(from, (number + 1, whole));
        }
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
        // What another host asks for goes before what this device has done.
        let asked = |offer: &&Offer| matches!(offer.opinion, Opinion::Agrees(_));
        let offer = self.proof.offer.as_ref().filter(|offer| self.proof.made.is_none() || asked(offer));
        match (self.proof.made.as_ref().filter(|_| offer.is_none()), offer) {
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
