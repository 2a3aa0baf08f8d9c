//! Whether a server may be probed: it is on this machine, or its owner has made a token and it shows that it is that server.
//!
//! The token is not sent. A server that is somebody else's cannot answer the challenge, and hears nothing more.

use hkdf::Hkdf;
use sabha_crypto::group::Provider;
use sabha_protocol::{
    PROBE_PATH,
    key::Challenge,
    probe::{ProbeToken, probe_info},
    secret::ProbeAnswer,
    wire::http::ProbeConfirmed,
};
use sha2::Sha256;

use super::report::Owner;
use crate::{
    error::ClientError,
    http::{Ask, ask},
    link::Server,
    tls::Trust,
};

/// Says why `server` may be probed.
///
/// # Errors
/// [`ClientError::NotTheOwner`] for a server elsewhere without a token, or one that does not know it; those of the path.
pub(super) async fn confirm(
    server: &Server,
    trust: &Trust,
    token: Option<&ProbeToken>,
) -> Result<Owner, ClientError> {
    let Some(token) = token else {
        let why =
            "it is on another machine: have sabha probe-token make a token on it, and give that with --token";
        return if server.is_this_machine() {
            Ok(Owner::Loopback)
        } else {
            Err(ClientError::NotTheOwner(why))
        };
    };
    let challenge = Challenge::from_bytes(Provider::default().random::<32>());
    let text = serde_json::to_value(challenge).ok();
    let text = text.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let line = format!("GET {PROBE_PATH}/{}/{text}", token.expires_s);
    let answer = ask(server, trust, Ask::get(&line)).await?;
    let confirmed = serde_json::from_slice::<ProbeConfirmed>(&answer.body).ok();
    if answer.status == 200
        && confirmed.is_some_and(|confirmed| confirmed.answer == expected(token, &challenge))
    {
        return Ok(Owner::Token);
    }
    Err(ClientError::NotTheOwner("it does not know the token, or the token is not good any more"))
}

fn expected(token: &ProbeToken, challenge: &Challenge) -> ProbeAnswer {
    let mut answer = [0; 32];
    Hkdf::<Sha256>::from_prk(token.secret.expose())
        .expect("32 bytes are as long as the hash")
        .expand(&probe_info(challenge.as_bytes()), &mut answer)
        .expect("32 bytes are far below HKDF's limit of 255 blocks");
    ProbeAnswer::from_bytes(answer)
}
