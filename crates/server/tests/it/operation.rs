//! What whoever watches over the server sees of it, and what they do not.

use sabha_protocol::{
    Rule,
    account::{AccountRole, Scope},
    device::DeviceCommand,
    limits,
    wire::{
        accounts::{AuditAction, AuditPage},
        operation::{LiveRooms, Refusals, ServerHealth, ServerLimit},
    },
};

use crate::{
    accounts::{Credential, Office, rule},
    client::Client,
    person,
    server::now_ms,
};

#[tokio::test]
async fn open_rooms_are_shown_by_counts_and_rules_and_by_nothing_that_says_which() {
    let office = Office::open().await;
    let key = office.key(office.administrator, &[Scope::HealthRead]).await;
    let key = Credential::bearer(&key);
    let server = &office.server;
    let live = async || office.ask("GET", "/api/v1/live", &key, "").await;
    assert_eq!(live().await.json::<LiveRooms>(), LiveRooms { open: 0, rooms: vec![] });

    let meeting = server.create_meeting().await;
    let before = now_ms();
    let mut host = person::host(server.address(), &meeting).await;
    let bilal = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let waiting = person::knock(server.address(), &meeting, "Chitra").await;
    host.command(DeviceCommand::Lock { locked: true }).await;
    host.until(|view| view.locked).await;

    let answer = live().await;
    let shown: LiveRooms = answer.json();
    let [room] = &shown.rooms[..] else { panic!("{shown:?}") };
    assert_eq!((shown.open, room.participants, room.guests), (1, 2, 1));
    assert!(room.locked && !room.suspended && room.opened_ms >= before && room.opened_ms <= now_ms());
    let share = room.controls.0.iter().find(|setting| setting.control.as_str() == "MEET.SHARE.HOST");
    assert_eq!(share.map(|setting| setting.value.as_str()), Some("granted"));
    let secrets = [
        meeting.id.to_string(),
        String::from(host.resume.clone().unwrap()),
        serde_json::to_string(&host.device.me()).unwrap(),
        serde_json::to_string(&bilal.device.me()).unwrap(),
        serde_json::to_string(&waiting.device.me()).unwrap(),
        "Bilal".to_owned(),
        "Chitra".to_owned(),
        "Monday".to_owned(),
    ];
    for secret in secrets {
        assert!(!answer.body.contains(secret.trim_matches('"')), "{secret}");
    }

    drop((host, bilal, waiting));
}

#[tokio::test]
async fn health_says_how_the_server_fares_and_which_limits_are_near() {
    let office = Office::with(|settings| settings.limits.rooms = 2).await;
    let meeting = office.server.create_meeting().await;
    let _host = person::host(office.server.address(), &meeting).await;
    let officer = office.user(&[AccountRole::SecurityOfficer]).await;
    let officer = Credential::cookie(&office.session(officer, now_ms()).await.1);
    let health: ServerHealth = office.ask("GET", "/api/v1/health", &officer, "").await.json();

    assert!(health.database.reachable && health.database.bytes > 4096 && health.database.schema >= 5);
    assert!(health.started_ms <= health.now_ms && !health.draining);
    assert_eq!((health.shards.len(), health.shards[0].faults), (1, 0));
    let disk = health.disk.unwrap();
    assert!(disk.free_bytes <= disk.total_bytes && disk.total_bytes > 0);
    assert!(health.machine.is_none_or(|machine| machine.memory_bytes > 1_000_000 && machine.cores > 0));
    let nearest = &health.limits[0];
    assert_eq!((nearest.limit, nearest.used, nearest.max), (ServerLimit::Rooms, 1, 2));
    let connections = health.limits.iter().find(|limit| limit.limit == ServerLimit::Connections).unwrap();
    assert_eq!((connections.used, connections.max), (1, limits::CONNECTIONS_MAX as u64));
}

#[tokio::test]
async fn what_an_attack_is_refused_is_counted_by_rule_and_minute() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let refusals = async |span: &str| -> Refusals {
        office.ask("GET", &format!("/api/v1/refusals{span}"), &administrator, "").await.json()
    };
    let total = |refusals: &Refusals| {
        refusals.rules.iter().find(|one| one.rule == Rule::DeviceProof).map_or(0, |one| one.total)
    };
    let before = total(&refusals("").await);
    let meeting = office.server.create_meeting().await;
    let mut overheard = Client::connect(office.server.address()).await;
    for _ in 0..7 {
        // Signed for another connection.
        let other = sabha_protocol::key::Challenge::from_bytes([9; 32]);
        let forged = crate::client::entering(&mut meeting.guest("Eve"), other);
        assert_eq!(overheard.refused(forged).await, Rule::DeviceProof);
    }
    let (hour, day) = (refusals("?span=hour").await, refusals("?span=day").await);
    assert_eq!((hour.steps, hour.step_ms, day.steps, day.step_ms), (60, 60_000, 96, 900_000));
    for one in [&hour, &day] {
        // Other tests of this process are refused as well.
        assert!(total(one) >= before + 7, "{one:?}");
        let rule = one.rules.iter().find(|one| one.rule == Rule::DeviceProof).unwrap();
        assert_eq!(rule.counts.iter().sum::<u64>(), rule.total);
        assert_eq!(rule.counts.len(), one.steps as usize);
        assert!(rule.counts.iter().rev().take(2).sum::<u64>() >= 7, "just now");
        assert!(
            one.first_ms <= now_ms() && now_ms() < one.first_ms + u64::from(one.steps * one.step_ms) + 60_000
        );
    }
    let junk = office.ask("GET", "/api/v1/refusals?span=year", &administrator, "").await;
    assert_eq!(rule(&junk), (400, Rule::WellFormed));
}

#[tokio::test]
async fn the_log_is_searched_by_user_action_and_time() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let page = async |query: &str| -> AuditPage {
        office.ask("GET", &format!("/api/v1/audit?{query}"), &administrator, "").await.json()
    };
    let everything = page("").await.entries;
    let (first, last) = (everything.last().unwrap().at_ms, everything[0].at_ms);
    assert_eq!(page(&format!("since_ms={first}&until_ms={}", last + 1)).await.entries, everything);
    assert_eq!(page(&format!("since_ms={}", last + 1)).await.entries, []);
    assert_eq!(page(&format!("until_ms={first}")).await.entries, []);
    let action = AuditAction::SessionBegun.word();
    let mine = page(&format!("action={action}&user={}&since_ms={first}", office.administrator)).await.entries;
    assert!(!mine.is_empty());
    assert!(mine.iter().all(|entry| {
        entry.action == AuditAction::SessionBegun
            && entry.user == Some(office.administrator)
            && entry.at_ms >= first
    }));
}
