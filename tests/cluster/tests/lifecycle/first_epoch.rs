//! The first epoch, each step by hand: measured in three ways, reported in three, settled once, and claimed.

use super::world::{rent_lamports, World, DEPOSIT_LAMPORTS, EMISSION_ATOMS, EPOCH_SECS, FEE_LAMPORTS, NODES, SOL};
use serde_json::{json, Value};
use std::fs;

/// Samples are taken every 6 seconds of 60.
const SAMPLES: i64 = 10;

/// What each source says of epoch 0, and what can be said before it is over.
pub fn measure(world: &World) {
    let (genesis, epoch_secs) = (world.genesis.to_string(), EPOCH_SECS.to_string());
    // Node a answers all 10 times, b the first 5, c the first 3.
    let mut samples = "time,node,served\n".to_owned();
    for (node, answers, served) in [("a", 10, 1_000_000), ("b", 5, 0), ("c", 3, 500)] {
        for sample in 0..answers {
            let time = world.genesis + sample * EPOCH_SECS / SAMPLES;
            samples.push_str(&format!("{time},{node},{served}\n"));
        }
    }
    fs::write(world.stipend.path("samples.csv"), samples).expect("a file");
    let columns = ["--time-column", "time", "--node-column", "node", "--uptime-column", "time"];
    let window = ["--bandwidth-column", "served", "--sample-secs", "6", "--epoch-secs", &epoch_secs];
    let measure = ["oracle", "measure", "--epoch", "0", "--genesis", &genesis, "--settle-secs", "0"];
    let samples = ["--samples", "samples.csv", "--out", "measured-1.csv"];
    world.stipend.run(&[&measure[..], &samples, &columns, &window].concat()).ends_with(0);
    let both = "epoch,node,uptime_bps,bandwidth\n0,a,10000,1000000\n0,b,5000,0\n0,c,3000,500\n";
    assert_eq!(read(world, "measured-1.csv"), both);

    // The second measured by itself, and knows uptimes only.
    let uptimes = "epoch,node,uptime_bps,bandwidth\n0,a,10000,\n0,b,5000,\n0,c,3000,\n";
    fs::write(world.stipend.path("measured-3.csv"), uptimes).expect("a file");

    // The third asks a source that has measured already, once the epoch is over.
    let source = ["--measurements", "measured-1.csv", "--epoch-secs", &epoch_secs, "--out", "measured-2.csv"];
    world.stipend.run(&[&measure[..], &source].concat()).ends_with(0);
    assert_eq!(read(world, "measured-2.csv"), both);
    world.wait("epoch 0 is over", |status| status["open_epoch"]["phase"] == "reported");
}

fn read(world: &World, name: &str) -> String {
    fs::read_to_string(world.stipend.path(name)).expect("a file")
}

/// One oracle pays itself, one is paid for, one signs on a machine without a network.
pub fn report(world: &mut World) {
    let network = world.network().to_string();
    for number in 1..=2 {
        let run = run_oracle(world, number, &format!("measured-{number}.csv"));
        let run: Vec<_> = run.iter().map(String::as_str).collect();
        let reported = world.read(&[&run[..], &["--once"]].concat());
        let expected =
            json!({"network": network, "oracle": world.oracle(number), "newest_epoch": 0, "pending_epochs": []});
        assert_eq!(reported, expected);
    }
    // The oracle's signature is the transaction's; a relayed one is checked beside it.
    assert_eq!(world.lamports(&world.oracle(1).parse().expect("an address")), SOL - FEE_LAMPORTS);
    assert_eq!(world.lamports(&world.key("relayer")), SOL - 2 * FEE_LAMPORTS);

    // What was signed for another domain is no report of this network.
    let foreign = "00".repeat(8);
    let sign =
        ["oracle", "sign", "measured-3.csv", "--key", "oracle-3.json", "--network", &network, "--domain", &foreign];
    world.stipend.run(&[&sign[..], &["--slots", "slots.csv", "--out", "foreign.batches"]].concat()).ends_with(0);
    let refused = world.stipend.run(&["oracle", "relay", "foreign.batches", "--output", "json"]).ends_with(4);
    assert!(refused.stderr.contains("report is signed for another domain"), "{}", refused.stderr);
    let domain = world.domain.clone();
    let sign =
        ["oracle", "sign", "measured-3.csv", "--key", "oracle-3.json", "--network", &network, "--domain", &domain];
    world.stipend.run(&[&sign[..], &["--slots", "slots.csv", "--out", "signed.batches"]].concat()).ends_with(0);
    let told = |told: &Value| [&told["batches"], &told["missing"], &told["sent"], &told["arrived"]].map(Value::clone);
    let relay = ["oracle", "relay", "signed.batches"];
    let looked = world.read(&[&relay[..], &["--dry-run"]].concat());
    assert_eq!(told(&looked), [1, 1, 0, 0].map(Value::from));
    let mut relayed = world.read(&relay);
    let units = relayed.as_object_mut().and_then(|relayed| relayed.remove("compute_units"));
    assert!(units.and_then(|units| units.as_u64()) > Some(0));
    let fee_lamports = 2 * FEE_LAMPORTS;
    let expected = json!({
        "batches": 1, "arrived": 0, "passed": 0, "missing": 0, "reports_opened": 0, "sent": 1, "refused": [],
        "fee_lamports": fee_lamports,
    });
    assert_eq!(relayed, expected);
    world.fees_lamports += fee_lamports;
    assert_eq!(told(&world.read(&relay)), [1, 0, 0, 1].map(Value::from));

    let open = &world.status()["open_epoch"];
    for oracle in open["oracles"].as_array().expect("oracles") {
        assert_eq!((&oracle["complete"], &oracle["missing"]), (&json!([0]), &json!([])), "{open}");
    }
}

/// The words that run an oracle with its own key, journal and payer.
pub fn run_oracle(world: &World, number: usize, source: &str) -> Vec<String> {
    let line = match number {
        1 => "oracle run --key oracle-1.json --journal journal-1 --signed",
        _ => "oracle run --key oracle-2.json --journal journal-2 --relayed-by relayer.json",
    };
    let network = world.network().to_string();
    let rest = ["--measurements", source, "--labels", "labels.csv", "--settle-secs", "0", "--network", &network];
    line.split(' ').chain(rest).map(str::to_owned).collect()
}

/// A crank does all that is due, once, and anybody can check it.
pub fn settle(world: &mut World) {
    let network = world.network().to_string();
    let can_do = world.status()["can_do"].clone();
    assert_eq!(can_do, json!([{"instruction": "score_shard", "epoch": 0, "shards": [0]}]));
    let cranked = world.read(&["crank", "run", "--once", "--network", &network]);
    let fee_lamports = 4 * FEE_LAMPORTS;
    let expected = json!({
        "network": network, "open_epoch": 1, "scored": 1, "judged": 1, "closed": 1, "settled": 1, "reports_opened": 0,
        "claims": 0, "claims_without_token_account": 0, "outrun": 0, "refused": 0, "fee_lamports": fee_lamports,
    });
    assert_eq!(cranked, expected);
    world.fees_lamports += fee_lamports;

    // 100,000,000 and 25,000,000 points share 125,000,000 atoms.
    let verified = world.read(&["verify", "--epoch", "0"]);
    let expected = json!({
        "network": network, "epoch": 0, "verified": true, "policy_from_epoch": 0, "uptime_weight_bps": 5_000,
        "min_uptime_bps": 5_000, "bandwidth_cap": 1_000_000, "bandwidth_unit": "kbit/s", "quorum": 2,
        "emission_atoms": EMISSION_ATOMS, "total_score": 125_000_000, "paid_atoms": 125_000_000, "unsettled_shards": 0,
        "shards": [{"shard": 0, "slots": 3, "medians_rebuilt": true, "scores_rebuilt": 3, "total_score": 125_000_000}],
        "mismatches": [], "gaps": [],
    });
    assert_eq!(verified, expected);
    let status = world.status();
    assert_eq!((&status["unclaimed_atoms"], &status["supply_atoms"]), (&json!(EMISSION_ATOMS), &json!(0)));
    let expected = json!({
        "open_epoch_atoms": EMISSION_ATOMS, "cap_atoms": 1_000_000_000_000_u64, "scheduled_atoms": EMISSION_ATOMS,
        "carried_atoms": 0, "accrued_atoms": EMISSION_ATOMS, "minted_atoms": 0,
    });
    assert_eq!(status["budget"], expected);

    // Two values of three nodes, and the uptimes alone.
    for (number, values) in [(1, 6), (2, 6), (3, 3)] {
        let oracle = &world.read(&["oracle", "list"])["oracles"][number - 1];
        assert_eq!((&oracle["reports_made"], &oracle["reports_missed"]), (&json!(1), &json!(0)));
        assert_eq!((&oracle["values_judged"], &oracle["values_outside"]), (&json!(values), &json!(0)));
    }
    explain(world);

    // At half an atom a point, half of the epoch would have been kept back.
    let simulated = world.read(&["simulate-policy", "--max-reward-atoms", "50000000"]);
    let totals = |paid_atoms, kept_back_atoms, least_atoms, most_atoms| {
        json!({
            "paid_atoms": paid_atoms, "kept_back_atoms": kept_back_atoms, "earning_nodes": 2, "largest_ten_bps": 10_000,
            "least_atoms": least_atoms, "most_atoms": most_atoms,
        })
    };
    assert_eq!(simulated["before"], totals(EMISSION_ATOMS, 0, 25_000_000, 100_000_000));
    assert_eq!(simulated["after"], totals(62_500_000, 62_500_000, 12_500_000, 50_000_000));
}

fn explain(world: &World) {
    let expected = [
        (
            "scored",
            10_000,
            1_000_000,
            100_000_000,
            "Epoch 0 scored 100,000,000 with all that was measured. That was 100,000,000 atoms.",
        ),
        (
            "scored",
            5_000,
            0,
            25_000_000,
            "Epoch 0 scored 25,000,000 with all that was measured. That was 25,000,000 atoms.",
        ),
        (
            "below_minimum_uptime",
            3_000,
            500,
            0,
            "Epoch 0 brought nothing: its uptime of 30.00 % is below the minimum of 50.00 %.",
        ),
    ];
    for (name, (reason, uptime_bps, bandwidth, score, why)) in NODES.into_iter().zip(expected) {
        let explained = world.read(&["explain", &world.text(name)]);
        let oracles = (1..=3).map(|number| {
            let bandwidth = if number == 3 { Value::Null } else { json!(bandwidth) };
            json!({
                "oracle": world.oracle(number), "report": "reported", "uptime_bps": uptime_bps, "bandwidth": bandwidth,
            })
        });
        let oracles: Vec<_> = oracles.collect();
        // A point is an atom in this epoch.
        let scored = json!({
            "epoch": 0, "reason": reason, "uptime_bps": uptime_bps, "bandwidth": bandwidth, "score": score,
            "boost_bps": 10_000,
            "rules": {
                "quorum": 2, "min_uptime_bps": 5_000, "uptime_gate": false, "uptime_weight_bps": 5_000,
                "bandwidth_cap": 1_000_000,
            },
            "reward_atoms": score, "kept_back_atoms": 0, "dispute_end": null, "void_reason": null, "settled": true,
            "oracles": oracles,
        });
        assert_eq!((&explained["scored"], &explained["why"]), (&scored, &json!(why)));
        assert_eq!(
            (&explained["accrued_atoms"], &explained["deposit"]["lamports"]),
            (&json!(score), &json!(DEPOSIT_LAMPORTS))
        );
    }
}

/// By node, by owner, and for everybody, when nobody is owed any more.
pub fn claim(world: &mut World) {
    let (a, second) = (world.text("a"), world.text("owner-2"));
    claim_one(world, &["claim", "--node", &a], "owner-1", 100_000_000, "0.100000000");
    claim_one(world, &["claim", "--owner", &second], "owner-2", 25_000_000, "0.025000000");
    let expected = json!({
        "network": world.network().to_string(), "sent": false, "decimals": 9, "accrued_atoms": 0,
        "cost": {"transactions": 0, "fee_lamports": 0, "token_accounts": 0, "rent_lamports": 0}, "mint_limit": null,
        "transactions": 0, "outrun_transactions": 0, "refused_transactions": 0, "fee_lamports": 0, "owners": [],
    });
    assert_eq!(world.read(&["claim", "--all", "--yes"]), expected);
    assert_eq!(world.supply_atoms(), EMISSION_ATOMS);
}

/// What is told of a claim in one transaction that opens one token account.
pub fn cost_of_one_opened() -> Value {
    json!({"transactions": 1, "fee_lamports": FEE_LAMPORTS, "token_accounts": 1, "rent_lamports": rent_lamports(165)})
}

fn claim_one(world: &mut World, claim: &[&str], owner: &str, atoms: u64, tokens: &str) {
    let before = world.lamports(&world.key("payer"));

    let claimed = world.write(claim, 1, 1);

    let expected = json!({
        "network": world.network().to_string(), "decimals": 9, "accrued_atoms": atoms, "cost": cost_of_one_opened(),
        "mint_limit": null, "outrun_transactions": 0, "refused_transactions": 0,
        "owners": [{
            "owner": world.text(owner), "token_account": world.token_account(owner).to_string(), "slots": 1,
            "accrued_atoms": atoms, "paid_atoms": atoms, "paid_tokens": tokens,
        }],
    });
    assert_eq!(claimed, expected);
    assert_eq!(world.atoms(owner), atoms);
    assert_eq!(before - world.lamports(&world.key("payer")), FEE_LAMPORTS + rent_lamports(165));
}
