//! The committed program belongs to the sources beside it.

use xtask::{artifact, workspace};

#[test]
fn the_artifact_is_made_from_these_sources() {
    if let Err(error) = artifact::check_sources(&workspace::root()) {
        panic!("{error:#}");
    }
}
