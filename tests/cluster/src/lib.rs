//! What the tests on a real validator are made of: the validator itself, the `stipend` command, and an RPC proxy that misbehaves.
//!
//! Everything is bound to loopback, bounded in time, and ends with the test that started it. `cargo xtask cluster-test` builds
//! what is needed and says where it is.

mod command;
mod frozen;
mod proxy;
mod random;
mod validator;

pub use command::{finish, Finished, Running, Stipend};
pub use proxy::{Fault, Plan, Proxy};
pub use random::{seed, Random};
pub use validator::{artifact, Validator};

use std::{env, path::PathBuf};

/// A program that `cargo xtask cluster-test` has built.
///
/// - `variable`: of the environment, where its path is.
pub fn built(variable: &str) -> PathBuf {
    match env::var_os(variable) {
        Some(path) => path.into(),
        None => panic!("{variable} is not set; run these tests by `cargo xtask cluster-test`"),
    }
}
