//! The `hypprec` command.

fn main() -> std::process::ExitCode {
    hypprec::cmd::main()
}
