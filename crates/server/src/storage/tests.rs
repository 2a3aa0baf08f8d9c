use sabha_conference::Record;
use sabha_protocol::{MeetingId, ParticipantId, RoomEpoch, key::GateKey};

use super::*;

fn id(byte: u8) -> MeetingId {
    MeetingId::from_bytes([byte; 20])
}

fn meeting() -> StoredMeeting {
    StoredMeeting {
        title: Some(b"sealed".to_vec().try_into().unwrap()),
        gate_key: GateKey::from_bytes([1; 32]),
        group_info: vec![2; 3000].try_into().unwrap(),
        tree: vec![3; 9000].try_into().unwrap(),
    }
}

async fn open(directory: &Path) -> Result<Store, StoreError> {
    Store::open(directory).await
}

#[tokio::test]
async fn meeting_survives_closing_and_opening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    assert!(store.create_meeting(&id(7), &meeting()).await.unwrap());
    let untitled = StoredMeeting { title: None, ..meeting() };
    assert!(store.create_meeting(&id(8), &untitled).await.unwrap());
    store.close().await;

    let store = open(directory.path()).await.unwrap();
    assert_eq!(store.meeting(&id(7)).await.unwrap(), Some(meeting()));
    assert_eq!(store.meeting(&id(8)).await.unwrap(), Some(untitled));
    assert_eq!(store.meeting(&id(9)).await.unwrap(), None);
}

#[tokio::test]
async fn an_id_is_given_to_one_meeting_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    assert!(store.create_meeting(&id(7), &meeting()).await.unwrap());
    let second = StoredMeeting { gate_key: GateKey::from_bytes([9; 32]), ..meeting() };
    assert!(!store.create_meeting(&id(7), &second).await.unwrap());
    assert_eq!(store.meeting(&id(7)).await.unwrap(), Some(meeting()));

    store.write(&id(7), Record::Ended).await.unwrap();
    assert!(!store.create_meeting(&id(7), &second).await.unwrap(), "not even once the first is over");
}

#[tokio::test]
async fn each_opening_counts_the_room_epoch_up_and_keeps_what_was_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    let id = id(7);
    store.create_meeting(&id, &meeting()).await.unwrap();
    let first = store.open_room(&id).await.unwrap().unwrap();
    assert_eq!(
        (first.room_epoch, first.next_participant, first.removed),
        (RoomEpoch(1), ParticipantId(1), vec![])
    );

    store.write(&id, Record::IdsReserved { upto: ParticipantId(64) }).await.unwrap();
    store.write(&id, Record::IdsReserved { upto: ParticipantId(10) }).await.unwrap();
    for _ in 0..2 {
        store.write(&id, Record::Removed { participant: ParticipantId(3) }).await.unwrap();
    }
    let second = store.open_room(&id).await.unwrap().unwrap();
    assert_eq!(second.room_epoch, RoomEpoch(2));
    assert_eq!(second.next_participant, ParticipantId(65), "a reservation never shrinks");
    assert_eq!(second.removed, [ParticipantId(3)]);
}

#[tokio::test]
async fn a_meeting_that_is_over_cannot_be_told_from_one_that_never_was() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    let id = id(7);
    store.create_meeting(&id, &meeting()).await.unwrap();
    store.write(&id, Record::Ended).await.unwrap();
    assert!(store.meeting(&id).await.unwrap().is_none());
    assert!(store.open_room(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_of_a_meeting_that_is_over_is_left_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    let marked = StoredMeeting { tree: b"trunk and leaves ".repeat(500).try_into().unwrap(), ..meeting() };
    store.create_meeting(&id(7), &marked).await.unwrap();
    store.write(&id(7), Record::Ended).await.unwrap();
    store.close().await;

    let file = std::fs::read(directory.path().join(FILE_NAME)).unwrap();
    for trace in [&b"trunk and leaves"[..], b"sealed", &[2; 100]] {
        assert!(!file.windows(trace.len()).any(|window| window == trace));
    }
}

/// Opens `directory`, expects a refusal, and checks that the file was left as it was.
async fn refused(directory: &Path) -> StoreError {
    let path = directory.join(FILE_NAME);
    let before = std::fs::read(&path).unwrap();
    let error = open(directory).await.unwrap_err();
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed: {error}");
    error
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(FILE_NAME), vec![0xA5; 8192]).unwrap();
    assert!(matches!(refused(directory.path()).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn a_database_with_a_torn_page_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    store.create_meeting(&id(7), &meeting()).await.unwrap();
    store.close().await;
    let path = directory.path().join(FILE_NAME);
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page holds the header; every later one holds a tree. Tear them all.
    bytes[4096..].fill(0x5A);
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(refused(directory.path()).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn a_cut_off_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    store.create_meeting(&id(7), &meeting()).await.unwrap();
    store.close().await;
    let path = directory.path().join(FILE_NAME);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refused(directory.path()).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    sqlx::query("PRAGMA user_version = 9999").execute(&store.writer).await.unwrap();
    store.close().await;
    assert!(matches!(refused(directory.path()).await, StoreError::Newer { found: 9999, .. }));
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    sqlx::query("PRAGMA application_id = 77").execute(&store.writer).await.unwrap();
    store.close().await;
    assert!(matches!(refused(directory.path()).await, StoreError::NotOurs { .. }));
}

#[tokio::test]
async fn an_empty_file_left_by_a_crash_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(FILE_NAME), b"").unwrap();
    let store = open(directory.path()).await.unwrap();
    assert!(store.is_reachable().await);
}
