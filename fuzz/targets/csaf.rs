//! An advisory of a stranger: judged within its bounds, read without fault, and written in one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_advisory::csaf::{self, Csaf, FINDINGS_OF_RULE_MAX, RULES};

fuzz_target!(|bytes: &[u8]| {
    let report = csaf::validate(bytes);
    if let Ok(report) = &report {
        assert!(report.findings().len() <= FINDINGS_OF_RULE_MAX * RULES.len());
    }
    let Ok(document) = Csaf::read(bytes) else {
        // Whatever is valid can be read.
        assert!(!report.is_ok_and(|report| report.is_valid()));
        return;
    };
    let _ = document.document.distribution.as_ref().map(|distribution| distribution.label());
    let written = document.write().expect("what is written is hardly longer than what was read");
    let again = Csaf::read(&written).expect("what was written can be read");
    assert_eq!(again.write().as_ref(), Ok(&written));
});
