#![no_main]

// The parser of responses panics at some, which costs the one response; the hook of libFuzzer would end
// the process there. What the check itself finds ends it all the same.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |input: &[u8]| cascade_hostile::check("imap", input)
);
