//! A delivery by hand, to see whether a webhook takes one: signed as those that tell of documents, and about none.

use std::sync::Arc;

use rustls::ClientConfig;
use sabha_protocol::bulletin::WebhookId;
use serde_json::json;

use super::{
    target::Targets,
    webhook::{Delivery, WebhookSecrets, deliver},
};
use crate::bulletin::rfc_3339;

/// Delivers `{"type":"bulletin.test",...}` to a webhook.
///
/// # Errors
/// Why it was not taken, in words for whoever keeps the webhook's server.
pub(crate) async fn try_out(
    url: &str,
    webhook: WebhookId,
    id: [u8; 16],
    now_ms: u64,
    (secrets, targets, tls): (&WebhookSecrets, &Targets, Arc<ClientConfig>),
) -> Result<(), String> {
    let body = json!({ "type": "bulletin.test", "timestamp": rfc_3339(now_ms), "data": {} }).to_string();
    let id = format!("msg_{}", data_encoding::HEXLOWER.encode(&id));
    let delivery = Delivery { id: &id, timestamp_s: now_ms / 1000, body: body.as_bytes() };
    deliver(url, secrets, webhook, delivery, (targets, tls)).await.map_err(|why| why.to_string())
}
