//! Chapter: a pause, another authority, other rules.

use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::instruction::{self, Destination};
use stipend_client::program::error::StipendError;
use stipend_client::program::state::PolicyParams;

use super::epochs::good_day;
use super::foundation::{policy, EMISSION_ATOMS};
use super::world::{key, World, TOKEN_PROGRAM};
use crate::failure::Failure;
use crate::figure::{grouped, percent};

pub fn tell(world: &mut World) -> Result<(), Failure> {
    tell_pause(world)?;
    tell_authority(world)?;
    tell_rules(world)
}

fn tell_pause(world: &mut World) -> Result<(), Failure> {
    world.begin("A pause");
    let first = world.first;
    let (guardian, authority, operator) = (key("guardian"), key("authority"), key("operator"));
    let shard = stipend_client::address::shard(&first, 0);
    world.warp_behind(1, 0);
    let pause = instruction::pause(&guardian.pubkey(), &first);
    world.send("the guardian stops reports, scoring and claims, for 7 days at the most", &guardian, &[pause], &[])?;

    let batch = world.batch(first, "oracle 1", 0, 1, &good_day)?;
    let report = instruction::submit_report(&key("oracle 1").pubkey(), &first, &shard, &batch);
    world.refused(StipendError::ReportsPaused, "oracle 1 reports", &key("oracle 1"), &[report], &[])?;
    let oracles: Vec<_> = ["oracle 1", "oracle 2", "oracle 3"].map(|name| key(name).pubkey()).to_vec();
    let score = instruction::score_shard(&first, &shard, &oracles, 1);
    world.refused(StipendError::ScoringPaused, "somebody scores", &operator, &[score], &[])?;
    let owner = key("ann").pubkey();
    let claim =
        instruction::claim(&first, &shard, &owner, &world.mint, &TOKEN_PROGRAM, Destination::Associated, vec![0, 1]);
    world.refused(StipendError::ClaimsPaused, "somebody claims for ann", &operator, &[claim], &[])?;
    let resume = |by: &Keypair| instruction::resume(&by.pubkey(), &first);
    world.refused(StipendError::AuthorityMismatch, "the guardian resumes", &guardian, &[resume(&guardian)], &[])?;
    world.warp_behind(1, 3_000);
    let resumed = resume(&authority);
    world.send(
        "the authority resumes, 50 minutes later: the report window, which was over, begins anew",
        &authority,
        &[resumed],
        &[],
    )?;
    let again = instruction::pause(&guardian.pubkey(), &first);
    world.refused(StipendError::GuardianPausedLately, "the guardian pauses again at once", &guardian, &[again], &[])?;
    world.report(
        first,
        &["oracle 1", "oracle 2", "oracle 3"],
        1,
        "nothing is lost: all three oracles report epoch 1",
        &good_day,
    )?;
    world.finish(first, 1)
}

fn tell_authority(world: &mut World) -> Result<(), Failure> {
    world.begin("Another authority");
    let first = world.first;
    let (authority, heir, guardian) = (key("authority"), key("heir"), key("guardian"));
    let propose = instruction::propose_authority(&authority.pubkey(), &first, Some(&heir.pubkey()));
    world.send("pending authority: from nobody to the heir", &authority, &[propose], &[])?;
    let accept = |by: &Keypair| instruction::accept_authority(&by.pubkey(), &first);
    world.refused(
        StipendError::PendingAuthorityMismatch,
        "somebody else accepts",
        &guardian,
        &[accept(&guardian)],
        &[],
    )?;
    world.send("authority: from the old one to the heir, who signed for it", &heir, &[accept(&heir)], &[])?;
    let set = instruction::set_guardian(&authority.pubkey(), &first, None);
    world.refused(
        StipendError::AuthorityMismatch,
        "the old authority wants to be rid of the guardian",
        &authority,
        &[set],
        &[],
    )
}

/// The rules that the heir gives.
pub fn strict_policy() -> PolicyParams {
    PolicyParams { min_uptime_bps: 9_000, mint_limit_atoms: EMISSION_ATOMS, ..policy() }
}

fn tell_rules(world: &mut World) -> Result<(), Failure> {
    world.begin("Other rules, from an epoch on that has not begun");
    let first = world.first;
    let heir = key("heir");
    let shard = stipend_client::address::shard(&first, 0);
    let update = |from_epoch| instruction::update_policy(&heir.pubkey(), &first, from_epoch, strict_policy(), None);
    world.refused(
        StipendError::PolicyEpochBegun,
        "the heir changes the rules of epoch 2, which is under way",
        &heir,
        &[update(2)],
        &[],
    )?;
    world.send(
        "from epoch 3 on: minimum uptime from 50 % to 90 %, and claims mint 1,000 tokens an epoch at most",
        &heir,
        &[update(3)],
        &[],
    )?;
    let device = key("device 1").pubkey();
    let boost = |boost_bps| instruction::set_boost(&heir.pubkey(), &first, &shard, &device, boost_bps);
    world.refused(
        StipendError::BoostOutOfRange,
        "device 1 is given a boost of 300 %, and the rules allow 50 % to 200 %",
        &heir,
        &[boost(30_000)],
        &[],
    )?;
    world.send("boost of device 1: from 100 % to 150 %, from epoch 3 on", &heir, &[boost(15_000)], &[])?;

    for epoch in [2, 3] {
        world.warp_behind(epoch, 0);
        let effect = format!("all oracles report epoch {epoch}: the same as before");
        world.report(first, &["oracle 1", "oracle 2", "oracle 3"], epoch, effect, &good_day)?;
        world.finish(first, epoch)?;
        let (boosted, slow) = (world.slot(first, 0, 0)?, world.slot(first, 0, 3)?);
        world.note(
            "slots",
            format!(
                "epoch {epoch}: device 1, boost {}, has {} points; device 4, up {}, has {}",
                percent(boosted.boost_bps),
                grouped(boosted.score.into()),
                percent(slow.uptime_bps),
                grouped(slow.score.into())
            ),
        );
    }
    Ok(())
}
