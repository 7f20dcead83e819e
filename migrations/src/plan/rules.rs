//! What a plan says of the network, as the program takes it, by the program's own rules.

use super::{
    file::{NetworkFile, UptimeModeFile},
    Genesis, PlanError,
};
use anchor_lang::error::Error;
use jiff::Timestamp;
use solana_address::Address;
use stipend_client::program::{
    constants::{MAX_EPOCH_SECS, MAX_SHARD_SLOTS},
    error::StipendError,
    instructions::NetworkParams,
    state::{EmissionParams, Policy, PolicyParams, UptimeMode},
};

/// When epoch 0 begins, and everything else.
pub(super) fn params(
    file: &NetworkFile,
    address: impl Fn(&'static str, &str) -> Result<Address, PlanError>,
) -> Result<(Genesis, NetworkParams), PlanError> {
    let optional = |field, text: &Option<String>| text.as_deref().map(|text| address(field, text)).transpose();
    let rules = &file.policy;
    let policy = PolicyParams {
        report_secs: rules.report_secs,
        score_secs: rules.score_secs,
        uptime_weight_bps: rules.uptime_weight_bps,
        min_uptime_bps: rules.min_uptime_bps,
        uptime_mode: match rules.uptime_mode {
            UptimeModeFile::Multiply => UptimeMode::Multiply,
            UptimeModeFile::Gate => UptimeMode::Gate,
        },
        bandwidth_cap: rules.bandwidth_cap,
        min_boost_bps: rules.min_boost_bps,
        max_boost_bps: rules.max_boost_bps,
        tolerance_bps: rules.tolerance_bps,
        quorum: rules.quorum,
        registrar: optional("network.policy.registrar", &rules.registrar)?,
        bond_lamports: rules.bond_lamports,
        oracle_bond_lamports: rules.oracle_bond_lamports,
        mint_limit_atoms: rules.mint_limit_atoms,
        max_reward_atoms: rules.max_reward_atoms,
        dispute_secs: rules.dispute_secs,
        arbiter: optional("network.policy.arbiter", &rules.arbiter)?,
    };
    let emission = EmissionParams {
        per_epoch_atoms: file.emission.per_epoch_atoms,
        decay_bps: file.emission.decay_bps,
        decay_every_epochs: file.emission.decay_every_epochs,
        carry_epochs: file.emission.carry_epochs,
    };
    let params = NetworkParams {
        id: file.id,
        genesis: 0,
        epoch_secs: file.epoch_secs,
        shard_capacity: file.shard_capacity,
        unit: unit(&file.unit)?,
        guardian: optional("network.guardian", &file.guardian)?,
        cap_atoms: file.cap_atoms,
        policy,
        emission,
    };
    check(&params)?;
    Ok((genesis(file)?, params))
}

/// The program's own rules: what it would refuse is refused before anything is spent on its deployment.
fn check(params: &NetworkParams) -> Result<(), PlanError> {
    let refused = |error: StipendError| Err(PlanError::Value { field: "network", why: error.to_string() });
    if !(1..=MAX_EPOCH_SECS).contains(&params.epoch_secs) {
        return refused(StipendError::EpochLengthOutOfRange);
    }
    if !(1..=MAX_SHARD_SLOTS).contains(&params.shard_capacity) {
        return refused(StipendError::ShardCapacityOutOfRange);
    }
    if params.cap_atoms < params.emission.per_epoch_atoms {
        return refused(StipendError::CapBelowEmission);
    }
    let policy = Policy::new(0, &params.policy, &params.emission);
    let checked = params
        .policy
        .validate(params.epoch_secs)
        .and_then(|()| params.emission.validate())
        .and_then(|()| policy.check_mint_limit(params.emission.per_epoch_atoms));
    checked.map_err(|error| {
        let why = match error {
            Error::AnchorError(error) => error.error_msg,
            Error::ProgramError(error) => error.program_error.to_string(),
        };
        PlanError::Value { field: "network", why }
    })
}

fn genesis(file: &NetworkFile) -> Result<Genesis, PlanError> {
    let wrong = |why: String| PlanError::Value { field: "network.genesis", why };
    match (&file.genesis, file.genesis_in_secs) {
        (Some(time), None) => {
            let time: Timestamp = time
                .to_string()
                .parse()
                .map_err(|error| wrong(format!("{time} is no moment: {error}; write one as 2027-01-01T00:00:00Z")))?;
            Ok(Genesis::At(time.as_second()))
        }
        (None, Some(secs)) => Ok(Genesis::In(secs)),
        _ => Err(wrong("either this or genesis_in_secs says when epoch 0 begins; name one of the two".to_owned())),
    }
}

fn unit(text: &str) -> Result<[u8; 16], PlanError> {
    let mut unit = [0; 16];
    let wrong = || PlanError::Value {
        field: "network.unit",
        why: format!("`{text}` is not 1 to 16 printable ASCII characters; shorten it"),
    };
    let is_printable = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let place = unit.get_mut(..text.len()).filter(|_| is_printable).ok_or_else(wrong)?;
    place.copy_from_slice(text.as_bytes());
    Ok(unit)
}
