//! What was paid for a node goes back to the lamport, whatever rent costs by then.

use super::LAMPORTS;
use crate::acts::{close_unscored, entry_rent, funded, lamports, slot_rent, Tenant};
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::{NodeClosed, NodeRegistered},
    state::{Directory, Shard, Tail},
};
use stipend_client::instruction::{self, Vacancy};
use stipend_tests::{scene::BOND_LAMPORTS, Scene};

/// Lamports a byte: dear, usual, and cheap.
const PRICES: [u64; 3] = [21_000, 10_000, 7_000];

/// A shard whose header was paid for at a price, with every directory that is needed.
fn scene(lamports_per_byte: u64) -> (Scene, Address) {
    let mut scene = Scene::new();
    scene.stage.set_rent(lamports_per_byte);
    let shard = scene.open_shard();
    (scene, shard)
}

/// A tenant whom a sponsor of its own pays for.
fn sponsored(scene: &mut Scene, name: &str, shard: &Address, vacancy: Option<Vacancy>) -> (Tenant, Keypair) {
    let tenant = Tenant::new(name, shard);
    let sponsor = funded(scene, &format!("sponsor of {name}"), LAMPORTS);
    scene.open_directory(&tenant.device.pubkey());
    let register = tenant.register_instruction(scene, &sponsor.pubkey(), vacancy);
    scene.stage.accepts(&[register], &[&sponsor, &tenant.device]);
    (tenant, sponsor)
}

fn close(scene: &mut Scene, (tenant, sponsor): &(Tenant, Keypair)) -> NodeClosed {
    let close = tenant.close_instruction(scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]).event()
}

#[test]
fn a_deposit_goes_back_to_the_lamport_when_rent_has_fallen() {
    let (mut scene, shard) = scene(PRICES[0]);
    // Three neighbours at three prices: nobody is paid what another paid.
    let neighbours: Vec<_> = ["dear", "usual", "cheap"]
        .into_iter()
        .zip(PRICES)
        .map(|(name, price)| {
            scene.stage.set_rent(price);
            let slot_rent = slot_rent(&mut scene);
            assert_eq!(slot_rent, 64 * price);
            (sponsored(&mut scene, name, &shard, None), entry_rent(&mut scene), slot_rent)
        })
        .collect();
    for ((tenant, _), ..) in &neighbours {
        tenant.retire(&mut scene);
    }

    for (neighbour, entry_rent, slot_rent) in &neighbours {
        let closed = close(&mut scene, neighbour);
        assert_eq!((closed.refund_lamports, u64::from(closed.slot_lamports)), (entry_rent + BOND_LAMPORTS, *slot_rent));
        assert_eq!(lamports(&mut scene, &neighbour.1.pubkey()), LAMPORTS - slot_rent);
    }
    close_unscored(&mut scene, 0);
    let payers: Vec<_> = neighbours.iter().rev().map(|((_, sponsor), ..)| sponsor.pubkey()).collect();
    let shrink = instruction::shrink_shard(&scene.network, &shard, &payers);
    scene.stage.accepts(&[shrink], &[]);

    for payer in payers {
        assert_eq!(lamports(&mut scene, &payer), LAMPORTS);
    }
    // What the header cost is left, and goes back to who opened the shard.
    let header_rent = (128 + Shard::checked_space(0).unwrap() as u64) * PRICES[0];
    assert_eq!(lamports(&mut scene, &shard), header_rent);
}

#[test]
fn a_vacant_slot_is_taken_for_exactly_what_was_paid_for_it_when_rent_has_fallen() {
    let (mut scene, shard) = scene(PRICES[0]);
    let first = sponsored(&mut scene, "first", &shard, None);
    let paid = slot_rent(&mut scene);
    first.0.retire(&mut scene);
    close(&mut scene, &first);
    let held = lamports(&mut scene, &shard);
    scene.stage.set_rent(PRICES[2]);

    let vacancy = Vacancy { slot: 0, payer: first.1.pubkey() };
    let second = sponsored(&mut scene, "second", &shard, Some(vacancy));

    assert_eq!(lamports(&mut scene, &first.1.pubkey()), LAMPORTS);
    let entry_rent = entry_rent(&mut scene);
    assert_eq!(lamports(&mut scene, &second.1.pubkey()), LAMPORTS - paid - entry_rent - BOND_LAMPORTS);
    assert_eq!(lamports(&mut scene, &shard), held);
    // And so on: the third pays the second as much.
    assert_eq!(scene.node(&second.0.device.pubkey()).slot_lamports as u64, paid);
    second.0.retire(&mut scene);
    close(&mut scene, &second);
    let vacancy = Vacancy { slot: 0, payer: second.1.pubkey() };
    sponsored(&mut scene, "third", &shard, Some(vacancy));
    assert_eq!(lamports(&mut scene, &second.1.pubkey()), LAMPORTS);
}

#[test]
fn a_registration_after_rent_has_risen_pays_what_the_accounts_lack_and_gets_it_back() {
    let (mut scene, shard) = scene(PRICES[2]);
    let first = sponsored(&mut scene, "first", &shard, None);
    let second = Tenant::new("second", &shard);
    scene.open_directory(&second.device.pubkey());
    let sponsor = funded(&mut scene, "second sponsor", LAMPORTS);
    let directory = second.directory(&scene);
    let [shard_held, directory_held] = [shard, directory].map(|address| lamports(&mut scene, &address));
    scene.stage.set_rent(PRICES[0]);

    let register = second.register_instruction(&scene, &sponsor.pubkey(), None);
    let registered: NodeRegistered = scene.stage.accepts(&[register], &[&sponsor, &second.device]).event();

    // All of the shard costs three times as much: what the header and the first slot lack is paid along.
    let shard_rent = scene.stage.rent_lamports(Shard::checked_space(2).unwrap());
    let directory_rent = scene.stage.rent_lamports(Directory::checked_space(1).unwrap());
    assert_eq!(lamports(&mut scene, &shard), shard_rent);
    assert_eq!(lamports(&mut scene, &directory), directory_rent + BOND_LAMPORTS);
    let deposit = shard_rent - shard_held + directory_rent - directory_held + BOND_LAMPORTS;
    assert_eq!(registered.deposit_lamports, deposit);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - deposit);
    // While rent is that high, the accounts can't do without what they lacked; once it falls, all goes back.
    second.retire(&mut scene);
    let second = (second, sponsor);
    let refused = second.0.close_instruction(&scene, &second.1.pubkey());
    scene.stage.refuses(&[refused], &[], StipendError::RentMissing);
    scene.stage.set_rent(PRICES[2]);
    close(&mut scene, &second);
    first.0.retire(&mut scene);
    close(&mut scene, &first);
    close_unscored(&mut scene, 0);
    let shrink = instruction::shrink_shard(&scene.network, &shard, &[second.1.pubkey(), first.1.pubkey()]);
    scene.stage.accepts(&[shrink], &[]);
    for (_, sponsor) in [first, second] {
        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    }
}

#[test]
fn close_node_names_the_rent_that_is_missing_when_rent_has_risen_and_works_once_it_is_sent() {
    let (mut scene, shard) = scene(PRICES[2]);
    let tenant = sponsored(&mut scene, "tenant", &shard, None);
    let slot_rent = slot_rent(&mut scene);
    tenant.0.retire(&mut scene);
    scene.stage.set_rent(PRICES[0]);
    let close = tenant.0.close_instruction(&scene, &tenant.1.pubkey());
    let directory = tenant.0.directory(&scene);

    // The directory's header was paid for at a third of what it costs now.
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::RentMissing);
    let header_bytes = 128 + Directory::checked_space(0).unwrap() as u64;
    let stored = scene.stage.account(&directory).unwrap();
    let topped = stored.lamports + header_bytes * (PRICES[0] - PRICES[2]);
    scene.stage.put(&directory, Account { lamports: topped - 1, ..stored.clone() });
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::RentMissing);
    scene.stage.put(&directory, Account { lamports: topped, ..stored });
    scene.stage.accepts(&[close], &[]);

    assert_eq!(lamports(&mut scene, &directory), header_bytes * PRICES[0]);
    assert_eq!(lamports(&mut scene, &tenant.1.pubkey()), LAMPORTS - slot_rent);
}

#[test]
fn close_node_refuses_a_payer_whose_account_could_not_exist_with_the_refund_and_keeps_everything() {
    let (mut scene, shard) = scene(PRICES[1]);
    let tenant = sponsored(&mut scene, "tenant", &shard, None);
    tenant.0.retire(&mut scene);
    let close = tenant.0.close_instruction(&scene, &tenant.1.pubkey());
    let refund = entry_rent(&mut scene) + BOND_LAMPORTS;
    let least = scene.stage.rent_lamports(0);
    assert!(refund < least);

    for left in [0, least - refund - 1] {
        scene.stage.put(&tenant.1.pubkey(), Account { lamports: left, ..Account::default() });
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::PayerEmpty);
    }
    scene.stage.put(&tenant.1.pubkey(), Account { lamports: least - refund, ..Account::default() });
    scene.stage.accepts(&[close], &[]);
    assert_eq!(lamports(&mut scene, &tenant.1.pubkey()), least);
}
