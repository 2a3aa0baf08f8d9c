//! What the database keeps of accounts: links that are good once, sessions that end, and a log that shows a hand in it.

use sabha_protocol::{
    account::{AccountRole, ApiKeyId, InvitationId, PasskeyId, Roles, Scope, SessionId, UserId},
    limits::{INVITATION_LIFE, PASSKEYS_MAX, SESSION_IDLE, SESSION_LIFE, SESSIONS_MAX, SETUP_LIFE},
    wire::accounts::{ApiKey, Invite},
};

use super::*;

/// Some moment; what counts is what comes how long after.
const NOW: u64 = 1_800_000_000_000;

async fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    (directory, store)
}

fn passkey(number: u8) -> NewPasskey {
    NewPasskey {
        id: PasskeyId::from_bytes([number; 16]),
        label: "Laptop".parse().unwrap(),
        credential_id: vec![number; 32],
        public_key: vec![number; 77],
        counter: 0,
    }
}

fn session(number: u8) -> NewSession {
    NewSession { id: SessionId::from_bytes([number; 16]), token_hash: [number; 32], strong: true }
}

fn newcomer(number: u8) -> NewUser {
    NewUser {
        id: UserId::from_bytes([number; 16]),
        name: "Asha".parse().unwrap(),
        email: Some(format!("user{number}@example.org").parse().unwrap()),
        organisation: None,
        way: NewWay::Passkey(passkey(number)),
        session: session(number),
    }
}

fn invite(roles: &[AccountRole]) -> Invite {
    Invite { name: "Ben".parse().unwrap(), email: None, roles: roles.iter().copied().collect() }
}

/// A store with an administrator, who is user 1 and has session 1.
async fn office() -> (tempfile::TempDir, Store, Author) {
    let (directory, store) = store().await;
    assert!(store.prepare_setup(&[1; 32], NOW).await.unwrap());
    store.join(&[1; 32], &newcomer(1), NOW).await.unwrap();
    (directory, store, Author::user(UserId::from_bytes([1; 16])))
}

fn after(life: Duration) -> u64 {
    NOW + u64::try_from(life.as_millis()).unwrap()
}

#[tokio::test]
async fn the_first_administrators_link_is_good_once_and_for_a_day() {
    let (_directory, store) = store().await;
    assert!(store.prepare_setup(&[8; 32], NOW).await.unwrap());
    assert!(store.prepare_setup(&[1; 32], NOW).await.unwrap());
    assert!(
        matches!(store.link(&[8; 32], NOW).await, Err(AccountError::Link)),
        "the next start makes another"
    );
    assert!(matches!(store.link(&[1; 32], after(SETUP_LIFE)).await, Err(AccountError::Link)));
    assert!(store.link(&[1; 32], after(SETUP_LIFE) - 1).await.is_ok());

    store.join(&[1; 32], &newcomer(1), NOW).await.unwrap();
    assert!(matches!(store.join(&[1; 32], &newcomer(2), NOW).await, Err(AccountError::Link)));
    assert!(!store.prepare_setup(&[9; 32], NOW).await.unwrap());
    assert!(matches!(store.link(&[9; 32], NOW).await, Err(AccountError::Link)));
}

#[tokio::test]
async fn an_invitation_is_good_once_for_seven_days_and_not_after_its_maker() {
    let (_directory, store, asha) = office().await;
    let id = |number: u8| InvitationId::from_bytes([number; 16]);
    store.invite(asha, id(2), &[2; 32], invite(&[AccountRole::Administrator]), NOW).await.unwrap();
    store.invite(asha, id(3), &[3; 32], invite(&[]), NOW).await.unwrap();
    assert!(matches!(store.link(&[3; 32], after(INVITATION_LIFE)).await, Err(AccountError::Link)));
    let ben = store.join(&[2; 32], &newcomer(2), NOW).await.unwrap();
    assert_eq!(ben.roles, Roles::from([AccountRole::Administrator]));
    assert!(matches!(store.join(&[2; 32], &newcomer(4), NOW).await, Err(AccountError::Link)));

    store.remove_user(Author::user(ben.id), UserId::from_bytes([1; 16]), NOW).await.unwrap();
    assert!(matches!(store.link(&[3; 32], NOW).await, Err(AccountError::Link)));
}

#[tokio::test]
async fn an_address_and_a_credential_belong_to_one_user_and_a_link_survives_the_refusal() {
    let (_directory, store, asha) = office().await;
    store.invite(asha, InvitationId::from_bytes([2; 16]), &[2; 32], invite(&[]), NOW).await.unwrap();
    let same_address = NewUser { email: newcomer(1).email, ..newcomer(2) };
    assert!(matches!(store.join(&[2; 32], &same_address, NOW).await, Err(AccountError::Taken)));
    let same_credential = NewUser {
        way: NewWay::Passkey(NewPasskey { credential_id: vec![1; 32], ..passkey(2) }),
        ..newcomer(2)
    };
    assert!(matches!(store.join(&[2; 32], &same_credential, NOW).await, Err(AccountError::Taken)));
    assert_eq!(store.users().await.unwrap().len(), 1);
    store.join(&[2; 32], &newcomer(2), NOW).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_unused_after_twelve_hours_and_used_after_seven_days() {
    let (_directory, store, _) = office().await;
    let alive = async |at_ms| store.session(&[1; 32], at_ms).await.unwrap().is_some();
    assert!(!alive(after(SESSION_IDLE)).await);
    let (mut at, step) = (NOW, u64::try_from(SESSION_IDLE.as_millis()).unwrap() - 1);
    while at + step < after(SESSION_LIFE) {
        at += step;
        assert!(alive(at).await, "{} h", (at - NOW) / 3_600_000);
    }
    assert!(!alive(after(SESSION_LIFE)).await);
}

#[tokio::test]
async fn the_number_of_passkeys_and_sessions_is_bounded() {
    let (_directory, store, _) = office().await;
    let user = UserId::from_bytes([1; 16]);
    let laptop = store.passkey_by_credential(&[1; 32]).await.unwrap().unwrap();
    for number in 10..10 + u8::try_from(SESSIONS_MAX).unwrap() {
        store.sign_in(&laptop, 0, &session(number), NOW + u64::from(number)).await.unwrap();
    }
    let sessions = store.sessions(user, SessionId::from_bytes([29; 16]), NOW + 100).await.unwrap();
    assert_eq!(sessions.len(), SESSIONS_MAX);
    assert!(store.session(&[1; 32], NOW + 100).await.unwrap().is_none(), "the oldest made room");
    assert!(sessions.last().unwrap().current);

    for number in 10..9 + u8::try_from(PASSKEYS_MAX).unwrap() {
        store.add_passkey(user, &passkey(number), NOW).await.unwrap();
    }
    assert!(matches!(store.add_passkey(user, &passkey(99), NOW).await, Err(AccountError::Full)));
}

#[tokio::test]
async fn a_copied_authenticators_counter_signs_nobody_in() {
    let (_directory, store, _) = office().await;
    let passkey = store.passkey_by_credential(&[1; 32]).await.unwrap().unwrap();
    store.sign_in(&passkey, 5, &session(2), NOW).await.unwrap();
    assert!(matches!(store.sign_in(&passkey, 5, &session(3), NOW).await, Err(AccountError::Unknown)));
    store.sign_in(&passkey, 6, &session(3), NOW).await.unwrap();
}

#[tokio::test]
async fn an_api_key_is_good_until_its_time_and_goes_with_its_user() {
    let (_directory, store, asha) = office().await;
    store.invite(asha, InvitationId::from_bytes([2; 16]), &[2; 32], invite(&[]), NOW).await.unwrap();
    let ben = store.join(&[2; 32], &newcomer(2), NOW).await.unwrap().id;
    let key = ApiKey {
        id: ApiKeyId::from_bytes([2; 16]),
        label: "script".parse().unwrap(),
        scopes: [Scope::UsersRead].into(),
        created_ms: NOW,
        used_ms: None,
        expires_ms: NOW + 1000,
    };
    store.create_api_key(ben, &key, &[7; 32], NOW).await.unwrap();
    let holder = store.key_holder(&[7; 32], NOW + 999).await.unwrap().unwrap();
    assert_eq!((holder.key, holder.scopes, holder.user.id), (key.id, key.scopes, ben));
    assert!(store.key_holder(&[7; 32], NOW + 1000).await.unwrap().is_none());
    store.remove_user(asha, ben, NOW).await.unwrap();
    assert!(store.key_holder(&[7; 32], NOW).await.unwrap().is_none());
    assert!(store.session(&[2; 32], NOW).await.unwrap().is_none());
}

async fn verdict(directory: &Path, head: Option<&str>) -> Verdict {
    AuditFile::open(directory).await.unwrap().verify(head).await.unwrap()
}

/// Changes the log as somebody would who has the file, triggers or not.
async fn tamper(store: &Store, statement: &'static str) {
    for trigger in ["audit_is_never_changed", "audit_is_never_shortened"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP TRIGGER IF EXISTS {trigger}")))
            .execute(&store.writer)
            .await
            .unwrap();
    }
    assert_eq!(sqlx::query(statement).execute(&store.writer).await.unwrap().rows_affected(), 1);
}

#[tokio::test]
async fn the_log_is_append_only_and_a_hand_in_it_shows() {
    for (statement, broken) in [
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 2", 2),
        ("UPDATE audit SET user = NULL WHERE seq = 2", 2),
        ("UPDATE audit SET action = 'user.removed' WHERE seq = 1", 1),
        ("UPDATE audit SET detail = 'host' WHERE seq = 1", 1),
        ("UPDATE audit SET subject = subject || detail, detail = '' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit SET seq = 9 WHERE seq = 3", 3),
    ] {
        let (directory, store, _) = office().await;
        let Verdict::Sound { entries: 3, head: Some(head), contains: None } =
            verdict(directory.path(), None).await
        else {
            panic!("joined, a passkey, a session")
        };
        assert!(sqlx::query(statement).execute(&store.writer).await.is_err(), "{statement}: the trigger");

        tamper(&store, statement).await;
        assert_eq!(
            verdict(directory.path(), Some(&head)).await,
            Verdict::Broken { seq: broken },
            "{statement}"
        );
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_shows_to_whoever_noted_its_hash() {
    let (directory, store, _) = office().await;
    let Verdict::Sound { head: Some(head), .. } = verdict(directory.path(), None).await else { panic!() };
    assert!(matches!(
        verdict(directory.path(), Some(&head.to_uppercase())).await,
        Verdict::Sound { contains: Some(true), .. }
    ));
    tamper(&store, "DELETE FROM audit WHERE seq = 3").await;
    assert!(matches!(
        verdict(directory.path(), Some(&head)).await,
        Verdict::Sound { entries: 2, contains: Some(false), .. }
    ));
}

#[tokio::test]
async fn what_is_refused_leaves_no_trace_in_the_log() {
    let (directory, store, asha) = office().await;
    let user = UserId::from_bytes([1; 16]);
    assert!(matches!(store.remove_user(asha, user, NOW).await, Err(AccountError::Last)));
    let only = PasskeyId::from_bytes([1; 16]);
    assert!(matches!(store.remove_passkey(user, only, NOW).await, Err(AccountError::Last)));
    assert!(matches!(verdict(directory.path(), None).await, Verdict::Sound { entries: 3, .. }));
    assert_eq!(store.passkeys(user).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_administrator_comes_back_by_a_link_once_and_nobody_else_does() {
    let (_directory, store, asha) = office().await;
    let id = |number: u8| InvitationId::from_bytes([number; 16]);
    let nobody = store.prepare_recovery(Some("ben@example.org"), id(8), &[8; 32], NOW).await;
    assert!(matches!(nobody, Err(AccountError::Unknown)));
    // Who is no administrator has no such link; neither has one of several who was not named.
    store.invite(asha, id(2), &[2; 32], invite(&[AccountRole::Host]), NOW).await.unwrap();
    store.join(&[2; 32], &newcomer(2), NOW).await.unwrap();
    let host = store.prepare_recovery(Some("user2@example.org"), id(8), &[8; 32], NOW).await;
    assert!(matches!(host, Err(AccountError::Unknown)));
    store.invite(asha, id(3), &[3; 32], invite(&[AccountRole::Administrator]), NOW).await.unwrap();
    store.join(&[3; 32], &newcomer(3), NOW).await.unwrap();
    assert!(matches!(store.prepare_recovery(None, id(8), &[8; 32], NOW).await, Err(AccountError::Unknown)));

    let user = store.prepare_recovery(Some("User1@Example.org"), id(8), &[8; 32], NOW).await.unwrap();
    assert_eq!(user.id, newcomer(1).id);
    store.prepare_recovery(Some(&user.id.to_string()), id(9), &[9; 32], NOW).await.unwrap();
    let replaced = store.recover(&[8; 32], &passkey(4), &session(4), NOW).await;
    assert!(matches!(replaced, Err(AccountError::Link)), "another took its place");
    assert!(
        matches!(store.join(&[9; 32], &newcomer(5), NOW).await, Err(AccountError::Link)),
        "it makes no user"
    );
    let late = NOW + u64::try_from(SETUP_LIFE.as_millis()).unwrap();
    assert!(matches!(store.recover(&[9; 32], &passkey(4), &session(4), late).await, Err(AccountError::Link)));
    let back = store.recover(&[9; 32], &passkey(4), &session(4), NOW).await.unwrap();
    assert_eq!(back.id, user.id);
    assert!(store.session(&[1; 32], NOW).await.unwrap().is_none(), "whoever was in is out");
    assert!(store.session(&[4; 32], NOW).await.unwrap().is_some());
    assert!(matches!(store.recover(&[9; 32], &passkey(5), &session(5), NOW).await, Err(AccountError::Link)));
}

#[tokio::test]
async fn a_binding_signs_in_one_user_with_the_roles_of_the_moment_and_leaves_an_administrator() {
    let (_directory, store, asha) = office().await;
    let user = asha.user.unwrap();
    let identity = |number: u8| NewIdentity {
        id: sabha_protocol::account::IdentityId::from_bytes([number; 16]),
        issuer: "https://login.example.org".to_owned(),
        subject: "248289761001".to_owned(),
    };
    let managed = Roles::from([AccountRole::Administrator, AccountRole::Host]);
    let grants = |granted: &[AccountRole]| RoleGrants {
        managed: managed.clone(),
        granted: granted.iter().copied().collect(),
    };
    let sign_in = async |number: u8, grants: RoleGrants| {
        store.sign_in_by_identity(&identity(1), &grants, &session(number), NOW).await
    };
    assert!(matches!(sign_in(2, grants(&[])).await, Err(AccountError::Unknown)));
    store.add_identity(user, &identity(1), NOW).await.unwrap();
    assert!(matches!(store.add_identity(user, &identity(2), NOW).await, Err(AccountError::Taken)));

    // Nobody takes the last administrator's role away.
    assert!(
        sign_in(3, grants(&[AccountRole::Host])).await.unwrap().roles.contains(&AccountRole::Administrator)
    );
    store
        .invite(asha, InvitationId::from_bytes([2; 16]), &[2; 32], invite(&[AccountRole::Administrator]), NOW)
        .await
        .unwrap();
    store.join(&[2; 32], &newcomer(2), NOW).await.unwrap();
    assert_eq!(
        sign_in(4, grants(&[AccountRole::Host])).await.unwrap().roles,
        Roles::from([AccountRole::Host])
    );

    // A passkey may go while a binding opens the account, and then the binding stays.
    store.remove_passkey(user, passkey(1).id, NOW).await.unwrap();
    assert!(matches!(store.remove_identity(user, identity(1).id, NOW).await, Err(AccountError::Last)));
}
