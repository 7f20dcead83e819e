//! Instructions as bytes: what nobody knows, what is cut short or too long, and accounts that are missing.

use crate::coverage::instructions;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::BTreeSet;
use stipend::error::StipendError;
use stipend_client::instruction::{self, Contradicted};
use stipend_tests::{address, key, measured, params, scene::end, swapped, unsigned, Scene};

/// Three oracles and a shard with one node, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &key("owner").pubkey());
    scene.warp_to(end(0));
    (scene, shard)
}

/// One of each instruction, with the number of its accounts.
fn one_of_each(scene: &mut Scene, shard: &Address) -> Vec<(&'static str, Instruction, usize)> {
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    let (network, oracle, device) = (scene.network, scene.oracle_keys()[0], key("device").pubkey());
    let node = scene.devices[0].pubkey();
    let mint = address("another mint");
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let create = instruction::create_network(&payer, &authority, &mint, &scene.token_program, params());
    let proof =
        instruction::prove_equivocation(&payer, &network, shard, &oracle, (&batch, &[0; 64]), &Contradicted::Recorded);
    let prove = proof.last().expect("what proves comes last").clone();
    vec![
        ("create_network", create, 8),
        ("close_network", instruction::close_network(&authority, &scene.mint, 0, &payer, &scene.token_program), 7),
        ("propose_authority", instruction::propose_authority(&authority, &network, Some(&address("heir"))), 2),
        ("accept_authority", instruction::accept_authority(&authority, &network), 2),
        ("set_guardian", instruction::set_guardian(&authority, &network, None), 2),
        ("pause", instruction::pause(&authority, &network), 2),
        ("resume", instruction::resume(&authority, &network), 2),
        ("update_policy", scene.policy_instruction(3, Some(params().emission), |_| ()), 2),
        ("withdraw_bond", instruction::withdraw_bond(&network, &payer, &oracle), 2),
        ("shrink_shard", instruction::shrink_shard(&network, shard, &[]), 2),
        ("close_shard", instruction::close_shard(&network, shard, &payer), 3),
        ("close_report", instruction::close_report(&network, shard, &oracle, &payer), 4),
        ("transfer_node", instruction::transfer_node(&oracle, &network, shard, &node, &authority), 4),
        ("set_boost", instruction::set_boost(&authority, &network, shard, &node, 10_000), 4),
        ("retire_node", instruction::retire_node(&oracle, &network, shard, &node, [0; 32]), 4),
        ("close_node", instruction::close_node(&network, shard, &node, &payer), 4),
        ("commit_evidence", instruction::commit_evidence(&oracle, &network, shard, batch.domain, 0, [1; 32]), 4),
        ("prove_equivocation", prove, 6),
        ("judge_shard", instruction::judge_shard(&network, shard, &[], 0), 2),
        ("add_oracle", instruction::add_oracle(&payer, &authority, &network, &address("new")), 4),
        ("remove_oracle", instruction::remove_oracle(&authority, &network, &oracle, false), 2),
        ("open_shard", instruction::open_shard(&payer, &network, 1), 4),
        ("open_report", instruction::open_report(&payer, &network, shard, &address("new")), 5),
        ("register_node", scene.register_instruction(&device, shard, &address("owner")), 8),
        ("submit_report", instruction::submit_report(&oracle, &network, shard, &batch), 4),
        ("score_shard", instruction::score_shard(&network, shard, &[], 0), 2),
        ("close_epoch", instruction::close_epoch(&network), 1),
        ("settle_shard", instruction::settle_shard(&network, shard), 2),
        ("claim", scene.claim_instruction(shard, &key("owner").pubkey(), &[0]), 7),
    ]
}

fn keys(scene: &Scene) -> Vec<Keypair> {
    vec![scene.authority.insecure_clone(), scene.oracles[0].insecure_clone(), key("device")]
}

#[test]
fn every_instruction_is_tried_here() {
    let (mut scene, shard) = scene();

    let tried: BTreeSet<_> = one_of_each(&mut scene, &shard).into_iter().map(|(name, ..)| name.to_owned()).collect();

    assert_eq!(tried, instructions());
}

#[test]
fn every_instruction_refuses_to_run_without_its_last_account() {
    let (mut scene, shard) = scene();
    let keys = keys(&scene);
    let keys: Vec<&Keypair> = keys.iter().collect();
    // The mint is looked at before the account that is missing.
    scene.stage.put(
        &address("another mint"),
        stipend_tests::mint::MintState { authority: Some(scene.authority.pubkey()), ..Default::default() }
            .to_account(&scene.token_program),
    );

    for (name, mut instruction, accounts) in one_of_each(&mut scene, &shard) {
        println!("{name}");
        assert_eq!(instruction.accounts.len(), accounts);
        // Four accounts are half of what tells submit_report apart.
        let error = || match name {
            "submit_report" => ErrorCode::InstructionFallbackNotFound,
            _ => ErrorCode::AccountNotEnoughKeys,
        };
        instruction.accounts.pop();
        scene.stage.refuses(std::slice::from_ref(&instruction), &keys, error());
        instruction.accounts.clear();
        scene.stage.refuses(&[instruction], &keys, error());
    }
}

#[test]
fn every_instruction_refuses_an_account_of_another_version() {
    let (mut scene, shard) = scene();
    let keys = keys(&scene);
    let keys: Vec<&Keypair> = keys.iter().collect();
    let mut tried = 0;

    for (name, instruction, _) in one_of_each(&mut scene, &shard) {
        // It looks at what was signed first, and nothing was.
        if name == "prove_equivocation" {
            continue;
        }
        for meta in &instruction.accounts {
            let stored = scene.stage.account(&meta.pubkey).filter(|account| account.owner == stipend::ID);
            let Some(stored) = stored else { continue };
            for version in [0, 2, 255] {
                println!("{name}: {} of version {version}", meta.pubkey);
                scene.stage.forge(&meta.pubkey, |data| data[8] = version);
                scene.stage.refuses(std::slice::from_ref(&instruction), &keys, StipendError::AccountVersionWrong);
            }
            scene.stage.put(&meta.pubkey, stored);
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn every_instruction_with_arguments_refuses_data_that_is_cut_short() {
    let (mut scene, shard) = scene();
    let keys = keys(&scene);
    let keys: Vec<&Keypair> = keys.iter().collect();

    for (name, mut instruction, _) in one_of_each(&mut scene, &shard) {
        if instruction.data.len() > 8 {
            println!("{name}");
            instruction.data.pop();
            scene.stage.refuses(&[instruction], &keys, ErrorCode::InstructionDidNotDeserialize);
        }
    }
}

#[test]
fn submit_report_refuses_data_of_any_other_length() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);
    let whole = submit.data.len();
    assert_eq!(whole, 8 + 8 + 32 + 4 + 2 + 2 + 4 + 6);

    for len in 8..whole {
        let data = submit.data[..len].to_vec();
        let cut = Instruction { data, ..submit.clone() };
        scene.stage.refuses(&[cut], &[&scene.oracles[0]], ErrorCode::InstructionDidNotDeserialize);
    }
    let mut long = submit.clone();
    long.data.push(0);
    scene.stage.refuses(&[long], &[&scene.oracles[0]], ErrorCode::InstructionDidNotDeserialize);
    // A length of the measurements that is not theirs.
    for claimed in [0u32, 5, 7, u32::MAX] {
        let mut lying = submit.clone();
        lying.data[56..60].copy_from_slice(&claimed.to_le_bytes());
        println!("{claimed}");
        scene.stage.refuses(&[lying], &[&scene.oracles[0]], ErrorCode::InstructionDidNotDeserialize);
    }
    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);
}

#[test]
fn submit_report_refuses_an_account_too_many_or_one_twice() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);
    let mut more = submit.clone();
    more.accounts.push(AccountMeta::new_readonly(address("more"), false));

    scene.stage.refuses(&[more], &[&scene.oracles[0]], ErrorCode::InstructionFallbackNotFound);
    for (place, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        for (to, from) in [(place, other), (other, place)] {
            let twice = unsigned(&swapped(&submit, to, &submit.accounts[from].pubkey), 3);
            scene.stage.refuses(&[twice], &[&scene.oracles[0]], ErrorCode::ConstraintDuplicateMutableAccount);
        }
    }
}

#[test]
fn the_program_refuses_what_nobody_knows() {
    let (mut scene, shard) = scene();
    let known = instruction::settle_shard(&scene.network, &shard);
    let mut nearly = known.data.clone();
    nearly[7] ^= 1;

    for data in [vec![], vec![27], known.data[..7].to_vec(), vec![0; 8], vec![255; 100], nearly] {
        let unknown = Instruction { data, ..known.clone() };
        scene.stage.refuses(&[unknown], &[], ErrorCode::InstructionFallbackNotFound);
    }
}
