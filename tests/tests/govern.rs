//! What holds of every instruction that somebody with a role gives the network.

use anchor_lang::error::ErrorCode;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use stipend_tests::{address, read_only, swapped, unsigned, Scene};

/// Tries impostors of both accounts, and the right ones without a signature or read-only.
#[track_caller]
pub fn refuses_impostors(scene: &mut Scene, instruction: &Instruction, signer: &Keypair) {
    let shard = scene.open_shard();
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);
    let cases = [
        (foreign, ErrorCode::AccountOwnedByWrongProgram),
        (address("missing"), ErrorCode::AccountOwnedByWrongProgram),
        (shard, ErrorCode::AccountDiscriminatorMismatch),
    ];

    for (impostor, error) in cases {
        scene.stage.refuses(&[swapped(instruction, 1, &impostor)], &[signer], error);
    }
    scene.stage.refuses(&[read_only(instruction, 1)], &[signer], ErrorCode::ConstraintMut);
    scene.stage.refuses(&[unsigned(instruction, 0)], &[], ErrorCode::AccountNotSigner);
}
