//! Transactions are signed, sent until they land or expire, and signed anew if they expired.

use super::{
    compose::{Composed, Usage},
    unreachable, Link,
};
use crate::ledger::{named, refusal, LedgerError, Receipt, TransactionFormat};
use futures::{stream, StreamExt};
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::{RpcSendTransactionConfig, RpcTransactionConfig},
};
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::{TransactionStatus, UiTransactionEncoding};
use std::{
    collections::{HashSet, VecDeque},
    sync::{atomic::Ordering, PoisonError},
    time::Duration,
};
use tokio::time::{sleep, Instant};

/// How often it is asked what landed: about once a slot.
const POLL: Duration = Duration::from_millis(400);
/// How often what has not landed is sent again, and its blockhash looked at.
const RESEND: Duration = Duration::from_secs(2);
/// Signatures that a cluster is asked for at once.
const STATUSES_AT_ONCE: usize = 256;

/// Transactions that are simulated, signed and sent together: as many as land while their blockhash is good.
const DELIVERED_AT_ONCE: usize = 512;

/// Blockhashes whose transactions are remembered: more than are valid at a time.
const MAX_BLOCKHASHES: usize = 256;

/// What was sent with each of the last blockhashes: the same instructions signed with one of them again would be taken for what
/// landed before.
pub(super) type Sent = VecDeque<(Hash, HashSet<Signature>)>;

/// What has not landed yet.
struct Pending<'a> {
    /// Place among what was to be sent.
    place: usize,
    instructions: &'a [Instruction],
    /// What it used in its simulation.
    usage: Usage,
    /// Lamports of the fee for its signatures.
    signature_lamports: u64,
    composed: Composed,
    signers: Vec<&'a Keypair>,
    transaction: VersionedTransaction,
}

impl Pending<'_> {
    fn signature(&self) -> Signature {
        self.transaction.signatures.first().copied().unwrap_or_default()
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            compute_units: self.usage.units,
            fee_lamports: self.signature_lamports.saturating_add(self.composed.priority_lamports),
            bytes: self.composed.bytes,
        }
    }
}

type Outcome = Result<Receipt, LedgerError>;

/// The highest block that was seen, and since when.
struct Progress {
    height: u64,
    since: Instant,
}

impl Link {
    /// See [`Ledger::send_all`](crate::ledger::Ledger::send_all).
    pub(super) async fn deliver(
        &self,
        payer: &Keypair,
        transactions: &[Vec<Instruction>],
        signers: &[&Keypair],
    ) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(transactions.len());
        for some in transactions.chunks(DELIVERED_AT_ONCE) {
            // A cluster that is lost is not asked again for each of the others.
            let lost = outcomes.last().and_then(|last| last.as_ref().err().filter(|error| error.is_unsent()));
            match lost.map(LedgerError::again) {
                Some(error) => outcomes.extend(some.iter().map(|_| Err(error.again()))),
                None => outcomes.extend(self.deliver_some(payer, some, signers).await),
            }
        }
        outcomes
    }

    async fn deliver_some(
        &self,
        payer: &Keypair,
        transactions: &[Vec<Instruction>],
        signers: &[&Keypair],
    ) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(transactions.len(), || None);
        let format = self.format().await;
        let mut pending = self.prepare(format, payer, transactions, signers, &mut outcomes).await;
        for round in 0..self.options.blockhashes {
            if round > 0 {
                self.refuse_again(&payer.pubkey(), &mut pending, &mut outcomes).await;
                self.bid_again(format, &payer.pubkey(), &mut pending, round).await;
            }
            if pending.is_empty() {
                break;
            }
            if let Err(error) = self.land(&payer.pubkey(), &mut pending, &mut outcomes).await {
                // What was sent before has expired, and is known not to have landed.
                finish(&mut pending, &mut outcomes, |_| unreachable(&error));
            }
        }
        finish(&mut pending, &mut outcomes, |_| LedgerError::NotExecuted {
            reason: "cluster took it in none of its blocks; pay a higher priority fee, or try again later".to_owned(),
        });
        let untold = || Err(LedgerError::NotExecuted { reason: "nothing became of it".to_owned() });
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(untold)).collect()
    }

    /// Asks what each would use, and refuses what would be refused.
    async fn prepare<'a>(
        &self,
        format: TransactionFormat,
        payer: &'a Keypair,
        transactions: &'a [Vec<Instruction>],
        signers: &[&'a Keypair],
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<Pending<'a>> {
        let address = payer.pubkey();
        let simulate = |(place, instructions): (usize, &'_ Vec<Instruction>)| {
            let unlimited = Composed::unlimited(format, &address, instructions);
            async move {
                let simulated = match unlimited {
                    Ok(unlimited) => self.simulate(&address, &unlimited).await,
                    Err(error) => Err(error),
                };
                (place, simulated)
            }
        };
        let simulated: Vec<_> = stream::iter(transactions.iter().enumerate().map(simulate))
            .buffered(self.options.parallel.max(1))
            .collect()
            .await;
        let price = self.price(transactions.iter().flatten(), 0).await;
        let mut pending = Vec::new();
        for ((place, simulated), instructions) in simulated.into_iter().zip(transactions) {
            let composed = simulated.and_then(|simulated| {
                let price = match &price {
                    Ok(price) => *price,
                    Err(error) => return Err(LedgerError::Unreachable { reason: error.to_string() }),
                };
                let usage = Usage::of(&simulated);
                let composed = Composed::new(format, &address, instructions, usage, price)?;
                Ok((usage, simulated.fee.unwrap_or_default(), composed))
            });
            match composed {
                Ok((usage, signature_lamports, composed)) => {
                    let named = named(instructions, signers).into_iter().filter(|key| key.pubkey() != address);
                    let signers = [payer].into_iter().chain(named).collect();
                    let transaction = Default::default();
                    pending.push(Pending {
                        place,
                        instructions,
                        usage,
                        signature_lamports,
                        composed,
                        signers,
                        transaction,
                    });
                }
                Err(error) => tell(outcomes, place, Err(error)),
            }
        }
        pending
    }

    /// Refuses what would be refused by now, as when the payer has run dry since: a cluster drops that without a word.
    async fn refuse_again(&self, payer: &Address, pending: &mut Vec<Pending<'_>>, outcomes: &mut [Option<Outcome>]) {
        let mut left = Vec::new();
        for one in std::mem::take(pending) {
            match self.simulate(payer, &one.composed).await {
                // It may be there again when it is sent.
                Ok(_) | Err(LedgerError::Unreachable { .. }) => left.push(one),
                Err(error) => tell(outcomes, one.place, Err(error)),
            }
        }
        *pending = left;
    }

    /// Offers a higher price for what did not land at the last one. What has no room for one keeps what it has.
    async fn bid_again(&self, format: TransactionFormat, payer: &Address, pending: &mut [Pending<'_>], round: u32) {
        let price = self.price(pending.iter().flat_map(|one| one.instructions), round).await;
        let Ok(price) = price else {
            return;
        };
        for one in pending {
            if let Ok(composed) = Composed::new(format, payer, one.instructions, one.usage, price) {
                one.composed = composed;
            }
        }
    }

    /// Signs all with one blockhash and sends them until each has landed or the blockhash has expired. What is left is known not
    /// to have landed. Errors: there is no blockhash; nothing was sent.
    async fn land(
        &self,
        payer: &Address,
        pending: &mut Vec<Pending<'_>>,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), ClientError> {
        let last_block = self.sign(pending, outcomes).await?;
        let mut sent_at: Option<Instant> = None;
        let mut progress = Progress { height: 0, since: Instant::now() };
        while !pending.is_empty() {
            if self.is_stopped() {
                give_up(pending, outcomes, "the program was asked to end");
                return Ok(());
            }
            if sent_at.is_none_or(|sent_at| sent_at.elapsed() >= RESEND) {
                self.send_once(pending).await;
                sent_at = Some(Instant::now());
            }
            sleep(POLL).await;
            let looked = self.patiently(|| self.look(pending, false)).await;
            let (_, statuses) = match looked {
                Ok(looked) => looked,
                Err(error) => {
                    lose(pending, outcomes, &error);
                    return Ok(());
                }
            };
            self.settle(payer, pending, &statuses, outcomes).await;
            if pending.is_empty() || sent_at.is_some_and(|sent_at| sent_at.elapsed() < RESEND) {
                continue;
            }
            match self.patiently(|| self.height()).await {
                Ok((height, slot)) if height > last_block => {
                    if self.is_gone(slot, payer, pending, outcomes).await {
                        return Ok(());
                    }
                }
                Ok((height, _)) => {
                    if height > progress.height {
                        progress = Progress { height, since: Instant::now() };
                    } else if progress.since.elapsed() > self.options.patience {
                        self.turn.next();
                        give_up(pending, outcomes, "the endpoint answers, and has no new blocks");
                        return Ok(());
                    }
                }
                Err(error) => {
                    lose(pending, outcomes, &error);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Signs with the newest blockhash, and a newer one if something that was sent before would be the same. Returns the last
    /// block that may hold it.
    ///
    /// Errors: there is none within the patience.
    async fn sign(&self, pending: &mut Vec<Pending<'_>>, outcomes: &mut [Option<Outcome>]) -> Result<u64, ClientError> {
        let start = Instant::now();
        loop {
            let newest = || self.client.get_latest_blockhash_with_commitment(self.options.commitment);
            let (blockhash, last_block) = self.patiently(newest).await?;
            pending.retain_mut(|one| match one.composed.sign(blockhash, &one.signers) {
                Ok(transaction) => {
                    one.transaction = transaction;
                    true
                }
                Err(error) => {
                    tell(outcomes, one.place, Err(error));
                    false
                }
            });
            if self.is_new(pending) {
                return Ok(last_block);
            }
            if start.elapsed() > self.options.patience || self.is_stopped() {
                self.turn.next();
                let reason = "the endpoint answers, and has no new blockhash".to_owned();
                return Err(ErrorKind::Custom(reason).into());
            }
            sleep(POLL).await;
        }
    }

    /// Whether nothing like it was sent before; then it is taken for sent.
    fn is_new(&self, pending: &[Pending<'_>]) -> bool {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        // Only what has the same blockhash can be the same.
        let blockhash = pending.first().map(|one| *one.transaction.message.recent_blockhash()).unwrap_or_default();
        if sent.iter().all(|(known, _)| *known != blockhash) {
            sent.push_back((blockhash, HashSet::new()));
        }
        if sent.len() > MAX_BLOCKHASHES {
            sent.pop_front();
        }
        let Some((_, sent)) = sent.iter_mut().find(|(known, _)| *known == blockhash) else {
            return true;
        };
        let is_new = pending.iter().all(|one| !sent.contains(&one.signature()));
        if is_new {
            sent.extend(pending.iter().map(Pending::signature));
        }
        is_new
    }

    /// What can't be sent now is sent with the next round.
    async fn send_once(&self, pending: &[Pending<'_>]) {
        let config = RpcSendTransactionConfig {
            // It was simulated, and is sent again from here.
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let send = |one: &Pending<'_>| {
            let transaction = one.transaction.clone();
            async move {
                if let Err(error) = self.client.send_transaction_with_config(&transaction, config).await {
                    tracing::debug!(%error, "transaction was not taken; sending it again");
                }
            }
        };
        let sends: Vec<_> = pending.iter().map(send).collect();
        stream::iter(sends).buffer_unordered(self.options.parallel.max(1)).collect::<Vec<()>>().await;
    }

    /// What became of each, and the slot of the answer.
    async fn look(
        &self,
        pending: &[Pending<'_>],
        in_history: bool,
    ) -> Result<(u64, Vec<Option<TransactionStatus>>), ClientError> {
        let mut statuses = Vec::with_capacity(pending.len());
        let mut slot = u64::MAX;
        for some in pending.chunks(STATUSES_AT_ONCE) {
            let signatures: Vec<_> = some.iter().map(Pending::signature).collect();
            let answer = if in_history {
                self.client.get_signature_statuses_with_history(&signatures).await?
            } else {
                self.client.get_signature_statuses(&signatures).await?
            };
            slot = slot.min(answer.context.slot);
            statuses.extend(answer.value);
        }
        Ok((slot, statuses))
    }

    /// Takes out of `pending` what has landed for good.
    async fn settle(
        &self,
        payer: &Address,
        pending: &mut Vec<Pending<'_>>,
        statuses: &[Option<TransactionStatus>],
        outcomes: &mut [Option<Outcome>],
    ) {
        let mut waiting = Vec::new();
        for (place, one) in std::mem::take(pending).into_iter().enumerate() {
            let status = statuses.get(place).cloned().flatten();
            let Some(status) = status.filter(|status| status.satisfies_commitment(self.options.commitment)) else {
                waiting.push(one);
                continue;
            };
            self.seen.fetch_max(status.slot, Ordering::Relaxed);
            let outcome = match status.err {
                None => Ok(one.receipt()),
                Some(error) => Err(refusal::explain_of(
                    payer,
                    one.transaction.message.instructions(),
                    error,
                    &self.logs(&one.signature()).await,
                )),
            };
            tell(outcomes, one.place, outcome);
        }
        *pending = waiting;
    }

    /// The height of the newest block, and its slot.
    async fn height(&self) -> Result<(u64, u64), ClientError> {
        let info = self.client.get_epoch_info_with_commitment(self.options.commitment).await?;
        Ok((info.block_height, info.absolute_slot))
    }

    /// Whether all that is left has not landed, and can't any more.
    ///
    /// - `slot`: from which on nothing can land; an answer from before it says nothing.
    async fn is_gone(
        &self,
        slot: u64,
        payer: &Address,
        pending: &mut Vec<Pending<'_>>,
        outcomes: &mut [Option<Outcome>],
    ) -> bool {
        // A node without a history still knows the last blocks.
        let looked = match self.look(pending, true).await {
            Ok(looked) => Ok(looked),
            Err(_) => self.look(pending, false).await,
        };
        let Ok((answered, statuses)) = looked else {
            return false;
        };
        if answered < slot {
            return false;
        }
        let is_waiting = statuses.iter().flatten().any(|status| !status.satisfies_commitment(self.options.commitment));
        self.settle(payer, pending, &statuses, outcomes).await;
        !is_waiting
    }

    /// What the programs said; nothing if the cluster does not tell.
    pub(super) async fn logs(&self, signature: &Signature) -> Vec<String> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.options.commitment),
            max_supported_transaction_version: Some(1),
        };
        let found = self.client.get_transaction_with_config(signature, config).await;
        let logs = found.ok().and_then(|found| Option::from(found.transaction.meta?.log_messages));
        logs.unwrap_or_default()
    }

    /// Waits for what somebody else sent.
    pub(super) async fn landed(&self, signature: &Signature) -> Result<(), LedgerError> {
        let start = Instant::now();
        loop {
            let look = || self.client.get_signature_statuses(std::slice::from_ref(signature));
            let unknown = |reason: String| LedgerError::Unknown { signature: signature.to_string(), reason };
            let answer = self.patiently(look).await.map_err(|error| unknown(error.to_string()))?;
            if let Some(status) = answer.value.into_iter().next().flatten() {
                if status.satisfies_commitment(self.options.commitment) {
                    self.seen.fetch_max(status.slot, Ordering::Relaxed);
                    return status.err.map_or(Ok(()), |error| Err(refusal::explain(error, &[])));
                }
            }
            if start.elapsed() > self.options.patience || self.is_stopped() {
                return Err(unknown("the cluster does not know it".to_owned()));
            }
            sleep(POLL).await;
        }
    }
}

fn tell(outcomes: &mut [Option<Outcome>], place: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(place) {
        *slot = Some(outcome);
    }
}

fn finish(
    pending: &mut Vec<Pending<'_>>,
    outcomes: &mut [Option<Outcome>],
    error: impl Fn(&Pending<'_>) -> LedgerError,
) {
    for one in pending.drain(..) {
        tell(outcomes, one.place, Err(error(&one)));
    }
}

/// The cluster was lost after all were sent.
fn lose(pending: &mut Vec<Pending<'_>>, outcomes: &mut [Option<Outcome>], error: &ClientError) {
    give_up(pending, outcomes, &error.to_string());
}

/// What became of what was sent is not waited for.
fn give_up(pending: &mut Vec<Pending<'_>>, outcomes: &mut [Option<Outcome>], reason: &str) {
    finish(pending, outcomes, |one| LedgerError::Unknown {
        signature: one.signature().to_string(),
        reason: reason.to_owned(),
    });
}
