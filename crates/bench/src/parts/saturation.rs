//! The most that each system forwards, and what that costs: viewers are added until its core is full, or packets are
//! lost or late.
//!
//! The client has the other cores, and ten of its viewers check what comes; the others count it. Where it is full first all the
//! same, the figure is only what was reached, and the table says so.

use anyhow::{Result, ensure};

use crate::{
    bench::Bench,
    figures::Figures,
    load::{Scenario, VIEWERS_OF_A_ROOM},
    say,
    system::System,
};

/// A core so busy is full: the rest is the clock's granularity and the moments between two bursts.
const FULL: f64 = 0.95;

/// A client so busy is full: with more viewers it would take minutes to have them all come in.
const CLIENT_FULL: f64 = 0.9;

/// A larger share of packets that never came is more than chance.
const LOST_MAX: f64 = 0.001;

/// A queue that grows makes packets later than this.
const LATE_MAX_US: u64 = 100_000;

/// Steps of one system at most.
const STEPS_MAX: usize = 8;

/// Viewers at most: fourteen rooms, of which a client has not filled another in minutes; six if it is to be short.
const VIEWERS_MAX: u16 = 14 * VIEWERS_OF_A_ROOM;
const VIEWERS_MAX_SHORT: u16 = 6 * VIEWERS_OF_A_ROOM;

/// How many times as many come next at most.
const STEP_MAX: f64 = 9.0;

/// What ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The server was full, or lost packets, or let them wait.
    Server,
    /// The client was.
    Client,
    /// With more of them not all came in, or stayed, in time. Whose fault that is was not measured: of a system that has groups
    /// the client makes hundreds of members.
    Entry,
    /// There were as many viewers as the bench has.
    Viewers,
}

/// The most that a system forwarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) system: System,
    pub(crate) viewers: u16,
    pub(crate) figures: Figures,
    pub(crate) limit: Limit,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let short = [System::Sabha, System::Plain, System::Janus, System::Galene];
    let long = [System::Sabha, System::SabhaNoGso, System::Plain, System::Janus, System::Galene];
    let systems = bench.systems(if bench.pace.is_short { &short } else { &long });
    ensure!(!systems.is_empty(), "nothing is left to measure");
    let found: Vec<Most> = systems.iter().map(|system| most(bench, *system)).collect::<Result<Vec<_>>>()?;
    say(
        "\n(ten viewers check what comes, the others count it)\nthe most          viewers  packets/s  per CPU s  server  client    lost %  p99 us  what was full",
    );
    for most in &found {
        let figures = &most.figures;
        say(&format!(
            "{:<17} {:>7} {:>10.0} {:>10.0} {:>7.2} {:>7.2} {:>9.3} {:>7}  {}",
            most.system.to_string(),
            most.viewers,
            figures.packets_per_second,
            figures.packets_per_cpu_second,
            figures.server_cores(),
            figures.client_cores,
            100.0 * figures.lost_share,
            figures.p99_us,
            match most.limit {
                Limit::Server => "the server",
                Limit::Client => "the CLIENT: the server forwards more",
                Limit::Entry => "nobody: of more, not all came in",
                Limit::Viewers => "nobody: the bench has no more viewers",
            },
        ));
    }
    judge(bench, &found);
    bench.most.replace(found);
    Ok(())
}

fn judge(bench: &Bench, found: &[Most]) {
    let of = |system| found.iter().find(|most| most.system == system);
    let Some(own) = of(System::Sabha) else { return };
    for (other, goal, text) in
        [(System::Janus, 3.0, "at least 3 x Janus"), (System::Plain, 2.0, "at least 2 x plain")]
    {
        let Some(other) = of(other) else { continue };
        let ratio = own.figures.packets_per_cpu_second / other.figures.packets_per_cpu_second;
        let found = format!(
            "{ratio:.2} ({:.0} and {:.0} packets per CPU second{})",
            own.figures.packets_per_cpu_second,
            other.figures.packets_per_cpu_second,
            if own.limit == Limit::Server { "" } else { "; sabha was not full" },
        );
        bench.judge("saturation, packets per CPU second", text, found, ratio >= goal);
    }
}

/// Adds viewers until something is full, and returns the step at which most packets arrived.
fn most(bench: &Bench, system: System) -> Result<Most> {
    let viewers_max = if bench.pace.is_short { VIEWERS_MAX_SHORT } else { VIEWERS_MAX };
    let mut viewers = VIEWERS_OF_A_ROOM;
    let (mut best, mut has_failed): (Option<Most>, bool) = (None, false);
    for _ in 0..STEPS_MAX {
        let turn = bench.turn_or_known(system, &bench.load(Scenario::Speaker, viewers).counted());
        let figures = match (turn, best) {
            (Ok(figures), _) => figures,
            (Err(error), Some(held)) => {
                say(&format!("{system} did not hold {viewers} viewers: {error:#}"));
                let fewer = between(held.viewers, viewers);
                best = Some(Most { limit: Limit::Entry, ..held });
                if has_failed || fewer == held.viewers {
                    break;
                }
                (has_failed, viewers) = (true, fewer);
                continue;
            }
            (Err(error), None) => return Err(error),
        };
        let limit = limit(&figures, bench.client_cores());
        let last = if has_failed { Limit::Entry } else { Limit::Viewers };
        let here = Most { system, viewers, figures, limit: limit.unwrap_or(last) };
        let packets = |most: &Most| most.figures.packets_per_second;
        best = match best {
            Some(best) if packets(&best) > packets(&here) => Some(Most { limit: here.limit, ..best }),
            _ => Some(here),
        };
        if limit.is_some() || has_failed || viewers >= viewers_max {
            break;
        }
        viewers = next(viewers, &figures, bench.client_cores()).min(viewers_max);
    }
    best.ok_or_else(|| anyhow::anyhow!("{system} had no turn"))
}

/// Returns what is full. A client that is full reads late, so then neither loss nor lateness says anything of the server.
fn limit(figures: &Figures, client_cores: f64) -> Option<Limit> {
    let is_behind = figures.lost_share > LOST_MAX || figures.p99_us > LATE_MAX_US;
    if figures.server_cores() >= FULL {
        Some(Limit::Server)
    } else if figures.client_cores >= CLIENT_FULL * client_cores {
        Some(Limit::Client)
    } else {
        is_behind.then_some(Limit::Server)
    }
}

/// Returns whole rooms in the middle of two counts, the lower where there are none.
const fn between(held: u16, failed: u16) -> u16 {
    let middle = (held + failed) / 2 / VIEWERS_OF_A_ROOM * VIEWERS_OF_A_ROOM;
    if middle > held { middle } else { held }
}

/// Returns how many viewers come next: as many rooms of them as should fill whoever is fuller, but at least one room more.
fn next(viewers: u16, figures: &Figures, client_cores: f64) -> u16 {
    let busiest = figures.server_cores().max(figures.client_cores / client_cores).max(0.01);
    let wanted = f64::from(viewers) * (1.0 / busiest).min(STEP_MAX);
    let rooms = (wanted / f64::from(VIEWERS_OF_A_ROOM)).round() as u16;
    (rooms * VIEWERS_OF_A_ROOM).max(viewers + VIEWERS_OF_A_ROOM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::report;

    fn figures(server: f64, client: f64) -> Figures {
        let figures = Figures::read(&report(1.0)).unwrap();
        Figures { user_cores: server, system_cores: 0.0, client_cores: client, lost_share: 0.0, ..figures }
    }

    #[test]
    fn who_is_full_is_the_limit() {
        assert_eq!(limit(&figures(0.5, 0.5), 1.0), None);
        assert_eq!(limit(&figures(0.96, 0.5), 1.0), Some(Limit::Server));
        assert_eq!(limit(&figures(0.5, 0.92), 1.0), Some(Limit::Client));
        assert_eq!(limit(&figures(0.5, 0.96), 3.0), None, "it has three cores");
        let late = Figures { p99_us: LATE_MAX_US + 1, ..figures(0.5, 0.5) };
        assert_eq!(limit(&late, 1.0), Some(Limit::Server));
        let lossy = Figures { lost_share: 0.01, ..figures(0.5, 0.97) };
        assert_eq!(limit(&lossy, 1.0), Some(Limit::Client), "what a full client misses is its own fault");
    }

    #[test]
    fn step_that_failed_is_halved() {
        assert_eq!([between(99, 891), between(99, 198), between(297, 594)], [495, 99, 396]);
    }

    #[test]
    fn steps_are_whole_rooms_and_never_stand_still() {
        assert_eq!(next(99, &figures(0.05, 0.1), 1.0), 891, "at most nine times as many");
        assert_eq!(next(99, &figures(0.25, 0.5), 1.0), 198, "the client fills first");
        assert_eq!(next(297, &figures(0.94, 0.5), 1.0), 396);
        assert_eq!(next(99, &figures(0.25, 0.5), 4.0), 396, "it has four cores");
        assert_eq!(next(891, &figures(0.99, 0.5), 1.0), 990);
    }
}
