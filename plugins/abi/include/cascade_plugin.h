/*
 * Cascade plugin ABI, version 1.
 *
 * A plugin is a shared library that exports one function:
 *
 *     const cascade_plugin *cascade_plugin_entry(void);
 *
 * (Any exported name that begins with `cascade_plugin_entry` will do; Rust crates append their own
 * name, so that several of them can also be linked into one program.)
 *
 * Everything structured crosses the boundary as JSON text. Texts are UTF-8 with a length, not
 * NUL-terminated, and are borrowed: they are valid until the function they were passed to returns.
 * All functions of both tables may be called from any thread. No function may let an exception or a
 * panic out. A library that was loaded stays mapped until the process ends.
 *
 * Compatibility. `abi_version` changes only when something that is described here changes its
 * meaning or goes away; a host refuses another version. New functions are appended to the tables:
 * look at `size` before you use one that is not in the version 1 that you see here.
 */
#ifndef CASCADE_PLUGIN_H
#define CASCADE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CASCADE_ABI_VERSION 1u

/* A borrowed UTF-8 text. */
typedef struct cascade_text {
    const char *data;
    size_t len;
} cascade_text;

/* One run, read or act that is under way. Opaque. */
typedef struct cascade_call cascade_call;

/*
 * Takes an answer. `ok` is 1 for a result and 0 for an error, for which `json` is a JSON text
 * described beside each function.
 */
typedef void (*cascade_reply)(void *user, int32_t ok, cascade_text json);

/* Levels of a log line. */
enum { CASCADE_DEBUG = 0, CASCADE_INFO = 1, CASCADE_WARN = 2, CASCADE_ERROR = 3 };

/*
 * What the host offers a call. The table lives as long as the process.
 *
 * `call` is valid until the function that received it returns. Who needs it longer (a thread of its
 * own) calls `retain` first and `release` once when done; a call that has ended still answers, with
 * errors where it no longer can do what was asked.
 */
typedef struct cascade_host {
    uint32_t abi_version;
    uint32_t size; /* sizeof(cascade_host), as the host knows it */

    void (*retain)(const cascade_call *call);
    void (*release)(const cascade_call *call);

    /* 1 when the run should stop: cancelled, timed out, shutting down. Return soon after. */
    int32_t (*is_cancelled)(const cascade_call *call);

    /* The time, in milliseconds since 1970-01-01T00:00:00Z. */
    int64_t (*now_ms)(const cascade_call *call);

    /* Keeps a line with the run. `fields` is a JSON object, or empty. Never blocks. */
    void (*log)(const cascade_call *call, int32_t level, cascade_text message, cascade_text fields);

    /* Says how far the run has come, 0..1. Never blocks. */
    void (*progress)(const cascade_call *call, double fraction, cascade_text message);

    /*
     * Asks the host for something. `reply` is called exactly once: before or after `request` returns,
     * on any thread. An error is {"message": text}, and for SQL also {"sql": text}.
     *
     *   op            params                            result
     *   db.query      {"sql", "params": [..]}           {"rows": [{column: value}]}
     *   db.snapshot   {"statements": [{"sql","params"}]} {"results": [[row, ..], ..]}; queries that all
     *                                                   see one moment, such as a page and its count
     *   db.batch      {"statements": [{"sql","params"}]} {"affected": [n, ..]}; all or none
     *   db.begin      {}                                {"transaction": t}
     *   tx.query      {"transaction", "sql", "params"}  {"rows": [..]}
     *   tx.execute    {"transaction", "sql", "params"}  {"affected": n}
     *   tx.commit     {"transaction"}                   {}
     *   tx.rollback   {"transaction"}                   {}
     *   stage         {"sql", "params"}                 {}; runs in the transaction that marks the
     *                                                   run done, and only then
     *   enqueue       {"job", "args", "key", "run_at", "priority"}
     *                                                   {}; makes a run in that transaction; all but
     *                                                   "job" may be left out
     *   http.send     {"method", "url", "headers": [[name, value]], "body" or "body_base64"}
     *                                                   {"status", "headers", "body" or "body_base64"};
     *                                                   body is text; what is not UTF-8 is base64
     *   net.connect   {"host", "port", "tls"}           {"connection": c}; TCP, or TLS from the start
     *   net.read      {"connection"}                    {"body" or "body_base64"}: what has come, at
     *                                                   most 64 KiB; empty at the end
     *   net.write     {"connection", "body" or "body_base64"}  {} when all is sent
     *   net.start_tls {"connection"}                    {}; goes on in TLS
     *   net.close     {"connection"}                    {}
     *   sleep         {"ms"}                            {}
     *   cancelled     {}                                {} when the run should stop
     *   job_params    {"job"}                           its params in jobs.toml, or null
     *   secret        {"variable"}                      {"value"}; a variable of the host's environment
     *                                                   that `[secrets] env` of jobs.toml names
     *
     * Only runs may ask for `stage`, `enqueue`, `net.connect`, `sleep` and `cancelled`, only views for `job_params`.
     *
     * SQL has $1, $2 ... placeholders and serves SQLite and PostgreSQL alike.
     */
    void (*request)(const cascade_call *call, cascade_text op, cascade_text params,
                    cascade_reply reply, void *user);

    /* The same, but waits: `reply` is called on this thread, before `request_wait` returns. */
    void (*request_wait)(const cascade_call *call, cascade_text op, cascade_text params,
                         cascade_reply reply, void *user);
} cascade_host;

/*
 * What a plugin offers. The table must live as long as the process. Each function calls `reply`
 * exactly once, on the thread it was called on, before it returns. A function that blocks holds up
 * nobody: each call has a thread of its own. `read` and `act` may be NULL if there are no views.
 */
typedef struct cascade_plugin {
    uint32_t abi_version; /* CASCADE_ABI_VERSION */
    uint32_t size;        /* sizeof(cascade_plugin) */

    /*
     * {"plugin": {"name", "version"},
     *  "jobs": [{"name", "description", "params_schema": JSON Schema,
     *            "args_schema": JSON Schema, "output_schema": JSON Schema,
     *            "defaults": {"timeout_ms", "max_attempts", "concurrency",
     *                         "backoff": {"initial_ms", "max_ms", "factor"}}}],
     *  "views": [{"key", "description", "row_schema", "filter_schema", "sortable": [column],
     *             "actions": [{"name", "description", "input_schema"}]}],
     *  "migrations": [{"file": "0001_init.sql", "sql"}]}
     * Without `args_schema` a job takes no args; without `output_schema` its output may be anything.
     * `defaults` are settings that hold where jobs.toml says nothing; it and each of its keys may be
     * left out, and so may `views` and `migrations`. An error is a text in JSON.
     */
    void (*describe)(cascade_reply reply, void *user);

    /*
     * Runs a job once. `request` is
     * {"info": {"job_type", "project": {"id","slug","name"}, "run_id", "attempt", "max_attempts",
     *           "payload", "triggered_by", "scheduled_for": RFC 3339 or null (the time that its timer was
     *           due), "base_dir", "allowed_folders": [path], "args": {..},
     *           "upstream": [{"run_id", "job", "output": any JSON or null}]}, "params": {..},
     *  "dialect": "sqlite"|"postgres"}
     * `upstream` are the runs whose success triggered this one, oldest first, with what they gave out.
     * A result is {"summary": text or null, "output": any JSON}; both may be left out. The output is kept
     * with the run and given to the runs that it triggers; it is at most 1 MiB. An error is {"kind": "retry", "message", "after_ms":
     * number or null}, {"kind": "fail", "message"} (no retry), {"kind": "snooze", "after_ms": number}
     * (the run waits and begins again, which costs no attempt) or {"kind": "cancelled"}. A host that does
     * not know "snooze" takes it as a retry.
     * Delivery is at least once: a run may come again with the same run_id.
     */
    void (*run)(cascade_text job, cascade_text request, const cascade_host *host,
                const cascade_call *call, cascade_reply reply, void *user);

    /*
     * Reads one page of a view. `request` is {"query": {"project_id": id or null, "page",
     * "per_page", "sort": {"column","descending"} or null, "filter": {name: text}}, "dialect"}.
     * A result is {"items": [row], "total": n}. An error is {"kind": "bad_request" | "not_found" |
     * "internal", "message"}.
     */
    void (*read)(cascade_text view, cascade_text request, const cascade_host *host,
                 const cascade_call *call, cascade_reply reply, void *user);

    /* Does an action of a view. `request` is {"action", "input", "dialect"}. Else as `read`. */
    void (*act)(cascade_text view, cascade_text request, const cascade_host *host,
                const cascade_call *call, cascade_reply reply, void *user);
} cascade_plugin;

/* The function to export. */
const cascade_plugin *cascade_plugin_entry(void);

#ifdef __cplusplus
}
#endif

#endif /* CASCADE_PLUGIN_H */
