//! What a deployer does, and the exit codes that tell how it went.

use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_cluster_tests::{Stipend, Validator};

const SOL: u64 = 1_000_000_000;
const CREATE: [&str; 7] =
    ["network", "create", "--create-mint", "--emission-atoms", "1000000000000", "--output", "json"];

/// Asserts that a command ends so, and says this on stderr and nothing on stdout.
#[track_caller]
fn assert_refused(stipend: &Stipend, arguments: &[&str], code: i32, words: &str) {
    let finished = stipend.run(arguments).ends_with(code);
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn exit_codes_tell_usage_cluster_and_refusal_apart() {
    let validator = Validator::shared();
    let payer = validator.funded(100 * SOL);
    let stipend = Stipend::new(&validator.url(), &payer);
    let poor = Stipend::new(&validator.url(), &Keypair::new());
    let nowhere = Stipend::new("http://127.0.0.1:9", &payer);
    let yes = [&CREATE[..], &["--yes"]].concat();

    assert_refused(&stipend, &CREATE, 2, "--yes");
    assert_refused(&stipend, &["network", "create", "--yes"], 2, "--emission-atoms");
    assert_refused(&nowhere, &["network", "list"], 3, "cluster can't be reached");
    assert_refused(&poor, &yes, 3, "can't pay");
    assert_refused(&stipend, &[&yes[..], &["--quorum", "17"]].concat(), 4, "quorum is not within 1 and 16");
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn what_is_only_shown_changes_nothing_and_what_is_done_shows() {
    let validator = Validator::start();
    let payer = validator.funded(100 * SOL);
    let stipend = Stipend::new(&validator.url(), &payer);
    let networks = || stipend.run(&["network", "list", "--output", "json"]).json()["networks"].clone();

    let shown = stipend.run(&[&CREATE[..], &["--dry-run"]].concat()).json();
    assert_eq!((&shown["done"]["sent"], &shown["done"]["transactions"]), (&false.into(), &0.into()));
    assert_eq!(networks(), serde_json::json!([]));
    assert_eq!(validator.ledger().balance(&payer.pubkey()).expect("an answer"), 100 * SOL);

    let created = stipend.run(&[&CREATE[..], &["--yes"]].concat()).json();
    assert_eq!((&created["done"]["sent"], &created["done"]["transactions"]), (&true.into(), &1.into()));
    assert_eq!(networks()[0]["network"], created["network"]);

    for (command, is_paused) in [("pause", true), ("resume", false)] {
        stipend.run(&["network", command, "--yes"]).ends_with(0);
        assert_eq!(stipend.run(&["network", "show", "--output", "json"]).json()["paused"], is_paused);
    }
    assert_refused(&stipend, &["network", "resume", "--yes"], 4, "not paused");

    let heir = Keypair::new().pubkey().to_string();
    stipend.run(&["network", "propose-authority", &heir, "--yes"]).ends_with(0);
    assert_eq!(stipend.run(&["network", "show", "--output", "json"]).json()["pending_authority"], heir);
    stipend.run(&["network", "close", "--yes"]).ends_with(0);
    assert_eq!(networks(), serde_json::json!([]));
}
