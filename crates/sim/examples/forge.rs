//! Makes what a malicious server could make: a commit that lets a ghost into a meeting that it sees, with a grant that
//! the ghost has signed for itself. For the browsers' tests, which play such a server.
//!
//! Reads one JSON object, `{meeting, link, group_info, tree}` in the forms of the wire (the link's fragment too, so that
//! the grant alone is missing), and writes `{epoch, device, commit}`.

use std::{error::Error, time::SystemTime};

use openmls::{
    credentials::{Credential, CredentialType, CredentialWithKey},
    extensions::ExtensionType,
    framing::{MlsMessageBodyIn, MlsMessageIn},
    group::{MlsGroup, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY},
    messages::proposals::{PreSharedKeyProposal, ProposalType},
    prelude::{Capabilities as LeafCapabilities, LeafNodeParameters, RatchetTreeIn},
    schedule::PreSharedKeyId,
};
use openmls_traits::{OpenMlsProvider as _, types::Ciphersuite};
use sabha_admission::{Capabilities, GRANT_CREDENTIAL_TYPE, Grant, Method, POLICY_EXTENSION_TYPE, Suite};
use sabha_crypto::{
    group::{DeviceSigner, Provider},
    link::LinkSecret,
};
use sabha_protocol::{
    MeetingId,
    opaque::{GroupInfo, HandshakeMessage, RatchetTree},
};
use serde_json::{Value, json};
use tls_codec::DeserializeBytes as _;

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

fn main() -> Result<(), Box<dyn Error>> {
    let input: Value = serde_json::from_reader(std::io::stdin().lock())?;
    let field = |name: &str| {
        let text = input[name].as_str().map(str::to_owned);
        text.ok_or_else(|| format!("`{name}` is missing"))
    };
    let meeting: MeetingId = field("meeting")?.parse()?;
    let link = LinkSecret::from_fragment(&field("link")?)?;
    let info = GroupInfo::try_from(field("group_info")?)?;
    let tree = RatchetTree::try_from(field("tree")?)?;

    let provider = Provider::default();
    let ghost = DeviceSigner::from_seed(&provider.random());
    let MlsMessageBodyIn::GroupInfo(info) =
        MlsMessageIn::tls_deserialize_exact_bytes(info.as_bytes())?.extract()
    else {
        return Err("this is no GroupInfo".into());
    };
    let suite = info.group_context().ciphersuite();
    let psk = PreSharedKeyId::external(meeting.as_bytes().to_vec(), provider.random::<32>().to_vec());
    psk.store(&provider, &link.derive(&meeting).psk.expose()[..])?;

    let kind = CredentialType::Other(GRANT_CREDENTIAL_TYPE);
    let credential = CredentialWithKey {
        credential: Credential::new(kind, self_made_grant(meeting, suite, &ghost)?),
        signature_key: ghost.device().as_bytes().to_vec().into(),
    };
    let capabilities = LeafCapabilities::new(
        None,
        Some(&[suite]),
        Some(&[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)]),
        Some(&[ProposalType::SelfRemove]),
        Some(&[kind]),
    );
    let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY).build();
    let (group, bundle) = MlsGroup::external_commit_builder()
        .with_ratchet_tree(RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes())?)
        .with_config(config)
        .build_group(&provider, info, credential)?
        .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities).build())
        .add_psk_proposal(PreSharedKeyProposal::new(psk))
        .load_psks(provider.storage())?
        .build(provider.rand(), provider.crypto(), &ghost, |_| true)?
        .finalize(&provider)?;
    let commit = HandshakeMessage::try_from(bundle.into_commit().to_bytes()?)?;
    let epoch = group.epoch().as_u64() - 1;
    println!("{}", json!({ "epoch": epoch, "device": ghost.device(), "commit": commit }));
    Ok(())
}

/// Returns a grant that is right in everything but who signed it.
fn self_made_grant(
    meeting: MeetingId,
    suite: Ciphersuite,
    ghost: &DeviceSigner,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now_ms = u64::try_from(now.as_millis())?;
    let classical = u16::from(suite) == Suite::Classical as u16;
    let grant = Grant {
        meeting,
        suite: if classical { Suite::Classical } else { Suite::XWing },
        subject: ghost.device(),
        capabilities: Capabilities::PARTICIPANT,
        issuer: ghost.device(),
        seq: now_ms,
        not_before_ms: now_ms,
        not_after_ms: now_ms + HOUR_MS,
        nonce: [5; 16],
        method: Method::Manual,
        invite: None,
    };
    Ok(grant.sign(ghost.key())?.to_bytes())
}
