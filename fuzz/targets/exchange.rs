//! What a stranger shares, in any format: a draft within its bounds, which travels no further when it goes out again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_advisory::{
    Imported, LEFT_OUT_MAX, Owner, Sent, Source, Tlp, csaf::Csaf, import, import_as, misp, stix,
};

fuzz_target!(|bytes: &[u8]| {
    for sent in [Sent::Anything, Sent::Html, Sent::Text] {
        if let Ok(found) = import_as(bytes, sent) {
            check(bytes, &found);
        }
    }
});

fn check(bytes: &[u8], found: &Imported) {
    assert!(found.left_out.len() <= LEFT_OUT_MAX);
    // A document of CSAF is taken as it is, whatever is wrong with it.
    if !bytes.ends_with(&found.content) {
        Csaf::read(&found.content).expect("a draft has the shape of the schema");
    }
    let tlp = found.tlp.unwrap_or(Tlp::Red);
    let source = Source {
        key: "document",
        kind: found.kind,
        tlp,
        owner: Owner { key: "owner", name: "Owner" },
        created_ms: 0,
        modified_ms: 0,
        withdrawn: false,
        content: &found.content,
    };
    let bundle = stix::export(&source).expect("a draft can be read").write();
    assert_eq!(stix::export(&source).map(|again| again.write()).as_ref(), Ok(&bundle));
    let event = misp::export(&source).expect("a draft can be read");
    for out in [bundle, event] {
        // What had only a place in one of the two may leave nothing.
        if let Ok(back) = import(&out) {
            assert!(back.tlp.is_some_and(|back| back >= tlp));
        }
    }
}
