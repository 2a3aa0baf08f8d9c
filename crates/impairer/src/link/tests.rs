use proptest::prelude::*;

use super::*;
use crate::{Burst, QueueMax};

const S: Duration = Duration::from_secs(1);
const PACKET: usize = 1000;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn link(text: &str) -> (Instant, Link<u32>) {
    let start = Instant::now();
    (start, Link::new(start, text.parse().unwrap(), 7))
}

/// Sends a packet every so often for so long, and returns what arrives, with the time since the start.
fn run(link: &mut Link<u32>, from: Instant, every: Duration, time: Duration) -> Vec<(Duration, u32)> {
    let mut arrived = Vec::new();
    let mut now = from;
    let mut number = 0;
    while now < from + time {
        link.send(now, PACKET, number);
        number += 1;
        now += every;
        while let Some(arrival) = link.arrive(now) {
            arrived.push((arrival.at - from, arrival.packet));
        }
    }
    arrived
}

/// Takes what is still under way.
fn rest(link: &mut Link<u32>) -> usize {
    let mut count = 0;
    while let Some(next) = link.next() {
        while link.arrive(next).is_some() {
            count += 1;
        }
    }
    count
}

#[test]
fn link_without_conditions_does_nothing() {
    let (start, mut link) = link("");
    link.send(start, PACKET, 1);
    let arrival = link.arrive(start).unwrap();
    assert_eq!((arrival.at, arrival.waited, arrival.packet), (start, Duration::ZERO, 1));
    assert_eq!(link.next(), None);
}

#[test]
fn bottleneck_passes_its_rate_and_drops_what_its_queue_cannot_hold() {
    let (start, mut link) = link("rate=800kbit,queue=50ms,delay=10ms");
    // Twice the rate for ten seconds.
    let arrived = run(&mut link, start, ms(5), S * 10);

    let bytes = arrived.len() * PACKET;
    assert!((970_000..=1_000_000).contains(&bytes), "{bytes}");
    let late = arrived.iter().map(|(at, number)| *at - ms(5) * *number).max().unwrap();
    // Twelve packets wait at least, however short the queue is meant to be.
    assert!(late <= ms(10 + 120), "{late:?}");
    let counts = link.counts();
    assert_eq!(counts.lost, 0);
    assert!(counts.overflowed > 900, "{counts:?}");
}

#[test]
fn what_waits_passes_at_the_new_rate() {
    let (start, mut link) = link("rate=80kbit,queue=1s");
    link.send(start, PACKET, 1);
    link.send(start, PACKET, 2);
    // Half of the first has passed, which takes 100 ms in all.
    link.change(start + ms(50), "rate=800kbit".parse().unwrap());
    assert_eq!(link.next(), Some(start + ms(55)));
    assert_eq!(link.arrive(start + S).unwrap().at, start + ms(55));
    assert_eq!(link.arrive(start + S).unwrap().at, start + ms(65));

    link.send(start + S, PACKET, 3);
    link.change(start + S, Conditions::default());
    assert_eq!(link.arrive(start + S).unwrap().packet, 3);
}

#[test]
fn jitter_keeps_the_order_and_scatter_does_not() {
    let (start, mut jitter) = link("delay=20ms,jitter=15ms");
    let arrived = run(&mut jitter, start, ms(1), S * 5);
    assert!(arrived.is_sorted());
    let held = arrived.iter().map(|(at, number)| *at - ms(1) * *number);
    assert!(held.clone().min().unwrap() >= ms(20));
    assert!(held.max().unwrap() > ms(30));

    let (start, mut scatter) = link("delay=20ms,scatter=15ms");
    run(&mut scatter, start, ms(1), S * 5);
    assert!(scatter.counts().overtaken > 1000, "{:?}", scatter.counts());
}

#[test]
fn reordering_and_doubling_take_their_shares() {
    let (start, mut link) = link("delay=5ms,reorder=10%,reorder-by=30ms,duplicate=5%");
    run(&mut link, start, ms(10), S * 100);
    rest(&mut link);
    let counts = link.counts();
    assert!((900..1200).contains(&counts.overtaken), "{counts:?}");
    assert!((400..600).contains(&counts.duplicated), "{counts:?}");
    assert_eq!(counts.arrived, counts.sent + counts.duplicated);
}

#[test]
fn freeze_holds_everything_once_a_second_and_hands_it_over_at_once() {
    let (start, mut link) = link("freeze=100ms");
    let arrived = run(&mut link, start, ms(10), S * 3);
    for second in [0, 1000, 2000] {
        assert_eq!(arrived.iter().filter(|(at, _)| *at == ms(second + 100)).count(), 11);
        assert!(!arrived.iter().any(|(at, _)| (ms(second)..ms(second + 100)).contains(at)));
    }
}

#[test]
fn heedless_others_take_what_they_send() {
    let (start, mut link) = link("rate=2mbit,queue=100ms,others=1.5mbit");
    let arrived = run(&mut link, start, ms(5), S * 20);
    let share = arrived.len() as f64 / 4000.0;
    // 1.6 Mbit/s are sent into a queue of which others fill three quarters; both lose in proportion.
    assert!((0.55..0.75).contains(&share), "{share}");
}

#[test]
fn greedy_other_fills_what_is_free_and_gives_way_to_nothing() {
    let (start, mut link) = link("rate=4mbit,queue=200ms,delay=20ms,greedy=1");
    // 0.8 Mbit/s of ours: they get through, but wait in the queue that the other fills.
    let arrived = run(&mut link, start, ms(10), S * 30);
    let steady: Vec<_> = arrived.iter().filter(|(at, _)| *at > S * 5).collect();
    assert!(steady.len() > 2500 * 95 / 100, "{}", steady.len());
    let mut waits: Vec<Duration> =
        steady.iter().map(|(at, number)| *at - ms(10) * *number - ms(20)).collect();
    waits.sort_unstable();
    let median = waits[waits.len() / 2];
    assert!((ms(80)..ms(200)).contains(&median), "{median:?}");

    // Two flows against one of ours that wants half: each gets its part.
    link.change(start + S * 30, "rate=4mbit,queue=200ms,delay=20ms,greedy=2".parse().unwrap());
    let arrived = run(&mut link, start + S * 30, ms(4), S * 30);
    let share = arrived.len() as f64 / 7500.0;
    assert!((0.7..1.0).contains(&share), "{share}");
}

#[test]
fn greedy_other_goes_on_after_a_queue_that_had_no_room_for_long() {
    let (start, mut link) = link("rate=1mbit,queue=12kb,others=5mbit,greedy=1");
    run(&mut link, start, ms(100), S * 10);
    link.change(start + S * 10, "rate=1mbit,queue=100ms,delay=10ms,greedy=1".parse().unwrap());
    let arrived = run(&mut link, start + S * 10, ms(100), S * 10);
    let waits = arrived.iter().filter(|(at, number)| *at > ms(100) * *number + ms(50)).count();
    assert!(waits > 30, "it fills the queue again: {waits}");
}

#[test]
fn silence_is_no_work() {
    let (start, mut link) = link("rate=1gbit,others=900mbit");
    let day = start + S * 86_400;
    link.send(day, PACKET, 1);
    assert!(link.arrive(day + S).is_some());
}

#[test]
fn same_seed_gives_the_same_arrivals_however_often_it_is_asked() {
    let text = "rate=1mbit,queue=60ms,delay=20ms,jitter=5ms,scatter=5ms,loss=3%,burst=2%x5,reorder=2%,\
                duplicate=1%,others=300kbit,greedy=1";
    let arrivals = |often: bool| {
        let start = Instant::now();
        let mut link = Link::new(start, text.parse().unwrap(), 3);
        let mut arrived = Vec::new();
        for number in 0..2000_u32 {
            let now = start + ms(8) * number;
            for part in (0..8).filter(|_| often) {
                arrived.extend(std::iter::from_fn(|| link.arrive(now - ms(8) + ms(part))));
            }
            link.send(now, PACKET, number);
        }
        while let Some(next) = link.next() {
            arrived.extend(std::iter::from_fn(|| link.arrive(next)));
        }
        let arrived: Vec<_> = arrived.iter().map(|arrival| (arrival.at - start, arrival.packet)).collect();
        (arrived, link.counts())
    };
    assert_eq!(arrivals(true), arrivals(false));
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let path = (0_u64..200, 0_u64..50, 0_u64..50, 0_u64..200);
    let shares = (0.0..=1.0, 0.0..0.5, 1_u32..50, 0.0..=1.0, 0.0..=1.0);
    let queue = prop_oneof![
        (0_usize..100_000).prop_map(QueueMax::Bytes),
        (0_u64..500).prop_map(|time| QueueMax::Time(ms(time))),
    ];
    let rate = prop::option::of(1_000_u64..20_000_000);
    (path, shares, queue, rate, 0_u64..2_000_000, 0_usize..3).prop_map(
        |(path, (loss, share, length, reorder, duplicate), queue, rate_bps, others_bps, greedy)| Conditions {
            rate_bps,
            queue,
            delay: ms(path.0),
            jitter: ms(path.1),
            scatter: ms(path.2),
            freeze: ms(path.3),
            loss,
            burst: Some(Burst { share, length }),
            reorder,
            reorder_by: ms(20),
            duplicate,
            others_bps,
            greedy,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_packet_has_one_fate_and_none_is_faster_than_the_path(
        phases in prop::collection::vec((conditions(), 1_u64..20, 1_u32..200), 1..5), seed in any::<u64>()
    ) {
        let start = Instant::now();
        let mut now = start;
        let shortest = phases.iter().map(|(conditions, ..)| conditions.delay).min().unwrap();
        let mut link = Link::new(start, phases[0].0, seed);
        for (conditions, every, count) in phases {
            link.change(now, conditions);
            for _ in 0..count {
                link.send(now, PACKET, now);
                now += ms(every);
                while let Some(arrival) = link.arrive(now) {
                    prop_assert!(arrival.at <= now && arrival.at >= arrival.packet + shortest);
                }
            }
        }
        // Nobody else's traffic keeps the last of ours from passing.
        for _ in 0..1_000_000 {
            let Some(next) = link.next() else { break };
            while link.arrive(next).is_some() {}
        }
        let counts = link.counts();
        prop_assert_eq!(link.next(), None);
        prop_assert_eq!(counts.sent + counts.duplicated, counts.arrived + counts.lost + counts.overflowed);
    }
}
