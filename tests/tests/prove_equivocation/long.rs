//! Statements that are as long as a transaction bears, against the record.

use super::{prove, scene_of, signed};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_message::{v1, AddressLookupTableAccount, Hash};
use solana_signer::Signer;
use solana_transaction::Transaction;
use stipend::{constants::MAX_RELAYED_SLOTS, event::OracleSuspended};
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
fn prove_equivocation_of_118_nodes_fits_a_plain_transaction() {
    let (mut scene, proof) = long_proof(118);
    let message = Transaction::new_with_payer(&proof, Some(&scene.stage.payer.pubkey())).message_data();

    // A count and one signature come before the message, and a packet holds 1,232 bytes: not one node of six bytes more.
    assert_eq!(1 + 64 + message.len(), 1_227);
    scene.stage.accepts(&proof, &[]);
}

#[test]
fn prove_equivocation_of_two_of_the_longest_relayed_batches_fits_a_transaction_of_version_1() {
    let (mut scene, shard) = scene_of(300);
    let values = vec![measured(9_000, 1); MAX_RELAYED_SLOTS];
    let mut others = values.clone();
    others[MAX_RELAYED_SLOTS - 1] = measured(9_000, 2);
    let one = signed(&mut scene, &shard, &values);
    let (batch, signature) = signed(&mut scene, &shard, &others);
    let proof = prove(&scene, &shard, &one, &Contradicted::Signed(batch, signature));

    let config = v1::TransactionConfig::empty()
        .with_compute_unit_limit(1_400_000)
        .with_loaded_accounts_data_size_limit(10_000_000);
    let payer = scene.stage.payer.pubkey();
    let message = v1::Message::try_compile_with_config(&payer, &proof, Hash::default(), config).unwrap();

    // Behind the message comes the prover's signature.
    let bytes = message.size() + v1::SIGNATURE_SIZE;
    assert!(bytes <= v1::MAX_TRANSACTION_SIZE, "{bytes} bytes");
    assert_eq!(message.header.num_required_signatures, 1);
    let event: OracleSuspended = scene.stage.accepts(&proof, &[]).event();
    assert_eq!(event.slot, 279);
}
