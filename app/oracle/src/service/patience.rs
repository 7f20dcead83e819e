//! A cluster that is not there yet when a program starts.

use super::{Rest, Stop};
use crate::failure::{ExitKind, Failure};

/// Asks until the cluster answers. None: somebody ended the program before.
///
/// Errors: what no waiting mends, and with `once` whatever failed.
pub fn wait_for_cluster<T>(
    stop: &Stop,
    rest: &mut Rest,
    once: bool,
    mut ask: impl FnMut() -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    loop {
        match ask() {
            Ok(answer) => return Ok(Some(answer)),
            Err(failure) if once || failure.exit_kind() != ExitKind::Cluster => return Err(failure),
            Err(failure) => {
                let sleep = rest.after_failure();
                tracing::warn!("{failure}; trying again in {} s", sleep.as_secs());
                stop.wait(sleep);
            }
        }
        if stop.is_asked() {
            return Ok(None);
        }
    }
}
