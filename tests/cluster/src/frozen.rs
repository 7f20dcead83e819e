//! What an endpoint answers whose node has stopped following the cluster.

use base64::{engine::general_purpose::STANDARD, Engine};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// Bytes of a signature.
const SIGNATURE: usize = 64;
/// First byte of a transaction of version 1, whose signatures come last; the second is how many.
const VERSION_1: u8 = 0x81;
const MIN_CONTEXT_SLOT_NOT_REACHED: i64 = -32_016;

/// The first answer to each question, and the slot that all of them are of.
#[derive(Default)]
pub struct Frozen {
    slot: Option<u64>,
    answers: BTreeMap<String, Vec<u8>>,
}

impl Frozen {
    /// What is answered without the cluster; none if this is the first question of its kind.
    pub fn answer(&self, body: &[u8]) -> Option<Vec<u8>> {
        let request: Value = serde_json::from_slice(body).ok()?;
        let params = &request["params"];
        let min_context_slot = params.as_array()?.iter().find_map(|param| param.get("minContextSlot")?.as_u64());
        let slot = self.slot.unwrap_or(u64::MAX);
        if min_context_slot.is_some_and(|asked| asked > slot) {
            let message = "Minimum context slot has not been reached";
            let error =
                json!({"code": MIN_CONTEXT_SLOT_NOT_REACHED, "message": message, "data": {"contextSlot": slot}});
            return Some(http(&json!({"jsonrpc": "2.0", "id": request["id"], "error": error})));
        }
        let result = match request["method"].as_str()? {
            "sendTransaction" => json!(signature(params[0].as_str()?)?),
            "getSignatureStatuses" => {
                json!({"context": {"slot": self.slot?}, "value": vec![Value::Null; params[0].as_array()?.len()]})
            }
            _ => return self.answers.get(&question(&request)).cloned(),
        };
        Some(http(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result})))
    }

    /// Keeps the cluster's answer, as one of the slot that the first answer was of, and returns it.
    pub fn keep(&mut self, body: &[u8], answer: &[u8]) -> Vec<u8> {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = String::from_utf8_lossy(answer);
        let parsed = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        let Some(mut parsed) = parsed else { return answer.to_vec() };
        if let Some(slot) = parsed.pointer_mut("/result/context/slot") {
            *slot = json!(*self.slot.get_or_insert(slot.as_u64().unwrap_or_default()));
        }
        self.answers.entry(question(&request)).or_insert_with(|| http(&parsed)).clone()
    }
}

/// Without what differs in every request.
fn question(request: &Value) -> String {
    format!("{} {}", request["method"], request["params"])
}

fn http(answer: &Value) -> Vec<u8> {
    let body = answer.to_string();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
    format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// The first signature of a transaction in base64.
fn signature(transaction: &str) -> Option<String> {
    let bytes = STANDARD.decode(transaction).ok()?;
    let signature = match bytes.get(..2)? {
        [VERSION_1, count] => bytes.get(bytes.len().checked_sub(SIGNATURE * usize::from(*count))?..)?,
        _ => bytes.get(1..)?,
    };
    Some(bs58::encode(signature.get(..SIGNATURE)?).into_string())
}
