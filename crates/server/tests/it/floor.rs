//! The organisation's floor over HTTP: who may see and change it, what is refused, and what stays on record.

use sabha_policy::{Controls, Tier};
use sabha_protocol::{
    Rule,
    account::{AccountRole, Scope},
    limits::PROFILE_BYTES_MAX,
    wire::{
        accounts::{AuditAction, AuditPage},
        floor::{
            ApplyFloor, FloorApplied, FloorPreview, FloorView, FloorWish, PreviewFloor, Template, Templates,
        },
    },
};

use crate::{
    accounts::{Credential, Office, rule},
    server::{Response, now_ms},
};

const PATH: &str = "/api/v1/floor";

async fn officer(office: &Office) -> Credential {
    let officer = office.user(&[AccountRole::SecurityOfficer]).await;
    Credential::cookie(&office.session(officer, now_ms()).await.1)
}

async fn view(office: &Office, credential: &Credential) -> FloorView {
    let response = office.ask("GET", PATH, credential, "").await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()
}

async fn preview(office: &Office, credential: &Credential, wish: FloorWish) -> Response {
    let body = serde_json::to_string(&PreviewFloor { wish }).unwrap();
    office.ask("POST", "/api/v1/floor/preview", credential, &body).await
}

async fn apply(office: &Office, by: &Credential, wish: FloorWish, seen: u32, loosen: bool) -> Response {
    let body = serde_json::to_string(&ApplyFloor { wish, seen, loosen }).unwrap();
    office.ask("POST", PATH, by, &body).await
}

fn tier(tier: &str) -> FloorWish {
    FloorWish::Tier { tier: tier.to_owned().try_into().unwrap() }
}

#[tokio::test]
async fn a_profile_is_tried_out_applied_and_rolled_back_by_a_security_officer() {
    let office = Office::open().await;
    let officer = officer(&office).await;
    let before = view(&office, &officer).await;
    assert_eq!((before.number, before.history.len()), (0, 0));
    let nsa = before.profiles.iter().find(|profile| profile.id == "us.gov.nsa.2020-04-24").unwrap();
    let wish = FloorWish::Profile { id: nsa.id.clone() };

    let seen: FloorPreview = preview(&office, &officer, wish.clone()).await.json();
    assert!(seen.changes.iter().any(|change| change.tightens), "{seen:?}");
    assert!(seen.changes.iter().any(|change| !change.tightens), "{seen:?}");
    assert_eq!(view(&office, &officer).await, before, "looking changes nothing");

    let applied: FloorApplied = apply(&office, &officer, wish, seen.seen, false).await.json();
    assert_eq!(applied.number, 1);
    let after = view(&office, &officer).await;
    for change in &seen.changes {
        let now = &after.controls.iter().find(|control| control.control == change.control).unwrap().value;
        assert_eq!(now, if change.tightens { &change.after } else { &change.before }, "{change:?}");
    }
    assert_eq!(office.store.floor().await.unwrap().below(&Controls::of(Tier::Medium)), None);

    let back: FloorApplied =
        apply(&office, &officer, FloorWish::Earlier { number: 0 }, 1, false).await.json();
    assert_eq!(back.number, 2);
    assert_eq!(office.store.floor().await.unwrap(), Controls::of(Tier::Medium));
    let history = view(&office, &officer).await.history;
    assert_eq!(history.iter().map(|entry| entry.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(history[0].applied_by, "Ben");

    let log: AuditPage = office.ask("GET", "/api/v1/audit?action=floor.applied", &officer, "").await.json();
    assert_eq!(log.entries.len(), 2);
    assert!(
        log.entries.iter().all(|entry| entry.action == AuditAction::FloorApplied && entry.user.is_some())
    );
}

#[tokio::test]
async fn what_was_decided_over_another_floor_is_not_applied() {
    let office = Office::open().await;
    let officer = officer(&office).await;
    assert_eq!(apply(&office, &officer, tier("high"), 0, false).await.status, 200);
    assert_eq!(rule(&apply(&office, &officer, tier("low"), 0, true).await), (409, Rule::FloorSeen));
    assert_eq!(office.store.floor().await.unwrap(), Controls::of(Tier::High));
}

#[tokio::test]
async fn nothing_gets_looser_unless_that_is_asked_for() {
    let office = Office::open().await;
    let officer = officer(&office).await;
    apply(&office, &officer, tier("high"), 0, false).await;
    apply(&office, &officer, tier("low"), 1, false).await;
    assert_eq!(office.store.floor().await.unwrap(), Controls::of(Tier::High));
    apply(&office, &officer, tier("low"), 2, true).await;
    assert_eq!(office.store.floor().await.unwrap(), Controls::of(Tier::Low));
}

#[tokio::test]
async fn only_a_profile_whose_signature_holds_is_taken_and_nothing_is_lost_by_another() {
    let office = Office::open().await;
    let officer = officer(&office).await;
    let mut file = sabha_server::profiles::find("in.gov.mha.2020-04-12").unwrap();
    file.signature = Some(sabha_policy::profile::sign(&file.profile, &[7; 32]));
    let text = serde_json::to_string_pretty(&file).unwrap();
    let wish = |text: &str| FloorWish::File { text: text.to_owned() };
    let seen: FloorPreview = preview(&office, &officer, wish(&text)).await.json();
    assert!(seen.signed_by.is_some() && seen.origin.starts_with("in.gov.mha.2020-04-12 revision 1, key "));

    let altered = text.replacen("granted", "everyone", 1);
    assert_ne!(altered, text);
    let long = " ".repeat(PROFILE_BYTES_MAX + 1);
    for wrong in [altered.as_str(), "{}", "", long.as_str(), "<script>"] {
        assert_eq!(rule(&preview(&office, &officer, wish(wrong)).await), (400, Rule::Profile));
        assert_eq!(rule(&apply(&office, &officer, wish(wrong), 0, false).await), (400, Rule::Profile));
    }
    let longer = " ".repeat(3 * PROFILE_BYTES_MAX);
    assert_eq!(rule(&preview(&office, &officer, wish(&longer)).await), (413, Rule::WellFormed));
    for unknown in [
        tier("highest"),
        FloorWish::Earlier { number: 1 },
        FloorWish::Profile { id: "../../etc/passwd".to_owned() },
    ] {
        assert_eq!(rule(&apply(&office, &officer, unknown, 0, true).await), (404, Rule::AccountKnown));
    }
    assert_eq!(view(&office, &officer).await.number, 0);
}

#[tokio::test]
async fn a_key_that_may_read_the_floor_does_not_change_it() {
    let office = Office::open().await;
    let user = office.user(&[AccountRole::SecurityOfficer]).await;
    let reader = Credential::bearer(&office.key(user, &[Scope::PolicyRead]).await);
    let writer = Credential::bearer(&office.key(user, &[Scope::PolicyWrite]).await);
    assert_eq!(view(&office, &reader).await.number, 0);
    assert_eq!(rule(&apply(&office, &reader, tier("high"), 0, false).await), (403, Rule::AccountScope));
    assert_eq!(apply(&office, &writer, tier("high"), 0, false).await.status, 200);
}

/// FLOOR.PROFILE
#[tokio::test]
async fn who_keeps_the_policy_keeps_templates_and_who_makes_meetings_chooses_one() {
    let office = Office::open().await;
    let of = async |role| {
        let user = office.user(&[role]).await;
        Credential::cookie(&office.session(user, now_ms()).await.1)
    };
    let (officer, host) = (of(AccountRole::SecurityOfficer).await, of(AccountRole::Host).await);
    let put = async |body: serde_json::Value| {
        office.ask("POST", "/api/v1/templates", &officer, &body.to_string()).await
    };
    let hosts_share = serde_json::json!([{ "control": "MEET.SHARE.HOST", "value": "hosts" }]);
    let made = put(serde_json::json!({ "name": "Board", "controls": hosts_share })).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let made = made.json::<Template>();

    let listed = office.ask("GET", "/api/v1/templates", &host, "").await.json::<Templates>();
    assert_eq!(listed.templates, std::slice::from_ref(&made));
    let view = office.ask("GET", PATH, &officer, "").await.json::<FloorView>();
    assert_eq!(view.templates, std::slice::from_ref(&made));
    let again = put(serde_json::json!({ "name": "Board", "controls": [] })).await;
    assert_eq!(rule(&again).1, Rule::AccountKnown, "another of this name");
    for (control, value) in [("MEET.NOTHING", "x"), ("MEET.SHARE.HOST", "some"), ("ORG.CLIENT.FLOOR", "9999")]
    {
        let wrong = serde_json::json!([{ "control": control, "value": value }]);
        let refused = put(serde_json::json!({ "name": "Other", "controls": wrong })).await;
        assert_eq!(rule(&refused).1, Rule::Profile, "{control}");
    }
    let renamed = put(serde_json::json!({ "id": made.id, "name": "Council", "controls": hosts_share })).await;
    assert_eq!(renamed.json::<Template>().id, made.id);
    let one = format!("/api/v1/templates/{}", made.id);
    assert_eq!(office.ask("DELETE", &one, &host, "").await.status, 403);
    assert_eq!(office.ask("DELETE", &one, &officer, "").await.status, 204);
    assert_eq!(office.ask("DELETE", &one, &officer, "").await.status, 404);
}
