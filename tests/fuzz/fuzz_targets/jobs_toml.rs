#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cascade_hostile::check("jobs_toml", input));
