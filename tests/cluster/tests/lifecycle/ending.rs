//! Oracles and a crank that run on, nodes that change and leave, and the end.

use super::{
    first_epoch::{cost_of_one_opened, run_oracle},
    world::{
        open_epoch, rent_lamports, World, DEPOSIT_LAMPORTS, EMISSION_ATOMS, FEE_LAMPORTS, NODES, ORACLE_BOND_LAMPORTS,
        SLOT_LAMPORTS,
    },
};
use serde_json::{json, Value};
use std::fs;
use stipend_cluster_tests::Running;

/// Epochs that the sources know: more than this network lives.
const MEASURED_EPOCHS: u32 = 200;

/// What runs on while everything changes.
pub struct Services {
    oracles: [Running; 2],
    crank: Running,
}

/// From which epochs on what has changed.
pub struct Changes {
    /// Node a's boost holds.
    boosted: u64,
    /// Node a no longer earns.
    first_retired: u64,
    /// Nobody earns any more.
    last_retired: u64,
    /// No oracle measures any more.
    unmeasured: u64,
}

impl Changes {
    /// What node a earned from epoch 1 on: 100,000,000 of 125,000,000 points; then 225,000,000 of 250,000,000, half an atom each.
    fn first_atoms(&self) -> u64 {
        (self.boosted - 1) * 100_000_000 + (self.first_retired - self.boosted) * 112_500_000
    }

    /// What node b earned from epoch 1 on: the rest, and all of it once it is alone: 25,000,000 points, five atoms each.
    fn second_atoms(&self) -> u64 {
        (self.boosted - 1) * 25_000_000
            + (self.first_retired - self.boosted) * 12_500_000
            + (self.last_retired - self.first_retired) * EMISSION_ATOMS
    }
}

/// The oracle without a network measures no more, so that nobody waits for it.
pub fn let_an_oracle_go(world: &mut World) {
    let oracle = world.oracle(3);
    let removed = world.write(&["oracle", "remove", &oracle, "--at-once", "--authority", "heir.json"], 1, 2);
    assert_eq!(removed, json!({"network": world.network().to_string(), "oracle": oracle, "at_once": true}));
    let listed = &world.read(&["oracle", "list"])["oracles"][2];
    assert_eq!((&listed["state"], &listed["active_until"]), (&json!("removed"), &json!(1)));
    world.refused(&["oracle", "withdraw-bond", &oracle, "--yes"], 4, "bond is held until an epoch is closed");
}

/// Both oracles measure the same in every epoch.
pub fn start_services(world: &World) -> Services {
    let mut rows = "epoch,node,uptime_bps,bandwidth\n".to_owned();
    for epoch in 1..MEASURED_EPOCHS {
        rows.push_str(&format!("{epoch},a,10000,1000000\n{epoch},b,5000,0\n{epoch},c,3000,500\n"));
    }
    fs::write(world.stipend.path("source.csv"), rows).expect("a file");
    let rest = ["--poll-secs", "1", "--output", "json"].map(str::to_owned);
    let start = |number| world.stipend.start(&[&run_oracle(world, number, "source.csv")[..], &rest].concat(), None);
    let crank = ["crank", "run", "--network", &world.network().to_string()].map(str::to_owned);
    Services { oracles: [start(1), start(2)], crank: world.stipend.start(&[&crank[..], &rest].concat(), None) }
}

/// Once an epoch is closed that it did not measure.
pub fn withdraw_its_bond(world: &mut World) {
    world.wait("epoch 1 is closed", |status| open_epoch(status) > 1);
    let oracle = world.oracle(3);
    let network_before = world.lamports(&world.network());

    let withdrawn = world.write(&["oracle", "withdraw-bond", &oracle], 1, 1);

    let expected =
        json!({"network": world.network().to_string(), "oracle": oracle, "bond_lamports": ORACLE_BOND_LAMPORTS});
    assert_eq!(withdrawn, expected);
    assert_eq!(network_before - world.lamports(&world.network()), ORACLE_BOND_LAMPORTS);
    world.refused(&["oracle", "withdraw-bond", &oracle, "--yes"], 2, "holds no bond");
}

/// A node is boosted, one gets another owner, one is evicted, and at last all are retired and the oracles go.
pub fn change_nodes(world: &mut World) -> Changes {
    let [a, b, c] = NODES.map(|name| world.text(name));
    let heir = world.text("owner-3");
    let transferred = world.write(&["node", "transfer", &b, "--to", &heir, "--signer", "owner-2.json"], 1, 2);
    let effect = format!("give device {b} to {heir}, and what has accrued");
    assert_eq!(transferred, acted(world, &b, &effect));
    assert_eq!(world.read(&["node", "list", "--owner", &heir])["nodes"][0]["device"], b);
    assert_eq!(world.read(&["node", "show", &b])["owner"], heir);

    let boosted = boost(world, &a);
    evict(world, &c);
    world.wait("an epoch with the boost is closed", |status| open_epoch(status) > boosted);
    let retired = world.read(&["node", "list"])["nodes"][2].clone();
    assert_eq!((&retired["device"], &retired["state"]), (&json!(c), &json!("retired")));

    let first_retired = retire(world, &a, "owner-1", Some("moved away"));
    world.refused(&["node", "retire", &a, "--signer", "owner-1.json", "--yes"], 4, "node is retired");
    world.refused(&["node", "close", &a, "--yes"], 4, "node");
    world.wait("an epoch of the last node is closed", |status| open_epoch(status) > first_retired);
    let last_retired = retire(world, &b, "owner-3", None);

    for number in 1..=2 {
        let oracle = world.oracle(number);
        let removed = world.write(&["oracle", "remove", &oracle, "--authority", "heir.json"], 1, 2);
        assert_eq!(removed, json!({"network": world.network().to_string(), "oracle": oracle, "at_once": false}));
    }
    let listed = world.read(&["oracle", "list"]);
    let until = |place: usize| listed["oracles"][place]["active_until"].as_u64().expect("an epoch");
    let unmeasured = until(0).max(until(1));
    assert!(unmeasured > last_retired, "an oracle measures the epoch under way");
    Changes { boosted, first_retired, last_retired, unmeasured }
}

fn acted(world: &World, device: &str, effect: &str) -> Value {
    json!({"network": world.network().to_string(), "device": device, "effect": effect})
}

/// Returns the epoch from which on the boost holds: the next.
fn boost(world: &mut World, device: &str) -> u64 {
    let earliest = world.epoch() + 1;
    let boosted = world.write(&["node", "boost", device, "--bps", "22500", "--signer", "heir.json"], 1, 2);
    let latest = world.epoch() + 1;
    let effect = format!("boost device {device} by 22500 bps from the next epoch on");
    assert_eq!(boosted, acted(world, device, &effect));
    let next = world.read(&["node", "show", device])["next_boost"].clone();
    let from_epoch = next["from_epoch"].as_u64().expect("an epoch");
    assert_eq!(next, json!({"boost_bps": 22_500, "from_epoch": from_epoch}));
    assert!((earliest..=latest).contains(&from_epoch), "{from_epoch} is not within {earliest} and {latest}");
    from_epoch
}

fn evict(world: &mut World, device: &str) {
    let evict = ["node", "retire", device, "--signer", "registrar.json"];
    world.refused(&[&evict[..], &["--yes"]].concat(), 4, "eviction or voiding has no reason");
    let evicted = world.write(&[&evict[..], &["--reason", "never up"]].concat(), 1, 2);
    assert_eq!(evicted, acted(world, device, &format!("retire device {device}; it does not earn the epoch under way")));
    assert_eq!(world.read(&["node", "show", device])["state"], "retired");
}

/// Returns the first epoch that the node no longer earns: the one under way.
fn retire(world: &mut World, device: &str, owner: &str, reason: Option<&str>) -> u64 {
    let key = format!("{owner}.json");
    let retire = ["node", "retire", device, "--signer", &key];
    let because: Vec<_> = reason.iter().flat_map(|reason| ["--reason", reason]).collect();
    let earliest = world.epoch();
    let retired = world.write(&[&retire[..], &because].concat(), 1, 2);
    let latest = world.epoch();
    assert_eq!(retired, acted(world, device, &format!("retire device {device}; it does not earn the epoch under way")));
    let shown = world.read(&["node", "show", device]);
    assert_eq!(shown["state"], "retired");
    let until = shown["until"].as_u64().expect("an epoch");
    assert!((earliest..=latest).contains(&until), "{until} is not within {earliest} and {latest}");
    until
}

/// All that accrued from epoch 1 on is minted at once.
pub fn pay_everybody(world: &mut World, changes: &Changes) {
    let status = world.wait_until_settled(changes.last_retired);
    let (first_atoms, second_atoms) = (changes.first_atoms(), changes.second_atoms());
    // Each epoch but the first, which is claimed.
    assert_eq!(first_atoms + second_atoms, (changes.last_retired - 1) * EMISSION_ATOMS);
    assert_eq!(status["unclaimed_atoms"], first_atoms + second_atoms);
    world.refused(&["node", "close", &world.text("b"), "--yes"], 4, "node's slot has accrued atoms");

    let claimed = world.write(&["claim", "--all"], 1, 1);

    let tokens = |atoms: u64| format!("{}.{:09}", atoms / 1_000_000_000, atoms % 1_000_000_000);
    let mut owners = [("owner-1", first_atoms), ("owner-3", second_atoms)];
    owners.sort_by_key(|(owner, _)| world.key(owner).to_bytes());
    let paid = owners.map(|(owner, atoms)| {
        json!({
            "owner": world.text(owner), "token_account": world.token_account(owner).to_string(), "slots": 1,
            "accrued_atoms": atoms, "paid_atoms": atoms, "paid_tokens": tokens(atoms),
        })
    });
    let expected = json!({
        "network": world.network().to_string(), "decimals": 9, "accrued_atoms": first_atoms + second_atoms,
        "cost": cost_of_one_opened(), "mint_limit": null, "outrun_transactions": 0, "refused_transactions": 0, "owners": paid,
    });
    assert_eq!(claimed, expected);
    let atoms = ["owner-1", "owner-2", "owner-3"].map(|owner| world.atoms(owner));
    assert_eq!(atoms, [100_000_000 + first_atoms, 25_000_000, second_atoms]);
    assert_eq!(world.supply_atoms(), changes.last_retired * EMISSION_ATOMS);
}

/// What was paid for each goes back to who paid it, but for the slots: those are vacant.
pub fn close_nodes(world: &mut World) {
    for (name, left) in NODES.into_iter().zip(["nodes left: 2", "nodes left: 1", "a slot was vacated in epoch"]) {
        let (device, payer) = (world.text(name), world.text("payer"));
        let before = world.lamports(&world.directory(name));

        let closed = world.write(&["node", "close", &device], 1, 1);

        // 1,000,000 + 80 · 6,960 and 64 · 6,960 lamports.
        let effect = format!(
            "close device {device}'s node and pay 0.001556800 SOL of its deposit to {payer}; 0.000445440 SOL of it stay in the slot until \
             another node takes it or the shard shrinks"
        );
        assert_eq!(closed, acted(world, &device, &effect));
        assert_eq!(before - world.lamports(&world.directory(name)), DEPOSIT_LAMPORTS - SLOT_LAMPORTS);
        world.refused(&["node", "show", &device], 2, "a node that was closed is gone");
        world.refused(&["network", "close", "--authority", "heir.json", "--yes"], 4, left);
    }
}

/// Each of them says what it did in all that time.
pub fn stop_services(world: &mut World, services: Services, changes: &Changes) {
    let vacated = world.epoch();
    let last = vacated.max(changes.unmeasured);
    world.wait("no report and no bond answers for anything", |status| open_epoch(status) > last);
    let network = world.network().to_string();
    for (number, oracle) in (1..).zip(services.oracles) {
        let newest_epoch = oracle_until(world, number) - 1;
        let expected = json!({
            "network": network, "oracle": world.oracle(number), "newest_epoch": newest_epoch, "pending_epochs": [],
        });
        assert_eq!(oracle.stop().json(), expected);
    }
    let cranked = services.crank.stop().json();
    let told = |field: &str| cranked[field].as_u64().expect("a number");
    let open_epoch = open_epoch(&world.status());
    // Epochs 1 to the first in which nobody can earn any more; from then on the shard is dormant. Nothing is settled of that one.
    assert_eq!(told("scored"), changes.last_retired, "{cranked}");
    assert!((1..open_epoch).contains(&told("closed")), "{cranked}");
    assert!((told("scored") - 1..=told("scored")).contains(&told("judged")), "{cranked}");
    assert_eq!(told("settled"), changes.last_retired - 1, "{cranked}");
    for field in ["reports_opened", "claims", "outrun", "refused"] {
        assert_eq!(told(field), 0, "{cranked}");
    }
    let transactions = ["scored", "judged", "closed", "settled"].map(told).iter().sum::<u64>();
    assert_eq!(told("fee_lamports"), transactions * FEE_LAMPORTS);
    world.fees_lamports += transactions * FEE_LAMPORTS;
}

fn oracle_until(world: &World, number: usize) -> u64 {
    world.read(&["oracle", "list"])["oracles"][number - 1]["active_until"].as_u64().expect("an epoch")
}

/// Nothing is left but the tokens and what they lie in.
pub fn close_network(world: &mut World, changes: &Changes) {
    let verified = world.read(&["verify", "--epoch", &(changes.last_retired - 1).to_string()]);
    assert_eq!((&verified["verified"], &verified["emission_atoms"]), (&json!(true), &json!(EMISSION_ATOMS)));
    let (network, mint) = (world.network().to_string(), world.text("mint"));
    let close = ["network", "close", "--authority", "heir.json"];
    let dry = world.read(&[&close[..], &["--dry-run"]].concat());
    assert_eq!((&dry["done"]["sent"], &dry["done"]["transactions"]), (&json!(false), &json!(0)));
    world.refused(&["network", "close", "--yes"], 4, "is not the network's authority");

    // Three slots, three reports, the shard, its directories, two bonds; and the network, for which its authority signs too.
    let closed = world.write(&close, 7, 8);

    assert_eq!(closed, json!({"network": network, "mint": mint}));
    assert_eq!(world.read(&["network", "list"]), json!({"networks": []}));
    let closed = [world.network(), world.shard(), world.report(1), world.report(2), world.report(3)];
    for address in closed.into_iter().chain(world.directories()) {
        assert_eq!(world.lamports(&address), 0, "{address}");
    }
    // The mint and three owners' token accounts; every other rent and every bond is back.
    world.assert_paid(rent_lamports(82) + 3 * rent_lamports(165));
    assert_eq!(world.supply_atoms(), changes.last_retired * EMISSION_ATOMS);
    // Nobody can mint any more, and so nobody can make another network of this mint.
    let again = ["network", "create", "--mint", &mint, "--emission-atoms", "1", "--yes"];
    world.refused(&again, 4, "signer is not the mint's authority");
}
