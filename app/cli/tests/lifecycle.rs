//! `stipend demo --scenario lifecycle`, as a shell runs it.

mod folder;
mod shell;

use folder::TempDir;
use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use shell::{left_accounts, path, printed, stipend, text};

/// Every instruction of the program.
const INSTRUCTIONS: [&str; 36] = [
    "accept_authority",
    "add_oracle",
    "claim",
    "claim_split",
    "close_directory",
    "close_epoch",
    "close_network",
    "close_node",
    "close_report",
    "close_shard",
    "close_split",
    "commit_evidence",
    "create_network",
    "create_split",
    "judge_shard",
    "open_directory",
    "open_report",
    "open_shard",
    "pause",
    "propose_authority",
    "prove_equivocation",
    "register_node",
    "remove_oracle",
    "resume",
    "retire_node",
    "score_shard",
    "set_boost",
    "set_guardian",
    "settle_shard",
    "shrink_shard",
    "submit_report",
    "transfer_node",
    "update_policy",
    "update_split",
    "void_score",
    "withdraw_bond",
];

fn story() -> Value {
    let story = printed(&["demo", "--scenario", "lifecycle", "--output", "json"]);
    serde_json::from_str(&story).expect("one JSON object")
}

fn steps(story: &Value) -> &Vec<Value> {
    story["steps"].as_array().expect("an array")
}

fn word<'a>(step: &'a Value, field: &str) -> &'a str {
    step[field].as_str().expect("a text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

#[test]
fn every_instruction_of_the_program_takes_effect() {
    let story = story();

    let sent = steps(&story).iter().filter(|step| number(&step["transactions"]) > 0);
    let names: BTreeSet<_> = sent.flat_map(|step| word(step, "instruction").split(" + ")).collect();

    let others: Vec<_> = names.iter().filter(|name| !INSTRUCTIONS.contains(name)).collect();
    assert_eq!(others, [&"create_mint", &"open_associated_token"]);
    assert_eq!(names.len(), INSTRUCTIONS.len() + 2);
}

#[test]
fn what_is_refused_is_refused_with_its_own_error() {
    let story = story();

    let refused: Vec<_> = steps(&story)
        .iter()
        .filter(|step| !step["refused"].is_null())
        .map(|step| (word(step, "instruction"), word(&step["refused"], "name")))
        .collect();

    assert_eq!(
        refused,
        [
            ("add_oracle", "QuorumNotAboveHalf"),
            ("register_node", "RegistrarMissing"),
            ("submit_report", "MeasurementContradicts"),
            ("submit_report", "ReportsPaused"),
            ("score_shard", "ScoringPaused"),
            ("claim", "ClaimsPaused"),
            ("resume", "AuthorityMismatch"),
            ("pause", "GuardianPausedLately"),
            ("accept_authority", "PendingAuthorityMismatch"),
            ("set_guardian", "AuthorityMismatch"),
            ("update_policy", "PolicyEpochBegun"),
            ("set_boost", "BoostOutOfRange"),
            ("claim", "MintLimitReached"),
            ("retire_node", "ReasonMissing"),
            ("close_node", "NodeOwed"),
            ("withdraw_bond", "BondHeld"),
            ("add_oracle", "OracleSuspended"),
            ("settle_shard", "DisputeWindowOpen"),
            ("void_score", "ScoreAlreadyVoided"),
        ]
    );
    let paused = steps(&story).iter().find(|step| step["refused"]["name"] == "ClaimsPaused").expect("it is there");
    assert_eq!(word(&paused["refused"], "message"), "claims are paused; claim after the pause, nothing is lost");
    assert_eq!((number(&paused["transactions"]), number(&paused["compute_units"])), (0, 0));
}

#[test]
fn no_lamport_and_no_atom_is_lost_or_made() {
    let story = story();
    let sums = &story["conservation"];
    let sum = |field: &str| number(&sums[field]);

    let fees: u64 = steps(&story).iter().map(|step| number(&step["fee_lamports"])).sum();
    let deposits: i64 = steps(&story).iter().map(|step| step["deposit_lamports"].as_i64().expect("a number")).sum();

    // Twelve wallets of 100 SOL; of two bonds of 1 SOL half each is burnt.
    assert_eq!((sum("given_lamports"), sum("burnt_lamports")), (1_200_000_000_000, 1_000_000_000));
    assert_eq!(sum("fees_lamports"), fees);
    // A mint of 82 bytes and four token accounts of 165 are left: (128 + 82) · 6,960 and 4 · (128 + 165) · 6,960.
    assert_eq!(sum("token_rents_lamports"), 1_461_600 + 4 * 2_039_280);
    // What is still deposited was burnt, or is the rent of what is left.
    assert_eq!(deposits, 1_000_000_000 + 1_461_600 + 4 * 2_039_280);
    assert_eq!(sum("left_lamports") + fees + deposits as u64, sum("given_lamports"));
    // Twelve epochs of 1,000 tokens, of which two are empty and carried, then 3,900, 900 and the second service's 100. Of the last 900,
    // 72,200,000 of 374,640,000 points are voided: 900 · 302,440 / 374,640 = 726.553491351... are paid. Two floors before that.
    assert_eq!(sum("minted_atoms"), 17_626_553_491_349);
    assert_eq!((sum("supply_atoms"), sum("held_atoms")), (sum("minted_atoms"), sum("minted_atoms")));
}

#[test]
fn what_happens_is_told_from_the_accounts() {
    let story = story();
    let effects: Vec<_> = steps(&story).iter().map(|step| word(step, "effect")).collect();
    let is_told = |effect: &str| effects.contains(&effect);

    // Device 1: 10,000 · (6,000 + floor(4,000 · 903 / 1,000)) = 96,120,000, half as much again from epoch 3 on; device 4:
    // 8,000 · (6,000 + 3,212) = 73,696,000, and nothing once 90 % is the minimum.
    assert!(is_told("epoch 2: device 1, boost 100.00 %, has 96,120,000 points; device 4, up 80.00 %, has 73,696,000"));
    assert!(is_told("epoch 3: device 1, boost 150.00 %, has 144,180,000 points; device 4, up 80.00 %, has 0"));
    assert!(is_told(
        "more than 5 % from the median: oracle 1: 0 of 10 values outside, oracle 2: 0 of 10 values outside, \
         oracle 3: 1 of 10 values outside"
    ));
    // Half of 1 SOL, less three signatures of 5,000 lamports, and less two.
    assert!(is_told("of the bond of 1 SOL half is burnt, half goes to who proved it: 0.499985000 SOL after the fee"));
    assert!(is_told("of the bond of 1 SOL half is burnt, half goes to who proved it: 0.499990000 SOL after the fee"));
    assert!(is_told("epoch 11 shares 2,000.000000002 tokens, 42 epochs late; nothing is lost"));
    assert!(is_told(
        "after 3 epochs without a score the emission lapses: 3,000.000000001 tokens are carried; at epoch 48 it fell by 10 %, to \
         900.000000000 an epoch"
    ));
    assert!(is_told("epoch 52 rebuilt from accounts alone: 7 slots and all totals are the same"));
    assert!(is_told("nobody may mint any more: the supply is 17,626.553491349 tokens for ever"));
}

#[test]
fn two_tellings_are_the_same_to_the_last_byte() {
    let tell = || printed(&["demo", "--scenario", "lifecycle"]);

    let told = tell();

    assert_eq!(told, tell());
    assert!(told.starts_with("A mint, two services on it, oracles and devices\n┌"), "{told}");
    assert!(told.contains(" refused: 6100 ClaimsPaused, claims are paused; "), "{told}");
}

#[test]
fn the_accounts_that_are_left_are_those_before_the_last_day() {
    let (_parent, folder) = left_accounts(&["--scenario", "lifecycle"]);

    // The mint, 2 networks, 2 + 1 shards, 8 + 1 directories; token accounts of all but dora, who is paid on the last day; reports of
    // both shards by all six oracles that there ever were, and one of the second network.
    let count = fs::read_dir(&folder).expect("a folder").count();

    assert_eq!(count, 1 + 2 + 3 + 9 + 3 + 2 * 6 + 1);
}

#[test]
fn a_folder_that_is_in_use_is_left_alone() {
    let folder = TempDir::new();
    fs::write(folder.path().join("mine"), "keep").expect("written");

    let output = stipend(&["demo", "--accounts", path(folder.path())]);

    assert_eq!(
        text(&output.stderr),
        format!(
            "error: failed to leave the accounts: `{}` exists and is not an empty folder; name one that is to be made\n",
            path(folder.path())
        )
    );
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
