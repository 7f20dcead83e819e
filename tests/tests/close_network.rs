//! `close_network`: what must be gone before, where the lamports and the right to mint go.

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NetworkClosed, instructions::NetworkParams, state::Network};
use stipend_client::{account, address as place, instruction};
use stipend_tests::{
    address, key, mint, params, read_only,
    scene::{end, GENESIS},
    swapped, unsigned, Refusal, Scene,
};

fn close(scene: &Scene, id: u16) -> Instruction {
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    instruction::close_network(&authority, &scene.mint, id, &payer, &scene.token_program)
}

/// Opens another network of the mint, whose rent "sponsor" pays.
fn share(scene: &mut Scene, id: u16, cap_atoms: u64) -> Address {
    let sponsor = key("sponsor");
    scene.stage.put(&sponsor.pubkey(), Account { lamports: 1_000_000_000, ..Account::default() });
    let params = NetworkParams { id, cap_atoms, genesis: GENESIS + 31_000_000, ..params() };
    let authority = scene.authority.pubkey();
    let create = instruction::create_network(&sponsor.pubkey(), &authority, &scene.mint, &scene.token_program, params);
    scene.stage.accepts(&[create], &[&scene.authority, &sponsor]);
    place::network(&scene.mint, id)
}

/// As [`close`], of a network that "sponsor" paid for.
fn close_shared(scene: &Scene, id: u16) -> Instruction {
    swapped(&close(scene, id), 5, &key("sponsor").pubkey())
}

fn minter(scene: &mut Scene) -> Option<Address> {
    let mint = scene.mint;
    mint::authority(&scene.stage.account(&mint).unwrap())
}

#[test]
fn close_network_gives_the_mint_back_where_no_epoch_was_closed() {
    let sponsor = key("sponsor");
    let mut scene = Scene::new();
    let network = scene.network;
    // The rent goes to whoever is recorded, not to who sends the transaction.
    scene.forge_network(|network| network.payer = sponsor.pubkey());
    scene.stage.put(&sponsor.pubkey(), Account { lamports: 1_000_000, ..Account::default() });
    let rent = scene.stage.rent_lamports(Network::SPACE);

    let close = close_shared(&scene, 0);
    let event: NetworkClosed = scene.govern(close).event();

    assert_eq!(scene.stage.account(&network), None);
    assert_eq!(scene.stage.account(&sponsor.pubkey()).unwrap().lamports, 1_000_000 + rent);
    assert_eq!(minter(&mut scene), Some(scene.authority.pubkey()));
    assert_eq!((event.network, event.mint, event.id), (network, scene.mint, 0));
    assert_eq!(event.mint_authority, scene.authority.pubkey());
}

#[test]
fn close_network_leaves_a_mint_that_was_used_to_nobody() {
    let mut scene = Scene::new();
    scene.warp_to(end(0));
    scene.close();

    let close = close(&scene, 0);
    let event: NetworkClosed = scene.govern(close).event();

    assert_eq!((minter(&mut scene), event.mint_authority), (None, Address::default()));
    // The cap holds for ever: no network of that mint can be made again.
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    let later = NetworkParams { genesis: end(0), ..params() };
    let again = instruction::create_network(&payer, &authority, &scene.mint, &scene.token_program, later);
    scene.stage.refuses(&[again], &[&scene.authority], StipendError::MintAuthorityMismatch);
}

#[test]
fn close_network_gives_the_mint_to_who_is_the_authority_by_then() {
    let mut scene = Scene::new();
    let heir = key("heir");
    let propose = instruction::propose_authority(&scene.authority.pubkey(), &scene.network, Some(&heir.pubkey()));
    let accept = instruction::accept_authority(&heir.pubkey(), &scene.network);
    scene.stage.accepts(&[propose, accept], &[&scene.authority, &heir]);
    let close = close(&scene, 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[&scene.authority], StipendError::AuthorityMismatch);

    scene.stage.accepts(&[swapped(&close, 0, &heir.pubkey())], &[&heir]);

    assert_eq!(minter(&mut scene), Some(heir.pubkey()));
}

#[test]
fn close_network_leaves_a_mint_that_was_shared_to_nobody() {
    let mut scene = Scene::new();
    share(&mut scene, 1, 1_000_000);
    let second = close_shared(&scene, 1);
    scene.govern(second);
    assert_eq!((scene.network().open_epoch, scene.network().has_shared), (0, 1));

    let first = close(&scene, 0);
    let event: NetworkClosed = scene.govern(first).event();

    // The other one may have closed epochs.
    assert_eq!((minter(&mut scene), event.mint_authority), (None, Address::default()));
}

#[test]
fn close_network_hands_back_what_another_one_has_not_scheduled() {
    let mut scene = Scene::new();
    let sponsor = key("sponsor").pubkey();
    let second = share(&mut scene, 1, 3_000_000);
    let third = share(&mut scene, 2, 5_000_000);
    let (mut expected, rent) = (scene.network(), scene.stage.rent_lamports(Network::SPACE));
    assert_eq!((expected.emission.cap_atoms, expected.other_networks), (992_000_000, 2));
    // Two epochs of the third emit 2,000,000 of its 5,000,000.
    scene.warp_to(GENESIS + 31_000_000 + 200);
    let closes = instruction::close_epoch(&third);
    scene.stage.accepts(&[closes], &[]);
    let before = scene.stage.account(&sponsor).unwrap().lamports;

    for (id, network, cap_atoms, left) in [(2, third, 995_000_000, 1), (1, second, 998_000_000, 0)] {
        let close = close_shared(&scene, id);
        let event: NetworkClosed = scene.govern(close).event();

        (expected.emission.cap_atoms, expected.other_networks) = (cap_atoms, left);
        assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&expected));
        assert_eq!((event.network, event.id), (network, id));
        assert_eq!(event.mint_authority, place::mint_authority(&scene.mint));
        assert_eq!(scene.stage.account(&network), None);
    }
    assert_eq!(minter(&mut scene), Some(place::mint_authority(&scene.mint)));
    assert_eq!(scene.stage.account(&sponsor).unwrap().lamports, before + 2 * rent);
}

#[test]
fn close_network_lets_its_id_be_used_again_with_another_domain() {
    let mut scene = Scene::new();
    let second = share(&mut scene, 1, 1_000_000);
    let domain = account::network(&scene.stage.data(&second)).unwrap().domain;
    let close = close_shared(&scene, 1);
    scene.govern(close);
    scene.warp_to(GENESIS);

    share(&mut scene, 1, 2_000_000);

    let again = account::network(&scene.stage.data(&second)).unwrap();
    assert_eq!((again.emission.cap_atoms, again.open_epoch), (2_000_000, 0));
    assert_ne!(again.domain, domain);
}

#[test]
fn close_network_refuses_while_a_shard_is_there() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let close = close(&scene, 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[&scene.authority], StipendError::NetworkNotEmpty);

    let payer = scene.stage.payer.pubkey();
    for oracle in scene.oracle_keys() {
        let close_report = instruction::close_report(&scene.network, &shard, &oracle, &payer);
        scene.stage.accepts(&[close_report], &[]);
    }
    let close_shard = instruction::close_shard(&scene.network, &shard, &payer);
    scene.stage.accepts(&[close_shard, close], &[&scene.authority]);
}

#[test]
fn close_network_refuses_while_a_directory_is_there() {
    let mut scene = Scene::new();
    let device = key("device").pubkey();
    scene.open_directory(&device);
    let close = close(&scene, 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[&scene.authority], StipendError::NetworkNotEmpty);

    let close_directory = instruction::close_directory(&scene.network, &device, &scene.stage.payer.pubkey());
    scene.stage.accepts(&[close_directory, close], &[&scene.authority]);
}

#[test]
fn close_network_refuses_while_an_oracles_bond_is_held() {
    let mut scene = Scene::with(1, |params| params.policy.oracle_bond_lamports = 5_000);
    let (oracle, payer) = (scene.oracle_keys()[0], scene.stage.payer.pubkey());
    let close = close(&scene, 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[&scene.authority], StipendError::NetworkNotEmpty);
    scene.remove_oracle(&oracle, true);
    scene.stage.refuses(std::slice::from_ref(&close), &[&scene.authority], StipendError::NetworkNotEmpty);
    scene.warp_to(end(1));
    scene.close();

    let withdraw = instruction::withdraw_bond(&scene.network, &payer, &oracle);
    scene.stage.accepts(&[withdraw, close], &[&scene.authority]);
}

#[test]
fn close_network_refuses_the_first_while_others_are_there() {
    let mut scene = Scene::new();
    share(&mut scene, 1, 1_000_000);
    let first = close(&scene, 0);
    scene.stage.refuses(std::slice::from_ref(&first), &[&scene.authority], StipendError::NetworkNotEmpty);

    let second = close_shared(&scene, 1);
    scene.stage.accepts(&[second, first], &[&scene.authority]);
}

#[test]
fn close_network_leaves_nothing_to_revive() {
    let mut scene = Scene::new();
    let network = scene.network;
    let close = close(&scene, 0);
    let mut data = vec![2, 0, 0, 0];
    data.extend_from_slice(&50_000_000u64.to_le_bytes());
    let accounts = vec![
        solana_instruction::AccountMeta::new(scene.stage.payer.pubkey(), true),
        solana_instruction::AccountMeta::new(network, false),
    ];
    let gift = Instruction { program_id: anchor_lang::system_program::ID, accounts, data };

    scene.stage.accepts(&[close, gift], &[&scene.authority]);

    let left = scene.stage.account(&network).unwrap();
    assert_eq!((left.owner, left.data.len(), left.lamports), (anchor_lang::system_program::ID, 0, 50_000_000));
}

#[test]
fn close_network_refuses_who_is_not_the_authority() {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let close = close(&scene, 0);

    for name in ["stranger", "guardian"] {
        let by_other = swapped(&close, 0, &key(name).pubkey());
        scene.stage.refuses(&[by_other], &[&key(name)], StipendError::AuthorityMismatch);
    }
    scene.stage.refuses(&[unsigned(&close, 0)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn close_network_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let twin_mint = address("mint of the twin");
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);
    let close = close(&scene, 0);

    let cases: [(usize, Address, Refusal); 9] = [
        (1, twin, StipendError::MintMismatch.into()),
        (1, foreign, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (3, twin_mint, StipendError::MintMismatch.into()),
        (4, place::mint_authority(&twin_mint), StipendError::MintAuthorityAccountMismatch.into()),
        (4, scene.authority.pubkey(), StipendError::MintAuthorityAccountMismatch.into()),
        (5, address("thief"), StipendError::PayerMismatch.into()),
        (6, mint::TOKEN_2022_ID, StipendError::TokenProgramMismatch.into()),
        (6, stipend::ID, ErrorCode::InvalidProgramId.into()),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place} {impostor}");
        scene.stage.refuses(&[swapped(&close, place, &impostor)], &[&scene.authority], refusal);
    }
    for place in [1, 3, 5] {
        // The stage's payer pays the fee and is never read-only.
        if place == 5 {
            scene.forge_network(|network| network.payer = address("sponsor"));
            let to_sponsor = read_only(&swapped(&close, 5, &address("sponsor")), 5);
            scene.stage.refuses(&[to_sponsor], &[&scene.authority], ErrorCode::ConstraintMut);
        } else {
            scene.stage.refuses(&[read_only(&close, place)], &[&scene.authority], ErrorCode::ConstraintMut);
        }
    }
}

#[test]
fn close_network_of_another_one_refuses_an_impostor_of_the_first() {
    let mut scene = Scene::new();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let second = share(&mut scene, 1, 1_000_000);
    let third = share(&mut scene, 2, 1_000_000);
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);
    let close = close_shared(&scene, 1);

    let cases: [(Address, Refusal); 6] = [
        (stipend::ID, StipendError::FirstNetworkMismatch.into()),
        (twin, StipendError::FirstNetworkMismatch.into()),
        (third, StipendError::FirstNetworkMismatch.into()),
        (second, StipendError::FirstNetworkMismatch.into()),
        (foreign, ErrorCode::AccountOwnedByWrongProgram.into()),
        (twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (impostor, refusal) in cases {
        println!("{impostor}");
        scene.stage.refuses(&[swapped(&close, 2, &impostor)], &[&scene.authority], refusal);
    }
    scene.stage.refuses(&[read_only(&close, 2)], &[&scene.authority], ErrorCode::ConstraintMut);
}
