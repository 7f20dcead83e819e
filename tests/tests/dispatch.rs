//! Instructions as bytes: what nobody knows, what is cut short or too long, and accounts that are missing.

use crate::coverage::instructions;
use crate::split;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use std::collections::BTreeSet;
use stipend::error::StipendError;
use stipend_client::{
    address as place,
    instruction::{self, Contradicted, ReportBatch},
};
use stipend_tests::{address, key, measured, params, scene::end, swapped, unsigned, Refusal, Scene};

/// Three oracles, one more that has no report yet, and a shard that is full with one node, which counts from epoch 1 on, at the
/// end of epoch 0.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::with(3, |params| (params.policy.quorum, params.shard_capacity) = (3, 1));
    let shard = scene.open_shard();
    let authority = scene.authority.pubkey();
    scene.govern(instruction::propose_authority(&authority, &scene.network, Some(&authority)));
    scene.warp_to(end(0) - 1);
    scene.register(&shard, &key("owner").pubkey());
    scene.open_directory(&key("device").pubkey());
    scene.add_oracle(key("late oracle"));
    scene.warp_to(end(0));
    (scene, shard)
}

/// One of each instruction, with the number of its accounts; a score has the reports behind them.
fn one_of_each(scene: &mut Scene, shard: &Address) -> Vec<(&'static str, Instruction, usize)> {
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    let (network, oracle, device) = (scene.network, scene.oracle_keys()[0], key("device").pubkey());
    let node = scene.devices[0].pubkey();
    if scene.stage.account(&split::split()).is_none() {
        let create =
            instruction::create_split(&payer, &split::creator().pubkey(), 7, Some(authority), &split::shares(1));
        scene.stage.accepts(&[create], &[&split::creator()]);
    }
    let split = split::split();
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
        ("open_directory", instruction::open_directory(&payer, &network, &address("new device")), 4),
        ("close_directory", instruction::close_directory(&network, &device, &payer), 3),
        ("transfer_node", instruction::transfer_node(&oracle, &network, shard, &node, &authority), 6),
        ("set_boost", instruction::set_boost(&authority, &network, shard, &node, 10_000), 5),
        ("retire_node", instruction::retire_node(&oracle, &network, shard, &node, [0; 32]), 5),
        ("close_node", instruction::close_node(&network, shard, &node, &address("owner"), &payer), 5),
        ("commit_evidence", instruction::commit_evidence(&oracle, &network, shard, batch.domain, 0, [1; 32]), 3),
        ("prove_equivocation", prove, 5),
        ("judge_shard", instruction::judge_shard(&network, shard, &[], 0), 2),
        ("add_oracle", instruction::add_oracle(&payer, &authority, &network, &address("new")), 4),
        ("remove_oracle", instruction::remove_oracle(&authority, &network, &oracle, false), 2),
        ("open_shard", instruction::open_shard(&payer, &network, 1), 5),
        ("open_report", instruction::open_report(&payer, &network, shard, &scene.oracle_keys()[3]), 5),
        ("register_node", scene.register_instruction(&device, shard, &address("owner")), 9),
        ("submit_report", instruction::submit_report(&oracle, &network, shard, &batch), 4),
        ("score_shard", instruction::score_shard(&network, shard, &scene.oracle_keys()[..3], 0), 2),
        ("close_epoch", instruction::close_epoch(&network), 1),
        ("settle_shard", instruction::settle_shard(&network, shard), 2),
        ("void_score", instruction::void_score(&oracle, &network, shard, 0, [1; 32]), 3),
        ("create_split", instruction::create_split(&payer, &authority, 0, None, &[(payer, 10_000)]), 4),
        ("update_split", instruction::update_split(&authority, &split, None, &[(payer, 10_000)]), 2),
        ("close_split", instruction::close_split(&authority, &split, &payer), 3),
        (
            "claim_split",
            instruction::claim_split(&network, shard, &split, &[payer], &scene.mint, &scene.token_program, vec![0]),
            6,
        ),
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
    // Mint and destination are looked at before the account that is missing.
    scene.open_token(&key("owner").pubkey());
    scene.stage.put(
        &address("another mint"),
        stipend_tests::mint::MintState { authority: Some(scene.authority.pubkey()), ..Default::default() }
            .to_account(&scene.token_program),
    );

    for (name, mut instruction, accounts) in one_of_each(&mut scene, &shard) {
        println!("{name}");
        let has_more = ["score_shard", "create_split", "update_split", "claim_split"].contains(&name);
        assert!(instruction.accounts.len() == accounts || has_more);
        instruction.accounts.truncate(accounts - 1);
        scene.stage.refuses(std::slice::from_ref(&instruction), &keys, ErrorCode::AccountNotEnoughKeys);
        instruction.accounts.clear();
        scene.stage.refuses(&[instruction], &keys, ErrorCode::AccountNotEnoughKeys);
    }
}

/// What becomes of instructions, of which nothing is left behind.
fn outcome(scene: &mut Scene, instructions: &[Instruction], keys: &[&Keypair]) -> Result<(), TransactionError> {
    let payer = scene.stage.payer.pubkey();
    let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
    let written = metas.filter(|meta| meta.is_writable && meta.pubkey != payer);
    let before: Vec<_> = written.map(|meta| (meta.pubkey, scene.stage.account(&meta.pubkey))).collect();
    let outcome = scene.stage.send(instructions, keys).map(drop);
    for (address, account) in before {
        scene.stage.put(&address, account.unwrap_or_default());
    }
    outcome
}

/// Tries the last of the instructions with each of its accounts in another version. Returns whether each time that was the
/// reason to refuse it; else it is refused for the same reason as without.
fn refuses_versions(scene: &mut Scene, instructions: &[Instruction], keys: &[&Keypair]) -> bool {
    let last = instructions.last().expect("an instruction is tried");
    let place = u8::try_from(instructions.len() - 1).expect("few instructions");
    let error = Refusal::from(StipendError::AccountVersionWrong).to_instruction_error();
    let wrong_version = Err(TransactionError::InstructionError(place, error));
    let sound = outcome(scene, instructions, keys);
    let mut is_reason = true;
    for meta in &last.accounts {
        let stored = scene.stage.account(&meta.pubkey).filter(|account| account.owner == stipend::ID);
        let Some(stored) = stored else { continue };
        for version in [0, 2, 255] {
            scene.stage.forge(&meta.pubkey, |data| data[8] = version);
            let outcome = outcome(scene, instructions, keys);
            println!("{} of version {version}: {outcome:?}, else {sound:?}", meta.pubkey);
            assert!(outcome.is_err());
            if outcome != wrong_version {
                assert_eq!(outcome, sound);
                is_reason = false;
            }
        }
        scene.stage.put(&meta.pubkey, stored);
    }
    is_reason
}

#[test]
fn every_instruction_refuses_an_account_of_another_version() {
    let (mut scene, shard) = scene();
    let keys = keys(&scene);
    let keys: Vec<&Keypair> = keys.iter().collect();

    let mut others = BTreeSet::new();
    for (name, instruction, _) in one_of_each(&mut scene, &shard) {
        println!("{name}");
        if !refuses_versions(&mut scene, &[instruction], &keys) {
            others.insert(name);
        }
    }

    // What has nothing to do yet, or no room, is refused for that reason: the next test gives it some.
    let idle = [
        "claim",
        "claim_split",
        "close_epoch",
        "close_shard",
        "judge_shard",
        "prove_equivocation",
        "register_node",
        "resume",
        "settle_shard",
        "withdraw_bond",
    ];
    assert_eq!(others, idle.into());
}

#[test]
fn every_step_of_an_epoch_refuses_an_account_of_another_version() {
    let mut scene = Scene::with(3, |params| params.policy.oracle_bond_lamports = 5_000);
    let (network, payer, oracles) = (scene.network, scene.stage.payer.pubkey(), scene.oracle_keys());
    let shard = place::shard(&network, 0);
    let open = instruction::open_shard(&payer, &network, 0);
    scene.stage.accepts(&[open], &[]);
    let (authority, device) = (scene.authority.insecure_clone(), key("device"));
    let step = |scene: &mut Scene, instructions: &[Instruction]| {
        assert!(refuses_versions(scene, instructions, &[&authority, &device]));
        scene.stage.accepts(instructions, &[&authority, &device]);
    };

    step(&mut scene, &[instruction::close_shard(&network, &shard, &payer)]);
    scene.open_shard();
    let owner = key("owner").pubkey();
    scene.open_directory(&device.pubkey());
    let register = scene.register_instruction(&device.pubkey(), &shard, &owner);
    step(&mut scene, &[register]);
    scene.remove_oracle(&oracles[2], true);
    scene.warp_to(end(0));
    for oracle in [0, 1] {
        scene.report(oracle, &shard, 0, &[measured(9_000, 1)]);
    }
    step(&mut scene, &[instruction::score_shard(&network, &shard, &oracles[..2], 0)]);
    step(&mut scene, &[instruction::judge_shard(&network, &shard, &oracles[..2], 0)]);
    step(&mut scene, &[instruction::close_epoch(&network)]);
    step(&mut scene, &[instruction::settle_shard(&network, &shard)]);
    scene.open_token(&owner);
    let claim = scene.claim_instruction(&shard, &owner, &[0]);
    step(&mut scene, &[claim]);
    step(&mut scene, &[instruction::withdraw_bond(&network, &payer, &oracles[2])]);
    let other = scene.batch(0, &[measured(9_000, 2)]);
    let signature = scene.oracles[0].sign_message(&other.to_data(&place::report(&shard, &oracles[0]))).into();
    let contradicted = (&other, &signature);
    let proof =
        instruction::prove_equivocation(&payer, &network, &shard, &oracles[0], contradicted, &Contradicted::Recorded);
    step(&mut scene, &proof);
    scene.pause();
    step(&mut scene, &[instruction::resume(&authority.pubkey(), &network)]);
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
    // A length of the measurements that is not theirs: more than there is, no entry, and half of one.
    let cases: [(u32, Refusal); 4] = [
        (7, ErrorCode::InstructionDidNotDeserialize.into()),
        (u32::MAX, ErrorCode::InstructionDidNotDeserialize.into()),
        (5, StipendError::MeasurementsMalformed.into()),
        (3, StipendError::MeasurementsMalformed.into()),
    ];
    for (claimed, refusal) in cases {
        let mut lying = submit.clone();
        lying.data[56..60].copy_from_slice(&claimed.to_le_bytes());
        println!("{claimed}");
        scene.stage.refuses(&[lying], &[&scene.oracles[0]], refusal);
    }
    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);
}

#[test]
fn submit_report_takes_a_relayed_report_with_bytes_behind_it_which_save_its_oracle_from_no_proof() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracles[0].insecure_clone();
    let (network, report) = (scene.network, place::report(&shard, &oracle.pubkey()));
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let other = scene.batch(0, &[measured(9_000, 2)]);
    // Two values for one slot, signed with bytes that no argument takes.
    let padded = |batch: &ReportBatch, len| {
        let mut data = batch.to_data(&report);
        data.resize(len, 0xee);
        let signature: [u8; 64] = oracle.sign_message(&data).into();
        (data, signature)
    };
    // As long as 280 slots: 8 of the instruction's name, 8 + 32 + 4 + 2 + 2 + 4 before the slots, and 6 each.
    let most = 60 + 280 * 6;
    let (data, signature) = padded(&batch, most + 1);
    let longer = instruction::relay_report(&oracle.pubkey(), &network, &shard, data, &signature, 1);
    scene.stage.refuses(&longer, &[], StipendError::RelayedReportTooLong);
    let (one, signature) = padded(&batch, most);
    let relayed = instruction::relay_report(&oracle.pubkey(), &network, &shard, one.clone(), &signature, 1);
    scene.stage.accepts(&relayed, &[]);

    let prover = scene.stage.payer.pubkey();
    let contradicted = Contradicted::Signed(other.clone(), [0; 64]);
    let mut proof =
        instruction::prove_equivocation(&prover, &network, &shard, &oracle.pubkey(), (&batch, &[0; 64]), &contradicted);
    let (other, other_signature) = padded(&other, most);
    proof[0] = instruction::statement(&oracle.pubkey(), &other, &other_signature);
    proof[1] = instruction::statement(&oracle.pubkey(), &one, &signature);
    scene.stage.accepts(&proof, &[]);
}

#[test]
fn submit_report_refuses_an_account_in_anothers_place() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);

    for to in 0..4 {
        for from in (0..4).filter(|from| *from != to) {
            let twice = unsigned(&swapped(&submit, to, &submit.accounts[from].pubkey), 3);
            // The oracle, who is in the last place, holds no account of the program.
            let refusal: Refusal = match (to, from) {
                (3, _) => StipendError::SignatureMissing.into(),
                (_, 3) => ErrorCode::AccountOwnedByWrongProgram.into(),
                _ => ErrorCode::AccountDiscriminatorMismatch.into(),
            };
            println!("{from} in the place of {to}");
            scene.stage.refuses(&[twice], &[&scene.oracles[0]], refusal);
        }
    }
    // One more at the end is not looked at.
    let mut more = submit;
    more.accounts.push(AccountMeta::new_readonly(address("more"), false));
    scene.stage.accepts(&[more], &[&scene.oracles[0]]);
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
