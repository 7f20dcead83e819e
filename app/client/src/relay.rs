//! Signed batches reach the program, by whoever sends them: what is there already is not sent again.

use crate::{
    account,
    batch::SignedBatch,
    instruction,
    ledger::{Ledger, LedgerError},
    reader::{decode, ReadError},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::{BTreeMap, BTreeSet};
use stipend::{
    constants::NO_EPOCH,
    state::{Entry, Report},
};

/// Transactions that are sent at once at the most: whoever ends the program waits for no more than these.
const SENT_AT_ONCE: usize = 128;

/// Who vouches for the measurements in a transaction.
#[derive(Clone, Copy, Debug)]
pub enum Witness<'a> {
    /// The signature in the batch: anybody may pay.
    Batch,
    /// The oracle, who signs the transaction.
    Oracle(&'a Keypair),
}

/// Where a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// All of it is in the report.
    Arrived,
    /// The report holds a later epoch: nothing can be said about this one any more.
    Passed,
    /// Something of it is not in the report.
    Missing,
}

/// Batches that were looked up and sent.
#[derive(Debug, Default)]
pub struct Relayed {
    /// Batches that were there before.
    pub arrived: usize,
    /// Batches whose report holds a later epoch.
    pub passed: usize,
    /// Reports that were opened.
    pub opened: usize,
    /// Batches that were sent and landed.
    pub sent: usize,
    /// Places of the batches that the program refused, and why.
    pub refused: Vec<(usize, LedgerError)>,
    /// Compute units of all that landed.
    pub compute_units: u64,
    /// Fees of all that landed.
    pub fee_lamports: u64,
}

/// Where each of the batches is, in their order.
///
/// A batch whose data is not that of a report of its shard and oracle is [`Arrival::Missing`]: the program says why.
pub fn look(ledger: &mut impl Ledger, batches: &[SignedBatch]) -> Result<Vec<Arrival>, ReadError> {
    let reports = read_reports(ledger, batches)?;
    let arrivals = batches.iter().map(|batch| {
        let report = reports.get(&batch.report()).and_then(Option::as_ref);
        report.map_or(Arrival::Missing, |report| arrival(batch, report))
    });
    Ok(arrivals.collect())
}

/// How many of the batches are of reports that are not complete, by the reports' headers alone.
pub fn incomplete(ledger: &mut impl Ledger, batches: &[SignedBatch]) -> Result<usize, ReadError> {
    let addresses = reports_of(batches);
    let heads: BTreeMap<_, _> = addresses.iter().copied().zip(read_heads(ledger, &addresses)?).collect();
    let is_complete = |batch: &&SignedBatch| {
        let head = heads.get(&batch.report()).and_then(Option::as_ref);
        head.is_some_and(|head| batch.args().is_some_and(|args| head.epoch == args.epoch && head.is_complete()))
    };
    Ok(batches.iter().filter(|batch| !is_complete(batch)).count())
}

/// Sends the batches that are not there, and opens the reports that are missing before.
///
/// - `payer`: pays fees and rents; of a transaction that the oracle signs, the oracle pays the fee.
/// - `on_sent`: told how many batches are dealt with so far.
///
/// Errors: the cluster was lost, or the payer has no lamports; what was sent before stands, and the same call again goes on. What
/// the program refused is in [`Relayed::refused`], and keeps nothing else from being sent.
pub fn relay(
    ledger: &mut impl Ledger,
    payer: &Keypair,
    batches: &[SignedBatch],
    witness: Witness<'_>,
    mut on_sent: impl FnMut(usize),
) -> Result<Relayed, ReadError> {
    let mut relayed = Relayed::default();
    let arrivals = look(ledger, batches)?;
    relayed.arrived = arrivals.iter().filter(|arrival| **arrival == Arrival::Arrived).count();
    relayed.passed = arrivals.iter().filter(|arrival| **arrival == Arrival::Passed).count();
    let mut dealt = relayed.arrived + relayed.passed;
    on_sent(dealt);

    let missing = arrivals.iter().enumerate().filter(|(_, arrival)| **arrival == Arrival::Missing);
    let missing: Vec<_> = missing.filter_map(|(place, _)| Some((place, batches.get(place)?))).collect();
    open_reports(ledger, payer, &missing, &mut relayed)?;
    let is_refused = |place: usize, relayed: &Relayed| relayed.refused.iter().any(|(refused, _)| *refused == place);
    let left: Vec<_> = missing.into_iter().filter(|(place, _)| !is_refused(*place, &relayed)).collect();
    for some in left.chunks(SENT_AT_ONCE) {
        let (payer, transactions): (&Keypair, Vec<Vec<Instruction>>) = match witness {
            Witness::Batch => (payer, some.iter().map(|(_, batch)| batch.to_instructions().to_vec()).collect()),
            Witness::Oracle(oracle) => {
                (oracle, some.iter().map(|(_, batch)| vec![batch.to_signed_instruction()]).collect())
            }
        };
        let results = ledger.send_all(payer, &transactions, &[]);
        let mut lost = None;
        for ((place, _), result) in some.iter().zip(results) {
            match result {
                Ok(receipt) => {
                    relayed.sent += 1;
                    relayed.compute_units += receipt.compute_units;
                    relayed.fee_lamports += receipt.fee_lamports;
                }
                Err(error) if is_lost(&error) => lost = Some(error),
                Err(error) => relayed.refused.push((*place, error)),
            }
        }
        if let Some(error) = lost {
            return Err(error.into());
        }
        dealt += some.len();
        on_sent(dealt);
    }
    Ok(relayed)
}

/// Opens the reports of the batches that have none. Batches whose report can't be opened are refused.
fn open_reports(
    ledger: &mut impl Ledger,
    payer: &Keypair,
    missing: &[(usize, &SignedBatch)],
    relayed: &mut Relayed,
) -> Result<(), ReadError> {
    let by_report: BTreeMap<_, _> = missing.iter().map(|(_, batch)| (batch.report(), *batch)).collect();
    let addresses: Vec<_> = by_report.keys().copied().collect();
    let mut wanted: BTreeMap<Address, Vec<Instruction>> = BTreeMap::new();
    for ((address, batch), head) in by_report.into_iter().zip(read_heads(ledger, &addresses)?) {
        if head.is_none() {
            let [network, shard, oracle] = [batch.network, batch.shard, batch.oracle].map(Address::from);
            wanted.insert(address, vec![instruction::open_report(&payer.pubkey(), &network, &shard, &oracle)]);
        }
    }
    let (addresses, transactions): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    let results = ledger.send_all(payer, &transactions, &[]);
    for (address, result) in addresses.into_iter().zip(results) {
        match result {
            Ok(receipt) => {
                relayed.opened += 1;
                relayed.compute_units += receipt.compute_units;
                relayed.fee_lamports += receipt.fee_lamports;
            }
            Err(error) if is_lost(&error) => return Err(error.into()),
            // Somebody else opened it meanwhile.
            Err(LedgerError::Refused { code: Some(0), .. }) => {}
            Err(error) => {
                let mut error = Some(error);
                for (place, _) in missing.iter().filter(|(_, batch)| batch.report() == address) {
                    let reason = error.take().unwrap_or_else(|| LedgerError::NotExecuted {
                        reason: "its report can't be opened, as that of a batch before it".to_owned(),
                    });
                    relayed.refused.push((*place, reason));
                }
            }
        }
    }
    Ok(())
}

/// Whether nothing is known of the transaction itself.
pub fn is_lost(error: &LedgerError) -> bool {
    matches!(error, LedgerError::NoFunds { .. } | LedgerError::Unreachable { .. } | LedgerError::Unknown { .. })
}

type ReadReport = (Report, Vec<Entry>);

/// Addresses of the batches' reports, each once.
fn reports_of(batches: &[SignedBatch]) -> Vec<Address> {
    let addresses: BTreeSet<_> = batches.iter().map(SignedBatch::report).collect();
    addresses.into_iter().collect()
}

/// The headers of reports; none where one is not open.
fn read_heads(ledger: &mut impl Ledger, addresses: &[Address]) -> Result<Vec<Option<Report>>, ReadError> {
    let found = ledger.heads(addresses, account::REPORT_HEAD_BYTES)?;
    addresses.iter().zip(found).map(|(address, found)| decode(*address, found, account::report_head)).collect()
}

/// The reports of the batches, each once; none where one is not open. Entries are read of those that hold the epoch of a batch.
fn read_reports(
    ledger: &mut impl Ledger,
    batches: &[SignedBatch],
) -> Result<BTreeMap<Address, Option<ReadReport>>, ReadError> {
    let addresses = reports_of(batches);
    let heads = read_heads(ledger, &addresses)?.into_iter().map(|head| head.map(|head| (head, Vec::new())));
    let mut reports: BTreeMap<_, _> = addresses.into_iter().zip(heads).collect();
    let is_wanted = |batch: &&SignedBatch| {
        let head = reports.get(&batch.report()).and_then(Option::as_ref);
        head.is_some_and(|(head, _)| batch.args().is_some_and(|args| args.epoch == head.epoch))
    };
    let wanted: BTreeSet<_> = batches.iter().filter(is_wanted).map(SignedBatch::report).collect();
    let wanted: Vec<_> = wanted.into_iter().collect();
    for (address, found) in wanted.iter().zip(ledger.accounts(&wanted)?) {
        reports.insert(*address, decode(*address, found, account::report)?);
    }
    Ok(reports)
}

fn arrival(batch: &SignedBatch, (header, entries): &ReadReport) -> Arrival {
    let Some(args) = batch.args() else {
        return Arrival::Missing;
    };
    // A report that was never used has the epoch that no epoch has.
    if header.epoch != NO_EPOCH && header.epoch > args.epoch {
        return Arrival::Passed;
    }
    if header.epoch != args.epoch || header.total != args.total {
        return Arrival::Missing;
    }
    let mut sent = args.measurements.0.chunks_exact(Entry::SIZE).map(bytemuck::pod_read_unaligned::<Entry>);
    let mut known = entries.get(usize::from(args.first_slot)..).unwrap_or_default().iter();
    if sent.all(|sent| holds(known.next().unwrap_or(&Entry::BLANK), &sent)) {
        Arrival::Arrived
    } else {
        Arrival::Missing
    }
}

/// Whether a report's entry holds each field that was measured; another batch may have brought the other one.
fn holds(known: &Entry, sent: &Entry) -> bool {
    let is_uptime_in = sent.uptime_bps() == Entry::NO_UPTIME || sent.uptime_bps == known.uptime_bps;
    let is_bandwidth_in = sent.bandwidth() == Entry::NO_BANDWIDTH || sent.bandwidth == known.bandwidth;
    is_uptime_in && is_bandwidth_in
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_there_if_another_batch_brought_the_other_one() {
        let entry = |uptime_bps, bandwidth| Entry::new(uptime_bps, bandwidth);
        let known = entry(Some(9_000), Some(7));

        for sent in [entry(Some(9_000), Some(7)), entry(Some(9_000), None), entry(None, Some(7)), entry(None, None)] {
            assert!(holds(&known, &sent));
        }
        for sent in [entry(Some(9_001), Some(7)), entry(Some(9_000), Some(8)), entry(None, Some(0))] {
            assert!(!holds(&known, &sent));
        }
        assert!(!holds(&Entry::BLANK, &entry(Some(0), None)));
    }
}
