//! `accept_authority`.

use crate::govern::refuses_impostors;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::AuthorityChanged};
use stipend_client::instruction;
use stipend_tests::{address, caller, key, swapped, Scene};

/// A network whose authority proposed somebody.
fn proposed(heir: &Address) -> Scene {
    let mut scene = Scene::new();
    let propose = instruction::propose_authority(&scene.authority.pubkey(), &scene.network, Some(heir));
    scene.govern(propose);
    scene
}

#[test]
fn accept_authority_makes_the_proposed_one_the_authority() {
    let heir = key("heir");
    let mut scene = proposed(&heir.pubkey());
    let mut expected = scene.network();

    let accept = instruction::accept_authority(&heir.pubkey(), &scene.network);
    let event: AuthorityChanged = scene.stage.accepts(std::slice::from_ref(&accept), &[&heir]).event();

    assert_eq!((event.network, event.old_authority), (scene.network, scene.authority.pubkey()));
    assert_eq!(event.new_authority, heir.pubkey());
    (expected.authority, expected.pending_authority) = (heir.pubkey(), Address::default());
    assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&expected));
    // Nobody is pending any more, and the old authority has lost its power to the new one.
    scene.stage.refuses(&[accept], &[&heir], StipendError::PendingAuthorityMismatch);
    let pause = instruction::pause(&scene.authority.pubkey(), &scene.network);
    scene.stage.refuses(std::slice::from_ref(&pause), &[&scene.authority], StipendError::GuardianMismatch);
    scene.stage.accepts(&[swapped(&pause, 0, &heir.pubkey())], &[&heir]);
}

#[test]
fn accept_authority_refuses_everybody_but_the_proposed_one() {
    let heir = key("heir");
    let mut scene = proposed(&heir.pubkey());
    let accept = instruction::accept_authority(&heir.pubkey(), &scene.network);

    // Not even the authority itself.
    for other in [key("stranger"), scene.authority.insecure_clone()] {
        let by_other = swapped(&accept, 0, &other.pubkey());
        scene.stage.refuses(&[by_other], &[&other], StipendError::PendingAuthorityMismatch);
    }
}

#[test]
fn accept_authority_refuses_where_nobody_is_proposed_or_no_longer() {
    let heir = key("heir");
    let mut scene = Scene::new();
    let accept = instruction::accept_authority(&heir.pubkey(), &scene.network);
    scene.stage.refuses(std::slice::from_ref(&accept), &[&heir], StipendError::PendingAuthorityMismatch);

    let mut scene = proposed(&heir.pubkey());
    let other = instruction::propose_authority(&scene.authority.pubkey(), &scene.network, Some(&address("other")));
    scene.govern(other);
    scene.stage.refuses(std::slice::from_ref(&accept), &[&heir], StipendError::PendingAuthorityMismatch);
    let nobody = instruction::propose_authority(&scene.authority.pubkey(), &scene.network, None);
    scene.govern(nobody);
    scene.stage.refuses(&[accept], &[&heir], StipendError::PendingAuthorityMismatch);
}

#[test]
fn accept_authority_makes_a_multisigs_vault_the_authority_which_then_governs() {
    let vault = caller::vault();
    let mut scene = proposed(&vault);
    let accept = instruction::accept_authority(&vault, &scene.network);

    // Nobody can sign for the vault but its program.
    let unsigned = stipend_tests::unsigned(&accept, 0);
    scene.stage.refuses(&[unsigned], &[], ErrorCode::AccountNotSigner);
    scene.stage.accepts(&[caller::wrapped(&accept)], &[]);

    assert_eq!(scene.network().authority, vault);
    let (payer, network) = (scene.stage.payer.pubkey(), scene.network);
    let policy = scene.network().policy.params();
    // Each thing that an authority does, by the vault.
    let deeds = [
        instruction::set_guardian(&vault, &network, Some(&address("new guardian"))),
        instruction::pause(&vault, &network),
        instruction::resume(&vault, &network),
        instruction::update_policy(&vault, &network, 3, policy, None),
        instruction::remove_oracle(&vault, &network, &scene.oracle_keys()[2], true),
        instruction::add_oracle(&payer, &vault, &network, &address("new oracle")),
        instruction::propose_authority(&vault, &network, Some(&scene.authority.pubkey())),
    ];
    for deed in deeds {
        scene.stage.accepts(&[caller::wrapped(&deed)], &[]);
    }

    let state = scene.network();
    assert_eq!((state.guardian, state.next_policy.from_epoch), (address("new guardian"), 3));
    assert_eq!((state.oracles.entries[2].key, state.oracles.entries[2].payer), (address("new oracle"), payer));
    // And back to a key.
    let back = instruction::accept_authority(&scene.authority.pubkey(), &network);
    scene.govern(back);
    let late = instruction::pause(&vault, &network);
    scene.stage.refuses(&[caller::wrapped(&late)], &[], StipendError::GuardianMismatch);
}

#[test]
fn accept_authority_takes_no_other_programs_word_for_a_signature() {
    // The caller signs for its own vault and for nobody else.
    let heir = key("heir");
    let mut scene = proposed(&heir.pubkey());
    let mut accept = instruction::accept_authority(&heir.pubkey(), &scene.network);
    accept.accounts[0].is_signer = false;

    let wrapped = caller::wrapped(&accept);
    scene.stage.refuses(&[wrapped], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn accept_authority_refuses_an_impostor_of_each_account() {
    let heir = key("heir");
    let mut scene = proposed(&heir.pubkey());
    let accept = instruction::accept_authority(&heir.pubkey(), &scene.network);

    refuses_impostors(&mut scene, &accept, &heir);
}
