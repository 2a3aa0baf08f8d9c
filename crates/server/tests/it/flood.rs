//! Ten thousand ids that nobody made and ten thousand guesses at a passcode, from as many networks as it takes, against
//! meetings that run: what an attacker learns, and what those in the meetings notice.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use sabha_crypto::{device::Device, link::LinkSecret};
use sabha_protocol::{
    MeetingId, RequestId, Rule,
    device::{DeviceCommand, DeviceStage, DeviceView, PasscodeView},
    opaque::DoorPayload,
    secret::ResumeToken,
    wire::{ClientFrame, ClientMessage, ServerFrame, ServerMessage, client::Credential, server::CloseReason},
};

use crate::{
    client::{Client, PATIENCE, entering},
    person::{self, Person},
    server::{Meeting, TestServer, now_ms},
};

/// What is tried of each.
const TRIES: usize = 10_000;

/// Refusals that a connection is given before it is closed.
const TRIES_OF_A_CONNECTION: usize = 20;

/// Of them so many are about a meeting that there is, or was.
const KNOWN_OF_A_CONNECTION: usize = 4;

/// Attackers at once. Each asks one thing after the other, on a connection that is closed in the end.
const ATTACKERS: usize = 32;

/// A server behind a proxy, which attackers from everywhere reach: each connection from a network of its own, so that
/// limits by network stop none of them.
async fn exposed() -> TestServer {
    TestServer::with(|settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        // Hosts hear four times as much as they would: the test is over sooner.
        settings.limits.door_per_second = 400;
    })
    .await
}

/// Returns an address in a network that nobody came from.
fn somewhere() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::net::Ipv4Addr::from_bits((10 << 24) + (number << 8) + 1).to_string()
}

/// Does what a host does while `work` goes on: hears, and lets in who is called Chitra.
async fn attend<T>(host: &mut Person, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            frame = host.next() => assert!(frame.is_some(), "the host lost its connection"),
        }
        let invited = host.view.guests.iter().find(|guest| guest.name.as_str() == "Chitra");
        if let Some(guest) = invited.map(|guest| guest.guest) {
            host.command(DeviceCommand::Admit { guest, by_rule: false }).await;
        }
    }
}

/// Waits until somebody's device is so far, and keeps its connection meanwhile, as clients do.
async fn wait_until(person: &mut Person, stage: DeviceStage) {
    while person.view.stage != stage {
        let next = tokio::time::timeout(Duration::from_secs(2), person.next()).await;
        match next {
            Ok(frame) => assert!(frame.is_some(), "the server closed the connection"),
            Err(_) => person.ping().await,
        }
    }
}

/// Comes with the link like anybody else, and returns once in the room, with the time that took.
async fn chitra(server: std::net::SocketAddr, meeting: &Meeting) -> Duration {
    let begun = Instant::now();
    let from = somewhere();
    let mut chitra = loop {
        let mut chitra = Person::on(Client::connect_from(server, &from).await, meeting.guest("Chitra"));
        match chitra.say_enter(None).await {
            ServerMessage::Waiting { .. } => break chitra,
            // The line at the door is long.
            ServerMessage::Refused { rule: Rule::KnockRate, .. } => {}
            other => panic!("{other:?}"),
        }
    };
    wait_until(&mut chitra, DeviceStage::Member).await;
    chitra.join().await;
    begun.elapsed()
}

/// What one question was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    /// A meeting with people in it.
    Running,
    /// One that is locked.
    Locked,
    /// One that nobody has opened.
    Unopened,
    /// One that has ended.
    Ended,
    /// Twenty bytes that nobody made an id.
    Nothing,
}

/// By what somebody without the link tries to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Try {
    Link,
    Device,
    Resume,
}

/// An answer as it was written, after the number of the question, and how long it took.
#[derive(Debug)]
struct Answer {
    about: About,
    by: Try,
    text: String,
    took: Duration,
}

/// Asks `TRIES_OF_A_CONNECTION` times on one connection, and returns the answers.
async fn probe(
    address: std::net::SocketAddr,
    known: Arc<[(About, MeetingId)]>,
    number: usize,
) -> Vec<Answer> {
    let mut client = Client::connect_from(address, &somewhere()).await;
    let by = [Try::Link, Try::Link, Try::Link, Try::Device, Try::Resume][number % 5];
    let mut answers = Vec::new();
    for at in 0..TRIES_OF_A_CONNECTION {
        // Every fifth question, at another place on each connection, is about a meeting that there is or was.
        let step = TRIES_OF_A_CONNECTION / KNOWN_OF_A_CONNECTION;
        let (block, place) = (at / step, (number / 5 + 3 * (at / step)) % step);
        let (about, id) = if at % step == place {
            known[(number / 25 + block) % known.len()]
        } else {
            (About::Nothing, MeetingId::from_bytes(random()))
        };
        let mut device =
            Device::guest(id, LinkSecret::from_bytes(random()), "Eve".parse().unwrap(), now_ms());
        let mut body = entering(&mut device, client.challenge);
        if let ClientMessage::Enter { credential, .. } = &mut body {
            match by {
                Try::Link => {}
                Try::Device => *credential = Credential::Device { grant: None },
                Try::Resume => {
                    let token = ResumeToken::try_from(format!("v2.{}", "A".repeat(151))).unwrap();
                    *credential = Credential::Resume { token };
                }
            }
        }
        let question = serde_json::to_string(&ClientFrame { id: RequestId(7), body }).unwrap();
        let asked = Instant::now();
        client.send_text(question).await;
        let Some(text) = client.next_text().await else { break };
        answers.push(Answer { about, by, text, took: asked.elapsed() });
    }
    answers
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// Runs `work` for each number, so many at once.
async fn many<T, F>(count: usize, work: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    let mut done = Vec::new();
    for number in 0..count {
        if running.len() == ATTACKERS {
            done.push(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(work(number));
    }
    done.extend(running.join_all().await);
    done
}

/// Returns how well the best threshold on a time tells the two apart: the area under the ROC curve, by ranks
/// (Mann and Whitney 1947). 0.5 is a coin, 0 and 1 are certainty.
fn area_under_curve(known: &[Duration], unknown: &[Duration]) -> f64 {
    let mut times: Vec<(Duration, bool)> = known.iter().map(|took| (*took, true)).collect();
    times.extend(unknown.iter().map(|took| (*took, false)));
    times.sort();
    let (mut rank, mut of_known) = (1.0, 0.0);
    for same in times.chunk_by(|one, other| one.0 == other.0) {
        let count = same.len() as f64;
        let of_these = same.iter().filter(|(_, known)| *known).count() as f64;
        of_known += of_these * (rank + (count - 1.0) / 2.0);
        rank += count;
    }
    let (n, m) = (known.len() as f64, unknown.len() as f64);
    (of_known - n * (n + 1.0) / 2.0) / (n * m)
}

#[test]
fn a_curve_of_equals_is_a_coin_and_of_others_is_certain() {
    let times = |range: std::ops::Range<u64>| range.map(Duration::from_millis).collect::<Vec<_>>();
    assert!((area_under_curve(&times(0..10), &times(0..10)) - 0.5).abs() < 1e-9);
    assert!((area_under_curve(&times(10..20), &times(0..10)) - 1.0).abs() < 1e-9);
    assert!(area_under_curve(&times(0..10), &times(10..20)).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_ids_teach_nothing() {
    let server = exposed().await;
    let [running, locked, unopened, ended] = [
        server.create_meeting().await,
        server.create_meeting().await,
        server.create_meeting().await,
        server.create_meeting().await,
    ];
    let mut last = person::host(server.address(), &ended).await;
    last.client.send(ClientMessage::End {}).await;
    assert_eq!(last.last_word().await, Some(CloseReason::Ended));
    let mut behind_the_lock = person::host(server.address(), &locked).await;
    behind_the_lock.command(DeviceCommand::Lock { locked: true }).await;
    behind_the_lock.until(|view| view.locked).await;
    let mut host = person::host(server.address(), &running).await;
    let known: Arc<[_]> = Arc::new([
        (About::Running, running.id),
        (About::Locked, locked.id),
        (About::Unopened, unopened.id),
        (About::Ended, ended.id),
    ]);

    let address = server.address();
    let count = TRIES / (TRIES_OF_A_CONNECTION - KNOWN_OF_A_CONNECTION);
    let attack = many(count, |number| probe(address, Arc::clone(&known), number));
    let invited = async {
        // In the middle of it.
        tokio::time::sleep(Duration::from_secs(2)).await;
        chitra(address, &running).await
    };
    // The other host is heard of in its turn: a meeting that is locked has to stay a meeting.
    let (answers, took) = attend(&mut host, async {
        let locked = async { while behind_the_lock.next().await.is_some() {} };
        tokio::select! {
            both = async { tokio::join!(attack, invited) } => both,
            () = locked => panic!("the locked meeting ended"),
        }
    })
    .await;
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();

    // Byte for byte one answer for each way of trying, whatever it was about.
    for by in [Try::Link, Try::Device, Try::Resume] {
        let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
        for answer in answers.iter().filter(|answer| answer.by == by) {
            *texts.entry(&answer.text).or_default() += 1;
        }
        assert_eq!(texts.len(), 1, "{by:?}: {texts:?}");
        let frame: ServerFrame = serde_json::from_str(texts.keys().next().unwrap()).unwrap();
        let rule = if by == Try::Resume { Rule::ResumeWindow } else { Rule::KnownMeeting };
        assert!(
            matches!(frame.body, ServerMessage::Refused { rule: found, .. } if found == rule),
            "{frame:?}"
        );
    }
    // And no time by which one could tell. What is measured goes into `docs/benchmarks.md`; the bound is wide, since
    // whatever else runs on the machine is in it.
    let of = |about: About, by: Option<Try>| -> Vec<Duration> {
        let asked =
            answers.iter().filter(|answer| answer.about == about && by.is_none_or(|by| by == answer.by));
        asked.map(|answer| answer.took).collect()
    };
    let nothing = of(About::Nothing, None);
    assert!(nothing.len() >= TRIES, "{} were answered", nothing.len());
    let median = |times: &[Duration]| {
        let mut sorted = times.to_vec();
        sorted.sort();
        sorted[sorted.len() / 2]
    };
    println!("{:?}: {} answers, median {:?}", About::Nothing, nothing.len(), median(&nothing));
    for about in [About::Running, About::Locked, About::Unopened, About::Ended] {
        let times = of(about, None);
        let area = area_under_curve(&times, &nothing);
        println!(
            "{about:?}: {} answers, median {:?}, area under the curve {area:.3}",
            times.len(),
            median(&times)
        );
        assert!((area - 0.5).abs() < 0.15, "{about:?}: {area}");
    }
    for by in [Try::Link, Try::Device, Try::Resume] {
        let area = area_under_curve(&of(About::Running, Some(by)), &of(About::Nothing, Some(by)));
        println!("{by:?}: running or nothing, area under the curve {area:.3}");
    }
    println!("in the room meanwhile, with the link: {took:?}");
    assert!(took < PATIENCE / 2, "{took:?}");
    // Over HTTP there is nothing to ask either: the page is the same for every id.
    let page = server.get(&format!("/m/{}", running.id)).await;
    for id in [locked.id, unopened.id, ended.id, MeetingId::from_bytes(random())] {
        let other = server.get(&format!("/m/{id}")).await;
        assert_eq!((other.status, &other.body), (page.status, &page.body));
    }
    assert!(host.view.alarms.is_empty());
}

/// Knocks with the link and begins the proof again and again, by what another device has said to begin it. Returns how
/// often it was answered with the host's part of the proof, `hosts_part` bytes long, without which no guess is one.
async fn guess(
    address: std::net::SocketAddr,
    device: Device,
    beginning: Arc<DoorPayload>,
    hosts_part: usize,
) -> usize {
    let mut mallory = Person::on(Client::connect_from(address, &somewhere()).await, device);
    let answer = mallory.say_enter(None).await;
    if !matches!(answer, ServerMessage::Waiting { .. }) {
        return 0;
    }
    let mut answered = 0;
    let mut asked = Vec::new();
    for _ in 0..GUESSES_OF_A_KNOCK {
        let message = ClientMessage::Door { to: None, payload: DoorPayload::clone(&beginning) };
        asked.push(mallory.client.send(message).await);
    }
    let last = *asked.last().unwrap();
    while let Some(frame) = mallory.client.next_or_end().await {
        let part = matches!(&frame.body, ServerMessage::Door { payload, .. } if payload.as_bytes().len() == hosts_part);
        answered += usize::from(part);
        if frame.re == Some(last) {
            break;
        }
    }
    answered
}

/// Runs of the proof that one knocker begins: it may say 32 things while it waits.
const GUESSES_OF_A_KNOCK: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_guesses_at_a_passcode_find_nothing_and_the_meeting_goes_on() {
    let server = exposed().await;
    let meeting: Meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let set = |passcode: &str| DeviceCommand::SetPasscode {
        passcode: Some(passcode.parse().unwrap()),
        admits: true,
    };
    host.command(set("7KQM-2XWD")).await;
    host.until(|view| matches!(view.passcode, PasscodeView::Set { .. })).await;
    let address = server.address();

    // Honest devices in the hands of somebody who guesses, each with a new key: the host's device checks twenty.
    let mut recorded = Vec::new();
    let (mut hosts_part, mut checked) = (0, 0);
    for number in 0..30 {
        let work = async {
            let mut mallory =
                Person::on(Client::connect_from(address, &somewhere()).await, meeting.guest("Mallory"));
            mallory.say_enter(None).await;
            let is_off = |view: &DeviceView| view.passcode == PasscodeView::Off {};
            mallory.until(|view| view.stage == DeviceStage::PasscodeWanted || is_off(view)).await;
            if is_off(&mallory.view) {
                return None;
            }
            mallory.said.clear();
            mallory
                .command(DeviceCommand::Passcode { passcode: format!("guess-{number:04}").parse().unwrap() })
                .await;
            // The host's part of the proof, and then its word on it; or nothing, for as long as one cares to wait.
            let door = |frame: ServerFrame| match frame.body {
                ServerMessage::Door { payload, .. } => Some(payload.as_bytes().len()),
                _ => None,
            };
            let mut heard = Vec::new();
            for _ in 0..2 {
                let answer = tokio::time::timeout(Duration::from_secs(3), mallory.wait_for(door)).await;
                heard.push(answer.ok()?);
            }
            assert_ne!(mallory.view.stage, DeviceStage::Member);
            Some((mallory.said, heard[0]))
        };
        match attend(&mut host, work).await {
            Some((said, part)) => (recorded, hosts_part, checked) = (said, part, checked + 1),
            None => break,
        }
    }
    assert_eq!(checked, 20, "the meeting's budget");
    assert_eq!(recorded.len(), 2, "a beginning and a proof");
    // The host is told: its device says so, and takes no passcode until the host has set one again.
    host.until(|view| matches!(view.passcode, PasscodeView::Disabled { .. })).await;

    // A run begins with what the first of the two says; the other answers what never comes.
    let beginning = Arc::new(recorded.remove(0));
    let knocks = TRIES / GUESSES_OF_A_KNOCK;
    let meeting = Arc::new(meeting);
    let attack =
        many(knocks, |_| guess(address, meeting.guest("Mallory"), Arc::clone(&beginning), hosts_part));
    let invited = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        chitra(address, &meeting).await
    };
    let begun = Instant::now();
    let (answered, took) = attend(&mut host, async { tokio::join!(attack, invited) }).await;
    println!(
        "{} guesses in {:?}; in the room meanwhile, let in by hand: {took:?}",
        knocks * GUESSES_OF_A_KNOCK,
        begun.elapsed()
    );
    assert_eq!(answered.len(), knocks);
    assert_eq!(answered.iter().sum::<usize>(), 0, "no proof was gone on with, so nothing was learned");
    assert!(took < PATIENCE / 2, "{took:?}");
    assert_eq!(host.view.members.len(), 2, "nobody but the host and Chitra is in");
    assert!(host.view.alarms.is_empty());

    // Once the host has set another passcode, it opens.
    host.command(set("9RTB-4YHN")).await;
    let right = async {
        let mut dev = Person::on(Client::connect_from(address, &somewhere()).await, meeting.guest("Dev"));
        dev.say_enter(None).await;
        wait_until(&mut dev, DeviceStage::PasscodeWanted).await;
        dev.command(DeviceCommand::Passcode { passcode: "9RTB-4YHN".parse().unwrap() }).await;
        wait_until(&mut dev, DeviceStage::Member).await;
    };
    attend(&mut host, right).await;
    // Dev may know of it a moment before the host does.
    host.until(|view| view.members.len() == 3).await;
}
