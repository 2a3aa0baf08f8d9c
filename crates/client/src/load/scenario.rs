//! The loads that have a name: who is in the room, what each sends, and what each looks at.

use std::{fmt, str::FromStr, time::Duration};

use sabha_protocol::{
    Source,
    limits::{ROOM_PARTICIPANTS_MAX, VIDEO_SLOTS_MAX},
};

/// A load with a name. `docs/benchmarks.md` says what each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Everybody has a microphone and talks; nobody has a camera.
    AllTalking,
    /// As [`Speaker`](Self::Speaker), and every second somebody leaves and somebody else comes.
    Churn,
    /// Nine who all send voice and camera and see each other in tiles of 360 lines.
    Grid9,
    /// Twenty who all send voice and camera and see each other in tiles of 180 lines.
    Grid20,
    /// Twenty-five who do the same.
    Grid25,
    /// Everybody is connected, and nobody sends or watches anything.
    Idle,
    /// One shares a screen with its sound, and talks, to a room of 100.
    Screen,
    /// One sends voice and camera, everybody else watches it at 720 lines.
    Speaker,
    /// Ten send a camera each, and everybody watches all ten in tiles of 180 lines.
    Stage,
    /// One sends voice, camera and screen to an audience that only watches: the screen, and the camera in a small tile.
    Webinar,
}

/// What a scenario is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In one room, the lead included, unless asked otherwise.
    pub(crate) participants: usize,
    /// What the lead sends: who made the meeting.
    pub(crate) lead: &'static [Source],
    /// How many send what the lead does, the lead included.
    pub(crate) stage: usize,
    /// What everybody else sends.
    pub(crate) others: &'static [Source],
    /// Whether the lead watches what others do.
    pub(crate) lead_watches: bool,
    /// Pictures at most that one watches.
    pub(crate) tiles: usize,
    /// The height of each, in pixels.
    pub(crate) height: u16,
    /// Between two who leave, each followed by somebody new.
    pub(crate) churn: Option<Duration>,
}

const CAMERA: &[Source] = &[Source::Camera];
const VOICE: &[Source] = &[Source::Microphone];
const VOICE_AND_CAMERA: &[Source] = &[Source::Microphone, Source::Camera];
const VOICE_AND_SCREEN: &[Source] = &[Source::Microphone, Source::Screen, Source::ScreenAudio];
const STAGE: &[Source] = &[Source::Microphone, Source::Camera, Source::Screen];

impl Scenario {
    /// Every scenario, in the order of the enum.
    pub const ALL: [Self; 10] = [
        Self::AllTalking,
        Self::Churn,
        Self::Grid9,
        Self::Grid20,
        Self::Grid25,
        Self::Idle,
        Self::Screen,
        Self::Speaker,
        Self::Stage,
        Self::Webinar,
    ];

    /// Returns the name by which it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllTalking => "all-talking",
            Self::Churn => "churn",
            Self::Grid9 => "grid-9",
            Self::Grid20 => "grid-20",
            Self::Grid25 => "grid-25",
            Self::Idle => "idle",
            Self::Screen => "screen",
            Self::Speaker => "speaker",
            Self::Stage => "stage",
            Self::Webinar => "webinar",
        }
    }

    pub(crate) const fn plan(self) -> Plan {
        let speaker = Plan {
            participants: ROOM_PARTICIPANTS_MAX,
            lead: VOICE_AND_CAMERA,
            stage: 1,
            others: &[],
            lead_watches: false,
            tiles: 1,
            height: 720,
            churn: None,
        };
        let grid = Plan {
            participants: 9,
            others: VOICE_AND_CAMERA,
            lead_watches: true,
            tiles: 8,
            height: 360,
            ..speaker
        };
        match self {
            Self::AllTalking => {
                Plan { participants: 25, lead: VOICE, others: VOICE, lead_watches: true, tiles: 0, ..speaker }
            }
            Self::Churn => Plan { participants: 20, churn: Some(Duration::from_secs(1)), ..speaker },
            Self::Grid9 => grid,
            Self::Grid20 => Plan { participants: 20, tiles: 19, height: 180, ..grid },
            Self::Grid25 => Plan { participants: 25, tiles: 24, height: 180, ..grid },
            // With slots for as many pictures as a browser has, which nobody sends.
            Self::Idle => Plan {
                participants: 25,
                lead: &[],
                lead_watches: true,
                tiles: VIDEO_SLOTS_MAX,
                height: 360,
                ..speaker
            },
            Self::Screen => Plan { lead: VOICE_AND_SCREEN, ..speaker },
            Self::Speaker => speaker,
            Self::Stage => Plan {
                participants: 30,
                lead: CAMERA,
                stage: 10,
                lead_watches: true,
                tiles: 10,
                height: 180,
                ..speaker
            },
            Self::Webinar => Plan { lead: STAGE, tiles: 2, height: 180, ..speaker },
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.name() == text);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_found_by_its_name_and_fits_a_room() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.name().parse(), Ok(scenario));
            let plan = scenario.plan();
            assert!((2..=ROOM_PARTICIPANTS_MAX).contains(&plan.participants), "{scenario}");
            assert_eq!(
                plan.lead.is_empty(),
                scenario == Scenario::Idle,
                "{scenario}: somebody sends something"
            );
            assert!((1..=plan.participants).contains(&plan.stage), "{scenario}");
        }
        assert!("gird-9".parse::<Scenario>().unwrap_err().contains("grid-9"));
    }
}
