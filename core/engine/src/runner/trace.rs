//! A span for each attempt, over OTLP. All runs of a cascade share a trace; a run's parent is the run
//! that triggered it.
//!
//! Ids are not drawn at random but follow from the run's: the worker that ran the upstream
//! need not be the one that runs the downstream, and both must name the same span.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    global::{self, BoxedTracer},
    trace::{Link, Span, SpanContext, SpanKind, Status, TraceContextExt, TraceState, Tracer},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider},
};
use uuid::Uuid;

use cascade_config::environment;
use cascade_model::ClaimedRun;

/// Whether anybody is told: to make a span costs more than a short run.
static EXPORTED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The ids of the span that this thread is about to make.
    static NEXT: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

#[derive(Debug)]
struct IdsOfRuns(RandomIdGenerator);

impl IdGenerator for IdsOfRuns {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get().map_or_else(|| self.0.new_trace_id(), |(trace, _)| trace)
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get().map_or_else(|| self.0.new_span_id(), |(_, span)| span)
    }
}

/// The headers that the collector asks for, such as a key: hidden variables, which the exporter does
/// not see. Written `name=value,name=value`, percent-encoded.
fn headers() -> HashMap<String, String> {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
    let Some(text) = names.into_iter().find_map(environment::var) else { return HashMap::new() };
    let query = text.replace('+', "%2B").replace('#', "%23").replace('&', "%26").replace(',', "&");
    let address = reqwest::Url::parse(&format!("x:?{query}"));
    let pairs = address.iter().flat_map(|address| address.query_pairs());
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// Exports spans from now on to `endpoint`, the root of a collector's HTTP address; how, the
/// `OTEL_EXPORTER_OTLP_*` variables say.
///
/// # Errors
/// When the address or one of the variables is wrong.
pub fn export(endpoint: &str) -> Result<SdkTracerProvider, ExporterBuildError> {
    // The exporter has an HTTP client of its own.
    cascade_store::tls::install();
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint);
    let exporter = exporter.with_headers(headers()).build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_id_generator(IdsOfRuns(RandomIdGenerator::default()))
        .with_resource(Resource::builder().with_service_name("cascade").build())
        .build();
    global::set_tracer_provider(provider.clone());
    EXPORTED.store(true, Ordering::Relaxed);
    Ok(provider)
}

/// Tells of an attempt that has just ended. Does nothing unless [`export`] was called.
pub(super) fn attempt(run: &ClaimedRun, result: &'static str) {
    if !EXPORTED.load(Ordering::Relaxed) {
        return;
    }
    let tracer: BoxedTracer = global::tracer("cascade");
    let trace = TraceId::from_bytes(*run.trace_id.as_bytes());
    let mut triggers: Vec<_> = run.payload.triggers.iter().filter_map(|t| t.run_id).collect();
    let of_run =
        |id| SpanContext::new(trace, span_of(id), TraceFlags::SAMPLED, true, TraceState::NONE);
    let parent = match triggers.pop() {
        Some(upstream) => Context::new().with_remote_span_context(of_run(upstream)),
        None => Context::new(),
    };
    let own = match result {
        // The attempt that counts is the one that a downstream names.
        "completed" => span_of(run.lease.run_id),
        _ => span_of_attempt(run.lease.run_id, run.lease.attempt),
    };
    let builder = tracer
        .span_builder(run.job_type.clone())
        .with_kind(SpanKind::Consumer)
        .with_start_time(SystemTime::from(run.started_at))
        .with_links(triggers.into_iter().map(|id| Link::with_context(of_run(id))).collect())
        .with_attributes([
            KeyValue::new("cascade.run_id", run.lease.run_id.to_string()),
            KeyValue::new("cascade.project", run.project.slug.clone()),
            KeyValue::new("cascade.attempt", i64::from(run.lease.attempt)),
            KeyValue::new("cascade.result", result),
        ]);
    NEXT.set(Some((trace, own)));
    let mut span = builder.start_with_context(&tracer, &parent);
    NEXT.set(None);
    if matches!(result, "failed" | "retried") {
        span.set_status(Status::error(result));
    }
    span.end();
}

/// The random half of a run's id.
fn span_of(run: Uuid) -> SpanId {
    SpanId::from(run.as_u64_pair().1)
}

fn span_of_attempt(run: Uuid, attempt: u32) -> SpanId {
    SpanId::from(run.as_u64_pair().1 ^ u64::from(attempt))
}
