//! How the estimator does on simulated links: 25 ms each way and a queue of 300 ms unless said otherwise, a camera of
//! 150, 500 or 1500 kbit/s with a key frame of five frames' size every 5 s, one voice, reports every 100 ms, 1 Mbit/s at
//! first and 3 Mbit/s wanted. Each rule holds for all seeds. Measured, the worst of eight; "never" and "mean" are of the minute
//! after the first ten seconds:
//!
//! | link | behaviour |
//! |---|---|
//! | 5 Mbit/s | 3 Mbit/s found in 0.15 s |
//! | 4 to 0.25 Mbit/s | queue below 150 ms for good after 2.8 s |
//! | 0.25 to 4 Mbit/s | best layer after 1.6 s; after ups and downs, 4.8 s |
//! | 2 and 5 % random loss on 5 Mbit/s | estimate never below 4.3 and 3.8 Mbit/s |
//! | 10, 15, 20 % random loss on 5 Mbit/s | mean estimate 3.6, 2.7, 2.9 Mbit/s; layers change at times |
//! | jitter of 10, 20, 30 ms on 5 Mbit/s | never below 3.4, 3.4, 3.2 Mbit/s |
//! | sender held up for 20, 50, 200 ms | never below 4.9, 4.9, 4.2 Mbit/s |
//! | link frozen for 50, 100, 200 ms each second | never below 5.0, 3.2, 4.5 Mbit/s |
//! | path longer by 175 ms at once | best layer again after 4.4 s |
//! | no reports for 10 s | best layer 0.9 s after they are back |
//!
//! A stream that takes what it gets has a mean estimate of 91 to 98 % of its link (0.25 to 5 Mbit/s, also with jitter,
//! freezes, lost reports, 300 ms of round trip) and 19 of 20 of its packets wait less than 168 ms on the narrowest, 133 ms
//! on 2 Mbit/s and 89 ms on 5 Mbit/s. A queue that others fill (100 % of the link, heedless) leaves it 325 kbit/s.
//!
//! Without the second witness of delay, 100 ms of freezing left a mean of 0.55 Mbit/s of the 5.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sabha_protocol::Bitrate;

use super::{Estimator, control::RATES, link::*};

const S: Duration = Duration::from_secs(1);
const SEEDS: std::ops::Range<u64> = 1..9;
const INITIAL: u64 = 1_000_000;
const DESIRED: u64 = 3_000_000;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn world(link: Link, seed: u64) -> World {
    World::new(link, INITIAL, DESIRED, seed)
}

/// A world whose layers are a tenth apart: it sends nearly all that the estimate allows.
fn greedy(link: Link, seed: u64) -> World {
    let layers = (0..40).map(|n| (100_000.0 * 1.1_f64.powi(n)) as u64).collect();
    world(link, seed).with(|world| world.layers = layers)
}

/// Returns how long after the beginning of the run `holds` was false for the last time.
fn last_not(world: &mut World, time: Duration, holds: impl Fn(Seen) -> bool) -> Duration {
    let (mut begin, mut last) = (None, Duration::ZERO);
    world.run(time, |seen| {
        let begin = *begin.get_or_insert(seen.at);
        if !holds(seen) {
            last = seen.at - begin + ms(50);
        }
    });
    last
}

/// What a run was like.
#[derive(Clone, Copy, Debug)]
struct Run {
    estimate_least: u64,
    estimate_mean: u64,
    sending_mean: u64,
    /// Nineteen of twenty waited less.
    queue: Duration,
}

fn run(world: &mut World, time: Duration) -> Run {
    let (mut least, mut sum, mut sending, mut queues) = (u64::MAX, 0, 0, Vec::new());
    world.run(time, |seen| {
        least = least.min(seen.estimate);
        (sum, sending) = (sum + seen.estimate, sending + seen.sending);
        queues.push(seen.queue);
    });
    let count = queues.len() as u64;
    queues.sort_unstable();
    Run {
        estimate_least: least,
        estimate_mean: sum / count,
        sending_mean: sending / count,
        queue: queues[queues.len() * 19 / 20],
    }
}

/// Returns the worst of all seeds in each respect, of a minute after the first ten seconds. `--nocapture` shows it.
fn worst(name: &str, world: impl Fn(u64) -> World) -> Run {
    let runs = SEEDS.map(|seed| {
        let mut world = world(seed);
        world.run(S * 10, |_| {});
        run(&mut world, S * 60)
    });
    let worst = runs.reduce(|a, b| Run {
        estimate_least: a.estimate_least.min(b.estimate_least),
        estimate_mean: a.estimate_mean.min(b.estimate_mean),
        sending_mean: a.sending_mean.min(b.sending_mean),
        queue: a.queue.max(b.queue),
    });
    println!("{name}: {worst:?}");
    worst.unwrap()
}

/// Returns the longest of all seeds.
fn longest(name: &str, time: impl Fn(u64) -> Duration) -> Duration {
    let all: Vec<Duration> = SEEDS.map(time).collect();
    println!("{name}: {all:?}");
    all.into_iter().max().unwrap()
}

#[test]
fn what_is_wanted_is_found_within_a_second() {
    let find = |seed| {
        let mut world = world(Link::of_kbps(5000), seed);
        last_not(&mut world, S * 30, |seen| seen.estimate >= DESIRED)
    };
    assert!(longest("found", find) < S);
}

#[test]
fn link_that_gets_narrow_soon_has_a_short_queue_again() {
    let drain = |seed| {
        let mut world = world(Link::of_kbps(4000), seed);
        world.run(S * 10, |_| {});
        world.relink(Link::of_kbps(250));
        last_not(&mut world, S * 20, |seen| seen.queue < ms(150))
    };
    assert!(longest("drained", drain) < S * 4);
}

#[test]
fn link_that_gets_wide_is_used_in_full_within_ten_seconds() {
    for seconds in [5, 20, 60] {
        let fill = |seed| {
            let mut world = world(Link::of_kbps(4000), seed);
            world.run(S * 10, |_| {});
            world.relink(Link::of_kbps(250));
            world.run(S * seconds, |_| {});
            world.relink(Link::of_kbps(4000));
            last_not(&mut world, S * 30, |seen| seen.sending == LAYERS[2])
        };
        assert!(longest("full", fill) < S * 10);
    }
}

#[test]
fn link_that_widens_after_ups_and_downs_is_used_in_full_within_ten_seconds() {
    for before in [[1000, 250], [500, 800], [2500, 250], [250, 1000]] {
        let fill = |seed| {
            let mut world = world(Link::of_kbps(4000), seed);
            world.run(S * 10, |_| {});
            for kbps in before {
                world.relink(Link::of_kbps(kbps));
                world.run(S * 9, |_| {});
            }
            world.relink(Link::of_kbps(4000));
            last_not(&mut world, S * 30, |seen| seen.sending == LAYERS[2])
        };
        assert!(longest("full", fill) < S * 10);
    }
}

#[test]
fn stream_that_takes_what_it_gets_fills_the_link_and_not_its_queue() {
    for (name, kbps, link) in [
        ("5M", 5000, Link::of_kbps(5000)),
        ("2M", 2000, Link::of_kbps(2000)),
        ("1M", 1000, Link::of_kbps(1000)),
        ("500k", 500, Link::of_kbps(500)),
        ("250k", 250, Link::of_kbps(250)),
        ("300 ms away", 2000, Link { delay: ms(150), ..Link::of_kbps(2000) }),
        ("reports at 50 ms", 2000, Link { feedback_every: ms(50), ..Link::of_kbps(2000) }),
        ("reports at 250 ms", 2000, Link { feedback_every: ms(250), ..Link::of_kbps(2000) }),
        ("jitter", 2000, Link { jitter: ms(20), ..Link::of_kbps(2000) }),
        ("sender held up", 2000, Link { stall: ms(20), ..Link::of_kbps(2000) }),
        ("freezes", 2000, Link { freeze: ms(100), ..Link::of_kbps(2000) }),
        ("reports lost", 2000, Link { feedback_loss: 0.3, ..Link::of_kbps(2000) }),
        ("deep queue", 2000, Link { queue_max: 500_000, ..Link::of_kbps(2000) }),
        ("deep queue, narrow", 250, Link { queue_max: 60_000, ..Link::of_kbps(250) }),
    ] {
        let worst = worst(name, |seed| greedy(link, seed));
        assert!(worst.estimate_mean > kbps * 850, "{name}: {worst:?}");
        assert!(worst.queue < ms(200), "{name}: {worst:?}");
    }
}

#[test]
fn random_loss_keeps_the_rate() {
    for loss in [0.02, 0.05] {
        let worst = worst("loss", |seed| world(Link { loss, ..Link::of_kbps(5000) }, seed));
        assert!(worst.estimate_least >= DESIRED, "{loss}: {worst:?}");
    }
}

#[test]
fn heavy_loss_that_is_the_paths_own_does_not_starve() {
    for loss in [0.1, 0.15, 0.2] {
        let worst = worst("heavy loss", |seed| world(Link { loss, ..Link::of_kbps(5000) }, seed));
        assert!(worst.sending_mean >= LAYERS[1], "{loss}: {worst:?}");
    }
}

#[test]
fn link_that_drops_instead_of_queueing_is_not_overrun() {
    let tiny = Link { queue_max: 6_000, ..Link::of_kbps(1000) };
    let worst = worst("tiny queue", |seed| greedy(tiny, seed));
    assert!(worst.estimate_mean > 600_000);
    for seed in SEEDS {
        let mut world = greedy(tiny, seed);
        world.run(S * 10, |_| {});
        let (mut sum, mut count) = (0.0, 0.0);
        for _ in 0..60 {
            world.run(S, |_| {});
            sum += world.estimator.loss().unwrap();
            count += 1.0;
        }
        assert!(sum / count < 0.1, "{}", sum / count);
    }
}

#[test]
fn jitter_keeps_the_rate() {
    for (jitter, stall) in [(10, 0), (20, 0), (30, 0), (0, 20), (0, 50), (0, 200), (20, 20)] {
        let link = Link { jitter: ms(jitter), stall: ms(stall), ..Link::of_kbps(5000) };
        let worst = worst("jitter", |seed| world(link, seed));
        assert!(worst.estimate_least >= DESIRED, "{jitter} {stall}: {worst:?}");
    }
}

#[test]
fn voice_alone_keeps_the_rate() {
    for (jitter, loss) in [(0, 0.0), (20, 0.0), (20, 0.05)] {
        let link = Link { jitter: ms(jitter), loss, ..Link::of_kbps(5000) };
        let worst = worst("voice", |seed| world(link, seed).with(|world| world.layers = vec![0]));
        assert!(worst.estimate_least >= DESIRED, "{jitter} {loss}: {worst:?}");
    }
}

#[test]
fn freezes_keep_the_rate() {
    for freeze in [50, 100, 200] {
        let worst = worst("freeze", |seed| world(Link { freeze: ms(freeze), ..Link::of_kbps(5000) }, seed));
        assert!(worst.estimate_least >= DESIRED, "{freeze}: {worst:?}");
    }
}

#[test]
fn longer_path_is_not_taken_for_a_queue_for_long() {
    let long = Link { delay: ms(200), ..Link::of_kbps(5000) };
    let settle = |seed| {
        let mut world = world(Link::of_kbps(5000), seed);
        world.run(S * 10, |_| {});
        world.relink(long);
        last_not(&mut world, S * 60, |seen| seen.sending == LAYERS[2])
    };
    assert!(longest("longer path", settle) < S * 15);
}

#[test]
fn others_in_the_same_queue_do_not_starve_it() {
    let crowded = Link { others: 3_000_000, ..Link::of_kbps(5000) };
    let worst = worst("others", |seed| greedy(crowded, seed));
    assert!(worst.estimate_mean > 1_600_000);
    let full = Link { others: 5_000_000, ..Link::of_kbps(5000) };
    let worst = self::worst("others fill it", |seed| world(full, seed));
    assert!(worst.estimate_mean > LAYERS[0]);
}

#[test]
fn what_gets_through_fits() {
    for seed in SEEDS {
        let mut world =
            World::new(Link::of_kbps(5000), INITIAL, 0, seed).with(|world| world.layers = vec![2_000_000]);
        world.run(S * 2, |_| {});
        let run = run(&mut world, S * 30);
        assert!(run.estimate_least >= 2_000_000, "{run:?}");
        assert_eq!(world.probe_bytes, 0);
    }
}

#[test]
fn silence_lowers_the_rate_and_reports_bring_it_back() {
    let back = |seed| {
        let mut world = world(Link::of_kbps(5000), seed);
        world.run(S * 10, |_| {});
        world.link.feedback_loss = 1.0;
        world.run(S * 10, |_| {});
        assert!(world.seen().estimate < DESIRED / 2);
        world.link.feedback_loss = 0.0;
        last_not(&mut world, S * 30, |seen| seen.sending == LAYERS[2])
    };
    assert!(longest("back", back) < S * 5);
}

#[test]
fn silent_hour_changes_nothing() {
    for drift in [-1e-4, 0.0, 1e-4] {
        for seed in SEEDS {
            let mut world = world(Link::of_kbps(5000), seed);
            world.drift = drift;
            world.run(S * 10, |_| {});
            let before = world.seen().estimate;
            world.sends = false;
            world.run(S * 5, |_| {});
            world.idle(S * 3600);
            world.sends = true;
            let after = run(&mut world, S * 20);
            assert!(after.estimate_least >= before, "{before} {after:?}");
        }
    }
}

#[test]
fn clocks_that_run_apart_are_no_queue() {
    for drift in [-2e-4, 2e-4] {
        let worst =
            worst("drift", |seed| greedy(Link::of_kbps(2000), seed).with(|world| world.drift = drift));
        assert!(worst.estimate_mean > 1_700_000, "{worst:?}");
    }
}

#[test]
fn repeated_reports_change_nothing() {
    let trace = |repeats| {
        let link = Link { loss: 0.02, jitter: ms(5), ..Link::of_kbps(1000) };
        let mut world = greedy(link, 3).with(|world| world.repeats = repeats);
        let mut estimates = Vec::new();
        world.run(S * 20, |seen| estimates.push(seen.estimate));
        estimates
    };
    // The repetition comes first, in reverse: also its order does not matter.
    assert_eq!(trace(true), trace(false));
}

#[test]
fn nothing_allocates_after_the_first_seconds() {
    let mut world = world(Link { jitter: ms(20), loss: 0.02, ..Link::of_kbps(5000) }, 1);
    world.run(S * 20, |_| {});
    let room = world.estimator.arrived.capacity();
    world.run(S * 60, |_| {});
    assert_eq!(world.estimator.arrived.capacity(), room);
}

#[test]
fn probes_cost_little_where_what_is_wanted_does_not_fit() {
    for (kbps, kilobytes) in [(250, 60), (1000, 150)] {
        for seed in SEEDS {
            let mut world = world(Link::of_kbps(kbps), seed);
            world.run(S * 10, |_| {});
            let before = world.probe_bytes;
            world.run(S * 60, |_| {});
            let spent = (world.probe_bytes - before) / 1000;
            assert!(spent < kilobytes, "{kbps} kbit/s: {spent} kB a minute");
        }
    }
}

/// What may befall an estimator.
#[derive(Clone, Debug)]
enum Befalls {
    Desired(u64),
    Feedback(Vec<(u16, Option<i64>)>),
    Later(u64),
    Sent(u16, usize),
}

fn befalls() -> impl Strategy<Value = Befalls> {
    let seq = prop_oneof![0u16..200, 65_400u16..=65_535, any::<u16>()];
    let near = -1_000_000i64..1_000_000;
    let arrival = prop::option::of(prop_oneof![8 => near, 1 => any::<i64>(), 1 => Just(i64::MIN)]);
    prop_oneof![
        1 => any::<u64>().prop_map(Befalls::Desired),
        4 => prop::collection::vec((seq.clone(), arrival), 0..20).prop_map(Befalls::Feedback),
        3 => prop_oneof![0u64..100_000, 0u64..10_000_000, any::<u32>().prop_map(|n| u64::from(n) * 1000)]
            .prop_map(Befalls::Later),
        8 => (seq, prop_oneof![40usize..1500, any::<usize>()]).prop_map(|(seq, bytes)| Befalls::Sent(seq, bytes)),
    ]
}

proptest! {
    #[test]
    fn whatever_befalls_it_an_estimate_stays_within_its_bounds(
        initial in any::<u64>(), events in prop::collection::vec(befalls(), 0..120)
    ) {
        let mut now = Instant::now();
        let mut estimator = Estimator::new(now, Bitrate::bps(initial));
        let mut probe = None;
        for event in events {
            match event {
                Befalls::Desired(desired) => estimator.set_desired(Bitrate::bps(desired)),
                Befalls::Feedback(packets) => estimator.feedback(now, packets),
                Befalls::Later(micros) => now += Duration::from_micros(micros),
                Befalls::Sent(seq, bytes) => estimator.sent(now, seq, bytes, probe),
            }
            estimator.tick(now);
            probe = estimator.poll_probe(now).map(|probe| probe.id).or(probe);
            prop_assert!(RATES.contains(&estimator.estimate().as_bps()));
            prop_assert!(estimator.loss().is_none_or(|loss| (0.0..=1.0).contains(&loss)));
        }
    }

    #[test]
    fn reports_on_what_was_never_sent_change_nothing(
        packets in prop::collection::vec((0u16..30_000, any::<Option<i64>>()), 0..200)
    ) {
        // Its numbers begin with 65000.
        let mut world = world(Link::of_kbps(5000), 1);
        world.run(ms(1000), |_| {});
        let unsent = packets.into_iter().map(|(seq, arrival)| (seq + 30_000, arrival));
        let before = (world.estimator.estimate(), world.estimator.loss(), world.estimator.rtt());
        world.estimator.feedback(world.now, unsent);
        let after = (world.estimator.estimate(), world.estimator.loss(), world.estimator.rtt());
        prop_assert_eq!(before, after);
    }
}
