//! Where the runtime enters the program: a short way to the instruction that runs most, and [`dispatch`] for all others.
//!
//! `submit_report` takes a hundred nodes at a time, thousands of times an epoch. Its accounts are read where the runtime laid
//! them: to build each of them on the heap would cost more than all that the instruction does.

use crate::{
    check::{code, refuse_anchor},
    dispatch::dispatch,
    instructions::{submit_report, ReportAccounts, ReportArgs, SUBMIT_REPORT_DISCRIMINATOR},
    signature::Witness,
};
use anchor_lang::{prelude::*, solana_program::entrypoint};
use pinocchio::{
    entrypoint::{InstructionContext, MaybeAccount::Account},
    AccountView,
};

entrypoint::custom_heap_default!();
entrypoint::custom_panic_default!();

/// Accounts of `submit_report`; no other instruction has so many and its discriminator.
const REPORT_ACCOUNTS: u64 = 4;

/// # Safety
///
/// The runtime calls this with its serialized input.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // SAFETY: the input is the runtime's.
    let context = unsafe { InstructionContext::new_unchecked(input) };
    let result = match report(context) {
        Some(result) => result,
        None => {
            // SAFETY: the input is the runtime's, and looking for a report has changed nothing in it.
            let (_, accounts, data) = unsafe { entrypoint::deserialize(input) };
            dispatch(&accounts, data)
        }
    };
    match result {
        Ok(()) => entrypoint::SUCCESS,
        Err(error) => code(error),
    }
}

/// Runs `submit_report`, or returns `None` if it is another instruction.
///
/// Errors: Anchor's `InstructionDidNotDeserialize`, `ConstraintDuplicateMutableAccount`, `AccountOwnedByWrongProgram`,
/// `ConstraintMut`, and those of [`submit_report`].
#[inline(always)]
fn report(mut context: InstructionContext) -> Option<Result<()>> {
    if context.remaining() != REPORT_ACCOUNTS {
        return None;
    }
    let accounts = [
        context.next_account().ok()?,
        context.next_account().ok()?,
        context.next_account().ok()?,
        context.next_account().ok()?,
    ];
    let args = context.instruction_data().ok()?.strip_prefix(&SUBMIT_REPORT_DISCRIMINATOR)?;
    let [Account(network), Account(shard), Account(report), Account(witness)] = accounts else {
        return Some(Err(refuse_anchor(ErrorCode::ConstraintDuplicateMutableAccount)));
    };
    Some(run(&network, &shard, report, &witness, args))
}

#[inline(always)]
fn run(
    network: &AccountView,
    shard: &AccountView,
    mut report: AccountView,
    witness: &AccountView,
    args: &[u8],
) -> Result<()> {
    if !(network.owned_by(&crate::ID) && shard.owned_by(&crate::ID) && report.owned_by(&crate::ID)) {
        return Err(refuse_anchor(ErrorCode::AccountOwnedByWrongProgram));
    }
    if !report.is_writable() {
        return Err(refuse_anchor(ErrorCode::ConstraintMut));
    }
    let Some(args) = ReportArgs::parse(args) else {
        return Err(refuse_anchor(ErrorCode::InstructionDidNotDeserialize));
    };
    let report_key = *report.address();
    let (network_data, shard_data, witness_data) = (network.try_borrow()?, shard.try_borrow()?, witness.try_borrow()?);
    let mut report_data = report.try_borrow_mut()?;
    let accounts = ReportAccounts {
        network: (network.address(), &network_data),
        shard: (shard.address(), &shard_data),
        report: (&report_key, &mut report_data),
        witness: Witness { key: witness.address(), is_signer: witness.is_signer(), data: &witness_data },
    };
    submit_report(accounts, &args)
}
