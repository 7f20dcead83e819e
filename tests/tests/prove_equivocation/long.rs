//! Statements that are as long as a transaction bears, against the record.

use super::{prove, scene_of, signed};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_message::AddressLookupTableAccount;
use solana_signer::Signer;
use solana_transaction::Transaction;
use stipend::event::OracleSuspended;
use stipend_client::instruction::Contradicted;
use stipend_tests::{address, measured, Scene};

/// The program of address lookup tables.
const TABLE_PROGRAM: Address = Address::from_str_const("AddressLookupTab1e1111111111111111111111111");

/// The proof that oracle 0 signed another bandwidth for the last of so many slots than its report says.
fn long_proof(nodes: u16) -> (Scene, Vec<Instruction>) {
    let (mut scene, shard) = scene_of(nodes);
    let values = vec![measured(9_000, 1); usize::from(nodes)];
    let mut other = values.clone();
    other[usize::from(nodes) - 1] = measured(9_000, 2);
    scene.report(0, &shard, 0, &values);
    let one = signed(&mut scene, &shard, &other);
    let proof = prove(&scene, &shard, &one, &Contradicted::Recorded);
    (scene, proof)
}

#[test]
fn prove_equivocation_takes_a_full_batch_against_the_record_with_a_lookup_table() {
    let (mut scene, proof) = long_proof(120);
    // Network, shard, report, incinerator and sysvar need not stand in the transaction itself.
    let addresses: Vec<Address> = proof[1].accounts[1..].iter().map(|meta| meta.pubkey).collect();
    let table = table(&mut scene, addresses);

    let (bytes, receipt) = scene.stage.send_with_table(&proof, table).unwrap();

    assert!(bytes <= 1_232, "{bytes} bytes are too many for a packet");

    // 9,000 is 0x2328.
    let event: OracleSuspended = receipt.event();
    assert_eq!((event.slot, event.one, event.other), (119, [2, 0, 0, 0, 0x28, 0x23], [1, 0, 0, 0, 0x28, 0x23]));
}

/// An address lookup table: its kind, no slot at which it ends, the slot and place of its last change, no authority, and two
/// bytes of padding; then the addresses.
fn table(scene: &mut Scene, addresses: Vec<Address>) -> AddressLookupTableAccount {
    let mut data = vec![0; 56];
    data[0] = 1;
    data[4..12].fill(0xff);
    data.extend(addresses.iter().flat_map(|address| address.to_bytes()));
    let (key, owner) = (address("table"), TABLE_PROGRAM);
    scene.stage.put(&key, Account { lamports: 1_000_000_000, data, owner, ..Account::default() });
    AddressLookupTableAccount { key, addresses }
}

#[test]
fn prove_equivocation_of_113_nodes_fits_a_plain_transaction() {
    let (mut scene, proof) = long_proof(113);
    let message = Transaction::new_with_payer(&proof, Some(&scene.stage.payer.pubkey())).message_data();

    // A count and one signature come before the message, and a packet holds 1,232 bytes: not one node of six bytes more.
    assert_eq!(1 + 64 + message.len(), 1_230);
    scene.stage.accepts(&proof, &[]);
}
