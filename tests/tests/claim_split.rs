//! `claim_split`: all recipients of a split are paid in their shares, or nobody.

use crate::split::{authority, create, creator, read, settled, shares, split};
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::RewardsClaimed};
use stipend_client::{address as place, instruction, instruction::Actor};
use stipend_tests::{address, key, measured, scene::end, swapped, Refusal, Scene};

fn wallets(count: u16) -> Vec<Address> {
    shares(count).into_iter().map(|(wallet, _)| wallet).collect()
}

#[test]
fn claim_split_pays_every_recipient_its_share_and_the_first_what_the_floors_leave() {
    for count in 1..=8u16 {
        let (mut scene, shard, _) = settled(&shares(count));
        let tokens: Vec<_> = wallets(count).iter().map(|wallet| scene.open_token(wallet)).collect();

        let receipt = scene.claim_split(&shard, &split(), &wallets(count), &[0, 1]);

        // Of 666,666 atoms a hundredth is 6,666.66.
        let first = 666_666 - 6_666 * (u64::from(count) - 1);
        let paid: Vec<_> = tokens.iter().map(|token| scene.atoms(token)).collect();
        assert_eq!(paid[0], first);
        assert!(paid[1..].iter().all(|atoms| *atoms == 6_666), "{paid:?}");
        let events: Vec<RewardsClaimed> = receipt.events();
        let told: Vec<_> = events.iter().map(|event| (event.owner, event.destination, event.atoms)).collect();
        let expected: Vec<_> = tokens.iter().zip(&paid).map(|(token, atoms)| (split(), *token, *atoms)).collect();
        assert_eq!(told, expected);
        let (_, slots) = scene.shard(&shard);
        assert_eq!(slots.iter().map(|slot| slot.accrued_atoms).collect::<Vec<_>>(), [0, 0, 333_333]);
        assert_eq!(scene.network().emission.minted_atoms, 666_666);
    }
}

#[test]
fn claim_split_pays_nobody_if_one_token_account_is_not_open() {
    let (mut scene, shard, _) = settled(&shares(3));
    let wallets = wallets(3);
    for wallet in &wallets[..2] {
        scene.open_token(wallet);
    }

    let claim = scene.split_instruction(&shard, &split(), &wallets, &[0, 1]);

    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::RecipientAccountMissing);
    scene.open_token(&wallets[2]);
    scene.stage.accepts(std::slice::from_ref(&claim), &[]);
    scene.stage.refuses(&[claim], &[], StipendError::NothingToClaim);
}

#[test]
fn claim_split_takes_all_recipients_in_their_order_and_no_other_account() {
    let (mut scene, shard, _) = settled(&shares(3));
    let wallets = wallets(3);
    for wallet in &wallets {
        scene.open_token(wallet);
    }
    let good = scene.split_instruction(&shard, &split(), &wallets, &[0, 1]);

    for some in [&wallets[..2], &wallets[1..], &[]] {
        let claim = scene.split_instruction(&shard, &split(), some, &[0]);
        scene.stage.refuses(&[claim], &[], StipendError::RecipientAccountsWrong);
    }
    let swapped_order = scene.split_instruction(&shard, &split(), &[wallets[1], wallets[0], wallets[2]], &[0]);
    scene.stage.refuses(&[swapped_order], &[], StipendError::RecipientAccountsWrong);
    let thief = scene.open_token(&address("thief"));
    for place in 6..9 {
        scene.stage.refuses(&[swapped(&good, place, &thief)], &[], StipendError::RecipientAccountsWrong);
    }
    // One more account, and a bump that is not its address's.
    let mut more = good.clone();
    more.accounts.push(good.accounts[8].clone());
    scene.stage.refuses(&[more], &[], StipendError::RecipientAccountsWrong);
    let mut other_bump = good.clone();
    *other_bump.data.last_mut().unwrap() ^= 1;
    scene.stage.refuses(&[other_bump], &[], StipendError::RecipientAccountsWrong);
    scene.stage.accepts(&[good], &[]);
}

#[test]
fn claim_split_takes_the_networks_own_accounts_only() {
    let (mut scene, shard, _) = settled(&shares(1));
    let [wallet] = wallets(1)[..] else { panic!("one") };
    scene.open_token(&wallet);
    let (twin, twin_shard) = scene.twin(&key("owner").pubkey());
    let good = scene.split_instruction(&shard, &split(), &[wallet], &[0]);
    let other =
        instruction::create_split(&scene.stage.payer.pubkey(), &creator().pubkey(), 8, None, &[(wallet, 10_000)]);
    scene.stage.accepts(&[other], &[&creator()]);

    let mut refuses = |place, impostor: &Address, refusal: Refusal| {
        scene.stage.refuses(&[swapped(&good, place, impostor)], &[], refusal);
    };
    refuses(0, &twin, StipendError::MintMismatch.into());
    refuses(1, &twin_shard, StipendError::ShardNetworkMismatch.into());
    refuses(2, &place::split(&creator().pubkey(), 8), StipendError::SlotOwnerMismatch.into());
    refuses(2, &shard, ErrorCode::AccountDiscriminatorMismatch.into());
    refuses(2, &wallet, ErrorCode::AccountOwnedByWrongProgram.into());
    refuses(3, &address("mint of the twin"), StipendError::MintMismatch.into());
    refuses(4, &address("minter"), StipendError::MintAuthorityAccountMismatch.into());
    scene.stage.accepts(&[good], &[]);
}

#[test]
fn claim_split_is_the_only_way_to_a_splits_atoms() {
    let (mut scene, shard, _) = settled(&shares(2));
    scene.open_token(&split());
    let whole = scene.claim_instruction(&shard, &split(), &[0]);

    scene.stage.refuses(&[whole], &[], StipendError::OwnerIsSplit);
    // Nor does it reach another owner's.
    for wallet in wallets(2) {
        scene.open_token(&wallet);
    }
    let others = scene.split_instruction(&shard, &split(), &wallets(2), &[0, 2]);
    scene.stage.refuses(&[others], &[], StipendError::SlotOwnerMismatch);
}

#[test]
fn claim_split_waits_for_a_pause_and_for_the_mint_limit_as_every_claim() {
    let mut scene = Scene::with(3, |params| params.policy.mint_limit_atoms = 1_000_000);
    create(&mut scene, &[(address("a"), 5_000), (address("b"), 5_000)]);
    let shard = scene.open_shard();
    for _ in 0..2 {
        scene.register(&shard, &split());
    }
    for epoch in 0..2 {
        scene.run_epoch(&shard, epoch, &[measured(10_000, 0); 2]);
    }
    let wallets = [address("a"), address("b")];
    let tokens = wallets.map(|wallet| scene.open_token(&wallet));
    let claim = scene.split_instruction(&shard, &split(), &wallets, &[0, 1]);
    scene.pause();
    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::ClaimsPaused);
    scene.resume();

    let events: Vec<RewardsClaimed> = scene.stage.accepts(std::slice::from_ref(&claim), &[]).events();

    // Twice 499,999 and, with the two that were left over, 500,000 atoms a node have accrued, and 1,000,000 fit.
    assert_eq!(tokens.map(|token| scene.atoms(&token)), [500_000; 2]);
    assert!(events.iter().all(|event| event.left_atoms == 999_998), "{}", events[0].left_atoms);
    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::MintLimitReached);
    scene.warp_to(end(2));
    scene.stage.accepts(&[claim], &[]);
    assert_eq!(tokens.map(|token| scene.atoms(&token)), [999_999; 2]);
}

#[test]
fn claim_split_pays_what_nodes_earn_that_were_transferred_to_it() {
    let (mut scene, shard, devices) = settled(&shares(1));
    let (owner, wallet) = (key("owner"), wallets(1)[0]);
    let token = scene.open_token(&wallet);

    let transfer = instruction::transfer_node(&owner.pubkey(), &scene.network, &shard, &devices[2], &split());
    scene.stage.accepts(&[transfer], &[&owner]);

    assert_eq!(read(&mut scene).nodes, 3);
    scene.claim_split(&shard, &split(), &[wallet], &[0, 1, 2]);
    assert_eq!(scene.atoms(&token), 999_999);
}

#[test]
fn claim_split_is_no_ownership_only_the_authority_acts_for_the_nodes() {
    let (mut scene, shard, devices) = settled(&shares(2));
    let (network, buyer) = (scene.network, key("buyer").pubkey());
    let transfer = |signer: &Address, split: Option<Address>| {
        instruction::transfer_node(Actor { signer: *signer, split }, &network, &shard, &devices[0], &buyer)
    };
    let other = instruction::create_split(
        &scene.stage.payer.pubkey(),
        &creator().pubkey(),
        8,
        Some(creator().pubkey()),
        &shares(1),
    );
    scene.stage.accepts(&[other], &[&creator()]);

    let as_creator = transfer(&creator().pubkey(), Some(split()));
    scene.stage.refuses(&[as_creator], &[&creator()], StipendError::SplitAuthorityMismatch);
    let alone = transfer(&authority().pubkey(), None);
    scene.stage.refuses(&[alone], &[&authority()], StipendError::OwnerMismatch);
    let by_another_split = transfer(&creator().pubkey(), Some(place::split(&creator().pubkey(), 8)));
    scene.stage.refuses(&[by_another_split], &[&creator()], StipendError::OwnerMismatch);
    let retire = instruction::retire_node(&authority().pubkey(), &network, &shard, &devices[0], [0; 32]);
    scene.stage.refuses(&[retire], &[&authority()], StipendError::RetirerMismatch);
    // A shard owns no node.
    let actor = Actor { signer: authority().pubkey(), split: Some(split()) };
    let to_shard = instruction::transfer_node(actor, &network, &shard, &devices[0], &shard);
    scene.stage.refuses(&[to_shard], &[&authority()], StipendError::OwnerRefused);
    scene.stage.accepts(&[transfer(&authority().pubkey(), Some(split()))], &[&authority()]);
    assert_eq!(scene.slot(&shard, 0).owner, buyer);
}

#[test]
fn claim_split_is_for_splits_alone_an_owner_that_became_another_account_is_paid_by_claim() {
    let mut scene = Scene::with(3, |params| {
        (params.policy.registrar, params.shard_capacity) = (Some(key("registrar").pubkey()), 1);
    });
    let shard = scene.open_shard();
    // Nobody can sign for the next shard's address, and there is nothing yet.
    let owner = place::shard(&scene.network, 1);
    let device = key("device");
    scene.open_directory(&device.pubkey());
    let register = instruction::register_node(
        &scene.stage.payer.pubkey(),
        &device.pubkey(),
        Some(&key("registrar").pubkey()),
        &scene.network,
        &shard,
        &owner,
        None,
    );
    scene.stage.accepts(&[register], &[&device, &key("registrar")]);
    scene.run_epoch(&shard, 0, &[measured(10_000, 0)]);
    assert_eq!(scene.open_shard(), owner);

    let evict = instruction::retire_node(&key("registrar").pubkey(), &scene.network, &shard, &device.pubkey(), [1; 32]);
    scene.stage.accepts(&[evict], &[&key("registrar")]);
    let token = scene.open_token(&owner);
    scene.claim(&shard, &owner, &[0]);
    scene.close_node(&shard, &device.pubkey());

    // Floor of the rate.
    assert_eq!(scene.atoms(&token), 999_999);
    assert!(scene.slot(&shard, 0).is_vacant());
}
