//! `propose_authority`.

use crate::govern::refuses_impostors;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::AuthorityProposed};
use stipend_client::instruction;
use stipend_tests::{address, key, swapped, Scene};

fn propose(scene: &Scene, new: Option<&Address>) -> solana_instruction::Instruction {
    instruction::propose_authority(&scene.authority.pubkey(), &scene.network, new)
}

#[test]
fn propose_authority_names_who_may_accept_and_changes_nothing_else() {
    let mut scene = Scene::new();
    let [first, second] = ["first heir", "second heir"].map(address);
    let before = scene.network();

    // Named, named anew, taken back.
    let mut old = Address::default();
    for new in [Some(first), Some(second), None] {
        let propose = propose(&scene, new.as_ref());
        let event: AuthorityProposed = scene.govern(propose).event();

        let network = scene.network();
        let new = new.unwrap_or_default();
        assert_eq!((network.pending_authority, network.authority), (new, scene.authority.pubkey()));
        assert_eq!((event.network, event.old_pending, event.new_pending), (scene.network, old, new));
        old = new;
    }
    assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&before));
}

#[test]
fn propose_authority_takes_the_authoritys_power_only_once_the_other_accepts() {
    let mut scene = Scene::new();
    let heir = key("heir");
    let first = propose(&scene, Some(&heir.pubkey()));
    scene.govern(first);

    // The heir has no power yet, not even to propose somebody else.
    let by_heir = swapped(&propose(&scene, None), 0, &heir.pubkey());
    scene.stage.refuses(&[by_heir], &[&heir], StipendError::AuthorityMismatch);
    scene.pause();
}

#[test]
fn propose_authority_refuses_who_is_not_the_authority() {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let propose = propose(&scene, Some(&address("heir")));

    for name in ["stranger", "guardian", "registrar"] {
        let by_other = swapped(&propose, 0, &key(name).pubkey());
        scene.stage.refuses(&[by_other], &[&key(name)], StipendError::AuthorityMismatch);
    }
}

#[test]
fn propose_authority_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let propose = propose(&scene, Some(&address("heir")));
    let authority = scene.authority.insecure_clone();

    refuses_impostors(&mut scene, &propose, &authority);
}
