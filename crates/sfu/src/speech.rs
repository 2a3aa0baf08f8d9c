//! Tells speech from silence by the cadence and size of Opus packets, without looking into them.
//!
//! With discontinuous transmission a silent microphone sends a packet of a few bytes every 400 ms (RFC 6716
//! section 2.1.9); without it, fifty small ones a second. Speech is fifty larger ones, of varying size.
//! End-to-end encryption adds a constant, so size is judged above a floor: the smallest packet of the last
//! seconds. The audio-level extension (RFC 6464) is not used: it would show the speech envelope to anyone on the path.

use std::time::{Duration, Instant};

/// Bytes above the floor at which a packet holds sound. Comfort noise stays within 12, a vowel adds 40 and more.
const VOICED_ABOVE_FLOOR: usize = 20;
/// Highest floor. Silence of 3 bytes plus the 30 to 40 that encryption adds; so a coder with constant packets of
/// 65 bytes and more (26 kbit/s) is never taken for silent.
const FLOOR_MAX: usize = 45;
/// Floor before anything is known: a silent packet, not encrypted.
const FLOOR_INITIAL: usize = 3;
/// The floor is the smallest packet of this many seconds.
const FLOOR_SECONDS: usize = 8;
/// Packets further apart than this are silence: even 60 ms frames come faster.
const CADENCE_MAX: Duration = Duration::from_millis(120);
/// After the last voiced packet a voice is audible for this long, so that the ends of words are not cut.
const HANGOVER: Duration = Duration::from_millis(400);
/// Voiced packets, less unvoiced ones, that make a speaker: 200 ms of speech, longer than a cough or a key.
const SPEAKING_SCORE: u8 = 10;
const SCORE_MAX: u8 = 25;
/// A speaker who is silent for this long has stopped; longer than a pause between sentences.
const SPEAKING_HANGOVER: Duration = Duration::from_millis(1200);

/// What is heard in a packet that is worth forwarding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// It holds sound.
    pub(crate) voiced: bool,
    /// Mean size of the last voiced packets, in bytes.
    pub(crate) strength: u32,
    /// Somebody speaks.
    pub(crate) is_speaking: bool,
    /// Packets of its stream that were left out so far.
    pub(crate) silent_packets: u64,
}

/// Listens to one audio stream.
#[derive(Debug)]
pub(crate) struct SpeechMeter {
    smallest: [usize; FLOOR_SECONDS],
    second_started: Option<Instant>,
    last_packet: Option<Instant>,
    last_voiced: Option<Instant>,
    score: u8,
    speaking: bool,
    /// Mean size of voiced packets, in sixteenths of a byte.
    mean: u32,
}

impl SpeechMeter {
    pub(crate) fn new() -> Self {
        Self {
            smallest: [usize::MAX; FLOOR_SECONDS],
            second_started: None,
            last_packet: None,
            last_voiced: None,
            score: 0,
            speaking: false,
            mean: 0,
        }
    }

    /// Takes a packet with `bytes` of payload. Returns whether it holds sound.
    pub(crate) fn packet(&mut self, now: Instant, bytes: usize) -> bool {
        self.track_floor(now, bytes);
        let steady = self.last_packet.is_some_and(|at| now.saturating_duration_since(at) <= CADENCE_MAX);
        self.last_packet = Some(now);
        let voiced = steady && bytes >= self.floor() + VOICED_ABOVE_FLOOR;
        if voiced {
            self.last_voiced = Some(now);
            // A moving average over about 16 packets, a third of a second.
            self.mean = self.mean - self.mean / 16 + u32::try_from(bytes).unwrap_or(1500).min(1500);
            self.score = (self.score + 1).min(SCORE_MAX);
        } else {
            self.score = self.score.saturating_sub(1);
        }
        self.speaking |= self.score >= SPEAKING_SCORE;
        voiced
    }

    /// Returns the mean size of the last voiced packets, in bytes: more for louder and richer sound.
    pub(crate) fn strength(&self) -> u32 {
        self.mean / 16
    }

    /// Returns whether the stream is worth forwarding.
    pub(crate) fn is_audible(&self, now: Instant) -> bool {
        self.last_voiced.is_some_and(|at| now.saturating_duration_since(at) <= HANGOVER)
    }

    /// Returns whether somebody speaks. Call now and then also when no packets come.
    pub(crate) fn is_speaking(&mut self, now: Instant) -> bool {
        if self.last_voiced.is_none_or(|at| now.saturating_duration_since(at) > SPEAKING_HANGOVER) {
            self.speaking = false;
            self.score = 0;
        }
        self.speaking
    }

    /// Returns whether somebody spoke when it was looked at last.
    pub(crate) fn has_spoken(&self) -> bool {
        self.speaking
    }

    /// Takes what another meter found in a packet of the stream.
    pub(crate) fn hear(&mut self, now: Instant, voice: Voice) {
        if voice.voiced {
            self.last_voiced = Some(now);
        }
        self.mean = voice.strength * 16;
        self.speaking |= voice.is_speaking;
    }

    fn floor(&self) -> usize {
        let known = self.second_started.is_some() && self.smallest[FLOOR_SECONDS - 1] != usize::MAX;
        let smallest = self.smallest.iter().copied().min().unwrap_or(usize::MAX);
        // Until the window is full, a stream that began in the middle of a word must not set the floor high.
        if known { smallest.min(FLOOR_MAX) } else { smallest.min(FLOOR_INITIAL) }
    }

    fn track_floor(&mut self, now: Instant, bytes: usize) {
        let started = *self.second_started.get_or_insert(now);
        if now.saturating_duration_since(started) >= Duration::from_secs(1) {
            self.smallest.rotate_right(1);
            self.smallest[0] = usize::MAX;
            self.second_started = Some(now);
        }
        self.smallest[0] = self.smallest[0].min(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    /// Sends `count` packets, `gap` apart, whose sizes cycle through `sizes`; returns the share that was audible.
    fn run(meter: &mut SpeechMeter, now: &mut Instant, gap: Duration, sizes: &[usize], count: usize) -> f32 {
        let mut audible = 0;
        for i in 0..count {
            *now += gap;
            meter.packet(*now, sizes[i % sizes.len()]);
            audible += usize::from(meter.is_audible(*now));
        }
        audible as f32 / count as f32
    }

    proptest! {
        #[test]
        fn speech_is_heard_and_silence_is_not_whatever_encryption_adds(offset in 0usize..40) {
            let mut now = Instant::now();
            let mut meter = SpeechMeter::new();
            let silence = [3 + offset];
            let speech = [60, 110, 85, 140, 40].map(|bytes| bytes + offset);

            run(&mut meter, &mut now, Duration::from_millis(400), &silence, 30);
            prop_assert!(!meter.is_speaking(now));
            prop_assert!(run(&mut meter, &mut now, FRAME, &speech, 100) > 0.95);
            prop_assert!(meter.is_speaking(now));
            prop_assert!(run(&mut meter, &mut now, FRAME, &silence, 500) < 0.1);
            prop_assert!(!meter.is_speaking(now));
        }
    }

    #[test]
    fn silence_without_discontinuous_transmission_is_not_forwarded() {
        let mut now = Instant::now();
        let mut meter = SpeechMeter::new();
        run(&mut meter, &mut now, FRAME, &[6, 9, 12], 500);
        assert!(run(&mut meter, &mut now, FRAME, &[6, 9, 12], 500) == 0.0);
    }

    #[test]
    fn constant_rate_sound_stays_audible() {
        let mut now = Instant::now();
        let mut meter = SpeechMeter::new();
        assert!(run(&mut meter, &mut now, FRAME, &[80], 3000) > 0.99);
    }

    #[test]
    fn strength_is_the_mean_size() {
        let mut now = Instant::now();
        let mut meter = SpeechMeter::new();
        run(&mut meter, &mut now, FRAME, &[80, 120], 200);
        assert!((95..=105).contains(&meter.strength()), "{}", meter.strength());
    }

    #[test]
    fn cough_makes_no_speaker_and_pause_between_sentences_ends_none() {
        let mut now = Instant::now();
        let mut meter = SpeechMeter::new();
        run(&mut meter, &mut now, FRAME, &[4], 500);
        run(&mut meter, &mut now, FRAME, &[90], 6);
        assert!(!meter.is_speaking(now));

        run(&mut meter, &mut now, FRAME, &[90], 50);
        run(&mut meter, &mut now, FRAME, &[4], 40);
        assert!(meter.is_speaking(now));
        run(&mut meter, &mut now, FRAME, &[4], 40);
        assert!(!meter.is_speaking(now));
    }
}
