//! What needs no cluster, and what is made before the first epoch.

use super::world::{
    rent_lamports, World, DEPOSIT_LAMPORTS, EMISSION_ATOMS, EPOCH_SECS, GIVEN_LAMPORTS, NODES, NODE_BOND_LAMPORTS,
    ORACLE_BOND_LAMPORTS, SLOT_LAMPORTS, SOL,
};
use serde_json::{json, Value};
use std::fs;

/// From the creation to the first epoch: nodes, oracles and reports come before it.
const GENESIS: &str = "+75";
const CAP_ATOMS: u64 = 1_000_000_000_000;
const SLOTS: &str = "16";

/// Completions, and a network on the VM of the command's own process.
pub fn work_without_a_cluster(world: &World) {
    let stipend = &world.stipend;
    let script = stipend.run(&["completions", "bash"]).ends_with(0).stdout;
    assert!(script.contains("complete -F _stipend"), "{script}");
    let leaves = stipend.leaves();
    assert!(leaves.contains("node register") && leaves.contains("airdrop"), "{leaves:?}");
    for leaf in leaves {
        let last = leaf.split(' ').next_back().expect("a name");
        assert!(script.contains(last), "{leaf} is not completed");
    }

    // 10,000 · (5,000 + 5,000) points of 100,000,000 that are shared among 100,000,000 atoms: one each.
    fs::write(stipend.path("demo.csv"), "epoch,node,uptime_bps,bandwidth\n0,lamp,10000,1000000\n").expect("a file");
    let shown = world.read(&["demo", "--measurements", "demo.csv", "--emission-atoms", "100000000"]);
    assert_eq!(
        shown["epochs"],
        json!([{
            "epoch": 0, "emission_atoms": 100_000_000, "total_score": 100_000_000,
            "nodes": [{
                "node": "lamp", "uptime_bps": 10_000, "bandwidth": 1_000_000, "score": 100_000_000,
                "reward_atoms": 100_000_000, "reason": "scored",
            }],
        }])
    );
    assert_eq!(shown["balances"], json!([{"node": "lamp", "atoms": 100_000_000}]));
}

/// SOL, keys, the network, its oracles, its nodes and the reports.
pub fn found(world: &mut World) {
    let given = world.read(&["airdrop", "100"]);
    assert_eq!(given, json!({"address": world.text("payer"), "balance_lamports": GIVEN_LAMPORTS}));
    // Both names of the command make the same kind of key.
    for (number, keygen) in (1..).zip([&["oracle", "keygen"][..], &["keygen"], &["oracle", "keygen"]]) {
        let name = format!("oracle-{number}.json");
        let printed = world.stipend.run(&[keygen, &["--out", &name]].concat()).ends_with(0).stdout;
        assert_eq!(printed, format!("{}\n", world.oracle(number)));
    }
    world.refused(&["oracle", "keygen", "--out", "oracle-1.json"], 2, "`oracle-1.json` exists");
    // One pays for itself, one is paid for.
    for address in [world.oracle(1), world.text("relayer")] {
        assert_eq!(world.read(&["airdrop", "1", "--to", &address])["balance_lamports"], SOL);
    }

    create(world);
    for number in 1..=3 {
        let oracle = world.oracle(number);
        let added = world.write(&["oracle", "add", &oracle], 1, 1);
        let network = world.network().to_string();
        let expected =
            json!({"network": network, "oracle": oracle, "from_epoch": 0, "bond_lamports": ORACLE_BOND_LAMPORTS});
        assert_eq!(added, expected, "the first epoch began before the oracles were there: GENESIS is to be more");
    }
    register(world);
    // Three reports in one transaction, and none the second time.
    let network = world.network().to_string();
    let opened = world.write(&["network", "open-reports"], 1, 1);
    assert_eq!(opened, json!({"network": network, "missing": 3}));
    let again = world.read(&["network", "open-reports", "--yes"]);
    assert_eq!((&again["missing"], &again["done"]["transactions"]), (&json!(0), &json!(0)));
}

fn create(world: &mut World) {
    let (registrar, guardian) = (world.text("registrar"), world.text("guardian"));
    let (emission, cap) = (EMISSION_ATOMS.to_string(), CAP_ATOMS.to_string());
    let (node_bond, oracle_bond) = (NODE_BOND_LAMPORTS.to_string(), ORACLE_BOND_LAMPORTS.to_string());
    let epoch_secs = EPOCH_SECS.to_string();
    let mint = ["network", "create", "--create-mint", "--mint-key", "mint.json", "--shard-capacity", SLOTS];
    let budget = ["--emission-atoms", &emission, "--cap-atoms", &cap, "--carry-epochs", "0"];
    // The longest report window that there is, and a scoring window that is longer than this test.
    let windows = ["--report-secs", &epoch_secs, "--score-secs", "1200"];
    let times = [&["--genesis", GENESIS, "--epoch-secs", &epoch_secs][..], &windows].concat();
    let roles = ["--registrar", &registrar, "--guardian", &guardian, "--max-boost-bps", "25000"];
    let bonds = ["--bond-lamports", &node_bond, "--oracle-bond-lamports", &oracle_bond];
    // The mint's key signs too.
    let created = world.write(&[&mint[..], &budget, &times[..], &roles, &bonds].concat(), 1, 2);
    world.domain = created["domain"].as_str().expect("a domain").to_owned();
    assert_eq!(world.domain.len(), 16);
    let (network, mint) = (world.network().to_string(), world.text("mint"));
    assert_eq!(created, json!({"network": network, "mint": mint, "domain": world.domain}));
    world.genesis = world.read(&["network", "show"])["genesis"].as_i64().expect("a genesis");
}

/// A file for the first owner's device, a folder for the others'.
fn register(world: &mut World) {
    let [first, second] = ["owner-1", "owner-2"].map(|owner| world.text(owner));
    let [a, b, c] = NODES.map(|name| world.text(name));
    let network = world.network().to_string();
    let alone = ["node", "register", "--device", "a.json", "--owner", &first];
    world.refused(&[&alone[..], &["--yes"]].concat(), 4, "registration needs the signature of the network's registrar");
    let alone = [&alone[..], &["--registrar", "registrar.json"]].concat();
    // Payer, device and registrar.
    let registered = world.write(&alone, 1, 3);
    assert_eq!(registered, json!({"network": network, "owner": first, "registered": [a], "already_registered": []}));
    let both = ["node", "register", "--devices", "devices", "--owner", &second, "--registrar", "registrar.json"];
    let registered = world.write(&both, 1, 4);
    assert_eq!(
        registered,
        json!({"network": network, "owner": second, "registered": [b, c], "already_registered": []})
    );
    let again = world.read(&[&both[..], &["--yes"]].concat());
    assert_eq!((&again["done"]["sent"], &again["already_registered"]), (&json!(false), &json!([b, c])));
    world.refused(&["node", "register", "--device", "a.json", "--yes"], 2, &format!("its owner is {first}"));
}

/// What every command that reads says of a network that waits for its first epoch.
pub fn look_before_the_first_epoch(world: &World) {
    look_at_status(world);
    look_at_network(world);
    look_at_nodes(world);
    let oracles = (1..=3).map(|number| {
        json!({
            "oracle": world.oracle(number), "state": "active", "active_from": 0, "active_until": null, "reports_made": 0,
            "reports_missed": 0, "values_judged": 0, "values_outside": 0, "bond_lamports": ORACLE_BOND_LAMPORTS,
            "bond_payer": world.text("payer"),
        })
    });
    let oracles: Vec<_> = oracles.collect();
    let expected = json!({"network": world.network().to_string(), "open_epoch": 0, "oracles": oracles});
    assert_eq!(world.read(&["oracle", "list"]), expected);
}

fn look_at_status(world: &World) {
    let status = world.status();
    let (now, genesis) = (status["now"].as_i64().expect("a time"), world.genesis);
    assert!(now < genesis, "the first epoch began before all was there: GENESIS is to be more");
    let deadline = |what: &str, at: i64| json!({"what": what, "at": at, "in_secs": at - now});
    let [ends, reports_until, scores_until] = [60, 120, 1_260].map(|secs| genesis + secs);
    // The network's own 7,744 bytes, and three bonds.
    let network_lamports = rent_lamports(7_744) + 3 * ORACLE_BOND_LAMPORTS;
    // A shard and directories of 136 and 96 bytes without what three nodes paid for; three reports of 16 slots: 200 bytes and 6 a
    // slot; and the mint's 82 bytes.
    let others_lamports = rent_lamports(136)
        + world.directories().len() as u64 * rent_lamports(96)
        + 3 * DEPOSIT_LAMPORTS
        + 3 * rent_lamports(200 + 6 * 16)
        + rent_lamports(82);
    world.assert_paid(network_lamports + others_lamports);
    let payer_lamports = world.lamports(&world.key("payer"));
    let oracle = |number| json!({"oracle": world.oracle(number), "complete": [], "incomplete": [], "missing": [0], "not_opened": []});
    let balance =
        |role: &str, address: String, lamports: u64| json!({"role": role, "address": address, "lamports": lamports});
    let expected = json!({
        "network": world.network().to_string(), "mint": world.text("mint"), "paused": false, "pause_ends_at": null, "now": now, "epoch": null,
        "genesis": genesis,
        "open_epoch": {
            "epoch": 0, "phase": "measured", "ends": ends, "windows_begin": ends, "reports_until": reports_until, "scores_until": scores_until,
            "scored_shards": 0, "awake_shards": 1, "total_score": 0, "oracles": [oracle(1), oracle(2), oracle(3)],
        },
        "shards": [{"shard": 0, "slots": 3, "vacant_slots": 0, "dormant": false, "scored": false, "unsettled_epoch": null}],
        "deadlines": [
            deadline("epoch 0 begins", genesis), deadline("epoch 0 ends", ends),
            deadline("epoch 0 takes no more reports", reports_until),
            deadline("closing epoch 0 waits for no shard", scores_until),
        ],
        "last_closed": null, "can_do": [], "budget": budget_of_nothing(), "unclaimed_atoms": 0, "supply_atoms": 0, "decimals": 9,
        "balances": [
            balance("network", world.network().to_string(), network_lamports),
            balance("authority", world.text("payer"), payer_lamports),
            balance("oracle", world.oracle(1), SOL), balance("oracle", world.oracle(2), 0),
            balance("oracle", world.oracle(3), 0),
        ],
    });
    assert_eq!(status, expected);
}

fn budget_of_nothing() -> Value {
    json!({
        "open_epoch_atoms": EMISSION_ATOMS, "cap_atoms": CAP_ATOMS, "scheduled_atoms": 0, "carried_atoms": 0,
        "accrued_atoms": 0, "minted_atoms": 0,
    })
}

fn look_at_network(world: &World) {
    let (network, mint, payer) = (world.network().to_string(), world.text("mint"), world.text("payer"));
    let shown = world.read(&["network", "show"]);
    let expected = json!({
        "network": network, "mint": mint, "id": 0, "domain": world.domain,
        "token_program": "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "authority": payer, "pending_authority": null,
        "guardian": world.text("guardian"), "payer": payer, "paused": false, "pause_ends_at": null, "bandwidth_unit": "kbit/s",
        "genesis": world.genesis, "epoch_secs": 60, "shard_capacity": 16, "shards": 1, "awake_shards": 1,
        "directories": world.directories().len(), "open_epoch": 0,
        "oracles": 3, "rules": rules(world, 0, 500), "next_rules": null, "budget": budget_of_nothing(),
    });
    assert_eq!(shown, expected);
    let listed = world.read(&["network", "list"]);
    let expected = json!({"networks": [{
        "network": network, "mint": mint, "id": 0, "authority": payer, "bandwidth_unit": "kbit/s", "paused": false,
        "open_epoch": 0, "shards": 1, "oracles": 3,
    }]});
    assert_eq!(listed, expected);
    assert_eq!(world.read(&["network", "list", "--mint", &world.text("heir")]), json!({"networks": []}));
}

/// The network's rules; but for the tolerance they never change.
pub fn rules(world: &World, from_epoch: u64, tolerance_bps: u64) -> Value {
    json!({
        "from_epoch": from_epoch, "report_secs": 60, "score_secs": 1_200, "uptime_weight_bps": 5_000,
        "min_uptime_bps": 5_000, "bandwidth_cap": 1_000_000, "min_boost_bps": 10_000, "max_boost_bps": 25_000,
        "tolerance_bps": tolerance_bps, "quorum": 2, "registrar": world.text("registrar"),
        "bond_lamports": NODE_BOND_LAMPORTS, "oracle_bond_lamports": ORACLE_BOND_LAMPORTS, "mint_limit_atoms": 0,
        "per_epoch_atoms": EMISSION_ATOMS, "decay_bps": 0, "decay_every_epochs": 0, "carry_epochs": 0,
        "uptime_mode": "multiply", "max_reward_atoms": 0, "dispute_secs": 0, "arbiter": null,
    })
}

fn look_at_nodes(world: &World) {
    let network = world.network().to_string();
    let owners = ["owner-1", "owner-2", "owner-2"];
    let nodes = NODES.iter().zip(owners).enumerate().map(|(slot, (name, owner))| {
        json!({
            "device": world.text(name), "owner": world.text(owner), "shard": 0, "slot": slot,
            "state": "starting", "from_epoch": 0, "until": null, "boost_bps": 10_000, "scored_epoch": null, "uptime_bps": null,
            "bandwidth": null, "score": 0, "reason": null, "accrued_atoms": 0,
        })
    });
    let nodes: Vec<_> = nodes.collect();
    assert_eq!(world.read(&["node", "list"]), json!({"network": network, "nodes": nodes}));
    let of_second = world.read(&["node", "list", "--owner", &world.text("owner-2")]);
    assert_eq!(of_second, json!({"network": network, "nodes": nodes[1..]}));

    let [a, b, c] = NODES.map(|name| world.text(name));
    fs::write(world.stipend.path("labels.csv"), format!("node,device\na,{a}\nb,{b}\nc,{c}\n")).expect("a file");
    let slots = world.stipend.run(&["node", "slots"]).ends_with(0).stdout;
    assert_eq!(slots, format!("node,shard,slot\n{a},0,0\n{b},0,1\n{c},0,2\n"));
    let slots = world.stipend.run(&["node", "slots", "--labels", "labels.csv"]).ends_with(0).stdout;
    assert_eq!(slots, "node,shard,slot\na,0,0\nb,0,1\nc,0,2\n");
    fs::write(world.stipend.path("slots.csv"), slots).expect("a file");

    let shown = world.read(&["node", "show", &a]);
    let expected = json!({
        "network": network, "device": a, "owner": world.text("owner-1"), "directory": world.directory("a").to_string(),
        "shard": 0, "slot": 0, "state": "starting", "from_epoch": 0, "until": null, "boost_bps": 10_000,
        "next_boost": null, "accrued_atoms": 0, "bandwidth_unit": "kbit/s",
        "deposit": {
            "payer": world.text("payer"), "lamports": DEPOSIT_LAMPORTS, "slot_lamports": SLOT_LAMPORTS,
        },
        "scored": null, "why": "The node was never scored: its shard has not been scored since it came.",
    });
    assert_eq!(shown, expected);
    assert_eq!(world.read(&["node", "explain", &a]), expected);
    assert_eq!(world.read(&["explain", &a]), expected);
    world.refused(&["node", "show", &world.text("heir")], 2, "has no device");
}
