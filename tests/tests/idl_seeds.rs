//! The IDL as somebody reads it who generates a client: each address that its seeds give is the one of the client here, and
//! nothing that the program has is missing.

use crate::coverage::INSTRUCTIONS;
use serde_json::Value;
use solana_address::Address;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use stipend_client::address as place;
use stipend_tests::address;

/// The accounts and their discriminators: the first 8 bytes of SHA-256 of `account:Directory` and so on.
const ACCOUNTS: [(&str, [u8; 8]); 5] = [
    ("Directory", [145, 83, 165, 144, 183, 209, 7, 175]),
    ("Network", [51, 5, 209, 183, 60, 99, 156, 251]),
    ("Report", [232, 246, 229, 227, 242, 105, 190, 2]),
    ("Split", [166, 254, 141, 46, 23, 221, 129, 195]),
    ("Shard", [141, 83, 41, 244, 139, 88, 245, 70]),
];

/// What a seed may name: an account of the instruction, or an argument.
#[derive(Clone, Copy)]
enum Named {
    Account(&'static str, Address),
    Number(&'static str, u32),
    Key(&'static str, Address),
}

impl Named {
    fn path(&self) -> &'static str {
        match self {
            Self::Account(path, _) | Self::Number(path, _) | Self::Key(path, _) => path,
        }
    }
}

fn read() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/idl/stipend.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect(name)
}

fn named<'a>(list: &'a [Value], name: &str) -> &'a Value {
    list.iter().find(|item| item["name"] == name).expect(name)
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::from_value(value.clone()).expect("bytes")
}

/// Names and discriminators of a list of the IDL.
fn discriminators(idl: &Value, name: &str) -> BTreeMap<String, Vec<u8>> {
    let items = list(idl, name);
    let all: BTreeMap<_, _> =
        items.iter().map(|item| (item["name"].as_str().unwrap().to_owned(), bytes(&item["discriminator"]))).collect();
    assert_eq!(all.len(), items.len(), "{name} has a name twice");
    all
}

/// The type of an argument, or of a field of one, by its path.
fn type_of<'a>(idl: &'a Value, instruction: &'a Value, path: &str) -> &'a Value {
    let mut names = path.split('.');
    let mut kind = &named(list(instruction, "args"), names.next().unwrap())["type"];
    for name in names {
        let defined = named(list(idl, "types"), kind["defined"]["name"].as_str().expect(path));
        kind = &named(list(&defined["type"], "fields"), name)["type"];
    }
    kind
}

/// The address that the seeds of an account give.
fn derive(idl: &Value, instruction: &Value, account: &str, values: &[Named]) -> Address {
    let pda = &named(list(instruction, "accounts"), account)["pda"];
    assert!(pda["program"].is_null(), "{account} is of another program");
    let mut unused: BTreeSet<_> = values.iter().map(Named::path).collect();
    let seeds: Vec<Vec<u8>> = list(pda, "seeds")
        .iter()
        .map(|seed| {
            let kind = seed["kind"].as_str().unwrap();
            if kind == "const" {
                return bytes(&seed["value"]);
            }
            let path = seed["path"].as_str().unwrap();
            unused.remove(path);
            let value = values.iter().find(|value| value.path() == path);
            match (kind, value.unwrap_or_else(|| panic!("seed {path} of {account} is unexpected"))) {
                ("account", Named::Account(_, address)) => address.to_bytes().to_vec(),
                ("arg", Named::Key(_, address)) => {
                    assert_eq!(type_of(idl, instruction, path), "pubkey");
                    address.to_bytes().to_vec()
                }
                ("arg", Named::Number(_, number)) => {
                    let len = match type_of(idl, instruction, path).as_str() {
                        Some("u8") => 1,
                        Some("u16") => 2,
                        Some("u32") => 4,
                        other => panic!("{path} is a {other:?}"),
                    };
                    number.to_le_bytes()[..len].to_vec()
                }
                (kind, _) => panic!("seed {path} of {account} is a {kind}"),
            }
        })
        .collect();
    assert_eq!(unused, BTreeSet::new(), "{account} has a seed too few");
    let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    Address::find_program_address(&seeds, &idl["address"].as_str().unwrap().parse().unwrap()).0
}

#[test]
fn the_idls_seeds_give_the_addresses_of_the_client() {
    let idl = read();
    let [mint, network, shard, oracle, device] = ["mint", "network", "shard", "oracle", "device"].map(address);
    let of_mint = Named::Account("mint", mint);
    let of_network = Named::Account("network", network);
    let mut expected = Vec::new();
    for id in [0, 1, 0x0102, u16::MAX] {
        let seeds = vec![of_mint, Named::Number("params.id", id.into())];
        expected.push(("create_network", "network", seeds, place::network(&mint, id)));
    }
    expected.push(("create_network", "mint_authority", vec![of_mint], place::mint_authority(&mint)));
    for index in [0, 1, 0x0102_0304, u32::MAX] {
        let seeds = vec![of_network, Named::Number("index", index)];
        expected.push(("open_shard", "shard", seeds, place::shard(&network, index)));
    }
    let seeds = vec![Named::Account("shard", shard), Named::Key("oracle", oracle)];
    expected.push(("open_report", "report", seeds, place::report(&shard, &oracle)));
    for first_byte in [0, 1, u8::MAX] {
        let seeds = vec![of_network, Named::Number("first_byte", first_byte.into())];
        expected.push(("open_directory", "directory", seeds, place::directory_at(&network, first_byte)));
    }
    let seeds = vec![of_network, Named::Number("first_byte", u32::from(b'd'))];
    expected.push(("open_directory", "directory", seeds, place::directory(&network, &device)));

    let creator = address("creator");
    for id in [0, 0x0102, u16::MAX] {
        let seeds = vec![Named::Account("creator", creator), Named::Number("id", id.into())];
        expected.push(("create_split", "split", seeds, place::split(&creator, id)));
    }

    // Each account that has seeds, and no other.
    let has_seeds = |account: &&Value| !account["pda"].is_null();
    let found: BTreeSet<_> = list(&idl, "instructions")
        .iter()
        .flat_map(|instruction| {
            let accounts = list(instruction, "accounts").iter().filter(has_seeds);
            accounts.map(|account| (instruction["name"].as_str().unwrap(), account["name"].as_str().unwrap()))
        })
        .collect();
    assert_eq!(found, expected.iter().map(|(instruction, account, ..)| (*instruction, *account)).collect());
    for (instruction, account, seeds, address) in expected {
        let instruction = named(list(&idl, "instructions"), instruction);
        assert_eq!(derive(&idl, instruction, account, &seeds), address, "{account}");
    }
}

#[test]
fn the_idls_constants_are_the_seeds() {
    let idl = read();

    let constants: BTreeMap<_, Vec<u8>> = list(&idl, "constants")
        .iter()
        .map(|constant| {
            assert_eq!(constant["type"], "bytes");
            let value = serde_json::from_str(constant["value"].as_str().unwrap()).unwrap();
            (constant["name"].as_str().unwrap(), value)
        })
        .collect();

    let expected = [
        ("DIRECTORY_SEED", "directory"),
        ("MINT_AUTHORITY_SEED", "mint_authority"),
        ("NETWORK_SEED", "network"),
        ("REPORT_SEED", "report"),
        ("SHARD_SEED", "shard"),
        ("SPLIT_SEED", "split"),
    ];
    assert_eq!(constants, expected.map(|(name, seed)| (name, seed.as_bytes().to_vec())).into());
}

#[test]
fn the_idl_has_every_account_with_its_discriminator_and_layout() {
    let idl = read();

    let accounts = discriminators(&idl, "accounts");

    assert_eq!(accounts, ACCOUNTS.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into());
    for (name, _) in ACCOUNTS {
        let kind = named(list(&idl, "types"), name);
        assert_eq!((&kind["serialization"], &kind["repr"]["kind"]), (&"bytemuck".into(), &"c".into()), "{name}");
        assert_eq!(kind["type"]["fields"][0]["name"], "version", "{name}");
    }
}

#[test]
fn the_idl_has_every_instruction_with_its_discriminator() {
    let idl = read();

    let instructions = discriminators(&idl, "instructions");

    let expected = INSTRUCTIONS.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
    assert_eq!(instructions, expected.collect());
    assert_eq!(idl["address"], stipend::ID.to_string());
}

#[test]
fn the_idl_has_every_event_with_its_layout() {
    let idl = read();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/stipend/src/event");
    let mut expected = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        expected.extend(text.split("#[event]\npub struct ").skip(1).map(|rest| {
            let (name, _) = rest.split_once(' ').unwrap();
            name.to_owned()
        }));
    }

    let events = discriminators(&idl, "events");

    assert!(expected.contains("RewardsClaimed"), "{expected:?}");
    assert_eq!(events.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (name, discriminator) in events {
        assert_eq!((discriminator.len(), &named(list(&idl, "types"), &name)["type"]["kind"]), (8, &"struct".into()));
    }
}

#[test]
fn the_idls_errors_are_numbered_in_order_and_read_as_plain_text() {
    let idl = read();

    let errors = list(&idl, "errors");

    assert!(errors.len() > 100);
    for (number, error) in errors.iter().enumerate() {
        assert_eq!(error["code"], 6_000 + number);
        let message = error["msg"].as_str().unwrap_or_else(|| panic!("{error} has no message"));
        // A string that went on in the next line of the source, or what only documentation marks up.
        let is_plain = message.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ');
        assert!(is_plain && !message.contains(['\\', '`']), "{error}");
        assert!(!message.contains("  ") && !message.is_empty() && message.trim() == message, "{error}");
    }
}
