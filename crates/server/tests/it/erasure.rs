//! ORG.ERASE: what is erased is in none of the database's files, byte by byte.

use sabha_conference::Record;
use sabha_protocol::{
    account::{AccountRole, IdentityId, InvitationId, PasskeyId, SessionId, UserId},
    wire::{accounts::Invite, http::MeetingCreated},
};
use sabha_server::storage::{Author, NewIdentity, NewPasskey, NewSession, NewUser, NewWay, Verdict};
use sha2::{Digest as _, Sha256};

use crate::{
    accounts::{Credential, Office},
    server::{new_meeting, now_ms},
};

/// Bytes that stand nowhere but where they were put.
fn unique(word: &str, length: usize) -> Vec<u8> {
    (0..).flat_map(|at: u32| Sha256::digest(format!("{word} {at}"))).take(length).collect()
}

/// Returns which of the needles are in one of the database's files.
fn found<'a>(office: &Office, needles: &'a [(&'static str, Vec<u8>)]) -> Vec<&'a str> {
    let files: Vec<Vec<u8>> = std::fs::read_dir(office.server.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("sabha.db"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(!files.is_empty());
    let holds =
        |needle: &[u8]| files.iter().any(|file| file.windows(needle.len()).any(|window| window == needle));
    needles.iter().filter(|(_, needle)| holds(needle)).map(|(what, _)| *what).collect()
}

/// ORG.ERASE
#[tokio::test]
async fn nothing_of_who_was_removed_and_of_a_meeting_that_is_forgotten_is_in_the_files() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let (name, email) = ("Zebulon Quartermaine", "zebulon@quartermaine.example");
    let (credential_id, public_key) = (unique("credential", 32), unique("key", 77));
    let (token_hash, record) = (unique("token", 32), unique("record", 192));

    // Somebody comes, with every way in that there is, and does what leaves a trace.
    let link_hash: [u8; 32] = unique("link", 32).try_into().unwrap();
    let invite = Invite {
        name: name.parse().unwrap(),
        email: Some(email.parse().unwrap()),
        roles: [AccountRole::Administrator].into(),
    };
    let author = Author::user(office.administrator);
    office
        .store
        .invite(author, InvitationId::from_bytes([77; 16]), &link_hash, invite, now_ms())
        .await
        .unwrap();
    let user = UserId::from_bytes([77; 16]);
    let new = NewUser {
        id: user,
        name: name.parse().unwrap(),
        email: Some(email.parse().unwrap()),
        organisation: None,
        way: NewWay::Passkey(NewPasskey {
            id: PasskeyId::from_bytes([77; 16]),
            label: "Zebulon's laptop".parse().unwrap(),
            credential_id: credential_id.clone(),
            public_key: public_key.clone(),
            counter: 0,
        }),
        session: NewSession {
            id: SessionId::from_bytes([77; 16]),
            token_hash: token_hash.clone().try_into().unwrap(),
            strong: true,
        },
    };
    office.store.join(&link_hash, &new, now_ms()).await.unwrap();
    let subject = "quartermaine-at-the-provider";
    let identity = NewIdentity {
        id: IdentityId::from_bytes([77; 16]),
        issuer: "https://login.example.org".to_owned(),
        subject: subject.to_owned(),
    };
    office.store.add_identity(user, &identity, now_ms()).await.unwrap();
    office.store.set_password(user, &record, now_ms()).await.unwrap();
    let floor = sabha_policy::Controls::of(sabha_policy::Tier::Medium);
    office
        .store
        .apply_floor_after(0, &floor, name, "tier medium", None, Author::user(user))
        .await
        .unwrap()
        .unwrap();
    let key = office.key(user, &[sabha_protocol::account::Scope::MeetingsCreate]).await;

    // And makes a meeting.
    let (_, description) = new_meeting();
    let body = serde_json::to_string(&description).unwrap();
    let made = office.ask("POST", "/api/v1/meetings", &Credential::bearer(&key), &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let meeting = made.json::<MeetingCreated>().meeting;

    let needles: Vec<(&'static str, Vec<u8>)> = vec![
        ("name", name.into()),
        ("address", email.into()),
        ("label", "Zebulon's laptop".into()),
        ("credential", credential_id),
        ("public key", public_key),
        ("session", token_hash),
        ("subject", subject.into()),
        ("record of the password", record),
        ("meeting's id", meeting.as_bytes().to_vec()),
        ("meeting's title", description.title.as_ref().unwrap().as_bytes().to_vec()),
        ("meeting's gate key", description.gate_key.as_bytes().to_vec()),
        ("meeting's group", description.group_info.as_bytes()[..64].to_vec()),
        ("meeting's tree", description.tree.as_bytes()[..64].to_vec()),
    ];
    let every: Vec<&str> = needles.iter().map(|(what, _)| *what).collect();
    assert_eq!(found(&office, &needles), every, "all of it is there to be erased");

    // The meeting ends and its time is over; the user is removed.
    office.store.write(&meeting, Record::Ended).await.unwrap();
    office.store.forget(now_ms() + 1, now_ms()).await.unwrap();
    let path = format!("/api/v1/users/{user}");
    assert_eq!(office.ask("DELETE", &path, &administrator, "").await.status, 204);

    for _ in 0..100 {
        // Somebody who reads may have been in the way.
        if office.store.fold().await.unwrap() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(found(&office, &needles), Vec::<&str>::new());
    let text: Vec<(&'static str, Vec<u8>)> = vec![("meeting's id as text", meeting.to_string().into())];
    assert_eq!(found(&office, &text), Vec::<&str>::new());

    // What had to stay did: the log is whole, and the id is given to no other meeting.
    let mut log = sabha_server::storage::AuditFile::open(office.server.directory.path()).await.unwrap();
    assert!(matches!(log.verify(None).await.unwrap(), Verdict::Sound { .. }));
    let again = office.ask("POST", "/api/v1/meetings", &administrator, &body).await;
    assert_eq!(again.status, 409, "{}", again.body);
}
