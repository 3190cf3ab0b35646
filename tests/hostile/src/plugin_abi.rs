use std::{fmt::Debug, path::Path};

use cascade_registry::{library, program::Line};
use cascade_sdk::{
    HttpRequest, HttpResponse, JobError, Outcome, Page,
    wire::{
        ActRequest, Affected, AffectedEach, Batch, Description, HttpRequestText, HttpResponseText,
        InTransaction, JobRef, Pause, ReadRequest, Refusal, Rows, RowsEach, RunRequest,
        TransactionRef, ViewFault, text,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_util::codec::{Decoder, LinesCodec};

/// What is understood is told again in the same words, whichever end says it.
fn stays<T: Serialize + DeserializeOwned + Debug>(json: &str) {
    let Ok(read) = serde_json::from_str::<T>(json) else { return };
    let told = text(&read);
    let again: T = serde_json::from_str(&told).unwrap_or_else(|e| panic!("{e}: {told}"));
    assert_eq!(text(&again), told);
}

/// Every text of the C ABI, in both directions, and a program's output.
pub fn check(input: &[u8]) {
    let json = String::from_utf8_lossy(input);
    // What a plugin says of itself and answers.
    stays::<Description>(&json);
    library::describe(Path::new("plugin.so"), &json).ok();
    stays::<Outcome>(&json);
    stays::<JobError>(&json);
    stays::<Page<Value>>(&json);
    stays::<ViewFault>(&json);
    // What it asks of the host.
    stays::<Batch>(&json);
    stays::<InTransaction>(&json);
    stays::<TransactionRef>(&json);
    stays::<Pause>(&json);
    stays::<JobRef>(&json);
    stays::<HttpRequestText>(&json);
    // What the host asks of it, and answers.
    stays::<RunRequest>(&json);
    stays::<ReadRequest>(&json);
    stays::<ActRequest>(&json);
    stays::<Rows>(&json);
    stays::<RowsEach>(&json);
    stays::<Affected>(&json);
    stays::<AffectedEach>(&json);
    stays::<HttpResponseText>(&json);
    let refusal = Refusal::parse(&json);
    assert_eq!(Refusal::parse(&text(&refusal)).message, refusal.message);
    if let Ok(request) = serde_json::from_str::<HttpRequestText>(&json)
        && let Ok(request) = HttpRequest::try_from(request)
    {
        let told = text(&HttpRequestText::from(request.clone()));
        let read = serde_json::from_str::<HttpRequestText>(&told).expect("told by ourselves");
        assert_eq!(HttpRequest::try_from(read).expect("told by ourselves"), request);
    }
    if let Ok(response) = serde_json::from_str::<HttpResponseText>(&json)
        && let Ok(response) = HttpResponse::try_from(response)
    {
        text(&HttpResponseText::from(response));
    }
    // A program's lines.
    let mut lines = LinesCodec::new_with_max_length(1024);
    let mut bytes = input.into();
    while let Ok(Some(line)) = lines.decode_eof(&mut bytes) {
        line.parse::<Line>().ok();
    }
}
