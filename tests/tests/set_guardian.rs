//! `set_guardian`.

use crate::govern::refuses_impostors;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::GuardianChanged};
use stipend_client::instruction;
use stipend_tests::{address, key, swapped, Scene};

fn set(scene: &Scene, new: Option<&Address>) -> Instruction {
    instruction::set_guardian(&scene.authority.pubkey(), &scene.network, new)
}

#[test]
fn set_guardian_names_who_may_pause_at_once_and_changes_nothing_else() {
    let mut scene = Scene::new();
    let before = scene.network();
    let [first, second] = ["first guardian", "second guardian"].map(key);

    let mut old = Address::default();
    for new in [Some(&first), Some(&second), None] {
        let new = new.map(Signer::pubkey);
        let set = set(&scene, new.as_ref());
        let event: GuardianChanged = scene.govern(set).event();

        let new = new.unwrap_or_default();
        assert_eq!(scene.network().guardian, new);
        assert_eq!((event.network, event.old_guardian, event.new_guardian), (scene.network, old, new));
        old = new;
    }
    assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&before));
}

#[test]
fn set_guardian_takes_the_power_from_the_last_one() {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("old").pubkey()));
    let by = |scene: &Scene, name: &str| instruction::pause(&key(name).pubkey(), &scene.network);
    let set = set(&scene, Some(&key("new").pubkey()));
    scene.govern(set);

    let by_old = by(&scene, "old");
    scene.stage.refuses(&[by_old], &[&key("old")], StipendError::GuardianMismatch);
    let by_new = by(&scene, "new");
    scene.stage.accepts(&[by_new], &[&key("new")]);
}

#[test]
fn set_guardian_refuses_who_is_not_the_authority() {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let set = set(&scene, Some(&address("new")));

    for name in ["stranger", "guardian"] {
        let by_other = swapped(&set, 0, &key(name).pubkey());
        scene.stage.refuses(&[by_other], &[&key(name)], StipendError::AuthorityMismatch);
    }
}

#[test]
fn set_guardian_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let set = set(&scene, Some(&address("new")));
    let authority = scene.authority.insecure_clone();

    refuses_impostors(&mut scene, &set, &authority);
}
