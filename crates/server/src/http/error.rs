//! Refusals over HTTP: a rule for machines, a sentence for people, and a status that fits the rule.

use std::{any::Any, time::Duration};

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sabha_protocol::{
    Rule,
    wire::{
        bulletin_check::{CheckReport, NotFit},
        http::ApiError,
    },
};

use crate::metrics;

/// Longest time an answer may take to begin.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// An [`ApiError`] with its status.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: ApiError,
    /// What is wrong with a document, if that is why.
    check: Option<CheckReport>,
}

impl Refusal {
    /// Returns a refusal by `rule` with the status that goes with it.
    pub(super) fn new(rule: Rule, message: impl Into<String>) -> Self {
        let status = match rule {
            Rule::CreationKey | Rule::AccountSignedIn => StatusCode::UNAUTHORIZED,
            Rule::AccountIdentity
            | Rule::AccountLink
            | Rule::AccountOrigin
            | Rule::AccountPasskey
            | Rule::AccountPassword
            | Rule::AccountPasswordsOff
            | Rule::AccountRole
            | Rule::AccountScope
            | Rule::AccountStranger
            | Rule::Floor
            | Rule::LinkPrivate
            | Rule::Mfa => StatusCode::FORBIDDEN,
            Rule::AccountRate | Rule::CredentialRate | Rule::MailRate | Rule::NetworkRate | Rule::Rate => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Rule::AccountProvider | Rule::Capacity | Rule::Storage => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::with_status(status, rule, message)
    }

    /// Returns a refusal with a status that says more than the rule's own.
    pub(super) fn with_status(status: StatusCode, rule: Rule, message: impl Into<String>) -> Self {
        Self { status, error: ApiError { rule, message: message.into() }, check: None }
    }

    /// Returns the refusal of a document that is not fit, with what is wrong with it.
    pub(super) fn not_fit(message: impl Into<String>, check: CheckReport) -> Self {
        let refusal = Self::with_status(StatusCode::UNPROCESSABLE_ENTITY, Rule::BulletinCsaf, message);
        Self { check: Some(check), ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        metrics::refused(self.error.rule);
        let mut response = match self.check {
            None => (self.status, Json(self.error)).into_response(),
            Some(check) => {
                let ApiError { rule, message } = self.error;
                (self.status, Json(NotFit { rule, message, check })).into_response()
            }
        };
        let retry = match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some("5"),
            _ => None,
        };
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Answers a path of the API that is none.
pub(super) fn unknown_path() -> Refusal {
    Refusal::with_status(StatusCode::NOT_FOUND, Rule::WellFormed, "the API has no such path")
}

/// Answers a method that a path does not have.
pub(super) async fn method_not_allowed() -> Refusal {
    Refusal::with_status(StatusCode::METHOD_NOT_ALLOWED, Rule::WellFormed, "this path has no such method")
}

/// Gives an answer up that takes too long to begin; what it was waiting for is cancelled.
pub(super) async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(ANSWER_MAX, next.run(request)).await.unwrap_or_else(|_| {
        Refusal::new(Rule::Capacity, "the server is too slow at the moment; try again soon").into_response()
    })
}

/// Answers for a handler that panicked. What it said goes to the log, not to the client.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("an HTTP handler panicked");
    Refusal::with_status(
        StatusCode::INTERNAL_SERVER_ERROR,
        Rule::Capacity,
        "the server failed; this is its fault",
    )
    .into_response()
}
