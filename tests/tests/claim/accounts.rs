//! Every account that could stand in another's place.

use super::{claim, owners, settled};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction_error::InstructionError;
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_client::{address as place, instruction::Destination};
use stipend_tests::{
    address, key,
    mint::{token_account, TOKEN_2022_ID},
    read_only, swapped, Refusal,
};

const TOKEN_ID: Address = spl_token_interface::ID;

#[test]
fn claim_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = settled();
    let [a, b] = owners();
    for owner in [&a, &b] {
        scene.open_token(&owner.pubkey());
    }
    let (twin, twin_shard) = scene.twin(&a.pubkey());
    let twin_mint = address("mint of the twin");
    let [foreign_network, foreign_shard] = ["foreign network", "foreign shard"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &TOKEN_ID);
    scene.stage.copy(&shard, &foreign_shard, &TOKEN_ID);
    let claim = claim(&scene, &shard, &a, &[0]);
    let network = scene.network;

    let of_twin = place::associated_token(&a.pubkey(), &twin_mint, &TOKEN_ID);
    scene.stage.put(&of_twin, token_account(&twin_mint, &a.pubkey(), &TOKEN_ID));

    let cases: [(usize, Address, Refusal); 17] = [
        (0, twin, StipendError::MintMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, network, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        // Somebody else's own account is the destination then.
        (2, b.pubkey(), StipendError::DestinationMismatch.into()),
        (3, twin_mint, StipendError::MintMismatch.into()),
        (4, place::mint_authority(&twin_mint), StipendError::MintAuthorityAccountMismatch.into()),
        (4, scene.authority.pubkey(), StipendError::MintAuthorityAccountMismatch.into()),
        (5, place::associated_token(&b.pubkey(), &scene.mint, &TOKEN_ID), StipendError::DestinationMismatch.into()),
        (5, of_twin, StipendError::DestinationMismatch.into()),
        (5, shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (6, TOKEN_2022_ID, StipendError::TokenProgramMismatch.into()),
        (6, stipend::ID, ErrorCode::InvalidProgramId.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&claim, place, &impostor)], &[], refusal);
    }
    for place in [0, 1, 3, 5] {
        scene.stage.refuses(&[read_only(&claim, place)], &[], ErrorCode::ConstraintMut);
    }
}

#[test]
fn claim_refuses_a_whole_other_network_with_this_ones_shard() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    let (twin, _) = scene.twin(&a.pubkey());
    let twin_mint = address("mint of the twin");
    scene.stage.put(
        &place::associated_token(&a.pubkey(), &twin_mint, &TOKEN_ID),
        token_account(&twin_mint, &a.pubkey(), &TOKEN_ID),
    );
    let claim = stipend_client::instruction::claim(
        &twin,
        &shard,
        &a.pubkey(),
        &twin_mint,
        &TOKEN_ID,
        Destination::Associated,
        vec![0],
    );

    scene.stage.refuses(&[claim], &[], StipendError::ShardNetworkMismatch);
}

#[test]
fn claim_refuses_a_destination_that_is_no_account_of_the_mint() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    let other_mint = address("other mint");
    let [of_other_mint, of_other_program, blank] = ["of other mint", "of other program", "blank"].map(address);
    let mint = scene.mint;
    scene.stage.put(&of_other_mint, token_account(&other_mint, &a.pubkey(), &TOKEN_ID));
    scene.stage.put(&of_other_program, token_account(&mint, &a.pubkey(), &TOKEN_2022_ID));
    scene.stage.put(&blank, Account { data: vec![0; 165], ..token_account(&mint, &a.pubkey(), &TOKEN_ID) });
    let cases: [(Address, Refusal); 4] = [
        (of_other_mint, ErrorCode::ConstraintTokenMint.into()),
        (of_other_program, ErrorCode::ConstraintTokenTokenProgram.into()),
        // The token program's own words: it is not initialized.
        (blank, InstructionError::UninitializedAccount.into()),
        (address("missing"), ErrorCode::AccountNotInitialized.into()),
    ];

    for (destination, refusal) in cases {
        let claim = scene.claim_to(&shard, &a.pubkey(), Destination::Account(destination), &[0]);
        scene.stage.refuses(&[claim], &[&a], refusal);
    }
}

#[test]
fn claim_needs_an_associated_token_account_that_is_there() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    let early = claim(&scene, &shard, &a, &[0]);

    scene.stage.refuses(std::slice::from_ref(&early), &[], ErrorCode::AccountNotInitialized);
    let token = scene.open_token(&a.pubkey());
    scene.stage.accepts(&[early], &[]);
    assert_eq!(scene.atoms(&token), 399_999);
}

#[test]
fn claim_takes_no_signature_but_the_owners_for_another_destination() {
    let (mut scene, shard) = settled();
    let [a, b] = owners();
    let token = scene.open_token(&b.pubkey());
    let mut claim = scene.claim_to(&shard, &a.pubkey(), Destination::Account(token), &[0]);
    claim.accounts[2].is_signer = false;
    // The thief signs the transaction, and even in the place of another account.
    claim.accounts[5].is_signer = false;
    let by_thief = swapped(&claim, 2, &key("owner b").pubkey());

    scene.stage.refuses(&[claim], &[], StipendError::DestinationMismatch);
    scene.stage.refuses(&[by_thief], &[], StipendError::SlotOwnerMismatch);
}
