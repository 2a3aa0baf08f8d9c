//! Who comes by mail, without the link's secret.

use sabha_protocol::device::{AdmissionMethod, PasscodeProof};

use super::*;
use crate::mail::MailKey;

const PASSCODE: &str = "7KQM-2XWD";

impl Hall {
    /// A meeting whose passcode may be proven by who comes by mail.
    pub(super) fn mailed(admits: bool) -> Self {
        let mut hall = Self::new(Some((PASSCODE, admits)));
        hall.take_mail();
        hall
    }

    /// As a host does who has mails sent: before the meeting, when it is made.
    fn take_mail(&mut self) {
        if let Some(passcode) = &mut self.clients[0].device.secrets.passcode {
            passcode.by_mail = true;
        }
    }

    pub(super) fn by_mail(&mut self, name: &str) -> usize {
        let key = MailKey::from_bytes([3; 32]);
        let device = Device::by_mail(self.creation.meeting, key, name.parse().unwrap(), self.now);
        let at = self.add(device);
        self.enter(at);
        at
    }

    fn types(&mut self, at: usize, passcode: &str) {
        self.command(at, DeviceCommand::Passcode { passcode: passcode.parse().unwrap() });
    }

    fn stage(&self, at: usize) -> DeviceStage {
        self.view(at).stage
    }
}

#[test]
fn who_comes_by_mail_shows_nothing_until_the_passcode_is_proven_and_then_knocks_like_anybody() {
    let mut hall = Hall::mailed(false);
    let asha = hall.by_mail("Asha");
    assert_eq!(hall.stage(asha), DeviceStage::PasscodeWanted);
    assert!(hall.view(0).guests.is_empty(), "nobody is shown to the host");
    assert_eq!(hall.view(asha).title, None, "the title is sealed for who has the link");

    hall.types(asha, PASSCODE);
    assert_eq!(hall.stage(asha), DeviceStage::Waiting);
    assert_eq!(hall.view(asha).title, Some("Weekly".parse().unwrap()));
    assert_eq!(hall.view(asha).invite, hall.view(0).invite);
    let [guest] = &hall.view(0).guests[..] else { panic!("one waits") };
    assert_eq!((guest.name.as_str(), guest.passcode), ("Asha", PasscodeProof::Proven));

    hall.admit(asha);
    hall.pass(3000);
    assert_eq!(hall.view(asha).encryption, Encryption::Verified);
    assert_eq!(hall.member(asha, 0).method, AdmissionMethod::Passcode);
}

#[test]
fn where_the_passcode_lets_in_it_lets_in_who_comes_by_mail() {
    let mut hall = Hall::mailed(true);
    let asha = hall.by_mail("Asha");
    hall.types(asha, PASSCODE);
    assert_eq!(hall.stage(asha), DeviceStage::Member);
    assert_eq!(hall.member(asha, 0).method, AdmissionMethod::Passcode);
}

#[test]
fn who_does_not_know_the_passcode_is_told_nothing_and_has_five_tries() {
    let mut hall = Hall::mailed(true);
    let eve = hall.by_mail("Eve");
    for _ in 0..10 {
        hall.types(eve, "wrong-code");
        hall.pass(30_000);
    }
    hall.types(eve, PASSCODE);
    let device = &hall.clients[eve].device;
    assert!(device.secrets.link.is_none() && device.keys.is_none());
    assert_eq!(hall.view(eve).passcode, PasscodeView::Wanted { wrong: 5, left: 0 });
    assert!(hall.view(0).guests.is_empty());
    // It is the guesser who is out.
    let asha = hall.by_mail("Asha");
    hall.types(asha, PASSCODE);
    assert_eq!(hall.stage(asha), DeviceStage::Member);
}

#[test]
fn a_server_that_knocks_by_its_own_mail_has_as_many_guesses_as_anybody() {
    let mut hall = Hall::mailed(true);
    let mut tries = 0;
    while !matches!(hall.view(0).passcode, PasscodeView::Disabled { .. }) {
        let ghost = hall.by_mail("Ghost");
        hall.types(ghost, "guess-guess");
        hall.pass(1000);
        tries += 1;
        assert!(tries <= 20);
    }
    assert_eq!(tries, 20);
    assert_eq!(hall.view(0).members.len(), 1);
}

#[test]
fn a_host_who_had_no_mail_sent_answers_none() {
    let mut hall = Hall::new(Some((PASSCODE, true)));
    let asha = hall.by_mail("Asha");
    hall.pass(1000);
    assert_eq!(hall.stage(asha), DeviceStage::Waiting);
    assert_eq!(hall.view(asha).passcode, PasscodeView::None {});
    // Not even one that speaks without being asked.
    hall.types(asha, PASSCODE);
    assert!(hall.clients[asha].device.secrets.link.is_none());
}

#[test]
fn a_host_shuts_the_way_by_mail_and_who_has_proven_the_passcode_stays() {
    let mut hall = Hall::mailed(false);
    let asha = hall.by_mail("Asha");
    hall.types(asha, PASSCODE);
    let late = hall.by_mail("Late");
    hall.command(0, DeviceCommand::ShutMail {});
    hall.types(late, PASSCODE);
    assert!(hall.clients[late].device.secrets.link.is_none());
    let later = hall.by_mail("Later");
    assert_eq!(hall.stage(later), DeviceStage::Waiting);
    hall.admit(asha);
    assert_eq!(hall.stage(asha), DeviceStage::Member);
    // Also over a reload, and with another passcode.
    let set = DeviceCommand::SetPasscode { passcode: "9XKM-4TRW".parse().ok(), admits: true };
    hall.command(0, set);
    assert!(!hall.clients[0].device.secrets.passcode.as_ref().unwrap().by_mail);
}

#[test]
fn the_secret_goes_over_the_door_sealed_and_to_the_device_that_proved_alone() {
    let mut hall = Hall::mailed(true);
    let (asha, other) = (hall.by_mail("Asha"), hall.by_mail("Other"));
    let secret = LinkSecret::from_fragment(&hall.view(0).invite).unwrap();
    hall.types(asha, PASSCODE);
    let said = std::mem::take(&mut hall.at_door);
    let sealed: Vec<_> = said.iter().filter(|bytes| bytes[0] == 10).collect();
    assert_eq!(sealed.len(), 1);
    for bytes in &said {
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(secret.expose()) && !holds(b"Asha"));
    }
    // The same bytes tell another guest nothing.
    let payload = sabha_protocol::opaque::DoorPayload::try_from(sealed[0].clone()).unwrap();
    let from = hall.id(0);
    hall.tell(other, ServerMessage::Door { from, payload });
    hall.settle();
    assert!(hall.clients[other].device.secrets.link.is_none());
    assert_eq!(hall.stage(asha), DeviceStage::Member);
}

#[test]
fn who_was_told_the_secret_keeps_it_over_a_reload() {
    let mut hall = Hall::mailed(false);
    let asha = hall.by_mail("Asha");
    let before = Device::restore(&hall.clients[asha].device.export(), hall.now).unwrap();
    assert!(before.secrets.link.is_none() && before.secrets.mail.is_some());
    hall.types(asha, PASSCODE);
    let kept = hall.clients[asha].kept.clone().unwrap();
    hall.disconnect(asha);
    hall.clients[asha].device = Device::restore(&kept, hall.now).unwrap();
    hall.enter(asha);
    assert!(hall.view(0).guests.iter().any(|guest| guest.name.as_str() == "Asha"));
}

#[test]
fn a_passcode_that_is_set_later_is_asked_of_who_came_by_mail_before() {
    let mut hall = Hall::mailed(false);
    hall.command(0, DeviceCommand::SetPasscode { passcode: "9XKM-4TRW".parse().ok(), admits: true });
    let asha = hall.by_mail("Asha");
    hall.types(asha, "9XKM-4TRW");
    assert_eq!(hall.stage(asha), DeviceStage::Member);
}

#[test]
fn a_knock_that_nobody_sealed_is_none_and_one_without_a_proof_is_none() {
    let mut hall = Hall::mailed(true);
    let asha = hall.by_mail("Asha");
    let host = hall.device(0);
    for sealed in [vec![], vec![7; 92]] {
        let door = super::super::say::Door { host, saying: super::super::say::Saying::Knock(sealed) };
        let payload = sabha_protocol::opaque::DoorPayload::try_from(door.to_bytes()).unwrap();
        let from = hall.id(asha);
        hall.tell(0, ServerMessage::Door { from, payload });
        hall.settle();
    }
    assert!(hall.view(0).guests.is_empty());
    assert_eq!(hall.view(0).members.len(), 1);
}
