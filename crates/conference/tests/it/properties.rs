//! Whatever people, networks, disks and restarts do to a room, these hold.
//!
//! Each test plays its own random steps and fails only on its own invariant, so that the name of a failing
//! test says what broke. `PROPTEST_CASES` sets how many games each plays.

use proptest::prelude::*;
use sabha_conference::Right;
use sabha_protocol::{Rule, secret::ResumeToken};

use crate::{
    model::Invariant,
    play::{breaches, steps},
    scene::Scene,
};

macro_rules! invariants {
    ($($(#[$doc:meta])* $name:ident = $invariant:ident;)*) => {
        proptest! {
            $(
                $(#[$doc])*
                #[test]
                fn $name(steps in steps()) {
                    let broken: Vec<_> = breaches(&steps)
                        .into_iter()
                        .filter(|(invariant, _)| *invariant == Invariant::$invariant)
                        .collect();
                    prop_assert!(broken.is_empty(), "{broken:#?}");
                }
            )*
        }
    };
}

invariants! {
    /// ROOM-02, ROOM-22
    nobody_is_in_the_room_who_is_not_in_the_group = AdmittedOnly;
    /// ROOM-20
    every_request_is_answered_once = AnsweredOnce;
    /// ROOM-03, ROOM-05
    a_room_holds_no_more_than_its_places_and_its_lobby = Bounded;
    /// ROOM-20
    outputs_never_address_a_closed_connection = ClosedIsClosed;
    /// ROOM-24
    what_is_said_at_the_door_stays_between_a_guest_and_the_hosts = DoorBetweenTwo;
    /// ROOM-23
    every_handshake_and_word_to_all_reaches_the_whole_group_once = EveryHandshake;
    /// ROOM-04
    only_hosts_in_the_room_moderate = HostsOnly;
    /// ROOM-16
    ids_are_never_reused = IdsOnce;
    /// ROOM-02
    lobby_members_receive_nothing_of_the_room = LobbyIsDeaf;
    /// ROOM-22
    media_is_what_the_group_allows = MediaAsAllowed;
    /// ROOM-11, ROOM-12
    nobody_comes_back_less_muted_than_it_left = NeverLessMuted;
    /// ROOM-17
    an_answer_counts_only_for_its_own_offer = NewestOfferOnly;
    /// ROOM-09, ROOM-10
    only_the_newest_token_resumes_and_only_for_its_device = NewestTokenOnly;
    /// ROOM-08
    order_has_no_gaps_for_any_member = NoGaps;
    /// ROOM-21
    a_device_has_one_place = OnePlaceADevice;
    /// ROOM-07
    a_removed_one_stays_out = RemovedStaysOut;
    /// ROOM-25
    everybody_has_the_role_that_the_group_gives = RoleOfTheGroup;
    /// ROOM-08
    every_member_sees_the_same_room = SameRoomForAll;
}

proptest! {
    /// ROOM-09
    #[test]
    fn forged_or_altered_token_is_refused(at in 0usize..200, to in "[A-Za-z0-9_.-]", cut in 0usize..160) {
        let mut scene = Scene::new();
        let host = scene.host();
        let genuine = host.token.expect("a token").expose().to_owned();
        let at = at % genuine.len();
        let altered = format!("{}{to}{}", &genuine[..at], &genuine[at + 1..]);
        let shortened = genuine[..cut.clamp(1, genuine.len() - 1)].to_owned();

        for text in [altered, shortened] {
            prop_assume!(text != genuine);
            let connection = scene.connection();
            let token = ResumeToken::try_from(text).expect("a token's alphabet");
            let answer = scene.enter(connection, host.device, Right::Resume(token));
            prop_assert_eq!(answer.rule(), Rule::ResumeWindow);
        }
        prop_assert_eq!(scene.close_of(host.connection), None);
    }
}
