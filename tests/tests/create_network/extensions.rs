//! Token-2022's extensions, one test each: which are taken, and which could hold back, take or dilute a reward. The reasons
//! are in `docs/token-2022.md`, which is compared with the list here.

use super::Foundry;
use solana_address::Address;
use std::{collections::BTreeMap, fs};
use stipend::error::StipendError;
use stipend_client::{account, address as place};
use stipend_tests::{
    mint::{self, TOKEN_2022_ID},
    params,
};

/// What becomes of a mint with an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Refused,
}
use Verdict::{Allowed, Refused};

/// A test for each extension of Token-2022, and the list of them: number, length of its content, verdict.
macro_rules! extensions {
    ($($name:ident: $number:literal, $len:literal, $verdict:ident;)*) => {
        const EXTENSIONS: &[(u16, Verdict)] = &[$(($number, $verdict)),*];

        $(#[test]
        fn $name() {
            tries($number, $len, $verdict);
        })*
    };
}

// Numbers and lengths from Token-2022's own list.
extensions! {
    create_network_refuses_a_transfer_fee: 1, 108, Refused;
    create_network_refuses_an_accounts_transfer_fee_amount: 2, 8, Refused;
    create_network_refuses_a_mint_close_authority: 3, 32, Refused;
    create_network_refuses_confidential_transfers: 4, 65, Refused;
    create_network_refuses_an_accounts_confidential_transfers: 5, 295, Refused;
    create_network_refuses_a_default_account_state: 6, 1, Refused;
    create_network_refuses_an_accounts_immutable_owner: 7, 0, Refused;
    create_network_refuses_an_accounts_memo_on_transfer: 8, 1, Refused;
    create_network_refuses_a_token_that_does_not_move: 9, 0, Refused;
    create_network_refuses_interest: 10, 52, Refused;
    create_network_refuses_an_accounts_cpi_guard: 11, 1, Refused;
    create_network_refuses_a_permanent_delegate: 12, 32, Refused;
    create_network_refuses_an_account_that_does_not_move: 13, 0, Refused;
    create_network_refuses_a_transfer_hook: 14, 64, Refused;
    create_network_refuses_an_accounts_transfer_hook: 15, 1, Refused;
    create_network_refuses_a_confidential_transfer_fee: 16, 129, Refused;
    create_network_refuses_an_accounts_confidential_transfer_fee: 17, 64, Refused;
    create_network_takes_a_metadata_pointer: 18, 64, Allowed;
    create_network_takes_metadata_in_the_mint: 19, 0, Allowed;
    create_network_takes_a_group_pointer: 20, 64, Allowed;
    create_network_takes_a_token_group: 21, 80, Allowed;
    create_network_takes_a_group_member_pointer: 22, 64, Allowed;
    create_network_takes_a_token_group_member: 23, 72, Allowed;
    create_network_refuses_confidential_minting: 24, 196, Refused;
    create_network_refuses_a_scaled_amount: 25, 56, Refused;
    create_network_refuses_a_pausable_mint: 26, 33, Refused;
    create_network_refuses_an_accounts_pausable_mark: 27, 0, Refused;
    create_network_refuses_a_permissioned_burn_which_its_crate_does_not_know: 28, 32, Refused;
}

fn tries(number: u16, len: usize, verdict: Verdict) {
    let mut foundry = Foundry::new();
    let extension = (number, content(number, len));
    let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = vec![extension]);
    let create = foundry.create(&mint, &TOKEN_2022_ID, params());

    if verdict == Refused {
        foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintExtensionRefused);
        return;
    }
    foundry.stage.accepts(&[create], &[&foundry.authority]);
    let taken = foundry.stage.account(&mint).unwrap();
    assert_eq!(mint::authority(&taken), Some(place::mint_authority(&mint)));
}

fn content(number: u16, len: usize) -> Vec<u8> {
    let mut content = vec![0; len];
    match number {
        // A default account state of 1 is "initialized"; 0 is no state at all.
        6 => content[0] = 1,
        19 => content = metadata(),
        _ => (),
    }
    content
}

/// A token's metadata: authority, mint, name, symbol and address, and no more fields.
fn metadata() -> Vec<u8> {
    let mut bytes = vec![7; 32];
    bytes.extend_from_slice(Address::default().as_ref());
    for text in ["Stipend", "STP", "https://example.org/stp.json"] {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

#[test]
fn create_network_has_a_verdict_on_every_extension() {
    let numbers: Vec<u16> = EXTENSIONS.iter().map(|(number, _)| *number).collect();

    assert_eq!(numbers, (1..=28).collect::<Vec<_>>());
}

#[test]
fn create_network_does_with_each_extension_what_the_table_says() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/token-2022.md");
    let text = fs::read_to_string(table).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let verdict = match *cells.get(3)? {
            "allowed" => Allowed,
            "refused" => Refused,
            _ => return None,
        };
        assert!(!cells[4].is_empty(), "{line} has no reason");
        Some((cells[1].parse().ok()?, verdict))
    });

    assert_eq!(rows.collect::<BTreeMap<u16, _>>(), EXTENSIONS.iter().copied().collect());
}

#[test]
fn create_network_refuses_an_extension_that_nobody_knows() {
    let mut foundry = Foundry::new();
    for number in [29, 255, 256, 0x7fff, 0xffff] {
        let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = vec![(number, vec![0; 8])]);
        let create = foundry.create(&mint, &TOKEN_2022_ID, params());
        println!("{number}");

        foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintExtensionRefused);
    }
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
fn create_network_takes_all_allowed_extensions_together() {
    let mut foundry = Foundry::new();
    let all = [(18, 64), (19, 0), (20, 64), (21, 80), (22, 64), (23, 72)];
    let mint = foundry.mint(&TOKEN_2022_ID, |mint| {
        mint.extensions = all.into_iter().map(|(number, len)| (number, content(number, len))).collect();
    });

    let create = foundry.create(&mint, &TOKEN_2022_ID, params());
    foundry.stage.accepts(&[create], &[&foundry.authority]);

    let taken = foundry.stage.account(&mint).unwrap();
    assert_eq!(mint::authority(&taken), Some(place::mint_authority(&mint)));
}

#[test]
fn create_network_refuses_a_harmful_extension_behind_or_before_a_harmless_one() {
    let mut foundry = Foundry::new();
    let (pointer, delegate) = ((18, content(18, 64)), (12, content(12, 32)));
    for both in [vec![pointer.clone(), delegate.clone()], vec![delegate, pointer]] {
        let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = both);

        let create = foundry.create(&mint, &TOKEN_2022_ID, params());

        foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintExtensionRefused);
    }
}

#[test]
fn create_network_refuses_an_extension_that_is_cut_short() {
    let mut foundry = Foundry::new();
    let mint = foundry.mint(&TOKEN_2022_ID, |mint| mint.extensions = vec![(18, content(18, 64))]);
    foundry.stage.forge(&mint, |data| data.truncate(data.len() - 1));

    let create = foundry.create(&mint, &TOKEN_2022_ID, params());

    foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintExtensionRefused);
}
