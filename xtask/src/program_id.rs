//! The program's own ID, which is compiled in: who deploys under another one changes it here.

use std::path::Path;

use anyhow::{bail, Result};

use crate::workspace::{self, read_text, write};

/// The only place in the sources.
const DECLARED: &str = "programs/stipend/src/lib.rs";
/// For Anchor's tools, once a cluster.
const ANCHOR: &str = "Anchor.toml";

/// Makes `id` the program's ID, in its one place and in Anchor's file.
///
/// Errors: it is no address, or the files don't name the present one as they should.
pub fn change(id: &str) -> Result<()> {
    change_in(&workspace::root(), id)?;
    eprintln!("The program's ID is {id} from the next build on. Now run, in this order:");
    eprintln!("  cargo xtask artifact   (the ID is a part of the program)");
    eprintln!("  cargo xtask idl        (and of its interface)");
    eprintln!("and change program.id in your plans.");
    Ok(())
}

fn change_in(root: &Path, id: &str) -> Result<()> {
    if bs58::decode(id).into_vec().ok().is_none_or(|bytes| bytes.len() != 32) {
        bail!("{id:?} is no address: 32 bytes in base58, as `solana-keygen pubkey FILE` prints them");
    }
    let declared = read_text(&root.join(DECLARED))?;
    let Some((before, rest)) = declared.split_once("declare_id!(\"") else {
        bail!("{DECLARED} has no `declare_id!(\"`; restore it");
    };
    let Some((old, after)) = rest.split_once('"') else {
        bail!("{DECLARED} has no end of `declare_id!`; restore it");
    };
    let anchor = read_text(&root.join(ANCHOR))?;
    let named = format!("stipend = \"{old}\"");
    if !anchor.contains(&named) {
        bail!("{ANCHOR} does not name {old}, which {DECLARED} declares; make the two agree first");
    }
    write(&root.join(DECLARED), format!("{before}declare_id!(\"{id}\"{after}"))?;
    write(&root.join(ANCHOR), anchor.replace(&named, &format!("stipend = \"{id}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "11111111111111111111111111111112";

    fn copy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in [DECLARED, ANCHOR] {
            let text = read_text(&workspace::root().join(file)).expect("there");
            write(&folder.path().join(file), text).expect("written");
        }
        folder
    }

    #[test]
    fn the_id_is_changed_in_every_place_and_nothing_else_is() {
        let folder = copy();
        let old = read_text(&folder.path().join(DECLARED)).expect("there");
        let (_, rest) = old.split_once("declare_id!(\"").expect("declared");
        let id = rest.split('"').next().expect("an ID").to_owned();

        change_in(folder.path(), NEW).expect("changed");

        for file in [DECLARED, ANCHOR] {
            let before = read_text(&workspace::root().join(file)).expect("there");
            let after = read_text(&folder.path().join(file)).expect("there");
            assert_eq!(after, before.replace(&id, NEW), "{file}");
            assert!(after.contains(NEW) && !after.contains(&id), "{file}");
        }
    }

    #[test]
    fn what_is_no_address_changes_nothing() {
        let folder = copy();
        for id in ["", "1111", "not base58: 0OIl", "1111111111111111111111111111111111111111111111111"] {
            assert!(change_in(folder.path(), id).is_err(), "{id}");
        }

        assert_eq!(
            read_text(&folder.path().join(ANCHOR)).expect("there"),
            read_text(&workspace::root().join(ANCHOR)).expect("there")
        );
    }

    #[test]
    fn files_that_disagree_are_refused() {
        let folder = copy();
        let anchor = read_text(&folder.path().join(ANCHOR)).expect("there");
        write(&folder.path().join(ANCHOR), anchor.replace("stipend = ", "other = ")).expect("written");

        let error = change_in(folder.path(), NEW).expect_err("refused");

        assert!(error.to_string().contains("make the two agree first"), "{error}");
    }
}
