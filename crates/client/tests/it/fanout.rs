//! A room with more people than one shard serves.

use std::io::{Read as _, Write as _};

use sabha_client::{MediaFiles, Participant, ParticipantConfig, Subscription};
use sabha_protocol::Source;

use crate::{
    scale::small_clip,
    server::{TestServer, guest_config, host_config, id, joined, until_joined, wait, wait_for_sound},
};

/// Returns one of the server's counters.
fn counter(server: &TestServer, name: &str) -> u64 {
    let address = server.new.server.authority();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {answer}")).trim().parse().unwrap()
}

/// Two on each of the first two of three shards, and one on the third.
#[tokio::test(flavor = "multi_thread")]
async fn people_on_three_shards_see_and_hear_each_other_also_once_one_has_left() {
    let few = [("SABHA__MEDIA__SHARDS", "3"), ("SABHA__MEDIA__PEERS_PER_SHARD", "2")];
    let server = TestServer::start_with(&few);
    let meeting = server.create().await;
    let folder = tempfile::tempdir().unwrap();
    let files = MediaFiles { video: vec![small_clip(folder.path())], ..MediaFiles::default() };
    let host = ParticipantConfig { files: files.clone(), ..host_config(&meeting) };
    let mut everybody = vec![until_joined(Participant::join_with(host, meeting.creator())).await];
    for number in 1..5 {
        let subscription = Subscription::all(90);
        let name = format!("Guest {number}");
        let guest = guest_config(&meeting, &name);
        everybody.push(
            joined(ParticipantConfig { files: files.clone(), subscription, seed: number, ..guest }).await,
        );
    }
    let ids: Vec<_> = everybody.iter().map(id).collect();
    for participant in &everybody[1..] {
        let you = id(participant);
        wait(participant, "everybody's picture", |state| {
            ids.iter().filter(|other| **other != you).all(|other| {
                state.received(*other, Source::Camera).is_some_and(|stats| stats.figures.frames >= 10)
            })
        })
        .await;
        // Those who speak first have the three places; they are on two shards, and nobody hears oneself.
        let heard = |state: &sabha_client::Snapshot| {
            let voices = ids.iter().filter(|of| state.received(**of, Source::Microphone).is_some());
            voices.count()
        };
        wait(participant, "voices", |state| heard(state) >= 2).await;
    }
    assert!(counter(&server, "sabha_media_relayed_total") > 100);
    assert_eq!(counter(&server, "sabha_media_panics_total"), 0);

    // Whoever came second lives with the host at home.
    let second = everybody.remove(1);
    second.leave().await.1.unwrap();
    let [host, third, .., last] = &everybody[..] else { panic!("four are left") };
    wait_for_sound(third, id(host), 50).await;
    wait_for_sound(last, id(host), 50).await;
    let figures =
        last.state().received(id(third), Source::Camera).map(|stats| stats.figures.clone()).unwrap();
    assert_eq!((figures.duplicates, figures.picture_id_breaks), (0, 0), "{figures:?}");
}
