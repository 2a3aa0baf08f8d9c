//! Tells people and programs of what is published, from the queue in `storage/bulletin/notices/`.
//!
//! ```text
//!  announcement ─► making.rs ─┬─► mails.rs ──► letter.rs ──► openpgp.rs ──► mail/post.rs ─► mail server
//!                             └─► deliveries.rs ──► body.rs, target.rs ──► webhook.rs ─► an organisation's server
//! ```
//!
//! How much of a document is said follows from its label: `sabha_advisory::notice`. Mails and webhooks wait for each other in
//! nothing, nor does one webhook for another.

mod body;
mod deliveries;
mod letter;
mod mails;
mod making;
mod openpgp;
mod target;
mod trial;
mod webhook;

use std::sync::Arc;

use rustls::ClientConfig;
use tokio::{sync::Notify, task::JoinHandle};

pub(crate) use self::{
    openpgp::{KeyError, RecipientKey},
    target::Targets,
    trial::try_out,
    webhook::WebhookSecrets,
};
use crate::{config::PublicUrl, mail::Post, storage::Store};

/// Has the queues look again, because something was put in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell {
    published: Arc<Notify>,
    mails: Arc<Notify>,
    deliveries: Arc<Notify>,
}

impl Bell {
    /// Something was published or withdrawn, or a webhook is to be tried.
    pub(crate) fn ring(&self) {
        self.published.notify_one();
    }
}

/// What requests and the queues have in common.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub(crate) bell: Bell,
    pub(crate) secrets: WebhookSecrets,
    pub(crate) targets: Targets,
}

/// What tells.
#[derive(Debug)]
pub(crate) struct Notices {
    pub(crate) store: Store,
    /// The way to the mail server; `None` if there is none.
    pub(crate) post: Option<Post>,
    pub(crate) url: PublicUrl,
    /// Whom the servers of webhooks are believed by.
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) telling: Telling,
}

impl Notices {
    /// Tells from now on. Must run in a runtime; whoever stops the server aborts the tasks: what was not noted as sent is sent
    /// again by the next one, under the id that it had.
    pub(crate) fn start(self) -> Vec<JoinHandle<()>> {
        let Self { store, post, url, tls, telling: Telling { bell, secrets, targets } } = self;
        let mut tasks = vec![
            tokio::spawn(making::make(store.clone(), bell.clone())),
            deliveries::Deliveries { store: store.clone(), url: url.clone(), secrets, targets, tls }
                .start(bell.deliveries.clone()),
        ];
        if let Some(post) = post {
            tasks.push(mails::Mails { store, post, url }.start(bell.mails));
        }
        tasks
    }
}
