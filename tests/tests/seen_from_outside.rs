//! What somebody sees who has nothing but the chain, the IDL and the program's bytes.

use serde_json::Value;
use solana_address::Address;
use solana_signer::Signer;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use stipend_client::address as place;
use stipend_tests::{address, measured, scene::end, stage, Scene};

/// The IDL, and how it lays out an account: every field behind the one before it, little-endian.
///
/// A last field that is an array of no items goes on to the account's end.
struct Idl(Value);

impl Idl {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/idl/stipend.json");
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    fn named<'a>(&'a self, list: &str, name: &str) -> &'a Value {
        self.0[list].as_array().unwrap().iter().find(|item| item["name"] == name).expect(name)
    }

    /// Every number, array and address of an account, by its path.
    fn decode(&self, name: &str, data: &[u8]) -> BTreeMap<String, String> {
        let tag: Vec<u8> = serde_json::from_value(self.named("accounts", name)["discriminator"].clone()).unwrap();
        let mut rest = data.strip_prefix(&tag[..]).expect("the account's discriminator");
        let mut values = BTreeMap::new();
        self.take_struct(name, "", &mut rest, &mut values);
        assert!(rest.is_empty(), "{name} has {} bytes that the IDL does not explain", rest.len());
        values
    }

    fn take_struct(&self, name: &str, path: &str, rest: &mut &[u8], values: &mut BTreeMap<String, String>) {
        for field in self.named("types", name)["type"]["fields"].as_array().unwrap() {
            let path = format!("{path}{}", field["name"].as_str().unwrap());
            self.take(&field["type"], &path, rest, values);
        }
    }

    fn take(&self, kind: &Value, path: &str, rest: &mut &[u8], values: &mut BTreeMap<String, String>) {
        let mut bytes = |len: usize| {
            let (taken, behind) = rest.split_at(len);
            *rest = behind;
            taken.to_vec()
        };
        match kind.as_str() {
            Some("pubkey") => {
                let key: [u8; 32] = bytes(32).try_into().unwrap();
                values.insert(path.into(), Address::from(key).to_string());
            }
            Some(number) => {
                let len = match number {
                    "u8" => 1,
                    "u16" => 2,
                    "u32" => 4,
                    "u64" | "i64" => 8,
                    other => panic!("{path} is a {other}"),
                };
                let value = bytes(len).iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
                values.insert(path.into(), value.to_string());
            }
            None if kind["array"].is_array() => {
                let len = kind["array"][1].as_u64().unwrap();
                let mut index = 0;
                while index < len || len == 0 && !rest.is_empty() {
                    self.take(&kind["array"][0], &format!("{path}.{index}"), rest, values);
                    index += 1;
                }
            }
            None => self.take_struct(kind["defined"]["name"].as_str().unwrap(), &format!("{path}."), rest, values),
        }
    }
}

/// How many directories the devices of a scene are in.
fn directories(scene: &Scene) -> usize {
    scene.devices.iter().map(|device| device.pubkey().to_bytes()[0]).collect::<BTreeSet<_>>().len()
}

/// Two nodes measured by three oracles in epoch 0, scored and settled.
fn settled() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("first owner"));
    scene.register(&shard, &address("second owner"));
    scene.run_epoch(&shard, 0, &[measured(9_000, 700), (Some(8_000), None)]);
    (scene, shard)
}

#[test]
fn the_idl_decodes_a_shard_with_all_its_slots() {
    let (mut scene, shard) = settled();

    let values = Idl::read().decode("Shard", &scene.stage.data(&shard));

    assert_eq!(values["network"], scene.network.to_string());
    assert_eq!((&*values["scored_epoch"], &*values["next_epoch"]), ("0", "1"));
    assert_eq!(values["slots.0.owner"], address("first owner").to_string());
    assert_eq!(values["slots.1.owner"], address("second owner").to_string());
    assert_eq!((&*values["slots.0.uptime_bps"], &*values["slots.0.bandwidth"]), ("9000", "700"));
    assert_eq!((&*values["slots.1.uptime_bps"], &*values["slots.1.bandwidth"]), ("8000", "4294967295"));
    assert!(!values.contains_key("slots.2.owner"));
}

#[test]
fn the_idl_decodes_a_report_with_all_its_entries() {
    let (mut scene, shard) = settled();
    let oracle = scene.oracle_keys()[2];

    let values = Idl::read().decode("Report", &scene.stage.data(&place::report(&shard, &oracle)));

    assert_eq!(values["oracle"], oracle.to_string());
    assert_eq!((&*values["epoch"], &*values["total"], &*values["received"]), ("0", "2", "2"));
    // 9,000 is 0x2328, little-endian; 700 is 0x02bc.
    assert_eq!((&*values["entries.0.uptime_bps.0"], &*values["entries.0.uptime_bps.1"]), ("40", "35"));
    assert_eq!((&*values["entries.0.bandwidth.0"], &*values["entries.0.bandwidth.1"]), ("188", "2"));
    assert_eq!(values["entries.1.bandwidth.3"], "255");
    // As many as the shard may have slots, which is four here.
    assert!(values.contains_key("entries.3.uptime_bps.1") && !values.contains_key("entries.4.uptime_bps.0"));
}

#[test]
fn the_idl_decodes_networks_and_directories_to_the_last_byte() {
    let (mut scene, _) = settled();
    let idl = Idl::read();

    let network = idl.decode("Network", &scene.stage.data(&scene.network));
    let device = scene.devices[1].pubkey();
    let directory = idl.decode("Directory", &scene.stage.data(&place::directory(&scene.network, &device)));

    assert_eq!((&*network["open_epoch"], &*network["shard_count"]), ("1", "1"));
    assert_eq!(network["genesis"], (end(0) - 100).to_string());
    assert_eq!(network["ring.0.epoch"], "0");
    assert_eq!(network["directory_count"], directories(&scene).to_string());
    let places: Vec<_> = (0..).map_while(|place| directory.get(&format!("entries.{place}.device"))).collect();
    let place = places.iter().position(|key| **key == device.to_string()).expect("the device is in its directory");
    let field = |name: &str| &*directory[&format!("entries.{place}.{name}")];
    assert_eq!((&*directory["first_byte"], field("shard")), (&*device.to_bytes()[0].to_string(), "0"));
    assert_eq!((field("slot"), field("payer")), ("1", &*scene.stage.payer.pubkey().to_string()));
    // The bond, 80 bytes of the directory and 64 of the shard at 6,960 lamports each.
    assert_eq!((field("deposit_lamports"), field("slot_lamports")), ("1009240", "445440"));
}

#[test]
fn the_program_says_whom_to_tell_of_a_weakness() {
    let text = solana_security_txt::find_and_parse(stage::artifact()).unwrap();

    assert_eq!(text.name, "Stipend");
    assert!(text.policy.contains("SECURITY.md"));
    assert_eq!(text.auditors, ["None"]);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../SECURITY.md");
    assert!(fs::read_to_string(page).unwrap().contains("# Security"));
}
