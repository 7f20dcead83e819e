//! Chapter: the last day. Everything is closed, and goes back to whoever paid for it.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::closing::{plan_closing, Closed};
use stipend_client::ledger::Accounts as _;
use stipend_client::program::constants::INCINERATOR_ID;
use stipend_client::{address, instruction};

use super::foundation::CAP_ATOMS;
use super::nodes::retire;
use super::splits;
use super::step::Conservation;
use super::world::{key, World, OWNERS, REPORT_SECS, TOKEN_PROGRAM};
use crate::closing::closing_words;
use crate::failure::{ExitKind, Failure};
use crate::token::tokens;

/// The epoch under way on the last day.
const LAST_EPOCH: u32 = splits::DISPUTED + 1;
/// What a mint begins with that nobody may mint of.
const NO_MINT_AUTHORITY: [u8; 4] = [0; 4];
/// Where a mint says how much there is.
const SUPPLY_AT: usize = 36;

pub fn tell(world: &mut World) -> Result<Conservation, Failure> {
    world.begin("The last day");
    let (first, second) = (world.first, world.second);
    let last: [(u32, u32, &str); 5] = [(1, 0, "ann"), (6, 0, "dora"), (4, 0, "dora"), (5, 1, "cem"), (7, 1, "cem")];
    let all: Vec<_> = last.iter().map(|(number, shard, owner)| retire(owner, &first, *shard, *number, "")).collect();
    let owners = ["ann", "dora", "cem"].map(key);
    world.send("all nodes of network 0 that are left retire", &key("operator"), &all, &owners.each_ref())?;
    let alone = retire("ann", &second, 0, 1, "");
    world.send("so does the node of network 1", &key("operator"), &[alone], &[&key("ann")])?;

    // At once, so that the last epoch is closed without them and the bonds are free.
    let network = world.network(first)?;
    let oracles: Vec<Address> = network.oracles.active(LAST_EPOCH).map(|oracle| oracle.key).collect();
    let heir = key("heir");
    let remove: Vec<_> =
        oracles.iter().map(|oracle| instruction::remove_oracle(&heir.pubkey(), &first, oracle, true)).collect();
    world.send("the oracles of network 0 are removed at once", &heir, &remove, &[])?;
    let authority = key("authority");
    let remove = instruction::remove_oracle(&authority.pubkey(), &second, &key("oracle 1").pubkey(), true);
    world.send("and that of network 1", &authority, &[remove], &[])?;

    world.warp_behind(LAST_EPOCH, REPORT_SECS);
    let minted_atoms = pay_all(world, first, 0, &[1, 6, 3, 4, 5, 8, 7])? + pay_all(world, second, 1, &[1])?;
    // A report that was signed before a slot became vacant may name it, as long as that epoch is not closed.
    world.warp_behind(LAST_EPOCH + 1, REPORT_SECS);
    // The second one gives what it did not schedule back to the first, which goes last.
    for (network, id, by) in [(second, 1, &authority), (first, 0, &heir)] {
        world.act(network, format!("network {id}: the epoch of the vacancies is closed"), |client| {
            client.close_until(LAST_EPOCH + 1)
        })?;
        close_all(world, network, by)?;
    }
    conclude(world, minted_atoms)
}

/// Pays what is owed, rewards and bonds; returns what the network minted in all its time.
fn pay_all(world: &mut World, network: Address, id: u16, devices: &[u32]) -> Result<u64, Failure> {
    world.act(network, format!("network {id}: its last epoch is closed"), |client| client.close_until(LAST_EPOCH))?;
    world.act(network, format!("network {id}: everybody is paid all that is owed"), |client| {
        for shard in client.shards()? {
            client.claim_shard(&shard)?;
        }
        Ok(())
    })?;
    let devices: Vec<_> = devices.iter().map(|number| key(&format!("device {number}")).pubkey()).collect();
    world.act(network, format!("network {id}: the deposits of all nodes go back"), |client| {
        devices.iter().try_for_each(|device| client.close_node(device))
    })?;
    Ok(world.network(network)?.emission.minted_atoms)
}

/// Closes a network with all that is left of it.
fn close_all(world: &mut World, network: Address, authority: &Keypair) -> Result<(), Failure> {
    let steps = plan_closing(&mut world.ledger, &network, &authority.pubkey());
    let steps = steps.map_err(|error| Failure::new(ExitKind::Bug, "close a network", error))?;
    for step in steps {
        let is_last = matches!(step.closes, Closed::Network(_));
        let signers: Vec<_> = is_last.then_some(authority).into_iter().collect();
        world.send(closing_words(&step.closes), &key("operator"), &step.instructions, &signers)?;
    }
    Ok(())
}

/// Adds everything up.
fn conclude(world: &mut World, minted_atoms: u64) -> Result<Conservation, Failure> {
    let failed = |cause: &str| Failure::new(ExitKind::Bug, "end the story", cause.to_owned());
    let mint = world.mint;
    let found = world.ledger.account(&mint).map_err(|error| Failure::settling("read the mint", error))?;
    let data = found.ok_or_else(|| failed("the mint is gone"))?.data;
    let supply = data.get(SUPPLY_AT..).and_then(|rest| rest.first_chunk());
    let supply_atoms = supply.map(|bytes| u64::from_le_bytes(*bytes)).ok_or_else(|| failed("the mint is cut"))?;
    if !data.starts_with(&NO_MINT_AUTHORITY) {
        return Err(failed("somebody may still mint"));
    }
    world.note("mint", format!("nobody may mint any more: the supply is {} tokens for ever", tokens(supply_atoms)));

    let (mut held_atoms, mut token_rents_lamports) = (0, world.lamports(&mint)?);
    for owner in OWNERS.map(|owner| key(owner).pubkey()) {
        held_atoms += world.atoms(&owner)?;
        token_rents_lamports += world.lamports(&address::associated_token(&owner, &mint, &TOKEN_PROGRAM))?;
    }
    let sums = Conservation {
        given_lamports: world.given_lamports(),
        left_lamports: world.wallets_lamports()?,
        fees_lamports: world.fees_lamports(),
        burnt_lamports: world.lamports(&INCINERATOR_ID)?,
        token_rents_lamports,
        supply_atoms,
        held_atoms,
        minted_atoms,
        cap_atoms: CAP_ATOMS,
    };
    if !sums.is_even() {
        return Err(failed(&format!("it does not come out even: {sums:?}")));
    }
    Ok(sums)
}
