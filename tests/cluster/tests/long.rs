//! What takes long: `cargo xtask cluster-test --long`.

use crate::{oracles::kill_oracles, play::Schedule};
use std::time::Duration;

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test --long"]
fn oracles_killed_fifty_times_and_two_cranks_pay_what_the_model_says() {
    // About two seconds apart: from the first epoch into the second, with every report under way among them.
    kill_oracles(Schedule { epochs: 5, epoch_secs: 75 }, 0, 50, Duration::from_secs(4));
}
