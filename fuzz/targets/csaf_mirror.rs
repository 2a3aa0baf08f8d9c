//! What providers answer to a mirror: whatever it is, a run ends, asks nobody whom the configuration does not name, and keeps
//! nothing that its judge does not take.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_advisory::csaf::mirror::{Answer, Judge, Order, Reach, Run, Source, Step};

struct Distrustful;

impl Judge for Distrustful {
    type Key = ();

    fn key(&self, _: &[u8], _: &str) -> Result<(), String> {
        Ok(())
    }

    fn verify(&self, (): &(), _: &[u8], _: &[u8]) -> Result<(), String> {
        Err("it is not signed".to_owned())
    }
}

fuzz_target!(|data: &[u8]| {
    let reach = Reach::new(["cert.example.org"], false).expect("it is a host");
    let url = "https://cert.example.org/.well-known/csaf/provider-metadata.json";
    let sources = vec![Source::Metadata(reach.address(url).expect("it is at that host"))];
    let order = Order { sources, reach, pinned: None, mirror: true, namespace: None, known: Vec::new() };
    let mut run = Run::new(order, Distrustful, 0);
    // Answers stand one after another, with a byte that no JSON has between them.
    let mut answers = data.split(|byte| *byte == 0xFF);
    for _ in 0..10_000 {
        match run.next(0) {
            Step::Fetch(fetch) => {
                assert_eq!(fetch.address.host(), "cert.example.org");
                run.answered(match answers.next() {
                    Some([b'>', url @ ..]) => Answer::Moved(String::from_utf8_lossy(url).into_owned()),
                    Some(file) => Answer::Found(file.to_vec()),
                    None => Answer::Missing,
                });
            }
            Step::KeepMetadata(_) => run.kept(),
            Step::Keep(document) => panic!("nobody signed {}", document.address),
            Step::Done(_) => return,
        }
    }
    panic!("a run without an end");
});
