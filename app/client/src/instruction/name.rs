//! What instructions are called, as people read them before they sign.

use super::COMPUTE_BUDGET;
use crate::address::TOKEN_2022;
use anchor_lang::Discriminator;
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::instruction as data;

const ED25519: Address = Address::from_str_const("Ed25519SigVerify111111111111111111111111111");

/// Name and first bytes of each instruction of the program.
const INSTRUCTIONS: [(&str, &[u8]); 36] = [
    ("create_network", data::CreateNetwork::DISCRIMINATOR),
    ("close_network", data::CloseNetwork::DISCRIMINATOR),
    ("propose_authority", data::ProposeAuthority::DISCRIMINATOR),
    ("accept_authority", data::AcceptAuthority::DISCRIMINATOR),
    ("set_guardian", data::SetGuardian::DISCRIMINATOR),
    ("pause", data::Pause::DISCRIMINATOR),
    ("resume", data::Resume::DISCRIMINATOR),
    ("update_policy", data::UpdatePolicy::DISCRIMINATOR),
    ("add_oracle", data::AddOracle::DISCRIMINATOR),
    ("remove_oracle", data::RemoveOracle::DISCRIMINATOR),
    ("prove_equivocation", data::ProveEquivocation::DISCRIMINATOR),
    ("withdraw_bond", data::WithdrawBond::DISCRIMINATOR),
    ("open_shard", data::OpenShard::DISCRIMINATOR),
    ("shrink_shard", data::ShrinkShard::DISCRIMINATOR),
    ("close_shard", data::CloseShard::DISCRIMINATOR),
    ("open_report", data::OpenReport::DISCRIMINATOR),
    ("close_report", data::CloseReport::DISCRIMINATOR),
    ("open_directory", data::OpenDirectory::DISCRIMINATOR),
    ("close_directory", data::CloseDirectory::DISCRIMINATOR),
    ("register_node", data::RegisterNode::DISCRIMINATOR),
    ("transfer_node", data::TransferNode::DISCRIMINATOR),
    ("set_boost", data::SetBoost::DISCRIMINATOR),
    ("retire_node", data::RetireNode::DISCRIMINATOR),
    ("close_node", data::CloseNode::DISCRIMINATOR),
    ("submit_report", data::SubmitReport::DISCRIMINATOR),
    ("commit_evidence", data::CommitEvidence::DISCRIMINATOR),
    ("score_shard", data::ScoreShard::DISCRIMINATOR),
    ("judge_shard", data::JudgeShard::DISCRIMINATOR),
    ("close_epoch", data::CloseEpoch::DISCRIMINATOR),
    ("settle_shard", data::SettleShard::DISCRIMINATOR),
    ("claim", data::Claim::DISCRIMINATOR),
    ("claim_split", data::ClaimSplit::DISCRIMINATOR),
    ("create_split", data::CreateSplit::DISCRIMINATOR),
    ("update_split", data::UpdateSplit::DISCRIMINATOR),
    ("close_split", data::CloseSplit::DISCRIMINATOR),
    ("void_score", data::VoidScore::DISCRIMINATOR),
];

/// Numbers that begin the system program's instructions, u32 little-endian, in their order.
const SYSTEM: [&str; 13] = [
    "create_account",
    "assign",
    "transfer",
    "create_account_with_seed",
    "advance_nonce_account",
    "withdraw_nonce_account",
    "initialize_nonce_account",
    "authorize_nonce_account",
    "allocate",
    "allocate_with_seed",
    "assign_with_seed",
    "transfer_with_seed",
    "upgrade_nonce_account",
];
/// First bytes of the token programs' instructions, in their order; they are the same in both.
const TOKEN: [&str; 25] = [
    "initialize_mint",
    "initialize_account",
    "initialize_multisig",
    "transfer",
    "approve",
    "revoke",
    "set_authority",
    "mint_to",
    "burn",
    "close_account",
    "freeze_account",
    "thaw_account",
    "transfer_checked",
    "approve_checked",
    "mint_to_checked",
    "burn_checked",
    "initialize_account2",
    "sync_native",
    "initialize_account3",
    "initialize_multisig2",
    "initialize_mint2",
    "get_account_data_size",
    "initialize_immutable_owner",
    "amount_to_ui_amount",
    "ui_amount_to_amount",
];
/// First bytes of the associated token program's instructions, in their order.
const ASSOCIATED_TOKEN: [&str; 3] = ["create_associated_token", "create_associated_token", "recover_nested"];
/// First bytes of the compute budget's instructions, in their order.
const BUDGET: [&str; 5] = [
    "request_units",
    "request_heap_frame",
    "set_compute_unit_limit",
    "set_compute_unit_price",
    "set_loaded_accounts_data_size_limit",
];

/// Name of an instruction in the program that it is of: Stipend, or one that Stipend's transactions use; `other` of any other.
pub fn instruction_name(instruction: &Instruction) -> &'static str {
    let (program, data) = (instruction.program_id, instruction.data.as_slice());
    let first = data.first().copied().map(usize::from);
    if program == stipend::ID {
        let known = INSTRUCTIONS.iter().find(|(_, discriminator)| data.starts_with(discriminator));
        return known.map_or("unknown", |(name, _)| name);
    }
    let (names, number) = if program == solana_system_interface::program::ID {
        let number = data.first_chunk().map(|number| u32::from_le_bytes(*number));
        (&SYSTEM[..], number.and_then(|number| usize::try_from(number).ok()))
    } else if program == spl_associated_token_account_interface::program::ID {
        // What has no number is the oldest.
        (&ASSOCIATED_TOKEN[..], first.or(Some(0)))
    } else if program == spl_token_interface::ID || program == TOKEN_2022 {
        (&TOKEN[..], first)
    } else if program == COMPUTE_BUDGET {
        (&BUDGET[..], first)
    } else if program == ED25519 {
        return "verify_ed25519";
    } else {
        return "other";
    };
    number.and_then(|number| names.get(number)).copied().unwrap_or("unknown")
}

/// What a transaction is for: its last instruction, which those before it serve.
pub fn transaction_name(instructions: &[Instruction]) -> &'static str {
    match instructions.last().map_or("nothing", instruction_name) {
        "initialize_mint" | "initialize_mint2" => "create_mint",
        "create_associated_token" => "open_associated_token",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction;

    const SOMEBODY: Address = Address::new_from_array([9; 32]);

    #[test]
    fn instructions_of_other_programs_are_called_what_those_call_them() {
        let system = solana_system_interface::instruction::create_account(&SOMEBODY, &SOMEBODY, 1, 82, &TOKEN_2022);
        let transfer = solana_system_interface::instruction::transfer(&SOMEBODY, &SOMEBODY, 1);
        let mint =
            spl_token_interface::instruction::initialize_mint2(&spl_token_interface::ID, &SOMEBODY, &SOMEBODY, None, 9)
                .unwrap();
        let newer = Instruction { program_id: TOKEN_2022, ..mint.clone() };
        let open = instruction::open_associated_token(&SOMEBODY, &SOMEBODY, &SOMEBODY, &TOKEN_2022);
        let limit = instruction::compute_unit_limit(1);
        let claim = instruction::settle_shard(&SOMEBODY, &SOMEBODY);

        let names = [&system, &transfer, &mint, &newer, &open, &limit, &claim].map(instruction_name);

        assert_eq!(
            names,
            [
                "create_account",
                "transfer",
                "initialize_mint2",
                "initialize_mint2",
                "create_associated_token",
                "set_compute_unit_limit",
                "settle_shard"
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_told_apart_by_its_program() {
        let named = |program_id, data: &[u8]| {
            instruction_name(&Instruction { program_id, accounts: Vec::new(), data: data.to_vec() })
        };

        assert_eq!(named(SOMEBODY, &[0, 0, 0, 0]), "other");
        assert_eq!(named(stipend::ID, &[]), "unknown");
        assert_eq!(named(solana_system_interface::program::ID, &[2, 0, 0]), "unknown");
        assert_eq!(named(solana_system_interface::program::ID, &[13, 0, 0, 0]), "unknown");
        assert_eq!(named(spl_token_interface::ID, &[]), "unknown");
        assert_eq!(named(spl_associated_token_account_interface::program::ID, &[]), "create_associated_token");
        assert_eq!(named(ED25519, &[]), "verify_ed25519");
    }

    #[test]
    fn a_transaction_is_called_after_its_last_instruction() {
        let open = instruction::open_associated_token(&SOMEBODY, &SOMEBODY, &SOMEBODY, &TOKEN_2022);
        let settle = instruction::settle_shard(&SOMEBODY, &SOMEBODY);

        assert_eq!(transaction_name(&[open.clone(), settle.clone()]), "settle_shard");
        assert_eq!(transaction_name(&[settle, open]), "open_associated_token");
        assert_eq!(transaction_name(&[]), "nothing");
    }
}
