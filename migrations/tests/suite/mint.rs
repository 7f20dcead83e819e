//! Step 2: the mint is created or adopted.

use crate::scene::{key, Scene};
use solana_address::Address;
use solana_program_pack::Pack;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::{
    instruction::{initialize_mint2, set_authority, AuthorityType},
    state::Mint,
};
use stipend_client::ledger::{Accounts, Ledger};
use stipend_migrations::{error::MigrationError, m0002_mint::CreateMint, m0003_network::CreateNetwork};

const ADOPT: &str = "key = \"mint.json\"";

fn adopted() -> String {
    format!("key = \"{}\"", key("mint").pubkey())
}

/// A mint of SPL Token that somebody else made.
fn make(scene: &mut Scene, authority: &Address, freeze: Option<&Address>, decimals: u8) {
    let (payer, mint) = (key("payer"), key("mint"));
    let rent = scene.cluster.rent_lamports(Mint::LEN).expect("known");
    let owner = spl_token_interface::ID;
    let create = system::create_account(&payer.pubkey(), &mint.pubkey(), rent, Mint::LEN as u64, &owner);
    let initialize = initialize_mint2(&owner, &mint.pubkey(), authority, freeze, decimals).expect("built");
    scene.cluster.send(&payer, &[create, initialize], &[&mint]).expect("made");
    scene.cluster.landed_since();
}

#[test]
fn a_mint_is_created_for_the_authority_to_be_and_the_second_run_sends_nothing() {
    for (program, id) in [
        ("spl-token", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
        ("token-2022", "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
    ] {
        let mut scene = Scene::new();
        let plan = scene.plan(&[("spl-token", program)]);

        assert_eq!(scene.take(&CreateMint, &plan).expect("created"), 1);

        let account = scene.cluster.account(&key("mint").pubkey()).expect("readable").expect("there");
        assert_eq!(account.owner.to_string(), id);
        let mint = Mint::unpack(&account.data).expect("a mint");
        assert_eq!((mint.decimals, mint.supply), (9, 0));
        assert_eq!(Option::<Address>::from(mint.mint_authority), Some(key("authority").pubkey()));
        assert_eq!(Option::<Address>::from(mint.freeze_authority), None);
        assert_eq!(scene.take(&CreateMint, &plan).expect("nothing to do"), 0);
    }
}

#[test]
fn a_mint_of_somebody_elses_making_is_adopted() {
    let mut scene = Scene::new();
    make(&mut scene, &key("authority").pubkey(), None, 9);
    let plan = scene.plan(&[(ADOPT, &adopted())]);

    assert_eq!(scene.take(&CreateMint, &plan).expect("adopted"), 0);
    assert_eq!(scene.take(&CreateNetwork, &plan).expect("created"), 1);
}

#[test]
fn a_mint_that_is_to_be_adopted_and_is_not_there_is_refused() {
    let mut scene = Scene::new();
    let plan = scene.plan(&[(ADOPT, &adopted())]);

    let error = scene.refuses(&CreateMint, &plan);

    assert!(matches!(error, MigrationError::MintMissing { .. }), "{error}");
}

#[test]
fn a_mint_of_the_other_token_program_is_refused() {
    let mut scene = Scene::new();
    make(&mut scene, &key("authority").pubkey(), None, 9);
    let plan = scene.plan(&[("spl-token", "token-2022")]);

    let error = scene.refuses(&CreateMint, &plan);

    assert!(matches!(error, MigrationError::NotAMint { .. }), "{error}");
}

#[test]
fn an_account_that_is_no_mint_is_refused() {
    let mut scene = Scene::new();
    scene.cluster.vm.airdrop(&key("mint").pubkey(), 1_000_000).expect("lamports are given");
    let plan = scene.plan(&[]);

    let error = scene.refuses(&CreateMint, &plan);

    assert!(matches!(error, MigrationError::NotAMint { .. }), "{error}");
}

#[test]
fn a_mint_of_other_decimals_is_refused() {
    let mut scene = Scene::new();
    make(&mut scene, &key("authority").pubkey(), None, 6);
    let plan = scene.plan(&[]);

    let error = scene.refuses(&CreateMint, &plan);

    assert!(matches!(error, MigrationError::MintDecimalsDiffer { there: 6, planned: 9, .. }), "{error}");
}

#[test]
fn a_mint_whose_accounts_can_be_frozen_is_refused() {
    let mut scene = Scene::new();
    make(&mut scene, &key("authority").pubkey(), Some(&key("authority").pubkey()), 9);
    let plan = scene.plan(&[]);

    let error = scene.refuses(&CreateMint, &plan);

    assert!(matches!(error, MigrationError::MintFreezable { .. }), "{error}");
}

#[test]
fn a_mint_of_another_authority_is_refused() {
    let mut scene = Scene::new();
    make(&mut scene, &key("payer").pubkey(), None, 9);
    let plan = scene.plan(&[]);

    let error = scene.refuses(&CreateMint, &plan);

    let (there, planned) = (key("payer").pubkey(), key("authority").pubkey());
    assert!(
        matches!(error, MigrationError::MintAuthorityDiffers { there: Some(t), planned: p, .. } if t == there && p == planned),
        "{error}"
    );
}

#[test]
fn a_mint_that_nobody_mints_any_more_is_refused() {
    let mut scene = Scene::new();
    let authority = key("authority");
    make(&mut scene, &authority.pubkey(), None, 9);
    let mint = key("mint").pubkey();
    let kind = AuthorityType::MintTokens;
    let give_up = set_authority(&spl_token_interface::ID, &mint, None, kind, &authority.pubkey(), &[]).expect("built");
    scene.cluster.send(&key("payer"), &[give_up], &[&authority]).expect("given up");
    let plan = scene.plan(&[]);
    scene.cluster.landed_since();

    let error = scene.refuses(&CreateMint, &plan);

    assert!(matches!(error, MigrationError::MintAuthorityDiffers { there: None, .. }), "{error}");
}
