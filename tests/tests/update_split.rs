//! `update_split`: other shares, another authority, or none for ever.

use crate::split::{authority, create, creator, read, settled, shares, split};
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::SplitSet};
use stipend_client::instruction;
use stipend_tests::{address, key, swapped, unsigned, Scene};

#[test]
fn update_split_pays_what_accrued_before_by_the_new_shares() {
    let (mut scene, shard, _) = settled(&shares(3));
    let mut expected = read(&mut scene);
    let (a, b) = (address("a"), address("b"));

    let keeper = authority().pubkey();
    let update = instruction::update_split(&keeper, &split(), Some(keeper), &[(a, 2_500), (b, 7_500)]);
    let event: SplitSet = scene.stage.accepts(&[update], &[&authority()]).event();

    expected.recipients = Default::default();
    (expected.recipients[0].wallet, expected.recipients[0].share_bps) = (a, 2_500);
    (expected.recipients[1].wallet, expected.recipients[1].share_bps) = (b, 7_500);
    assert_eq!(read(&mut scene), expected);
    assert_eq!((event.split, event.authority, event.shares_bps), (split(), keeper, vec![2_500, 7_500]));
    let tokens = [a, b].map(|wallet| scene.open_token(&wallet));
    scene.claim_split(&shard, &split(), &[a, b], &[0, 1]);
    // 666,666 atoms: floor(· 0.75) = 499,999.
    assert_eq!(tokens.map(|token| scene.atoms(&token)), [166_667, 499_999]);
}

#[test]
fn update_split_is_by_the_authority_until_there_is_none() {
    let mut scene = Scene::new();
    create(&mut scene, &shares(2));
    let (keeper, heir) = (authority(), key("heir"));
    let update = |by: &Address, new: Option<Address>| instruction::update_split(by, &split(), new, &shares(1));

    for stranger in [creator(), heir.insecure_clone()] {
        let refused = update(&stranger.pubkey(), Some(stranger.pubkey()));
        scene.stage.refuses(&[refused], &[&stranger], StipendError::SplitAuthorityMismatch);
    }
    let unsigned_update = unsigned(&update(&keeper.pubkey(), None), 0);
    scene.stage.refuses(&[unsigned_update], &[], ErrorCode::AccountNotSigner);
    let network = swapped(&update(&keeper.pubkey(), None), 1, &scene.network);
    scene.stage.refuses(&[network], &[&keeper], ErrorCode::AccountDiscriminatorMismatch);
    scene.stage.accepts(&[update(&keeper.pubkey(), Some(heir.pubkey()))], &[&keeper]);
    let old = update(&keeper.pubkey(), None);
    scene.stage.refuses(&[old], &[&keeper], StipendError::SplitAuthorityMismatch);
    scene.stage.accepts(&[update(&heir.pubkey(), None)], &[&heir]);
    let last = update(&heir.pubkey(), Some(heir.pubkey()));
    scene.stage.refuses(&[last], &[&heir], StipendError::SplitAuthorityMismatch);
    assert_eq!(read(&mut scene).authority, Address::default());
}

#[test]
fn update_split_takes_no_shares_that_a_new_split_could_not_have() {
    let mut scene = Scene::new();
    create(&mut scene, &shares(2));
    let keeper = authority().pubkey();
    for (shares, error) in [
        (vec![], StipendError::RecipientsOutOfRange),
        (shares(9), StipendError::RecipientsOutOfRange),
        (vec![(address("a"), 1)], StipendError::SharesWrong),
        (vec![(split(), 10_000)], StipendError::RecipientRefused),
    ] {
        let update = instruction::update_split(&keeper, &split(), None, &shares);
        scene.stage.refuses(&[update], &[&authority()], error);
    }
}
