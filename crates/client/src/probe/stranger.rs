//! A connection that speaks the protocol without a participant behind it: says what it likes, and sees every byte that comes.

use std::time::{Duration, Instant};

use sabha_crypto::device::Device;
use sabha_protocol::{
    Rule,
    device::{DeviceCommand, DeviceOutput},
    key::Challenge,
    secret::ResumeToken,
    wire::{ClientMessage, ServerFrame, ServerMessage},
};
use tokio::time::timeout;

use crate::{clock, error::ClientError, link::Server, signalling::Signalling, tls::Trust};

/// Time for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Messages looked at for one answer, or kept of what is heard.
const MESSAGES_MAX: usize = 1_000;

pub(super) struct Stranger {
    signalling: Signalling,
    challenge: Challenge,
}

/// What came for something that was said.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// As it came; empty if the connection was closed instead.
    pub(super) text: String,
    /// The same, if it is one of the protocol's.
    pub(super) message: Option<ServerMessage>,
    pub(super) took: Duration,
}

impl Reply {
    pub(super) fn rule(&self) -> Option<Rule> {
        match self.message {
            Some(ServerMessage::Refused { rule, .. }) => Some(rule),
            _ => None,
        }
    }

    /// Returns whether nothing was given: a refusal by rule, or a closed connection.
    pub(super) fn is_refusal(&self) -> bool {
        self.rule().is_some()
            || matches!(self.message, Some(ServerMessage::Closed { .. }))
            || self.text.is_empty()
    }

    /// Says what came, without anything that would be a secret.
    pub(super) fn summary(&self) -> String {
        match (&self.message, self.rule()) {
            (_, Some(rule)) => format!("refused by {rule}"),
            (Some(message), None) => format!("answered `{}`", kind(message)),
            (None, None) if self.text.is_empty() => "the connection was closed".to_owned(),
            (None, None) => "answered what is none of the protocol's messages".to_owned(),
        }
    }
}

impl Stranger {
    pub(super) async fn connect(server: &Server, trust: &Trust) -> Result<Self, ClientError> {
        let mut signalling = Signalling::connect(server, trust).await?;
        let first = timeout(ANSWER_MAX, signalling.receive()).await;
        let first = first.map_err(|_| ClientError::Timeout("waiting for the server's welcome"))??;
        match first.body {
            ServerMessage::Welcome { challenge, .. } => Ok(Self { signalling, challenge }),
            _ => Err(ClientError::ServerMisbehaved("its first message is no welcome".to_owned())),
        }
    }

    /// Has `device` sign that it comes, by the best right that it has.
    pub(super) fn enter(
        &self,
        device: &mut Device,
        resume: Option<ResumeToken>,
    ) -> Result<ClientMessage, ClientError> {
        let challenge = self.challenge;
        device.command(DeviceCommand::Enter { challenge, resume }, clock::unix_ms());
        let sent = std::iter::from_fn(|| device.poll_output()).find_map(|output| match output {
            DeviceOutput::Send { message, .. } if matches!(*message, ClientMessage::Enter { .. }) => {
                Some(*message)
            }
            _ => None,
        });
        sent.ok_or(ClientError::Misuse("the device does not say by what right it comes"))
    }

    /// Says something, and returns what is answered to it.
    pub(super) async fn ask(&mut self, message: ClientMessage) -> Result<Reply, ClientError> {
        let began = Instant::now();
        let id = match self.signalling.send(message).await {
            Ok(id) => id,
            Err(ClientError::Connection { .. }) => return Ok(closed(began)),
            Err(error) => return Err(error),
        };
        for _ in 0..MESSAGES_MAX {
            let text = match timeout(ANSWER_MAX, self.signalling.receive_text()).await {
                Ok(Ok(text)) => text,
                Ok(Err(ClientError::Connection { .. })) => return Ok(closed(began)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(ClientError::Timeout("waiting for an answer")),
            };
            let frame = serde_json::from_str::<ServerFrame>(&text).ok();
            let answers = frame.as_ref().is_none_or(|frame| {
                frame.re == Some(id) || matches!(frame.body, ServerMessage::Closed { .. })
            });
            if answers {
                return Ok(Reply { text, message: frame.map(|frame| frame.body), took: began.elapsed() });
            }
        }
        Err(ClientError::ServerMisbehaved("it says much and answers nothing".to_owned()))
    }

    /// Returns everything that comes within this time, as it came.
    pub(super) async fn listen(&mut self, time: Duration) -> Vec<String> {
        let (until, mut heard) = (Instant::now() + time, Vec::new());
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match timeout(left, self.signalling.receive_text()).await {
                Ok(Ok(text)) if heard.len() < MESSAGES_MAX => heard.push(text),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => break,
            }
        }
        heard
    }
}

fn closed(began: Instant) -> Reply {
    Reply { text: String::new(), message: None, took: began.elapsed() }
}

/// Returns the type of a message as it is on the wire.
pub(super) fn kind(message: &ServerMessage) -> String {
    let value = serde_json::to_value(message).unwrap_or_default();
    value["type"].as_str().unwrap_or("nothing").to_owned()
}
