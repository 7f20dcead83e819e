//! Roles and rules, while the first epoch is measured.

use super::{
    foundation::rules,
    world::{World, FEE_LAMPORTS},
};
use serde_json::{json, Value};
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_cluster_tests::Stipend;

/// Pauses, hands every role over, and changes a rule. From here on `heir` is the authority, and `payer` only pays.
pub fn change_hands(world: &mut World) {
    let network = world.network().to_string();
    let told = |effect: &str| json!({"network": network, "effect": effect});
    let shown = |world: &World, field: &str| world.read(&["network", "show"])[field].clone();

    // The guardian's key signs beside the payer's.
    let paused = world.write(&["network", "pause", "--authority", "guardian.json"], 1, 2);
    assert_eq!(paused, told("stop reports, scoring and claims"));
    assert_eq!((shown(world, "paused"), &world.status()["paused"]), (json!(true), &json!(true)));
    let again = ["network", "pause", "--authority", "guardian.json", "--yes"];
    world.refused(&again, 4, "network is already paused");
    // The guardian's pause ends by itself.
    assert!(shown(world, "pause_ends_at").as_i64() > Some(world.genesis));
    let by_guardian = ["network", "resume", "--authority", "guardian.json", "--yes"];
    world.refused(&by_guardian, 4, "signer is not the network's authority");
    let resumed = world.write(&["network", "resume"], 1, 1);
    let begins = "let reports, scoring and claims go on; if the open epoch is over, its windows begin now";
    assert_eq!(resumed, told(begins));
    assert_eq!(shown(world, "paused"), false);

    let heir = world.text("heir");
    let set = world.write(&["network", "set-guardian", &heir], 1, 1);
    assert_eq!((set, shown(world, "guardian")), (told(&format!("let {heir} pause")), json!(heir)));
    let set = world.write(&["network", "set-guardian", "none"], 1, 1);
    assert_eq!((set, shown(world, "guardian")), (told("let nobody but the authority pause"), Value::Null));

    let accept = ["network", "accept-authority", "--authority", "heir.json"];
    world.refused(&[&accept[..], &["--yes"]].concat(), 4, "signer is not the proposed authority");
    let proposed = world.write(&["network", "propose-authority", &heir], 1, 1);
    assert_eq!(proposed, told(&format!("let {heir} become the authority, once it accepts")));
    assert_eq!(
        (shown(world, "pending_authority"), shown(world, "authority")),
        (json!(heir), json!(world.text("payer")))
    );
    let accepted = world.write(&accept, 1, 2);
    assert_eq!(accepted, told("make whoever signs the authority; the old one has no right left"));
    assert_eq!((shown(world, "pending_authority"), shown(world, "authority")), (Value::Null, json!(heir)));

    let update = ["network", "update", "--tolerance-bps", "1000"];
    world.refused(&[&update[..], &["--yes"]].concat(), 4, "signer is not the network's authority");
    update_rules(world, &[&update[..], &["--authority", "heir.json"]].concat());
}

fn update_rules(world: &mut World, update: &[&str]) {
    let dry = world.read(&[update, &["--dry-run"]].concat());
    assert_eq!((&dry["done"]["sent"], &dry["done"]["transactions"]), (&json!(false), &json!(0)));
    assert_eq!(world.read(&["network", "show"])["next_rules"], Value::Null);
    let next = |world: &World| world.status()["epoch"].as_u64().map_or(0, |epoch| epoch + 1);

    let earliest = next(world);
    let updated = world.write(update, 1, 2);
    let latest = next(world);

    let from_epoch = updated["new"]["from_epoch"].as_u64().expect("an epoch");
    assert!((earliest..=latest).contains(&from_epoch), "{from_epoch} is not within {earliest} and {latest}");
    let expected = json!({
        "network": world.network().to_string(), "old": rules(world, 0, 500), "new": rules(world, from_epoch, 1_000),
    });
    assert_eq!(updated, expected);
    let shown = world.read(&["network", "show"]);
    if from_epoch > 0 {
        assert_eq!((&shown["rules"], &shown["next_rules"]), (&rules(world, 0, 500), &rules(world, from_epoch, 1_000)));
    } else {
        // They hold from the open epoch on, which has not begun.
        assert_eq!((&shown["rules"], &shown["next_rules"]), (&rules(world, 0, 1_000), &Value::Null));
    }
}

/// A split comes, changes and goes, and costs nothing but fees.
pub fn share(world: &mut World) {
    let before = world.lamports(&world.key("payer"));
    let (payer, one, two) = (world.text("payer"), world.text("owner-1"), world.text("owner-2"));

    let shares = [format!("{one}=6000"), format!("{two}=4000")];
    let created = world.write(&["split", "create", "--to", &shares[0], &shares[1]], 1, 1);
    let split = created["split"].as_str().expect("an address").to_owned();
    assert_eq!(created["effect"], format!("create split {split} of 2 recipients"));
    let expected = |recipients: Value| {
        json!({
            "split": split, "creator": payer, "id": 0, "authority": payer, "payer": payer, "nodes": 0, "recipients": recipients,
        })
    };
    let recipients = json!([{"wallet": one, "share_bps": 6_000}, {"wallet": two, "share_bps": 4_000}]);
    assert_eq!(world.read(&["split", "show", &split]), expected(recipients));

    world.write(&["split", "update", &split, "--to", &two], 1, 1);
    let recipients = json!([{"wallet": two, "share_bps": 10_000}]);
    assert_eq!(world.read(&["split", "show", &split]), expected(recipients));

    let close = ["split", "close", &split];
    world.refused(
        &[&close[..], &["--signer", "heir.json", "--yes"]].concat(),
        4,
        "signer is not the split's authority",
    );
    world.write(&close, 1, 1);
    assert_eq!(before - world.lamports(&world.key("payer")), 3 * FEE_LAMPORTS);
}

/// Wrong usage, a cluster that is not there, and what only the program can refuse. Nothing of it is paid for.
pub fn refuse(world: &World) {
    let before = world.lamports(&world.key("payer"));
    let a = world.text("a");
    world.refused(&["claim", "--yes"], 2, "--all");
    world.refused(&["status", "--output", "csv"], 2, "there is no list to be written as CSV");
    world.refused(&["network", "pause"], 2, "nobody is at a terminal to be asked");
    world.refused(&["verify", "--epoch", "4000"], 2, "is not closed");
    world.refused(&["oracle", "withdraw-bond", &a, "--yes"], 2, "holds no bond");
    world.refused(
        &["oracle", "add", &world.oracle(1), "--authority", "heir.json", "--yes"],
        4,
        "oracle is in the set already",
    );
    world.refused(
        &["oracle", "remove", &a, "--authority", "heir.json", "--yes"],
        4,
        "oracle is not in the network's set",
    );
    world.refused(
        &["node", "boost", &a, "--bps", "25001", "--signer", "heir.json", "--yes"],
        4,
        "boost is outside the bounds",
    );
    world.refused(&["node", "boost", &a, "--bps", "20000", "--yes"], 4, "signer is not the network's authority");
    world.refused(&["node", "transfer", &a, "--to", &a, "--yes"], 4, "signer is not the node's owner");
    world.refused(
        &["node", "retire", &a, "--yes"],
        4,
        "signer is neither the node's owner nor the network's registrar",
    );
    world.refused(&["node", "close", &a, "--yes"], 4, "node is not retired");
    world.refused(&["node", "void", &a, "--reason", "forged", "--yes"], 4, "shard has nothing to settle");
    world.refused(&["network", "close", "--authority", "heir.json", "--yes"], 4, "nodes left: 3");
    assert_eq!(world.lamports(&world.key("payer")), before);

    let nowhere = Stipend::new("http://127.0.0.1:9", &Keypair::new());
    let lost = nowhere.run(&["status", "--timeout", "1"]).ends_with(3);
    assert!(lost.stderr.contains("cluster can't be reached"), "{}", lost.stderr);
    let stranger = Keypair::new();
    let poor = Stipend::new(&world.validator.url(), &stranger);
    let unpaid = poor.run(&["network", "open-reports", "--yes"]).ends_with(0);
    // There is nothing to open, so that nobody has to pay.
    assert_eq!(unpaid.stdout.lines().last(), Some("Every report is open"));
    let unpaid = poor.run(&["network", "pause", "--yes"]).ends_with(3);
    assert!(unpaid.stderr.contains(&format!("{} can't pay", stranger.pubkey())), "{}", unpaid.stderr);
}
