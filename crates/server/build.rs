//! Sees to it that the web client in `web/dist` is embedded as it is now.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let client = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../web/dist");
    // The client may be built after the server: debug builds look for it at each request, but only in a
    // folder that was there. Where the sources cannot be written to, the server is built without a client.
    let _ = fs::create_dir_all(&client);
    // Only release builds carry the files; watching them in debug builds would compile for nothing.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={}", client.display());
    }
}
