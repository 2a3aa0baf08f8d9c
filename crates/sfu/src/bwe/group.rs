//! Groups packets that left together and compares how far apart two groups left and arrived.
//!
//! Source: draft-ietf-rmcat-gcc-02 section 5.2 (pre-filtering), with the 5 ms of section 4 for a group.

/// Packets that left within this time are one group, in microseconds.
const GROUP: i64 = 5_000;
/// So are those that a network handed over at once after it had held them back, up to this much.
const HELD_BACK: i64 = 100_000;
/// Clocks that disagree by more than this were set anew, or nothing was sent meanwhile.
const APART: i64 = 3_000_000;
/// Groups that may arrive out of order before it is taken for a clock set back.
const DISORDER: u8 = 3;

/// How much later a group was than the one before, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) sent: i64,
    pub(super) arrived: i64,
    /// When the later group was complete, on the receiver's clock.
    pub(super) at: i64,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouped {
    /// It joined a group, or was too late for one.
    Joined,
    /// It began a group, and the two before are complete.
    Step(Step),
    /// The clocks moved apart: what was known is void.
    Restart,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    first_arrived: i64,
    arrived: i64,
}

/// The group that is filling and the one before it.
#[derive(Debug, Default)]
pub(super) struct Grouping {
    current: Option<Group>,
    previous: Option<Group>,
    disorder: u8,
}

impl Grouping {
    /// Takes a packet, in order of arrival.
    pub(super) fn packet(&mut self, sent: i64, arrived: i64) -> Grouped {
        let fresh = Group { first_sent: sent, last_sent: sent, first_arrived: arrived, arrived };
        let Some(current) = &mut self.current else {
            self.current = Some(fresh);
            return Grouped::Joined;
        };
        if sent < current.first_sent {
            return Grouped::Joined;
        }
        let waited = arrived - current.arrived;
        let is_held_back = waited <= GROUP
            && waited < sent - current.last_sent
            && arrived - current.first_arrived < HELD_BACK;
        if sent - current.first_sent <= GROUP || is_held_back {
            current.last_sent = current.last_sent.max(sent);
            current.arrived = current.arrived.max(arrived);
            return Grouped::Joined;
        }
        let complete = std::mem::replace(current, fresh);
        let Some(before) = self.previous.replace(complete) else { return Grouped::Joined };
        let step = Step {
            sent: complete.last_sent - before.last_sent,
            arrived: complete.arrived - before.arrived,
            at: complete.arrived,
        };
        if (step.arrived - step.sent).abs() > APART || step.sent > APART {
            *self = Self { current: self.current, ..Self::default() };
            return Grouped::Restart;
        }
        if step.arrived < 0 {
            self.disorder += 1;
            if self.disorder < DISORDER {
                return Grouped::Joined;
            }
            *self = Self::default();
            return Grouped::Restart;
        }
        self.disorder = 0;
        Grouped::Step(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_compared_by_their_ends() {
        let mut grouping = Grouping::default();
        for (sent, arrived) in [(0, 100), (1000, 1500), (20_000, 21_000), (21_000, 25_000)] {
            assert_eq!(grouping.packet(sent, arrived), Grouped::Joined);
        }
        let step = Step { sent: 20_000, arrived: 23_500, at: 25_000 };
        assert_eq!(grouping.packet(40_000, 45_000), Grouped::Step(step));
    }

    #[test]
    fn packets_held_back_and_handed_over_at_once_are_one_group() {
        let mut grouping = Grouping::default();
        for sent in [0, 10_000, 20_000, 30_000] {
            assert_eq!(grouping.packet(sent, 40_000 + sent / 100), Grouped::Joined);
        }
    }

    #[test]
    fn clock_set_anew_is_a_restart_and_no_delay() {
        let mut grouping = Grouping::default();
        for at in [0, 10_000] {
            grouping.packet(at, at);
        }
        assert_eq!(
            grouping.packet(20_000, 60_000_000),
            Grouped::Step(Step { sent: 10_000, arrived: 10_000, at: 10_000 })
        );
        assert_eq!(grouping.packet(30_000, 60_010_000), Grouped::Restart);
    }
}
