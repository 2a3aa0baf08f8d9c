//! A meeting's certificate, alone or with the log that it was made from.

use std::path::Path;

use data_encoding::HEXLOWER;
use sabha_crypto::{
    certificate::{Period, Verified, verify},
    log::LogSummary,
    policy::{Control, Controls, Setting},
};
use sabha_protocol::{
    DeviceKey, MeetingId,
    limits::CERTIFICATE_BYTES_MAX,
    wire::certificate::{CertificateFile, CertifiedSpan},
};
use serde::Serialize;

use super::{Details, Finding, chain, check_meeting};

#[derive(Serialize)]
pub(super) struct Summary {
    meeting: MeetingId,
    /// The MLS number of the cipher suite.
    suite: u16,
    root: DeviceKey,
    signer: DeviceKey,
    /// Unix milliseconds.
    from_ms: u64,
    until_ms: u64,
    epoch: u64,
    log_entries: u64,
    /// Hexadecimal.
    log_head: String,
    /// Whether the log was checked with it.
    log_checked: bool,
    /// Whether the signer keeps the meeting's log. Of one that does not, the certificate and the log say the same of the
    /// epochs that both have.
    keeps_log: bool,
    /// Times in which the host's device was away.
    gaps: usize,
    /// Whether the device had no room for what came after `until_ms`.
    record_full: bool,
    /// What changed, oldest first.
    changes: Vec<Change>,
    countersigned: Vec<Countersigner>,
}

#[derive(Serialize)]
struct Change {
    epoch: u64,
    time_ms: u64,
    what: Vec<String>,
}

#[derive(Serialize)]
struct Countersigner {
    device: DeviceKey,
    spans: Vec<CertifiedSpan>,
}

/// Checks a certificate, and its log if there is one, which holds.
pub(super) fn check(
    file: &Path,
    meeting: Option<MeetingId>,
    log: Option<&LogSummary>,
) -> Result<Finding, String> {
    let text = super::read(file, CERTIFICATE_BYTES_MAX)?;
    let file: CertificateFile = super::parse(&text)?;
    let verified = verify(&file).map_err(|error| chain(&error))?;
    check_meeting(meeting, verified.certificate.meeting())?;
    if let Some(log) = log {
        verified.certificate.check_log(log).map_err(|error| chain(&error))?;
    }
    let summary = summary(&file, &verified, log.is_some());
    let periods = verified.certificate.record.stretches().iter().flat_map(|stretch| &stretch.periods);
    Ok(finding(summary, periods.last()))
}

fn summary(file: &CertificateFile, verified: &Verified, log_checked: bool) -> Summary {
    let body = &file.certificate;
    let stretches = verified.certificate.record.stretches();
    let periods: Vec<&Period> = stretches.iter().flat_map(|stretch| &stretch.periods).collect();
    let (epoch, until_ms) = verified.certificate.until();
    let changes = periods.windows(2).filter_map(|pair| {
        let [before, after] = pair else { return None };
        let what = differences(before, after);
        (!what.is_empty()).then_some(Change { epoch: after.epoch, time_ms: after.time_ms, what })
    });
    Summary {
        meeting: body.meeting,
        suite: body.suite,
        root: body.root,
        signer: body.signer,
        from_ms: periods.first().map_or(until_ms, |first| first.time_ms),
        until_ms,
        epoch,
        log_entries: body.log.entries,
        log_head: HEXLOWER.encode(body.log.head.as_bytes()),
        log_checked,
        keeps_log: verified.certificate.keeps_log(),
        gaps: stretches.len().saturating_sub(1),
        record_full: verified.certificate.record.is_full(),
        changes: changes.collect(),
        countersigned: verified
            .countersigners
            .iter()
            .zip(&file.countersignatures)
            .map(|(one, entry)| Countersigner { device: one.device, spans: entry.spans.clone() })
            .collect(),
    }
}

/// Says what one period has otherwise than the one before. A new policy that only lets somebody in or out says nothing.
fn differences(before: &Period, after: &Period) -> Vec<String> {
    let (before, after) = (&before.terms, &after.terms);
    let named = |control: Control, setting: Setting| Controls::named(control, setting);
    let mut what: Vec<String> = before
        .controls
        .difference(&after.controls)
        .iter()
        .map(|changed| {
            let (id, way) = (changed.control.id(), if changed.tightens { "tighter" } else { "looser" });
            let (from, to) = (named(changed.control, changed.before), named(changed.control, changed.after));
            format!("{id} {way}: {from} -> {to}")
        })
        .collect();
    if before.floor != after.floor {
        what.push("the organisation's floor was raised".to_owned());
    }
    if before.suspended != after.suspended {
        what.push(if after.suspended { "all was suspended" } else { "the suspension was lifted" }.to_owned());
    }
    if before.locked_at_ms.is_some() != after.locked_at_ms.is_some() {
        what.push(if after.locked_at_ms.is_some() { "locked" } else { "unlocked" }.to_owned());
    }
    if before.hosts != after.hosts {
        what.push(format!("hosts: {} -> {}", before.hosts, after.hosts));
    }
    if before.more != after.more {
        what.push(format!("members with more rights: {} -> {}", before.more.members, after.more.members));
    }
    if before.less != after.less {
        what.push(format!("members with fewer rights: {} -> {}", before.less.members, after.less.members));
    }
    what
}

fn finding(summary: Summary, last: Option<&Period>) -> Finding {
    let mut lines = vec![
        format!("certificate of meeting {}", summary.meeting),
        format!("root key  {}", String::from(summary.root)),
        format!("signed by {}", String::from(summary.signer)),
        format!("from      {} (unix ms)", summary.from_ms),
        format!("until     {} (unix ms), epoch {}", summary.until_ms, summary.epoch),
        format!("gaps      {}", summary.gaps),
        format!("countersigned by {}", summary.countersigned.len()),
    ];
    if summary.record_full {
        lines.push(format!(
            "record full from {} (unix ms) on: nothing is said of what came after",
            summary.until_ms
        ));
    }
    if !summary.keeps_log {
        lines.push("the signer does not keep the meeting's log: it says what its own device saw".to_owned());
    }
    lines.extend(summary.countersigned.iter().map(|one| {
        let spans: Vec<_> =
            one.spans.iter().map(|span| format!("{}-{}", span.from_epoch, span.until_epoch)).collect();
        format!("  {} saw epochs {}", String::from(one.device), spans.join(", "))
    }));
    if let Some(last) = last {
        lines.push("controls at the end, where not at their loosest:".to_owned());
        let controls = last.terms.controls.iter();
        lines.extend(controls.map(|(control, setting)| {
            format!("  {:<26} {}", control.id(), Controls::named(control, setting))
        }));
    }
    lines.push(format!("changes   {}", summary.changes.len()));
    lines.extend(
        summary.changes.iter().map(|change| {
            format!("  {} (epoch {}) {}", change.time_ms, change.epoch, change.what.join("; "))
        }),
    );
    let mut proved = vec![
        "a host's device, certified by the meeting's root key, has signed that these controls held, and nothing was changed since"
            .to_owned(),
        "what is said of the end stands in a policy that a host signed".to_owned(),
    ];
    if !summary.countersigned.is_empty() {
        proved.push(
            "each device that countersigned was let in by a host's grant, and says that it saw the same in the epochs listed"
                .to_owned(),
        );
    }
    let mut not_proved = vec![
        "that the devices' clocks were right".to_owned(),
        "who the people were, and that different devices are different people: a host can let in its own"
            .to_owned(),
    ];
    if summary.log_checked && !summary.keeps_log {
        proved.push(
            "it and this log say the same of every epoch that both have: the same policy, and the same last epoch".to_owned(),
        );
    } else if summary.log_checked {
        proved.push(
            "it is of this log: every policy and epoch in the log up to its head is in the certificate, and no other".to_owned(),
        );
    } else {
        not_proved.push("that it is of the meeting's log: give the log with --log".to_owned());
    }
    if summary.countersigned.is_empty() {
        not_proved.push("that anybody else saw the same: nobody has countersigned".to_owned());
    }
    if summary.record_full {
        not_proved.push("what held after the record was full".to_owned());
    }
    if !summary.keeps_log {
        not_proved.push("what held before the signer's device came to the meeting".to_owned());
    }
    if summary.gaps > 0 {
        not_proved.push("what held while the host's device was away".to_owned());
    }
    Finding { details: Details::Certificate(summary), lines, proved, not_proved }
}
