//! Packets that look like Opus speech to everything but an ear.
//!
//! The first byte is a valid table-of-contents byte (RFC 6716 section 3.1) and the rest is random, which an
//! Opus decoder takes for noise. Speech comes in spurts; in between the encoder's discontinuous
//! transmission sends one tiny packet every 400 ms (RFC 6716 section 2.1.9).

use super::{AUDIO_TICKS, AudioSource, AudioStep, random::Random};

/// One frame of 20 ms, hybrid fullband, mono, in the packet.
const TOC: u8 = 15 << 3;

const PACKET_TICKS: u32 = AUDIO_TICKS / 50;

/// Time between the packets of discontinuous transmission: 400 ms.
const SILENCE_TICKS: u32 = AUDIO_TICKS * 2 / 5;

/// Payload of a packet of speech, in bytes: 24 to 48 kbit/s at 50 packets per second.
const SPEECH_BYTES: (u32, u32) = (60, 121);

/// Length of a talk spurt, in packets: 1 to 4 s (conversation after ITU-T P.59: mean about 1 s, longer for monologue).
const SPURT_PACKETS: (u32, u32) = (50, 201);

/// Length of a pause, in packets of discontinuous transmission: 0.8 to 2.4 s.
const PAUSE_PACKETS: (u32, u32) = (2, 7);

/// Generated speech or sound.
#[derive(Clone, Debug)]
pub struct GeneratedAudio {
    random: Random,
    rhythm: Rhythm,
}

#[derive(Clone, Copy, Debug)]
enum Rhythm {
    Continuous,
    Talking { packets_left: u32, fresh: bool },
    Silent { packets_left: u32 },
}

impl GeneratedAudio {
    /// Returns somebody who talks and pauses.
    pub const fn speech(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let packets_left = random.between(SPURT_PACKETS.0, SPURT_PACKETS.1);
        Self { random, rhythm: Rhythm::Talking { packets_left, fresh: true } }
    }

    /// Returns sound without a pause, such as music.
    pub const fn continuous(seed: u64) -> Self {
        Self { random: Random::new(seed), rhythm: Rhythm::Continuous }
    }

    fn sound(&mut self, payload: &mut Vec<u8>) {
        payload.push(TOC);
        let bytes = self.random.between(SPEECH_BYTES.0, SPEECH_BYTES.1) as usize;
        self.random.fill(payload, bytes - 1);
    }
}

impl AudioSource for GeneratedAudio {
    fn next_packet(&mut self, payload: &mut Vec<u8>) -> AudioStep {
        match self.rhythm {
            Rhythm::Continuous => {
                self.sound(payload);
                AudioStep { ticks: PACKET_TICKS, starts_spurt: false }
            }
            Rhythm::Talking { packets_left, fresh } => {
                self.sound(payload);
                self.rhythm = if packets_left <= 1 {
                    let pause = self.random.between(PAUSE_PACKETS.0, PAUSE_PACKETS.1);
                    Rhythm::Silent { packets_left: pause }
                } else {
                    Rhythm::Talking { packets_left: packets_left - 1, fresh: false }
                };
                AudioStep { ticks: PACKET_TICKS, starts_spurt: fresh }
            }
            Rhythm::Silent { packets_left } => {
                // A packet of one byte is a frame of no bytes: the decoder makes comfort noise.
                payload.push(TOC);
                self.rhythm = if packets_left <= 1 {
                    let spurt = self.random.between(SPURT_PACKETS.0, SPURT_PACKETS.1);
                    Rhythm::Talking { packets_left: spurt, fresh: true }
                } else {
                    Rhythm::Silent { packets_left: packets_left - 1 }
                };
                AudioStep { ticks: SILENCE_TICKS, starts_spurt: false }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_has_spurts_at_fifty_packets_per_second_and_nearly_silent_pauses() {
        let mut source = GeneratedAudio::speech(1);
        let (mut spurts, mut silent, mut previous_silent) = (0, 0, true);

        for _ in 0..5_000 {
            let mut payload = Vec::new();
            let step = source.next_packet(&mut payload);
            let is_silent = payload.len() == 1;
            assert_eq!(step.starts_spurt, previous_silent && !is_silent, "the marker bit starts each spurt");
            assert_eq!(step.ticks, if is_silent { 19_200 } else { 960 });
            spurts += u32::from(step.starts_spurt);
            silent += u32::from(is_silent);
            previous_silent = is_silent;
        }

        assert!(spurts > 20, "{spurts} spurts");
        assert!(silent > 40, "{silent} silent packets");
    }

    #[test]
    fn same_seed_gives_the_same_packets() {
        let packet = |seed| {
            let mut payload = Vec::new();
            GeneratedAudio::continuous(seed).next_packet(&mut payload);
            payload
        };
        assert_eq!(packet(7), packet(7));
        assert_ne!(packet(7), packet(8));
    }
}
