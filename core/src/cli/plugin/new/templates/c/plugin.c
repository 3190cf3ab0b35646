/* {{description}} See cascade_plugin.h for what each function owes. */
#include "cascade_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cascade_text text(const char *s) { return (cascade_text){s, strlen(s)}; }

static const char DESCRIPTION[] =
    "{\"plugin\":{\"name\":\"{{name}}\",\"version\":\"0.1.0\"},"
    "\"jobs\":[{\"name\":\"{{name}}\",\"description\":\"{{description}}\","
    "  \"params_schema\":{\"type\":\"object\",\"additionalProperties\":false},"
    "  \"output_schema\":{\"type\":\"object\",\"properties\":{\"message\":{\"type\":\"string\"}}},"
    "  \"defaults\":{\"timeout_ms\":60000}}],"
    "\"views\":[{\"key\":\"{{name}}\",\"description\":\"What {{name}} has kept.\","
    "  \"row_schema\":{\"type\":\"object\",\"properties\":{"
    "    \"at_ms\":{\"type\":\"integer\",\"title\":\"Kept\",\"x-unit\":\"ms since 1970\"},"
    "    \"message\":{\"type\":\"string\",\"title\":\"Message\"}}},"
    "  \"sortable\":[\"at_ms\"]}],"
    "\"migrations\":[{\"file\":\"0001_init.sql\",\"sql\":"
    "  \"CREATE TABLE {{name}}_rows (at_ms bigint NOT NULL, message text NOT NULL)\"}]}";

static void describe(cascade_reply reply, void *user) { reply(user, 1, text(DESCRIPTION)); }

typedef struct answer {
    int32_t ok;
    char json[65536];
} answer;

static void keep_answer(void *user, int32_t ok, cascade_text json) {
    answer *kept = user;
    kept->ok = ok && json.len < sizeof kept->json;
    snprintf(kept->json, sizeof kept->json, "%.*s", (int)json.len, json.data);
}

static void run(cascade_text job, cascade_text request, const cascade_host *host,
                const cascade_call *call, cascade_reply reply, void *user) {
    (void)job, (void)request;
    host->log(call, CASCADE_INFO, text("keeping a message"), text(""));
    /* Commits together with the run: once, however often it is tried. */
    char statement[256];
    snprintf(statement, sizeof statement,
             "{\"sql\":\"INSERT INTO {{name}}_rows (at_ms, message) VALUES ($1, $2)\","
             "\"params\":[%lld,\"hello from C\"]}", (long long)host->now_ms(call));
    answer *staged = malloc(sizeof *staged);
    if (!staged) {
        reply(user, 0, text("{\"kind\":\"retry\",\"message\":\"out of memory\"}"));
        return;
    }
    host->request_wait(call, text("stage"), text(statement), keep_answer, staged);
    host->progress(call, 1.0, text("kept"));
    if (staged->ok)
        /* A job that this one triggers finds the output in `upstream` of its request. */
        reply(user, 1, text("{\"summary\":\"kept a message\",\"output\":{\"message\":\"hello from C\"}}"));
    else
        reply(user, 0, text("{\"kind\":\"retry\",\"message\":\"the row could not be staged\"}"));
    free(staged);
}

static void read_view(cascade_text view, cascade_text request, const cascade_host *host,
                      const cascade_call *call, cascade_reply reply, void *user) {
    (void)view, (void)request;
    answer *rows = malloc(sizeof *rows);
    if (!rows) {
        reply(user, 0, text("{\"kind\":\"internal\",\"message\":\"out of memory\"}"));
        return;
    }
    host->request_wait(call, text("db.query"),
        text("{\"sql\":\"SELECT at_ms, message FROM {{name}}_rows ORDER BY at_ms DESC LIMIT 50\","
             "\"params\":[]}"), keep_answer, rows);
    /* {"rows":[..]} is a page but for the name of its list and the total: count the rows. */
    size_t total = 0;
    for (const char *at = rows->json; (at = strstr(at, "{\"at_ms\"")) != NULL; at++) total++;
    char *list = strchr(rows->json, '[');
    char *page = list ? malloc(strlen(list) + 64) : NULL;
    if (rows->ok && page) {
        sprintf(page, "{\"total\":%zu,\"items\":%s", total, list);
        reply(user, 1, text(page));
    } else {
        reply(user, 0, text("{\"kind\":\"internal\",\"message\":\"the rows could not be read\"}"));
    }
    free(page);
    free(rows);
}

static const cascade_plugin PLUGIN = {
    .abi_version = CASCADE_ABI_VERSION,
    .size = sizeof(cascade_plugin),
    .describe = describe,
    .run = run,
    .read = read_view,
};

const cascade_plugin *cascade_plugin_entry(void) { return &PLUGIN; }
