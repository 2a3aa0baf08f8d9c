//! Sends the mails that are due, one after the other.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use sabha_advisory::notice::needs_encryption;
use sabha_protocol::wire::bulletin_notices::NoticeTrouble;
use tokio::{sync::Notify, task::JoinHandle};

use super::{letter, openpgp::RecipientKey};
use crate::{
    clock,
    config::PublicUrl,
    mail::{Given, Post},
    storage::{DueMessage, NoticeOutcome, NoticeTo, NoticedDocument, Store, StoreError, What},
};

/// How long is waited before the second try, in milliseconds; twice as long before each further one.
const RETRY_MS: u64 = 60 * 1000;
/// At most so long, in milliseconds.
const RETRY_MS_MAX: u64 = 4 * 60 * 60 * 1000;
/// Tries before a mail is given up: some nineteen hours.
const TRIES_MAX: u32 = 12;
/// How long is waited when storage failed, or nothing is to be sent.
const PAUSE: Duration = Duration::from_secs(60);

/// What sends them.
pub(super) struct Mails {
    pub(super) store: Store,
    pub(super) post: Post,
    pub(super) url: PublicUrl,
}

impl Mails {
    pub(super) fn start(self, wake: Arc<Notify>) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                let pause = match self.next().await {
                    Ok(None) => continue,
                    Ok(Some(pause)) => pause,
                    Err(error) => {
                        tracing::error!(%error, "mails of the bulletin could not be read, or what became of one not noted");
                        // What is still due would be sent again and again.
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                };
                let _ = tokio::time::timeout(pause, wake.notified()).await;
            }
        })
    }

    /// Deals with the mail that is due; if none is, returns how long to wait.
    async fn next(&self) -> Result<Option<Duration>, StoreError> {
        let now_ms = clock::unix_ms();
        match self.store.due_notice_mail(now_ms).await? {
            Ok(due) => {
                self.deal_with(due).await?;
                Ok(None)
            }
            Err(Some(at_ms)) => Ok(Some(Duration::from_millis(at_ms.saturating_sub(now_ms)).min(PAUSE))),
            Err(None) => Ok(Some(PAUSE)),
        }
    }

    async fn deal_with(&self, due: DueMessage) -> Result<(), StoreError> {
        let DueMessage { id, to, documents, closed, tries } = due;
        self.note(&closed, NoticeOutcome::Closed("clearance")).await?;
        let NoticeTo::Account { address, key, is_digest, wants, .. } = to else { return Ok(()) };
        if documents.is_empty() {
            return Ok(());
        }
        if !wants {
            return self.note(&ids(&documents), NoticeOutcome::Closed("unwanted")).await;
        }
        let Some(address) = address else {
            return self.note(&ids(&documents), NoticeOutcome::Failed(NoticeTrouble::Address)).await;
        };
        let encrypt = |text: &[u8]| match &key {
            None => Ok(None),
            Some(key) => {
                let now = SystemTime::now();
                RecipientKey::read(key, now).and_then(|key| key.encrypt(text)).map(Some)
            }
        };
        let letter = letter::Letter { id, to: &address, from: self.post.from(), url: &self.url, is_digest };
        let (documents, message) = match letter.write(&documents, encrypt) {
            Ok(message) => (documents, message),
            Err(letter::Unwritable::Encryption(error)) => {
                warn(&error, "a mail of the bulletin cannot be encrypted to the key of its reader");
                let (silent, open): (Vec<_>, Vec<_>) = documents
                    .into_iter()
                    .partition(|document| !says_nothing(document) && needs_encryption(document.tlp.into()));
                self.note(&ids(&silent), NoticeOutcome::Failed(NoticeTrouble::Key)).await?;
                if open.is_empty() {
                    return Ok(());
                }
                match letter.write(&open, |_| Ok(None)) {
                    Ok(message) => (open, message),
                    Err(error) => return self.give_up(&open, &error).await,
                }
            }
            Err(error) => return self.give_up(&documents, &error).await,
        };
        let outcome = match self.post.give(message).await {
            Given::Taken => NoticeOutcome::Sent,
            Given::Refused(why) => {
                tracing::warn!(why, "the mail server refuses a mail of the bulletin");
                NoticeOutcome::Failed(NoticeTrouble::Mail)
            }
            Given::Later(_, why) => {
                tracing::warn!(why, tries, "a mail of the bulletin could not be sent");
                let wait_ms = RETRY_MS.saturating_mul(1 << tries.min(16)).min(RETRY_MS_MAX);
                if tries + 1 >= TRIES_MAX {
                    NoticeOutcome::Failed(NoticeTrouble::Mail)
                } else {
                    NoticeOutcome::Again { at_ms: clock::unix_ms().saturating_add(wait_ms) }
                }
            }
        };
        self.note(&ids(&documents), outcome).await
    }

    async fn give_up(
        &self,
        documents: &[NoticedDocument],
        error: &letter::Unwritable,
    ) -> Result<(), StoreError> {
        warn(error, "a mail of the bulletin cannot be written");
        self.note(&ids(documents), NoticeOutcome::Failed(NoticeTrouble::Mail)).await
    }

    async fn note(&self, notices: &[[u8; 16]], outcome: NoticeOutcome) -> Result<(), StoreError> {
        if notices.is_empty() {
            return Ok(());
        }
        self.store.note_notices(notices, &outcome, clock::unix_ms()).await
    }
}

/// Returns whether a mail about it has no word of it.
const fn says_nothing(document: &NoticedDocument) -> bool {
    matches!(document.what, What::Followed(_))
}

fn ids(documents: &[NoticedDocument]) -> Vec<[u8; 16]> {
    documents.iter().map(|document| document.notice).collect()
}

/// Logs an error with what it comes from.
fn warn(error: &(dyn std::error::Error + 'static), what: &str) {
    tracing::warn!(error, "{what}");
}
