//! TAXII's part of the OpenAPI document. Every root has the same resources, served by the same handlers: each is described once, where
//! it is served, and stands in the document below every root, with what that root asks of its caller.

use sabha_protocol::account::Scope;
use utoipa::{
    OpenApi as _,
    openapi::{
        ObjectBuilder, OpenApi, SecurityRequirement, Type,
        path::{Operation, ParameterBuilder, ParameterIn},
    },
};

use super::{collections, drafts, objects};

#[derive(utoipa::OpenApi)]
#[openapi(paths(collections::discovery))]
struct Discovery;

/// What is read in every root.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    collections::root,
    collections::collections,
    collections::collection,
    objects::manifest,
    objects::objects,
    objects::object,
    objects::versions
))]
struct Reading;

/// What members do beside in a root of theirs.
#[derive(utoipa::OpenApi)]
#[openapi(paths(drafts::status, drafts::add, objects::delete))]
struct Writing;

/// What the public root refuses in words.
#[derive(utoipa::OpenApi)]
#[openapi(paths(drafts::refuse, objects::delete))]
struct Refusing;

/// Returns the document with the routes of TAXII in it.
pub(in crate::http) fn describe(document: OpenApi) -> OpenApi {
    let public = each(Reading::openapi().merge_from(Refusing::openapi()), "public", |_, _| {});
    let members = || Reading::openapi().merge_from(Writing::openapi());
    let own = each(members(), "members", ask_for);
    let of_group = each(members(), "group", |operation, scope| {
        ask_for(operation, scope);
        let group = ParameterBuilder::new()
            .name("group")
            .parameter_in(ParameterIn::Path)
            .description(Some("The id of a sharing group that the caller's organisation is in"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        operation.parameters.get_or_insert_default().insert(0, group.build().into());
    });
    document
        .merge_from(Discovery::openapi())
        .nest("/taxii2/public", public)
        .nest("/taxii2/members", own)
        .nest("/taxii2/groups/{group}", of_group)
}

/// Does something to each operation of a root, with the scope that it takes where it is a member's, and names it after the root: no
/// two operations of a document have the same id.
fn each(mut root: OpenApi, name: &str, to: impl Fn(&mut Operation, Scope)) -> OpenApi {
    for item in root.paths.paths.values_mut() {
        for (operation, scope) in [
            (&mut item.get, Scope::BulletinRead),
            (&mut item.post, Scope::BulletinWrite),
            (&mut item.delete, Scope::BulletinWrite),
        ] {
            let Some(operation) = operation else { continue };
            let id = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("taxii_{name}_{id}"));
            to(operation, scope);
        }
    }
    root
}

/// Says that an operation takes a session, or an API key with this scope.
fn ask_for(operation: &mut Operation, scope: Scope) {
    let session = SecurityRequirement::new("session", [""; 0]);
    operation.security = Some(vec![session, SecurityRequirement::new("api_key", [scope.word()])]);
}
