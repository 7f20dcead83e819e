//! `stipend demo --scenario lifecycle`: everything that happens to a network between its first and its last day.
//!
//! Each chapter is a file and tells itself to the [`World`], which sends, reads back and writes down. What is refused on the
//! way is part of the story: that it is refused with exactly the error that it should be is checked.

mod ending;
mod epochs;
mod foundation;
mod governance;
mod money;
mod nodes;
mod oracles;
mod splits;
mod stall;
mod step;
mod verdict;
mod world;

pub use step::write_story;

use serde::Serialize;
use stipend_client::snapshot::Snapshot;

use crate::failure::Failure;
use step::{Conservation, Step};
use world::World;

/// The whole story: the JSON object that `--output json` prints.
#[derive(Debug, Serialize)]
pub struct Story {
    steps: Vec<Step>,
    conservation: Conservation,
    /// As they are before everything is closed.
    #[serde(skip)]
    pub accounts: Snapshot,
}

impl Story {
    /// Lets it happen.
    pub fn tell() -> Result<Self, Failure> {
        let mut world = World::new()?;
        foundation::tell(&mut world)?;
        epochs::tell(&mut world)?;
        governance::tell(&mut world)?;
        money::tell(&mut world)?;
        nodes::tell(&mut world)?;
        oracles::tell(&mut world)?;
        stall::tell(&mut world)?;
        verdict::tell(&mut world)?;
        let accounts = world.accounts()?;
        splits::tell(&mut world)?;
        let conservation = ending::tell(&mut world)?;
        Ok(Self { steps: world.into_steps(), conservation, accounts })
    }
}
