#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| buildbrake_fuzz::inputs(text));
