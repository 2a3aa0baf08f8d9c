//! Contents and attachments, as they are stored. Nothing of it is shown in a page of this server.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64ct::{Base64, Encoding as _};
use sabha_protocol::{
    Rule,
    bulletin::{AttachmentId, AttachmentType, DocumentId},
    wire::{
        bulletin_documents::{Attachment, AttachmentQuery},
        http::ApiError,
    },
};

use super::{AppState, Caller, Named, Numbered, Refusal, acting, reader, unknown};
use crate::{
    accounts::random,
    clock,
    storage::{NewAttachment, StoredFile},
};

/// Returns the content of a revision, byte for byte.
#[utoipa::path(get, path = "/api/v1/bulletin/documents/{id}/revisions/{number}/content", tag = "bulletin",
    params(
        ("id" = DocumentId, Path, description = "The document"),
        ("number" = u32, Path, description = "The revision")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "Its bytes; `Repr-Digest` has their hash", content_type = "application/json", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such revision, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn content(
    State(state): State<AppState>,
    caller: Caller,
    Numbered(id, number): Numbered<DocumentId>,
) -> Result<Response, Refusal> {
    let file = state.store.revision_content(&reader(&state, &caller).await?, id, number).await?;
    Ok(as_file(file.ok_or_else(unknown)?, id.to_string()))
}

/// Attaches a file, which is the body, to the draft of a document.
#[utoipa::path(post, path = "/api/v1/bulletin/documents/{id}/attachments", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document"), AttachmentQuery),
    request_body(content = String, content_type = "application/octet-stream", description = "The file, at most 4 MiB"),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 201, description = "Attached", body = Attachment),
        (status = 400, description = "A name that is none, a type that is not allowed, or bytes of another", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author of its owner, or no such scope", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError),
        (status = 409, description = "There is no draft, or too much is attached to it", body = ApiError),
        (status = 413, description = "The file is too long", body = ApiError)))]
pub(in crate::http) async fn attach(
    State(state): State<AppState>,
    caller: Caller,
    Named(document): Named<DocumentId>,
    query: Result<Query<AttachmentQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Attachment>), Refusal> {
    // BUL-14
    let Query(AttachmentQuery { name, media_type }) = query
        .map_err(|error| Refusal::with_status(error.status(), Rule::BulletinAttachment, error.body_text()))?;
    let bytes = body
        .map_err(|error| Refusal::with_status(error.status(), Rule::BulletinAttachment, error.body_text()))?;
    if bytes.is_empty() || !media_type.fits(&bytes) {
        let message = format!("the file does not begin as {} does", media_type.media_type());
        return Err(Refusal::with_status(StatusCode::BAD_REQUEST, Rule::BulletinAttachment, message));
    }
    let acting = acting(&state, &caller).await?;
    let id = AttachmentId::from_bytes(random()?);
    let new = NewAttachment { id, name, media_type, bytes: bytes.into() };
    let hash = state.store.attach(caller.author(), &acting, document, &new, clock::unix_ms()).await?;
    let attachment = Attachment {
        id,
        name: new.name,
        media_type,
        hash: data_encoding::HEXLOWER.encode(&hash),
        bytes: new.bytes.len() as u64,
    };
    Ok((StatusCode::CREATED, Json(attachment)))
}

/// Returns an attachment.
#[utoipa::path(get, path = "/api/v1/bulletin/attachments/{id}", tag = "bulletin",
    params(("id" = AttachmentId, Path, description = "The attachment")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "Its bytes, to be kept and not to be shown", content_type = "application/octet-stream", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such attachment, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn attachment(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<AttachmentId>,
) -> Result<Response, Refusal> {
    let file = state.store.attachment(&reader(&state, &caller).await?, id).await?;
    Ok(as_file(file.ok_or_else(unknown)?, id.to_string()))
}

/// Takes an attachment away from a draft.
#[utoipa::path(delete, path = "/api/v1/bulletin/attachments/{id}", tag = "bulletin",
    params(("id" = AttachmentId, Path, description = "The attachment")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 204, description = "Taken away"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author of its owner, or no such scope", body = ApiError),
        (status = 404, description = "No such attachment, or not for the caller", body = ApiError),
        (status = 409, description = "It is not a draft's any more", body = ApiError)))]
pub(in crate::http) async fn detach(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<AttachmentId>,
) -> Result<StatusCode, Refusal> {
    let acting = acting(&state, &caller).await?;
    state.store.detach(caller.author(), &acting, id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a file as an answer: to be kept and not to be shown, with the digest of its bytes (RFC 9530 section 3). An
/// attachment comes as mere bytes, whatever it is said to be; a revision is JSON, and `name` is its file's.
pub(super) fn as_file(file: StoredFile, name: String) -> Response {
    let (media_type, name) = match file.name {
        Some(name) => ("application/octet-stream", name),
        None => (AttachmentType::Json.media_type(), format!("{name}.json")),
    };
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encoded(&name))),
        (HeaderName::from_static("repr-digest"), format!("sha-256=:{}:", Base64::encode_string(&file.hash))),
        (header::ETAG, format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.hash))),
    ];
    let mut response = file.bytes.into_response();
    for (name, value) in headers {
        let value = HeaderValue::try_from(value).expect("every part of it is visible ASCII");
        response.headers_mut().insert(name, value);
    }
    response
}

/// Returns a name as a header has it (RFC 8187 section 3.2): what is no `attr-char` is percent-encoded.
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BUL-14
    #[test]
    fn a_file_is_to_be_kept_under_its_own_name_and_never_shown() {
        let file = StoredFile {
            name: Some("घटना 1.html\"".to_owned()),
            media_type: AttachmentType::Text,
            hash: [0; 32],
            bytes: b"<script>".to_vec(),
        };
        let response = as_file(file, "id".to_owned());
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/octet-stream");
        let disposition = header("content-disposition");
        assert!(disposition.starts_with("attachment; filename*=UTF-8''%E0%A4%98"), "{disposition}");
        assert!(disposition.ends_with("%201.html%22"), "{disposition}");
        assert_eq!(header("repr-digest"), "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
    }
}
