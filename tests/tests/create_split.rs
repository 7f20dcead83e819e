//! `create_split`: who is paid, and what makes no split.

use crate::split::{authority, create, creator, read, settled, shares, split};
use anchor_lang::error::ErrorCode;
use bytemuck::Zeroable;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::SplitSet,
    state::{Recipient, Split},
};
use stipend_client::{address as place, instruction, instruction::Share};
use stipend_tests::{address, swapped, unsigned, Refusal, Scene};

#[test]
fn create_split_writes_who_is_paid_and_who_may_change_it() {
    let mut scene = Scene::new();
    let shares = [(address("a"), 1), (address("b"), 6_999), (address("c"), 3_000)];
    let (payer, creator_key, keeper) = (scene.stage.payer.pubkey(), creator().pubkey(), authority().pubkey());

    let create = instruction::create_split(&payer, &creator_key, 7, Some(keeper), &shares);
    let receipt = scene.stage.accepts(&[create], &[&creator()]);

    let (address, bump) = Address::find_program_address(&[b"split", creator_key.as_ref(), &[7, 0]], &stipend::ID);
    assert_eq!(address, split());
    let mut expected =
        Split { version: 1, bump, id: 7, creator: creator_key, payer, authority: keeper, ..Split::zeroed() };
    for (recipient, (wallet, share_bps)) in expected.recipients.iter_mut().zip(shares) {
        *recipient = Recipient { wallet, share_bps };
    }
    assert_eq!(bytemuck::bytes_of(&read(&mut scene)), bytemuck::bytes_of(&expected));
    let event: SplitSet = receipt.event();
    assert_eq!((event.split, event.authority), (split(), keeper));
    assert_eq!(event.recipients, shares.map(|(wallet, _)| wallet));
    assert_eq!(event.shares_bps, [1, 6_999, 3_000]);
    // Once.
    let again = instruction::create_split(&payer, &creator_key, 7, None, &shares);
    scene.stage.refuses(&[again], &[&creator()], Refusal::Program(0));
}

#[test]
fn create_split_takes_one_to_eight_wallets_whose_shares_sum_to_the_whole() {
    let mut scene = Scene::new();
    let payer = scene.stage.payer.pubkey();
    let create = |id: u16, shares: &[Share]| instruction::create_split(&payer, &creator().pubkey(), id, None, shares);
    for count in 1..=8 {
        scene.stage.accepts(&[create(count, &shares(count))], &[&creator()]);
        let split = place::split(&creator().pubkey(), count);
        let found = stipend_client::account::split(&scene.stage.data(&split)).unwrap();
        assert_eq!(found.recipients().count(), usize::from(count));
        assert_eq!(found.authority, Address::default());
    }

    let (a, b) = (address("a"), address("b"));
    let mut refuses = |shares: &[Share], error| scene.stage.refuses(&[create(20, shares)], &[&creator()], error);
    refuses(&[], StipendError::RecipientsOutOfRange);
    refuses(&shares(9), StipendError::RecipientsOutOfRange);
    refuses(&[(a, 5_000), (a, 5_000)], StipendError::RecipientDuplicate);
    refuses(&[(a, 9_999)], StipendError::SharesWrong);
    refuses(&[(a, 9_999), (b, 2)], StipendError::SharesWrong);
    refuses(&[(a, 10_000), (b, 0)], StipendError::SharesWrong);
    refuses(&[(a, 65_535), (b, 10_001)], StipendError::SharesWrong);
    refuses(&[(Address::default(), 10_000)], StipendError::RecipientRefused);
    // As many shares as wallets.
    for share in [vec![], vec![5_000, 5_000]] {
        let mut torn = create(20, &[(a, 10_000)]);
        let data = stipend::instruction::CreateSplit { id: 20, authority: None, shares_bps: share };
        torn.data = anchor_lang::InstructionData::data(&data);
        scene.stage.refuses(&[torn], &[&creator()], StipendError::RecipientsOutOfRange);
    }
}

#[test]
fn create_split_takes_no_account_of_the_program_for_a_recipient() {
    let (mut scene, shard, _) = settled(&shares(2));
    let payer = scene.stage.payer.pubkey();

    for recipient in [split(), shard, scene.network, place::split(&creator().pubkey(), 8)] {
        let create = instruction::create_split(&payer, &creator().pubkey(), 8, None, &[(recipient, 10_000)]);
        scene.stage.refuses(&[create], &[&creator()], StipendError::RecipientRefused);
    }
}

#[test]
fn create_split_is_by_its_creator_alone() {
    let mut scene = Scene::new();
    let payer = scene.stage.payer.pubkey();
    let good = instruction::create_split(&payer, &creator().pubkey(), 7, None, &shares(1));

    scene.stage.refuses(&[unsigned(&good, 1)], &[], ErrorCode::AccountNotSigner);
    let other = swapped(&good, 2, &place::split(&authority().pubkey(), 7));
    scene.stage.refuses(&[other], &[&creator()], ErrorCode::ConstraintSeeds);
    create(&mut scene, &shares(1));
}
