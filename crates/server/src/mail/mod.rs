//! Invitations by mail.

mod keys;

pub(crate) use keys::MailKeys;
