use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use solana_signer::Signer as _;
use stipend_client::claim::OwnerClaim;
use stipend_client::embedded::EmbeddedLedger;
use stipend_client::ledger::Accounts as _;
use stipend_client::program::instructions::NetworkParams;
use stipend_client::program::state::{EmissionParams, Entry, PolicyParams};
use stipend_client::{address, instruction};

use super::*;
use stipend_demo::embedded_ledger;

const GENESIS: i64 = 1_700_000_000;
const EPOCH_SECS: u32 = 3_600;
const EMISSION_ATOMS: u64 = 1_024_000;
/// What each of three nodes earns in an epoch: 1,024,000 / 3 atoms, floored.
const THIRD_ATOMS: u64 = 341_333;
/// Rent of a token account: 6,960 lamports for each of 165 bytes and 128 more.
const RENT_LAMPORTS: u64 = 2_039_280;

#[derive(Parser)]
struct Only {
    #[command(flatten)]
    args: Args,
}

fn options(options: &[&str]) -> Result<Args, clap::Error> {
    Ok(Only::try_parse_from([&["claim"], options].concat())?.args)
}

fn key(seed: u8) -> Keypair {
    Keypair::new_from_array([seed; 32])
}

/// Three owners, in the order in which they are told.
fn owners() -> [Address; 3] {
    let mut owners = [31, 32, 33].map(|seed| key(seed).pubkey());
    owners.sort_unstable();
    owners
}

/// A network with a node of each of three owners, which owes them `epochs` epochs. Its tokens have 3 decimals.
struct World {
    ledger: EmbeddedLedger,
    payer: Keypair,
    network: Address,
    mint: Address,
    folder: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        // It is made by the first claim of an owner.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl World {
    fn new(mint_limit_atoms: u64, epochs: u32) -> Self {
        Self::with(params(mint_limit_atoms), epochs)
    }

    fn with(params: NetworkParams, epochs: u32) -> Self {
        let mut ledger = embedded_ledger(GENESIS - 1).expect("a VM");
        let (payer, mint_key, oracle) = (key(1), key(2), key(3));
        let (authority, mint) = (payer.pubkey(), mint_key.pubkey());
        for rich in [authority, oracle.pubkey()] {
            ledger.airdrop(&rich, 1_000_000_000_000).expect("lamports");
        }
        let token_program = spl_token_interface::ID;
        let rent = ledger.rent_lamports(instruction::MINT_BYTES).expect("a rent");
        let create = instruction::create_mint(&authority, &mint, &authority, &token_program, 3, rent);
        ledger.send(&payer, &create, &[&mint_key]).expect("a mint");
        let network = address::network(&mint, 0);
        let create = instruction::create_network(&authority, &authority, &mint, &token_program, params);
        let add = instruction::add_oracle(&authority, &authority, &network, &oracle.pubkey());
        ledger.send(&payer, &[create, add], &[]).expect("a network");

        let mut client = NetworkClient::new(&mut ledger, &payer, network);
        for (device, owner) in (40..).zip(owners()) {
            client.register(&key(device), None, &owner).expect("registered");
        }
        client.open_reports(0).expect("opened");
        for epoch in 0..epochs {
            ledger.warp_to(GENESIS + i64::from(epoch + 1) * i64::from(EPOCH_SECS));
            let mut client = NetworkClient::new(&mut ledger, &payer, network);
            for shard in client.shards().expect("shards") {
                let entries = vec![Entry::new(Some(10_000), None); shard.slots.len()];
                client.report(&oracle, &shard.address, epoch, &entries).expect("reported");
            }
            client.score(epoch).expect("scored");
            client.close().expect("closed");
            client.settle().expect("settled");
        }
        static WORLDS: AtomicUsize = AtomicUsize::new(0);
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("stipend-claim-{}-{number}", std::process::id()));
        Self { ledger, payer, network, mint, folder }
    }

    fn claim(&mut self, args: &[&str]) -> Result<(Outcome, Option<Failure>), Failure> {
        self.claim_by(SHARDS_AT_ONCE, args)
    }

    fn claim_by(&mut self, shards_at_once: u32, args: &[&str]) -> Result<(Outcome, Option<Failure>), Failure> {
        let Args { whose, consent, .. } = options(args).expect("options");
        let folder = Some(self.folder.as_path());
        claim(&mut self.ledger, &self.payer, &self.network, &whose, &consent, folder, shards_at_once)
    }

    fn token_account(&self, owner: &Address) -> Address {
        address::associated_token(owner, &self.mint, &spl_token_interface::ID)
    }

    /// What each owner has, none where no token account is open.
    fn atoms(&mut self) -> [Option<u64>; 3] {
        owners().map(|owner| {
            let found = self.ledger.account(&self.token_account(&owner)).expect("read");
            found.map(|found| account::token_atoms(&found.data).expect("a token account"))
        })
    }
}

fn params(mint_limit_atoms: u64) -> NetworkParams {
    NetworkParams {
        id: 0,
        genesis: GENESIS,
        epoch_secs: EPOCH_SECS,
        shard_capacity: 8,
        unit: *b"kbit/s\0\0\0\0\0\0\0\0\0\0",
        guardian: None,
        cap_atoms: u64::MAX,
        policy: PolicyParams {
            report_secs: 600,
            score_secs: 2 * EPOCH_SECS,
            uptime_weight_bps: 10_000,
            bandwidth_cap: 1,
            max_boost_bps: 10_000,
            quorum: 1,
            mint_limit_atoms,
            ..PolicyParams::default()
        },
        emission: EmissionParams { per_epoch_atoms: EMISSION_ATOMS, ..EmissionParams::default() },
    }
}

#[test]
fn what_is_only_looked_at_is_told_with_its_cost_and_nothing_is_sent() {
    let mut world = World::new(EMISSION_ATOMS, 1);

    let (outcome, failure) = world.claim(&["--all", "--dry-run"]).expect("looked at");

    assert!(failure.is_none());
    let owners = owners().map(|owner| Paid {
        owner: owner.to_string(),
        token_account: world.token_account(&owner).to_string(),
        slots: 1,
        accrued_atoms: THIRD_ATOMS.into(),
        paid_atoms: 0,
        paid_tokens: "0.000".to_owned(),
    });
    let expected = Outcome {
        network: world.network.to_string(),
        sent: false,
        decimals: 3,
        accrued_atoms: 3 * u128::from(THIRD_ATOMS),
        // Under a limit each claim has a transaction of its own, of one signature.
        cost: Cost { transactions: 3, fee_lamports: 15_000, token_accounts: 3, rent_lamports: 3 * RENT_LAMPORTS },
        mint_limit: Some(Limit { epoch: 1, limit_atoms: EMISSION_ATOMS, left_atoms: EMISSION_ATOMS }),
        transactions: 0,
        outrun_transactions: 0,
        refused_transactions: 0,
        fee_lamports: 0,
        owners: owners.into(),
    };
    assert_eq!(outcome, expected);
    assert_eq!(world.atoms(), [None; 3]);
}

#[test]
fn what_is_claimed_is_paid_once() {
    let mut world = World::new(0, 1);
    let [_, second, _] = owners();

    let (one, _) = world.claim(&["--owner", &second.to_string(), "--yes"]).expect("claimed");
    let (rest, _) = world.claim(&["--all", "--yes"]).expect("claimed");
    let (nothing, failure) = world.claim(&["--all", "--yes"]).expect("claimed");

    let paid = |outcome: &Outcome| outcome.owners.iter().map(|paid| paid.paid_atoms).collect::<Vec<_>>();
    assert_eq!((paid(&one), paid(&rest)), (vec![THIRD_ATOMS], vec![THIRD_ATOMS; 2]));
    assert_eq!(one.owners.first().map(|paid| paid.paid_tokens.as_str()), Some("341.333"));
    // Claims of two owners fit one transaction.
    assert_eq!((rest.transactions, rest.fee_lamports, rest.cost.token_accounts), (1, 5_000, 2));
    assert_eq!((nothing.sent, nothing.transactions, nothing.owners.len()), (false, 0, 0));
    assert!(failure.is_none());
    assert_eq!(world.atoms(), [Some(THIRD_ATOMS); 3]);
}

#[test]
fn owners_without_a_token_account_are_left_out_where_that_is_wanted() {
    let mut world = World::new(0, 1);
    let [_, second, _] = owners();
    let open =
        instruction::open_associated_token(&world.payer.pubkey(), &second, &world.mint, &spl_token_interface::ID);
    world.ledger.send(&world.payer, &[open], &[]).expect("opened");

    let (outcome, _) = world.claim(&["--all", "--no-open", "--yes"]).expect("claimed");

    assert_eq!((outcome.owners.len(), outcome.cost.rent_lamports), (1, 0));
    assert_eq!(world.atoms(), [None, Some(THIRD_ATOMS), None]);
}

#[test]
fn a_mint_limit_is_used_up_and_what_passes_it_waits() {
    // Everybody is owed two thirds of the limit.
    let mut world = World::new(EMISSION_ATOMS, 2);

    let (outcome, failure) = world.claim(&["--all", "--yes"]).expect("claimed");
    let (later, _) = world.claim(&["--all", "--dry-run"]).expect("looked at");

    let failure = failure.expect("one waits");
    assert_eq!(
        failure.to_string(),
        "failed to claim: MintLimitReached: mint limit of this epoch is used up; claim again in the next epoch, nothing is lost; \
         1 transaction was not taken, all others stand"
    );
    assert_eq!(failure.exit_kind(), ExitKind::Refused);
    assert_eq!((outcome.transactions, outcome.refused_transactions, outcome.outrun_transactions), (2, 1, 0));
    // The second one gets what there is room for.
    assert_eq!(world.atoms(), [Some(2 * THIRD_ATOMS), Some(EMISSION_ATOMS - 2 * THIRD_ATOMS), None]);
    let left_atoms = 0;
    assert_eq!(later.mint_limit, Some(Limit { epoch: 2, limit_atoms: EMISSION_ATOMS, left_atoms }));
}

#[test]
fn a_pause_is_told_before_the_question() {
    let mut world = World::new(0, 1);
    let pause = instruction::pause(&world.payer.pubkey(), &world.network);
    world.ledger.send(&world.payer, &[pause], &[]).expect("paused");

    let refused = world.claim(&["--all", "--dry-run"]).expect_err("paused");

    assert_eq!(refused.exit_kind(), ExitKind::Refused);
    assert!(refused.to_string().contains("claims are paused"), "{refused}");
}

#[test]
fn a_prospect_says_how_much_of_what_it_says_is_sure() {
    let owner = OwnerClaim {
        accrued_atoms: 1_500,
        slots: 1,
        destination: Address::default(),
        opens: true,
        is_untouched: true,
        held_atoms: 0,
    };
    let mut claims = ClaimPlan {
        owners: owners().map(|key| (key, owner)).into(),
        transactions: vec![vec![Vec::new()]; 2],
        ..ClaimPlan::default()
    };
    let mut cost = ClaimCost {
        fee_lamports: 10_000,
        has_priority: false,
        token_accounts: 0,
        rent_lamports: 0,
        is_rent_least: false,
        refused: None,
    };

    let short = prospect(&claims, &cost, 3);
    claims.mint_limit = Some(MintLimit { epoch: 7, limit_atoms: 4_000, left_atoms: 1_000 });
    cost = ClaimCost {
        has_priority: true,
        token_accounts: 3,
        rent_lamports: 3 * 2_074_080,
        is_rent_least: true,
        refused: Some(LedgerError::Refused { index: 0, code: Some(1), reason: "no".to_owned() }),
        ..cost
    };
    let long = prospect(&claims, &cost, 3);
    let nothing = prospect(&ClaimPlan::default(), &cost, 3);

    let total = "This will claim 4.500 tokens (4500 atoms) of 3 owners";
    assert_eq!(short, [total, "in 2 transactions, fees 0.000010000 SOL"]);
    let expected = [
        total,
        "in 2 transactions, fees about 0.000010000 SOL",
        "and open 3 token accounts for at least 0.006222240 SOL of rent",
        "mint limit: of 4,000 atoms an epoch 1,000 are left in epoch 7; what does not fit can be claimed again later",
        "the first transaction would not be taken now: instruction 0 was refused: no",
    ];
    assert_eq!(long, expected);
    assert_eq!(nothing, ["There is nothing to claim"]);
}

#[test]
fn a_cluster_that_was_lost_is_worse_than_what_was_refused() {
    let refused = |error: Option<StipendError>| LedgerError::Refused {
        index: 0,
        code: error.map(u32::from),
        reason: "no".to_owned(),
    };
    let limited = || refused(Some(StipendError::MintLimitReached));
    let lost = LedgerError::Unknown { signature: "s".to_owned(), reason: "gone".to_owned() };
    let kind = |errors| failure(errors).map(|failure| failure.exit_kind());

    assert_eq!(kind(vec![]), None);
    assert_eq!(kind(vec![limited()]), Some(ExitKind::Refused));
    assert_eq!(
        failure(vec![limited(), refused(None)]).map(|failure| failure.to_string()),
        Some("failed to claim: instruction 0 was refused: no".to_owned())
    );
    assert_eq!(kind(vec![refused(None), limited(), lost]), Some(ExitKind::Cluster));
}

#[test]
fn whose_is_to_be_said_and_only_once() {
    let address = Address::default().to_string();

    assert!(options(&["--all", "--no-open", "--yes", "--output", "csv"]).is_ok());
    assert!(options(&["--node", &address, &address, "--output", "json"]).is_ok());
    assert!(options(&["--yes"]).is_err());
    assert!(options(&["--all", "--owner", &address]).is_err());
}

#[test]
fn some_shards_at_a_time_everybody_is_paid_as_if_it_were_all_at_once() {
    let mut world = World::with(NetworkParams { shard_capacity: 1, ..params(0) }, 1);

    let (shown, _) = world.claim_by(2, &["--all", "--dry-run"]).expect("looked");
    let (claimed, failure) = world.claim_by(2, &["--all", "--yes"]).expect("claimed");

    // Two shards and then one; two claims, each with the opening of a token account, fit one transaction.
    assert_eq!((shown.cost.transactions, shown.cost.token_accounts, shown.cost.fee_lamports), (2, 3, 10_000));
    assert_eq!((shown.sent, shown.accrued_atoms), (false, 3 * u128::from(THIRD_ATOMS)));
    assert_eq!((claimed.sent, claimed.transactions, claimed.fee_lamports, claimed.cost), (true, 2, 10_000, shown.cost));
    assert_eq!(claimed.owners.iter().map(|paid| paid.paid_atoms).collect::<Vec<_>>(), [THIRD_ATOMS; 3]);
    assert!(failure.is_none());
    assert_eq!(world.atoms(), [Some(THIRD_ATOMS); 3]);
}

#[test]
fn an_owner_of_nodes_in_shards_that_are_apart_is_told_once() {
    let one = |paid_atoms| Outcome {
        decimals: 3,
        owners: vec![Paid {
            owner: "ann".to_owned(),
            token_account: "anns".to_owned(),
            slots: 1,
            accrued_atoms: u128::from(paid_atoms),
            paid_atoms,
            paid_tokens: plain_tokens(paid_atoms.into(), 3),
        }],
        ..Outcome::default()
    };

    let both = one(1_500).and(one(600)).owners;

    let told: Vec<_> = both.iter().map(|paid| (paid.slots, paid.paid_atoms, paid.paid_tokens.as_str())).collect();
    assert_eq!(told, [(2, 2_100, "2.100")]);
}

#[test]
fn where_an_owners_nodes_are_is_remembered_until_a_node_gets_another_owner() {
    let [first, second, _] = owners();
    let mut world = World::new(0, 1);
    let look = |world: &mut World| {
        let (outcome, _) = world.claim(&["--owner", &second.to_string(), "--dry-run"]).expect("looked at");
        outcome.accrued_atoms
    };

    let scanned_atoms = look(&mut world);
    let file = std::fs::read_dir(&world.folder).expect("a folder").next().expect("a file").expect("a file").path();
    let kept = std::fs::read_to_string(&file).expect("text");
    // What is remembered is believed as long as it may be true.
    std::fs::write(&file, kept.replace("[0]", "[]")).expect("written");
    let believed_atoms = look(&mut world);
    std::fs::write(&file, "{").expect("written");
    let damaged_atoms = look(&mut world);
    std::fs::write(&file, kept.replace("[0]", "[]")).expect("written");
    // The second of them owns the second device.
    let (device, shard) = (key(41).pubkey(), address::shard(&world.network, 0));
    let transfer = |from: &Address, to: &Address| instruction::transfer_node(from, &world.network, &shard, &device, to);
    let (there, back) = (transfer(&second, &first), transfer(&first, &second));
    let keys = [31, 32, 33].map(key);
    let signers: Vec<_> = keys.iter().filter(|key| [first, second].contains(&key.pubkey())).collect();
    world.ledger.send(&world.payer, &[there, back], &signers).expect("transferred");
    let changed_atoms = look(&mut world);

    assert_eq!(kept, "{\"owner_changes\":3,\"shards\":[0]}");
    assert_eq!(
        [scanned_atoms, believed_atoms, damaged_atoms, changed_atoms].map(u64::try_from).map(Result::unwrap),
        [THIRD_ATOMS, 0, THIRD_ATOMS, THIRD_ATOMS]
    );
}
