//! Whom to tell of a weakness, in the program's own bytes, where explorers and researchers look for it.

use solana_security_txt::security_txt;

security_txt! {
    name: "Stipend",
    project_url: "SECURITY.md in the source that this program was built from",
    contacts: "other:see SECURITY.md",
    policy: "SECURITY.md in the source that this program was built from",
    preferred_languages: "en",
    auditors: "None"
}

/// What nothing reads the linker would leave out.
#[used]
static KEPT: &str = SECURITY_TXT;
