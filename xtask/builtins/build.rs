//! Compiles the program's C arithmetic for the host, under names that don't collide with those that rustc links itself.

const SOURCE: &str = "../sbf/builtins.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    cc::Build::new()
        .file(SOURCE)
        .define("__multi3", "stipend_multi3")
        .define("__udivti3", "stipend_udivti3")
        .define("__umodti3", "stipend_umodti3")
        .warnings_into_errors(true)
        .compile("stipend_builtins");
}
