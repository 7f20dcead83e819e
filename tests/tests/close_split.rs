//! `close_split`: only what owns no node, and its rent goes back.

use crate::{
    acts::funded,
    split::{authority, create, creator, read, settled, shares, split},
};
use anchor_lang::error::ErrorCode;
use solana_signer::Signer;
use stipend::{error::StipendError, event::SplitClosed};
use stipend_client::{instruction, instruction::Actor};
use stipend_tests::{key, swapped, unsigned, Scene};

#[test]
fn close_split_pays_the_rent_back_to_whoever_paid_it() {
    let mut scene = Scene::new();
    let rent_lamports = scene.stage.rent_lamports(stipend::state::Split::SPACE);
    let payer = funded(&mut scene, "payer of the split", 2 * rent_lamports);
    let create =
        instruction::create_split(&payer.pubkey(), &creator().pubkey(), 7, Some(authority().pubkey()), &shares(8));
    scene.stage.accepts(&[create], &[&payer, &creator()]);

    let close = instruction::close_split(&authority().pubkey(), &split(), &payer.pubkey());
    let stranger = instruction::close_split(&creator().pubkey(), &split(), &payer.pubkey());
    scene.stage.refuses(&[stranger], &[&creator()], StipendError::SplitAuthorityMismatch);
    scene.stage.refuses(&[unsigned(&close, 0)], &[], ErrorCode::AccountNotSigner);
    let thief = swapped(&close, 2, &creator().pubkey());
    scene.stage.refuses(&[thief], &[&authority()], StipendError::PayerMismatch);
    let event: SplitClosed = scene.stage.accepts(&[close], &[&authority()]).event();

    assert_eq!(event.split, split());
    assert_eq!(scene.stage.account(&split()), None);
    let lamports = scene.stage.account(&payer.pubkey()).map(|account| account.lamports);
    assert_eq!(lamports, Some(2 * rent_lamports));
}

#[test]
fn close_split_waits_until_it_owns_no_node() {
    let (mut scene, shard, devices) = settled(&shares(1));
    let (keeper, payer) = (authority(), scene.stage.payer.pubkey());
    let actor = Actor { signer: keeper.pubkey(), split: Some(split()) };
    let close = instruction::close_split(&keeper.pubkey(), &split(), &payer);
    assert_eq!(read(&mut scene).nodes, 2);
    scene.stage.refuses(std::slice::from_ref(&close), &[&keeper], StipendError::SplitInUse);

    // One is transferred, the other is retired, paid and closed.
    let away = instruction::transfer_node(actor, &scene.network, &shard, &devices[0], &key("owner").pubkey());
    scene.stage.accepts(&[away], &[&keeper]);
    assert_eq!(read(&mut scene).nodes, 1);
    let retire = instruction::retire_node(actor, &scene.network, &shard, &devices[1], [0; 32]);
    scene.stage.accepts(&[retire], &[&keeper]);
    scene.stage.refuses(std::slice::from_ref(&close), &[&keeper], StipendError::SplitInUse);
    let [(wallet, _)] = shares(1)[..] else { panic!("one") };
    scene.open_token(&wallet);
    scene.claim_split(&shard, &split(), &[wallet], &[1]);
    scene.close_node(&shard, &devices[1]);
    assert_eq!(read(&mut scene).nodes, 0);
    scene.stage.accepts(&[close], &[&keeper]);
}

#[test]
fn close_split_never_takes_one_that_nobody_may_change() {
    let mut scene = Scene::new();
    create(&mut scene, &shares(2));
    let (keeper, payer) = (authority(), scene.stage.payer.pubkey());
    let fix = instruction::update_split(&keeper.pubkey(), &split(), None, &shares(2));
    scene.stage.accepts(&[fix], &[&keeper]);

    let close = instruction::close_split(&keeper.pubkey(), &split(), &payer);

    scene.stage.refuses(&[close], &[&keeper], StipendError::SplitAuthorityMismatch);
}
