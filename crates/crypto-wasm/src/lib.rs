//! The JavaScript face of a device's cryptography.
//!
//! Only translates: no decision, no state of its own. What can be refused is refused by the crate behind it, and
//! comes out as a thrown `Error` with a sentence. Commands and outputs are JSON, as `sabha_protocol::device` has
//! them; times are milliseconds since 1970, as `Date.now()` gives them.

use sabha_crypto::{
    device::{CreateOptions, Device as Inner, MeetingSuite},
    invitation::Invitation,
    mail::MailKey,
    policy::Controls,
};
use sabha_protocol::{
    device::{CipherSuite, CreateDevice, DeviceCommand, JoinDevice},
    gate::FRAGMENT_PREFIX,
};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// One device in one meeting. After each call, everything is to be taken out with `poll`, and `timeout` called when
/// `next_timeout` says.
#[wasm_bindgen]
pub struct Device {
    inner: Inner,
}

#[wasm_bindgen]
impl Device {
    /// Creates a meeting, as a `CreateDevice` in JSON describes it.
    ///
    /// # Errors
    /// If the parameters are not as they should be.
    pub fn create(parameters: &str, now: f64) -> Result<Device, JsError> {
        let CreateDevice { suite, title, name, passcode, admits, by_mail, floor, controls, begins_ms } =
            serde_json::from_str(parameters)?;
        let suite = match suite {
            CipherSuite::Classical => MeetingSuite::Classical,
            CipherSuite::XWing => MeetingSuite::XWing,
        };
        let (floor, controls) = (Controls::from_settings(&floor)?, Controls::from_settings(&controls)?);
        let options = CreateOptions { suite, title, name, passcode, admits, by_mail, floor, controls };
        let inner = Inner::plan(options, begins_ms.unwrap_or_default(), ms(now))?;
        Ok(Self { inner })
    }

    /// Comes to a meeting by its link, as a `JoinDevice` in JSON describes it.
    ///
    /// # Errors
    /// If the parameters are not as they should be.
    pub fn join(parameters: &str, now: f64) -> Result<Device, JsError> {
        let JoinDevice { meeting, secret, name } = serde_json::from_str(parameters)?;
        if let Some(mail) = MailKey::from_text(&secret) {
            return Ok(Self { inner: Inner::by_mail(meeting, mail?, name, ms(now)) });
        }
        let (secret, invitation) = Invitation::split(&meeting, &format!("{FRAGMENT_PREFIX}{secret}"))?;
        let device = Inner::guest(meeting, secret, name, ms(now));
        Ok(Self { inner: invitation.into_iter().fold(device, Inner::with_invitation) })
    }

    /// Goes on with what [`Device::export`] gave.
    ///
    /// # Errors
    /// If `exported` is not what `export` gives.
    pub fn restore(exported: &[u8], now: f64) -> Result<Device, JsError> {
        Ok(Self { inner: Inner::restore(exported, ms(now))? })
    }

    /// Takes the link by which a device comes back: `secret` is what follows `v1.` in it. One that is damaged changes nothing.
    pub fn take_link(&mut self, secret: &str) {
        self.inner.take_link(&format!("{FRAGMENT_PREFIX}{secret}"));
    }

    /// Returns the body of the request that opens the meeting at the server, if this device created it.
    ///
    /// # Errors
    /// If it cannot be written, which would be a fault of ours.
    pub fn creation(&self) -> Result<Option<String>, JsError> {
        Ok(self.inner.creation().map(serde_json::to_string).transpose()?)
    }

    /// Changes the name, before entering.
    ///
    /// # Errors
    /// If it is not a name.
    pub fn rename(&mut self, name: &str) -> Result<(), JsError> {
        self.inner.rename(name.parse()?);
        Ok(())
    }

    /// Takes a `DeviceCommand`.
    ///
    /// # Errors
    /// If it is none.
    pub fn command(&mut self, command: &str, now: f64) -> Result<(), JsError> {
        let command: DeviceCommand = serde_json::from_str(command)?;
        self.inner.command(command, ms(now));
        Ok(())
    }

    /// Does what is due.
    pub fn timeout(&mut self, now: f64) {
        self.inner.handle_timeout(ms(now));
    }

    /// Returns when `timeout` is to be called next.
    pub fn next_timeout(&self) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since 1970 are exact in a double until 287396"
        )]
        self.inner.poll_timeout().map(|at| at as f64)
    }

    /// Returns the next `DeviceOutput`.
    ///
    /// # Errors
    /// If it cannot be written, which would be a fault of ours.
    pub fn poll(&mut self) -> Result<Option<String>, JsError> {
        Ok(self.inner.poll_output().map(|output| serde_json::to_string(&output)).transpose()?)
    }

    /// Returns what must survive a reload. It is secret: to be stored sealed only.
    pub fn export(&self) -> Vec<u8> {
        self.inner.export().to_vec()
    }
}

/// Returns a time of JavaScript's in whole milliseconds.
fn ms(now: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let ms = now as u64;
    ms
}
