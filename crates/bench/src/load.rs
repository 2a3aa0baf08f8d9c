//! What a turn loads a system with.

/// What participants do, by the names of `sabha-client load`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scenario {
    /// One sends voice and a picture of 720 lines, others watch.
    Speaker,
    /// Twenty who send voice and camera and watch each other at 180 lines.
    Grid20,
    /// Nobody sends anything.
    Idle,
    /// Ten send a camera, and everybody watches all ten at 180 lines.
    Stage,
}

/// The load of a turn. Two that are equal are the same load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Load {
    pub(crate) scenario: Scenario,
    /// Who only watches, over all rooms; of idle participants, all.
    pub(crate) viewers: u16,
    /// Seconds to measure.
    pub(crate) seconds: u64,
    /// Seconds to wait before that.
    pub(crate) warm_up: u64,
    /// Packets of junk a second meanwhile.
    pub(crate) flood: Option<u32>,
    /// Of so many viewers one checks what comes; the others count it.
    pub(crate) check_one_in: u16,
    /// Viewers of one sender in a room, at most.
    pub(crate) room_viewers: u16,
}

/// Viewers beside the sender of a room of 100.
pub(crate) const VIEWERS_OF_A_ROOM: u16 = 99;

/// Viewers beside the sender of a room of 25, which is a large meeting already.
pub(crate) const VIEWERS_OF_A_MEETING: u16 = 24;

/// Idle participants of a room: a change of a large group costs each of its members, and they are not what is measured.
const IDLE_OF_A_ROOM: u16 = 25;

/// Viewers of whom some streams are opened and checked, or who check at all, whatever the load: the client shall not be the
/// bottleneck.
const STREAMS_OPENED: u16 = 10;

impl Scenario {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Speaker => "speaker",
            Self::Grid20 => "grid-20",
            Self::Idle => "idle",
            Self::Stage => "stage",
        }
    }
}

impl Load {
    /// Returns how many rooms of how many participants this is at Sabha, where a room holds 100. With several, they are equal, and
    /// viewers that do not divide are left out.
    pub(crate) const fn rooms(self) -> (u16, u16) {
        match self.scenario {
            Scenario::Speaker => {
                let rooms = self.viewers.div_ceil(self.room_viewers);
                (rooms, self.viewers / rooms + 1)
            }
            Scenario::Grid20 => (1, 20),
            Scenario::Idle => (self.viewers.div_ceil(IDLE_OF_A_ROOM), IDLE_OF_A_ROOM),
            Scenario::Stage => (1, self.viewers + 10),
        }
    }

    /// Returns what it is, for a line of output.
    pub(crate) fn told(self) -> String {
        match self.scenario {
            Scenario::Speaker if self.room_viewers < VIEWERS_OF_A_ROOM => {
                format!("{} viewers, {} a room", self.viewers, self.room_viewers)
            }
            Scenario::Speaker => format!("{} viewers", self.viewers),
            Scenario::Grid20 => "a grid of 20".to_owned(),
            Scenario::Idle => format!("{} idle", self.viewers),
            Scenario::Stage => format!("{} viewers of ten", self.viewers),
        }
    }

    /// Returns the same load in rooms of 25.
    pub(crate) const fn in_meetings(self) -> Self {
        Self { room_viewers: VIEWERS_OF_A_MEETING, ..self }
    }

    /// Returns the same load on a client of which most viewers only count, so that it is not full first.
    pub(crate) fn counted(self) -> Self {
        Self { check_one_in: (self.viewers / STREAMS_OPENED).max(1), ..self }
    }

    /// Returns of how many streams of who checks one is opened.
    pub(crate) const fn open_one_in(self) -> u16 {
        if self.check_one_in > 1 {
            return 1;
        }
        if self.viewers / STREAMS_OPENED > 10 { self.viewers / STREAMS_OPENED } else { 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_hold_a_hundred_and_share_viewers_equally() {
        let load = |scenario, viewers| {
            let (seconds, warm_up, flood, check_one_in) = (1, 1, None, 1);
            let room_viewers = VIEWERS_OF_A_ROOM;
            Load { scenario, viewers, seconds, warm_up, flood, check_one_in, room_viewers }
        };
        let rooms = |viewers| load(Scenario::Speaker, viewers).rooms();
        assert_eq!([rooms(1), rooms(99), rooms(100), rooms(396)], [(1, 2), (1, 100), (2, 51), (4, 100)]);
        assert_eq!(load(Scenario::Speaker, 432).in_meetings().rooms(), (18, 25));
        assert_eq!(load(Scenario::Idle, 1_000).rooms(), (40, 25));
        assert_eq!(load(Scenario::Stage, 80).rooms(), (1, 90));
        assert_eq!(load(Scenario::Speaker, 20).open_one_in(), 10);
        assert_eq!(load(Scenario::Speaker, 990).open_one_in(), 99);
        let counted = load(Scenario::Speaker, 990).counted();
        assert_eq!(
            (counted.check_one_in, counted.open_one_in()),
            (99, 1),
            "ten of them check all that comes"
        );
        assert_eq!(load(Scenario::Speaker, 5).counted().check_one_in, 1);
    }
}
