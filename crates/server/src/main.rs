//! The binary `sabha`. Everything is in the library, where tests can reach it.

fn main() -> std::process::ExitCode {
    sabha_server::cli::run()
}
