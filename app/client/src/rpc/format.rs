//! Which transactions the cluster takes.

use super::Link;
use crate::ledger::{
    wire::{compile, Budget},
    TransactionFormat,
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::RpcSimulateTransactionConfig,
    request::RpcError,
};
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

/// What JSON-RPC answers to parameters that it can't read.
pub(super) const INVALID_PARAMS: i64 = -32_602;

/// Which transactions are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transactions {
    /// Version 1 if the cluster takes it, which is asked once.
    #[default]
    Auto,
    /// These alone.
    Only(TransactionFormat),
}

impl Link {
    /// The format in which transactions are sent. A cluster that can't be asked just now gets the small one, which each takes.
    pub(super) async fn format(&self) -> TransactionFormat {
        if let Transactions::Only(format) = self.options.transactions {
            return format;
        }
        if let Some(format) = self.format.get() {
            return *format;
        }
        match self.probe().await {
            Some(format) => {
                tracing::info!(max_bytes = format.max_bytes(), "cluster was asked which transactions it takes");
                *self.format.get_or_init(|| format)
            }
            None => TransactionFormat::Small,
        }
    }

    /// Simulates a transaction of version 1 by a payer who does not exist: the version is looked at before the payer. None: the
    /// answer says nothing of it.
    async fn probe(&self) -> Option<TransactionFormat> {
        // No key is known for either address.
        let (payer, program) = (Address::from([1; 32]), Address::from([2; 32]));
        let nothing = Instruction { program_id: program, accounts: Vec::new(), data: Vec::new() };
        let message = compile(TransactionFormat::V1, &payer, &[nothing], Some(&Budget::MOST)).ok()?;
        let transaction = VersionedTransaction { signatures: vec![Default::default()], message };
        let config = RpcSimulateTransactionConfig {
            replace_recent_blockhash: true,
            commitment: Some(self.options.commitment),
            ..RpcSimulateTransactionConfig::default()
        };
        let answer = self.client.simulate_transaction_with_config(&transaction, config).await;
        let format = format_of(answer.as_ref().map(|answer| answer.value.err.clone().map(TransactionError::from)));
        if format.is_none() {
            tracing::debug!(?answer, "cluster does not say which transactions it takes");
        }
        format
    }
}

fn format_of(answer: Result<Option<TransactionError>, &ClientError>) -> Option<TransactionFormat> {
    match answer {
        Ok(Some(TransactionError::UnsupportedVersion | TransactionError::SanitizeFailure)) => {
            Some(TransactionFormat::Small)
        }
        Ok(_) => Some(TransactionFormat::V1),
        Err(error) => match error.kind() {
            // The node can't read it.
            ErrorKind::RpcError(RpcError::RpcResponseError { code: INVALID_PARAMS, .. }) => {
                Some(TransactionFormat::Small)
            }
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_rpc_client_api::request::RpcResponseErrorData;

    #[test]
    fn a_cluster_that_looks_for_the_payer_takes_version_1() {
        assert_eq!(format_of(Ok(Some(TransactionError::AccountNotFound))), Some(TransactionFormat::V1));
        assert_eq!(format_of(Ok(None)), Some(TransactionFormat::V1));
    }

    #[test]
    fn a_cluster_that_refuses_the_version_or_can_not_read_it_takes_small_ones() {
        let response = |code| {
            let data = RpcResponseErrorData::Empty;
            ClientError::from(ErrorKind::RpcError(RpcError::RpcResponseError { code, message: String::new(), data }))
        };

        for answer in [Ok(Some(TransactionError::UnsupportedVersion)), Err(&response(-32_602))] {
            assert_eq!(format_of(answer), Some(TransactionFormat::Small));
        }
        // A node that is behind, and one that is lost, say nothing of it.
        assert_eq!(format_of(Err(&response(-32_005))), None);
        assert_eq!(format_of(Err(&ErrorKind::Io(std::io::Error::other("cut")).into())), None);
    }
}
