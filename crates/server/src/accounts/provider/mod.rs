//! Sign-in by the organisation's identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636).
//!
//! ```text
//! page ─ask─► begin: state, nonce, verifier kept here, cookie to the browser ─► provider's page ─► /admin?code&state
//! page ─code, state, cookie─► finish: code ─► ID token (signature, issuer, audience, time, nonce) ─► Person
//! ```
//! A flow is bound to the browser by its cookie, lives for five minutes, and is answered once. There is one provider, by
//! its exact issuer; an answer that says it is another's is refused (RFC 9207). Its documents are kept for an hour, and
//! asked for again at most once a minute when a token names a key that is not in them. What is done with a person is in
//! `http/accounts/provider.rs`.

mod claims;
mod outgoing;

use std::{
    fmt, fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::BASE64URL_NOPAD;
use openidconnect::{
    AccessTokenHash, AuthType, AuthenticationContextClass, AuthenticationFlow, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    StandardClaims, StandardErrorResponse, StandardTokenResponse, TokenResponse as _, UserInfoClaims,
    UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
        CoreIdTokenVerifier, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use sabha_protocol::{
    DisplayName,
    account::{AuthorizationCode, CeremonyId, EmailAddress, Label, UserId},
};
use tokio::sync::Mutex;

use self::{
    claims::{Extra, Said},
    outgoing::{Origin, Outgoing, OutgoingError},
};
use super::secrets::{NoRandomness, hash, random};
use crate::{
    config::{ConfigError, OidcSettings, Strangers},
    storage::RoleGrants,
};

/// The provider's documents are asked for again after this long.
const METADATA_LIFE: Duration = Duration::from_secs(60 * 60);

/// And not sooner than this, whatever key a token names.
const METADATA_REST: Duration = Duration::from_secs(60);

/// After a failure the provider is left alone for this long: tries in between have the same answer at once.
const FAILURE_REST: Duration = Duration::from_secs(2);

/// Longest file of a client's secret or of authorities, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Longest name of a provider for somebody, in bytes (OpenID Connect Core 1.0 section 2, `sub`).
const SUBJECT_BYTES_MAX: usize = 255;

type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Client = openidconnect::Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Signatures that are taken of an ID token: by keys that the provider publishes, never by a shared secret, never none.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
];

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProviderError {
    /// The answer is not one that was asked for: a wrong, late or used code, a wrong nonce, another's signature.
    #[error("the answer opens nothing: {0}")]
    Answer(String),
    /// The system gives no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The provider cannot be reached.
    #[error("the identity provider cannot be reached")]
    Unreachable(#[source] OutgoingError),
    /// The provider says what OpenID Connect does not have it say.
    #[error("the identity provider does not speak OpenID Connect as it must: {0}")]
    Unsound(String),
}

/// What somebody is sent to the provider for.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// To follow an invitation, whose token has this hash.
    Join([u8; 32]),
    /// To bind themselves to the account they are signed in to.
    Link(UserId),
    /// To sign in.
    SignIn,
}

/// A browser that was sent to the provider.
pub(crate) struct Sent {
    pub(crate) errand: Errand,
    binding_hash: [u8; 32],
    nonce: [u8; 32],
    verifier: [u8; 32],
    redirect: String,
}

/// Whom the provider has named.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) name: Option<DisplayName>,
    pub(crate) email: Option<EmailAddress>,
    pub(crate) grants: RoleGrants,
    /// Whether the provider saw more than one factor.
    pub(crate) strong: bool,
}

/// The configured provider.
pub(crate) struct Provider {
    settings: OidcSettings,
    issuer: IssuerUrl,
    client_id: String,
    secret: Option<ClientSecret>,
    outgoing: Outgoing,
    documents: Mutex<Documents>,
}

/// What the provider publishes of itself, and when it was last asked.
#[derive(Default)]
struct Documents {
    metadata: Option<(Instant, CoreProviderMetadata)>,
    failed: Option<Instant>,
}

impl Sent {
    /// Draws what a flow needs, for a browser that will have `binding` in its cookie.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn new(errand: Errand, binding: &[u8; 32], redirect: String) -> Result<Self, NoRandomness> {
        Ok(Self { errand, binding_hash: hash(binding), nonce: random()?, verifier: random()?, redirect })
    }

    /// Returns whether the browser with `binding` in its cookie is the one that was sent.
    pub(crate) fn is_of(&self, binding: &[u8; 32]) -> bool {
        self.binding_hash == hash(binding)
    }

    fn nonce(&self) -> Nonce {
        Nonce::new(BASE64URL_NOPAD.encode(&self.nonce))
    }

    fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(BASE64URL_NOPAD.encode(&self.verifier))
    }
}

impl Provider {
    /// Refuses settings with an origin that is none.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub(crate) fn check(settings: &OidcSettings) -> Result<(), ConfigError> {
        origins(settings).map(|_| ())
    }

    /// Returns the provider that the settings name, if they name one. Asks it nothing yet.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when a file that the settings name cannot be used.
    pub(crate) fn new(settings: &OidcSettings) -> Result<Option<Self>, ConfigError> {
        let (Some(issuer), Some(client_id)) = (&settings.issuer, &settings.client_id) else {
            return Ok(None);
        };
        let invalid = |text: String| ConfigError::Invalid(format!("accounts.oidc: {text}"));
        let secret = settings.client_secret_file.as_deref().map(|path| {
            let text = read(path).map_err(|error| invalid(format!("{}: {error}", path.display())))?;
            let text =
                String::from_utf8(text).map_err(|_| invalid(format!("{}: not text", path.display())))?;
            Ok(ClientSecret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
        });
        Ok(Some(Self {
            issuer: IssuerUrl::new(issuer.clone()).map_err(|error| invalid(error.to_string()))?,
            client_id: client_id.clone(),
            secret: secret.transpose()?,
            outgoing: Outgoing::new(
                origins(settings)?,
                authorities(settings.ca_file.as_deref()).map_err(invalid)?,
            ),
            documents: Mutex::default(),
            settings: settings.clone(),
        }))
    }

    /// Returns what people call it.
    pub(crate) const fn name(&self) -> &Label {
        &self.settings.name
    }

    /// Returns whether whom it names and nobody here knows becomes a user.
    pub(crate) const fn makes_users(&self) -> bool {
        matches!(self.settings.strangers, Strangers::Join)
    }

    /// Returns where a browser goes that was sent, under the name `state`.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`], [`ProviderError::Unsound`].
    pub(crate) async fn url(&self, state: CeremonyId, sent: &Sent) -> Result<String, ProviderError> {
        let client = self.client(&self.metadata(false).await?, sent)?;
        let (state, nonce) = (CsrfToken::new(state.to_string()), sent.nonce());
        let mut request = client.authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            move || state,
            move || nonce,
        );
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for class in &self.settings.strong_acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(class.clone()));
        }
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&sent.verifier());
        let (url, _, _) = request.set_pkce_challenge(challenge).url();
        Ok(url.into())
    }

    /// Returns whom the provider has named to a browser that was sent.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn person(
        &self,
        sent: &Sent,
        code: &AuthorizationCode,
        iss: Option<&str>,
    ) -> Result<Person, ProviderError> {
        if iss.is_some_and(|iss| iss != self.issuer.as_str()) {
            return Err(answer("it is another provider's"));
        }
        let mut client = self.client(&self.metadata(false).await?, sent)?;
        let code = openidconnect::AuthorizationCode::new(code.as_str().to_owned());
        let tokens = client
            .exchange_code(code)
            .map_err(|error| ProviderError::Unsound(error.to_string()))?
            .set_pkce_verifier(sent.verifier())
            .request_async(&self.outgoing)
            .await
            .map_err(not_exchanged)?;
        let token = tokens.id_token().ok_or_else(|| ProviderError::Unsound("no ID token".to_owned()))?;
        let nonce = sent.nonce();
        let unknown_key = |error: &ClaimsVerificationError| {
            matches!(
                error,
                ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)
            )
        };
        // The provider may have another key since its documents were read.
        if token.claims(&verifier_of(&client), &nonce).is_err_and(|error| unknown_key(&error)) {
            client = self.client(&self.metadata(true).await?, sent)?;
        }
        let verifier = verifier_of(&client);
        let claims = token.claims(&verifier, &nonce).map_err(answer)?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(answer)?;
            let key = token.signing_key(&verifier).map_err(answer)?;
            let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(answer)?;
            if found != *expected {
                return Err(answer("the access token is another's"));
            }
        }
        let subject = claims.subject();
        if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX {
            return Err(ProviderError::Unsound("a subject that is none".to_owned()));
        }
        let roles_claim = self.settings.roles_claim.as_str();
        let extra = &claims.additional_claims().claims;
        let standard = StandardClaims::new(subject.clone())
            .set_name(claims.name().cloned())
            .set_preferred_username(claims.preferred_username().cloned())
            .set_email(claims.email().cloned())
            .set_email_verified(claims.email_verified());
        let mut said = Said::of(&standard, extra, roles_claim);
        if (said.name.is_none() || said.groups.is_none()) && client.user_info_url().is_some() {
            said = said.or(self.more(&client, &tokens, subject.clone()).await?);
        }
        let amr: Vec<String> = claims
            .auth_method_refs()
            .map(|methods| methods.iter().map(|method| method.as_str().to_owned()).collect())
            .unwrap_or_default();
        let acr = claims.auth_context_ref().map(|class| class.as_str());
        Ok(Person {
            issuer: self.issuer.as_str().to_owned(),
            subject: subject.as_str().to_owned(),
            grants: claims::grants(&self.settings, said.groups.as_deref().unwrap_or_default()),
            name: said.name,
            email: said.email,
            strong: claims::is_strong(&self.settings, acr, &amr),
        })
    }

    /// Asks for what does not stand in the ID token (OpenID Connect Core 1.0 section 5.3), of the same person only.
    async fn more(
        &self,
        client: &Client,
        tokens: &Tokens,
        subject: openidconnect::SubjectIdentifier,
    ) -> Result<Said, ProviderError> {
        let unsound = |error: &dyn fmt::Display| ProviderError::Unsound(error.to_string());
        let request = client
            .user_info(tokens.access_token().clone(), Some(subject))
            .map_err(|error| unsound(&error))?;
        let claims: UserInfoClaims<Extra, CoreGenderClaim> =
            request.request_async(&self.outgoing).await.map_err(|error| match error {
                UserInfoError::Request(error) => ProviderError::Unreachable(error),
                UserInfoError::ClaimsVerification(error) => answer(error),
                error => unsound(&error),
            })?;
        let extra = &claims.additional_claims().claims;
        Ok(Said::of(claims.standard_claims(), extra, &self.settings.roles_claim))
    }

    /// Returns the provider's documents: those that are kept, or, if they are too old or `is_stale`, new ones.
    async fn metadata(&self, is_stale: bool) -> Result<CoreProviderMetadata, ProviderError> {
        let mut documents = self.documents.lock().await;
        let now = Instant::now();
        let life = if is_stale { METADATA_REST } else { METADATA_LIFE };
        if let Some((read, metadata)) = &documents.metadata
            && now.saturating_duration_since(*read) < life
        {
            return Ok(metadata.clone());
        }
        if documents.failed.is_some_and(|at| now.saturating_duration_since(at) < FAILURE_REST) {
            return Err(ProviderError::Unreachable(OutgoingError::Time));
        }
        match self.discover().await {
            Ok(metadata) => {
                *documents = Documents { metadata: Some((now, metadata.clone())), failed: None };
                Ok(metadata)
            }
            Err(error) => {
                documents.failed = Some(Instant::now());
                Err(error)
            }
        }
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, ProviderError> {
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.outgoing).await;
        let metadata = found.map_err(|error| match error {
            DiscoveryError::Request(OutgoingError::Elsewhere(url)) => elsewhere(&url),
            DiscoveryError::Request(error) => ProviderError::Unreachable(error),
            error => ProviderError::Unsound(error.to_string()),
        })?;
        // Browsers go there, which is no less than going there oneself.
        let page = metadata.authorization_endpoint().as_str();
        if !self.outgoing.reaches(page) {
            return Err(elsewhere(page));
        }
        Ok(metadata)
    }

    fn client(&self, metadata: &CoreProviderMetadata, sent: &Sent) -> Result<Client, ProviderError> {
        let redirect = RedirectUrl::new(sent.redirect.clone());
        let redirect = redirect.map_err(|error| ProviderError::Unsound(error.to_string()))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        let in_body =
            !takes(CoreClientAuthMethod::ClientSecretBasic) && takes(CoreClientAuthMethod::ClientSecretPost);
        let client_id = ClientId::new(self.client_id.clone());
        Ok(Client::from_provider_metadata(metadata.clone(), client_id, self.secret.clone())
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
            .set_redirect_uri(redirect))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.issuer.as_str())
    }
}

/// Returns what may be connected to.
fn origins(settings: &OidcSettings) -> Result<Vec<Origin>, ConfigError> {
    let urls = settings.issuer.iter().chain(&settings.other_origins);
    let origin = |url: &String| {
        Origin::of(url).ok_or_else(|| {
            ConfigError::Invalid(format!(
                "accounts.oidc: {url} is not https://..., or http:// on this machine"
            ))
        })
    };
    urls.map(origin).collect()
}

fn verifier_of(client: &Client) -> CoreIdTokenVerifier<'_> {
    client.id_token_verifier().set_allowed_algs(SIGNATURES)
}

fn answer(why: impl fmt::Display) -> ProviderError {
    ProviderError::Answer(why.to_string())
}

fn elsewhere(url: &str) -> ProviderError {
    ProviderError::Unsound(format!("{url} is at an origin that accounts.oidc.other_origins does not name"))
}

fn not_exchanged(
    error: RequestTokenError<OutgoingError, StandardErrorResponse<CoreErrorResponseType>>,
) -> ProviderError {
    match error {
        // `invalid_grant` and the like: the code was used, is too old, or was given to another.
        RequestTokenError::ServerResponse(response)
            if *response.error() == CoreErrorResponseType::InvalidGrant =>
        {
            answer("the provider does not know the code, or not any more")
        }
        RequestTokenError::ServerResponse(response) => {
            ProviderError::Unsound(format!("it refuses this server: {}", response.error()))
        }
        RequestTokenError::Request(OutgoingError::Elsewhere(url)) => elsewhere(&url),
        RequestTokenError::Request(error) => ProviderError::Unreachable(error),
        error => ProviderError::Unsound(error.to_string()),
    }
}

/// Returns how TLS is spoken: trusting the authorities in one file, or those of the system.
pub(crate) fn authorities(file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = file {
        let pem = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| format!("{}: {error}", path.display()))?;
            roots.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        if roots.is_empty() {
            return Err(format!("{}: no certificate stands in it", path.display()));
        }
    } else {
        // A system without any trusts nobody, and each try to sign in says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
