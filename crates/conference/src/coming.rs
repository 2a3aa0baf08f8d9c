//! Whether somebody may come at all: by which client, and by whose account. What no device sees, so that the server alone
//! can hold it.
//!
//! A ban of an account goes with the ban of the device by which it was there: hosts sign that one and lift it, and see no more.

use sabha_policy::{Action, Actor, Decision, may};
use sabha_protocol::{DeviceKey, ParticipantId, Rule, wire::server::Role};

use crate::{
    io::{Refusal, Visitor},
    records::Pending,
    room::Room,
};

impl Room {
    /// ROOM-31: by whatever right somebody comes, hosts included.
    pub(crate) fn check_coming(&self, visitor: Visitor) -> Result<(), Refusal> {
        let Visitor { client, account } = visitor;
        // ROOM-32
        if account.is_some_and(|account| self.banned_accounts.values().any(|banned| *banned == account)) {
            return Err(Refusal::new(Rule::RemovedStaysOut, "a host removed you from this meeting"));
        }
        let come = Action::Come { client, of_organisation: account.is_some() };
        let Decision::Refused { by } = may(self.group.controls(), Actor::PARTICIPANT, come) else {
            return Ok(());
        };
        let (rule, message) = match by.rule() {
            Some(Rule::ClientFloor) => {
                let floor = self.group.controls().client_floor();
                let message = format!(
                    "this client is number {client}, and by policy it takes {floor}: reload the page, or update the client"
                );
                (Rule::ClientFloor, message)
            }
            _ => (Rule::External, "by policy who takes part signs in with the organisation first".to_owned()),
        };
        Err(Refusal::new(rule, message))
    }

    /// ROOM-32: a host removes this place, and bans its device.
    pub(crate) fn ban_account_of(&mut self, participant: ParticipantId) {
        let Some(place) = self.roster.get(participant) else { return };
        let (device, Some(account)) = (place.device, place.account) else { return };
        // A host who removes another device of their own stays.
        let is_hosts =
            self.roster.iter().any(|(_, place)| place.account == Some(account) && place.role() == Role::Host);
        if is_hosts {
            return;
        }
        self.banned_accounts.insert(device, account);
        if self.records.check_room_for_one().is_ok() {
            self.persist(Pending::AccountBan { device, account });
        }
    }

    /// ROOM-32: the bans of these devices are lifted, and with each that of the account it was there by.
    pub(crate) fn lift_accounts(&mut self, devices: Vec<DeviceKey>) {
        for device in devices {
            let lifted = self.banned_accounts.remove(&device).is_some();
            if lifted && self.records.check_room_for_one().is_ok() {
                self.persist(Pending::AccountLift { device });
            }
        }
    }
}
