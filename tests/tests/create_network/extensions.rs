//! Token-2022's extensions: which are taken, and which could hold back, take or dilute a reward.

use super::Foundry;
use solana_address::Address;
use stipend::error::StipendError;
use stipend_client::{account, address as place};
use stipend_tests::{
    mint::{self, TOKEN_2022_ID},
    params,
};

/// Type and length of the extensions that describe a token and no more, from Token-2022's own list.
const HARMLESS: [(u16, usize, &str); 5] = [
    (18, 64, "metadata pointer"),
    (20, 64, "group pointer"),
    (21, 80, "token group"),
    (22, 64, "group member pointer"),
    (23, 72, "token group member"),
];

/// Type and length of the others that a mint can have.
const HARMFUL: [(u16, usize, &str); 12] = [
    (1, 108, "transfer fee"),
    (3, 32, "mint close authority"),
    (4, 65, "confidential transfer"),
    (6, 1, "default account state"),
    (9, 0, "non-transferable"),
    (10, 52, "interest-bearing"),
    (12, 32, "permanent delegate"),
    (14, 64, "transfer hook"),
    (16, 129, "confidential transfer fee"),
    (24, 196, "confidential mint and burn"),
    (25, 56, "scaled amount"),
    (26, 33, "pausable"),
];

fn content(kind: u16, len: usize) -> Vec<u8> {
    let mut content = vec![0; len];
    // A default account state of 1 is "initialized"; 0 is no state at all.
    if kind == 6 {
        content[0] = 1;
    }
    content
}

/// A token's metadata: authority, mint, name, symbol and address, and no more fields.
fn metadata(mint: &Address) -> Vec<u8> {
    let mut bytes = vec![7; 32];
    bytes.extend_from_slice(mint.as_ref());
    for text in ["Stipend", "STP", "https://example.org/stp.json"] {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

#[test]
fn create_network_takes_a_mint_of_token_2022_without_extensions() {
    let mut foundry = Foundry::new();
    let mint = foundry.mint(&TOKEN_2022_ID, |_| ());

    let create = foundry.create(&mint, &TOKEN_2022_ID, params());
    foundry.stage.accepts(&[create], &[&foundry.authority]);

    let network = account::network(&foundry.stage.data(&place::network(&mint, 0))).unwrap();
    assert_eq!(network.token_program, TOKEN_2022_ID);
    let taken = foundry.stage.account(&mint).unwrap();
    assert_eq!(mint::authority(&taken), Some(place::mint_authority(&mint)));
}

#[test]
fn create_network_takes_each_extension_that_only_describes() {
    let mut foundry = Foundry::new();
    for (kind, len, name) in HARMLESS {
        let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = vec![(kind, content(kind, len))]);

        let create = foundry.create(&mint, &TOKEN_2022_ID, params());
        let result = foundry.stage.send(&[create], &[&foundry.authority]);

        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[test]
fn create_network_takes_a_mint_with_its_metadata_in_it() {
    let mut foundry = Foundry::new();
    let text = metadata(&Address::default());
    let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = vec![(18, content(18, 64)), (19, text)]);

    let create = foundry.create(&mint, &TOKEN_2022_ID, params());
    foundry.stage.accepts(&[create], &[&foundry.authority]);

    let taken = foundry.stage.account(&mint).unwrap();
    assert_eq!(mint::authority(&taken), Some(place::mint_authority(&mint)));
}

#[test]
fn create_network_refuses_each_other_extension() {
    let mut foundry = Foundry::new();
    for (kind, len, name) in HARMFUL {
        let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = vec![(kind, content(kind, len))]);
        println!("{name}");

        let create = foundry.create(&mint, &TOKEN_2022_ID, params());

        foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintExtensionRefused);
    }
}

#[test]
fn create_network_refuses_a_harmful_extension_behind_a_harmless_one() {
    let mut foundry = Foundry::new();
    let both = vec![(18, content(18, 64)), (12, content(12, 32))];
    let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = both);

    let create = foundry.create(&mint, &TOKEN_2022_ID, params());

    foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintExtensionRefused);
}
