//! What each method of JSON-RPC answers.

use crate::cluster::{Cluster, Landed};
use base64::{engine::general_purpose::STANDARD, Engine};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use solana_account::Account;
use solana_account_decoder::{encode_ui_account, UiAccountEncoding};
use solana_address::Address;
use solana_rpc_client_api::{
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    filter::RpcFilterType,
};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

/// As many as a node answers at once.
const MAX_ACCOUNTS: usize = 100;
const MAX_STATUSES: usize = 256;
/// What an epoch of the cluster has.
const SLOTS_IN_EPOCH: u64 = 432_000;
const GENESIS_HASH: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

const INVALID_PARAMS: i64 = -32_602;
const METHOD_NOT_FOUND: i64 = -32_601;
const MIN_CONTEXT_SLOT_NOT_REACHED: i64 = -32_016;
const KEY_EXCLUDED_FROM_SECONDARY_INDEX: i64 = -32_010;

/// A question.
pub struct Request {
    id: Value,
    /// What is asked.
    pub method: String,
    params: Vec<Value>,
}

impl Request {
    /// None if the body is no request.
    pub fn read(body: &[u8]) -> Option<Self> {
        let request: Value = serde_json::from_slice(body).ok()?;
        let method = request.get("method")?.as_str()?.to_owned();
        let params = request.get("params").and_then(Value::as_array).cloned().unwrap_or_default();
        Some(Self { id: request.get("id").cloned().unwrap_or_default(), method, params })
    }

    fn param<T: DeserializeOwned>(&self, place: usize) -> Result<T, Refusal> {
        let param = self.params.get(place).cloned().unwrap_or_default();
        serde_json::from_value(param).map_err(|error| refusal(INVALID_PARAMS, format!("parameter {place}: {error}")))
    }

    /// The same where none was sent.
    fn optional<T: DeserializeOwned + Default>(&self, place: usize) -> Result<T, Refusal> {
        match self.params.get(place) {
            None | Some(Value::Null) => Ok(T::default()),
            Some(_) => self.param(place),
        }
    }

    fn address(&self, place: usize) -> Result<Address, Refusal> {
        self.param::<String>(place)?.parse().map_err(|_| refusal(INVALID_PARAMS, "Invalid param: not an address"))
    }
}

/// An error of JSON-RPC.
type Refusal = Value;

fn refusal(code: i64, message: impl Into<String>) -> Refusal {
    json!({"code": code, "message": message.into()})
}

/// Answers a request; time passes with those that ask for it.
pub fn answer(cluster: &mut Cluster, request: &Option<Request>) -> Value {
    let passing = ["getLatestBlockhash", "getEpochInfo", "getBlockHeight", "getSlot", "getSignatureStatuses"];
    if request.as_ref().is_some_and(|request| passing.contains(&request.method.as_str())) {
        cluster.pass_slots(1);
    }
    whole(request, |request| result(cluster, request))
}

/// Answers from a state in which no time passes and no transaction lands.
pub fn answer_frozen(cluster: &mut Cluster, request: &Option<Request>) -> Value {
    whole(request, |request| match request.method.as_str() {
        "sendTransaction" => {
            let transaction = transaction(request)?;
            Ok(json!(transaction.signatures.first().copied().unwrap_or_default().to_string()))
        }
        _ => result(cluster, request),
    })
}

fn whole(request: &Option<Request>, result: impl FnOnce(&Request) -> Result<Value, Refusal>) -> Value {
    let id = request.as_ref().map(|request| request.id.clone());
    match request.as_ref().ok_or_else(|| refusal(INVALID_PARAMS, "not a request")).and_then(result) {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    }
}

/// Takes the last half of a list away.
pub fn halve(answer: &mut Value) {
    let result = &mut answer["result"];
    let list = if result.is_array() { result.as_array_mut() } else { result["value"].as_array_mut() };
    if let Some(list) = list {
        list.truncate(list.len() / 2);
    }
}

fn result(cluster: &mut Cluster, request: &Request) -> Result<Value, Refusal> {
    let slot = cluster.slot();
    match request.method.as_str() {
        "getAccountInfo" => {
            let config = account_config(cluster, request)?;
            let address = request.address(0)?;
            Ok(with_context(slot, cluster.account(&address).map(|account| encode(&address, &account, &config))))
        }
        "getMultipleAccounts" => multiple_accounts(cluster, request),
        "getProgramAccounts" => program_accounts(cluster, request),
        "getBalance" => Ok(with_context(slot, cluster.account(&request.address(0)?).map_or(0, |found| found.lamports))),
        "getMinimumBalanceForRentExemption" => Ok(json!(cluster.rent_lamports(request.param(0)?))),
        "getLatestBlockhash" => {
            let (hash, last_slot) = cluster.new_blockhash();
            Ok(with_context(slot, json!({"blockhash": hash.to_string(), "lastValidBlockHeight": last_slot})))
        }
        "getEpochInfo" => Ok(json!({
            "absoluteSlot": slot, "blockHeight": slot, "epoch": slot / SLOTS_IN_EPOCH,
            "slotIndex": slot % SLOTS_IN_EPOCH, "slotsInEpoch": SLOTS_IN_EPOCH, "transactionCount": slot,
        })),
        "getSlot" | "getBlockHeight" => Ok(json!(slot)),
        "getGenesisHash" => Ok(json!(GENESIS_HASH)),
        "getVersion" => Ok(json!({"solana-core": "4.2.2", "feature-set": 1})),
        "getHealth" => Ok(json!("ok")),
        "getRecentPrioritizationFees" => Ok(json!([{"slot": slot, "prioritizationFee": 0}])),
        "requestAirdrop" => Ok(json!(cluster.airdrop(&request.address(0)?, request.param(1)?).to_string())),
        "simulateTransaction" => {
            let transaction = accepted(cluster, request)?;
            check_context_slot(cluster, request)?;
            Ok(simulate(cluster, transaction))
        }
        "sendTransaction" => {
            let transaction = accepted(cluster, request)?;
            let signature = transaction.signatures.first().copied().unwrap_or_default();
            cluster.send(transaction);
            Ok(json!(signature.to_string()))
        }
        "getSignatureStatuses" => statuses(cluster, request),
        "getTransaction" => landed_transaction(cluster, request),
        "getSignaturesForAddress" => signatures_for_address(cluster, request),
        method => Err(refusal(METHOD_NOT_FOUND, format!("Method not found: {method}"))),
    }
}

fn with_context(slot: u64, value: impl serde::Serialize) -> Value {
    json!({"context": {"slot": slot, "apiVersion": "4.2.2"}, "value": value})
}

fn account_config(cluster: &Cluster, request: &Request) -> Result<RpcAccountInfoConfig, Refusal> {
    check_context_slot(cluster, request)?;
    request.optional(1)
}

/// A client that has seen a later slot is not answered from an earlier one.
fn check_context_slot(cluster: &Cluster, request: &Request) -> Result<(), Refusal> {
    let asked = request.params.iter().find_map(|param| param.get("minContextSlot")?.as_u64());
    if asked.is_none_or(|asked| asked <= cluster.slot()) {
        return Ok(());
    }
    Err(json!({
        "code": MIN_CONTEXT_SLOT_NOT_REACHED, "message": "Minimum context slot has not been reached",
        "data": {"contextSlot": cluster.slot()},
    }))
}

fn encode(address: &Address, account: &Account, config: &RpcAccountInfoConfig) -> Value {
    let encoding = config.encoding.unwrap_or(UiAccountEncoding::Binary);
    json!(encode_ui_account(address, account, encoding, None, config.data_slice))
}

fn multiple_accounts(cluster: &mut Cluster, request: &Request) -> Result<Value, Refusal> {
    let config = account_config(cluster, request)?;
    let addresses: Vec<String> = request.param(0)?;
    if addresses.len() > MAX_ACCOUNTS {
        return Err(refusal(INVALID_PARAMS, format!("Too many inputs provided; max {MAX_ACCOUNTS}")));
    }
    let mut found = Vec::with_capacity(addresses.len());
    for address in addresses {
        let address = address.parse().map_err(|_| refusal(INVALID_PARAMS, "Invalid param: not an address"))?;
        found.push(cluster.account(&address).map(|account| encode(&address, &account, &config)));
    }
    Ok(with_context(cluster.slot(), found))
}

fn program_accounts(cluster: &mut Cluster, request: &Request) -> Result<Value, Refusal> {
    check_context_slot(cluster, request)?;
    let config: RpcProgramAccountsConfig = request.optional(1)?;
    let filters = config.filters.unwrap_or_default();
    let is_meant = |account: &Account| {
        filters.iter().all(|filter| match filter {
            RpcFilterType::DataSize(bytes) => account.data.len() as u64 == *bytes,
            RpcFilterType::Memcmp(compared) => compared.bytes_match(&account.data),
            RpcFilterType::TokenAccountState => false,
        })
    };
    let found = cluster
        .program_accounts(&request.address(0)?)
        .ok_or_else(|| refusal(KEY_EXCLUDED_FROM_SECONDARY_INDEX, "program excluded from account secondary indexes"))?;
    let found = found.iter().filter(|(_, account)| is_meant(account));
    let found = found.map(|(address, account)| {
        json!({"pubkey": address.to_string(), "account": encode(address, account, &config.account_config)})
    });
    let found: Vec<_> = found.collect();
    Ok(if config.with_context == Some(true) { with_context(cluster.slot(), found) } else { json!(found) })
}

fn transaction(request: &Request) -> Result<VersionedTransaction, Refusal> {
    let encoded: String = request.param(0)?;
    let malformed = |error: &dyn std::fmt::Display| {
        refusal(
            INVALID_PARAMS,
            format!("failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}"),
        )
    };
    let bytes = STANDARD.decode(encoded).map_err(|error| malformed(&error))?;
    wincode::deserialize(&bytes).map_err(|error| malformed(&error))
}

/// A transaction of a version that the cluster takes.
fn accepted(cluster: &Cluster, request: &Request) -> Result<VersionedTransaction, Refusal> {
    let transaction = transaction(request)?;
    if cluster.takes(&transaction) {
        return Ok(transaction);
    }
    let reason =
        "failed to deserialize solana_transaction::versioned::VersionedTransaction: invalid value: integer `1`";
    Err(refusal(INVALID_PARAMS, reason))
}

fn simulate(cluster: &mut Cluster, transaction: VersionedTransaction) -> Value {
    let simulated = cluster.simulate(transaction);
    let (before, after): (Vec<_>, Vec<_>) = simulated.balances_lamports.into_iter().unzip();
    let value = json!({
        "err": simulated.error, "logs": simulated.logs, "accounts": null, "unitsConsumed": simulated.compute_units,
        "loadedAccountsDataSize": simulated.loaded_bytes, "returnData": null, "innerInstructions": null,
        "replacementBlockhash": null, "fee": simulated.fee_lamports, "preBalances": before, "postBalances": after,
    });
    with_context(cluster.slot(), value)
}

fn statuses(cluster: &mut Cluster, request: &Request) -> Result<Value, Refusal> {
    let signatures: Vec<String> = request.param(0)?;
    if signatures.len() > MAX_STATUSES {
        return Err(refusal(INVALID_PARAMS, format!("Too many inputs provided; max {MAX_STATUSES}")));
    }
    let status = |landed: &Landed| {
        json!({
            "slot": landed.slot, "confirmations": null, "err": landed.error, "status": outcome(landed),
            "confirmationStatus": "finalized",
        })
    };
    let found = signatures.iter().map(|signature| Some(status(cluster.landed(&signature.parse().ok()?)?)));
    Ok(with_context(cluster.slot(), found.collect::<Vec<_>>()))
}

fn outcome(landed: &Landed) -> Value {
    landed.error.as_ref().map_or(json!({"Ok": null}), |error| json!({"Err": error}))
}

fn signatures_for_address(cluster: &mut Cluster, request: &Request) -> Result<Value, Refusal> {
    let named = cluster.naming(&request.address(0)?);
    let status = |(signature, landed): (&Signature, &Landed)| {
        json!({
            "signature": signature.to_string(), "slot": landed.slot, "err": landed.error, "memo": null, "blockTime": null,
            "confirmationStatus": "finalized",
        })
    };
    Ok(named.into_iter().map(status).collect())
}

fn landed_transaction(cluster: &mut Cluster, request: &Request) -> Result<Value, Refusal> {
    let signature: Signature =
        request.param::<String>(0)?.parse().map_err(|_| refusal(INVALID_PARAMS, "Invalid param: not a signature"))?;
    let Some(landed) = cluster.landed(&signature) else { return Ok(Value::Null) };
    Ok(json!({
        "slot": landed.slot, "blockTime": null, "version": 0, "transaction": ["", "base64"],
        "meta": {
            "err": landed.error, "status": outcome(landed), "fee": landed.fee_lamports, "preBalances": [],
            "postBalances": [], "innerInstructions": [], "logMessages": landed.logs,
        },
    }))
}
