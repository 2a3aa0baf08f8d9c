//! Messages as they travel, and files that do. One file a direction; strict: an unknown field or type is refused.

pub mod accounts;
pub mod advisory_policy;
pub mod bulletin;
pub mod bulletin_check;
pub mod bulletin_documents;
pub mod bulletin_exchange;
pub mod bulletin_facets;
pub mod bulletin_feeds;
pub mod bulletin_notices;
pub mod certificate;
pub mod client;
pub mod floor;
pub mod http;
pub mod operation;
pub mod plans;
pub mod profile;
pub mod server;

pub use client::{ClientFrame, ClientMessage};
pub use server::{ServerFrame, ServerMessage};

/// Deserialises a list of at most `MAX` items and stops reading at the first one too many.
pub(crate) fn at_most<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    struct Bounded<T, const MAX: usize>(std::marker::PhantomData<T>);

    impl<'de, T: serde::Deserialize<'de>, const MAX: usize> serde::de::Visitor<'de> for Bounded<T, MAX> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {MAX} items")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                if items.len() == MAX {
                    return Err(serde::de::Error::invalid_length(MAX + 1, &self));
                }
                items.push(item);
            }
            Ok(items)
        }
    }

    deserializer.deserialize_seq(Bounded::<T, MAX>(std::marker::PhantomData))
}
