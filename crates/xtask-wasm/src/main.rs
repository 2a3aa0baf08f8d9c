//! `cargo wasm`: compiles the browser's cryptography and writes its modules beside what loads them: `crypto`, of meetings,
//! and `opaque`, of passwords, so that no meeting loads the one for the other.
//!
//! The output is generated and not committed: of `crypto` it is `crypto.js` (an ES module whose default export fetches and
//! starts the code), `crypto.d.ts`, and `crypto_bg.wasm`. It depends on the sources, `Cargo.lock` and the compiler only; where
//! they lie on this machine is not in it, so that two machines make the same bytes.
//!
//! `cargo wasm group-cost` compiles the measurement of that name in the same way and runs it in Node.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "sabha-crypto-wasm";
/// Each package with what cargo calls its library, and the name under which the web client imports it.
const MODULES: [(&str, &str, &str); 2] = [
    (PACKAGE, "sabha_crypto_wasm.wasm", "crypto"),
    ("sabha-opaque-wasm", "sabha_opaque_wasm.wasm", "opaque"),
];
/// Of the workspace's manifest; also the folder that cargo writes to.
const PROFILE: &str = "wasm";
/// Where the web client imports from.
const OUTPUT: &str = "web/src/e2ee/wasm";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-wasm: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write_modules(&root()),
        ["group-cost"] => measure(&root(), "group_cost"),
        _ => bail!("usage: cargo wasm [group-cost]"),
    }
}

fn write_modules(root: &Path) -> anyhow::Result<()> {
    let output = root.join(OUTPUT);
    let compiled = MODULES.map(|(package, library, name)| {
        compile(root, package, &["--lib"]).map(|folder| (folder.join(library), name))
    });
    // What an earlier version wrote under another name must not stay.
    if output.exists() {
        fs::remove_dir_all(&output).with_context(|| output.display().to_string())?;
    }
    for module in compiled {
        let (module, name) = module?;
        write_module(&module, name, &output)?;
    }
    Ok(())
}

fn write_module(module: &Path, name: &str, output: &Path) -> anyhow::Result<()> {
    Bindgen::new()
        .input_path(module)
        .out_name(name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(output)
        .context("wasm-bindgen")?;
    let size = fs::metadata(output.join(format!("{name}_bg.wasm")))?.len();
    eprintln!("{OUTPUT}/{name}_bg.wasm: {} kB", size / 1000);
    Ok(())
}

/// Runs an example of the package as WebAssembly.
fn measure(root: &Path, example: &str) -> anyhow::Result<()> {
    let output = compile(root, PACKAGE, &["--example", example])?.join("examples");
    Bindgen::new()
        .input_path(output.join(format!("{example}.wasm")))
        .out_name(example)
        .nodejs(true)?
        .typescript(false)
        .generate(output.join(example))
        .context("wasm-bindgen")?;
    let status = Command::new("node").arg(output.join(example).join(format!("{example}.js"))).status();
    ensure!(status.context("node could not be started")?.success(), "{example} failed");
    Ok(())
}

/// Compiles a part of a package and returns the folder that it is written to.
fn compile(root: &Path, package: &str, part: &[&str]) -> anyhow::Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--locked", "--package", package, "--profile", PROFILE, "--target", TARGET])
        .args(part)
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(root)?.join("\u{1f}"))
        .current_dir(root)
        .status()
        .context("cargo could not be started")?;
    ensure!(status.success(), "{package} did not compile for {TARGET} (rustup target add {TARGET})");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    Ok(target.join(TARGET).join(PROFILE))
}

/// Returns the flags that take this machine's paths out of the messages of panics.
fn remapped_paths(root: &Path) -> anyhow::Result<Vec<String>> {
    let home = |variable: &str, folder: &str| {
        let given = env::var_os(variable).map(PathBuf::from);
        given.or_else(|| env::home_dir().map(|home| home.join(folder))).context("no home directory")
    };
    let flag = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    Ok(vec![
        // Rounds in a loop: a third of the code of SHA-2, of which little is hashed here.
        "--cfg=sha2_backend_soft=\"compact\"".to_owned(),
        flag(root, ""),
        flag(&home("CARGO_HOME", ".cargo")?, "cargo"),
        flag(&home("RUSTUP_HOME", ".rustup")?, "rustup"),
    ])
}

/// Returns the root of the repository.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("xtask-wasm lives in crates/xtask-wasm").to_owned()
}
