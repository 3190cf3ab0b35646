/*
 * A plugin in C: samples the load of the machine, and shows the samples.
 *
 *     cc -std=c11 -Wall -Wextra -shared -fPIC -I ../abi/include -o libhost_load.so host_load.c
 *
 * Then name the library in jobs.toml: plugin_files = ["libhost_load.so"].
 */
#define _DEFAULT_SOURCE /* getloadavg, gmtime_r */
#include "cascade_plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- texts ---------------------------------------------------------------------------------- */

static cascade_text text(const char *s) { return (cascade_text){s, strlen(s)}; }

/* Formats into memory that the caller frees; NULL when there is none. */
static char *format(const char *how, ...) {
    va_list args, again;
    va_start(args, how);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, how, args);
    char *made = len < 0 ? NULL : malloc((size_t)len + 1);
    if (made) vsnprintf(made, (size_t)len + 1, how, again);
    va_end(again);
    va_end(args);
    return made;
}

/* ---- just enough JSON: find a value by its path, as the text it is written in ----------------- */

static const char *skip_space(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n", *at)) at++;
    return at;
}

static const char *skip_value(const char *at, const char *end) {
    int depth = 0;
    for (; at < end; at++) {
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++)
                if (*at == '\\') at++;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            if (depth == 0) return at; /* the end of what surrounds it */
            depth--;
        } else if (*at == ',' && depth == 0) {
            return at;
        }
    }
    return end;
}

/* The value of `key` in an object, or nothing. */
static cascade_text get(cascade_text object, const char *key) {
    const char *end = object.data + object.len;
    const char *at = skip_space(object.data, end);
    size_t len = strlen(key);
    if (at == end || *at++ != '{') return (cascade_text){NULL, 0};
    while ((at = skip_space(at, end)) < end && *at == '"') {
        const char *name = at + 1, *close = name;
        while (close < end && *close != '"') close += *close == '\\' ? 2 : 1;
        if (close >= end) break;
        at = skip_space(close + 1, end);
        if (at == end || *at++ != ':') break;
        at = skip_space(at, end);
        const char *after = skip_value(at, end);
        if ((size_t)(close - name) == len && memcmp(name, key, len) == 0)
            return (cascade_text){at, (size_t)(after - at)};
        at = after < end && *after == ',' ? after + 1 : after;
    }
    return (cascade_text){NULL, 0};
}

/* The value at `index` of an array, or nothing. */
static cascade_text item(cascade_text array, int index) {
    const char *end = array.data + array.len;
    const char *at = skip_space(array.data, end);
    if (at == end || *at++ != '[') return (cascade_text){NULL, 0};
    for (at = skip_space(at, end); at < end && *at != ']'; at = skip_space(at + 1, end)) {
        const char *after = skip_value(at, end);
        if (index-- == 0) return (cascade_text){at, (size_t)(after - at)};
        at = after;
        if (at == end || *at != ',') break;
    }
    return (cascade_text){NULL, 0};
}

static cascade_text or(cascade_text value, const char *otherwise) {
    return value.data ? value : text(otherwise);
}

/* For printf's "%.*s". */
#define TEXT(t) (int)(t).len, (t).data

/* ---- asking the host ------------------------------------------------------------------------- */

typedef struct answer {
    int32_t ok;
    char *json; /* to be freed */
} answer;

static void keep_answer(void *user, int32_t ok, cascade_text json) {
    answer *kept = user;
    *kept = (answer){ok, format("%.*s", TEXT(json))};
}

static answer ask(const cascade_host *host, const cascade_call *call, const char *op, char *params) {
    answer kept = {0, NULL};
    if (params) host->request_wait(call, text(op), text(params), keep_answer, &kept);
    free(params);
    if (!kept.json) kept = (answer){0, format("{\"message\":\"out of memory\"}")};
    return kept;
}

/* Hands `json` over as the one answer, and frees it. */
static void give(cascade_reply reply, void *user, int32_t ok, char *json) {
    reply(user, json ? ok : 0, text(json ? json : "{\"kind\":\"fail\",\"message\":\"out of memory\"}"));
    free(json);
}

/* A refusal of the host as the plugin's own error. */
static void give_refusal(cascade_reply reply, void *user, const char *kind, answer refused) {
    cascade_text json = text(refused.json ? refused.json : "");
    cascade_text message = or(get(json, "message"), "\"no answer\"");
    give(reply, user, 0, format("{\"kind\":\"%s\",\"message\":%.*s}", kind, TEXT(message)));
    free(refused.json);
}

/* ---- the plugin ------------------------------------------------------------------------------ */

static const char DESCRIPTION[] =
    "{\"plugin\":{\"name\":\"host_load\",\"version\":\"1.0.0\"},"
    "\"jobs\":[{\"name\":\"host_load\","
    "  \"description\":\"Samples the load of the machine.\","
    "  \"params_schema\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "    \"samples\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":60,\"default\":1,"
    "      \"description\":\"How many samples a run takes.\"},"
    "    \"pause_ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10000,\"default\":1000,"
    "      \"description\":\"The pause between two samples, in ms.\"}}},"
    "  \"output_schema\":{\"type\":\"object\",\"required\":[\"load_1m\"],\"properties\":{"
    "    \"load_1m\":{\"type\":\"number\"}}},"
    "  \"defaults\":{\"timeout_ms\":900000}}],"
    "\"views\":[{\"key\":\"host_load\","
    "  \"description\":\"Load of the machine: processes that run or wait to.\","
    "  \"row_schema\":{\"type\":\"object\","
    "    \"x-chart\":{\"kind\":\"area\",\"x\":\"at\",\"y\":[\"load_1m\"]},"
    "    \"properties\":{"
    "      \"at\":{\"type\":\"string\",\"format\":\"date-time\",\"title\":\"Sampled\"},"
    "      \"load_1m\":{\"type\":\"number\",\"title\":\"Load, 1 min\"}}},"
    "  \"filter_schema\":{\"type\":\"object\",\"additionalProperties\":false},"
    "  \"sortable\":[\"at\",\"load_1m\"]}],"
    "\"migrations\":[{\"file\":\"0001_init.sql\",\"sql\":"
    "  \"CREATE TABLE host_load (project_id text NOT NULL, at_ms bigint NOT NULL,"
    " at text NOT NULL, load_1m double precision NOT NULL,"
    " PRIMARY KEY (project_id, at_ms))\"}]}";

static void describe(cascade_reply reply, void *user) { reply(user, 1, text(DESCRIPTION)); }

/* A time as RFC 3339 in UTC, without fractions. */
static void rfc3339(int64_t ms, char *out, size_t size) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void run(cascade_text job, cascade_text request, const cascade_host *host,
                const cascade_call *call, cascade_reply reply, void *user) {
    (void)job; /* there is only one */
    cascade_text params = get(request, "params");
    cascade_text project = get(get(get(request, "info"), "project"), "id");
    long samples = strtol(or(get(params, "samples"), "1").data, NULL, 10);
    cascade_text pause = or(get(params, "pause_ms"), "1000");
    double load = 0;
    for (long done = 0; done < samples; done++) {
        if (done > 0) {
            answer slept = ask(host, call, "sleep", format("{\"ms\":%.*s}", TEXT(pause)));
            free(slept.json);
        }
        if (host->is_cancelled(call)) {
            give(reply, user, 0, format("{\"kind\":\"cancelled\"}"));
            return;
        }
        if (getloadavg(&load, 1) != 1) {
            give(reply, user, 0, format("{\"kind\":\"fail\",\"message\":\"this system tells no load\"}"));
            return;
        }
        int64_t now = host->now_ms(call);
        char at[32];
        rfc3339(now, at, sizeof at);
        /* Staged: kept if and only if the run succeeds. The key makes a repeated sample no second row. */
        answer staged = ask(host, call, "stage",
            format("{\"sql\":\"INSERT INTO host_load (project_id, at_ms, at, load_1m)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT (project_id, at_ms) DO NOTHING\","
                   "\"params\":[%.*s,%lld,\"%s\",%f]}", TEXT(project), (long long)now, at, load));
        if (!staged.ok) {
            give_refusal(reply, user, "retry", staged);
            return;
        }
        free(staged.json);
        host->progress(call, (double)(done + 1) / (double)samples, text("sampling"));
    }
    char *line = format("the load is %.2f", load);
    if (line) host->log(call, CASCADE_INFO, text(line), text(""));
    free(line);
    /* The output is for the jobs that a success triggers. */
    give(reply, user, 1,
         format("{\"summary\":\"load %.2f\",\"output\":{\"load_1m\":%.2f}}", load, load));
}

static void read_view(cascade_text view, cascade_text request, const cascade_host *host,
                      const cascade_call *call, cascade_reply reply, void *user) {
    (void)view;
    cascade_text query = get(request, "query"), sort = get(query, "sort");
    cascade_text project = or(get(query, "project_id"), "null");
    long page = strtol(or(get(query, "page"), "1").data, NULL, 10);
    long per_page = strtol(or(get(query, "per_page"), "50").data, NULL, 10);
    /* Compared before it is tested for NULL: PostgreSQL takes the type of $1 from its first use. */
    /* The host lets only columns through that `sortable` names. */
    int by_load = strncmp(or(get(sort, "column"), "").data, "\"load_1m\"", 9) == 0;
    int ascending = strncmp(or(get(sort, "descending"), "").data, "false", 5) == 0;
    /* Both see one moment: a row that is written meanwhile is in both or in neither. */
    answer found = ask(host, call, "db.snapshot",
        format("{\"statements\":[{\"sql\":\"SELECT at, load_1m FROM host_load"
               " WHERE project_id = $1 OR $1 IS NULL ORDER BY %s %s LIMIT %ld OFFSET %ld\","
               "\"params\":[%.*s]},{\"sql\":\"SELECT count(*) AS n FROM host_load"
               " WHERE project_id = $1 OR $1 IS NULL\",\"params\":[%.*s]}]}",
               by_load ? "load_1m" : "at_ms", ascending ? "ASC" : "DESC",
               per_page, (page - 1) * per_page, TEXT(project), TEXT(project)));
    if (!found.ok) {
        give_refusal(reply, user, "internal", found);
        return;
    }
    cascade_text results = get(text(found.json), "results"); /* [[{"at":..}, ..], [{"n":12}]] */
    cascade_text count = item(item(results, 1), 0);
    give(reply, user, 1, format("{\"items\":%.*s,\"total\":%.*s}", TEXT(or(item(results, 0), "[]")),
                                TEXT(or(get(count, "n"), "0"))));
    free(found.json);
}

static const cascade_plugin PLUGIN = {
    .abi_version = CASCADE_ABI_VERSION,
    .size = sizeof(cascade_plugin),
    .describe = describe,
    .run = run,
    .read = read_view,
    .act = NULL, /* its view has no actions */
};

const cascade_plugin *cascade_plugin_entry(void) { return &PLUGIN; }
