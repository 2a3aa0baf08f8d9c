//! A server without scruples, by chance. `SABHA_SCHEDULE_SEED=17` replays one seed, `SABHA_SCHEDULES=3000` plays that
//! many, `SABHA_SCHEDULE_STEPS=200` makes them longer.

use std::{
    panic::catch_unwind,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use sabha_sim::malice::Schedule;

/// A minute on two idle cores without optimisation.
const SCHEDULES: u64 = 300;
const STEPS: u64 = 40;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Whatever a server does, with a member who colludes and everything that it ever saw: nobody is in the group of an
/// honest device whom no host let in or whom a host removed, nobody outside has a key, and who cannot be sure sends
/// nothing.
#[test]
fn no_schedule_of_a_malicious_server_breaks_what_every_member_is_promised() {
    let seeds = match number("SABHA_SCHEDULE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SABHA_SCHEDULES").unwrap_or(SCHEDULES),
    };
    let steps = number("SABHA_SCHEDULE_STEPS").unwrap_or(STEPS) as usize;
    let next = AtomicU64::new(seeds.start);
    let totals = [const { AtomicUsize::new(0) }; 2];
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let played = catch_unwind(|| Schedule::play(seed, steps));
            let verdict = played.unwrap_or_else(|_| panic!("replay with SABHA_SCHEDULE_SEED={seed}"));
            let (breaches, decisions) = (&verdict.breaches, &verdict.decisions);
            assert!(
                breaches.is_empty(),
                "replay with SABHA_SCHEDULE_SEED={seed}:\n{breaches:#?}\n{decisions:#?}"
            );
            totals[0].fetch_add(verdict.epochs, Ordering::Relaxed);
            totals[1].fetch_add(verdict.alarms, Ordering::Relaxed);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let [epochs, alarms] = totals.map(AtomicUsize::into_inner);
    println!("{} schedules, {epochs} epochs, {alarms} alarms shown", seeds.end - seeds.start);
}

#[test]
fn a_seed_decides_the_same_again() {
    let decisions = |seed| Schedule::play(seed, 30).decisions;
    assert_eq!(decisions(5), decisions(5));
    assert_ne!(decisions(5), decisions(6));
}
