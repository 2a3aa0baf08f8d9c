//! The delivery service, by real groups.
