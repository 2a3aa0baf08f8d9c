//! The start of a VP9 packet. It is read as the same however often it is renumbered, and nothing else of it changes.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sabha_sfu::Vp9Descriptor;

fuzz_target!(|input: (u16, u8, Vec<u8>)| {
    let (picture, tl0, payload) = input;
    let payload: Arc<[u8]> = payload.into();
    let Some(before) = Vp9Descriptor::parse(&payload) else { return };
    let sent = before.renumbered(&payload, Some(picture), Some(tl0));
    let after = Vp9Descriptor::parse(&sent).expect("what was one still is one");

    assert_eq!(sent.len(), payload.len());
    assert_eq!(after.starts_keyframe(), before.starts_keyframe());
    assert_eq!(after.picture_id().is_some(), before.picture_id().is_some());
    assert_eq!(after.tl0_pic_idx(), before.tl0_pic_idx().map(|_| tl0));
    // A descriptor ends with the fifth byte at the latest, as far as it is read.
    assert!(sent.iter().zip(&*payload).skip(5).all(|(new, old)| new == old));
    let back = after.renumbered(&sent, before.picture_id(), before.tl0_pic_idx());
    assert_eq!(back, payload);
});
