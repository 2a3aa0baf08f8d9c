//! Finds published test vectors. They are not part of the repository: `SABHA_VECTORS` says where they are, else they
//! are looked for beside it. Without them the tests that want them say so and pass.

use std::{env, fs, path::PathBuf};

use serde_json::Value;

/// Reads one file of vectors, or says on the test's output that it is skipped.
pub(crate) fn load(path: &str) -> Option<Value> {
    let folder = env::var_os("SABHA_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let Ok(text) = fs::read_to_string(folder.join(path)) else {
        println!("skipped: the vectors {path} are not there; SABHA_VECTORS names their folder");
        return None;
    };
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

/// Returns the bytes that a field spells in hexadecimal.
pub(crate) fn hex(value: &Value, field: &str) -> Vec<u8> {
    let text = value[field].as_str().unwrap_or_else(|| panic!("no field {field}"));
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).expect("hexadecimal")
}
