//! Sends what is due, one mail after the other, as long as the server runs.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use sabha_protocol::wire::plans::MailTrouble;
use tokio::{sync::Notify, task::JoinHandle};

use super::{MailKeys, Post, letter, post::Given};
use crate::{
    clock,
    config::PublicUrl,
    storage::{DueMail, Store, Tried},
};

/// How long is waited before the second try, in milliseconds; twice as long before each further one.
const RETRY_MS: u64 = 60 * 1000;
/// At most so long, in milliseconds.
const RETRY_MS_MAX: u64 = 4 * 60 * 60 * 1000;
/// Tries before a mail is given up: some nineteen hours.
const TRIES_MAX: u32 = 12;
/// How long is waited when storage failed, or nothing is to be sent.
const PAUSE: Duration = Duration::from_secs(60);

/// Has the queue look again, because something was put in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wake(Arc<Notify>);

impl Wake {
    /// See the type.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}

/// What sends mails.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) store: Store,
    pub(crate) post: Post,
    pub(crate) keys: MailKeys,
    pub(crate) url: PublicUrl,
    pub(crate) wake: Wake,
}

impl Queue {
    /// Sends from now on. Must run in a runtime; whoever stops the server aborts it: what was not noted as sent is sent by the
    /// next one.
    pub(crate) fn start(self) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                let pause = match self.store.due_mail(clock::unix_ms()).await {
                    Ok(Ok(due)) => {
                        self.deal_with(due).await;
                        continue;
                    }
                    Ok(Err(None)) => PAUSE,
                    Ok(Err(Some(at_ms))) => Duration::from_millis(at_ms.saturating_sub(clock::unix_ms())),
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "mails could not be read");
                        PAUSE
                    }
                };
                let _ = tokio::time::timeout(pause.min(PAUSE), self.wake.0.notified()).await;
            }
        })
    }

    async fn deal_with(&self, due: DueMail) {
        let tried = self.send(&due).await;
        if let Err(error) = self.store.note_mail(due.id, tried).await {
            tracing::error!(%error, "what became of a mail could not be stored");
            // It is still due, and would be sent again and again.
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send(&self, due: &DueMail) -> Tried {
        if due.meetings.is_empty() {
            return Tried::Sent;
        }
        let now = SystemTime::now();
        let message = match letter::letter(due, self.post.from(), (&self.url, &self.keys), now) {
            Ok(message) => message,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "a mail cannot be written");
                return Tried::Failed { trouble: None };
            }
        };
        match self.post.give(message).await {
            Given::Taken => Tried::Sent,
            Given::Refused(why) => {
                tracing::warn!(why, "the mail server refuses a mail");
                Tried::Failed { trouble: Some(MailTrouble::Refused) }
            }
            Given::Later(trouble, why) => {
                let tries = due.tries + 1;
                tracing::warn!(why, tries, "a mail could not be sent");
                if tries >= TRIES_MAX {
                    return Tried::Failed { trouble: Some(trouble) };
                }
                let wait_ms = RETRY_MS.saturating_mul(1 << due.tries.min(16)).min(RETRY_MS_MAX);
                Tried::Again { at_ms: clock::unix_ms().saturating_add(wait_ms), trouble }
            }
        }
    }
}
