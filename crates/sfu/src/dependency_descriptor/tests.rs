use proptest::prelude::*;

use super::*;

/// Writes what [`Bits`] reads.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    length: usize,
}

impl Writer {
    fn write(&mut self, count: u32, value: u32) {
        for bit in (0..count).rev() {
            if self.length.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().unwrap();
            *last |= ((value >> bit & 1) as u8) << (7 - self.length % 8);
            self.length += 1;
        }
    }

    fn write_below(&mut self, limit: u32, value: u32) {
        let width = limit.ilog2() + 1;
        let short = (1 << width) - limit;
        if value < short {
            self.write(width - 1, value);
        } else {
            self.write(width, value + short);
        }
    }

    /// S and E, template and frame number.
    fn begin(template: u32, number: u16) -> Self {
        let mut writer = Self::default();
        writer.write(2, 0b11);
        writer.write(6, template);
        writer.write(16, number.into());
        writer
    }
}

/// A template as it is written: layers, an indication for each target, references, chains.
#[derive(Clone, Debug)]
struct Written {
    spatial: u8,
    temporal: u8,
    indications: Vec<u8>,
    references: Vec<u8>,
    chains: Vec<u8>,
}

fn write_structure(writer: &mut Writer, offset: u32, protected: &[u32], templates: &[Written]) {
    let targets = templates[0].indications.len() as u32;
    let chains = templates[0].chains.len() as u32;
    writer.write(6, offset);
    writer.write(5, targets - 1);
    for pair in templates.windows(2) {
        let same = (pair[0].spatial, pair[0].temporal) == (pair[1].spatial, pair[1].temporal);
        let next = if same { 0 } else { 1 + u32::from(pair[1].spatial > pair[0].spatial) };
        writer.write(2, next);
    }
    writer.write(2, 3);
    templates
        .iter()
        .flat_map(|template| &template.indications)
        .for_each(|dti| writer.write(2, (*dti).into()));
    for template in templates {
        for distance in &template.references {
            writer.write(1, 1);
            writer.write(4, u32::from(*distance) - 1);
        }
        writer.write(1, 0);
    }
    writer.write_below(targets + 1, chains);
    if chains > 0 {
        protected.iter().for_each(|chain| writer.write_below(chains, *chain));
        templates
            .iter()
            .flat_map(|template| &template.chains)
            .for_each(|chain| writer.write(4, (*chain).into()));
    }
    // A resolution for each spatial layer.
    writer.write(1, 1);
    for _ in 0..=templates.last().unwrap().spatial {
        writer.write(32, 0x0500_02d0);
    }
}

/// Two temporal layers, one chain: a key frame, a picture of layer 0 and one of layer 1 that starts it, and one that does
/// not.
fn two_layers() -> Vec<Written> {
    let template = |temporal, indications: [u8; 2], references: &[u8], chain| Written {
        spatial: 0,
        temporal,
        indications: indications.into(),
        references: references.into(),
        chains: vec![chain],
    };
    vec![
        template(0, [2, 2], &[], 0),
        template(0, [2, 3], &[2], 2),
        template(1, [0, 2], &[1], 1),
        template(1, [0, 1], &[2, 1], 1),
    ]
}

fn keyframe(offset: u32, number: u16) -> Vec<u8> {
    let mut writer = Writer::begin(offset, number);
    writer.write(5, 0b10000);
    write_structure(&mut writer, offset, &[0, 0], &two_layers());
    writer.bytes
}

#[test]
fn frames_are_what_their_templates_say() {
    let mut reader = DescriptorReader::default();
    let key = reader.read(&keyframe(61, 65_535), true).unwrap();
    assert!(key.starts_keyframe() && key.begins_sequence && key.ends);
    assert_eq!((key.number, key.spatial), (65_535, 0));
    assert_eq!(key.temporal(), Temporal { id: 0, syncs: true, opens: true });
    assert_eq!(key.references().count(), 0);
    assert_eq!(key.chains().collect::<Vec<_>>(), [None]);

    let mut read = |template, number| reader.read(&Writer::begin(template, number).bytes, true).unwrap();
    let syncing = read(63, 0);
    assert_eq!(syncing.temporal(), Temporal { id: 1, syncs: true, opens: false });
    assert!(!syncing.starts_keyframe());
    assert_eq!(syncing.references().collect::<Vec<_>>(), [65_535]);

    let base = read(62, 1);
    assert_eq!(base.temporal(), Temporal { id: 0, syncs: true, opens: false });
    assert_eq!(base.indications().collect::<Vec<_>>(), [Indication::Switch, Indication::Required]);
    assert_eq!(base.chains().collect::<Vec<_>>(), [Some(65_535)]);

    // Template ids come around.
    let upper = read(0, 2);
    assert_eq!(upper.temporal(), Temporal { id: 1, syncs: false, opens: false });
    assert_eq!(upper.references().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(upper.indications().last(), Some(Indication::Discardable));
}

/// Descriptors as Chromium 156 sends them: of VP8, then of VP9, both as L1T2.
#[test]
fn descriptors_of_a_browser_are_read() {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let mut reader = DescriptorReader::default();
    let mut read = |hex: &str| reader.read(&bytes(hex), true).unwrap();
    let temporal = |id, syncs, opens| Temporal { id, syncs, opens };

    let key = read("c00001800104eaac851450460404fc02cc");
    assert!(key.starts_keyframe());
    assert_eq!(key.indications().collect::<Vec<_>>(), [Indication::Switch; 2]);
    let vp8 = ["c30002", "c20003", "c40004", "c10005", "c30006"].map(|hex| read(hex).temporal());
    assert_eq!(vp8.map(|temporal| temporal.id), [1, 0, 1, 0, 1]);
    assert_eq!(vp8[0], temporal(1, true, false), "it needs only the key frame");
    assert_eq!(vp8[2], temporal(1, false, false), "it needs the one before");
    assert!(!read("830007").ends && !read("430007").starts);

    let key = read("c0000180011ea85141010c04fc02cc");
    assert!(key.starts_keyframe());
    assert_eq!(read("c20002").temporal().id, 1);
    let base = read("c10003");
    assert_eq!(base.temporal(), temporal(0, true, true), "nothing builds on pictures of layer 1");
    assert_eq!(base.references().collect::<Vec<_>>(), [1]);
}

#[test]
fn what_differs_from_the_template_is_read() {
    let mut reader = DescriptorReader::default();
    reader.read(&keyframe(0, 7), true).unwrap();
    let mut writer = Writer::begin(1, 300);
    writer.write(5, 0b01111);
    writer.write(2, 0b01);
    [2, 2].into_iter().for_each(|dti| writer.write(2, dti));
    // 5, 200 and 4096 frames back.
    for (size, distance) in [(1, 5), (2, 200), (3, 4096)] {
        writer.write(2, size);
        writer.write(4 * size, distance - 1);
    }
    writer.write(2, 0);
    writer.write(8, 250);

    let frame = reader.read(&writer.bytes, true).unwrap();
    assert_eq!(frame.references().collect::<Vec<_>>(), [295, 100, 300_u16.wrapping_sub(4096)]);
    assert_eq!(frame.chains().collect::<Vec<_>>(), [Some(50)]);
    assert!(!frame.temporal().opens, "the target above it is not sent");
    assert!(!reader.read(&writer.bytes, true).unwrap().temporal().opens);
    assert!(reader.read(&keyframe(0, 8), true).unwrap().temporal().opens, "all are sent again");
}

#[test]
fn late_packet_brings_no_structure_back() {
    let mut reader = DescriptorReader::default();
    reader.read(&keyframe(10, 1), true).unwrap();
    assert!(reader.read(&keyframe(40, 0), false).unwrap().starts_keyframe(), "its own packet is read by it");
    assert!(reader.read(&Writer::begin(11, 2).bytes, true).is_ok());
    assert_eq!(reader.read(&Writer::begin(41, 2).bytes, true), Err(UnknownTemplate));
}

#[test]
fn what_is_cut_short_or_beyond_bounds_is_refused_and_changes_nothing() {
    let mut reader = DescriptorReader::default();
    assert_eq!(reader.read(&Writer::begin(0, 1).bytes, true), Err(UnknownTemplate));
    let whole = keyframe(5, 1);
    reader.read(&whole, true).unwrap();
    for length in 0..whole.len() {
        assert!(reader.read(&whole[..length], true).is_err() || length == 3, "{length} bytes");
    }

    let many = |count: usize, next: u32| {
        let mut writer = Writer::begin(0, 1);
        writer.write(5, 0b10000);
        writer.write(11, 0);
        (0..count).for_each(|_| writer.write(2, next));
        writer.write(32, u32::MAX);
        writer.bytes
    };
    assert_eq!(reader.read(&many(64, 0), true), Err(TooMany("templates")));
    assert_eq!(reader.read(&many(8, 1), true), Err(TooMany("layers")));
    assert_eq!(reader.read(&many(4, 2), true), Err(TooMany("layers")));
    let mut writer = Writer::begin(5, 1);
    writer.write(5, 0b00010);
    (0..9).for_each(|_| writer.write(6, 0b01_0000));
    writer.write(2, 0);
    assert_eq!(reader.read(&writer.bytes, true), Err(TooMany("references")));
    assert!(reader.read(&Writer::begin(8, 2).bytes, true).is_ok(), "what was known is known");
}

fn structures() -> impl Strategy<Value = (Vec<Written>, Vec<u32>)> {
    (1usize..12, 1usize..6, 0usize..4).prop_flat_map(|(count, targets, chains)| {
        let chains = chains.min(targets);
        let template = (
            0u32..3,
            prop::collection::vec(0u8..4, targets),
            prop::collection::vec(1u8..17, 0..REFERENCES_MAX),
            prop::collection::vec(0u8..16, chains),
        );
        let protected = prop::collection::vec(0..(chains as u32).max(1), targets);
        (prop::collection::vec(template, count), protected).prop_map(|(steps, protected)| {
            let (mut spatial, mut temporal) = (0, 0);
            let templates =
                steps.into_iter().enumerate().map(|(index, (step, indications, references, chains))| {
                    match step {
                        1 if index > 0 && temporal < TEMPORAL_MAX => temporal += 1,
                        2 if index > 0 && spatial < SPATIAL_MAX => (spatial, temporal) = (spatial + 1, 0),
                        _ => {}
                    }
                    Written { spatial, temporal, indications, references, chains }
                });
            (templates.collect(), protected)
        })
    })
}

proptest! {
    #[test]
    fn structure_is_read_as_it_was_written(
        (templates, protected) in structures(),
        offset in 0u32..64,
        place: prop::sample::Index,
        number: u16,
    ) {
        let mut writer = Writer::begin(offset, number);
        writer.write(5, 0b10000);
        write_structure(&mut writer, offset, &protected, &templates);
        let mut reader = DescriptorReader::default();
        reader.read(&writer.bytes, true).unwrap();

        let place = place.index(templates.len());
        let written = &templates[place];
        let descriptor = Writer::begin((offset + place as u32) % 64, number).bytes;
        let frame = reader.read(&descriptor, true).unwrap();
        prop_assert_eq!((frame.spatial, frame.temporal), (written.spatial, written.temporal));
        let back = |distance: &u8| number.wrapping_sub((*distance).into());
        prop_assert_eq!(frame.references().collect::<Vec<_>>(), written.references.iter().map(back).collect::<Vec<_>>());
        let chain = |distance: &u8| (*distance > 0).then(|| back(distance));
        prop_assert_eq!(frame.chains().collect::<Vec<_>>(), written.chains.iter().map(chain).collect::<Vec<_>>());
        let indications: Vec<u8> = frame.indications().map(|indication| indication as u8).collect();
        prop_assert_eq!(&indications, &written.indications);
    }

    #[test]
    fn any_bytes_are_read_or_refused(packets in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), any::<bool>()), 1..8)) {
        let mut reader = DescriptorReader::default();
        for (packet, is_newest) in packets {
            if let Ok(frame) = reader.read(&packet, is_newest) {
                prop_assert!(frame.references().count() <= REFERENCES_MAX);
                prop_assert!(frame.indications().count() <= TARGETS_MAX && frame.chains().count() <= TARGETS_MAX);
                prop_assert!(frame.spatial <= SPATIAL_MAX && frame.temporal <= TEMPORAL_MAX);
            }
        }
    }
}
