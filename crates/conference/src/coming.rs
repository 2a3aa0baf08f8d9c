//! Whether somebody may come at all: by which client, and by whose account. What no device sees, so that the server alone
//! can hold it.

use sabha_policy::{Action, Actor, Decision, may};
use sabha_protocol::Rule;

use crate::{
    io::{Refusal, Visitor},
    room::Room,
};

impl Room {
    /// ROOM-31: by whatever right somebody comes, hosts included.
    pub(crate) fn check_coming(&self, visitor: Visitor) -> Result<(), Refusal> {
        let Visitor { client, account } = visitor;
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
}
