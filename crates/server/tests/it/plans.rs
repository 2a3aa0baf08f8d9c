//! Planned meetings over HTTP: made, listed, cancelled, each by who planned them, and what is never stored.

use sabha_crypto::{
    device::{CreateOptions, Device, MeetingSuite},
    policy::{Controls, Tier},
};
use sabha_protocol::{
    Rule,
    account::{AccountRole, Scope, UserId},
    limits::PLANNED_MAX,
    wire::{
        accounts::{AuditAction, AuditPage},
        http::CreateMeeting,
        plans::{CreatePlan, Plan, PlannedState, Plans, Schedule, ScheduleTimes},
    },
};
use sabha_server::storage::FILE_NAME;

use crate::{
    accounts::{Credential, Office, rule},
    server::now_ms,
};

const WEEKLY: &str = r#"{"zone":"Europe/Berlin","starts":"2027-03-22T09:00","minutes":45,"early_minutes":10,"repeat":{"every":"week","count":3}}"#;

/// Returns a schedule some days ahead of whenever this test runs.
pub fn ahead(repeat: &str) -> String {
    let day = 24 * 60 * 60 * 1000;
    let date = date(now_ms() + 30 * day);
    WEEKLY.replace("2027-03-22", &date).replace(r#"{"every":"week","count":3}"#, repeat)
}

/// Returns the day of a time in UTC: the civil calendar from days since 1970 (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn date(at_ms: u64) -> String {
    let days = at_ms / 86_400_000 + 719_468;
    let era_day = days % 146_097;
    let era_year = (era_day - era_day / 1460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let shifted = (5 * year_day + 2) / 153;
    let day = year_day - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era_year + days / 146_097 * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn meeting(begins_ms: u64) -> CreateMeeting {
    let options = CreateOptions {
        suite: MeetingSuite::Classical,
        title: Some("Cabinet".parse().unwrap()),
        name: "Asha".parse().unwrap(),
        passcode: None,
        admits: false,
        by_mail: false,
        floor: Controls::of(Tier::default()),
        controls: Controls::default(),
    };
    Device::plan(options, begins_ms, now_ms()).unwrap().creation().unwrap().clone()
}

impl Office {
    /// Plans what `schedule` says, as the page does: asks for the times, and signs a meeting for each.
    pub async fn plan(&self, credential: &Credential, schedule: &str) -> Plan {
        let answer = self.ask("POST", "/api/v1/plans/times", credential, schedule).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let times = answer.json::<ScheduleTimes>().times;
        let schedule: Schedule = serde_json::from_str(schedule).unwrap();
        let meetings = times.iter().map(|times| meeting(times.starts_ms)).collect();
        let body = serde_json::to_string(&CreatePlan { schedule, meetings }).unwrap();
        let answer = self.ask("POST", "/api/v1/plans", credential, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    async fn plans(&self, credential: &Credential) -> Vec<Plan> {
        let answer = self.ask("GET", "/api/v1/plans", credential, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json::<Plans>().plans
    }

    pub async fn host(&self) -> (UserId, Credential) {
        let user = self.user(&[AccountRole::Host]).await;
        (user, Credential::cookie(&self.session(user, now_ms()).await.1))
    }
}

#[tokio::test]
async fn a_series_has_a_fresh_meeting_each_time_and_is_its_owners_alone() {
    let office = Office::open().await;
    let (_, asha) = office.host().await;
    let (_, ben) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":3}"#)).await;
    assert_eq!(plan.meetings.len(), 3);
    let ids: std::collections::BTreeSet<_> = plan.meetings.iter().map(|planned| planned.meeting).collect();
    assert_eq!(ids.len(), 3, "no two have the same id");
    assert_eq!(office.plans(&asha).await, std::slice::from_ref(&plan));

    assert_eq!(office.plans(&ben).await, []);
    let series = format!("/api/v1/plans/{}", plan.id);
    let second = format!("/api/v1/plans/meetings/{}", plan.meetings[1].meeting);
    for path in [&series, &second] {
        for other in [&ben, &office.administrator().await] {
            assert_eq!(
                rule(&office.ask("DELETE", path, other, "").await),
                (404, Rule::AccountKnown),
                "{path}"
            );
        }
    }
    assert_eq!(office.plans(&asha).await, [plan]);
}

#[tokio::test]
async fn one_is_cancelled_and_then_the_rest_and_each_is_over() {
    let office = Office::open().await;
    let (user, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"day","count":3}"#)).await;
    let second = plan.meetings[1].meeting;
    let path = format!("/api/v1/plans/meetings/{second}");
    assert_eq!(office.ask("DELETE", &path, &asha, "").await.status, 204);
    assert_eq!(rule(&office.ask("DELETE", &path, &asha, "").await), (404, Rule::AccountKnown), "once");
    let states = async || -> Vec<PlannedState> {
        office.plans(&asha).await[0].meetings.iter().map(|planned| planned.state).collect()
    };
    use PlannedState::{Cancelled, Planned};
    assert_eq!(states().await, [Planned, Cancelled, Planned]);
    assert!(office.store.meeting(&second).await.unwrap().is_none(), "nothing of it is left");
    assert!(office.store.meeting(&plan.meetings[0].meeting).await.unwrap().is_some());

    assert_eq!(office.ask("DELETE", &format!("/api/v1/plans/{}", plan.id), &asha, "").await.status, 204);
    assert_eq!(states().await, [Cancelled, Cancelled, Cancelled]);

    let page: AuditPage = office.ask("GET", "/api/v1/audit", &office.administrator().await, "").await.json();
    let done: Vec<_> = page.entries.iter().filter(|entry| entry.user == Some(user)).collect();
    let cancelled = done.iter().filter(|entry| entry.action == AuditAction::MeetingCancelled).count();
    let planned = done.iter().find(|entry| entry.action == AuditAction::MeetingsPlanned).unwrap();
    assert_eq!((cancelled, planned.detail.as_deref()), (3, Some("3")));
}

#[tokio::test]
async fn a_program_plans_by_its_key_and_what_a_user_planned_goes_with_them() {
    let office = Office::open().await;
    let (user, cookie) = office.host().await;
    let key = Credential::bearer(&office.key(user, &[Scope::MeetingsCreate]).await);
    let plan = office.plan(&key, &ahead("null")).await;
    assert_eq!(office.plans(&cookie).await, std::slice::from_ref(&plan));

    let path = format!("/api/v1/users/{user}");
    assert_eq!(office.ask("DELETE", &path, &office.administrator().await, "").await.status, 204);
    let meeting = plan.meetings[0].meeting;
    assert!(office.store.meeting(&meeting).await.unwrap().is_none());
    assert_eq!(office.store.door(&meeting).await.unwrap(), None);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_whole() {
    let office = Office::open().await;
    let (_, asha) = office.host().await;
    let refused = async |path: &str, body: &str| rule(&office.ask("POST", path, &asha, body).await);
    for (wrong, right) in [
        ("Mars/Olympus", "Europe/Berlin"),
        ("../etc/passwd", "Europe/Berlin"),
        ("45000", "45"),
        ("1", "45"),
        (r#""day","until":"2027-01-01","count""#, r#""week","count""#),
        ("61}", "3}"),
    ] {
        let body = ahead(r#"{"every":"week","count":3}"#).replace(right, wrong);
        let (status, rule) = refused("/api/v1/plans/times", &body).await;
        // 422 is of what is no form of ours at all.
        assert!(matches!(status, 400 | 422) && rule == Rule::WellFormed, "{body}: {status} {rule:?}");
    }
    let past = WEEKLY.replace("2027-03-22", "2020-03-22");
    assert_eq!(refused("/api/v1/plans/times", &past).await, (400, Rule::WellFormed));

    // As many meetings as times, and each one's own.
    let schedule: Schedule = serde_json::from_str(&ahead(r#"{"every":"week","count":2}"#)).unwrap();
    let one = meeting(now_ms());
    for meetings in [vec![one.clone()], vec![one.clone(), meeting(now_ms()), meeting(now_ms())]] {
        let body = serde_json::to_string(&CreatePlan { schedule: schedule.clone(), meetings }).unwrap();
        assert_eq!(refused("/api/v1/plans", &body).await, (400, Rule::WellFormed));
    }
    let twice = CreatePlan { schedule: schedule.clone(), meetings: vec![one.clone(), one.clone()] };
    let body = serde_json::to_string(&twice).unwrap();
    assert_eq!(refused("/api/v1/plans", &body).await, (409, Rule::AccountKnown));
    let foreign = CreateMeeting { meeting: meeting(now_ms()).meeting, ..one.clone() };
    let body = serde_json::to_string(&CreatePlan { schedule, meetings: vec![one.clone(), foreign] }).unwrap();
    assert_eq!(refused("/api/v1/plans", &body).await.0, 400);
    assert_eq!(office.plans(&asha).await, [], "nothing of these is there");
    assert!(office.store.meeting(&one.meeting).await.unwrap().is_none());
}

#[tokio::test]
async fn there_are_as_many_ahead_as_there_may_be() {
    let office = Office::open().await;
    let (_, asha) = office.host().await;
    let days = r#"{"every":"day","count":60}"#;
    for _ in 0..PLANNED_MAX / 60 {
        office.plan(&asha, &ahead(days)).await;
    }
    let schedule: Schedule = serde_json::from_str(&ahead("null")).unwrap();
    let body = serde_json::to_string(&CreatePlan { schedule, meetings: vec![meeting(now_ms())] }).unwrap();
    assert_eq!(rule(&office.ask("POST", "/api/v1/plans", &asha, &body).await), (409, Rule::Capacity));
}

#[tokio::test]
async fn the_database_has_no_title_of_what_is_planned() {
    let office = Office::open().await;
    let (_, asha) = office.host().await;
    office.plan(&asha, &ahead("null")).await;
    office.store.close().await;

    let mut bytes = Vec::new();
    for file in std::fs::read_dir(office.server.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with(FILE_NAME) {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"Europe/Berlin"), "the zone is there");
    assert!(!holds(b"Cabinet"));
}
